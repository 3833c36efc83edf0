"""What one call of ``wandb.log`` wrote, as points: one rule for the rows of a file and of a server.

A file has nested names flat (``d.n``), a server has objects; both come to the same names here, so
that a run reads the same from either. A picture, a table or a histogram is an object with
``_type``: its size and its bins are no metrics.
"""

from __future__ import annotations

from collections.abc import Mapping

from leadline.core.extract.lines import number_of
from leadline.core.tracker.reading import Reading, summary_numbers
from leadline.core.typed import Any

KIND_CHARS = 40


def add_row(reading: Reading, row: Mapping[str, Any]) -> None:
    """The points of a row, at its step and time. What W&B adds by itself (``_runtime``) is left
    out; media are counted among what is no number."""
    step, at = row.get("_step"), row.get("_timestamp")
    flat = _flat(row)
    media = _media(flat)
    for name, value in flat.items():
        if not name.startswith("_") and not _inside(name, media):
            reading.add(name, step, value, at)
    for name in media:
        reading.odd[name] = reading.odd.get(name, 0) + 1
        reading.kinds[name] = str(flat[f"{name}._type"])[:KIND_CHARS]


def summary_of(summary: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of a summary, without those of media."""
    media = _media(_flat(summary))
    return {
        name: value for name, value in summary_numbers(summary).items() if not _inside(name, media)
    }


def note_words(reading: Reading, summary: Mapping[str, Any]) -> None:
    """Say which last values that a job set are no numbers. What it logged is told of by its rows; a
    file or a table that W&B itself put there (``_type``) by its kind."""
    flat = _flat(summary)
    media = _media(flat)
    said = {name: str(flat[f"{name}._type"])[:KIND_CHARS] for name in media}
    for name, value in flat.items():
        if value is not None and not _inside(name, media) and number_of(value) is None:
            kinds = ((str, "text"), (list, "list"), (object, "object"))
            said[name] = next(word for kind, word in kinds if isinstance(value, kind))
    for name, kind in sorted(said.items()):
        if not name.startswith("_") and name not in reading.odd:
            what = f"{name}: its last value is no number ({kind})"
            reading.problems.append({"code": "not-a-number", "what": what})


def _flat(row: Mapping[str, Any]) -> dict[str, object]:
    out: dict[str, object] = {}
    for name, value in row.items():
        if isinstance(value, Mapping) and value:
            out.update({f"{name}.{inner}": found for inner, found in _flat(value).items()})
        else:
            out[name] = value
    return out


def _media(flat: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of which a ``_type`` is told, each with a final dot left out."""
    return tuple(name[: -len("._type")] for name in flat if name.endswith("._type"))


def _inside(name: str, media: tuple[str, ...]) -> bool:
    return any(name.startswith(f"{one}.") for one in media)

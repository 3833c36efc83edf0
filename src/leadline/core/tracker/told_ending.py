"""How a run ended, as a row of a table tells it: ``crash``, ``OOM``, ``timeout after 600 s``.

>>> told_ending({"ms": "0.0", "status": "crash"}, ["ms"])
('failed', 'status', 'crash')
>>> told_ending({"ms": "5.1", "status": "keep"}, ["ms"]) is None
True
>>> told_ending({"ms": "OOM"}, ["ms"])
('failed', 'ms', 'OOM')
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from leadline.core.patterns import later
from leadline.core.plain import beginning
from leadline.core.typed import Any

# columns that tell an ending where their cells have such words
NAMES = frozenset(("status", "state", "result", "outcome", "verdict", "decision", "keep", "action"))
_TIMEOUT = later(r"(?i)\W*(?:timeout|timed?[ _-]?out)\b")
_FAILED = later(
    r"(?i)\W*(?:crash(?:ed)?|o\.?o\.?m|out[ _-]of[ _-]memory|dnf|did not finish|fail(?:ed|ure)?|"
    r"error(?:ed)?|killed|seg(?:mentation )?fault|sigsegv|abort(?:ed)?|diverged|"
    r"\w+[_ -](?:failed|failure)|tainted|lost)\b"
)
_NOT_YET = later(
    r"(?i)\W*(?:pending|running|in[ _-]progress|queued|scheduled|planned|pre-?registered|todo|tbd)\b"
)
# these say that a result was thrown away, which is a result nevertheless where there is a number
_DISCARDED = later(r"(?i)\W*(?:discard(?:ed)?|reject(?:ed)?|skip(?:ped)?|invalid)\b")


def told_ending(
    cells: Mapping[str, Any], metrics: Iterable[str], measured: bool = False, state: str = ""
) -> tuple[str, str, str] | None:
    """(state, column, what stands there) of a row that says that its run did not end well; None for
    any other. ``measured``: it has a number other than 0. ``state``: the column that tells it;
    without, those of ``NAMES``."""
    telling = [state] if state else [name for name in cells if name.strip().lower() in NAMES]
    telling += metrics
    for column in dict.fromkeys(telling):
        said = cells.get(column)
        if not isinstance(said, str) or not said.strip():
            continue
        if _TIMEOUT.match(said):
            return "timeout", column, said.strip()
        if _FAILED.match(said) or (not measured and _DISCARDED.match(said)):
            return "failed", column, said.strip()
    return None


def not_run_yet(cells: Mapping[str, Any], state: str) -> str:
    """What a row of a run says that is still to come, or not over; "" for any other."""
    said = cells.get(state) if state else None
    if isinstance(said, str) and _NOT_YET.match(said):
        return f"{state} says {beginning(said.strip())!r}: it has not ended"
    return ""

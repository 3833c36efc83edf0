"""How a metric of a run was read, in words: part of what its number is. Two numbers of one name that
were read by different patterns are two metrics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from leadline.core.canonical import canonical_json
from leadline.core.errors import LeadlineError
from leadline.core.extract.spec import ExtractionSpec, parse_spec
from leadline.core.typed import Any

AS_REPORTED = "as the command reports it"
PRINTED = "what it prints"
_PATIENCE = 512
_known: dict[str, ExtractionSpec | None] = {}


def how_read(extract: Sequence[Any], metric: str) -> str:
    """``pattern 'val loss ([0-9.]+)' in stdout``; the declared sources in their order, where several
    may give it; ``AS_REPORTED`` where none does. Checks on the rows say nothing of the number."""
    told = [words for spec in _specs(extract) if (words := _words(spec, metric))]
    return "; ".join(told) or AS_REPORTED


def reduced_by(extract: Sequence[Any], metric: str) -> str:
    """How several values of the metric become one, where its source says so; "" leaves it to the metric."""
    specs = (s for s in _specs(extract) if s.reduce and _gives(s, metric))
    return next((spec.reduce for spec in specs), "")


def _gives(spec: ExtractionSpec, metric: str) -> bool:
    if spec.source == "pattern":
        return spec.name == metric
    return not spec.mapping or metric in spec.mapping


def declared_metrics(extract: Sequence[Any], had: Iterable[str]) -> list[str]:
    """The metrics that are declared to be somewhere: those named, and of what a run ``had`` all,
    where a declared file gives what it holds under its own names."""
    specs = _specs(extract)
    named = [name for spec in specs for name in ([spec.name] if spec.name else spec.mapping)]
    if any(spec.path and not spec.name and not spec.mapping for spec in specs):
        named += had
    return list(dict.fromkeys(named))


def _specs(extract: Iterable[Any]) -> list[ExtractionSpec]:
    return [spec for text in extract if (spec := _parsed(text)) is not None]


def _parsed(text: Any) -> ExtractionSpec | None:
    """A declaration that cannot be read (a newer Leadline wrote it) says nothing."""
    key = text if isinstance(text, str) else canonical_json(text)
    if key not in _known:
        if len(_known) > _PATIENCE:
            _known.clear()
        try:
            _known[key] = parse_spec(text)
        except LeadlineError:
            _known[key] = None
    return _known[key]


def _words(spec: ExtractionSpec, metric: str) -> str:
    """ "" for what does not give the metric."""
    if not _gives(spec, metric):
        return ""
    if spec.source == "pattern":
        said = f"pattern {spec.pattern!r} in {spec.path or 'stdout'}"
    else:
        column = spec.mapping.get(metric, metric)
        elsewhere = {"metrics": "what it logs", "reader": PRINTED}
        where = spec.in_file or elsewhere.get(spec.source, spec.source)
        said = f"{column!r} of {where}" + (f" by {spec.reader}" if spec.reader else "")
        usual = not (spec.mapping or spec.path or spec.reduce)
        if usual and spec.nan == "keep":
            return ""
    kept = {"reduce": spec.reduce, "items": "+".join(spec.items), "step": spec.step}
    if spec.nan == "drop":
        kept["nan"] = spec.nan
    if spec.dedupe != "error":
        kept["dedupe"] = f"{spec.dedupe} of {'+'.join(spec.unique)}"
    return ", ".join([said, *(f"{name}={value}" for name, value in kept.items() if value)])

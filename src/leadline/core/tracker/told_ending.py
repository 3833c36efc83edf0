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
from leadline.core.typed import Any

# columns that tell an ending where their cells have such words
NAMES = frozenset(("status", "state", "result", "outcome", "verdict", "decision", "keep", "action"))
_TIMEOUT = later(r"(?i)\W*(?:timeout|timed?[ _-]?out)\b")
_FAILED = later(
    r"(?i)\W*(?:crash(?:ed)?|o\.?o\.?m|out[ _-]of[ _-]memory|dnf|did not finish|fail(?:ed|ure)?|"
    r"error(?:ed)?|killed|seg(?:mentation )?fault|sigsegv|abort(?:ed)?|diverged)\b"
)
# these say that a result was thrown away, which is a result nevertheless where there is a number
_DISCARDED = later(r"(?i)\W*(?:discard(?:ed)?|reject(?:ed)?|skip(?:ped)?|invalid)\b")


def told_ending(
    cells: Mapping[str, Any], metrics: Iterable[str], measured: bool = False
) -> tuple[str, str, str] | None:
    """(state, column, what stands there) of a row that says that its run did not end well; None for
    any other. ``measured``: it has a number other than 0."""
    telling = [*(name for name in cells if name.strip().lower() in NAMES), *metrics]
    for column in dict.fromkeys(telling):
        said = cells.get(column)
        if not isinstance(said, str) or not said.strip():
            continue
        if _TIMEOUT.match(said):
            return "timeout", column, said.strip()
        if _FAILED.match(said) or (not measured and _DISCARDED.match(said)):
            return "failed", column, said.strip()
    return None

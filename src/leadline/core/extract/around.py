"""The words around a number that a pattern took from a line: what kind of number it is.

One loose pattern meets "train loss 0.51" in what one program prints and "val loss 0.93" in what another
does. So the words are kept beside the number, and two sides without any in common were read
differently. Numbers and words of the moment say nothing; nor do those of the run's own command and
config, which are compared themselves.
"""

from __future__ import annotations

from collections.abc import Iterable

from leadline.core.metric.units import dimension
from leadline.core.patterns import later
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.core.record.run import Run

VALUE = "#"
MOST_WORDS = 8
_WORD = later(r"[^\W_]+")
_BEHIND = later(r"\s?([^\s\d,;()\[\]]{1,10})|\s*[(\[]([^()\[\]]{1,40})[)\]]")
_OF_A_MOMENT = later(
    "am|pm|utc|gmt|t|z|mon|tue|wed|thu|fri|sat|sun"
    "|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|debug|info|warn|warning|error"
)


def around(line: str, start: int, end: int) -> str:
    """``epoch train loss #``: the last words before the value that stands at ``start`` to ``end``, and
    the unit or what stands in brackets behind it."""
    behind = _BEHIND.match(line, end)
    unit, brackets = behind.groups() if behind else ("", "")
    said = [unit] if unit and dimension(unit) else _words(brackets or "")
    return " ".join([*_words(line[:start])[-MOST_WORDS:], VALUE, *said])


def _words(text: str) -> list[str]:
    found = (word.lower() for word in _WORD.findall(text))
    return [word for word in found if word.isalpha() and not _OF_A_MOMENT.fullmatch(word)]


def apart(sides: tuple[Iterable[Run], Iterable[Run]], metric: str) -> tuple[str, str] | None:
    """The words around ``metric`` on both sides, where these have none in common; None where they
    have, or a run does not tell."""
    told: list[set[str]] = []
    for side in sides:
        lines = [_without_own_words(run, metric) for run in side if metric in run.metrics]
        if not lines or None in lines:
            return None
        told.append({line for line in lines if line is not None})
    a, b = told
    return None if a & b else (_shown(a), _shown(b))


def _without_own_words(run: Run, metric: str) -> str | None:
    line = run.extraction.get("around", {}).get(metric)
    if line is None:
        return None
    given = (*run.argv, *run.config.values(), run.hardware.get("host", ""))
    own = {word for value in given for word in _words(str(value))}
    return " ".join(word for word in line.split() if word not in own)


def _shown(lines: set[str]) -> str:
    return " or ".join(sorted(lines)[:2])

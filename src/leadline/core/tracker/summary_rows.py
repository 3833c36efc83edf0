"""Rows below others that only sum them up: a total, a mean.

The word alone tells nothing (``mean`` is a pooling, too), so the numbers are asked as well.

>>> above = Above()
>>> for ms in (1.0, 2.0, 4.5):
...     above.add({"task": "a", "ms": ms}, {"ms": ms})
>>> above.summed_up({"task": "Mean", "ms": "2.5"}, {"ms": 2.5})
'its values are the mean of the 3 rows above, which its first cell says'
>>> above.summed_up({"task": "Mean", "ms": "2.6"}, {"ms": 2.6})
''
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from leadline.core.typed import Any


class _Seen:
    """Of the values of a metric so far; kept as they come, since any row may ask."""

    __slots__ = ("largest", "least", "rows", "total")

    def __init__(self) -> None:
        self.rows, self.total, self.least, self.largest = 0, 0.0, math.inf, -math.inf

    def add(self, value: float) -> None:
        self.rows += 1
        self.total += value
        if value < self.least:
            self.least = value
        if value > self.largest:
            self.largest = value


_OF_WORDS: dict[str, Callable[[_Seen], float]] = {
    **dict.fromkeys(("total", "totals", "sum"), lambda seen: seen.total),
    **dict.fromkeys(
        ("mean", "average", "avg", "avg.", "overall"), lambda seen: seen.total / seen.rows
    ),
    "min": lambda seen: seen.least,
    "max": lambda seen: seen.largest,
}
ROUNDED = 0.005  # the part of a value by which a rounded summary may be off
_OF_ALL = frozenset(("total", "totals", "sum"))  # rounding adds up in these


def _word(cells: Mapping[str, Any]) -> str:
    first = next(iter(cells.values()), None)
    return first.strip(" *:").lower() if isinstance(first, str) else ""


def _last_place(value: float) -> float:
    """One of the last place that is written of a value: mean values of runs often differ by less
    than ``ROUNDED``."""
    return 10.0 ** -len(repr(value).removesuffix(".0").partition(".")[2])


class Above:
    """The values of the rows that came before, by metric."""

    def __init__(self) -> None:
        self.seen: dict[str, _Seen] = {}
        self.words: set[str] = set()  # of rows that are runs: a pooling, a reduction

    def add(self, cells: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
        if (word := _word(cells)) in _OF_WORDS:
            self.words.add(word)
        for name, value in metrics.items():
            if name not in self.seen:
                self.seen[name] = _Seen()
            self.seen[name].add(value)

    def summed_up(self, cells: Mapping[str, Any], metrics: Mapping[str, float]) -> str:
        """Why a row is no run of its own, "" where it is one."""
        word = _word(cells)
        function = _OF_WORDS.get(word)
        if function is None or word in self.words or not metrics:
            return ""
        for name, value in metrics.items():
            above = self.seen.get(name)
            if above is None or above.rows < 2:
                return ""
            off = abs(value) * ROUNDED
            if word not in _OF_ALL:
                off = min(off, _last_place(value))
            if not abs(function(above) - value) <= off:
                return ""
        rows = max(self.seen[name].rows for name in metrics)
        return f"its values are the {word} of the {rows} rows above, which its first cell says"

"""Rows below others that only sum them up: a total, a mean.

The word alone tells nothing (``mean`` is a pooling, too), so the numbers are asked as well.

>>> above = Above()
>>> for ms in (1.0, 2.0, 4.5):
...     above.add({"ms": ms})
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


class Above:
    """The values of the rows that came before, by metric."""

    def __init__(self) -> None:
        self.seen: dict[str, _Seen] = {}

    def add(self, metrics: Mapping[str, float]) -> None:
        for name, value in metrics.items():
            if name not in self.seen:
                self.seen[name] = _Seen()
            self.seen[name].add(value)

    def summed_up(self, cells: Mapping[str, Any], metrics: Mapping[str, float]) -> str:
        """Why a row is no run of its own, "" where it is one."""
        word = next((cell for cell in cells.values() if isinstance(cell, str)), "").strip(" *:")
        function = _OF_WORDS.get(word.lower())
        if function is None or not metrics:
            return ""
        for name, value in metrics.items():
            above = self.seen.get(name)
            if above is None or above.rows < 2:
                return ""
            if not math.isclose(function(above), value, rel_tol=ROUNDED):
                return ""
        rows = max(self.seen[name].rows for name in metrics)
        return (
            f"its values are the {word.lower()} of the {rows} rows above, which its first cell says"
        )

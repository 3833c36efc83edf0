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
from array import array
from collections.abc import Callable, Mapping

from leadline.core.typed import Any


def _mean(values: array[float]) -> float:
    return math.fsum(values) / len(values)


_FUNCTIONS: dict[str, Callable[[array[float]], float]] = {
    **dict.fromkeys(("total", "totals", "sum"), math.fsum),
    **dict.fromkeys(("mean", "average", "avg", "avg.", "overall"), _mean),
    "min": min,
    "max": max,
}
ROUNDED = 0.005  # the part of a value by which a rounded summary may be off


class Above:
    """The values of the rows that came before, by metric."""

    def __init__(self) -> None:
        self.values: dict[str, array[float]] = {}

    def add(self, metrics: Mapping[str, float]) -> None:
        for name, value in metrics.items():
            self.values.setdefault(name, array("d")).append(value)

    def summed_up(self, cells: Mapping[str, Any], metrics: Mapping[str, float]) -> str:
        """Why a row is no run of its own, "" where it is one."""
        word = next((cell for cell in cells.values() if isinstance(cell, str)), "").strip(" *:")
        function = _FUNCTIONS.get(word.lower())
        if function is None or not metrics:
            return ""
        for name, value in metrics.items():
            above = self.values.get(name, array("d"))
            if len(above) < 2 or not math.isclose(function(above), value, rel_tol=ROUNDED):
                return ""
        return (
            f"its values are the {word.lower()} of the {len(above)} rows above, "
            "which its first cell says"
        )

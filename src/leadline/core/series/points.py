"""Points of one metric over steps, three arrays of doubles: 24 bytes a point."""

from __future__ import annotations

import math
from array import array


class Points:
    """The points of one metric, as written: ``steps`` (NaN for none), ``values``, ``times`` (epoch
    seconds, NaN)."""

    __slots__ = ("steps", "times", "values")

    def __init__(self) -> None:
        self.steps, self.values, self.times = array("d"), array("d"), array("d")

    def __len__(self) -> int:
        return len(self.values)

    def add(self, step: float | None, value: float, time_s: float | None = None) -> None:
        self.steps.append(math.nan if step is None else step)
        self.values.append(value)
        self.times.append(math.nan if time_s is None else time_s)

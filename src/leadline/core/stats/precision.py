"""When two numbers are one: what arithmetic in another order, or the digits of a print, leaves between
them is no spread and no difference.

Sums of a million terms of 64 bits agree to about 1e-12 of their size, and nothing that is measured
repeats to a billionth. Whole numbers are what they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

PRECISION = 1e-9  # of the larger number
_WHOLE = 2.0**53  # from here on a float holds no fraction


def alike(x: float, y: float) -> bool:
    """Whether ``x`` and ``y``, both finite, are the same number but for arithmetic."""
    if x == y:
        return True
    largest = max(abs(x), abs(y))
    if largest < _WHOLE and x % 1.0 == 0.0 == y % 1.0:
        return False
    return abs(x - y) <= PRECISION * largest


def distance(x: float, y: float) -> float:
    """``x - y``, and 0 where they are alike."""
    return 0.0 if alike(x, y) else x - y


def numbered(values: Sequence[float]) -> list[int]:
    """For each value the number of the result that it is, from 0 for the smallest."""
    order = sorted(range(len(values)), key=values.__getitem__)
    numbers = [0] * len(values)
    for before, at in pairwise(order):
        numbers[at] = numbers[before] + (not alike(values[before], values[at]))
    return numbers

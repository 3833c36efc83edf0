"""In which order two sides run when they are measured in turns, and what one block of them says.

A block holds each side twice, ``abba`` or ``baab``: a steady drift cancels within it. Which of the
two is decided by a coin whose seed is recorded; that coin is what makes the test of
``core/stats/sequential.py`` exact.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence

ORDERS: dict[str, tuple[str, str]] = {"abba": ("abba", "baab"), "ab": ("ab", "ba")}


def schedule(seed: int, order: str = "abba") -> Iterator[str]:
    """The blocks, without end: strings of ``a`` and ``b``. Raises KeyError for an unknown
    ``order``."""
    coin = random.Random(f"interleave {seed}")
    choices = ORDERS[order]
    while True:
        yield choices[coin.random() < 0.5]


def block_value(values: Mapping[str, Sequence[float]], as_ratio: bool) -> float | None:
    """log(mean of b / mean of a), or mean of b - mean of a; None when a side has no value or a
    ratio makes no sense."""
    a, b = values.get("a") or (), values.get("b") or ()
    if not a or not b or not all(math.isfinite(v) for v in (*a, *b)):
        return None
    left, right = math.fsum(a) / len(a), math.fsum(b) / len(b)
    if not as_ratio:
        return right - left
    return math.log(right / left) if min(*a, *b) > 0.0 else None

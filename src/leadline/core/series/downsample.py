"""Fewer points of a series, for a view: which to keep. Extremes survive, because a spike is what is
looked for.

Positions go in and come out, so that a caller keeps steps, values and times together. What is no
finite number is never kept by either method: a gap is drawn by the caller, who has the whole
series.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

PRESELECTED = 4  # extremes taken for each point that LTTB is to keep


def minmax(values: Sequence[float], buckets: int) -> list[int]:
    """Positions, ascending: of each of ``buckets`` equal stretches the least and the greatest
    finite value, and the first and last finite value of all. At most ``2 * buckets + 2``. The least
    and greatest of the whole series are among them, so a plot of ``buckets`` columns shows what a
    plot of every point would (Jugel et al., M4, 2014, whose first and last of each column are left
    out here).

    Raises ValueError when ``buckets`` is less than 1.
    """
    if buckets < 1:
        raise ValueError("there must be a bucket")
    count = len(values)
    if count <= 2 * buckets:
        return [at for at, value in enumerate(values) if value - value == 0]
    kept: set[int] = set()
    for bucket in range(buckets):
        start, end = bucket * count // buckets, (bucket + 1) * count // buckets
        part = values[start:end]
        if _all_finite(part):
            kept.add(start + _index(part, min(part)))
            kept.add(start + _index(part, max(part)))
            continue
        finite = [(value, at) for at, value in enumerate(part, start) if value - value == 0]
        if finite:
            least, greatest = min(finite), max(finite, key=lambda pair: (pair[0], -pair[1]))
            kept.update((least[1], greatest[1]))
    if kept:
        kept.add(next(at for at, value in enumerate(values) if value - value == 0))
        kept.add(next(at for at in range(count - 1, -1, -1) if values[at] - values[at] == 0))
    return sorted(kept)


def lttb(xs: Sequence[float], values: Sequence[float], count: int) -> list[int]:
    """Positions, ascending: ``count`` points whose line looks most like the whole (largest triangle
    three buckets, Steinarsson, Downsampling Time Series for Visual Representation, 2013). First and
    last finite point stay; an extreme usually does, and ``minmax`` is the one that promises it.

    ``xs`` are taken to ascend; a NaN among them stands for its position. Of more than eight points
    for each to keep, the extremes of small stretches are looked at alone (MinMaxLTTB, Van Der
    Donckt et al., 2023), which is as good to the eye and ten times faster.

    Raises ValueError when ``count`` is less than 3, or the sequences differ in length.
    """
    if count < 3:
        raise ValueError("a line needs three points")
    if len(xs) != len(values):
        raise ValueError("every value needs its place")
    if len(values) > 2 * PRESELECTED * count:
        places = minmax(values, PRESELECTED * count // 2)
    else:
        places = [at for at, value in enumerate(values) if value - value == 0]
    if len(places) <= count:
        return places
    x = [xs[at] if xs[at] == xs[at] else float(at) for at in places]
    y = [values[at] for at in places]
    kept, last = [0], 0
    every = (len(places) - 2) / (count - 2)
    for bucket in range(count - 2):
        start, end = int(bucket * every) + 1, int((bucket + 1) * every) + 1
        stop = min(int((bucket + 2) * every) + 1, len(places))
        mean_x, mean_y = (
            math.fsum(x[end:stop]) / (stop - end),
            math.fsum(y[end:stop]) / (stop - end),
        )
        from_x, from_y = x[last], y[last]
        best, area = start, -1.0
        for at in range(start, end):
            twice = abs((from_x - mean_x) * (y[at] - from_y) - (from_x - x[at]) * (mean_y - from_y))
            if twice > area:
                best, area = at, twice
        kept.append(best)
        last = best
    return [places[at] for at in [*kept, len(places) - 1]]


def _all_finite(part: Sequence[float]) -> bool:
    """One pass in C for the usual case; a sum that overflowed is looked at again."""
    return math.isfinite(sum(part)) or all(value - value == 0 for value in part)


def _index(part: Sequence[float], value: float) -> int:
    return part.index(value) if isinstance(part, (array, list, tuple)) else list(part).index(value)

"""Fewer points of a series that still show what it does: each function gives the indices to keep, ascending.

``minmax`` keeps the lowest and the highest point of every bucket, so no spike is lost. ``lttb`` keeps the points that
span the largest triangles with their neighbours (Largest-Triangle-Three-Buckets: Sveinn Steinarsson, "Downsampling
Time Series for Visual Representation", University of Iceland, 2013): the shape looks right with fewer points, an
extreme may be missed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def minmax(steps: Sequence[float], values: Sequence[float], buckets: int) -> list[int]:
    """At most two points a bucket of equally many points, and the first and the last one. NaN is kept only where a
    bucket has nothing else. ``steps`` is not looked at: buckets go by place."""
    count = len(values)
    if count <= 2 * buckets or buckets < 1:
        return list(range(count))
    kept = {0, count - 1}
    for bucket in range(buckets):
        start, end = bucket * count // buckets, (bucket + 1) * count // buckets
        part = values[start:end]
        known = part if math.isfinite(sum(part)) else [value for value in part if value == value]
        if not known:
            kept.add(start)
            continue
        low, high = min(known), max(known)
        kept.add(start + _index(part, low))
        kept.add(start + _index(part, high))
    return sorted(kept)


def _index(part: Sequence[float], value: float) -> int:
    return next(place for place, one in enumerate(part) if one == value)


def lttb(steps: Sequence[float], values: Sequence[float], count: int) -> list[int]:
    """``count`` points (at least 3), the first and the last among them. Points that are no number are left out, unless
    all are; an absent step counts as the place."""
    at = [place if step != step else step for place, step in enumerate(steps)]
    known = [place for place, value in enumerate(values) if value - value == 0]
    if len(known) <= count or count < 3:
        return known if known else list(range(min(count, len(values))))
    kept = [known[0]]
    width = (len(known) - 2) / (count - 2)
    for bucket in range(count - 2):
        start, end = 1 + int(bucket * width), 1 + int((bucket + 1) * width)
        following = known[end : max(end + 1, min(len(known), 1 + int((bucket + 2) * width)))]
        mean_x = sum(at[place] for place in following) / len(following)
        mean_y = sum(values[place] for place in following) / len(following)
        x, y = at[kept[-1]], values[kept[-1]]
        best, largest = known[start], -1.0
        for place in known[start:end]:
            area = abs((x - mean_x) * (values[place] - y) - (x - at[place]) * (mean_y - y))
            if area > largest:
                best, largest = place, area
        kept.append(best)
    kept.append(known[-1])
    return kept

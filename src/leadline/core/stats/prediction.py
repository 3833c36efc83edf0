"""Whether a later repeat still looks like the earlier ones: the baseline that nobody changed, and
that moved.

Each repeat is held against the prediction interval of all before it. The level is shared out over
the repeats looked at (Bonferroni), so that a baseline repeated often is not called moved by chance
alone. The price: one repeat must lie further out than the 95 % that a reader has in mind. Normal
values are assumed, which few repeats cannot check.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from leadline.core.stats.inference import Interval, Sample, summarise, t_interval
from leadline.core.values import dataclass

FEWEST_BEFORE = 3


@dataclass(slots=True)
class Stray:
    """The value at ``index`` lies outside ``interval``, which the ``before`` values before it
    predict."""

    index: int
    value: float
    before: int
    interval: Interval


def prediction_interval(sample: Sample, confidence: float = 0.95) -> Interval:
    """Where one further value lies with ``confidence``: mean +- t(n - 1) * sd * sqrt(1 + 1/n), in
    the sample's unit.

    Source: Hahn & Meeker 1991, Statistical Intervals, section 4.7.
    """
    method = "Student t prediction"
    if sample.mean is None or sample.sd is None:
        return Interval(None, None, confidence, method, "fewer than two values show no spread")
    if sample.sd == 0.0:
        return Interval(sample.mean, sample.mean, confidence, "exact", "every value is identical")
    error = sample.sd * math.sqrt(1.0 + 1.0 / sample.n)
    return t_interval(sample.mean, error, sample.n - 1, confidence, method)


def strays(values: Sequence[float], alpha: float = 0.05) -> list[Stray]:
    """The ``values`` (oldest first) outside the prediction interval of those before them, from the
    fourth on.

    ``alpha``: the chance that values of one distribution show any. Values that are not finite are
    passed over.
    """
    looked_at = max(1, sum(map(math.isfinite, values)) - FEWEST_BEFORE)
    found: list[Stray] = []
    before: list[float] = []
    for index, value in enumerate(values):
        if not math.isfinite(value):
            continue
        if len(before) >= FEWEST_BEFORE:
            interval = prediction_interval(summarise(before), 1.0 - alpha / looked_at)
            if (
                interval.low is not None
                and interval.high is not None
                and not interval.low <= value <= interval.high
            ):
                found.append(Stray(index, value, len(before), interval))
        before.append(value)
    return found

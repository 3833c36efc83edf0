"""The difference of two sides that ran one after the other, with a drift of the machine allowed
for.

When all runs of one side come first, whatever moved the machine meanwhile moved the difference too.
The order of execution stands in the fit beside the side, so a steady drift costs width and not
truth. The price: sides wholly apart get an interval about twice as wide, and a drift that is no
straight line is allowed for in part only. Runs taken in turns need none of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from leadline.core.stats.inference import (
    RATIO_METHOD,
    Interval,
    TestResult,
    from_t,
    summarise,
    unavailable,
)

ORDER_METHOD = "drift-adjusted t"


def order_adjusted(
    a: Sequence[tuple[float, float]], b: Sequence[tuple[float, float]], confidence: float = 0.95
) -> TestResult:
    """b - a by least squares on value ~ side + position, one slope for both sides; df = n_a + n_b -
    3.

    ``a``, ``b``: (position or time, value) of each run; pairs that are not finite are left out. The
    ratio is that of the plain means and has no interval. Source: analysis of covariance, Cochran
    1957, Biometrics 13, 261-281.
    """
    first, second = (
        [(float(p), float(v)) for p, v in side if math.isfinite(p) and math.isfinite(v)]
        for side in (a, b)
    )
    left, right = summarise(v for _, v in first), summarise(v for _, v in second)
    plain = None if left.mean is None or right.mean is None else right.mean - left.mean
    if min(len(first), len(second)) < 2 or len(first) + len(second) < 4 or plain is None:
        return unavailable(
            ORDER_METHOD, plain, confidence, "a drift needs two runs a side and four in all"
        )
    scale = max(abs(v) for _, v in first + second) or 1.0
    span = max(p for p, _ in first + second) - min(p for p, _ in first + second)
    if not span > 0.0 or not math.isfinite(span) or not math.isfinite(plain):
        return unavailable(
            ORDER_METHOD, plain, confidence, "all runs have the same position, or one out of range"
        )
    origin = first[0][0]
    sides = [[((p - origin) / span, v / scale) for p, v in side] for side in (first, second)]
    centres = [(_mean([p for p, _ in side]), _mean([v for _, v in side])) for side in sides]
    within = [(p - c[0], v - c[1]) for side, c in zip(sides, centres, strict=True) for p, v in side]
    along = math.fsum(p * p for p, _ in within)
    if not along > 0.0:
        return unavailable(ORDER_METHOD, plain, confidence, "no side has runs at two positions")
    slope = math.fsum(p * v for p, v in within) / along
    apart = centres[1][0] - centres[0][0]
    difference = centres[1][1] - centres[0][1] - slope * apart
    df = len(first) + len(second) - 3
    left_over = math.fsum((v - slope * p) ** 2 for p, v in within)
    error = math.sqrt(
        left_over / df * (1.0 / len(first) + 1.0 / len(second) + apart * apart / along)
    )
    if error <= 1e-14 * max(1.0, abs(difference)):
        return unavailable(
            ORDER_METHOD,
            plain,
            confidence,
            "the values lie exactly on a drift: there is no spread to judge by",
        )
    result = from_t(ORDER_METHOD, difference * scale, error * scale, df, confidence)
    if result.difference is None or not math.isfinite(error * scale):
        return unavailable(
            ORDER_METHOD,
            plain,
            confidence,
            "the values are too large for the difference to be a number",
        )
    why = "the drift is allowed for in the difference, not in the ratio"
    if (
        left.minimum is not None
        and right.minimum is not None
        and left.minimum > 0.0
        and right.minimum > 0.0
    ):
        ratio = (right.mean or 0.0) / (left.mean or 1.0)
        result.ratio = ratio if math.isfinite(ratio) and ratio > 0.0 else None
    else:
        why = "no ratio: some values are zero or negative"
    result.ratio_interval = Interval(None, None, confidence, RATIO_METHOD, why)
    result.reasons.append(f"drift of {slope * scale:.4g} from the first run to the last, taken out")
    return result


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)

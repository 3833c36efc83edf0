"""Summaries of repeated measurements, and the tests and intervals that comparisons and labels rest
on.

Every function answers with a value: where a figure cannot be had (one run, no spread, a ratio to
zero) it is None and ``reasons`` says why in words, so that no caller meets an exception or a silent
NaN. All of it assumes independent runs; the t methods assume roughly normal means, which three to
five runs cannot check. They are the base that resampling methods will stand beside, not a claim
that everything is normal.

Differences are always ``b - a`` and ratios ``b / a``: ``a`` is the reference.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from operator import sub

from leadline.core.stats.distributions import t_tail, t_upper_quantile
from leadline.core.stats.precision import alike, distance
from leadline.core.typed import TypedDict
from leadline.core.values import dataclass, field

DIFFERENCE_METHOD = "Welch t"
RATIO_METHOD = "Fieller"


@dataclass(slots=True)
class Sample:
    """A summary of the finite values. ``sd`` has n - 1 below the line; ``mad`` is the median
    absolute deviation, unscaled. All but ``n`` and ``nonfinite`` are None without values; ``sd`` is
    None below two."""

    n: int
    mean: float | None = None
    sd: float | None = None
    median: float | None = None
    mad: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    nonfinite: int = 0

    @property
    def is_constant(self) -> bool:
        """Two or more values, all alike (``core/stats/precision.py``)."""
        if self.n < 2 or self.minimum is None or self.maximum is None:
            return False
        return alike(self.minimum, self.maximum)

    @property
    def standard_error(self) -> float | None:
        return None if self.sd is None else self.sd / math.sqrt(self.n)

    def as_dict(self) -> dict[str, object]:
        return {
            "n": self.n,
            "mean": self.mean,
            "sd": self.sd,
            "median": self.median,
            "mad": self.mad,
            "min": self.minimum,
            "max": self.maximum,
            "nonfinite": self.nonfinite,
        }


class IntervalTold(TypedDict):
    low: float | None
    high: float | None
    confidence: float
    method: str
    reason: str


class TestTold(TypedDict):
    name: str
    difference: float | None
    interval: IntervalTold
    ratio: float | None
    ratio_interval: IntervalTold | None
    t: float | None
    df: float | None
    p: float | None
    alternative: str
    p_two: float | None
    p_less: float | None
    p_greater: float | None
    reasons: list[str]


@dataclass(slots=True)
class Interval:
    """Both ends, or None and the reason. ``confidence`` is the two-sided level, e.g. 0.95."""

    low: float | None
    high: float | None
    confidence: float
    method: str
    reason: str = ""

    @property
    def known(self) -> bool:
        return self.low is not None and self.high is not None

    def as_dict(self) -> IntervalTold:
        return {
            "low": self.low,
            "high": self.high,
            "confidence": self.confidence,
            "method": self.method,
            "reason": self.reason,
        }


@dataclass(slots=True)
class TestResult:
    """A test of a difference. ``p_less`` is for "b is below a" (or below the target), ``p_greater``
    for "above"."""

    __test__ = False  # the name is the statistician's, not pytest's

    name: str
    difference: float | None
    interval: Interval
    ratio: float | None = None
    ratio_interval: Interval | None = None
    t: float | None = None
    df: float | None = None
    p_two: float | None = None
    p_less: float | None = None
    p_greater: float | None = None
    alternative: str = "two-sided"
    reasons: list[str] = field(default_factory=list)

    @property
    def p(self) -> float | None:
        """The p value for ``alternative``: two-sided, less or greater."""
        return {"less": self.p_less, "greater": self.p_greater}.get(self.alternative, self.p_two)

    def as_dict(self) -> TestTold:
        return {
            "name": self.name,
            "difference": self.difference,
            "interval": self.interval.as_dict(),
            "ratio": self.ratio,
            "ratio_interval": self.ratio_interval.as_dict() if self.ratio_interval else None,
            "t": self.t,
            "df": self.df,
            "p": self.p,
            "alternative": self.alternative,
            "p_two": self.p_two,
            "p_less": self.p_less,
            "p_greater": self.p_greater,
            "reasons": list(self.reasons),
        }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def middle(ordered: Sequence[float]) -> float:
    """The median of sorted values."""
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    low, high = ordered[half - 1], ordered[half]
    return 0.5 * low + 0.5 * high


def _mean(values: Sequence[float]) -> float:
    """The mean, exact to rounding at any magnitude: summed after scaling by a power of two, which
    loses nothing."""
    low, high = min(values), max(values)
    if low == high:
        return low
    exponent = math.frexp(max(abs(low), abs(high)))[1]
    mean = math.ldexp(math.fsum(math.ldexp(v, -exponent) for v in values) / len(values), exponent)
    return min(max(mean, low), high)


def _sd(values: Sequence[float], mean: float) -> float | None:
    """Corrected two-pass algorithm (Chan, Golub & LeVeque 1983) on deviations scaled to at most 1."""
    if min(values) == max(values):
        return 0.0
    # halves, so that the widest pair of floats does not overflow
    half = [0.5 * v - 0.5 * mean for v in values]
    widest = max(abs(d) for d in half)
    if widest == 0.0:
        return 0.0
    scaled = [d / widest for d in half]
    squares = math.fsum(d * d for d in scaled) - math.fsum(scaled) ** 2 / len(values)
    return _finite(2.0 * (widest * math.sqrt(max(0.0, squares) / (len(values) - 1))))


def summarise(values: Iterable[float]) -> Sample:
    """The ``Sample`` of ``values``; NaN and infinities are left out and counted in ``nonfinite``."""
    given = [float(v) for v in values]
    kept = sorted(v for v in given if math.isfinite(v))
    if not kept:
        return Sample(0, nonfinite=len(given))
    mean, median = _mean(kept), middle(kept)
    sd = _sd(kept, mean) if len(kept) > 1 else None
    mad = _finite(middle(sorted(abs(v - median) for v in kept)))
    return Sample(len(kept), mean, sd, median, mad, kept[0], kept[-1], len(given) - len(kept))


def scaled(sample: Sample, factor: float) -> Sample:
    """The summary of every value times ``factor``."""

    def times(value: float | None) -> float | None:
        return None if value is None else _finite(value * factor)

    def size(value: float | None) -> float | None:
        return None if value is None else _finite(value * abs(factor))

    ends = (times(sample.minimum), times(sample.maximum))
    low, high = ends if factor >= 0 else (ends[1], ends[0])
    return Sample(
        sample.n,
        times(sample.mean),
        size(sample.sd),
        times(sample.median),
        size(sample.mad),
        low,
        high,
        sample.nonfinite,
    )


def t_interval(centre: float, error: float, df: float, confidence: float, method: str) -> Interval:
    """``centre`` and as far from it as ``df`` degrees of freedom want, in its unit; none where that
    is no number."""
    reach = t_upper_quantile(0.5 * (1.0 - confidence), df) * error if error else 0.0
    low, high = _finite(centre - reach), _finite(centre + reach)
    if low is None or high is None:
        return Interval(
            None,
            None,
            confidence,
            method,
            "the values are too large for the interval to be a number",
        )
    return Interval(low, high, confidence, method)


def mean_interval(sample: Sample, confidence: float = 0.95) -> Interval:
    """Student t interval of the mean (n - 1 degrees of freedom)."""
    if sample.mean is None:
        return Interval(None, None, confidence, "Student t", "no values")
    if sample.sd is None or sample.standard_error is None:
        why = (
            "one value shows no spread"
            if sample.n == 1
            else "the spread is too large to be a number"
        )
        return Interval(None, None, confidence, "Student t", why)
    if sample.sd == 0.0:
        return Interval(sample.mean, sample.mean, confidence, "exact", "every value is identical")
    return t_interval(sample.mean, sample.standard_error, sample.n - 1, confidence, "Student t")


def _ratio(a: Sample, b: Sample) -> tuple[float | None, str]:
    """mean(b) / mean(a), or None and why. A ratio needs a scale with a true zero: every value above
    it."""
    if a.mean is None or b.mean is None or a.minimum is None or b.minimum is None:
        return None, "no ratio: one side has no values"
    if a.minimum <= 0.0 or b.minimum <= 0.0:
        return None, "no ratio: some values are zero or negative"
    value = b.mean / a.mean
    if not math.isfinite(value) or value == 0.0:
        return None, "no ratio: the means are too far apart for it to be a number"
    return value, ""


def fieller(
    ratio: float,
    variation_a: float,
    variation_b: float,
    covariance: float,
    df: float,
    confidence: float = 0.95,
) -> Interval:
    """Fieller's interval of mean(b) / mean(a).

    ``variation_a`` and ``variation_b`` are the standard errors divided by mean(a), ``covariance``
    that of the two means divided by mean(a) squared. Chosen over the delta method and over
    logarithms because it answers for the ratio of the means that is printed, holds for wide
    spreads, and contains 1 exactly when the interval of the difference (same ``df``) contains 0, so
    the two never contradict each other. When mean(a) itself cannot be told from zero the set of
    ratios is unbounded, and it is said. Source: Fieller 1954, J. R. Statist. Soc. B 16, 175-185.
    """
    quantile = t_upper_quantile(0.5 * (1.0 - confidence), df)
    u, v, c = quantile * variation_a, quantile * variation_b, quantile * quantile * covariance
    leading = 1.0 - u * u
    if not leading > 0.0:
        why = "the reference mean cannot be told from zero, so the ratio has no bounds"
        return Interval(None, None, confidence, RATIO_METHOD, why)
    root = v * v + ratio * ratio * u * u - 2.0 * ratio * c + c * c - u * u * v * v
    reach = math.sqrt(max(0.0, root))
    low, high = _finite((ratio - c - reach) / leading), _finite((ratio - c + reach) / leading)
    if low is None or high is None:
        return Interval(
            None, None, confidence, RATIO_METHOD, "the bounds are too large to be numbers"
        )
    return Interval(low, high, confidence, RATIO_METHOD)


def from_t(
    name: str,
    difference: float,
    error: float,
    df: float,
    confidence: float,
    reasons: list[str] | None = None,
) -> TestResult:
    """The test of a ``difference`` that has a t distribution with ``df`` after division by its
    standard ``error``."""
    reasons = reasons if reasons is not None else []
    t = difference / error
    if not math.isfinite(t):
        t = math.copysign(1e308, difference)
    result = TestResult(
        name, difference, t_interval(difference, error, df, confidence, name), reasons=reasons
    )
    result.t, result.df = t, df
    result.p_greater, result.p_less = t_tail(t, df), t_tail(-t, df)
    result.p_two = min(1.0, 2.0 * t_tail(abs(t), df))
    return result


def unavailable(name: str, difference: float | None, confidence: float, why: str) -> TestResult:
    """A test that could not be made, and why."""
    return TestResult(name, difference, Interval(None, None, confidence, name, why), reasons=[why])


def _constant(name: str, difference: float, confidence: float) -> TestResult:
    why = "every value on a side is identical: the difference is exact, and a test has nothing to estimate"
    return TestResult(
        name, difference, Interval(difference, difference, confidence, "exact", why), reasons=[why]
    )


def _too_few(n: int, side: str) -> str:
    return f"side {side} has no values" if n == 0 else f"one run on side {side} shows no spread"


def with_names(reason: str, a_name: str, b_name: str) -> str:
    """A ``reason`` of a test in the words of its reader, who knows the sides by their names."""
    for side, name in (("a", a_name), ("b", b_name)):
        reason = reason.replace(f"on side {side} ", f"of {name} ").replace(
            f"side {side} ", f"{name} "
        )
    return reason


def _plain_welch(a: Sample, b: Sample, confidence: float) -> TestResult:
    name = DIFFERENCE_METHOD
    if a.mean is None or b.mean is None:
        sides = [s for s, sample in (("a", a), ("b", b)) if sample.n == 0]
        return unavailable(
            name, None, confidence, "; ".join(_too_few(0, s) for s in sides) or "no values"
        )
    both_constant = a.is_constant and b.is_constant
    difference = _finite((distance if both_constant else sub)(b.mean, a.mean))
    if difference is None:
        return unavailable(
            name, None, confidence, "the means are too far apart for the difference to be a number"
        )
    few = [_too_few(1, s) for s, sample in (("a", a), ("b", b)) if sample.n == 1]
    if few:
        return unavailable(name, difference, confidence, "; ".join(few))
    if both_constant:
        return _constant(name, difference, confidence)
    error_a, error_b = a.standard_error, b.standard_error
    error = None if error_a is None or error_b is None else _finite(math.hypot(error_a, error_b))
    if error_a is None or error_b is None or not error:
        return unavailable(
            name, difference, confidence, "the spread is too large or too small to be a number"
        )
    share_a, share_b = (error_a / error) ** 2, (error_b / error) ** 2
    df = 1.0 / (share_a * share_a / (a.n - 1) + share_b * share_b / (b.n - 1))
    reasons = [
        f"side {s} shows no spread" for s, sample in (("a", a), ("b", b)) if sample.is_constant
    ]
    return from_t(name, difference, error, df, confidence, reasons)


def welch(a: Sample, b: Sample, confidence: float = 0.95) -> TestResult:
    """Welch's unequal-variance t test of mean(b) - mean(a), with Satterthwaite's degrees of
    freedom, and Fieller's interval of the ratio with the same degrees of freedom (see ``fieller``).
    Source: Welch 1947, Biometrika 34."""
    result = _plain_welch(a, b, confidence)
    ratio, why = _ratio(a, b)
    result.ratio = ratio
    if ratio is None or a.mean is None:
        result.ratio_interval = Interval(None, None, confidence, RATIO_METHOD, why)
        result.reasons.append(why)
    elif result.df is None or a.standard_error is None or b.standard_error is None:
        low = high = ratio if a.is_constant and b.is_constant else None
        method = RATIO_METHOD if low is None else "exact"
        result.ratio_interval = Interval(low, high, confidence, method, result.interval.reason)
    else:
        result.ratio_interval = fieller(
            ratio, a.standard_error / a.mean, b.standard_error / a.mean, 0.0, result.df, confidence
        )
    return result


def paired(a: Sequence[float], b: Sequence[float], confidence: float = 0.95) -> TestResult:
    """Student's t test of the pairwise differences ``b[i] - a[i]``; the ratio is that of the means,
    with Fieller's interval for paired means. Pairs with a value that is not finite are left out,
    and it is said."""
    name = "paired t"
    if len(a) != len(b):
        return unavailable(name, None, confidence, f"not pairs: {len(a)} values against {len(b)}")
    pairs = [
        (float(x), float(y))
        for x, y in zip(a, b, strict=True)
        if math.isfinite(x) and math.isfinite(y)
    ]
    first, second = summarise(x for x, _ in pairs), summarise(y for _, y in pairs)
    steps = summarise(y - x for x, y in pairs)
    ratio, why = _ratio(first, second)
    if steps.mean is None or steps.n < 2:
        result = unavailable(
            name, steps.mean, confidence, "no pairs" if not steps.n else "one pair shows no spread"
        )
    elif steps.is_constant:
        result = _constant(name, steps.mean, confidence)
        result.reasons = [
            result.reasons[0].replace("every value on a side", "every pairwise difference")
        ]
    elif not steps.standard_error or steps.nonfinite:
        result = unavailable(
            name, steps.mean, confidence, "the spread is too large or too small to be a number"
        )
    else:
        result = from_t(name, steps.mean, steps.standard_error, steps.n - 1, confidence, [])
    if len(pairs) < len(a):
        result.reasons.append(
            f"{len(a) - len(pairs)} of {len(a)} pairs left out: a value is not finite"
        )
    result.ratio, result.ratio_interval = ratio, Interval(None, None, confidence, RATIO_METHOD, why)
    if ratio is None or first.mean is None or second.mean is None:
        result.reasons.append(why)
    elif (
        result.df is not None
        and first.standard_error is not None
        and second.standard_error is not None
    ):
        centred = ((x / first.mean - 1.0, (y - second.mean) / first.mean) for x, y in pairs)
        covariance = math.fsum(u * v for u, v in centred) / (len(pairs) - 1) / len(pairs)
        result.ratio_interval = fieller(
            ratio,
            first.standard_error / first.mean,
            second.standard_error / first.mean,
            covariance,
            result.df,
            confidence,
        )
    else:
        result.ratio_interval.reason = result.interval.reason
    return result


def one_sample(
    sample: Sample, target: float, alternative: str = "two-sided", confidence: float = 0.95
) -> TestResult:
    """Student's t test of the mean against a fixed ``target``; ``alternative`` is two-sided, less
    or greater.

    The interval is that of mean - target. Raises ValueError for another alternative.
    """
    if alternative not in ("two-sided", "less", "greater"):
        raise ValueError(f"unknown alternative {alternative!r}")
    name = "one-sample t"
    if sample.mean is None:
        result = unavailable(name, None, confidence, "no values")
    elif not math.isfinite(target) or not math.isfinite(sample.mean - target):
        result = unavailable(name, None, confidence, "the distance from the target is not a number")
    elif sample.n == 1:
        result = unavailable(name, sample.mean - target, confidence, "one value shows no spread")
    elif sample.is_constant:
        result = _constant(name, sample.mean - target, confidence)
    elif not sample.standard_error:
        result = unavailable(
            name,
            sample.mean - target,
            confidence,
            "the spread is too large or too small to be a number",
        )
    else:
        result = from_t(
            name, sample.mean - target, sample.standard_error, sample.n - 1, confidence, []
        )
    result.alternative = alternative
    return result

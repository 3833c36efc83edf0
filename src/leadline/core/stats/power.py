"""What a number of runs could have shown, and how many it takes to show a difference that matters.

"No difference shown" says nothing until it is said which difference would have shown. Power is that
of the two-sided t test, from the noncentral t distribution: with three runs a side the normal
approximation is a third too hopeful.
"""

from __future__ import annotations

import math

from leadline.core.stats.distributions import normal_tail, t_upper_quantile

_LARGEST_N = 10**7
_STEPS = 200  # of Simpson's rule: five digits from df = 2 up, within 0.004 below


def power_of_t(shift: float, df: float, alpha: float = 0.05) -> float:
    """The chance that a two-sided t test at ``alpha`` rejects when the true difference is ``shift``
    standard errors.

    P(|T| > t) for the noncentral t: the normal tail averaged over the distribution of the estimated
    standard deviation (Johnson, Kotz & Balakrishnan 1995, chapter 31), by Simpson's rule.
    """
    critical = t_upper_quantile(0.5 * alpha, df)
    if df > 1e4:
        return normal_tail(critical - shift) + normal_tail(critical + shift)
    low, high = max(0.0, 1.0 - 9.0 / math.sqrt(2.0 * df)), 1.0 + 9.0 / math.sqrt(2.0 * df)
    step = (high - low) / _STEPS
    log_front = math.log(2.0) + 0.5 * df * math.log(0.5 * df) - math.lgamma(0.5 * df)
    total = weights = 0.0
    for i in range(_STEPS + 1):
        s = low + i * step
        if s == 0.0 and df != 1.0:
            continue  # the density is zero there, or its integrable spike is left to the neighbours
        log_density = log_front - 0.5 * df * s * s + ((df - 1.0) * math.log(s) if s > 0.0 else 0.0)
        simpson = 4.0 if i % 2 else 2.0
        if i in (0, _STEPS):
            simpson = 1.0
        weight = math.exp(log_density) * simpson
        weights += weight
        total += weight * (normal_tail(critical * s - shift) + normal_tail(critical * s + shift))
    return total / weights


def detectable(error: float, df: float, alpha: float = 0.05, power: float = 0.8) -> float | None:
    """The true difference that a two-sided test at ``alpha`` shows with probability ``power``,
    given the standard ``error`` of the difference. None for figures that make no sense."""
    if not (error >= 0.0 and df >= 1.0 and 0.0 < alpha < power < 1.0):
        return None
    low = 0.0
    high = t_upper_quantile(0.5 * alpha, df) + t_upper_quantile(1.0 - power, df)
    while power_of_t(high, df, alpha) < power:
        low, high = high, 1.5 * high
    for _ in range(30):
        if high - low <= 1e-6 * high:
            break
        middle = 0.5 * (low + high)
        if power_of_t(middle, df, alpha) < power:
            low = middle
        else:
            high = middle
    size = high * error
    return size if math.isfinite(size) else None


def n_needed(sd: float, difference: float, alpha: float = 0.05, power: float = 0.8) -> int | None:
    """The fewest runs a side with which a true ``difference`` of two means would show. None when no
    number up to ten million does (a difference of zero, for one)."""
    return _fewest(sd, difference, alpha, power, 2.0, 2.0)


def n_needed_paired(
    sd_of_differences: float, difference: float, alpha: float = 0.05, power: float = 0.8
) -> int | None:
    """The fewest pairs with which a true mean ``difference`` would show, by the spread of the
    pairwise differences."""
    return _fewest(sd_of_differences, difference, alpha, power, 1.0, 1.0)


def _fewest(
    sd: float, difference: float, alpha: float, power: float, variances: float, df_per_run: float
) -> int | None:
    size = abs(difference)
    if not (math.isfinite(sd) and sd >= 0.0 and math.isfinite(size) and size > 0.0):
        return None
    if sd == 0.0:
        return 2

    def shows(n: int) -> bool:
        shift = size / sd * math.sqrt(n / variances)
        return power_of_t(min(shift, 1e6), df_per_run * (n - 1), alpha) >= power

    low, high = 1, 2
    while not shows(high):
        if high == _LARGEST_N:
            return None
        low, high = high, min(2 * high, _LARGEST_N)
    while high - low > 1:
        middle = (low + high) // 2
        if shows(middle):
            high = middle
        else:
            low = middle
    return high

"""Normal and Student t tails and quantiles with ``math`` alone.

Why own code: scipy costs 100 MB and a second of start-up, and ``statistics`` has no Student t. The
price is that the accuracy is ours to prove: the tests hold tails and quantiles to scipy's within
1e-9 relative.

Sources: continued fraction of the incomplete beta function, DLMF 8.17.22, evaluated by the modified
Lentz method (Thompson & Barnett 1986); Student t tail as an incomplete beta, Abramowitz & Stegun
26.7.1; starting value of the normal quantile, A&S 26.2.23; Stirling series of log gamma, A&S
6.1.41; normal approximation of t at many degrees of freedom, Hill 1970, Comm. ACM 13, Algorithm
395.
"""

from __future__ import annotations

import math

_TINY = 1e-300
_SQRT2 = math.sqrt(2.0)
_SQRT_2PI = math.sqrt(2.0 * math.pi)
_HILL_ABOVE_DF = 1e5
# the t and normal tails agree there to the last digits that a p value is printed with
_NORMAL_ABOVE_DF = 1e12


def _stirling_rest(x: float) -> float:
    """log gamma(x) less its leading Stirling terms, for x >= 100."""
    return (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / (1260.0 * x * x)) / (x * x)) / x


def _log_beta(a: float, b: float) -> float:
    """log B(a, b). For one large argument the gammas nearly cancel; the difference is taken by
    series instead."""
    small, large = min(a, b), max(a, b)
    if large < 100.0:
        return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    total = large + small
    gap = -(large - 0.5) * math.log1p(small / large) - small * math.log(total) + small
    return math.lgamma(small) + gap + _stirling_rest(large) - _stirling_rest(total)


def _beta_fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta; converges fast for x < (a + 1) / (a + b + 2)."""
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > _TINY else _TINY)
    result = d
    for m in range(1, 20_000):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0)),
        ):
            d = 1.0 + numerator * d
            d = 1.0 / (d if abs(d) > _TINY else _TINY)
            c = 1.0 + numerator / c
            c = c if abs(c) > _TINY else _TINY
            step = c * d
            result *= step
        if abs(step - 1.0) < 1e-15:
            break
    return result


def _beta_tail(a: float, b: float, x: float, y: float, log_x: float, log_y: float) -> float:
    """I_x(a, b) with y = 1 - x and both logarithms given, so that neither end loses digits."""
    log_front = a * log_x + b * log_y - _log_beta(a, b)
    if x < (a + 1.0) / (a + b + 2.0):
        return min(1.0, math.exp(log_front) * _beta_fraction(a, b, x) / a)
    return max(0.0, 1.0 - math.exp(log_front) * _beta_fraction(b, a, y) / b)


def normal_tail(z: float) -> float:
    """P(Z > z) of the standard normal."""
    return 0.5 * math.erfc(z / _SQRT2)


def normal_upper_quantile(q: float) -> float:
    """The z with P(Z > z) = q, for 0 < q < 1; -inf and inf at and beyond the ends."""
    if q <= 0.0:
        return math.inf
    if q >= 1.0:
        return -math.inf
    if q > 0.5:
        return -normal_upper_quantile(1.0 - q)
    if q == 0.5:
        return 0.0
    t = math.sqrt(-2.0 * math.log(q))
    z = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (
        1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308))
    )
    for _ in range(4):  # Newton on the logarithm of the tail: quadratic, and stable far out
        tail = normal_tail(z)
        density = math.exp(-0.5 * z * z) / _SQRT_2PI
        if tail <= 0.0 or density <= 0.0:
            break
        z += math.log(tail / q) * tail / density
    return z


def _hill(t: float, df: float) -> float:
    """The z with the same upper tail as t, for many degrees of freedom, where the fraction cancels
    itself out."""
    a = df - 0.5
    b = 48.0 * a * a
    y = a * math.log1p((t / df) * t)
    if not math.isfinite(y):
        return math.inf
    inner = (((-0.4 * y - 3.3) * y - 24.0) * y - 85.5) / (0.8 * y * y + 100.0 + b)
    return ((inner + y + 3.0) / b + 1.0) * math.sqrt(y)


def t_tail(t: float, df: float) -> float:
    """P(T > t) of Student's t with ``df`` > 0 degrees of freedom (fractions allowed, as Welch's
    test needs)."""
    if t < 0.0:
        return 1.0 - t_tail(-t, df)
    if df >= _NORMAL_ABOVE_DF:
        return normal_tail(t)
    if math.isinf(t):
        return 0.0
    if df >= _HILL_ABOVE_DF:
        return normal_tail(_hill(t, df))
    r = t / math.sqrt(df)
    square = r * r
    if square < 1e300:
        x, y = 1.0 / (1.0 + square), square / (1.0 + square)
        log_x = -math.log1p(square)
    else:
        x, y, log_x = 0.0, 1.0, -2.0 * math.log(r)
    if y <= 0.0:
        return 0.5
    log_y = math.log(y) if y < 0.5 else math.log1p(-x)
    return 0.5 * _beta_tail(0.5 * df, 0.5, x, y, log_x, log_y)


def t_upper_quantile(q: float, df: float) -> float:
    """The t with P(T > t) = q. Newton on the logarithms of tail and t, kept inside a bracket that
    always halves."""
    if q <= 0.0:
        return math.inf
    if q >= 1.0:
        return -math.inf
    if q == 0.5:
        return 0.0
    if q > 0.5:
        return -t_upper_quantile(1.0 - q, df)
    if df >= _NORMAL_ABOVE_DF:
        return normal_upper_quantile(q)
    low, high = 0.0, max(1.0, normal_upper_quantile(q))
    while t_tail(high, df) > q:
        low, high = high, high * 4.0
        if high > 1e300:
            return math.inf
    log_norm = -_log_beta(0.5 * df, 0.5) - 0.5 * math.log(df)
    t = high if low == 0.0 else math.sqrt(low * high)
    for _ in range(200):
        tail = t_tail(t, df)
        if tail > q:
            low = t
        else:
            high = t
        density = (
            math.exp(log_norm - 0.5 * (df + 1.0) * math.log1p(t * t / df)) if t < 1e150 else 0.0
        )
        step = math.log(tail / q) * tail / density if tail > 0.0 and density > 0.0 else math.inf
        following = t + step
        if not low < following < high:
            following = 0.5 * (low + high)
        if abs(following - t) <= 1e-15 * t or high - low <= 1e-16 * high:
            return following
        t = following
    return t

"""Whether values taken one after the other drift: the machine warmed up, a co-tenant came, a cache
filled.

Mann-Kendall's rank test, because it asks nothing of the values but their order, with its exact null
distribution: the number of permutations with k inversions. It sees a steady trend and not a bump
that comes and goes.
"""

from __future__ import annotations

import math

from leadline.core.values import dataclass

FEWEST = 5  # with four values no order is unlikely enough: 2 of 24
_EXACT_UP_TO = 60  # beyond it the normal approximation is good to the third digit


@dataclass(slots=True)
class Drift:
    """``change``: Theil-Sen slope over the whole series, in the unit of the values. ``p``:
    two-sided; None and ``reason`` when there are too few values."""

    n: int
    change: float | None = None
    p: float | None = None
    reason: str = ""

    def shown(self, alpha: float = 0.05) -> bool:
        return self.p is not None and self.p < alpha

    def as_dict(self) -> dict[str, object]:
        return {"n": self.n, "change": self.change, "p": self.p, "reason": self.reason}


def drift(values: list[float]) -> Drift:
    """The drift of ``values``, oldest first. Values that are not finite are left out.

    Sources: Mann 1945, Econometrica 13; Sen 1968, JASA 63. Ties count as no order, which errs
    towards "no drift".
    """
    kept = [v for v in values if math.isfinite(v)]
    n = len(kept)
    if n < FEWEST:
        return Drift(n, reason=f"drift shows from {FEWEST} runs on, there are {n}")
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    score = sum((kept[j] > kept[i]) - (kept[j] < kept[i]) for i, j in pairs)
    slopes = sorted((kept[j] - kept[i]) / (j - i) for i, j in pairs)
    half = len(slopes) // 2
    slope = slopes[half] if len(slopes) % 2 else 0.5 * (slopes[half - 1] + slopes[half])
    return Drift(n, slope * (n - 1), _p_two_sided(abs(score), n))


def _p_two_sided(score: int, n: int) -> float:
    """P(|S| >= score) when every order of ``n`` values is equally likely."""
    if score == 0:
        return 1.0
    if n > _EXACT_UP_TO:
        sd = math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
        return math.erfc((score - 1) / sd / math.sqrt(2))
    most = n * (n - 1) // 2
    counts = [1]  # counts[k]: permutations with k inversions
    for size in range(2, n + 1):
        wider = [0] * (size * (size - 1) // 2 + 1)
        window = 0
        for k in range(len(wider)):
            window += counts[k] if k < len(counts) else 0
            window -= counts[k - size] if 0 <= k - size < len(counts) else 0
            wider[k] = window
        counts = wider
    few = (most - score) // 2  # S = most - 2 * inversions
    return min(1.0, 2 * sum(counts[: few + 1]) / math.factorial(n))

"""A test and an interval that may be looked at after every block, for values that are symmetric
about what is sought.

In an interleaved measurement a coin decides which side goes first in each block. Under no
difference the block's value is then as likely above zero as below by the same amount, whatever the
noise: that symmetry is made by the coin and need not be assumed. So betting on the sign of each
value is a fair game; the capital of a bettor is a martingale, and by Ville's inequality it ever
exceeds 1 / alpha with probability alpha at most, however long one plays and whenever one stops.
Heavy tails cost nothing. The price against a t test of a size fixed beforehand: seven blocks at the
least, and an interval about a third wider.

Sources: Efron 1969, JASA 64 (the t statistic under symmetry); de la Peña 1999, Ann. Probab. 27;
Howard, Ramdas, McAuliffe & Sekhon 2020, Probab. Surveys 17; Ville 1939.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Iterable

from leadline.core.stats.inference import Interval

METHOD = "confidence sequence under symmetry"
# What is bet at a typical value, in units of 1 / scale: small bets find small effects late, large
# ones large effects soon; the last one bets all on the sign.
_STAKES = (0.25, 0.5, 1.0, 2.0, 4.0, math.inf)
FEWEST_BLOCKS = 7  # that can win more than 1/0.05
_BISECTIONS = 40


class SymmetricSequence:
    """Values taken one after the other, each symmetric about the same unknown centre given its
    distance from it.

    ``alpha``: the chance that ``rejects`` of the true centre is ever True, and that ``interval``
    ever misses it.
    """

    def __init__(self, alpha: float = 0.05, values: Iterable[float] = ()) -> None:
        if not 0.0 < alpha < 1.0:
            raise ValueError("alpha lies between 0 and 1")
        self.alpha = alpha
        self.values: list[float] = []
        for value in values:
            self.add(value)

    def add(self, value: float) -> None:
        """Take the next value. Raises ValueError for one that is not finite: leave its block out
        before."""
        if not math.isfinite(value):
            raise ValueError("a value of a block has to be finite")
        self.values.append(float(value))

    def log_capitals(self, centre: float = 0.0) -> list[float]:
        """log of the bettor's capital after each value, betting that the centre is not ``centre``;
        it starts at 1."""
        logs = [0.0] * (2 * len(_STAKES))
        distances: list[float] = []
        capitals = []
        for value in self.values:
            x = value - centre
            insort(distances, abs(x))
            half = len(distances) // 2
            scale = (
                distances[half]
                if len(distances) % 2
                else 0.5 * (distances[half - 1] + distances[half])
            )
            if x != 0.0:
                unit = x / (scale or abs(x))
                for k, stake in enumerate(_STAKES):
                    for side in (0, 1):
                        logs[2 * k + side] += _log_gain(stake, unit if side == 0 else -unit)
            top = max(logs)
            total = math.fsum(math.exp(v - top) for v in logs if v > -math.inf)
            capitals.append(top + math.log(total / len(logs)))
        return capitals

    def e_value(self, centre: float = 0.0) -> float:
        """The capital now: the evidence against ``centre``, 1 for none, 1 / alpha for enough."""
        capitals = self.log_capitals(centre)
        return math.exp(min(capitals[-1], 700.0)) if capitals else 1.0

    def rejects(self, centre: float = 0.0) -> bool:
        """Whether ``centre`` was ever given up: once is enough, it does not come back."""
        return any(c >= -math.log(self.alpha) for c in self.log_capitals(centre))

    def estimate(self) -> float | None:
        """The Hodges-Lehmann estimate: the median of all pairwise means. Source: Hodges & Lehmann
        1963."""
        v = self.values
        means = sorted(0.5 * (v[i] + v[j]) for i in range(len(v)) for j in range(i, len(v)))
        if not means:
            return None
        half = len(means) // 2
        return means[half] if len(means) % 2 else 0.5 * (means[half - 1] + means[half])

    def interval(self) -> Interval:
        """All centres not rejected so far, as the interval around the estimate; its ends by
        bisection."""
        level = 1.0 - self.alpha
        centre = self.estimate()
        if centre is None:
            return Interval(None, None, level, METHOD, "no blocks")
        if (
            len(self.values) > 1
            and min(self.values) == max(self.values)
            and self.rejects(centre + 1.0)
        ):
            return Interval(centre, centre, level, METHOD, "every block gave the same value")
        reach = max(max(self.values) - min(self.values), 1e-12 * max(1.0, abs(centre)))
        low, high = self._end(centre, -reach), self._end(centre, reach)
        if low is None or high is None:
            why = f"{len(self.values)} blocks bound nothing yet: seven are the fewest"
            return Interval(None, None, level, METHOD, why)
        return Interval(low, high, level, METHOD)

    def _end(self, centre: float, reach: float) -> float | None:
        """Where rejection begins in the direction of ``reach``; None when nothing is rejected
        there."""
        outside = centre + 4.0 * reach
        if not self.rejects(outside):
            return None
        inside = centre
        for _ in range(_BISECTIONS):
            middle = 0.5 * (inside + outside)
            if self.rejects(middle):
                outside = middle
            else:
                inside = middle
            if abs(outside - inside) <= 1e-4 * abs(reach):
                break
        return outside


def _log_gain(stake: float, unit: float) -> float:
    """log of exp(y) / cosh(y) at y = stake * unit: what one fair bet multiplies the capital by."""
    if math.isinf(stake):
        return math.log(2.0) if unit > 0.0 else -math.inf
    y = stake * unit
    return y - abs(y) - math.log1p(math.exp(-2.0 * abs(y))) + math.log(2.0)

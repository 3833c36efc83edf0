"""Runs that lie far from the others: named, never dropped.

A slow run is a fact about the machine or about the code; leaving it out because it is slow makes
every mean look better than it is. Who wants it out retracts it, with a reason that stays.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from leadline.core.stats.inference import middle
from leadline.core.values import dataclass, field

FEWEST = 5
LIMIT = 3.5
_MAD_SCALE = 0.6745  # the MAD of a standard normal
_MEAN_DEVIATION_SCALE = 1.253314  # sqrt(pi / 2)


@dataclass(slots=True)
class Outliers:
    """``indices`` into the values given; ``reason``: why none could be looked for, "" when they
    were."""

    n: int
    indices: list[int] = field(default_factory=list)
    method: str = "modified z score on the median absolute deviation"
    limit: float = LIMIT
    reason: str = ""

    def as_dict(self) -> dict[str, object]:
        return {
            "n": self.n,
            "indices": list(self.indices),
            "method": self.method,
            "limit": self.limit,
            "reason": self.reason,
        }


def outliers(values: Sequence[float]) -> Outliers:
    """Values whose modified z score is above 3.5. When more than half of the values are equal the
    MAD is zero and the mean absolute deviation stands in, which is said. Values that are not finite
    are no outliers: they are lost.

    Source: Iglewicz & Hoaglin 1993, How to Detect and Handle Outliers, ASQC; the fall-back is IBM
    SPSS's.
    """
    kept = [(i, float(v)) for i, v in enumerate(values) if math.isfinite(v)]
    out = Outliers(len(kept))
    if len(kept) < FEWEST:
        out.reason = f"outliers show from {FEWEST} runs on, there are {len(kept)}"
        return out
    centre = middle(sorted(v for _, v in kept))
    deviations = [abs(v - centre) for _, v in kept]
    scale = middle(sorted(deviations)) / _MAD_SCALE
    if scale == 0.0:
        scale = _MEAN_DEVIATION_SCALE * math.fsum(deviations) / len(deviations)
        out.method = (
            "modified z score on the mean absolute deviation (half of the values are equal)"
        )
    if scale > 0.0 and math.isfinite(scale):
        out.indices = [i for (i, _), d in zip(kept, deviations, strict=True) if d / scale > LIMIT]
    return out

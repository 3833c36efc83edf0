"""P values of several tests read at once, corrected so that the chance of any false one stays at
the level.

Holm's method and not Bonferroni's, which is never better; not the false discovery rate, because one
wrong headline is the harm here. The price is power: twenty cells need about three times the
evidence of one.
"""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjusted p values in the order given; None (no test) stays None and counts for nothing.

    Source: Holm 1979, Scand. J. Statist. 6, 65-70. Raises ValueError for a p outside 0 to 1.
    """
    known = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    if any(not 0.0 <= p <= 1.0 for p, _ in known):
        raise ValueError("a p value lies between 0 and 1")
    adjusted: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, index) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        adjusted[index] = largest
    return adjusted

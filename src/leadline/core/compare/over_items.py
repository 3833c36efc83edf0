"""Two sides item by item: what the items that both have say, beside the means over them."""

from __future__ import annotations

from leadline.core.metric.items import Shared
from leadline.core.stats.inference import IntervalTold, paired
from leadline.core.typed import TypedDict, cast


class OverItems(TypedDict, total=False):
    """How many of ``n`` items are ``better`` and ``worse``, or ``higher`` and ``lower`` where
    neither is better."""

    n: int
    difference: float | None
    interval: IntervalTold
    p: float | None
    method: str
    better: int
    worse: int
    higher: int
    lower: int
    equal: int
    reason: str


def over_items(shared: Shared, direction: str, confidence: float) -> OverItems | None:
    """What the shared items say one by one: mean difference b - a with the interval of a paired t
    test over them, and how many are better, worse and equal (higher, lower without a better
    direction). None without items."""
    keys = sorted(shared.a_values)
    if not keys:
        return None
    a, b = [shared.a_values[k] for k in keys], [shared.b_values[k] for k in keys]
    up = sum(y > x for x, y in zip(a, b, strict=True))
    down = sum(y < x for x, y in zip(a, b, strict=True))
    test = paired(a, b, confidence)
    words = ("better", "worse") if direction == "higher" else ("worse", "better")
    words = words if direction in ("higher", "lower") else ("higher", "lower")
    told = {
        "n": len(keys),
        "difference": test.difference,
        "interval": test.interval.as_dict(),
        "p": test.p_two,
        "method": test.name,
        words[0]: up,
        words[1]: down,
        "equal": len(keys) - up - down,
        "reason": test.interval.reason or "; ".join(test.reasons[:1]),
    }
    return cast("OverItems", told)

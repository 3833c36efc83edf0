"""Whether numbers measured again agree with those recorded: one rule per metric, always named.

Repeats give a spread, and the rule is the prediction interval of the original sample (normal
theory: mean ± t · sd · √(1/n + 1/m)). Identical repeats are deterministic and must come out
identical. A single run gives no spread, and only a stated tolerance is left. 99 %, because a
reproduction looks at many metrics and a false alarm sends somebody hunting.
"""

from __future__ import annotations

import math

from leadline.core.stats.distributions import t_upper_quantile
from leadline.core.stats.inference import Sample, summarise
from leadline.core.values import dataclass

AGREES, DISAGREES, INCOMPARABLE = "agrees", "disagrees", "cannot be compared"
CONFIDENCE = 0.99
DEFAULT_TOLERANCE = 0.10
WIDEST = 0.5  # of the mean: an interval reaching further would call anything agreement
_SAME = 1e-9


@dataclass(slots=True)
class Agreement:
    """``low`` and ``high``: where the mean of the new values had to lie, both None where there is
    no such range."""

    verdict: str
    rule: str
    original: Sample
    again: Sample
    low: float | None = None
    high: float | None = None

    def as_dict(self) -> dict[str, object]:
        return {
            "verdict": self.verdict,
            "rule": self.rule,
            "original": self.original.as_dict(),
            "again": self.again.as_dict(),
            "low": self.low,
            "high": self.high,
        }


def agreement(
    original: list[float], again: list[float], tolerance: float = DEFAULT_TOLERANCE
) -> Agreement:
    """Judge the ``again`` values by the ``original`` ones. ``tolerance``: relative, used only when
    n = 1."""
    a, b = summarise(original), summarise(again)
    if a.mean is None or b.mean is None:
        missing = "the original runs have" if a.mean is None else "the new runs have"
        return Agreement(INCOMPARABLE, f"{missing} no finite value", a, b)
    if a.is_constant:
        same = (
            b.minimum is not None
            and b.maximum is not None
            and _same(b.minimum, a.mean)
            and _same(b.maximum, a.mean)
        )
        return Agreement(
            AGREES if same else DISAGREES,
            f"identical in all {a.n} original runs, so it must be exactly that",
            a,
            b,
            a.mean,
            a.mean,
        )
    if a.n == 1:
        reach = abs(a.mean) * tolerance
        rule = f"one original run has no spread: within ±{tolerance * 100:.3g} % of it"
    else:
        assert a.sd is not None
        reach = (
            t_upper_quantile((1 - CONFIDENCE) / 2, a.n - 1) * a.sd * math.sqrt(1 / a.n + 1 / b.n)
        )
        rule = f"{CONFIDENCE * 100:.0f} % prediction interval of {a.n} original runs for the mean of {b.n}"
    low, high = a.mean - reach, a.mean + reach
    inside = low <= b.mean <= high or _same(b.mean, a.mean)
    if inside and a.n > 1 and reach > WIDEST * abs(a.mean):
        return (
            Agreement(
                INCOMPARABLE,
                f"{rule}: ±{reach / abs(a.mean):.0%} of it, too wide to tell; more original runs would narrow it",
                a,
                b,
                low,
                high,
            )
            if a.mean
            else Agreement(INCOMPARABLE, f"{rule}: too wide to tell around 0", a, b, low, high)
        )
    return Agreement(AGREES if inside else DISAGREES, rule, a, b, low, high)


def _same(x: float, y: float) -> bool:
    return abs(x - y) <= _SAME * max(abs(x), abs(y))


def overall(verdicts: list[str]) -> str:
    """One disagreement disagrees; else one metric that cannot be compared leaves it open; nothing
    compared is nothing known."""
    if DISAGREES in verdicts:
        return DISAGREES
    if not verdicts or INCOMPARABLE in verdicts:
        return INCOMPARABLE
    return AGREES

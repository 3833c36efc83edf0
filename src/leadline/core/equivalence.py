"""Whether two means are the same for all that matters: "no effect" as something that evidence can show.

A test that finds nothing shows nothing. Two one-sided tests ask the other way round: is the difference shown to be
smaller than the margin that was named? The price is that somebody has to name it.
"""

from __future__ import annotations

import math
from typing import Any

from leadline.core.values import dataclass

from .distributions import t_tail, t_upper_quantile
from .stats import Interval, TestResult

METHOD = "two one-sided tests"


@dataclass(slots=True)
class Equivalence:
    """``margin``: in the metric's unit, or a share when ``relative`` (0.01 is 1 %). ``p``: the larger of the two
    one-sided p values; None where only an interval could be asked. ``interval90``: the interval that has to lie
    within the margin, of the difference or (``relative``) of the ratio; its level is 1 - 2 alpha."""

    margin: float
    relative: bool
    verdict: str  # equivalent | not equivalent | not shown
    p: float | None
    interval90: Interval
    sentence: str
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {
            "method": METHOD,
            "margin": self.margin,
            "relative": self.relative,
            "verdict": self.verdict,
            "p": self.p,
            "interval": self.interval90.as_dict(),
            "sentence": self.sentence,
            "reason": self.reason,
        }


def equivalence(test: TestResult, margin: float, relative: bool, confidence: float = 0.95) -> Equivalence:
    """Whether the difference behind ``test`` is shown to be smaller than ``margin``, at alpha = 1 - ``confidence``.

    Of the difference: |difference| < margin, tested with the t distribution of ``test``. ``relative``: the ratio within
    1 / (1 + margin) and 1 + margin; there it is the ratio's interval at ``confidence`` that has to lie within, which is
    wider and errs towards "not shown". Source: Schuirmann 1987, J. Pharmacokin. Biopharm. 15, 657-680.
    """
    shown = f"{margin * 100:.4g} %" if relative else f"{margin:.6g}"
    if not (math.isfinite(margin) and margin > 0.0):
        nothing = Interval(None, None, confidence, METHOD, "no margin")
        why = "a margin of equivalence lies above zero"
        return Equivalence(margin, relative, "not shown", None, nothing, why, why)
    low_margin, high_margin = (1.0 / (1.0 + margin), 1.0 + margin) if relative else (-margin, margin)
    if relative:
        interval = test.ratio_interval or Interval(None, None, confidence, METHOD, "no ratio")
        p = None
    else:
        interval, p = _of_difference(test, margin, confidence)
    if interval.low is None or interval.high is None:
        why = interval.reason or "; ".join(test.reasons[:1]) or "there is no interval"
        return Equivalence(
            margin, relative, "not shown", None, interval, f"no difference larger than {shown}: not shown: {why}", why
        )
    span = f"{interval.low:.6g} to {interval.high:.6g}"
    what = "ratio" if relative else "difference"
    level = f"{interval.confidence * 100:.4g} % interval of the {what}"
    if low_margin < interval.low and interval.high < high_margin:
        p_words = "" if p is None else f", p = {p:.3g}"
        said = f"no difference larger than {shown}: the {level}, {span}, lies within it{p_words}"
        return Equivalence(margin, relative, "equivalent", p, interval, said)
    outer = test.ratio_interval if relative else test.interval
    ends = (outer.low, outer.high) if outer is not None else (None, None)
    if ends[0] is not None and ends[1] is not None and (ends[0] > high_margin or ends[1] < low_margin):
        said = f"a difference larger than {shown} is shown: the {level} is {span}"
        return Equivalence(margin, relative, "not equivalent", p, interval, said)
    said = f"no difference larger than {shown}: not shown: the {level}, {span}, reaches past it"
    return Equivalence(margin, relative, "not shown", p, interval, said)


def _of_difference(test: TestResult, margin: float, confidence: float) -> tuple[Interval, float | None]:
    """The interval at 1 - 2 alpha and the p value of the two one-sided tests; the interval of ``test`` itself where it
    has no t distribution (an exact difference)."""
    difference, interval = test.difference, test.interval
    if difference is None or test.df is None or interval.low is None or interval.high is None:
        return interval, None
    reach = 0.5 * (interval.high - interval.low)
    error = reach / t_upper_quantile(0.5 * (1.0 - interval.confidence), test.df)
    alpha = 1.0 - confidence
    if not error > 0.0:
        return interval, None
    narrow = t_upper_quantile(alpha, test.df) * error
    p = max(t_tail((difference + margin) / error, test.df), t_tail((margin - difference) / error, test.df))
    return Interval(difference - narrow, difference + narrow, 1.0 - 2.0 * alpha, f"{test.name}, {METHOD}"), p

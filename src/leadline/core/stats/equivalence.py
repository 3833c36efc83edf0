"""Whether two means are the same for all that matters: "no effect" as something that evidence can
show.

A test that finds nothing shows nothing. Two one-sided tests ask the other way round: is the
difference shown to be smaller than the margin that was named? The price is that somebody has to
name it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from leadline.core.stats.distributions import t_tail, t_upper_quantile
from leadline.core.stats.inference import Interval, IntervalTold, TestResult
from leadline.core.timestamps import number
from leadline.core.typed import TypedDict
from leadline.core.values import dataclass

METHOD = "two one-sided tests"


# (factor, confidence) -> the test of b against factor times a
Scaled = Callable[[float, float], TestResult]


class EquivalenceTold(TypedDict):
    method: str
    margin: float
    relative: bool
    verdict: str
    p: float | None
    interval: IntervalTold
    sentence: str
    reason: str


@dataclass(slots=True)
class Equivalence:
    """``margin``: in the metric's unit, or a share when ``relative`` (0.01 is 1 %). ``p``: the
    larger of the two one-sided p values; None where only an interval could be asked. ``interval``:
    of the difference or (``relative``) of the ratio at 1 - 2 alpha, which lies within the margin
    when the two tests say so."""

    margin: float
    relative: bool
    verdict: str  # equivalent | not equivalent | not shown
    p: float | None
    interval: Interval
    sentence: str
    reason: str = ""

    def as_dict(self) -> EquivalenceTold:
        return {
            "method": METHOD,
            "margin": self.margin,
            "relative": self.relative,
            "verdict": self.verdict,
            "p": self.p,
            "interval": self.interval.as_dict(),
            "sentence": self.sentence,
            "reason": self.reason,
        }


def equivalence(
    test: TestResult,
    margin: float,
    relative: bool,
    confidence: float = 0.95,
    scaled: Scaled | None = None,
) -> Equivalence:
    """Whether the difference behind ``test`` is shown to be smaller than ``margin``, at alpha = 1 -
    ``confidence``.

    Of the difference: |difference| < margin, tested with the t distribution of ``test``.
    ``relative``: mean(b) between 1 / (1 + margin) and 1 + margin times mean(a), each end tested as
    the difference that it is, by ``scaled``: no interval of a ratio is needed, which a
    drift-adjusted test does not have. Without ``scaled`` only what is exact can be answered.
    Source: Schuirmann 1987, J. Pharmacokin. Biopharm. 15, 657-680.
    """
    shown = f"{margin * 100:.4g} %" if relative else number(margin)
    if not (math.isfinite(margin) and margin > 0.0):
        nothing = Interval(None, None, confidence, METHOD, "no margin")
        why = "a margin of equivalence lies above zero"
        return Equivalence(margin, relative, "not shown", None, nothing, why, why)
    if relative and test.p_two is not None and scaled is not None:
        return _of_ratio(test, margin, shown, confidence, scaled)
    if relative:
        interval, p = (
            test.ratio_interval or Interval(None, None, confidence, METHOD, "no ratio"),
            None,
        )
        low_margin, high_margin = 1.0 / (1.0 + margin), 1.0 + margin
    else:
        interval, p = _of_difference(test, margin, confidence)
        low_margin, high_margin = -margin, margin
    if interval.low is None or interval.high is None:
        why = interval.reason or "; ".join(test.reasons[:1]) or "there is no interval"
        said = f"no difference larger than {shown}: not shown: {why}"
        return Equivalence(margin, relative, "not shown", None, interval, said, why)
    level, span = _words(interval, relative)
    if low_margin < interval.low and interval.high < high_margin:
        p_words = "" if p is None else f", p = {p:.3g}"
        said = f"no difference larger than {shown}: the {level}, {span}, lies within it{p_words}"
        return Equivalence(margin, relative, "equivalent", p, interval, said)
    outer = test.ratio_interval if relative else test.interval
    ends = (outer.low, outer.high) if outer is not None else (None, None)
    if (
        ends[0] is not None
        and ends[1] is not None
        and (ends[0] > high_margin or ends[1] < low_margin)
    ):
        said = f"a difference larger than {shown} is shown: the {level} is {span}"
        return Equivalence(margin, relative, "not equivalent", p, interval, said)
    said = f"no difference larger than {shown}: not shown: the {level}, {span}, reaches past it"
    return Equivalence(margin, relative, "not shown", p, interval, said)


def _words(interval: Interval, relative: bool) -> tuple[str, str]:
    what = "ratio" if relative else "difference"
    return (
        f"{interval.confidence * 100:.4g} % interval of the {what}",
        f"{number(interval.low)} to {number(interval.high)}",
    )


def _of_ratio(
    test: TestResult, margin: float, shown: str, confidence: float, scaled: Scaled
) -> Equivalence:
    alpha = 1.0 - confidence
    above, below = scaled(1.0 + margin, confidence), scaled(1.0 / (1.0 + margin), confidence)
    narrow = scaled(1.0, 1.0 - 2.0 * alpha).ratio_interval
    interval = narrow or Interval(
        None, None, 1.0 - 2.0 * alpha, METHOD, "this test has no interval of a ratio"
    )
    if above.p_less is None or below.p_greater is None:
        why = (
            "; ".join((*above.reasons[:1], *below.reasons[:1]))
            or "the ends of the margin cannot be tested"
        )
        said = f"no difference larger than {shown}: not shown: {why}"
        return Equivalence(margin, True, "not shown", None, interval, said, why)
    p = max(above.p_less, below.p_greater)
    within = p < alpha
    beyond = (above.p_greater or 1.0) < 0.5 * alpha or (below.p_less or 1.0) < 0.5 * alpha
    verdict = answer = "not shown"
    if within:
        verdict, answer = "equivalent", "shown"
    elif beyond:
        verdict, answer = "not equivalent", "ruled out"
    said = f"no difference larger than {shown}: {answer} by {METHOD} ({test.name}) p = {p:.3g}"
    if interval.known:
        said += f"; the {' is '.join(_words(interval, True))}"
    return Equivalence(margin, True, verdict, p, interval, said)


def _of_difference(
    test: TestResult, margin: float, confidence: float
) -> tuple[Interval, float | None]:
    """The interval at 1 - 2 alpha and the p value of the two one-sided tests; the interval of
    ``test`` itself where it has no t distribution (an exact difference)."""
    difference, interval = test.difference, test.interval
    if difference is None or test.df is None or interval.low is None or interval.high is None:
        return interval, None
    reach = 0.5 * (interval.high - interval.low)
    error = reach / t_upper_quantile(0.5 * (1.0 - interval.confidence), test.df)
    alpha = 1.0 - confidence
    if not error > 0.0:
        return interval, None
    narrow = t_upper_quantile(alpha, test.df) * error
    p = max(
        t_tail((difference + margin) / error, test.df),
        t_tail((margin - difference) / error, test.df),
    )
    return Interval(
        difference - narrow, difference + narrow, 1.0 - 2.0 * alpha, f"{test.name}, {METHOD}"
    ), p

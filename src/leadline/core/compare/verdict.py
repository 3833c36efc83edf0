"""From numbers to a verdict and the sentence that goes with it, and what takes a verdict back.

The sentence names the method, the interval, every p value that counted and n, because a verdict
gets quoted without the table. What forbids a verdict (contention, lost values, other contracts) is
applied after it, so that the numbers stay readable beside the refusal. The price: a refused
sentence is long.
"""

from __future__ import annotations

from leadline.core.compare.comparison import (
    AgainstTarget,
    Comparison,
    MetricComparison,
    number,
    refusal,
)
from leadline.core.compare.contention import contention_decides, hygiene_of
from leadline.core.compare.difference import IN_TURNS
from leadline.core.compare.looks import FEWEST
from leadline.core.record.run import Run
from leadline.core.stats.inference import Sample, one_sample, with_names
from leadline.core.timestamps import counted


def inside_spread(baseline: Sample, value: float) -> bool | None:
    """Whether ``value`` lies within the baseline's own range or two standard deviations of its
    mean; None at n < 2."""
    if (
        baseline.mean is None
        or baseline.sd is None
        or baseline.minimum is None
        or baseline.maximum is None
    ):
        return None
    return (
        baseline.minimum <= value <= baseline.maximum
        or abs(value - baseline.mean) <= 2.0 * baseline.sd
    )


def against_target(sample: Sample, target: float, direction: str, alpha: float) -> AgainstTarget:
    """A one-sided test of side b against a number that was set beforehand, in the direction that is
    better."""
    alternative = {"lower": "less", "higher": "greater"}.get(direction, "two-sided")
    result = one_sample(sample, target, alternative, 1.0 - alpha)
    met: bool | None = None
    if alternative != "two-sided" and result.difference is not None:
        right_side = result.difference < 0 if alternative == "less" else result.difference > 0
        if sample.is_constant:
            met = right_side
        elif result.p is not None:
            met = right_side and result.p < alpha
    return {"target": target, "met": met, "test": result.as_dict()}


def _effect(m: MetricComparison, a_name: str, b_name: str) -> str:
    difference = m.test.difference
    if not difference:
        return f"{b_name} and {a_name} have the same mean"
    side = "below" if difference < 0 else "above"
    text = f"{b_name} is {number(abs(difference), m.unit)} {side} {a_name}"
    if not m.estimates_means:
        return f"{text} over the complete pairs (the means differ by {number(m.mean_difference, m.unit)})"
    return text + (f" ({number(m.test.ratio)} times)" if m.test.ratio is not None else "")


def _p_text(m: MetricComparison) -> str:
    p = "unknown" if m.test.p is None else f"{m.test.p:.3g}"
    text = f"{m.test.name} p = {p}"
    counted_in = [f"{m.looks} looks"] if m.looks > 1 else []
    counted_in += [m.choice] if m.choice else []
    if counted_in and m.p_counted is not None:
        text += f", {m.p_counted:.3g} after {' and '.join(counted_in)}"
    if m.judged > 1 and m.p_adjusted is not None:
        text += f", {m.p_adjusted:.3g} after Holm over {m.judged} metrics"
    return text


def judge(m: MetricComparison, out: Comparison) -> None:
    """Verdict and sentence from the numbers alone; ``restrain`` takes back what something else
    forbids."""
    difference, alpha = m.test.difference, out.alpha
    if difference is None:
        reason = with_names("; ".join(m.test.reasons[:1]), out.a_name, out.b_name)
        lost = m.a.nonfinite + m.b.nonfinite
        gone = f" ({counted(lost, 'run')} gave no finite value)" if lost else ""
        m.verdict, m.sentence = "cannot be compared", reason + gone
        return
    sizes = f"n = {m.a.n} against {m.b.n}" + (f", {m.pairs} pairs" if m.pairs else "")
    effect = _effect(m, out.a_name, out.b_name)
    if not m.bears_a_verdict:
        few = f"fewer than {FEWEST} runs a side bear no verdict"
        m.verdict, m.sentence = "exploratory only", f"{effect}; {sizes}: {m.withheld or few}"
        return
    named = "different"
    if m.direction in ("lower", "higher"):
        named = "better" if (difference < 0) == (m.direction == "lower") else "worse"
    if m.deterministic:
        m.verdict, said = "no difference shown", "the same value"
        if difference:
            m.verdict, said = named, effect
        m.sentence = f"{said}; deterministic: identical in every run ({sizes})"
        _judge_equivalence(m)
        return
    if m.p is None:
        m.verdict, m.sentence = "cannot be compared", "; ".join(m.test.reasons[:1])
        return
    interval = m.test.interval
    span = f"{interval.confidence * 100:.4g} % interval {number(interval.low)} to {number(interval.high)}"
    facts = f"{effect}; {span}, {_p_text(m)}, {sizes}"
    if m.p < alpha:
        m.verdict, m.sentence = named, facts
        if m.inside_baseline_spread:
            m.sentence += f"; inside the spread of single runs of {out.a_name}, so one run could not have shown it"
    elif m.inside_baseline_spread:
        m.verdict = "inside the baseline's own spread"
        m.sentence = f"{facts}; {out.a_name} alone ranges from {number(m.a.minimum)} to {number(m.a.maximum)}"
    else:
        m.verdict, m.sentence = "no difference shown", facts
    if m.p >= alpha and m.detectable is not None:
        m.sentence += f"; only true differences above {number(m.detectable, m.unit)} would probably have shown"
    _judge_equivalence(m)


def _judge_equivalence(m: MetricComparison) -> None:
    """The verdict where equivalence was asked for: shown, or not shown. A difference that is shown
    keeps its name unless it is shown to be smaller than the margin: it is then real and too small
    to matter."""
    asked = m.equivalence
    if asked is None:
        return
    if asked["verdict"] == "equivalent":
        shown = (
            f"; the difference is shown all the same: {m.sentence}"
            if m.verdict in ("better", "worse")
            else ""
        )
        m.verdict, m.sentence = "equivalent", f"{asked['sentence']}{shown or '; ' + m.sentence}"
        return
    if m.verdict not in ("better", "worse", "different"):
        m.verdict = "not shown equivalent"
    m.sentence = f"{m.sentence}; {asked['sentence']}"


def restrain(
    m: MetricComparison,
    out: Comparison,
    sides: tuple[list[Run], list[Run]],
    refused: str,
    strict_hygiene: bool,
) -> None:
    """Take back what comparability, lost runs or contention forbid."""
    if refused:
        m.verdict, m.sentence = "cannot be compared", f"{refused}; the numbers: {m.sentence}"
        return
    if out.told and m.verdict != "cannot be compared":
        m.verdict, m.sentence = "exploratory only", f"as reported: {m.sentence}"
        return
    lost = m.a.nonfinite + m.b.nonfinite
    if lost and m.verdict != "cannot be compared":
        m.verdict = "exploratory only"
        m.sentence += f"; {counted(lost, 'run')} gave no finite value, left out of the means"
    if m.moved_by_machine is False or m.deterministic or m.verdict == "exploratory only":
        return  # a result, the same in every run, or no verdict to take back
    _restrain_by_hygiene(m, out, sides, strict_hygiene)


def _restrain_by_hygiene(
    m: MetricComparison,
    out: Comparison,
    sides: tuple[list[Run], list[Run]],
    unknown_blocks: bool,
) -> None:
    """No "worse" (and no "equivalent": it says "not worse") over a machine that was not shown to be
    idle, unless the sides took turns on it."""
    a, b = (
        [run for run in side if m.metric in run.metrics and run.id not in apart]
        for side, apart in zip(sides, m.out_of_turn, strict=True)
    )
    known = hygiene_of(a), hygiene_of(b)
    on_a, on_b = (len(side["contended"]) for side in known)
    unknown, n = sum(side["unknown"] for side in known), len(a) + len(b)
    in_turns = m.rule in IN_TURNS
    blocked = contention_decides(m.verdict, (a, b), m.rule, m.moved_by_machine)
    blocked = blocked or (unknown_blocks and unknown > 0 and m.verdict == "worse" and not in_turns)
    if blocked:
        code = "contended" if on_a + on_b else "unknown-hygiene"
        arithmetic = f"{on_a} + {on_b} contended, {unknown} unknown of {n} runs"
        honest = f"{m.metric} came out {m.verdict}, on a machine that was not shown to be idle"
        if not any(r["code"] == code and r["honest"] == honest for r in out.refusals):
            throttled = sum(len(side["throttled"]) for side in known)
            what = (
                "runs shared the machine or accelerator"
                if code == "contended"
                else "nobody checked for contention"
            )
            if code == "contended" and throttled:
                what = f"{throttled} runs were throttled" + (
                    f", and {what}" if on_a + on_b > throttled else ""
                )
            out.refusals.append(refusal(code, what, arithmetic, honest))
        m.verdict, m.sentence = "cannot be compared", f"{honest}; the numbers: {m.sentence}"
    elif unknown and not in_turns and m.verdict in ("worse", "equivalent"):
        m.sentence += f"; contention is unknown for {unknown} of {n} runs"

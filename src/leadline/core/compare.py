"""Two sets of runs side by side: what differs between them, and what the numbers then bear.

``a`` is the reference and ``b`` what is judged: differences are mean(b) - mean(a), ratios mean(b) / mean(a). The
configuration difference comes first, and when more than the declared axis differs the numbers are shown without a
verdict: a difference that cannot be attributed is worse than none, because it gets quoted. The price is that a
comparison over a sloppy record says "cannot be compared" until the rest is declared.
"""

from __future__ import annotations

from typing import Any

from leadline.core.values import dataclass, field

from .config import ConfigDiff, Difference, config_diff
from .run import MetricDef, Run
from .stats import Sample, TestResult, detectable, one_sample, summarise, welch

VERDICTS = (
    "better",
    "worse",
    "different",
    "no difference shown",
    "inside the baseline's own spread",
    "exploratory only",
    "cannot be compared",
)
ROWS_NAMED = 5


@dataclass(slots=True)
class MetricComparison:
    """One metric on both sides. ``verdict`` is one of ``VERDICTS`` ("different": shown to differ, but the metric has
    no better direction); ``detectable`` is the smallest true difference that these runs would have shown."""

    metric: str
    unit: str
    direction: str
    a: Sample
    b: Sample
    test: TestResult
    verdict: str
    sentence: str
    detectable: float | None = None
    deterministic: bool = False
    inside_baseline_spread: bool | None = None
    target: dict[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "metric": self.metric,
            "unit": self.unit,
            "direction": self.direction,
            "verdict": self.verdict,
            "sentence": self.sentence,
            "a": self.a.as_dict(),
            "b": self.b.as_dict(),
            "difference": self.test.difference,
            "ratio": self.test.ratio,
            "test": self.test.as_dict(),
            "p": self.test.p,
            "minimum_detectable_difference": self.detectable,
            "deterministic": self.deterministic,
            "inside_baseline_spread": self.inside_baseline_spread,
            "target": self.target,
        }


@dataclass(slots=True)
class Comparison:
    """The answer of ``compare``. ``refusals`` hold ``code``, ``what``, ``arithmetic`` and the ``honest`` sentence."""

    a_name: str
    b_name: str
    baseline_id: str
    alpha: float
    diff: ConfigDiff
    a_runs: list[str] = field(default_factory=list)
    b_runs: list[str] = field(default_factory=list)
    left_out: list[dict[str, str]] = field(default_factory=list)
    refusals: list[dict[str, str]] = field(default_factory=list)
    metrics: list[MetricComparison] = field(default_factory=list)
    missing_metrics: list[dict[str, Any]] = field(default_factory=list)
    hygiene: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def apples_to_apples(self) -> bool:
        """Both sides have runs, and nothing but declared axes and nuisances differs."""
        return bool(self.a_runs and self.b_runs) and self.diff.clean

    def as_dict(self) -> dict[str, Any]:
        return {
            "diff": self.diff.as_dict(),
            "apples_to_apples": self.apples_to_apples,
            "refusals": list(self.refusals),
            "a_name": self.a_name,
            "b_name": self.b_name,
            "baseline_id": self.baseline_id,
            "alpha": self.alpha,
            "a_runs": list(self.a_runs),
            "b_runs": list(self.b_runs),
            "left_out": list(self.left_out),
            "metrics": [m.as_dict() for m in self.metrics],
            "missing_metrics": list(self.missing_metrics),
            "hygiene": self.hygiene,
            "notes": list(self.notes),
        }


def why_not_evidence(run: Run) -> str:
    """Why a run does not count, in words; empty when it does."""
    if run.is_evidence:
        return ""
    if run.retracted:
        return f"retracted: {run.retracted}"
    if run.superseded_by:
        return f"superseded by {run.superseded_by}"
    if run.design.get("warmup"):
        return "a warm-up, kept apart from the measurement"
    if run.origin == "reported":
        return "reported: the number was typed, not measured"
    return f"{run.state}: {run.reason}" if run.reason else f"its state is {run.state}"


def number(value: float | None, unit: str = "") -> str:
    """A number for a sentence: six digits at most, with its unit."""
    return "unknown" if value is None else f"{value:.6g}{' ' + unit if unit else ''}"


def refusal(code: str, what: str, arithmetic: str, honest: str) -> dict[str, str]:
    return {"code": code, "what": what, "arithmetic": arithmetic, "honest": honest}


def _hygiene_of(runs: list[Run]) -> dict[str, Any]:
    contended = [run for run in runs if run.hygiene.get("contended") is True]
    unknown = sum(run.hygiene.get("contended") is None for run in runs)
    reasons = sorted({str(reason) for run in contended for reason in run.hygiene.get("reasons") or ()})
    return {
        "contended": sorted(run.id for run in contended),
        "unknown": unknown,
        "clean": len(runs) - len(contended) - unknown,
        "reasons": reasons,
    }


def _names(rows: list[Difference]) -> str:
    shown = ", ".join(f"{row.name} ({row.a!r} against {row.b!r})" for row in rows[:ROWS_NAMED])
    return shown if len(rows) <= ROWS_NAMED else f"{shown} and {len(rows) - ROWS_NAMED} more"


def _comparability(out: Comparison) -> None:
    """The refusals that hold for every metric: who is compared with whom, and in what they differ."""
    a_n, b_n = len(out.a_runs), len(out.b_runs)
    if not a_n or not b_n:
        empty = " and ".join(name for name, n in ((out.a_name, a_n), (out.b_name, b_n)) if not n)
        out.refusals.append(
            refusal(
                "no-runs",
                f"no run of {empty} counts as evidence",
                f"{a_n} against {b_n} counting runs",
                f"nothing is known yet about how {out.b_name} compares with {out.a_name}",
            )
        )
        return
    axis = f"the tested axis ({', '.join(out.diff.axes)})" if out.diff.axes else "a declared axis (there is none)"
    for role, code, verb in (
        ("confound", "confounded-axis", "differ besides"),
        ("unknown", "unknown-difference", "cannot be ruled out besides"),
    ):
        rows = out.diff.of_role(role)
        if rows:
            named = _names(rows)
            out.refusals.append(
                refusal(
                    code,
                    f"not apples to apples: {named}",
                    f"{len(rows)} facts {verb} {axis}",
                    f"{out.b_name} and {out.a_name} differ in more than one thing: the cause is open",
                )
            )
    tested = out.diff.of_role("axis")
    ignored = [row for row in out.diff.of_role("nuisance")]
    if not tested and ignored:
        out.refusals.append(
            refusal(
                "axis-does-not-differ",
                f"the declared axis does not differ; what does is declared a nuisance: {_names(ignored)}",
                f"0 tested facts differ, {len(ignored)} nuisances do",
                "this says nothing about the declared axis",
            )
        )
    elif not tested and not out.diff.of_role("confound") and not out.diff.of_role("unknown"):
        out.refusals.append(
            refusal(
                "nothing-differs",
                f"{out.a_name} and {out.b_name} ran the same thing",
                "0 tested facts differ" + (f" (declared: {', '.join(out.diff.axes)})" if out.diff.axes else ""),
                "a difference between them is noise or drift, not an effect",
            )
        )
    mixed = [row for row in tested if max(row.a_values, row.b_values) > 1]
    if mixed:
        out.refusals.append(
            refusal(
                "mixed-axis",
                f"one side holds several values of the tested axis: {_names(mixed)}",
                "; ".join(f"{row.name}: {row.a_values} against {row.b_values} values" for row in mixed),
                "a mean over several values of the axis says nothing about one of them",
            )
        )


def _contract(runs: list[Run], metric: str, definition: MetricDef) -> set[tuple[str, str]]:
    """The (unit, direction) pairs under which the runs of a side measured a metric."""
    found = set()
    for run in runs:
        if metric in run.metrics:
            own = (run.extraction.get("contract") or {}).get(metric) or {}
            found.add((own.get("unit", definition.unit), own.get("direction", definition.direction)))
    return found


def inside_spread(baseline: Sample, value: float) -> bool | None:
    """Whether ``value`` lies within the baseline's own range or two standard deviations of its mean; None at n < 2."""
    if baseline.mean is None or baseline.sd is None or baseline.minimum is None or baseline.maximum is None:
        return None
    return baseline.minimum <= value <= baseline.maximum or abs(value - baseline.mean) <= 2.0 * baseline.sd


def _against_target(sample: Sample, target: float, direction: str, alpha: float) -> dict[str, Any]:
    """A one-sided test of side b against a number that was set beforehand, in the direction that is better."""
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
    text = f"{b_name} is {number(abs(difference), m.unit)} {'below' if difference < 0 else 'above'} {a_name}"
    ratio = f" ({number(m.test.ratio)} times)" if m.test.ratio is not None else ""
    return f"{text}{ratio}"


def _judge(m: MetricComparison, out: Comparison) -> None:
    """Verdict and sentence from the numbers alone; what forbids a verdict is applied afterwards."""
    difference, alpha = m.test.difference, out.alpha
    if difference is None:
        m.verdict, m.sentence = "cannot be compared", "; ".join(m.test.reasons[:1])
        return
    sizes = f"n = {m.a.n} against {m.b.n}"
    effect = _effect(m, out.a_name, out.b_name)
    if min(m.a.n, m.b.n) == 1:
        m.verdict, m.sentence = "exploratory only", f"{effect}; {sizes}: one run a side shows no spread"
        return
    good = m.direction if m.direction in ("lower", "higher") else ""
    named = "different" if not good else "better" if (difference < 0) == (good == "lower") else "worse"
    if m.deterministic:
        m.verdict = named if difference else "no difference shown"
        m.sentence = f"{effect if difference else 'the same value'}; deterministic: identical in every run ({sizes})"
        return
    if m.test.p is None:
        m.verdict, m.sentence = "cannot be compared", "; ".join(m.test.reasons[:1])
        return
    p, interval = m.test.p, m.test.interval
    span = f"{interval.confidence * 100:.4g} % interval {number(interval.low)} to {number(interval.high)}"
    facts = f"{effect}; {span}, {m.test.name} p = {p:.3g}, {sizes}"
    if p < alpha:
        m.verdict, m.sentence = named, facts
        if m.inside_baseline_spread:
            m.sentence += f"; inside the spread of single runs of {out.a_name}, so one run could not have shown it"
    elif m.inside_baseline_spread:
        m.verdict = "inside the baseline's own spread"
        m.sentence = f"{facts}; {out.a_name} alone ranges from {number(m.a.minimum)} to {number(m.a.maximum)}"
    else:
        m.verdict, m.sentence = "no difference shown", facts
    if p >= alpha and m.detectable is not None:
        m.sentence += f"; only true differences above {number(m.detectable, m.unit)} would probably have shown"


def _restrain(m: MetricComparison, out: Comparison, refused: str, strict_hygiene: bool) -> None:
    """Take back what comparability, lost runs or contention forbid."""
    if refused:
        m.verdict, m.sentence = "cannot be compared", f"{refused}; the numbers: {m.sentence}"
        return
    lost = m.a.nonfinite + m.b.nonfinite
    if lost and m.verdict != "cannot be compared":
        m.verdict = "exploratory only"
        m.sentence += f"; {lost} runs gave no finite value and are not in the means"
    on_a, on_b = len(out.hygiene["a"]["contended"]), len(out.hygiene["b"]["contended"])
    unknown = int(out.hygiene["a"]["unknown"] + out.hygiene["b"]["unknown"])
    blocked = m.verdict == "worse" and (on_a + on_b > 0 or (strict_hygiene and unknown > 0))
    if m.a.is_constant and m.b.is_constant:
        return  # the same in every run: nothing that ran beside it moved it
    if blocked or (m.verdict == "better" and on_a):  # a slowed baseline flatters the other side
        code = "contended" if on_a + on_b else "unknown-hygiene"
        arithmetic = f"{on_a} + {on_b} contended, {unknown} unknown of {len(out.a_runs + out.b_runs)} runs"
        honest = f"{m.metric} came out {m.verdict}, on a machine that was not shown to be idle"
        if not any(r["code"] == code and r["honest"] == honest for r in out.refusals):
            what = "runs shared the machine or accelerator" if code == "contended" else "nobody checked for contention"
            out.refusals.append(refusal(code, what, arithmetic, honest))
        m.verdict, m.sentence = "cannot be compared", f"{honest}; the numbers: {m.sentence}"
    elif m.verdict == "worse" and unknown:
        m.sentence += f"; contention is unknown for {unknown} of {len(out.a_runs + out.b_runs)} runs"


def _sample(runs: list[Run], metric: str) -> Sample:
    sample = summarise(run.metrics[metric] for run in runs if metric in run.metrics)
    sample.nonfinite += sum(metric in run.nonfinite and metric not in run.metrics for run in runs)
    return sample


def _one_metric(
    out: Comparison, name: str, sides: tuple[list[Run], list[Run]], definition: MetricDef, target: float | None
) -> MetricComparison:
    a, b = _sample(sides[0], name), _sample(sides[1], name)
    test = welch(a, b, 1.0 - out.alpha)
    contracts = _contract(sides[0], name, definition), _contract(sides[1], name, definition)
    one = contracts[0] | contracts[1]
    unit, direction = next(iter(one)) if len(one) == 1 else (definition.unit, definition.direction)
    m = MetricComparison(name, unit, direction, a, b, test, "", "")
    m.deterministic = a.is_constant and b.is_constant
    m.inside_baseline_spread = None if b.mean is None else inside_spread(a, b.mean)
    if test.df is not None and test.t and test.difference:
        m.detectable = detectable(abs(test.difference / test.t), test.df, out.alpha)
    elif test.df is not None and a.standard_error is not None and b.standard_error is not None:
        m.detectable = detectable((a.standard_error**2 + b.standard_error**2) ** 0.5, test.df, out.alpha)
    if target is not None:
        m.target = _against_target(b, target, direction, out.alpha)
    if len(one) > 1:
        listed = ", ".join(sorted(f"{u or 'no unit'}/{d}" for u, d in one))
        m.verdict, m.sentence = "cannot be compared", f"measured under different contracts (unit/direction): {listed}"
    else:
        _judge(m, out)
    return m


def _split(runs: list[Run], side: str, out: Comparison) -> list[Run]:
    kept = sorted((run for run in runs if run.is_evidence), key=lambda run: (run.uid, run.id))
    out.left_out += [
        {"run": run.id, "side": side, "why": why_not_evidence(run)}
        for run in sorted(runs, key=lambda run: (run.uid, run.id))
        if not run.is_evidence
    ]
    return kept


def compare(
    a_runs: list[Run],
    b_runs: list[Run],
    *,
    axes: list[str] | None = None,
    nuisance: list[str] | None = None,
    metric_defs: dict[str, MetricDef] | None = None,
    metrics: list[str] | None = None,
    target: dict[str, float] | None = None,
    alpha: float = 0.05,
    a_name: str = "a",
    b_name: str = "b",
    baseline_id: str = "",
    strict_hygiene: bool = False,
) -> Comparison:
    """``b`` against the reference ``a``; runs that are no evidence are left out and named.

    ``metrics``: which to compare (all that appear, else). ``target``: metric to a number set beforehand, against
    which side b is tested. ``strict_hygiene``: unknown contention blocks "worse" as known contention does.
    """
    out = Comparison(a_name, b_name, baseline_id, alpha, ConfigDiff([], []))
    a, b = _split(a_runs, "a", out), _split(b_runs, "b", out)
    out.a_runs, out.b_runs = [run.id for run in a], [run.id for run in b]
    out.diff = config_diff(a, b, axes, nuisance)
    out.hygiene = {"a": _hygiene_of(a), "b": _hygiene_of(b)}
    _comparability(out)
    refused = "; ".join(r["what"] for r in out.refusals)
    present = [{name for run in side for name in (*run.metrics, *run.nonfinite)} for side in (a, b)]
    for name in sorted(set(metrics) if metrics is not None else present[0] | present[1]):
        lacking = [side for side, names in zip("ab", present, strict=True) if name not in names]
        if lacking:
            out.missing_metrics.append({"metric": name, "missing_on": lacking})
            continue
        definition = (metric_defs or {}).get(name) or MetricDef(name)
        m = _one_metric(out, name, (a, b), definition, (target or {}).get(name))
        _restrain(m, out, refused, strict_hygiene)
        out.metrics.append(m)
    if out.left_out:
        out.notes.append(f"{len(out.left_out)} of {len(a_runs) + len(b_runs)} runs are no evidence and were left out")
    tested = sum(m.test.p is not None for m in out.metrics)
    if tested > 1:
        out.notes.append(f"{tested} metrics were tested at once: expect {tested * alpha:.2g} of them by chance alone")
    return out

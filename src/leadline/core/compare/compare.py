"""Two sets of runs side by side: what differs between them, and what the numbers then bear.

``a`` is the reference and ``b`` what is judged: differences are mean(b) - mean(a), ratios mean(b) /
mean(a). The configuration difference comes first, and when more than the declared axis differs the
numbers are shown without a verdict: a difference that cannot be attributed is worse than none,
because it gets quoted. The price is that a comparison over a sloppy record says "cannot be
compared" until the rest is declared.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from leadline.core.compare.choice import NO_CHOICE, Choice
from leadline.core.compare.comparability import check_comparability
from leadline.core.compare.comparison import (
    Comparison,
    Detectable,
    EquivalenceAsked,
    MetricComparison,
    Size,
    number,
    refusal,
)
from leadline.core.compare.config_diff import ConfigDiff, config_diff
from leadline.core.compare.contention import hygiene_of
from leadline.core.compare.difference import EXACT, NOT_IN_TURNS, Difference, difference
from leadline.core.compare.looks import adjusted_p, share
from leadline.core.compare.no_effect import count_once
from leadline.core.compare.over_cells import both_ways, pair_over
from leadline.core.compare.over_items import over_items
from leadline.core.compare.verdict import against_target, inside_spread, judge, restrain
from leadline.core.metric.contract import (
    contract_of,
    contracts_differ,
    contracts_of,
    moved_by_machine,
)
from leadline.core.metric.inputs import with_inputs
from leadline.core.metric.items import Shared, on_shared_items
from leadline.core.record.run import MetricDef, Run, told_runs, why_not_evidence
from leadline.core.stats.distributions import t_upper_quantile
from leadline.core.stats.equivalence import equivalence
from leadline.core.stats.inference import TestResult, summarise, unavailable
from leadline.core.stats.multiplicity import holm
from leadline.core.stats.outliers import outliers
from leadline.core.stats.power import detectable, n_needed, n_needed_paired
from leadline.core.timestamps import few, plural
from leadline.core.typed import cast

__all__ = [
    "Comparison",
    "MetricComparison",
    "Size",
    "compare",
    "number",
    "refusal",
]
RUNS_NAMED = 3
POWER = 0.8  # the chance with which a "detectable" difference shows


def standard_error(test: TestResult) -> float | None:
    """The standard error that a t test of a difference rests on; None for other tests and without
    spread."""
    if test.df is None or test.difference is None:
        return None
    if test.t and test.difference:
        return abs(test.difference / test.t)
    low, high = test.interval.low, test.interval.high
    if low is None or high is None:
        return None
    quantile = t_upper_quantile(0.5 * (1.0 - test.interval.confidence), test.df)
    return 0.5 * (high - low) / quantile if quantile else None


def _detect(m: MetricComparison, size: Size, alpha: float) -> Detectable:
    """Whether these runs would have shown a difference of ``size``, and how many a side would."""
    answer: Detectable = {
        "size": size.text,
        "difference": None,
        "n_needed": None,
        "bears": None,
        "reason": "",
    }
    if m.a.mean is None or (size.relative and not m.a.mean):
        answer["reason"] = "there is no reference mean to take a share of"
        return answer
    wanted = size.value * abs(m.a.mean) if size.relative else size.value
    answer["difference"] = wanted
    error = standard_error(m.test)
    if m.deterministic:
        answer |= {
            "bears": True,
            "n_needed": 2,
            "reason": "deterministic: any difference shows",
        }
    elif m.a.sd is None or m.b.sd is None:
        answer["reason"] = "one run a side shows no spread, so nothing says how many are needed"
    elif m.pairs and error is not None:
        answer["n_needed"] = n_needed_paired(error * math.sqrt(m.pairs), wanted, alpha, POWER)
        answer["counted"] = "pairs"
    else:
        spread = math.sqrt(0.5 * (m.a.sd**2 + m.b.sd**2))
        answer["n_needed"] = n_needed(spread, wanted, alpha, POWER)
        answer["counted"] = "runs a side" + (
            ", taken in turns," if m.withheld == NOT_IN_TURNS else ""
        )
    if m.detectable is not None:
        answer["bears"] = m.detectable <= wanted
    return answer


def _equivalent(
    m: MetricComparison,
    sides: tuple[list[Run], list[Run]],
    definition: MetricDef,
    size: Size,
    out: Comparison,
) -> EquivalenceAsked:
    """Whether the means are shown to differ by less than ``size``. Both ends of a relative margin
    are tested by the rule that chose the test of the difference; where values are at or below zero
    a share of them means nothing."""

    def scaled(factor: float, confidence: float) -> TestResult:
        return difference(
            *sides, m.metric, definition, factor=factor, confidence=confidence, over=out.over
        ).test

    above_zero = (m.a.minimum or 0.0) > 0.0 and (m.b.minimum or 0.0) > 0.0
    found = equivalence(
        m.test, size.value, size.relative, 1.0 - out.alpha, scaled if above_zero else None
    )
    return cast("EquivalenceAsked", {**found.as_dict(), "size": size.text})


def _outliers(
    out: Comparison, sides: tuple[list[Run], list[Run]], name: str, m: MetricComparison
) -> None:
    """Values far from the rest of their side, by run id. They stay in every figure."""
    for side, label, runs in (("a", out.a_name, sides[0]), ("b", out.b_name, sides[1])):
        used = [run for run in runs if name in run.metrics]
        found = outliers([run.metrics[name] for run in used])
        ids = [used[i].id for i in found.indices]
        m.outliers[side] = {
            "runs": ids,
            "method": found.method,
            "limit": found.limit,
            "n": found.n,
            "reason": found.reason,
        }
        if ids:
            more = f" and {len(ids) - 3} more" if len(ids) > 3 else ""
            m.notes.append(
                f"outliers of {label}, kept in all figures: {', '.join(ids[:3])}{more} ({found.method})"
            )


def _each_result_once(
    out: Comparison, a: list[Run], b: list[Run], definition: MetricDef
) -> tuple[list[Run], list[Run], list[str]]:
    """Both sides without the runs that an axis without any effect tells apart, and what is said of it.
    Where they are paired by its values, one that moves the other side stands for its pairs."""
    metric, again = definition.name, list[dict[str, str]]()
    notes: list[str] = []
    for name, runs in ((out.a_name, a), (out.b_name, b)):
        again.append({})
        _, idle = count_once([r for r in runs if metric in r.metrics], definition, again[-1])
        notes += [
            f"{few(keys, RUNS_NAMED)} had no effect on {metric} of {name}: one result"
            for keys in idle
        ]
    if not out.over or all(again):
        a, b = ([r for r in side if r.id not in of] for side, of in zip((a, b), again, strict=True))
    return a, b, notes


def _one_metric(
    out: Comparison,
    name: str,
    sides: tuple[list[Run], list[Run]],
    definition: MetricDef,
    target: float | None,
    choice: Choice,
) -> MetricComparison:
    """The numbers of one metric, without the verdict: that waits for what else is judged."""
    found: Difference = difference(
        sides[0], sides[1], name, definition, confidence=1.0 - out.alpha, over=out.over
    )
    a, b = found.a, found.b
    contracts = contracts_of([*sides[0], *sides[1]], definition)
    apart = contracts_differ(contracts)
    own = contracts[0] if contracts and not apart else contract_of(definition)
    unit, direction = str(own.get("unit", "")), str(own.get("direction", "none"))
    m = MetricComparison(name, unit, direction, a, b, found.test, "", "", found.rule, found.pairs)
    m.notes += found.notes
    m.withheld = found.withheld
    m.deterministic = found.rule == EXACT and not m.withheld
    m.out_of_turn = [[run.id for run in side] for side in found.out_of_turn]
    _count(out, m, sides, definition, choice)
    m.inside_baseline_spread = None if b.mean is None else inside_spread(a, b.mean)
    m.moved_by_machine = moved_by_machine(definition)
    error = standard_error(found.test)
    if error is not None and found.test.df is not None:
        m.detectable = detectable(error, found.test.df, out.alpha, POWER)
    _outliers(out, sides, name, m)
    if target is not None:
        m.target = against_target(b, target, direction, out.alpha)
    if apart:
        _keep_apart(m, apart, sides, definition)
    return m


def _count(
    out: Comparison,
    m: MetricComparison,
    sides: tuple[list[Run], list[Run]],
    definition: MetricDef,
    choice: Choice,
) -> None:
    """The p value after the looks that were taken and the choice that was made."""
    if m.test.p is None:
        return
    a, b = ([r for r in side if r.is_evidence and m.metric in r.metrics] for side in sides)

    def found(left: list[Run], right: list[Run]) -> Difference:
        return difference(
            left, right, m.metric, definition, confidence=1.0 - out.alpha, over=out.over
        )

    m.choices, m.choice = choice.count, choice.words
    m.p_counted, m.looks = adjusted_p(
        lambda left, right: found(left, right).test.p,
        a,
        b,
        m.test.p,
        choice.count,
        lambda left, right: found(left, right).bears_a_test,
    )


def _with_alike(
    out: Comparison,
    m: MetricComparison,
    sides: tuple[list[Run], list[Run]],
    alike: tuple[list[Run], list[Run]],
    definition: MetricDef,
) -> None:
    """The p value is no smaller than with the runs alike that a side leaves out."""
    count = sum(map(len, alike))
    if not count or m.p_counted is None or m.test.difference is None:
        return
    a_all, b_all = ([*side, *others] for side, others in zip(sides, alike, strict=True))

    def found(left: list[Run], right: list[Run]) -> Difference:
        return difference(
            left, right, m.metric, definition, confidence=1.0 - out.alpha, over=out.over
        )

    whole = found(a_all, b_all)
    p = 1.0
    if whole.test.p is not None and (whole.test.difference or 0.0) * m.test.difference > 0.0:
        p = whole.test.p
        p, _ = adjusted_p(lambda left, right: found(left, right).test.p, a_all, b_all, p, 1)
    homes = few(list(dict.fromkeys(r.experiment for side in alike for r in side)), RUNS_NAMED)
    said = f"{count} alike {plural(count, 'run')} left out ({homes})"
    m.notes.append(f"{said}; with them p = {p:.3g}" if p > m.p_counted else said)
    m.p_counted = max(p, m.p_counted)


def _keep_apart(
    m: MetricComparison, apart: list[str], sides: tuple[list[Run], list[Run]], definition: MetricDef
) -> None:
    """Numbers that meant different things: each side in its own unit, and nothing that was computed
    from both."""
    m.verdict, m.sentence = (
        "cannot be compared",
        f"measured under different contracts: {'; '.join(apart)}",
    )
    m.test = unavailable(m.test.name, None, m.test.interval.confidence, "different contracts")
    m.rule, m.pairs, m.notes, m.apart = "", 0, [], apart
    m.detectable = m.target = m.inside_baseline_spread = None
    m.deterministic = False
    for runs in sides:
        units = dict.fromkeys(
            str(c.get("unit", "")) or "no unit" for c in contracts_of(runs, definition)
        )
        m.side_units.append(" or ".join(units))


def _items(
    out: Comparison, m: MetricComparison, shared: Shared, sides: tuple[list[Run], list[Run]]
) -> None:
    """Both universes beside the figures, which are those of the shared items. ``m`` is not judged
    yet."""
    a_own, b_own = (
        summarise(r.metrics[m.metric] for r in runs if m.metric in r.metrics).mean for runs in sides
    )
    a_shared, b_shared, by_item = m.a.mean, m.b.mean, None
    if shared.reason:
        a_shared = b_shared = None
    else:
        by_item = over_items(shared, m.direction, 1.0 - out.alpha)
    m.items = {
        "by": shared.by,
        "rule": shared.rule,
        "a_items": shared.a_all,
        "b_items": shared.b_all,
        "both": shared.n,
        "same": shared.same,
        "uneven": shared.uneven,
        "a_own": a_own,
        "b_own": b_own,
        "a_shared": a_shared,
        "b_shared": b_shared,
        "over_items": by_item,
        "reason": shared.reason,
        "words": shared.words(out.a_name, out.b_name),
    }
    for side in shared.uneven:
        name = out.a_name if side == "a" else out.b_name
        m.notes.append(f"the runs of {name} have different items among themselves")
    if shared.reason and not m.verdict:
        m.verdict = "cannot be compared"
        m.sentence = f"{m.items['words']}: {shared.reason}; each on its own: {number(a_own)} against {number(b_own)}"


def _judge_together(out: Comparison, ready: list[MetricComparison]) -> None:
    """Holm's adjustment over the metrics judged at once, then the verdict of each."""
    tested = [m for m in ready if m.p_counted is not None and m.bears_a_verdict]
    for m, adjusted in zip(tested, holm([m.p_counted for m in tested]), strict=True):
        m.p_adjusted, m.judged = adjusted, len(tested)
    asked = [(m, m.equivalence) for m in ready if m.equivalence is not None and m.bears_a_verdict]
    counted = [
        None if answer["p"] is None else min(1.0, answer["p"] * m.choices / share(max(m.looks, 1)))
        for m, answer in asked
    ]
    for (m, answer), adjusted in zip(asked, holm(counted), strict=True):
        answer["p_adjusted"] = adjusted
        many = len(asked) > 1 or m.looks > 1 or m.choices > 1
        if many and answer["verdict"] == "equivalent" and (adjusted or 0.0) >= out.alpha:
            answer["verdict"] = "not shown"
            answer["sentence"] += (
                f"; not after looks, choice and the other metrics (p = {adjusted:.3g})"
            )
    for m in ready:
        judge(m, out)
    if len(tested) > 1:
        out.notes.append(
            f"{len(tested)} metrics were judged at once: the verdicts rest on p values adjusted by Holm's method; "
            "intervals are those of each metric alone"
        )


def _split(runs: list[Run], side: str, out: Comparison) -> list[Run]:
    """The runs of a side that count; where none does, what was reported of it."""
    counted = [run for run in runs if run.is_evidence] or told_runs(runs)
    if counted and not any(run.is_evidence for run in runs):
        out.told.append(out.a_name if side == "a" else out.b_name)
    used = {run.uid for run in counted}
    out.left_out += [
        {"run": run.id, "side": side, "why": why_not_evidence(run)}
        for run in sorted(runs, key=lambda run: (run.uid, run.id))
        if run.uid not in used
    ]
    return sorted(counted, key=lambda run: (run.uid, run.id))


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
    detect: dict[str, Size] | None = None,
    equivalent: dict[str, Size] | None = None,
    choice_of: Callable[[str], Choice] = lambda metric: NO_CHOICE,
    over: Sequence[str] = (),
    alike_of: Callable[[str], tuple[list[Run], list[Run]]] = lambda metric: ([], []),
) -> Comparison:
    """``b`` against the reference ``a``; runs that are no evidence are left out and named. A side of
    which everything was reported is described, and bears no verdict.

    ``metrics``: which to compare (all that appear, else). ``target``: metric to a number set
    beforehand, against which side b is tested. ``strict_hygiene``: unknown contention blocks
    "worse" for metrics of which nobody said whether the machine moves them, too. ``detect``: the
    difference that matters, by metric ("" for all); ``equivalent``: the margin within which two
    means count as the same, likewise. ``choice_of``: among how many comparisons of a metric this one
    was chosen. ``over``: the keys by whose values the sides are paired, where both have them.
    ``alike_of``: the runs of the same command, config and code that a side leaves out.
    """
    out = Comparison(a_name, b_name, baseline_id, alpha, ConfigDiff([], []))
    a, b = _split(a_runs, "a", out), _split(b_runs, "b", out)
    if over:
        a, b = pair_over(out, a, b, over)
    out.a_runs, out.b_runs = [run.id for run in a], [run.id for run in b]
    judged = metrics if metrics is not None else {name for run in (*a, *b) for name in run.metrics}
    out.diff = config_diff(a, b, axes, nuisance, with_inputs(judged, metric_defs or {}))
    out.hygiene = {"a": hygiene_of(a), "b": hygiene_of(b)}
    check_comparability(out, a, b)
    refused = "; ".join(r["what"] for r in out.refusals)
    present = [{name for run in side for name in (*run.metrics, *run.nonfinite)} for side in (a, b)]
    for name in sorted(set(metrics) if metrics is not None else present[0] | present[1]):
        lacking = [side for side, names in zip("ab", present, strict=True) if name not in names]
        if lacking:
            out.missing_metrics.append({"metric": name, "missing_on": lacking})
            continue
        definition = (metric_defs or {}).get(name) or MetricDef(name)
        left, right, shared = on_shared_items(a, b, name)
        left, right, idle = _each_result_once(out, left, right, definition)
        number_set = (target or {}).get(name)
        m = _one_metric(out, name, (left, right), definition, number_set, choice_of(name))
        if shared is None or shared.same:
            _with_alike(out, m, (left, right), alike_of(name), definition)
        m.notes += [*both_ways(out, m, left, right), *idle]
        if shared is not None:
            _items(out, m, shared, (a, b))
        size = (detect or {}).get(name) or (detect or {}).get("")
        if size is not None and not m.apart:
            m.detect = _detect(m, size, alpha)
        margin = (equivalent or {}).get(name) or (equivalent or {}).get("")
        if margin is not None and not m.apart:
            m.equivalence = _equivalent(m, (left, right), definition, margin, out)
        out.metrics.append(m)
    _judge_together(out, [m for m in out.metrics if not m.verdict])
    for m in out.metrics:
        if m.items is not None and not m.items["same"] and not m.items["reason"]:
            m.sentence = f"over the {m.items['both']} items that all runs have: {m.sentence}"
        restrain(m, out, (a, b), refused, strict_hygiene)
    if out.told:
        told = " and ".join(out.told)
        out.notes.append(f"what is said of {told} was reported: nobody saw it measured")
    if out.left_out:
        out.notes.append(
            f"{len(out.left_out)} of {len(a_runs) + len(b_runs)} runs are no evidence and were left out"
        )
    return out

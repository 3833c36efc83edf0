"""How well a claim is known, computed from runs: none, refuted, exploratory, replicated, stable.

Nobody chooses a label; it follows from what counts, so it falls again when a run is retracted. The
rules err towards the lower label, since a label that is too high is quoted for years and one that
is too low costs a repeat:

- ``none``: some operand has no counting run. ``refuted``: the runs say the opposite of the claim, on average.
- ``exploratory``: it holds, on too few repeats, without the interval's support, or with contrary runs.
- ``replicated``: at least three distinct counting executions per named side, in turns where the machine moves the
  metric, every clause supported by the 95 % interval (or exact, for deterministic metrics over distinct inputs) and at
  a look whose level counts the other looks and the choice (``core/compare/looks.py``), and no contrary run.
- ``stable``: replicated at every combination of the values of the declared axes, claim and reference matched on it. A
  seed as an axis is itself what repeats vary: it needs one run a side at each value, and the repeats over the seeds.

A run is *contrary* when its own value breaks a clause that the means satisfy, by more than the
spread of the other runs explains (their prediction interval, 95 % for all runs together; with fewer
than four runs nothing is excused). All runs of an axis value at which the claim is false are contrary as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from itertools import product

from leadline.core.canonical import canonical_json
from leadline.core.compare.comparison import number
from leadline.core.compare.config_diff import fact_of
from leadline.core.compare.no_effect import count_once
from leadline.core.compare.reruns import is_seed, reruns, seed_of
from leadline.core.evidence.evaluate import (
    Choosing,
    ClauseResult,
    confidence_for,
    distance_holds,
    evaluate_clause,
)
from leadline.core.evidence.found import Evidence
from leadline.core.evidence.marks import Mark
from leadline.core.evidence.predicate import Predicate, Subject
from leadline.core.metric.contract import counted_exactly, moved_by_machine
from leadline.core.record.run import MetricDef, Run, why_not_evidence
from leadline.core.stats.distributions import t_upper_quantile
from leadline.core.stats.inference import summarise
from leadline.core.stats.power import n_needed
from leadline.core.stats.precision import distance
from leadline.core.timestamps import few, plural
from leadline.core.typed import Any
from leadline.core.values import dataclass, field

REPEATS_NEEDED = 3
MOST_CELLS = 1000
_EXCUSE_FROM_N = 4
_NAMED = 3


def distinct_executions(runs: list[Run], definition: MetricDef) -> tuple[list[Run], dict[str, str]]:
    """(the runs that count for the metric, each distinct execution once; run id to why the others
    do not).

    The outcome does not depend on the order of ``runs``.
    """
    metric = definition.name
    kept: list[Run] = []
    dropped: dict[str, str] = {}
    by_uid: dict[str, str] = {}
    by_result: dict[str, str] = {}
    for run in sorted(
        runs, key=lambda r: (r.uid, not r.is_evidence, r.id, canonical_json(r.metrics))
    ):
        reason = why_not_evidence(run)
        digest = str(run.outputs.get("result_digest") or "") if run.origin == "imported" else ""
        if not reason and metric not in run.metrics:
            reason = f"{metric} {_why_no_value(run, metric)}"
        if not reason and run.uid in by_uid:
            if by_uid[run.uid] == run.id:
                continue  # the very same run, named by two selectors
            reason = f"the same execution as {by_uid[run.uid]}"
        if not reason and digest and digest in by_result:
            reason = f"the same result file as {by_result[digest]}"
        if reason:
            dropped.setdefault(run.id, reason)
            continue
        by_uid[run.uid] = run.id
        if digest:
            by_result[digest] = run.id
        kept.append(run)
    # The machine moves a time: two equal ones are the clock's resolution, not a deterministic
    # metric run again. Of a count nothing but running it again shows that it is one.
    is_result = not moved_by_machine(definition)
    if counted_exactly(definition):
        is_result = any(seed_of(run) for run in kept)
    return (_without_reruns(kept, metric, dropped) if is_result else kept), dropped


def _why_no_value(run: Run, metric: str) -> str:
    if metric in run.nonfinite:
        return f"was {run.nonfinite[metric]}"
    return "is of a cut series" if metric in run.extraction.get("cut", {}) else "is not recorded"


def _without_reruns(runs: list[Run], metric: str, dropped: dict[str, str]) -> list[Run]:
    """Leave out reruns of a deterministic metric."""
    again = reruns(runs, metric)
    for name, first in again.items():
        dropped[name] = (
            f"a rerun of {first}: a deterministic metric with the same seed and input is not a repeat"
        )
    return [run for run in runs if run.id not in again]


@dataclass(slots=True)
class _Cell:
    """One evaluation of the whole predicate: over everything, or at one combination of axis values
    (``where``)."""

    where: str
    results: list[ClauseResult] = field(default_factory=list)
    contrary: set[str] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool | None:
        states = [result.holds for result in self.results]
        if False in states:
            return False
        return None if None in states else True

    @property
    def replicated(self) -> bool:
        return self.holds is True and not self.missing and not self.contrary

    @property
    def is_empty(self) -> bool:
        return all(result.left.n == 0 for result in self.results)


def _contrary_of(result: ClauseResult) -> set[str]:
    """Runs of the claimed side that break a clause which the mean satisfies, beyond what the
    others' spread allows."""
    clause, runs = result.clause, result.judged
    found: set[str] = set()
    if clause.op == "~=":
        # about means: single runs of a noisy metric scatter past any margin worth naming
        return found
    against = clause.bound if result.right is None else result.right.mean
    if not result.holds or against is None:
        return found
    for run in runs:
        value = run.metrics[clause.metric]
        if distance_holds(clause.op, distance(value, against), result.tolerance):
            continue
        others = summarise(r.metrics[clause.metric] for r in runs if r is not run)
        if others.n + 1 >= _EXCUSE_FROM_N and others.mean is not None and others.sd is not None:
            reach = (
                t_upper_quantile(0.025 / len(runs), others.n - 1)
                * others.sd
                * math.sqrt(1.0 + 1.0 / others.n)
            )
            if abs(value - others.mean) <= reach:
                continue
        found.add(run.id)
    return found


def _lacking(result: ClauseResult, where: str) -> list[str]:
    """What one clause lacks for ``replicated``, in numbers."""
    clause, lacks = result.clause, []
    waiting = [len(side) for side in result.out_of_turn]  # repeats all the same
    sides = [(clause.metric, clause.subject, result.left.n + waiting[0])]
    if clause.right is not None and result.right is not None:
        sides.append((clause.right_metric, clause.right, result.right.n + waiting[1]))
    for metric, subject, n in sides:
        if n < REPEATS_NEEDED:
            more = REPEATS_NEEDED - n
            lacks.append(
                f"{more} more distinct {plural(more, 'execution')} of "
                f"{metric}({subject.format()}){where}, other in seed or input where the metric is "
                f"deterministic: {n} of {REPEATS_NEEDED} counted"
            )
    if result.holds and not lacks and not result.lasting:
        if result.withheld:
            lacks.append(f"sides that bear a verdict{where}: {result.withheld}")
        else:
            lacks.append((_not_lasting if result.supported else _unsupported)(result, where))
    return lacks


def _unsupported(result: ClauseResult, where: str) -> str:
    interval = result.interval
    if interval.low is None or interval.high is None or result.left.mean is None:
        return f"an interval for {result.clause.format()}{where}: {interval.reason}"
    text = (
        f"support by the interval{where}: the {100 * confidence_for(result.clause.op):g} % interval of the difference, "
        f"{number(interval.low)} to {number(interval.high)}, reaches past the margin"
    )
    against = result.clause.bound if result.right is None else result.right.mean or 0.0
    spread = max(result.left.sd or 0.0, (result.right.sd or 0.0) if result.right else 0.0)
    distance = abs(result.left.mean - against)
    n = n_needed(spread, distance if result.clause.op != "~=" else result.tolerance - distance)
    return (
        text if n is None else f"{text}; about {n} runs a side would show a difference of this size"
    )


def _not_lasting(result: ClauseResult, where: str) -> str:
    """The interval bears it now, and it was looked at too often for that to be enough."""
    looks = result.looks
    interval, level = looks.interval, looks.level
    if interval is None or level is None:
        return f"a look with {REPEATS_NEEDED} runs a side{where}"
    counted = [f"look {looks.last}"] if looks.last > 1 else []
    counted += [f"one of {looks.choices} comparisons to choose from"] if looks.choices > 1 else []
    text = (
        f"support that counts looks and choice{where}: {' and '.join(counted) or 'the first look'} leaves "
        f"{100 * level:.2g} % of error, "
    )
    if not interval.known:
        return f"{text}and there is no interval: {interval.reason}"
    return f"{text}and the interval at it, {number(interval.low)} to {number(interval.high)}, reaches past the margin"


def out_of_scope(run: Run, axes: dict[str, list[Any]]) -> str:
    """Why a claim over ``axes`` says nothing about ``run``: its value of one of them is not among
    those named; "" when it does, or when the run does not tell. Seeds are repeats: one more seed is
    one more of them."""
    for axis, values in axes.items():
        value = None if is_seed(axis) else fact_of(run, axis)
        if value is not None and canonical_json(value) not in {canonical_json(v) for v in values}:
            return f"outside what the claim is about: {axis} = {value}"
    return ""


class _Counter:
    """Collects, over all operands and cells, which runs counted and why others did not."""

    def __init__(
        self,
        resolve: Callable[[Subject], list[Run]],
        axes: dict[str, list[Any]],
        metric_defs: dict[str, MetricDef],
    ) -> None:
        self.resolve = resolve
        self.axes = axes
        self.metric_defs = metric_defs
        self.counted: set[str] = set()
        self.dropped: dict[str, str] = {}
        self.without_effect: dict[tuple[str, tuple[str, ...]], None] = {}

    def runs(self, subject: Subject, metric: str, at: dict[str, object]) -> list[Run]:
        found = []
        for run in self.resolve(subject):
            if outside := out_of_scope(run, self.axes):
                self.dropped.setdefault(run.id, outside)
            else:
                found.append(run)
        for axis, value in at.items():
            wanted = canonical_json(value)
            found = [run for run in found if canonical_json(fact_of(run, axis)) == wanted]
        kept, dropped = distinct_executions(
            found, self.metric_defs.get(metric) or MetricDef(metric)
        )
        kept, without_effect = count_once(
            kept, self.metric_defs.get(metric) or MetricDef(metric), dropped
        )
        self.without_effect.update(dict.fromkeys((metric, keys) for keys in without_effect))
        self.counted |= {run.id for run in kept}
        for run_id, reason in dropped.items():
            self.dropped.setdefault(run_id, reason)
        return kept


def _evaluate_cell(
    predicate: Predicate,
    counter: _Counter,
    metric_defs: dict[str, MetricDef],
    at: dict[str, object] | None = None,
    one_run_is_enough: bool = False,
    choosing: Choosing | None = None,
) -> _Cell:
    at = at or {}
    cell = _Cell(
        " at " + ", ".join(f"{axis} = {value}" for axis, value in at.items()) if at else ""
    )
    for clause in predicate.clauses:
        left = counter.runs(clause.subject, clause.metric, at)
        right = counter.runs(clause.right, clause.right_metric, at) if clause.right else []
        result = evaluate_clause(clause, left, right, metric_defs.get(clause.metric), choosing)
        cell.results.append(result)
        cell.contrary |= _contrary_of(result)
        if not one_run_is_enough:
            cell.missing += _lacking(result, cell.where)
        elif result.holds is None:
            cell.missing.append(f"one run a side of {clause.format()}{cell.where}")
        if at and result.holds is False:
            cell.contrary |= {run.id for run in left}
    return cell


def axes_of(predicate: Predicate, across: dict[str, list[Any]] | None) -> dict[str, list[Any]]:
    """Declared axes of both sources, each with its distinct values in a fixed order."""
    axes: dict[str, dict[str, object]] = {}
    for name, values in [*predicate.over, *(across or {}).items()]:
        axes.setdefault(name, {}).update({canonical_json(v): v for v in values})
    return {name: [axes[name][text] for text in sorted(axes[name])] for name in sorted(axes)}


def combinations(axes: dict[str, list[Any]]) -> list[dict[str, object]]:
    """Every combination of the axes' values: what the claim says it holds at. Not for more than
    ``MOST_CELLS``."""
    return (
        [dict(zip(axes, values, strict=True)) for values in product(*axes.values())] if axes else []
    )


def _cells(
    predicate: Predicate,
    counter: _Counter,
    metric_defs: dict[str, MetricDef],
    axes: dict[str, list[Any]],
    choosing: Choosing | None,
) -> list[_Cell]:
    """Each combination of the axes with repeats of its own; seeds apart, which are the repeats of
    the others."""
    others = {name: values for name, values in axes.items() if not is_seed(name)}

    def cells_at(which: dict[str, list[Any]], one_run: bool) -> list[_Cell]:
        return [
            _evaluate_cell(predicate, counter, metric_defs, at, one_run, choosing)
            for at in combinations(which)
        ]

    return cells_at(others, False) + (cells_at(axes, True) if len(others) < len(axes) else [])


def _label(out: Evidence, centre: _Cell, cells: list[_Cell], axes: dict[str, list[Any]]) -> None:
    """The label and its sentences from the evaluated cells."""
    known = [cell for cell in cells if cell.holds is not None]
    false_cells = [cell for cell in known if not cell.holds]
    seeds_only = all(is_seed(name) for name in axes)
    every_cell_holds = (
        bool(cells) and len(known) == len(cells) and not false_cells and not seeds_only
    )
    if centre.holds is None:
        out.label, out.missing = "none", list(centre.missing)
        return
    if not centre.holds and not every_cell_holds:
        out.label = "refuted"
        out.missing = ["runs whose average satisfies the claim, or a claim that these runs bear"]
        return
    out.false_at = [cell.where.removeprefix(" at ") for cell in false_cells]
    out.why += [f"the claim is false at {where}" for where in out.false_at]
    all_replicated = bool(cells) and all(cell.replicated for cell in cells)
    replicated = not out.contrary and (centre.replicated or (all_replicated and not seeds_only))
    if out.contrary:
        out.missing.append(
            f"an explanation or a narrower claim for {len(out.contrary)} contrary of {len(out.counted)} runs: "
            + ", ".join(out.contrary)
        )
    if not replicated:
        out.label = "exploratory"
        out.missing += centre.missing
        return
    short = [name for name, values in axes.items() if len(values) < 2]
    few_seeds = (
        seeds_only
        and all(len(values) < REPEATS_NEEDED for values in axes.values())
        and any(_lacking(result, "") for cell in cells for result in cell.results)
    )
    if axes and not short and not few_seeds and all_replicated:
        out.label = "stable"
        return
    out.label = "replicated"
    if not axes:
        out.missing.append(
            "a declared axis with at least 2 values over which the claim is to hold: 0 declared"
        )
    out.missing += [f"at least 2 values of {name}: {len(axes[name])} declared" for name in short]
    if few_seeds and axes and not short:
        out.missing.append(
            f"at least {REPEATS_NEEDED} seeds, or another axis with at least 2 values: "
            + ", ".join(f"{len(values)} of {name}" for name, values in axes.items())
        )
    out.missing += _missing_cells(cells)


def _missing_cells(cells: list[_Cell]) -> list[str]:
    """Empty combinations in one line, then what the others lack."""
    lines = []
    empty = [cell for cell in cells if cell.is_empty]
    if len(empty) > 1:
        named = ";".join(cell.where.removeprefix(" at") for cell in empty[:_NAMED]).strip()
        more = f"; and {len(empty) - _NAMED} more" if len(empty) > _NAMED else ""
        lines.append(
            f"runs at {len(empty)} of {len(cells)} combinations of the declared axes: {named}{more}"
        )
    return lines + [
        line for cell in cells for line in cell.missing if len(empty) < 2 or not cell.is_empty
    ]


def _no_effect(metric: str, keys: tuple[str, ...]) -> Mark:
    named = few(keys, _NAMED)
    return Mark(
        "no-effect",
        f"no effect of {named}",
        f"{named} had no effect on {metric}: results that are the same count once",
    )


def _mark_out_of_turn(out: Evidence, results: list[ClauseResult]) -> None:
    """What was measured of a side while the other waited, beside what it was judged by."""
    for at in (1, 0):
        sides = [(r, r.out_of_turn[at]) for r in results if r.out_of_turn[at]]
        if not sides:
            continue
        result, _ = max(sides, key=lambda pair: len(pair[1]))
        clause, left = result.clause, at == 0
        metric, subject = clause.sides[at]
        runs = result.out_of_turn[at]
        mean = summarise(run.metrics[metric] for run in runs).mean
        inside = result.left.mean if left else (result.right or result.left).mean
        if not left and inside is not None and clause.factor:
            inside /= clause.factor
        count = f"{len(runs)} {plural(len(runs), 'run')}"
        means = f"mean {number(mean)}, in turns {number(inside)}"
        full = f"{count} of {subject.format()} out of turn, in no figure: {means}"
        out.mark(Mark("out-of-turn", f"{count} out of turn", full))


def evidence(
    predicate: Predicate,
    resolve: Callable[[Subject], list[Run]],
    *,
    metric_defs: dict[str, MetricDef] | None = None,
    across: dict[str, list[Any]] | None = None,
    confirmed_path: bool | None = None,
    choosing: Choosing | None = None,
    tags: Collection[str] = (),
) -> Evidence:
    """The label that the runs bear, and why.

    ``across`` declares axes and values besides the predicate's own ``over``; runs are matched on
    ``fact_of``. ``confirmed_path``: whether the claim was confirmed on the declared production path
    (None: none is declared); it is said and, when False, listed as missing, and does not change the
    label. ``choosing``: how each clause came to be asked. ``tags``: axes that are none, since they
    reach no command. A pure function of its arguments: after a retraction, call it again.
    """
    axes = {k: v for k, v in axes_of(predicate, across).items() if k not in tags}
    counter = _Counter(resolve, axes, metric_defs or {})
    count = math.prod(len(values) for values in axes.values())
    centre = _evaluate_cell(predicate, counter, metric_defs or {}, choosing=choosing)
    cells: list[_Cell] = []
    if count <= MOST_CELLS:
        cells = _cells(predicate, counter, metric_defs or {}, axes, choosing)
    out = Evidence("none", clauses=centre.results, confirmed_path=confirmed_path)
    out.counted = sorted(counter.counted)
    out.not_counted = {
        k: counter.dropped[k] for k in sorted(counter.dropped) if k not in counter.counted
    }
    for metric, keys in counter.without_effect:
        out.mark(_no_effect(metric, keys))
    out.contrary = sorted(centre.contrary.union(*(cell.contrary for cell in cells)))
    out.why[:0] = [result.arithmetic for result in centre.results]
    idle = {key for _, keys in counter.without_effect for key in keys}
    _label(out, centre, cells, {k: v for k, v in axes.items() if is_seed(k) or k not in idle})
    _mark_out_of_turn(out, [r for cell in (centre, *cells) for r in cell.results])
    judged = {n for cell in cells for r in cell.results for n in (*r.left_runs, *r.right_runs)}
    left_out = (run for r in centre.results for side in r.out_of_turn for run in side)
    out.in_no_figure = frozenset(run.id for run in left_out if run.id not in judged)
    if meaningless := next(
        (r.meaningless for cell in (centre, *cells) for r in cell.results if r.meaningless), ""
    ):
        out.label, out.blocked, out.blocked_code = "none", meaningless, "share-of-nothing"
        out.missing = ["a claim that asks for no share of such a reference"]
    if count > MOST_CELLS:
        out.missing.append(
            f"a claim over at most {MOST_CELLS} combinations of its axes: it names {count}"
        )
    if out.not_counted:
        out.why.append(
            f"{len(out.not_counted)} of {len(out.not_counted) + len(out.counted)} runs do not count"
        )
    if confirmed_path is not None:
        word = "confirmed" if confirmed_path else "not confirmed"
        out.why.append(f"{word} on the declared production path")
        if not confirmed_path:
            out.missing.append("one counting run on the declared production path")
    return out

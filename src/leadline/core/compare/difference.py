"""Which test a difference between two sets of runs gets: the one place that chooses, for
comparisons and for claims.

The choice follows from how the runs were taken (pairs, order in time) and not from what came out,
so that nobody can shop for a method. No resampling: the bootstrap was measured
(`benchmarks/error_rates.py`) and calls equal sides with long tails different twice as often as it
should, where Welch's t keeps its level. The price is power: runs taken side after side pay for a
drift that may not have been there. Runs taken in turns do not, and that is the cure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from leadline.core.metric.contract import moved_by_machine
from leadline.core.record.run import MetricDef, Run
from leadline.core.stats.inference import Sample, TestResult, paired, summarise, welch
from leadline.core.stats.time_order import order_adjusted
from leadline.core.values import dataclass, field

FEWEST_PAIRS = 2
FEWEST_IN_ORDER = 3  # a side: below it the drift takes up what little the runs can tell

PAIRED_BY_BLOCK = "paired t: each block of the interleaved measurement holds both sides"
PAIRED_BY_SEED = "paired t: the same seeds ran on both sides, each once"
IN_ORDER = "drift-adjusted t: the sides ran one after the other: a linear drift is allowed for"
PLAIN = "Welch t: the runs are neither paired nor in an order that matters"
NOT_A_LINE = "a drift of the machine that is no straight line is not allowed for; in turns it would be (leadline ab)"
EXACT = "exact: every value on a side is identical"


@dataclass(slots=True)
class Difference:
    """mean(b) - mean(a) and how it was judged. ``rule`` names the method and why it applies;
    ``pairs`` is 0 where runs were not paired; ``notes`` say what the rule left out or could not
    do."""

    a: Sample
    b: Sample
    test: TestResult
    rule: str
    pairs: int = 0
    notes: list[str] = field(default_factory=list)


def difference(
    a_runs: Sequence[Run],
    b_runs: Sequence[Run],
    metric: str,
    definition: MetricDef,
    *,
    b_metric: str | None = None,
    factor: float = 1.0,
    confidence: float = 0.95,
) -> Difference:
    """``metric`` of ``b_runs`` minus that of ``a_runs``, by the first rule that applies.

    Runs that are no evidence, and runs without the metric, are left out. ``b_metric``: what it is
    called on side b, when that differs. ``factor``: side a's values are multiplied by it (a claim's
    "0.9 * time_ms(baseline)").
    """
    sides = _side(a_runs, metric, factor), _side(b_runs, b_metric or metric, 1.0)
    a, b = (summarise(value for _, value in side) for side in sides)
    a.nonfinite += _lost(a_runs, metric)
    b.nonfinite += _lost(b_runs, b_metric or metric)
    if a.is_constant and b.is_constant:
        return Difference(a, b, welch(a, b, confidence), EXACT)
    notes: list[str] = []
    for rule, pairs in (
        (PAIRED_BY_BLOCK, _blocks(*sides, notes)),
        (PAIRED_BY_SEED, _seeds(*sides)),
    ):
        if len(pairs) >= FEWEST_PAIRS:
            test = paired([x for x, _ in pairs], [y for _, y in pairs], confidence)
            if test.p_two is not None:
                return Difference(a, b, test, rule, len(pairs), notes)
            notes.append(
                f"{len(pairs)} pairs were not tested as pairs: {'; '.join(test.reasons[:1])}"
            )
    if moved_by_machine(definition) and (order := _one_after_the_other(*sides)) is not None:
        if min(a.n, b.n) >= FEWEST_IN_ORDER:
            test = order_adjusted(*order, confidence=confidence)
            if test.p_two is not None:
                notes.append(NOT_A_LINE)
                return Difference(a, b, test, IN_ORDER, 0, notes)
            notes.append(f"no drift could be allowed for: {'; '.join(test.reasons[:1])}")
        elif min(a.n, b.n) > 1:
            notes.append(
                "the sides ran one after the other, too few runs to tell a drift from a difference"
            )
    return Difference(a, b, welch(a, b, confidence), PLAIN, 0, notes)


def in_order(runs: Sequence[Run]) -> list[Run] | None:
    """The runs in the order in which they were started; None when the start of one is unknown."""
    if not all(run.started_at or run.planned_at for run in runs):
        return None
    return sorted(runs, key=lambda run: (run.started_at or run.planned_at, run.uid))


_Side = list[tuple[Run, float]]


def _side(runs: Sequence[Run], metric: str, factor: float) -> _Side:
    used = [run for run in runs if run.is_evidence and metric in run.metrics]
    return [
        (run, factor * run.metrics[metric])
        for run in sorted(used, key=lambda run: (run.uid, run.id))
    ]


def _lost(runs: Sequence[Run], metric: str) -> int:
    return sum(
        run.is_evidence and metric in run.nonfinite and metric not in run.metrics for run in runs
    )


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _blocks(a: _Side, b: _Side, notes: list[str]) -> list[tuple[float, float]]:
    """One pair of block means for each block that has runs of both sides. Runs of other blocks are
    left out, which is said: a run that crashed must not cost the pairs that are there."""

    def by_block(side: _Side) -> dict[tuple[str, str], list[float]] | None:
        found: dict[tuple[str, str], list[float]] = {}
        for run, value in side:
            if not run.design.get("interleaving") or run.design.get("block") is None:
                return None
            found.setdefault(
                (str(run.design["interleaving"]), str(run.design["block"])), []
            ).append(value)
        return found

    first, second = by_block(a), by_block(b)
    if not first or not second:
        return []
    both = sorted(key for key in first if key in second)
    alone = len(a) + len(b) - sum(len(first[key]) + len(second[key]) for key in both)
    if alone and len(both) >= FEWEST_PAIRS:
        notes.append(
            f"{alone} runs stand in a block without the other side and are not in the paired difference"
        )
    return [(_mean(first[key]), _mean(second[key])) for key in both]


def seed_of(run: Run) -> str:
    """The seeds a run was given in its config (``seed``, ``train.seed``, ``data_seed``), as one
    text; "" for none."""
    named = [k for k in sorted(run.config) if k == "seed" or k.endswith((".seed", "_seed"))]
    return ", ".join(f"{k}={run.config[k]!r}" for k in named)


def _seeds(a: _Side, b: _Side) -> list[tuple[float, float]]:
    """Pairs by seed, when every run has one and each stands once on each side; else none."""
    first = {seed_of(run): value for run, value in a}
    second = {seed_of(run): value for run, value in b}
    once = len(first) == len(a) and len(second) == len(b)
    if not once or "" in first or first.keys() != second.keys():
        return []
    return [(first[seed], second[seed]) for seed in sorted(first)]


def _one_after_the_other(
    a: _Side, b: _Side
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]] | None:
    """(position, value) of each side, counted through both, when one side ran wholly before the
    other; else None.

    Positions and not times: a pause of a day between two runs is no day of drift.
    """
    ordered = in_order([run for run, _ in a] + [run for run, _ in b])
    if not ordered or not a or not b:
        return None
    place = {run.uid: float(i) for i, run in enumerate(ordered)}
    first, second = ([(place[run.uid], value) for run, value in side] for side in (a, b))
    apart = max(at for at, _ in first) < min(at for at, _ in second) or max(
        at for at, _ in second
    ) < min(at for at, _ in first)
    return (first, second) if apart else None

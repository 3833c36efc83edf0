"""Which test a difference between two sets of runs gets: the one place that chooses, for
comparisons and for claims.

The choice follows from how the runs were taken (pairs, order in time) and not from what came out,
so that nobody can shop for a method. What the machine moves is judged only over sides that took
turns: of sides that ran one after the other no test knows whether the side or its moment made the
difference (`benchmarks/error_rates.py`: a level shift between them is called a difference 9 times of
10). No resampling: the bootstrap calls equal sides with long tails different twice as often as it
should, where Student's t keeps its level.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from leadline.core.canonical import canonical_json
from leadline.core.compare.looks import batch_of
from leadline.core.compare.reruns import reruns, seed_of
from leadline.core.extract.draws import Draws, unequal_draws
from leadline.core.metric.contract import counted_exactly, moved_by_machine
from leadline.core.record.run import MetricDef, Run
from leadline.core.stats.inference import (
    Interval,
    Sample,
    TestResult,
    paired,
    summarise,
    welch,
)
from leadline.core.stats.rounds import rounds
from leadline.core.stats.sequential import METHOD, SymmetricSequence
from leadline.core.timestamps import plural
from leadline.core.values import dataclass, field

FEWEST_PAIRS = 2
STOPPED_FROM_BLOCK = 7  # the fewest after which `leadline ab` can stop because of what it saw

PAIRED_BY_BLOCK = "paired t: each block of the interleaved measurement holds both sides"
ANY_TIME = "confidence sequence: the measurement in turns was looked at after each block"
PAIRED_BY_ROUND = "paired t: the sides took turns, and each round holds both"
IN_TURNS = (PAIRED_BY_BLOCK, ANY_TIME, PAIRED_BY_ROUND)
PAIRED_OVER = "paired t: each value of {} holds both sides"
PAIRED_BY_SEED = "paired t: the same seeds ran on both sides, each once"
PLAIN = "Welch t: the runs are neither paired nor in an order that matters"
EXACT = "exact: every value on a side is identical"

NOT_IN_TURNS = (
    "the sides did not take turns: whatever moved the machine between them moved the difference too"
)
NO_SPREAD = (
    "every value of a side is the same: no machine measures so, a placeholder does; no evidence"
)
TURNED = "the runs out of turn turn the difference: with them the means say otherwise"


@dataclass(slots=True)
class Difference:
    """mean(b) - mean(a) and how it was judged. ``rule`` names the method and why it applies;
    ``pairs`` is 0 where runs were not paired; ``withheld``: why no verdict may rest on it, whatever
    the numbers, "" when one may; ``notes`` say what the rule left out or could not do; ``draws``: of how
    many values an extreme was taken, where that differs. ``out_of_turn``: the runs of a and of b that
    stand in no block or round with the other side, and are in no figure here."""

    a: Sample
    b: Sample
    test: TestResult
    rule: str
    pairs: int = 0
    withheld: str = ""
    notes: list[str] = field(default_factory=list)
    draws: Draws | None = None
    out_of_turn: tuple[list[Run], list[Run]] = field(default_factory=lambda: ([], []))

    @property
    def bears_a_test(self) -> bool:
        """Whether the runs were taken so that a test may rest on them, whatever it then gives."""
        return self.withheld in ("", TURNED)


def difference(
    a_runs: Sequence[Run],
    b_runs: Sequence[Run],
    metric: str,
    definition: MetricDef,
    *,
    b_metric: str | None = None,
    factor: float = 1.0,
    confidence: float = 0.95,
    over: Sequence[str] = (),
) -> Difference:
    """``metric`` of ``b_runs`` minus that of ``a_runs``, by the first rule that applies.

    Runs that are no evidence, and runs without the metric, are left out. ``b_metric``: what it is
    called on side b, when that differs. ``factor``: side a's values are multiplied by it (a claim's
    "0.9 * time_ms(baseline)"). ``over``: the keys by whose values the sides are paired where no
    machine moves the metric.
    """
    named = metric, b_metric or metric
    found = _by_first_rule(a_runs, b_runs, *named, definition, factor, confidence, over)
    found.draws = unequal_draws(a_runs, b_runs, *named, definition)
    if found.draws is not None and not found.withheld:
        if found.draws.decides(found.test.difference):
            found.withheld = found.draws.why
        found.notes.append(found.draws.words)
    return found


def _by_first_rule(
    a_runs: Sequence[Run],
    b_runs: Sequence[Run],
    metric: str,
    b_metric: str,
    definition: MetricDef,
    factor: float,
    confidence: float,
    over: Sequence[str],
) -> Difference:
    sides = _side(a_runs, metric, factor), _side(b_runs, b_metric, 1.0)
    a, b = (summarise(value for _, value in side) for side in sides)
    a.nonfinite += _lost(a_runs, metric)
    b.nonfinite += _lost(b_runs, b_metric)
    by_machine = moved_by_machine(definition)
    exact = a.is_constant and b.is_constant
    if exact or (counted_exactly(definition) and a.minimum == a.maximum and b.minimum == b.maximum):
        return Difference(
            a, b, welch(a, b, confidence), EXACT, withheld=NO_SPREAD if by_machine else ""
        )
    notes: list[str] = []
    if not by_machine:
        sides = _once(sides[0], metric, notes), _once(sides[1], b_metric, notes)
        a, b = (_summary(side, known) for side, known in zip(sides, (a, b), strict=True))
    ways = [(PAIRED_BY_BLOCK, _blocks(*sides, by_machine))]
    if by_machine:
        ways.append((PAIRED_BY_ROUND, _rounds(*sides)))
    elif over:
        ways.append((PAIRED_OVER.format(", ".join(over)), _cells(*sides, over)))
    else:
        ways.append((PAIRED_BY_SEED, _seeds(*sides)))
    for rule, pairs in ways:
        if len(pairs) < FEWEST_PAIRS:
            continue
        means = [(_mean_of(x), _mean_of(y)) for x, y in pairs]
        if rule == PAIRED_BY_BLOCK and len(pairs) >= STOPPED_FROM_BLOCK:
            rule, test = ANY_TIME, _any_time(means, confidence)
        else:
            test = paired([x for x, _ in means], [y for _, y in means], confidence)
        if test.p_two is not None:
            found = Difference(a, b, test, rule, len(pairs), notes=notes)
            if rule in IN_TURNS:
                _leave_out(found, sides, pairs)
            return found
        notes.append(f"{len(pairs)} pairs were not tested as pairs: {'; '.join(test.reasons[:1])}")
    in_turns = any(len(pairs) >= FEWEST_PAIRS for _, pairs in ways)
    withheld = NOT_IN_TURNS if by_machine and not in_turns else ""
    return Difference(a, b, welch(a, b, confidence), PLAIN, 0, withheld, notes)


def _leave_out(found: Difference, sides: tuple[_Side, _Side], pairs: list[_Pair]) -> None:
    """Take what stands in no pair out of the figures, and say so. It may not decide by its absence:
    where the means of all runs say the opposite, no verdict rests on the pairs."""
    inside = {run.uid for pair in pairs for side in pair for run, _ in side}
    left = [[run for run, _ in side if run.uid not in inside] for side in sides]
    if not any(left):
        return
    found.out_of_turn = left[0], left[1]
    if (found.test.difference or 0.0) * ((found.b.mean or 0.0) - (found.a.mean or 0.0)) < 0.0:
        found.withheld = TURNED
    found.a, found.b = (
        _summary([(run, value) for run, value in side if run.uid in inside], known)
        for side, known in zip(sides, (found.a, found.b), strict=True)
    )
    count = sum(map(len, left))
    found.notes.append(
        f"{count} {plural(count, 'run')} in no block or round with the other side: in no figure here"
    )


def took_turns(a_runs: Sequence[Run], b_runs: Sequence[Run]) -> bool:
    """Whether the sides took turns, so that what moved the machine touched both."""
    sides = ([(run, 0.0) for run in runs if run.is_evidence] for runs in (a_runs, b_runs))
    return len(_rounds(*sides)) >= FEWEST_PAIRS


def _any_time(pairs: list[tuple[float, float]], confidence: float) -> TestResult:
    """Block by block, valid whenever the measurement stopped; p is the inverse of the largest
    evidence so far (Ville 1939)."""
    steps = SymmetricSequence(1.0 - confidence, (y - x for x, y in pairs))
    p = min(1.0, math.exp(-max(0.0, *steps.log_capitals())))
    result = TestResult(METHOD, _mean([y - x for x, y in pairs]), steps.interval())
    result.p_two = p
    if min(min(pair) for pair in pairs) > 0.0:
        logs = SymmetricSequence(1.0 - confidence, (math.log(y / x) for x, y in pairs))
        found = logs.interval()
        result.ratio = _mean([y for _, y in pairs]) / _mean([x for x, _ in pairs])
        low, high = (None if end is None else math.exp(end) for end in (found.low, found.high))
        result.ratio_interval = Interval(low, high, confidence, METHOD, found.reason)
    return result


def in_order(runs: Sequence[Run]) -> list[Run] | None:
    """The runs in the order in which they were started; None when the start of one is unknown. The
    record only grows: where the time of a later record is before that of an earlier one, a clock was
    set back, and the order of the record stands."""
    if not all(run.started_at or run.planned_at for run in runs):
        return None
    recorded = sorted(runs, key=lambda run: (run.uid, run.id))
    if any(later.planned_at < run.planned_at for run, later in pairwise(recorded)):
        return recorded
    return sorted(runs, key=lambda run: (run.started_at or run.planned_at, run.uid))


_Side = list[tuple[Run, float]]
_Pair = tuple[_Side, _Side]


def _side(runs: Sequence[Run], metric: str, factor: float) -> _Side:
    used = [run for run in runs if run.is_evidence and metric in run.metrics]
    return [
        (run, factor * run.metrics[metric])
        for run in sorted(used, key=lambda run: (run.uid, run.id))
    ]


def _once(side: _Side, metric: str, notes: list[str]) -> _Side:
    """Without what is the same result again."""
    again = reruns([run for run, _ in side], metric)
    if again:
        notes.append(
            f"{len(again)} of {len(side)} runs repeat {next(iter(again.values()))}, seed and input alike: "
            "they count once"
        )
    return [(run, value) for run, value in side if run.id not in again]


def _summary(side: _Side, known: Sample) -> Sample:
    if known.n == len(side):
        return known
    found = summarise(value for _, value in side)
    found.nonfinite = known.nonfinite
    return found


def _lost(runs: Sequence[Run], metric: str) -> int:
    return sum(
        run.is_evidence and metric in run.nonfinite and metric not in run.metrics for run in runs
    )


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _mean_of(side: _Side) -> float:
    return _mean([value for _, value in side])


def _blocks(a: _Side, b: _Side, by_machine: bool | None) -> list[_Pair]:
    """One pair for each block that has runs of both sides. Runs of other blocks are left out: a run
    that crashed must not cost the pairs that are there. So are runs of what the machine moves that
    stand in no block; where nothing moves it, they undo the pairing."""

    def by_block(side: _Side) -> dict[tuple[str, str], _Side] | None:
        found: dict[tuple[str, str], _Side] = {}
        for run, value in side:
            if run.design.get("interleaving") and run.design.get("block") is not None:
                at = str(run.design["interleaving"]), str(run.design["block"])
                found.setdefault(at, []).append((run, value))
            elif not by_machine:
                return None
        return found

    first, second = by_block(a), by_block(b)
    if not first or not second:
        return []
    both = [(first[key], second[key]) for key in first if key in second]
    return sorted(both, key=lambda pair: min(pair[0][0][0].uid, pair[1][0][0].uid))


def cell_of(run: Run, over: Sequence[str]) -> str:
    """The values that ``run`` has of these keys, as one text; "" where it lacks one."""
    if not all(key in run.inputs for key in over):
        return ""
    return canonical_json([run.inputs[key] for key in over])


def _cells(a: _Side, b: _Side, over: Sequence[str]) -> list[_Pair]:
    """One pair for each combination of the values of ``over`` that both sides have."""
    sides: list[dict[str, _Side]] = [{}, {}]
    for side, found in zip((a, b), sides, strict=True):
        for run, value in side:
            if at := cell_of(run, over):
                found.setdefault(at, []).append((run, value))
    first, second = sides
    return [(first[at], second[at]) for at in sorted(first.keys() & second)]


def _seeds(a: _Side, b: _Side) -> list[_Pair]:
    """Pairs by seed, when every run has one and each stands once on each side; else none."""
    first = {seed_of(run): [(run, value)] for run, value in a}
    second = {seed_of(run): [(run, value)] for run, value in b}
    once = len(first) == len(a) and len(second) == len(b)
    if not once or "" in first or first.keys() != second.keys():
        return []
    return [(first[seed], second[seed]) for seed in sorted(first)]


def _rounds(a: _Side, b: _Side) -> list[_Pair]:
    """The rounds of the order of execution; none where a start is unknown. Runs that went on beside
    one of the other side are no turns: on one device they disturbed each other, on two the device is
    in the difference."""
    ordered = in_order([run for run, _ in (*a, *b)])
    if not ordered:
        return []
    value = {run.uid: (side, v) for side, runs in (("a", a), ("b", b)) for run, v in runs}
    alone = _without_overlaps(ordered, {uid: side for uid, (side, _) in value.items()})
    cut = rounds([(value[run.uid][0], batch_of(run)) for run in alone])
    side = [(run, value[run.uid][1]) for run in alone]
    return [([side[i] for i in x], [side[i] for i in y]) for x, y in cut]


def _without_overlaps(ordered: list[Run], side: dict[str, str]) -> list[Run]:
    latest: dict[str, Run] = {}
    beside: set[str] = set()
    for run in ordered:
        mine, begun = side[run.uid], run.started_at or run.planned_at
        other = latest.get("b" if mine == "a" else "a")
        if other is not None and begun < other.ended_at:
            beside |= {other.uid, run.uid}
        if mine not in latest or run.ended_at >= latest[mine].ended_at:
            latest[mine] = run
    return [run for run in ordered if run.uid not in beside]

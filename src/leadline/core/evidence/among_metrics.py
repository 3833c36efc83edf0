"""Among how many metrics one was picked: whoever measures twenty and claims the one that differs has
looked for it.

One of the success metrics of the start was picked among these, one that was defined before the runs
among those that were, any other one among all that both sides have. Counted are quantities that differ
between the runs, not names: metrics that order the runs alike, or the other way round, are one. What
the machine moves and what follows from the code are looked at by themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from leadline.core.compare.choice import Choice
from leadline.core.metric.contract import moved_by_machine
from leadline.core.record.run import MetricDef, Run
from leadline.core.record.thread import Thread


def among_metrics(
    choice: Choice,
    thread: Thread,
    metric: str,
    judged: Sequence[Run],
    reference: Sequence[Run] = (),
    at_once: int = 1,
) -> Choice:
    """``choice``, times the quantities that ``metric`` of ``judged`` was picked from, of which ``at_once``
    are judged together (and corrected for that)."""
    pool = _pool(thread, metric, judged)
    kinds = -(-_quantities(thread, metric, pool, judged, reference) // at_once)
    kinds += max(0, _formulas_since(thread, metric, judged) - 1)
    if kinds < 2:
        return choice
    words = f"{choice.words or 'a choice from'}{' and' * bool(choice.words)} {kinds} metrics"
    return Choice(choice.count * kinds, words, choice.reference_fixed)


def _pool(thread: Thread, metric: str, judged: Sequence[Run]) -> Collection[str]:
    """The metrics that ``metric`` stood among when the runs began."""
    if metric in thread.primary:
        return thread.primary
    uids = [run.uid for run in judged]
    first = {change.name: change for change in reversed(thread.redefined)}
    late = {
        name
        for name, change in first.items()
        if change.was == MetricDef(name) and not thread.came_before(change.uid, *uids)
    }
    declared = thread.metrics.keys() - late
    return declared if metric in declared else {name for run in judged for name in run.metrics}


def _formulas_since(thread: Thread, metric: str, judged: Sequence[Run]) -> int:
    """How many formulas it had that were not there before the runs: each was another metric."""
    uids = [run.uid for run in judged]
    changes = (c for c in thread.redefined if c.name == metric and c.was.formula != c.now.formula)
    return sum(not thread.came_before(change.uid, *uids) for change in changes)


def _quantities(
    thread: Thread,
    metric: str,
    pool: Collection[str],
    judged: Sequence[Run],
    reference: Sequence[Run],
) -> int:
    """How many orders of the runs there are among the metrics of ``pool`` that are of the kind of
    ``metric``, had by every side, and not the same in all runs."""
    runs = [*judged, *reference]
    sides = [{name for run in side for name in run.metrics} for side in (judged, reference) if side]
    moved = _is_moved(thread, metric)
    orders = {_order([run.metrics.get(metric) for run in runs])}
    for name in set(pool).intersection(*sides):
        values = [run.metrics.get(name) for run in runs]
        if len(set(values) - {None}) > 1 and _is_moved(thread, name) == moved:
            orders.add(_order(values))
    return len(orders)


def _is_moved(thread: Thread, metric: str) -> bool:
    return bool(moved_by_machine(thread.metrics.get(metric) or MetricDef(metric)))


def _order(values: Sequence[float | None]) -> tuple[int, ...]:
    """The place of each value among them, counted from the end that gives the smaller tuple; 0 for
    none."""
    known = sorted({value for value in values if value is not None})
    place = {value: at for at, value in enumerate(known, 1)}
    up = tuple(0 if value is None else place[value] for value in values)
    down = tuple(0 if at == 0 else len(known) + 1 - at for at in up)
    return min(up, down)

"""A metric that means something else than when its runs were made: a change of scope.

A value keeps the meaning that it was measured under. Who turns the direction, the unit, the formula
or what moves a metric changes what is asked of the runs there are, and that is said wherever they
are judged. What the machine moves does not stop to be that by being called something else: runs from
before such a change are judged by the stricter of both words.
"""

from __future__ import annotations

from collections.abc import Iterable

from leadline.core.metric.as_measured import as_measured, with_observed
from leadline.core.metric.contract import moved_by_machine
from leadline.core.record.run import MetricDef, Run
from leadline.core.record.thread import Redefinition, Thread
from leadline.core.typed import Any

_WORDS = ("direction", "unit", "per", "reduce", "formula")
_FILLED_IN = {"direction": "none", "unit": "", "per": ""}


def words_of(change: Redefinition) -> str:
    """``direction lower, now higher``; "" where only what was not said before was said."""
    was, now = change.was, change.now
    pairs: list[tuple[str, Any, Any]] = [(n, getattr(was, n), getattr(now, n)) for n in _WORDS]
    pairs = [(n, a, b) for n, a, b in pairs if a != b and _FILLED_IN.get(n) != a]
    moved = moved_by_machine(was), moved_by_machine(now)
    if was.observed != now.observed and (was.observed or moved == (True, False)):
        pairs.append(("observed", was.observed or "machine", now.observed))
    return ", ".join(f"{name} {a or 'none'}, now {b or 'none'}" for name, a, b in pairs)


def changes_of_scope(thread: Thread) -> list[tuple[Redefinition, str]]:
    """Redefinitions of metrics that runs had been made under, each in words."""
    found = [(change, words) for change in thread.redefined if (words := words_of(change))]
    return [(change, words) for change, words in found if _was_measured(thread, change)]


def _was_measured(thread: Thread, change: Redefinition) -> bool:
    if thread.kept is not None:
        return thread.kept.measured_before(change.name, change.uid)
    runs = [run.uid for run in thread.runs if change.name in run.metrics]
    return bool(runs) and not thread.came_before(change.uid, *runs)


def changes_since(thread: Thread, runs: Iterable[Run], name: str) -> list[tuple[Redefinition, str]]:
    """The redefinitions of metric ``name`` that are not known to have come before all of ``runs``
    (whatever a clock says), in words."""
    found = [(c, words) for c in thread.redefined if c.name == name and (words := words_of(c))]
    uids = [run.uid for run in runs] if found else []
    return [(c, words) for c, words in found if uids and not thread.came_before(c.uid, *uids)]


def definitions_for(thread: Thread, runs: Iterable[Run]) -> dict[str, MetricDef]:
    """The definitions by which ``runs`` are judged: the present ones as the runs bear them out, with
    the stricter word on what moves a metric where it was another one when the first of them began."""
    runs = list({run.uid: run for run in runs if run.is_evidence}.values())
    names = sorted({name for run in runs for name in run.metrics})
    measured = {n: as_measured(thread.metrics.get(n) or MetricDef(n), runs) for n in names}
    found = {**thread.metrics, **measured}
    for name in dict.fromkeys(change.name for change in thread.redefined):
        changes = changes_since(thread, [r for r in runs if name in r.metrics], name)
        said = [d for change, _ in changes for d in (change.was, change.now)]
        if any(moved_by_machine(d) for d in said) and not moved_by_machine(found[name]):
            found[name] = with_observed(found[name], "machine")
        elif any(d.observed != "counted" for d in said) and found[name].observed == "counted":
            found[name] = with_observed(found[name], "result")
    return found

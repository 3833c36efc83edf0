"""Runs that a claim's subjects select and that are not among those it was judged by: they failed,
were withdrawn, were typed over, or were done again. Each kind is said beside the label. So are runs of
the same command, config and code that the subjects leave out: whoever measures twice and names the
better time has chosen, so that the label is the lower of that with them and that without.

Runs without a result bound the label where the survivors may be a choice: more than one in five of a
side failed, timed out, gave no value or one that is not finite, or (twice) were cancelled or killed, and no
decision made after them cites one of their experiments. One that was lost with its machine chooses
nothing, nor does a configuration at which nothing ever finished, twice tried: that is a result of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from leadline.core.canonical import canonical_json
from leadline.core.compare.alike import apart_by_side, is_beside, left_out, runs_alike
from leadline.core.compare.reruns import is_seed
from leadline.core.evidence.evidence import out_of_scope
from leadline.core.evidence.found import Evidence
from leadline.core.evidence.marks import Mark
from leadline.core.evidence.predicate import Predicate, Subject
from leadline.core.ids import experiment_of, parse_id
from leadline.core.metric.redefined import changes_since
from leadline.core.record.ranks import EARNED, rank
from leadline.core.record.run import KILLED, Run, as_counted
from leadline.core.record.thread import Item, Thread
from leadline.core.stats.agreement import AGREES, DISAGREES
from leadline.core.timestamps import few, plural
from leadline.core.typed import Any, NamedTuple

FAILURES_EXCUSED = 0.2  # of a side: one crash of ten is nobody's choice
_NAMED = 3
SLIPS_EXCUSED = 1  # runs of a side that were cancelled: a typing error is nobody's choice
_NO_RESULT = {
    "failed": "failed",
    "timeout": "timed out",
    "cancelled": "were cancelled",
    "lost": "were lost",
}
_CODES = {"done": "no-value", "not finite": "not-finite"}
_LACKS = {"done": "", "not finite": "finite "}
Resolve = Callable[[Subject], list[Run]]


class _Side(NamedTuple):
    """``runs``: all that the subject selects, and of a run its experiment's. ``replaced``: those of
    the experiments that these supersede."""

    name: str
    metric: str
    runs: list[Run]
    replaced: list[Run]

    @property
    def counted(self) -> list[Run]:
        return [run for run in self.runs if run.is_evidence and self.metric in run.metrics]

    @property
    def withdrawn(self) -> list[Run]:
        runs = {run.uid: run for run in (*self.runs, *self.replaced)}.values()
        return [r for r in runs if _is_withdrawn(r) and self.metric in r.metrics]


def _is_withdrawn(run: Run) -> bool:
    gone = bool(run.retracted or run.superseded_by)
    return gone and run.bears_result and not run.reproduction_of


def mark_apart(
    out: Evidence,
    thread: Thread,
    predicate: Predicate,
    resolve: Resolve,
    axes: dict[str, list[Any]],
    label_with: Callable[[Resolve], str],
    numbers_with: Callable[[Resolve], str],
) -> None:
    """Mark ``out`` with what became of the runs that do not count. ``axes``: the claim's scope;
    ``label_with``: the label over the runs that a subject is taken to name; ``numbers_with``: the
    highest that their numbers bear, whatever else bounds it."""
    sides = _sides(thread, predicate, resolve, axes)
    alike = {side.name: runs_alike(thread, side.counted) for side in sides}
    for side in sides:
        _mark_unfinished(out, thread, side, alike[side.name])
    _mark_left_out(out, sides, alike, axes, resolve, numbers_with)
    _mark_withdrawn(out, sides, resolve, label_with)
    _mark_disputed(out, sides)
    _mark_typed_over(out, sides)
    _mark_altered(out, thread, sides)
    for side in sides:
        _mark_redefined(out, thread, side)
        _mark_done_again(out, thread, side)


def _sides(
    thread: Thread, predicate: Predicate, resolve: Resolve, axes: dict[str, list[Any]]
) -> list[_Side]:
    found: dict[tuple[str, str], _Side] = {}
    for clause in predicate.clauses:
        for metric, subject in clause.sides:
            runs = resolve(subject)
            parsed = parse_id(subject.name)
            if parsed is not None and parsed.kind == "run" and runs:
                experiment = thread.experiments.get(experiment_of(runs[0].id))
                runs = list(experiment.runs) if experiment is not None else runs
            runs = [run for run in runs if not out_of_scope(run, axes)]
            names = dict.fromkeys(run.experiment for run in runs)
            homes = [e for name in names if (e := thread.experiments.get(name)) is not None]
            older = [thread.experiments.get(name) for e in homes for name in e.replaces]
            replaced = [run for e in older if e is not None for run in e.runs]
            side = _Side(subject.format(), metric, runs, replaced)
            found.setdefault((side.name, metric), side)
    return list(found.values())


# ---- without a result ----------------------------------------------------------------------------
def _mark_unfinished(out: Evidence, thread: Thread, side: _Side, alike: list[Run]) -> None:
    counted = side.counted
    if not counted:
        return
    failed = (run for run in alike if run.state in _NO_RESULT)
    every = {run.uid: run for run in (*side.runs, *failed)}.values()
    runs = [r for r in every if not (r.reproduction_of or is_beside(r))]
    first = min(run.uid for run in counted)
    kinds = {state: [r for r in runs if r.state == state] for state in _NO_RESULT}
    kinds["done"] = [
        r for r in runs if r.state == "done" and r.uid > first and not _has_value(r, side.metric)
    ]
    kinds["not finite"] = [r for r in runs if r.bears_result and _is_not_finite(r, side.metric)]
    finished = [r for r in runs if r.bears_result and _has_value(r, side.metric)]
    finished = [r for r in finished if not _is_not_finite(r, side.metric)]
    total = len(finished) + sum(map(len, kinds.values()))
    may_choose = [*kinds["failed"], *kinds["timeout"], *kinds["done"], *kinds["not finite"]]
    stopped = [*kinds["cancelled"], *(r for r in kinds["lost"] if r.reason.startswith(KILLED))]
    if len(stopped) > SLIPS_EXCUSED:
        may_choose += stopped
    choosing = _may_choose(may_choose, finished)
    is_choice = len(choosing) > FAILURES_EXCUSED * (len(finished) + len(choosing))
    decision = _explained(thread, choosing) if is_choice else None
    explained = f"; {decision.id} explains it: {decision.text}" if decision else ""
    for state, without in kinds.items():
        if not without:
            continue
        chose = is_choice and any(run in choosing for run in without)
        words = _NO_RESULT.get(state) or f"gave no {_LACKS[state]}{side.metric}"
        count = f"{len(without)} of {total} runs"
        full = f"{count} of {side.name} {words}{_reasons(without)}"
        full += explained if chose else ""
        caps = "exploratory" if chose and not decision else ""
        out.mark(Mark(_CODES.get(state, state), f"{count} {words}", full, caps))
    if is_choice and not decision:
        last = max(choosing, key=lambda run: run.uid)
        out.missing.append(
            f"a decision that explains the {len(choosing)} {plural(len(choosing), 'run')} without a value: "
            f"leadline decide 'WHY' --evidence {last.experiment}"
        )


def _is_not_finite(run: Run, metric: str) -> bool:
    return metric in run.nonfinite and metric not in run.metrics


def _has_value(run: Run, metric: str) -> bool:
    """A value that is not finite, or of a series that was cut, is named elsewhere."""
    return (
        metric in run.metrics
        or metric in run.nonfinite
        or metric in run.extraction.get("cut", {})
        or run.origin != "executed"
    )


def _reasons(runs: list[Run]) -> str:
    words = Counter(run.reason for run in runs if run.reason)
    named = [f"{count} {why}" for why, count in words.most_common(_NAMED)]
    more = len(words) - len(named)
    listed = ", ".join([*named, *([f"{more} other reasons"] if more > 0 else [])])
    return f" ({listed})" if listed else ""


def _may_choose(failed: list[Run], finished: list[Run]) -> list[Run]:
    """Without the failures at configurations where nothing finished, tried at least twice."""
    alive = {_configuration(run) for run in finished}
    tries = Counter(_configuration(run) for run in failed)
    return [r for r in failed if (at := _configuration(r)) in alive or tries[at] < 2]


def _configuration(run: Run) -> str:
    return canonical_json({key: value for key, value in run.config.items() if not is_seed(key)})


def _explained(thread: Thread, runs: list[Run]) -> Item | None:
    """The decision that cites one of their experiments and was made after the last of them."""
    last = max(run.ended_at or run.planned_at for run in runs)
    for name in dict.fromkeys(run.experiment for run in runs):
        experiment = thread.experiments.get(name)
        for item in experiment.said if experiment is not None else ():
            if item.kind != "decision" or not item.stands or item.at < last:
                continue
            if all(thread.came_before(run.uid, item.uid) for run in runs):
                return item
    return None


# ---- left out by the subjects --------------------------------------------------------------------
def _mark_left_out(
    out: Evidence,
    sides: list[_Side],
    alike: dict[str, list[Run]],
    axes: dict[str, list[Any]],
    resolve: Resolve,
    numbers_with: Callable[[Resolve], str],
) -> None:
    """The same measurement made at another time may not say otherwise."""
    named = {run.uid for side in sides for run in side.runs}
    left: dict[str, list[Run]] = {}
    for side in sides:
        others = left_out(alike[side.name], side.counted, side.metric, named)
        left[side.name] = [run for run in others if not out_of_scope(run, axes)]
    left = apart_by_side(left)
    gone = {run.uid: run for runs in left.values() for run in runs}
    if not gone:
        return

    def with_them(subject: Subject) -> list[Run]:
        return [*resolve(subject), *left.get(subject.format(), ())]

    label = numbers_with(with_them)
    lowers = rank(label) < rank(out.label)
    count = f"{len(gone)} alike {plural(len(gone), 'run')}"
    homes = few(list(dict.fromkeys(run.experiment for run in gone.values())), _NAMED)
    short = f"{count} left out"
    full = f"{count} of the same command, config and code left out ({homes})"
    caps = ""
    if lowers:
        short += f"; with them: {label}"
        full += f"; with them the label would be {label}"
        caps = label if label in EARNED else "exploratory"
    out.mark(Mark("alike", short, full, caps))
    if lowers:
        out.missing.append(f"a claim that names all runs of these commands, also {homes}")


# ---- withdrawn, typed over -----------------------------------------------------------------------
def _mark_withdrawn(
    out: Evidence, sides: list[_Side], resolve: Resolve, label_with: Callable[[Resolve], str]
) -> None:
    gone = {run.uid: run for side in sides for run in side.withdrawn}
    if not gone:
        return
    total = len(gone | {run.uid: run for side in sides for run in side.counted})
    replaced = {side.name: side.replaced for side in sides}

    def restored(subject: Subject) -> list[Run]:
        runs = [*resolve(subject), *replaced.get(subject.format(), ())]
        return [as_counted(run) if run.uid in gone else run for run in runs]

    label = label_with(restored)
    reasons = Counter(_why_gone(run) for run in gone.values())
    named = "; ".join(f"{count} {why}" for why, count in reasons.most_common(_NAMED))
    counted = f"{len(gone)} of {total}"
    full = f"{counted} runs were withdrawn ({named}); with them the label would be {label}"
    if label == out.label:
        full += " as well"
    out.mark(Mark("withdrawn", f"{counted} withdrawn; with them: {label}", full))


def _why_gone(run: Run) -> str:
    return f"retracted: {run.retracted}" if run.retracted else f"superseded by {run.superseded_by}"


def _mark_disputed(out: Evidence, sides: Iterable[_Side]) -> None:
    disputed = {run.id: run.disputed for side in sides for run in side.runs if run.disputed}
    if not disputed:
        return
    runs = f"{len(disputed)} {plural(len(disputed), 'run')}"
    named = "; ".join(f"{run}: {why}" for run, why in list(disputed.items())[:_NAMED])
    out.mark(Mark("disputed", f"{runs} disputed", f"{runs} disputed ({named})", "exploratory"))
    out.missing.append("runs whose files are what they were when they ended")


def _mark_typed_over(out: Evidence, sides: Iterable[_Side]) -> None:
    typed = {run.id: run.typed_over for side in sides for run in side.runs if run.typed_over}
    if typed:
        why = "; ".join(list(dict.fromkeys(typed.values()))[:_NAMED])
        runs = f"{len(typed)} {plural(len(typed), 'run')}"
        out.mark(Mark("typed-over", f"{runs} reported, not captured", f"{runs} reported: {why}"))


# ---- another meaning, done again -----------------------------------------------------------------
def _mark_altered(out: Evidence, thread: Thread, sides: Iterable[_Side]) -> None:
    """A record of a run that is not the one that was written: what it says now is nobody's word."""
    if not thread.altered:
        return
    uids = {uid for each in thread.altered for uid in each.uids}
    runs = {run.id: None for side in sides for run in side.runs if run.uid in uids}
    if runs:
        named = ", ".join(list(runs)[:_NAMED]) + (", …" if len(runs) > _NAMED else "")
        count = f"{len(runs)} {plural(len(runs), 'run')}"
        full = f"a record of {named} is not as it was written (leadline verify)"
        out.mark(Mark("altered", f"{count} not as written", full, "exploratory"))


def _mark_redefined(out: Evidence, thread: Thread, side: _Side) -> None:
    for change, words in changes_since(thread, side.counted, side.metric):
        full = f"{side.metric} was redefined on {change.at[:10]}, after these runs began: {words}"
        if "observed" in words:
            full += "; judged by the stricter of both"
        out.mark(Mark("redefined", f"{side.metric} redefined since", full))


def _mark_done_again(out: Evidence, thread: Thread, side: _Side) -> None:
    """What reproductions of the side's runs came to: the last word on each experiment."""
    for name in dict.fromkeys(run.experiment for run in side.runs if run.reproduction_of):
        experiment = thread.experiments.get(name)
        said = experiment.said if experiment is not None else []
        items = [i for i in said if i.kind == "reproduction" and i.stands]
        rows = [(i, row) for i in items for row in _rows_of(i) if row.get("metric") == side.metric]
        rows = [(i, r) for i, r in rows if thread.here(str(r.get("experiment")), i.refs) == name]
        if not rows:
            continue
        item, row = rows[-1]
        verdict = str(row.get("verdict"))
        full = f"{item.id} did {name} again: {side.metric} {verdict} ({row.get('rule', '')})"
        again = [run for run in side.runs if run.reproduction_of and run.experiment == name]
        if verdict == AGREES:
            out.mark(Mark("reproduced", f"reproduced by {item.id}", full))
        elif verdict != DISAGREES:
            out.mark(Mark("reproduced", f"{item.id} could not compare", full))
        elif decision := _explained(thread, again):
            out.mark(
                Mark("contradicted", f"{item.id} disagrees", f"{full}; {decision.id} explains it")
            )
        else:
            out.mark(Mark("contradicted", f"{item.id} disagrees", full, "exploratory"))
            out.missing.append(
                f"a decision on why {item.id} disagrees: leadline decide 'WHY' --evidence {name}"
            )


def _rows_of(item: Item[Any]) -> list[dict[str, Any]]:
    return [row for row in item.body.get("table") or [] if isinstance(row, dict)]

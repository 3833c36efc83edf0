"""What happened in a thread behind a record: what an update tells, and what ``brief --since`` shows.

An experiment, a sweep and a measurement in turns are one result each. Of everything else that was recorded a thing
is told once, as it stands now.
"""

from __future__ import annotations

from collections.abc import Iterable

from leadline.core.ids import experiment_of
from leadline.core.issue.due import records_since
from leadline.core.record.event import Record
from leadline.core.record.kinds import TABLE
from leadline.core.record.thread import Experiment, Item, Thread
from leadline.core.text.citation import render as cited
from leadline.core.typed import Any, NamedTuple
from leadline.core.values import dataclass
from leadline.core.view import facts

TOLD_NOTES = ("interpretation", "negative", "result", "takeaway")


class Result(NamedTuple):
    """What ran of one experiment, sweep or measurement in turns. ``name``: its id; ``experiments``:
    those of it that ran and count, the best first; ``design``: the sweep or the measurement."""

    name: str
    experiments: list[Experiment]
    design: Item[Any] | None

    @property
    def best(self) -> Experiment:
        return self.experiments[0]


class Told(NamedTuple):
    """A change that an update has a word for. ``name``: what it is about."""

    kind: str
    verb: str
    name: str
    item: Item[Any] | None
    why: str


@dataclass(frozen=True)
class News:
    """``results``: the best first. ``silent``: experiments that ran and have no result, nor a
    negative note. ``claims``: new ones, and those that what ran bears on; ``notes``: what was said
    of the results."""

    records: int
    results: list[Result]
    silent: list[Experiment]
    claims: list[Item[Any]]
    notes: list[Item[Any]]
    told: list[Told]

    @property
    def ran(self) -> list[Experiment]:
        return [e for result in self.results for e in result.experiments] + self.silent


def news_behind(thread: Thread, uid: str) -> News:
    """Of what was recorded behind the record ``uid``; of everything for ""."""
    new = records_since(thread, uid)
    by_kind: dict[str, list[Record]] = {}
    for record in new:
        by_kind.setdefault(record.kind, []).append(record)
    ran = list(_that_ran(thread, by_kind.get("run-ended", [])))
    counted = [e for e in ran if e.stands and e.evidence_runs]
    fresh = [item for r in by_kind.get("claim", []) if (item := _item(thread, r)) is not None]
    claims = {c.uid: c for c in (*facts.claims_naming(thread, {e.id for e in ran}), *fresh)}
    notes = [item for r in by_kind.get("note", []) if (item := _item(thread, r)) is not None]
    return News(
        records=len(new),
        results=_results(thread, counted),
        silent=[e for e in ran if e.stands and not e.evidence_runs and not e.notes_in("negative")],
        claims=[c for _, c in sorted(claims.items()) if c.stands],
        notes=[n for n in notes if n.stands and n.body.get("role") in TOLD_NOTES],
        told=[one for kind, verb in TOLD for one in _told(thread, kind, verb, by_kind)],
    )


TOLD = [(kind.name, kind.told) for kind in TABLE if kind.told]


def _that_ran(thread: Thread, ended: Iterable[Record]) -> Iterable[Experiment]:
    """The experiments of runs that are no reproductions of others."""
    runs: dict[str, set[str]] = {}
    for record in ended:
        name = thread.shown(str(record.body.get("run", "")), record.body.get("refs"))
        runs.setdefault(experiment_of(name), set()).add(name)
    for name, ids in runs.items():
        experiment = thread.experiments.get(name)
        if experiment is not None and any(
            run.id in ids and not run.reproduction_of for run in experiment.runs
        ):
            yield experiment


def _results(thread: Thread, ran: list[Experiment]) -> list[Result]:
    groups: dict[str, list[Experiment]] = {}
    for experiment in facts.best_first(ran, facts.order_of(thread)):
        groups.setdefault(facts.design_of(thread, experiment) or experiment.id, []).append(
            experiment
        )
    return [Result(name, found, thread.items.get(name)) for name, found in groups.items()]


def _item(thread: Thread, record: Record) -> Item[Any] | None:
    shown = thread.uids.get((record.kind, record.id))
    return thread.items.get(shown) if shown else None


def _told(thread: Thread, kind: str, verb: str, by_kind: dict[str, list[Record]]) -> Iterable[Told]:
    """One for each thing that is told of, as its last record has it."""
    records = [r for r in by_kind.get(kind, []) if not r.body.get("part_of")]
    if kind == "thread-changed" and records:
        records = _beyond_the_kickoff(thread, records)
    elif kind == "hypothesis-changed":  # that work on one begins is no news
        records = [r for r in records if r.body.get("state") != "active"]
    elif kind == "correction":  # what a row is known by says nothing of it
        records = [r for r in records if r.body.get("field") != "key"]
    found: dict[str, Told] = {}
    for record in records:
        body, refs = record.body, record.body.get("refs")
        about = body.get("hypothesis") or body.get("target") or body.get("field")
        name = thread.uids.get((kind, record.id)) or thread.shown(
            str(about or body.get("id") or ""), refs
        )
        if name:
            item = None if kind == "thread-changed" else thread.items.get(name)
            why = cited(str(body.get("why") or ""), thread, refs)
            found[name] = Told(kind, verb, name, item, why)
    return found.values()


def _beyond_the_kickoff(thread: Thread, changed: list[Record]) -> list[Record]:
    """Those that change what was said before: to say what was left open is no change of scope."""
    said = {name for r in thread.records_of("thread-started") for name, v in r.body.items() if v}
    new, found = {r.id for r in changed}, []
    for record in thread.records_of("thread-changed"):
        name = str(record.body.get("field", ""))
        if name in said and record.id in new:
            found.append(record)
        said.add(name)
    return found

"""Of a long thread the runs that have some digests as key or row, and the first runs of experiments:
what is asked before runs that were made elsewhere are written, without folding what they are not.

A run is folded from its plan, its ending and all else that was said of its experiment. What came
after the question was made is not in it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from functools import partial
from operator import attrgetter

from leadline.adapters.store.index import READ_AT_ONCE
from leadline.adapters.store.names_table import APART, is_odd
from leadline.core.canonical import canonical_json
from leadline.core.metric.thread_of import thread_of
from leadline.core.record.about import uid_named
from leadline.core.record.event import Record, record_known
from leadline.core.record.held import source_of
from leadline.core.record.run import Run
from leadline.core.record.thread import Experiment
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.adapters.store.index import Index


def held_runs(index: Index, topic: str) -> HeldRuns | None:
    """None for an odd thread: who has which id there shows when it is folded whole."""
    return None if is_odd(index.db, topic) else HeldRuns(index, topic)


_GROUND = ("thread-started", "thread-changed", "metric-defined")
# They make a run, or say nothing of one.
_ASIDE = ("run-planned", "run-ended", "imported", *APART)


class HeldRuns:
    """See ``ports.records.RunsHeld``. ``index`` is up to date, and the thread not odd."""

    def __init__(self, index: Index, topic: str) -> None:
        self.index, self.topic = index, topic
        self._upto = index.said(topic, "last id")
        self.thread = thread_of(index.about([], topic, _GROUND), topic)
        self._said: dict[str, list[str]] | None = None  # ids, by what they are about
        self._places: dict[str, dict[str, list[str]]] = {}  # uids by place, of a file

    def having(self, digests: Collection[str], sources: Collection[str] = ()) -> list[Run]:
        return self.index.asked([self.topic], lambda: self._having(list(digests), set(sources)))

    def _having(self, digests: list[str], sources: set[str]) -> list[Run]:
        wanted = set[str]()
        for some in _lots(digests):
            for name in ("key", "row"):
                wanted |= self._ids(
                    f"SELECT uid FROM plans INDEXED BY plans_by_{name} "
                    f"WHERE thread=? AND {name} != '' AND {name} IN ({_marks(some)})",
                    some,
                )
            named = f"SELECT id FROM digests WHERE thread=? AND digest IN ({_marks(some)})"
            wanted |= {
                uid_named(record, "target")
                for record in self._records(self._ids(named, some))
                if record.kind == "correction"
            }
        if sources:
            wanted |= self._taken_from(sources)
        asked = {*digests, *sources}
        return [
            run
            for experiment in self._experiments(wanted)
            for run in experiment.runs
            # one that was corrected may have had it before
            if run.uid in wanted and not asked.isdisjoint((run.key, run.row, source_of(run)))
        ]

    def _taken_from(self, sources: set[str]) -> set[str]:
        for file in {source.rpartition(", ")[0] for source in sources} - self._places.keys():
            self._places[file] = self._taken_of(file)
        found = (self._places[source.rpartition(", ")[0]].get(source) for source in sources)
        return {uid for uids in found if uids for uid in uids}

    def _taken_of(self, file: str) -> dict[str, list[str]]:
        """The uids of the runs that were taken from a file, by place; looked for once."""
        ended = (
            "SELECT line FROM records WHERE thread=? AND kind='run-ended' AND id<=? "
            "AND instr(line, ?)"
        )
        within = canonical_json(file)[1:-1]
        taken: dict[str, list[str]] = {}
        for (line,) in self.index.db.execute(ended, (self.topic, self._upto, within)):
            record = record_known(json.loads(line))
            for source in record.body.get("extraction", {}).get("sources", [])[:1]:
                taken.setdefault(str(source.get("source")), []).append(uid_named(record, "run"))
        return taken

    def experiments(self, origin: str) -> Iterator[Experiment]:
        last: str | None = ""
        while last is not None:
            last, found = self.index.asked([self.topic], partial(self._page, origin, last))
            yield from found

    def _page(self, origin: str, last: str) -> tuple[str | None, list[Experiment]]:
        """Some experiments whose first runs were planned behind ``last``, and the last one of these;
        None for none."""
        lines = self.index.db.execute(
            "SELECT line FROM records WHERE thread=? AND kind='run-planned' AND id>? AND id<=? "
            "ORDER BY id LIMIT ?",
            (self.topic, last, self._upto, READ_AT_ONCE),
        ).fetchall()
        plans = [record_known(json.loads(line)) for (line,) in lines]
        first = {
            plan.id
            for plan in plans
            if plan.body.get("origin", "executed") == origin
            and plan.body.get("experiment_uid", plan.id) == plan.id
        }
        found = [one for one in self._experiments(first) if one.uid in first]
        return (plans[-1].id if plans else None), found

    def _ids(self, query: str, values: Iterable[object]) -> set[str]:
        found = self.index.db.execute(query, (self.topic, *values))
        return {uid for (uid,) in found if uid <= self._upto}

    def _experiments(self, uids: Collection[str]) -> list[Experiment]:
        """In order those that have the runs with these uids, with no other of their runs; and
        perhaps some that were named with these."""
        ids, bases = set(uids), set[str]()
        for some in _lots(list(uids)):
            for base, ended in self.index.db.execute(
                f"SELECT base, ended FROM plans WHERE thread=? AND uid IN ({_marks(some)})",
                (self.topic, *some),
            ):
                bases.add(base)
                ids.add(ended)
        if self._said is None:
            self._said = self._all_said()
        for base in bases:
            ids.update(self._said.get(base, ()))
        thread = thread_of(self._records(ids), self.topic)
        return sorted(thread.experiments.values(), key=attrgetter("uid"))

    def _all_said(self) -> dict[str, list[str]]:
        """Asked once: kinds are looked up by the thread, and by no experiment."""
        said = dict[str, list[str]]()
        for base, uid in self.index.db.execute(
            "SELECT base, id FROM about WHERE thread=? AND id IN "
            f"(SELECT id FROM records WHERE thread=? AND kind NOT IN ({_marks(_ASIDE)}))",
            (self.topic, self.topic, *_ASIDE),
        ):
            said.setdefault(base, []).append(uid)
        return said

    def _records(self, ids: Collection[str]) -> list[Record]:
        return [
            record_known(json.loads(line))
            for some in _lots(list(ids))
            for _, line in self.index.known(self.topic, some)
        ]


def _lots(values: list[str]) -> Iterator[list[str]]:
    return (values[at : at + READ_AT_ONCE] for at in range(0, len(values), READ_AT_ONCE))


def _marks(values: Collection[object]) -> str:
    return ",".join("?" * len(values))

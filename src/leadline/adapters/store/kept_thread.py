"""A long thread for who looks at some of it: folded in parts, asked in rows.

What a view names (an experiment, a claim, the last post) is folded from the records about it when it
is asked for. What is asked of all things (the best, the last, what is missing, how many) is read
from rows (``things_table``). What claims and cited numbers come to is kept with what was looked at
meanwhile, and computed again when any of that changed. An odd thread (``names_table``) has no such
view and is folded whole.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, groupby
from operator import itemgetter

from leadline import __version__
from leadline.adapters.store import names_table, run_table
from leadline.adapters.store.index import DatabaseError
from leadline.adapters.store.names_table import APART, OLDER, PREDICTED
from leadline.adapters.store.run_table import ASKED_AT_ONCE
from leadline.core.evidence.found import RULES, judged
from leadline.core.ids import experiment_of, parse_id
from leadline.core.issue.due import active_hours
from leadline.core.metric.items import lend
from leadline.core.metric.thread_of import thread_of
from leadline.core.record.about import base_of
from leadline.core.record.cost import Cost
from leadline.core.record.event import Record, record_known
from leadline.core.record.kept import Counts, Judged, Since
from leadline.core.record.kinds import ISSUE_KINDS, ITEM_KINDS, KINDS
from leadline.core.record.ranks import rank
from leadline.core.record.reaches import Told, are_several
from leadline.core.record.run import Run
from leadline.core.record.thread import Experiment, Item, Thread, is_a
from leadline.core.text.citation import recompute
from leadline.core.typed import TYPE_CHECKING, Any, TypeVar, cast
from leadline.core.view.facts import gone_evidence, tested_by
from leadline.core.view.relabelled import relabelled_one

if TYPE_CHECKING:
    from leadline.adapters.store.index import Index
    from leadline.core.compare.choice import Arm
    from leadline.core.record.kept import Span

T = TypeVar("T")
DRAWN_AT_ONCE = 8  # at first; then twice as many each time
MOST_AT_ONCE = 64
JUDGED_AT_ONCE = 64
TOLD_AT_ONCE = 64  # items
FOLDED_AT_ONCE = 64  # things: bounds what is read beside what is held
NEAR = 64  # members that are remembered
MOST_CITED = 32  # a seal of an earlier Leadline names all experiments, and shows none
MOST_HELD = 2000  # things in memory; who was given one keeps it
HELD = 600  # things in memory while claims are judged
_BASELINE = ("thread-started", "metric-defined", "ruler", "baseline")
# What a thread is about, beside its things; few records each.
GROUND = (
    *_BASELINE,
    "holdout",
    "profile",
    "thread-changed",
    "refusal",
    "tracker-set",
    "tracker-link",
    "finish",
    "adopted",
    "healed",
    "id-clash",
    *sorted(ISSUE_KINDS),
)


def kept_thread(
    index: Index,
    topic: str,
    items: Callable[[str], Mapping[str, float] | None],
    goes_on: bool = False,
) -> Thread | None:
    """The thread as the index has it, which is up to date; None where it has to be folded whole.
    ``items``: as ``lend`` takes it. ``goes_on``: it is used when the index may be another, and claims
    are judged when their labels are asked for."""
    if not names_table.is_odd(index.db, topic):
        run_table.settle(index, topic)
    if names_table.is_odd(index.db, topic):
        return None
    kept = KeptRows(index, topic, items)
    kept.bring_up_to_date()
    kept.goes_on = goes_on
    if not goes_on:
        kept.judge()
    return kept.thread


# Few of many were judged, and fewer of these have what is asked for.
_JUDGED = (
    "judged CROSS JOIN things INDEXED BY things_by_uid "
    "ON things.thread=judged.thread AND things.uid=judged.uid"
)
_RANKED = ("kind='experiment' AND ranked=1", (), "best IS NULL, best, place")


class KeptRows:
    """See ``core.record.kept.Kept``."""

    def __init__(
        self, index: Index, topic: str, items: Callable[[str], Mapping[str, float] | None]
    ) -> None:
        self.index, self.topic, self._items = index, topic, items
        self.goes_on = False  # after ``kept_thread`` was asked
        self._opened = index.opened
        self.looked_at: set[str] | None = None  # the bases asked for, while something is judged
        self.chosen_by: list[str] = []  # and the selectors
        self._held: dict[str, Experiment | Item] = {}
        self._whole: set[str] = set()  # bases that are held
        self._expected = dict[str, set[str]]()  # base -> those to be folded with it
        self._lost_items = False
        self._labels: dict[str, Judged | None] = {}
        self._is_judged = False  # since it was brought up to date
        self._ground: list[str] | None = None  # as ``run_table.ground_of``
        self._alike: dict[str, Told] = {}  # by invocation
        self._arms: dict[str, list[Arm]] = {}  # by metric: asked once for all claims of a look
        self._answers: dict[str, tuple[Any, set[str], list[str], bool]] = {}  # of ``asked_once``

    @property
    def db(self) -> KeptRows:
        return self

    def execute(self, query: str, values: Sequence[object] = ()) -> _Found:
        """What the index has. Raises DatabaseError where it is not the one any more that the
        thread is in, but for who goes on with it (``view``): then it is brought there again."""
        return self._asked(lambda: _Found(self.index.db.execute(query, values).fetchall()))

    def _asked(self, question: Callable[[], T]) -> T:
        try:
            if self.index.opened != self._opened:
                raise DatabaseError("another index than the one that was read")
            return question()
        except DatabaseError:
            if not self.goes_on:
                raise
        return self.index.asked([self.topic], lambda: self._again(question))

    def _again(self, question: Callable[[], T]) -> T:
        if self.index.opened != self._opened:
            self._opened = self.index.opened
            run_table.settle(self.index, self.topic)
            self.bring_up_to_date()
        return question()

    # -- the thread --------------------------------------------------------------------------------
    def bring_up_to_date(self) -> None:
        goes_on, self.goes_on = self.goes_on, False  # what is written here is of one index
        self.thread = self._thread()
        from leadline.core.view.facts import order_of

        order = order_of(self.thread)
        if self._said("best by") != json.dumps(order):
            from leadline.adapters.store import things_table

            with self.index.writing() as db:
                things_table.sort_by(db, self.topic, order)
        self._is_judged = False
        self.goes_on = goes_on

    def _thread(self) -> Thread:
        thread = thread_of(self.index.about([], self.topic, GROUND), self.topic)
        thread.record_count = int(self._said("records") or 0)
        thread.last_at, thread.last_id = self._said("last at"), self._said("last id")
        thread.unknown_kinds = self._unknown_kinds()
        thread.activity = cast("list[str]", _Times(self))
        thread.records = cast("list[Record]", _Records(self))
        thread.experiments = cast("dict[str, Experiment]", _Things(self, ("experiment",)))
        thread.items = cast("dict[str, Item]", _Things(self, tuple(sorted(ITEM_KINDS))))
        thread.items_by_kind = cast("dict[str, list[Item]]", _Kinds(self))
        thread.uids = cast("dict[tuple[str, str], str]", _Uids(self))
        thread.first_of = {}
        thread.order = self.index.order(self.topic)
        thread.kept = self
        return thread

    def _said(self, name: str) -> str:
        return self.index.said(self.topic, name)

    def _unknown_kinds(self) -> dict[str, int]:
        """Kinds are few: each is looked up in the index of kinds, from one to the next."""
        found, kind = dict[str, int](), ""
        while row := self.db.execute(
            "SELECT min(kind) FROM records WHERE thread=? AND kind>?", (self.topic, kind)
        ).fetchone():
            if row[0] is None:
                break
            kind = str(row[0])
            if kind not in KINDS:
                found[kind] = self._count("records", "kind=?", [kind])
        return found

    # -- things ------------------------------------------------------------------------------------
    def load(self, ids: Sequence[str]) -> list[Experiment | Item]:
        """What these ids name, folded together where it is not held; nothing for one that names
        nothing."""
        bases = dict.fromkeys(map(base_of, ids))
        if self.looked_at is not None:
            self.looked_at.update(bases)
        if len(self._held) > MOST_HELD:
            self._forget(0)
        missing = [base for base in bases if base not in self._whole]
        groups = [self._expected.pop(base) for base in missing if base in self._expected]
        if groups:
            every = dict.fromkeys([*missing, *chain.from_iterable(groups)])
            missing = [base for base in every if base not in self._whole]
        for at in range(0, len(missing), FOLDED_AT_ONCE):
            some = missing[at : at + FOLDED_AT_ONCE]
            self._held.update({thing.id: thing for thing in self.fold(some)})
            self._whole.update(some)
        return [self._held[i] for i in ids if i in self._held]

    def passing(self, ids: list[str]) -> list[Any]:
        """As ``load``, of things that are there; what is not held is not held afterwards either."""
        held = {i: thing for i in ids if (thing := self._held.get(i)) is not None}
        bases = dict.fromkeys(base_of(i) for i in ids if i not in held)
        folded = {thing.id: thing for thing in self.fold(list(bases))} if bases else {}
        return [held.get(i) or folded[i] for i in ids]

    def uid(self, shown: str) -> str:
        found = self.db.execute(
            "SELECT uid FROM things WHERE thread=? AND id=?", (self.topic, shown)
        ).fetchone()
        return str(found[0]) if found else ""

    def expect(self, ids: Sequence[str]) -> None:
        """Fold together what ids name: it is asked for next. Nobody looked at it yet. What their texts
        cite is folded together as well, once some of it is asked for."""
        looked_at, self.looked_at = self.looked_at, None
        items = [thing for thing in self.load(ids) if isinstance(thing, Item)]
        self.looked_at = looked_at
        cited = (item.refs for item in items if len(item.refs) <= MOST_CITED)
        if len(self._expected) > MOST_HELD:
            self._expected.clear()
        bases = {base_of(experiment_of(shown)) for refs in cited for shown in refs}
        # Each is of the first such group alone: all cite the baseline, and would be one group.
        bases = {b for b in bases if b not in self._whole and b not in self._expected}
        self._expected.update(dict.fromkeys(bases, bases))

    def fold(self, bases: list[str]) -> list[Experiment | Item]:
        if self._ground is None:
            self._ground, _ = run_table.ground_of(self.index, self.topic)
        wanted = {*bases, *self._ground}
        folded = thread_of(self.index.about(wanted, self.topic, _BASELINE, APART), self.topic)
        lend(folded.runs, self._item_values)
        asked = set(bases)
        things: list[Experiment | Item] = [*folded.experiments.values(), *folded.items.values()]
        return [thing for thing in things if base_of(thing.id) in asked]

    def _item_values(self, digest: str) -> Mapping[str, float] | None:
        values = self._items(digest)
        self._lost_items |= values is None
        return values

    def draw(
        self, where: str, values: Sequence[object], order: str, among: str = "things"
    ) -> _Rows[Any]:
        return _Rows(self, where, values, order, self.load, among)

    def _count(self, table: str, where: str, values: Sequence[object]) -> int:
        found = self.db.execute(
            f"SELECT count(*) FROM {table} WHERE thread=? AND {where}", [self.topic, *values]
        )
        return int(found.fetchone()[0])

    # -- what is asked of all of them --------------------------------------------------------------
    def counts(self) -> Counts:
        row = self.db.execute(
            "SELECT count(*), coalesce(sum(runs), 0) FROM things WHERE thread=? AND kind='experiment'",
            (self.topic,),
        ).fetchone()
        return Counts(*row)

    def cost(self) -> Cost:
        row = self.db.execute(
            "SELECT count(*), total(ran_s), total(device_s), coalesce(sum(attempts), 0), total(lost_s), "
            "total(queued_s) FROM costs WHERE thread=?",
            (self.topic,),
        ).fetchone()
        return Cost(*row)

    def told_in_parts(
        self,
        name: str,
        at_once: int,
        tell: Callable[[Iterable[Experiment]], str],
        holds: Callable[[str], bool],
    ) -> Iterator[str]:
        last = ""
        while rows := self.execute(
            "SELECT place, id FROM things WHERE thread=? AND kind='experiment' AND place>? "
            "ORDER BY place LIMIT ?",
            (self.topic, last, at_once),
        ):
            first, last, number = rows[0][0], rows[-1][0], len(rows)
            known = self.execute(
                "SELECT text FROM told WHERE thread=? AND name=? AND first=? AND last=? "
                "AND number=? AND program=?",
                (self.topic, name, first, last, number, __version__),
            ).fetchone()
            if known is not None and holds(known[0]):
                yield known[0]
                continue
            self._lost_items = False
            text = tell(self._passing([shown for _, shown in rows]))
            if not self._lost_items:
                row = (self.topic, name, first, last, number, __version__, text)
                self._asked(partial(self._keep_told, row))
            yield text

    def _passing(self, ids: list[str]) -> Iterator[Experiment]:
        for at in range(0, len(ids), FOLDED_AT_ONCE):
            yield from self.passing(ids[at : at + FOLDED_AT_ONCE])

    def _keep_told(self, row: tuple[object, ...]) -> None:
        """In the place of all that was told of some of these; not where more came meanwhile."""
        topic, name, first, last, *_ = row
        with self.index.writing() as db:
            if int(self._said("records") or 0) == self.thread.record_count:
                db.execute(
                    "DELETE FROM told WHERE thread=? AND name=? AND first<=? AND last>=?",
                    (topic, name, last, first),
                )
                db.execute("INSERT INTO told VALUES(?,?,?,?,?,?,?)", row)

    def told_of(
        self, kind: str, name: str, tell: Callable[[Item], str]
    ) -> Iterator[tuple[str, str]]:
        self.judge()  # what was told of an item goes when that is judged again
        last = ""
        while rows := self.execute(
            "SELECT place, things.id, text FROM things LEFT JOIN told_of ON told_of.thread=things.thread "
            "AND told_of.uid=things.uid AND name=? AND program=? "
            "WHERE things.thread=? AND kind=? AND place>? ORDER BY place LIMIT ?",
            (name, __version__, self.topic, kind, last, TOLD_AT_ONCE),
        ):
            last = rows[-1][0]
            new = {uid: shown for uid, shown, text in rows if text is None}
            told = self._tell(name, new, tell) if new else {}
            yield from ((shown, told[uid] if text is None else text) for uid, shown, text in rows)

    def _tell(
        self, name: str, items: Mapping[str, str], tell: Callable[[Item], str]
    ) -> dict[str, str]:
        """Of each of ``items`` (uid to id); kept as long as what was looked at meanwhile does not
        change, for which the item is judged again."""
        self._forget(HELD)
        self.expect(list(items.values()))
        told = dict[str, str]()
        rows, rests, choosers = _Texts(), _Texts(), _Texts()
        for uid, shown in items.items():
            told[uid], looked_at, chosen_by, lost = self._watched(
                partial(self._tell_one, shown, tell)
            )
            if not lost:
                rows.append((self.topic, uid, name, __version__, told[uid]))
                rests += [(self.topic, base, uid) for base in sorted({*looked_at, base_of(shown)})]
                choosers += [(self.topic, uid, selectors) for selectors in chosen_by]
        self._asked(partial(self._keep_told_of, rows, rests, choosers))
        return told

    def _tell_one(self, shown: str, tell: Callable[[Item], str]) -> str:
        [item] = cast("list[Item]", self.load([shown]))
        return tell(item)

    def _keep_told_of(self, rows: _Texts, rests: _Texts, choosers: _Texts) -> None:
        """Not where more came meanwhile."""
        with self.index.writing() as db:
            if int(self._said("records") or 0) == self.thread.record_count:
                db.executemany("INSERT OR REPLACE INTO told_of VALUES(?,?,?,?,?)", rows)
                db.executemany("INSERT OR IGNORE INTO rests VALUES(?,?,?)", rests)
                db.executemany("INSERT OR IGNORE INTO choosers VALUES(?,?,?)", choosers)

    def spans(self) -> Iterator[tuple[str, Mapping[str, Span]]]:
        rows = self.execute(
            "SELECT id, numbers FROM things WHERE thread=? AND kind='experiment' ORDER BY place",
            (self.topic,),
        )
        return ((shown, json.loads(numbers or "{}")) for shown, numbers in rows)

    def by_time(self) -> Iterable[tuple[str, str, str, str]]:
        return self.execute(
            "SELECT records.at, things.id, things.kind, state FROM things JOIN records "
            "ON records.thread=things.thread AND records.id=place WHERE things.thread=?",
            (self.topic,),
        )

    def ranked(self) -> Sequence[Experiment]:
        return self.draw(*_RANKED)

    def ranked_ids(self, most: int) -> list[str]:
        return self.draw(*_RANKED).ids(0, most)

    def recent(self) -> Sequence[Experiment]:
        return self.draw("ranked", [], "recent DESC, best IS NULL, best, place")

    def ranked_first(self) -> Sequence[Experiment]:
        return self.draw("kind='experiment'", [], "ranked DESC, best IS NULL, best, place")

    def measured(self) -> list[str]:
        """Experiments mostly measure the same: each different list of names is looked up, and taken
        in the order of the first experiment that has it."""
        lists, last = [], ""
        while row := self.db.execute(
            "SELECT names, place FROM things WHERE thread=? AND kind='experiment' AND names>? "
            "ORDER BY names, place LIMIT 1",
            (self.topic, last),
        ).fetchone():
            last = row[0]
            lists.append((row[1], json.loads(row[0])))
        return list(dict.fromkeys(name for _, names in sorted(lists) for name in names))

    def open(self) -> Sequence[Experiment]:
        return self.draw("open", [], "place")

    def negatives_newest_first(self) -> Sequence[Item | Experiment]:
        return self.draw("negative_at IS NOT NULL", [], "negative_at DESC, id DESC")

    def standing(
        self, kind: str, states: Sequence[str] = (), newest_first: bool = False
    ) -> Sequence[Item]:
        where, values, among = "kind=? AND stands=1", [kind], "things"
        order = "place DESC" if newest_first else "place"
        if len(states) == 1:
            where, values = f"{where} AND state=?", [kind, *states]
        elif states:
            listed = " ".join(f"WHEN '{state}' THEN {at}" for at, state in enumerate(states))
            where = f"{where} AND state IN ({','.join('?' * len(states))})"
            values, order = [kind, *states], f"CASE state {listed} END, place"
        if states:  # few are in that state, among many of the kind
            among = "things INDEXED BY things_state"
        return self.draw(where, values, order, among)

    def claims_by_label(self) -> Sequence[Item]:
        self.judge()
        return self.draw("kind='claim'", [], "stands DESC, rank DESC, place")

    def ranked_otherwise(self, ranks: Mapping[str, int]) -> Sequence[Item]:
        self.judge()
        rows = self.db.execute(
            "SELECT id, rank FROM things WHERE thread=? AND kind='claim' AND stands ORDER BY place",
            (self.topic,),
        )
        return cast("list[Item]", self.load([i for i, now in rows if ranks.get(i, now) != now]))

    def alike(self, invocations: Sequence[str]) -> dict[str, Told]:
        if self.looked_at is not None:
            self.looked_at.update(invocations)  # a run of it that differs may come
        for invocation in invocations:
            if invocation not in self._alike:
                asked = partial(run_table.alike, self.index, self.topic, invocation)
                self._alike[invocation] = self._asked(asked)
        return {i: told for i in invocations if are_several(told := self._alike[i])}

    def runs_where(self, selectors: Sequence[tuple[str, object]]) -> list[Run]:
        terms, values = ["thread=?"], [self.topic]
        for key, value in selectors:
            if isinstance(value, (str, int)) and not isinstance(value, bool) and '"' not in key:
                path, bare = f'$."{key}"', f'$."{key.removeprefix("config.")}"'
                at = "CASE WHEN json_type(config, ?) IS NULL THEN ? ELSE ? END"
                terms.append(
                    f"coalesce(json_extract(config, {at})=?, json_type(config, {at}) IS NULL)"
                )
                asked = [path, bare, path]
                values += [*asked, value, *asked]  # type: ignore[list-item]  # SQLite compares as typed
        found = self.db.execute(
            f"SELECT DISTINCT experiment FROM runs WHERE {' AND '.join(terms)}", values
        ).fetchall()
        ids = [row[0] for row in found]
        self.chosen_by.append(json.dumps(selectors))
        places = sorted(cast("list[Experiment]", self.load(ids)), key=lambda e: e.runs[0].uid)
        return [run for experiment in places for run in experiment.runs]

    def measured_before(self, metric: str, uid: str) -> bool:
        path = '$."' + metric.replace('"', "") + '"'
        found = self.db.execute(
            "SELECT uid FROM runs WHERE thread=? AND json_extract(metrics, ?) IS NOT NULL",
            (self.topic, path),
        )
        runs = [run for (run,) in found]
        return bool(runs) and not self.thread.came_before(uid, *runs)

    def runs_alike(self, keys: Sequence[str]) -> list[Run]:
        marks = ",".join("?" * len(keys))
        found = self.db.execute(
            f"SELECT DISTINCT experiment FROM runs WHERE thread=? AND (thread, uid) IN "
            f"(SELECT thread, uid FROM plans WHERE key IN ({marks}))",
            [self.topic, *keys],
        ).fetchall()
        if self.looked_at is not None:
            self.looked_at.update(keys)  # another may come
        places = cast("list[Experiment]", self.load(sorted(row[0] for row in found)))
        return [run for experiment in places for run in experiment.runs]

    def since(
        self, uid: str, first_at: str, milestones: Sequence[str], learnt: Sequence[str]
    ) -> Since:
        """A note of status teaches nothing; what corrects a note counts by itself."""
        marks = ",".join("?" * len(milestones))
        found = self.db.execute(
            f"SELECT line FROM records WHERE thread=? AND kind IN ({marks}) AND id>? ORDER BY id",
            [self.topic, *milestones, uid],
        ).fetchall()
        others = [kind for kind in learnt if kind != "note"]
        any_learnt = self._exists(
            "records", f"kind IN ({','.join('?' * len(others))}) AND id>?", [*others, uid]
        ) or self._exists("things", "kind='note' AND state != 'status' AND uid>?", [uid])
        hours = self._hours(uid, first_at)
        return Since([_record(line) for (line,) in found], any_learnt, hours)

    def _exists(self, table: str, where: str, values: Sequence[object]) -> bool:
        found = self.db.execute(
            f"SELECT 1 FROM {table} WHERE thread=? AND {where} LIMIT 1", [self.topic, *values]
        )
        return found.fetchone() is not None

    def _hours(self, uid: str, first_at: str) -> float:
        """The hours that were counted up to some record, and those behind it: records come at the
        end, in order of time; where one did not, all are counted anew."""
        about = json.dumps([uid, first_at, self._said("late")])
        known = json.loads(self._said("hours") or "{}")
        hours, upto, last = 0.0, uid, first_at
        if known.get("about") == about:
            hours, upto, last = known["hours"], known["upto"], known["last"]
        found = self.db.execute(
            "SELECT at, id FROM records WHERE thread=? AND id>? ORDER BY id", (self.topic, upto)
        ).fetchall()
        if not found:
            return hours
        times = [at for at, _ in found]
        if last and min(times) < last:
            found = self.db.execute(
                "SELECT at, id FROM records WHERE thread=? AND id>? ORDER BY id", (self.topic, uid)
            ).fetchall()
            hours, last, times = 0.0, first_at, [at for at, _ in found]
        hours += active_hours([*([last] if last else []), *times])
        told = {"about": about, "hours": hours, "upto": found[-1][1], "last": max(times)}
        self._say("hours", json.dumps(told))
        return hours

    def _say(self, name: str, text: str) -> None:
        self.index.say(self.topic, name, text)

    # -- what runs bear ----------------------------------------------------------------------------
    def label(self, uid: str) -> Judged | None:
        self.judge()
        if uid not in self._labels:
            self._labels[uid] = self._label(uid)
        if self.looked_at is not None:
            self.looked_at.add(uid)  # it may be judged otherwise
        return self._labels[uid]

    def _label(self, uid: str) -> Judged | None:
        row = self.db.execute(
            "SELECT found FROM judged WHERE thread=? AND uid=?", (self.topic, uid)
        ).fetchone()
        if row is None or row[0] is None:
            return None
        return Judged(*json.loads(row[0]))

    def labels(self) -> Iterable[tuple[str, Judged]]:
        self.judge()
        found = self.db.execute(
            "SELECT id, found FROM things JOIN judged USING(thread, uid) "
            "WHERE thread=? AND kind='claim' AND stands ORDER BY place",
            (self.topic,),
        )
        return ((shown, Judged(*json.loads(known))) for shown, known in found)

    def resting_on(self, kind: str, ids: Iterable[str]) -> Sequence[Item]:
        self.judge()
        bases, found = sorted(set(map(base_of, ids))), dict[str, str]()
        for at in range(0, len(bases), ASKED_AT_ONCE):
            some = bases[at : at + ASKED_AT_ONCE]
            found.update(
                self.db.execute(
                    "SELECT place, id FROM rests JOIN things USING(thread, uid) WHERE thread=? "
                    f"AND rests.base IN ({','.join('?' * len(some))}) AND kind=?",
                    [self.topic, *some, kind],
                )
            )
        return cast("list[Item]", self.load([found[place] for place in sorted(found)]))

    def withdrawn(self) -> Sequence[Experiment]:
        of_runs = "SELECT experiment FROM runs INDEXED BY runs_retracted"
        retracted = f"id IN ({of_runs} WHERE thread=? AND retracted!='')"
        return self.draw(
            f"kind='experiment' AND (NOT stands OR {retracted})", [self.topic], "place"
        )

    def waited_for(self) -> list[str]:
        query = (
            "SELECT DISTINCT base FROM dangling WHERE thread=? AND NOT EXISTS "
            "(SELECT 1 FROM owners WHERE owners.thread=dangling.thread AND owners.uid=dangling.uid)"
        )
        return sorted(base for (base,) in self.execute(query, [self.topic]))

    def repeated_notes(self) -> list[tuple[Item, Item, int]]:
        rows = self.db.execute(
            "SELECT names, id FROM things WHERE thread=? AND kind='note' ORDER BY place",
            (self.topic,),
        )
        groups = [[shown for _, shown in group] for _, group in groupby(rows, itemgetter(0))]
        found = list[tuple[Item, Item, int]]()
        for said in groups:
            if len(said) > 1:
                first, last = cast("list[Item]", self.load([said[0], said[-1]]))
                found.append((first, last, len(said)))
        return found

    def with_numbers(self) -> tuple[Sequence[Experiment], Sequence[str]]:
        measured, order = "kind='experiment' AND ranked AND numbers", "best IS NULL, best, place"
        silent: _Rows[str] = _Rows(self, f"{measured} = '{{}}'", [], order, list)
        return self.draw(f"{measured} != '{{}}'", [], order), silent

    def records_behind(self, uid: str) -> list[Record]:
        found = self.db.execute(
            "SELECT line FROM records WHERE thread=? AND id>? ORDER BY id", (self.topic, uid)
        )
        return [_record(line) for (line,) in found]

    def records_of(self, kind: str) -> list[Record]:
        found = self.db.execute(
            "SELECT line FROM records WHERE thread=? AND kind=? ORDER BY id", (self.topic, kind)
        )
        return [_record(line) for (line,) in found]

    def digests(self) -> set[str]:
        found = self.db.execute("SELECT digest FROM digests WHERE thread=?", (self.topic,))
        return {digest for (digest,) in found}

    def naming(self, digest: str) -> list[Record]:
        found = self.db.execute(
            "SELECT line FROM records JOIN digests USING(thread, id) WHERE thread=? AND digest=?",
            (self.topic, digest),
        )
        return [_record(line) for (line,) in found]

    def entries(self) -> Iterable[tuple[str, str, str]]:
        from leadline.adapters.store import entries_table  # and with it what renders

        self._asked(lambda: entries_table.bring_up_to_date(self.index, self.topic, __version__))
        return entries_table.entries(self, self.topic)

    def predicting(self, clause: str) -> set[str]:
        if self.looked_at is not None:
            self.looked_at.add(PREDICTED + clause)
        found = self.db.execute(
            "SELECT uid FROM predictions WHERE thread=? AND clause=?", (self.topic, clause)
        )
        return {uid for (uid,) in found.fetchall()}

    def of_family(self, family: str) -> Iterator[Item]:
        """What rests on it rests on which these are, and on none of them."""
        if self.looked_at is not None:
            self.looked_at.add(PREDICTED + family)
        found = self.db.execute(
            "SELECT things.id FROM predictions CROSS JOIN things INDEXED BY things_by_uid "
            "ON things.thread=predictions.thread AND things.uid=predictions.uid "
            "WHERE predictions.thread=? AND clause=?",
            (self.topic, family),
        )
        return cast("Iterator[Item]", self._passing([shown for (shown,) in found]))

    def tested(self) -> dict[str, list[str]]:
        rows = self.db.execute(
            "SELECT DISTINCT plans.base FROM things JOIN about USING(thread, base) "
            "JOIN plans ON plans.thread=about.thread AND plans.uid=about.id "
            "WHERE things.thread=? AND things.kind='hypothesis' AND plans.base != ''",
            (self.topic,),
        )
        return tested_by(cast("list[Experiment]", self.load(sorted(base for (base,) in rows))))

    def arms(self, metric: str) -> list[Arm]:
        """What was there to choose from was there before the claim: it rests on the experiments
        that are older."""
        if self.looked_at is not None:
            self.looked_at.add(OLDER)
        if metric not in self._arms:
            from leadline.core.compare.choice import arm_of

            rows = run_table.first_of_each(self.index, self.topic, metric)
            self._arms[metric] = [arm_of(row) for row in rows]
        return self._arms[metric]

    def asked_once(self, name: str, ask: Callable[[], T]) -> T:
        if name not in self._answers:
            self._answers[name] = self._watched(ask)
        found, looked_at, chosen_by, lost = self._answers[name]
        if self.looked_at is not None:
            self.looked_at |= looked_at
        self.chosen_by += chosen_by
        self._lost_items |= lost
        return cast("T", found)

    def _watched(self, ask: Callable[[], T]) -> tuple[T, set[str], list[str], bool]:
        """What ``ask`` finds, and what it looked at meanwhile: bases, selectors, and whether a blob
        was not here."""
        outer = self.looked_at, self.chosen_by, self._lost_items
        self.looked_at, self.chosen_by, self._lost_items = set(), [], False
        try:
            return ask(), self.looked_at, self.chosen_by, self._lost_items
        finally:
            self.looked_at, self.chosen_by, self._lost_items = outer

    def relabelled(self) -> list[list[Any]]:
        self.judge()
        found = self.db.execute(
            "SELECT relabelled FROM judged WHERE thread=? AND relabelled IS NOT NULL ORDER BY uid",
            (self.topic,),
        )
        return [json.loads(row) for (row,) in found]

    def differing(self) -> list[tuple[str, list[tuple[str, float, float | None]]]]:
        """(id, as ``recompute`` tells) of every standing item with a cited number that is another
        one now, in order."""
        self.judge()
        found = self.db.execute(
            f"SELECT things.id, differs FROM {_JUDGED} WHERE judged.thread=? "
            "AND differs IS NOT NULL AND stands ORDER BY place",
            (self.topic,),
        )
        return [(shown, [tuple(d) for d in json.loads(differs)]) for shown, differs in found]

    def with_gone_evidence(self) -> list[tuple[str, list[str]]]:
        self.judge()
        found = self.db.execute(
            f"SELECT things.id, gone FROM {_JUDGED} WHERE judged.thread=? "
            "AND gone IS NOT NULL AND stands ORDER BY place",
            (self.topic,),
        )
        return [(shown, json.loads(gone)) for shown, gone in found]

    def judge(self) -> None:
        """Before what was judged is read: who writes, and asks for no label, waits for none."""
        if not self._is_judged:
            self._asked(self._judge)

    def _judge(self) -> None:
        """Judge what is marked, and everything when what all rests on changed."""
        self._is_judged = True
        outer = self.looked_at, self.chosen_by, self._lost_items
        goes_on, self.goes_on = self.goes_on, False  # what is written here is of one index
        try:
            self._judge_marked()
        finally:
            self.looked_at, self.chosen_by, self._lost_items = outer
            self.goes_on = goes_on

    def _judge_marked(self) -> None:
        baselines = self.thread.of_kind("baseline")  # which one a text means follows from all
        ground = repr(
            (
                RULES,
                list(self.thread.metrics.values()),
                [said["uid"] for said in (*self.thread.rulers, *self.thread.holdouts)],
                [change.uid for change in self.thread.redefined],
                self.thread.about.get("production-path"),
                self.thread.profile.get("keys"),
                [(b.uid, b.retracted, b.superseded_by, b.body) for b in baselines],
            )
        )
        if self._said("judged on") != ground:
            with self.index.writing() as db:
                db.execute(
                    "INSERT OR IGNORE INTO unjudged SELECT thread, uid FROM judged WHERE thread=?",
                    (self.topic,),
                )
                db.execute("DELETE FROM told_of WHERE thread=?", (self.topic,))
            self._say("judged on", ground)
        marked = self.db.execute("SELECT uid FROM unjudged WHERE thread=?", (self.topic,))
        uids = sorted(uid for (uid,) in marked.fetchall())
        for at in range(0, len(uids), JUDGED_AT_ONCE):
            lot = [
                (uid, shown) for uid in uids[at : at + JUDGED_AT_ONCE] if (shown := self.id_of(uid))
            ]
            self._forget(HELD)
            self.expect([shown for _, shown in lot])
            for uid, shown in lot:
                self._judge_one(uid, shown)
        self._forget(HELD)

    def id_of(self, uid: str) -> str | None:
        row = self.db.execute(
            "SELECT id FROM things WHERE thread=? AND uid=? AND +kind != 'experiment'",
            (self.topic, uid),
        ).fetchone()  # by its uid: the + keeps SQLite from walking over all kinds
        return str(row[0]) if row else None

    def _forget(self, most: int) -> None:
        """Hold no more things than that."""
        if len(self._held) > most:
            self._held, self._whole = {}, set()

    def _judge_one(self, uid: str, shown: str) -> None:
        self._forget(HELD)
        [item] = cast("list[Item]", self.load([shown]))
        self.looked_at, self.chosen_by, self._lost_items = set(), [], False
        label: str | None = None
        strength, differs, moved = 0, None, None
        if item.kind == "claim" or item.body.get("predicate"):
            from leadline.core.evidence.of_thread import evidence_of

            found = evidence_of(self.thread, cast(Any, item.body), uid)
            strength = rank(found.label) if item.stands and item.kind == "claim" else 0
            label = json.dumps(judged(found))
            one = relabelled_one(item, found) if is_a(item, "claim") else None
            moved = json.dumps(one) if one is not None else None
        if item.stands and item.body.get("bound"):
            changed = recompute(item, self.thread)
            differs = json.dumps(changed) if changed else None
        gone = gone_evidence(item, self.thread) if item.stands else []
        rests = sorted(self.looked_at)
        lost = self._lost_items  # a blob may come at any time, and no record tells
        self.looked_at = None
        topic = self.topic
        with self.index.writing() as db:
            told = "SELECT uid FROM rests WHERE thread=? AND base=?"  # what was told with its label
            db.execute(
                f"DELETE FROM told_of WHERE thread=? AND uid IN ({told})", (topic, topic, uid)
            )
            for table in ("judged", "rests", "choosers", "unjudged", "told_of"):
                db.execute(f"DELETE FROM {table} WHERE thread=? AND uid=?", (topic, uid))
            row = (topic, uid, label, differs, moved, json.dumps(gone) if gone else None)
            db.execute("INSERT INTO judged VALUES(?,?,?,?,?,?)", row)
            db.execute(
                "UPDATE things SET rank=? WHERE thread=? AND kind=? AND place=?",
                (strength, topic, item.kind, uid),
            )
            db.executemany("INSERT INTO rests VALUES(?,?,?)", [(topic, b, uid) for b in rests])
            db.executemany(
                "INSERT OR IGNORE INTO choosers VALUES(?,?,?)",
                [(topic, uid, selectors) for selectors in self.chosen_by],
            )
            if lost:
                db.execute("INSERT OR IGNORE INTO unjudged VALUES(?,?)", (topic, uid))


def _record(line: bytes) -> Record:
    return record_known(json.loads(line))


class _Texts(list[tuple[str, ...]]):
    """Rows to write."""


class _Found(list[tuple[Any, ...]]):
    """Rows, as a cursor gives them."""

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self

    def fetchone(self) -> Any:
        return self[0] if self else None


class _Rows(Sequence[T]):
    """Things chosen by a condition, in an order; drawn some at a time."""

    def __init__(
        self,
        rows: KeptRows,
        where: str,
        values: Sequence[object],
        order: str,
        load: Callable[[list[str]], list[Any]],
        among: str = "things",
    ) -> None:
        self._rows, self._where, self._values, self._among = rows, where, values, among
        self._order, self._load = order, load
        self._count = -1
        self._front: list[str] = []

    def __len__(self) -> int:
        if self._count < 0:
            self._count = self._rows._count("things", self._where, self._values)
        return self._count

    def __bool__(self) -> bool:
        return self._rows._exists("things", self._where, self._values)

    def ids(self, start: int, count: int) -> list[str]:
        found = self._rows.db.execute(
            f"SELECT id FROM {self._among} WHERE thread=? AND {self._where} ORDER BY {self._order} "
            "LIMIT ? OFFSET ?",
            [self._rows.topic, *self._values, count, start],
        )
        return [row[0] for row in found.fetchall()]

    def _far(self, start: int, count: int) -> list[str]:
        ids = self.ids(start, count)
        if self._load == self._rows.load:
            self._rows.expect(ids)
        return ids

    def _first(self, count: int) -> list[str]:
        """The ids up to there, and some more: who looks at one by one asks seldom."""
        if count > len(self._front):
            lot = max(count, DRAWN_AT_ONCE, 2 * len(self._front)) - len(self._front)
            more = self.ids(len(self._front), lot)
            self._front += more
            if self._load == self._rows.load:
                self._rows.expect(more)
        return self._front[:count]

    def __getitem__(self, at: Any) -> Any:
        if not isinstance(at, slice):
            if 0 <= at < NEAR:
                ids = self._first(at + 1)[at:]
            else:
                place = at if at >= 0 else at + len(self)
                ids = self.ids(place, 1) if place >= 0 else []
            found = self._load(ids)
            if not found:
                raise IndexError(at)
            return found[0]
        if (
            at.step is None
            and (at.start or 0) >= 0
            and at.stop is not None
            and 0 <= at.stop <= NEAR
        ):
            return self._load(self._first(at.stop)[at.start :])
        start, stop, step = at.indices(len(self))
        if step < 0:
            return [self[place] for place in range(start, stop, step)]
        return self._load(self._far(start, max(0, stop - start)))[::step]

    def __iter__(self) -> Iterator[T]:
        start, count = 0, DRAWN_AT_ONCE
        while ids := (
            self._first(start + count)[start:] if start + count <= NEAR else self._far(start, count)
        ):
            yield from self._load(ids)
            start, count = start + len(ids), min(2 * count, MOST_AT_ONCE)

    def __reversed__(self) -> Iterator[T]:
        stop, count = len(self), DRAWN_AT_ONCE
        while stop > 0:
            start = max(0, stop - count)
            yield from reversed(self[start:stop])
            stop, count = start, min(2 * count, MOST_AT_ONCE)


class _OneByOne(_Rows[T]):
    """Of things that are large: a seal of an earlier Leadline has a row of each experiment."""

    def __iter__(self) -> Iterator[T]:
        return (self[place] for place in range(len(self)))

    def __reversed__(self) -> Iterator[T]:
        return (self[place] for place in reversed(range(len(self))))


class _Things(Mapping[str, Any]):
    """Experiments, or items, by id."""

    def __init__(self, rows: KeptRows, kinds: tuple[str, ...]) -> None:
        self._rows, self._kinds = rows, kinds
        self._where = f"kind IN ({','.join('?' * len(kinds))})"

    def __getitem__(self, shown: str) -> Any:
        is_experiment = self._kinds == ("experiment",)
        parsed = parse_id(shown)
        if parsed is not None and (parsed.kind in ("experiment", "run")) != is_experiment:
            raise KeyError(shown)  # it can name none: nothing is folded for that
        found = self._rows.load([shown])
        if not found or isinstance(found[0], Experiment) != is_experiment:
            raise KeyError(shown)
        return found[0]

    def __iter__(self) -> Iterator[str]:
        return iter(_Rows(self._rows, self._where, self._kinds, "place", list))

    def __len__(self) -> int:
        return self._rows._count("things", self._where, self._kinds)

    def __bool__(self) -> bool:
        return self._rows._exists("things", self._where, self._kinds)

    def values(self) -> Any:
        """Not held: who walks over all of them must not fill the memory."""
        rows = self._rows
        if rows.looked_at is not None:
            rows.looked_at.add("*")
        return _Rows(rows, self._where, self._kinds, "place", rows.passing)


class _Kinds(Mapping[str, Any]):
    """The items of each kind."""

    def __init__(self, rows: KeptRows) -> None:
        self._rows, self._drawn = rows, dict[str, _Rows[Any]]()

    def __getitem__(self, kind: str) -> Any:
        if kind not in self._drawn:
            rows = self._rows
            if kind == "snapshot":
                self._drawn[kind] = _OneByOne(rows, "kind=?", [kind], "place", rows.passing)
            else:
                self._drawn[kind] = rows.draw("kind=?", [kind], "place")
        return self._drawn[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(ITEM_KINDS))

    def __len__(self) -> int:
        return len(ITEM_KINDS)


class _Uids(Mapping[tuple[str, str], str]):
    """(kind, uid) to the id shown."""

    def __init__(self, rows: KeptRows) -> None:
        self._rows = rows
        self._known = dict[tuple[str, str], str]()  # it does not become another

    def __getitem__(self, key: tuple[str, str]) -> str:
        if key in self._known:
            return self._known[key]
        kind, uid = key
        if kind == "run":
            query, values = "SELECT id FROM runs WHERE thread=? AND uid=?", [uid]
        else:
            query, values = "SELECT id FROM things WHERE thread=? AND uid=? AND kind=?", [uid, kind]
        row = self._rows.db.execute(query, [self._rows.topic, *values]).fetchone()
        if row is None:
            if self._rows.looked_at is not None:
                self._rows.looked_at.add(uid)  # it may come later
            raise KeyError(key)
        if len(self._known) > MOST_HELD:
            self._known.clear()
        self._known[key] = str(row[0])
        return self._known[key]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        db, topic = self._rows.db, self._rows.topic
        yield from db.execute("SELECT kind, uid FROM things WHERE thread=?", (topic,)).fetchall()
        for (uid,) in db.execute("SELECT uid FROM runs WHERE thread=?", (topic,)).fetchall():
            yield "run", uid

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _OfRecords(Sequence[T]):
    """Something of every record, in order; each iteration reads it anew."""

    def __init__(self, rows: KeptRows) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return self._rows._count("records", "1", [])

    def __getitem__(self, at: Any) -> Any:
        return list(self)[at]


class _Records(_OfRecords[Record]):
    """The records themselves, read some at a time."""

    def __reversed__(self) -> Iterator[Record]:
        last = "~"
        while found := self._rows.db.execute(
            "SELECT id, line FROM records WHERE thread=? AND id<? ORDER BY id DESC LIMIT ?",
            (self._rows.topic, last, DRAWN_AT_ONCE),
        ).fetchall():
            last = found[-1][0]
            yield from (_record(line) for _, line in found)

    def __iter__(self) -> Iterator[Record]:
        last = ""
        while found := self._rows.db.execute(
            "SELECT id, line FROM records WHERE thread=? AND id>? ORDER BY id LIMIT ?",
            (self._rows.topic, last, MOST_AT_ONCE),
        ).fetchall():
            last = found[-1][0]
            yield from (_record(line) for _, line in found)


class _Times(_OfRecords[str]):
    """``at`` of every record."""

    def __iter__(self) -> Iterator[str]:
        found: Iterable[tuple[str]] = self._rows.db.execute(
            "SELECT at FROM records WHERE thread=? ORDER BY id", (self._rows.topic,)
        )
        return (at for (at,) in found)

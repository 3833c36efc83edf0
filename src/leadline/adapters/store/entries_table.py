"""The entries of the logbook as they were rendered: one is made from the records up to its own, so
that it stays what it is, whatever is recorded later.

A new one is rendered from the records about what it names, which are folded as they were then: some
records at a time, so that the first logbook of a long thread costs no whole fold. A record that
arrives late, from another machine, drops what sorts behind it. Entries of another program than this
one are made anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice

from leadline.adapters.store import names_table
from leadline.adapters.store.names_table import APART, REACHED
from leadline.core.ids import parse_id
from leadline.core.record.about import base_of, bases_of
from leadline.core.record.event import Record, record_known
from leadline.core.record.fold import created_id, replay
from leadline.core.typed import TYPE_CHECKING, NamedTuple
from leadline.render.logbook.entries import KINDS_SHOWN, Entry, Log
from leadline.render.markdown import heading_slug

if TYPE_CHECKING:
    import sqlite3

    from leadline.adapters.store.index import Index
    from leadline.adapters.store.kept_thread import KeptRows

RENDERED_AT_ONCE = 400  # records
IDS_AT_ONCE = 500
DEFINED = ("thread-started", "metric-defined", "ruler", "baseline")
DESIGNS = ("sweep", "interleaving")
_WITHDRAWS = ("retraction", "supersession")
_SHOWN_WITH = ("run-planned", "note", "hypothesis", "hypothesis-changed", "correction")
_NAMES = ("about", "experiments", "evidence")


def bring_up_to_date(index: Index, thread: str, program: str) -> None:
    """Render what is not rendered yet, or not by this ``program``."""
    if index.said(thread, "entries by") != program:
        with index.writing() as db:
            db.execute("DELETE FROM entries WHERE thread=?", (thread,))
            names_table.say(db, thread, REACHED, "")
            names_table.say(db, thread, "entries by", program)
    log: Log | None = None
    reached = None
    while records := _next(index.db, thread, index.said(thread, REACHED)):
        if index.said(thread, REACHED) != reached:
            log = None  # at first, and where somebody else's records came late
        shown = [record for record in records if record.kind in KINDS_SHOWN]
        made = list[_Made]()
        if shown:
            log = _log(index.db, thread, shown[0].id) if log is None else log
            made = list(_rendered(index.db, thread, log, shown))
        reached = records[-1].id
        with index.writing() as db:
            _write(db, thread, made)
            names_table.say(db, thread, REACHED, reached)


def entries(db: KeptRows, thread: str) -> Iterator[tuple[str, str, str]]:
    """Anchor, heading and body of each."""
    last = ""
    while found := db.execute(
        "SELECT uid, anchor, heading, body FROM entries WHERE thread=? AND uid>? ORDER BY uid LIMIT ?",
        (thread, last, RENDERED_AT_ONCE),
    ).fetchall():
        last = found[-1][0]
        yield from (row[1:] for row in found)


def _next(db: sqlite3.Connection, thread: str, after: str) -> list[Record]:
    found = db.execute(
        "SELECT line FROM records WHERE thread=? AND id>? ORDER BY id LIMIT ?",
        (thread, after, RENDERED_AT_ONCE),
    )
    return _records(found.fetchall())


def _records(rows: Iterable[tuple[bytes]]) -> list[Record]:
    return [
        record_known(data) for data in json.loads(b"[" + b",".join(line for (line,) in rows) + b"]")
    ]


def _log(db: sqlite3.Connection, thread: str, before: str) -> Log:
    """As it was when everything before that record was rendered."""
    kinds = ",".join("?" * len(KINDS_SHOWN))
    last = db.execute(
        f"SELECT line FROM records WHERE thread=? AND id<? AND +kind IN ({kinds}) "
        "ORDER BY id DESC LIMIT 1",
        (thread, before, *KINDS_SHOWN),
    ).fetchall()
    rows = db.execute(
        "SELECT slug, anchor, first_of, told FROM entries WHERE thread=? ORDER BY uid", (thread,)
    ).fetchall()
    first = {name: anchor for _, anchor, names, _ in rows for name in names.split()}
    told = dict(json.loads(text) for *_, text in rows if text)
    return Log((slug for slug, *_ in rows), first, next(iter(_records(last)), None), told)


def _write(db: sqlite3.Connection, thread: str, made: list[_Made]) -> None:
    db.executemany(
        "INSERT OR REPLACE INTO entries VALUES(?,?,?,?,?,?,?,?)",
        [
            (thread, one.record.id, heading_slug(one.entry.heading), *one.entry, *one[2:])
            for one in made
        ],
    )


class _Made(NamedTuple):
    """``first_of``: the things that the entry is the first of; ``told``: its writer and the facts
    told of that one's runs from there on, "" where these are as before."""

    record: Record
    entry: Entry
    first_of: str
    told: str


def _rendered(
    db: sqlite3.Connection, thread: str, log: Log, shown: list[Record]
) -> Iterator[_Made]:
    """The entries of ``shown``, which follow one another."""
    wanted = {record.id for record in shown}
    known = len(log.first)
    for record, then in replay(_about(db, thread, shown), thread):
        if record.id not in wanted:
            continue
        before = dict(log.told.get(record.writer) or ())
        if (entry := log.entry(record, then)) is not None:
            # From the end: to walk past all that came before, for each entry, is quadratic.
            new = list(islice(reversed(log.first), len(log.first) - known))
            known += len(new)
            first_of = " ".join(reversed(new))
            now = log.told.get(record.writer) or {}
            told = json.dumps([record.writer, now]) if now != before else ""
            yield _Made(record, entry, first_of, told)


def _about(db: sqlite3.Connection, thread: str, shown: list[Record]) -> list[Record]:
    """The records that the entries of ``shown`` are made from: about what these name, about what is
    shown with that (the notes and hypotheses of an experiment), and about what those cite."""
    find = _Find(db, thread, shown)
    named = {base for record in shown for base in _named(record)}
    named |= {base for record in find.of_kinds(("baseline",)) for base in bases_of(record)}
    found = {record.id: record for record in (*find.of_kinds(DEFINED), *shown)}
    withdrawn = [r for r in shown if r.kind in _WITHDRAWS]
    # Whatever rests on what was withdrawn is named there.
    resting = find.about({base_of(str(r.body.get("target", ""))) for r in withdrawn})
    found.update({record.id: record for record in resting})
    known = set[str]()
    for _ in range(4):
        named |= find.designs_of(found.values())
        more = find.about(named - known, apart=APART) + find.own(named - known)
        known |= named
        found.update({record.id: record for record in more})
        with_it = [r for r in (*more, *resting) if r.kind in _SHOWN_WITH]
        with_it += find.told_by(shown, found.values())
        found.update({record.id: record for record in with_it})
        named = {base for record in with_it for base in _named(record)}
        resting = []
    return list(found.values())


def _named(record: Record) -> set[str]:
    if record.kind == "snapshot":  # an old one names every experiment, and shows none
        return {base_of(created_id(record))}
    lists = [record.body.get(name) for name in _NAMES]
    others = [n for names in lists if isinstance(names, list) for n in names if isinstance(n, str)]
    return bases_of(record) | {base_of(n) for n in others if parse_id(n)}


class _Find:
    """Records up to the last of those shown, each read once."""

    def __init__(self, db: sqlite3.Connection, thread: str, shown: list[Record]) -> None:
        self.db, self.thread, self.upto = db, thread, shown[-1].id
        self._known = {record.id: record for record in shown}

    def _read(self, rows: Iterable[tuple[str, bytes]]) -> list[Record]:
        found = dict(rows)
        new = _records((line,) for uid, line in found.items() if uid not in self._known)
        self._known.update((record.id, record) for record in new)
        return [self._known[uid] for uid in found]

    def of_kinds(self, kinds: tuple[str, ...]) -> list[Record]:
        found = self.db.execute(
            f"SELECT id, line FROM records WHERE thread=? AND kind IN ({','.join('?' * len(kinds))}) "
            "AND id<=?",
            (self.thread, *kinds, self.upto),
        )
        return self._read(found)

    def about(self, bases: set[str], apart: tuple[str, ...] = ()) -> list[Record]:
        """Those about ``bases``, but of the kinds ``apart``."""
        return self._of(
            "SELECT id FROM about WHERE thread=? AND base IN ({}) AND id<=?", bases, apart
        )

    def designs_of(self, records: Iterable[Record]) -> set[str]:
        """The bases of the sweeps and measurements in turns that runs are of: whether one has ended
        stands with it."""
        places = [r.body.get("design") or {} for r in records if r.kind == "run-planned"]
        uids = {str(p[kind]) for p in places for kind in DESIGNS if p.get(kind)}
        if not uids:  # IN () would look at every one
            return set()
        marks = ",".join("?" * len(uids))
        rows = self.db.execute(
            f"SELECT base FROM owners WHERE thread=? AND uid IN ({marks})", (self.thread, *uids)
        )
        return {base for (base,) in rows}

    def told_by(self, shown: list[Record], known: Iterable[Record]) -> list[Record]:
        """The plans of the runs that an entry of ``shown`` tells together: of a command that ends
        there, or has not ended before."""
        known = sorted(known, key=lambda record: record.id)  # the last end of a command counts
        ends = {r.body.get("of"): r.id for r in known if r.kind == "command-ended"}
        found = list[Record]()
        for record in known:
            if record.kind in DESIGNS and not ends.get(record.id, "~") < shown[0].id:
                rows = self.db.execute(
                    "SELECT id, line FROM records WHERE thread=? AND kind='run-planned' AND id>? "
                    "AND id<=? AND instr(line, ?)",
                    (self.thread, record.id, self.upto, record.id),
                )
                found += self._read(rows)
        return found

    def own(self, bases: set[str]) -> list[Record]:
        """Those that gave ``bases`` their ids."""
        return self._of("SELECT uid FROM owners WHERE thread=? AND base IN ({}) AND uid<=?", bases)

    def _of(self, which: str, bases: set[str], apart: tuple[str, ...] = ()) -> list[Record]:
        found, listed = list[Record](), sorted(bases)
        kinds = ",".join("?" * len(apart))
        for at in range(0, len(listed), IDS_AT_ONCE):
            some = listed[at : at + IDS_AT_ONCE]
            ids = which.format(",".join("?" * len(some)))
            rows = self.db.execute(
                f"SELECT id, line FROM records WHERE thread=? AND id IN ({ids}) "
                f"AND kind NOT IN ({kinds})",
                (self.thread, self.thread, *some, self.upto, *apart),
            )
            found += self._read(rows)
        return found

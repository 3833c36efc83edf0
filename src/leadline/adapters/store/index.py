"""The read model: records, runs and words in SQLite, brought up to date from the event files' new
bytes.

A cache and nothing else, and believed only where it is the file that its last writer left: whoever
writes to it does so under one lock, in whose file it then notes what the index is (which inode, how
long, when changed, in which boot of the machine). Anything else (deleted, half written, an older or
another repository's copy, changed by hand, from before a power cut) is thrown away and made again
from the event files, and so is what was read of an event file whose end is not the known one. There
is no journal beside it that could be left behind: a write that did not come to its end is no
repair but a new index. Where the folder cannot be written it is kept in memory.

A record that arrives is kept, with the ids it is about; what its experiments look like now is not
worked out here. They are marked as stale, and the fold makes their rows anew when rows are asked
for (``run_table``), so that a record may arrive late and a listing still cannot differ from the
thread.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from leadline.adapters.files import lock_of, locked
from leadline.adapters.store import names_table
from leadline.core.canonical import is_digest
from leadline.core.contexts import contextmanager
from leadline.core.errors import LeadlineError
from leadline.core.ids import numbers_upto, parse_id
from leadline.core.patterns import later
from leadline.core.record.about import base_of, bases_of, uid_named
from leadline.core.record.event import (
    BadLine,
    Misfit,
    Record,
    Repeated,
    line_digest,
    parse_line,
    parse_lines,
    record_known,
)
from leadline.core.record.event_files import Head, by_writer
from leadline.core.record.fold import SAID_OF, created_id, numbers_of
from leadline.core.record.kinds import KINDS
from leadline.core.record.order import DIGITS, Order, Seen, SeenByWriter, note_of
from leadline.core.record.written import Lines
from leadline.core.typed import TYPE_CHECKING, Any, TypeVar
from leadline.job.disk import open_in_place

if TYPE_CHECKING:
    import sqlite3

    from leadline.core.record.rows import RunRow
    from leadline.core.record.search_text import Hit
else:
    try:  # the C half alone: with ``datetime``, the other costs a verb that writes 1.5 ms
        import _sqlite3 as sqlite3
    except ImportError:
        import sqlite3

DatabaseError = sqlite3.DatabaseError
SCHEMA_VERSION = 35
BUSY_TIMEOUT_S = 10
NOTED_BYTES = 200
BESIDE = ("-journal", "-wal", "-shm")  # what another version's SQLite may have left
SAYINGS = frozenset(("note", "hypothesis", "decision", *names_table.APART))
LARGEST_NUMBER = (1 << 63) - 1  # that SQLite holds
BOOT_ID = "/proc/sys/kernel/random/boot_id"
ALONE = 1000  # records: of the first that are read it does not pay to look what they repeat
READ_AT_ONCE = 500  # records: bounds the memory, and the variables of one statement
# ``plans``: of each planned run what has to be known at once; ``ended`` is the newest record that ends it.
# ``row``: what names the row of a run that was made elsewhere.
# ``seen``: what records note of other writers' files (``core/record/order.py``).
# ``stale``: the ids whose rows are to be made anew; "" stands for what derived metrics rest on. ``judge``:
# not only something was said of it, so that what rests on it is judged again.
# ``half_made``: the ids whose runs have rows and whose things have to be made anew.
# ``things``: what a view of the whole thread asks of its experiments and items (``things_table``).
# ``told``: what was said of the ``number`` experiments from ``first`` to ``last`` (``KeptRows.told_in_parts``).
# ``told_of``: what was said of one item (``KeptRows.told_of``).
# SQLite takes one thread to have ten rows: what is looked up by more than that is looked up in an index that
# holds what is asked for, or it would walk over the thread.
# ``alike``: of each invocation that was asked about, what its runs have (``core/record/reaches.py``).
# ``entries``: of the logbook (``entries_table``).
# ``odd``: why a thread has to be folded whole (``names_table``).
# ``checked``: what was found whole, and what it was then (``checked_files``).
# ``digests``: what records name by its content.
# ``files``: what was read; ``last`` is the digest of the line of ``last_bytes`` that it ended with.
_SCHEMA = """
CREATE TABLE files(thread TEXT, name TEXT, size INTEGER, seen TEXT, lines INTEGER, last_bytes INTEGER, last TEXT,
                   PRIMARY KEY(thread, name)) WITHOUT ROWID;
CREATE TABLE checked(thread TEXT, name TEXT, state TEXT, follows TEXT, last TEXT, clock TEXT, outside TEXT,
                     PRIMARY KEY(thread, name)) WITHOUT ROWID;
CREATE TABLE blobs(thread TEXT, name TEXT, seen TEXT, blob TEXT, PRIMARY KEY(thread, name)) WITHOUT ROWID;
CREATE TABLE records(thread TEXT, id TEXT, kind TEXT, at TEXT, line BLOB, PRIMARY KEY(thread, id));
CREATE INDEX records_at ON records(thread, id, at);
CREATE INDEX records_by_kind ON records(thread, kind, id);
CREATE TABLE about(thread TEXT, base TEXT, id TEXT, PRIMARY KEY(thread, base, id)) WITHOUT ROWID;
CREATE TABLE ids(thread TEXT, kind TEXT, within TEXT, number INTEGER, uid TEXT,
                 PRIMARY KEY(thread, kind, within, number, uid)) WITHOUT ROWID;
CREATE TABLE plans(thread TEXT, uid TEXT, base TEXT DEFAULT '', key TEXT DEFAULT '', ended TEXT DEFAULT '',
                   writer TEXT DEFAULT '', row TEXT DEFAULT '', PRIMARY KEY(thread, uid)) WITHOUT ROWID;
CREATE INDEX plans_by_row ON plans(row) WHERE row != '';
CREATE INDEX plans_by_base ON plans(thread, base);
CREATE INDEX plans_by_key ON plans(key);
CREATE INDEX plans_open ON plans(thread, uid) WHERE base != '' AND ended < uid;
CREATE TABLE seen(thread TEXT, uid TEXT, writer TEXT, notes TEXT, PRIMARY KEY(thread, uid)) WITHOUT ROWID;
CREATE TABLE stale(thread TEXT, base TEXT, judge INTEGER, PRIMARY KEY(thread, base)) WITHOUT ROWID;
CREATE TABLE half_made(thread TEXT, base TEXT, judge INTEGER, PRIMARY KEY(thread, base)) WITHOUT ROWID;
CREATE TABLE runs(thread TEXT, uid TEXT, id TEXT, experiment TEXT, title TEXT, key TEXT, state TEXT, origin TEXT,
                  planned_at TEXT, started_at TEXT, wall_s REAL, exit_code INTEGER, argv TEXT, config TEXT,
                  metrics TEXT, nonfinite TEXT, tree TEXT, retracted TEXT, apart TEXT, place TEXT, invocation TEXT,
                  PRIMARY KEY(thread, uid)) WITHOUT ROWID;
CREATE INDEX runs_retracted ON runs(thread, experiment) WHERE retracted != '';
CREATE INDEX runs_chosen ON runs(thread, experiment, config, state);
CREATE INDEX runs_alike ON runs(thread, invocation) WHERE invocation != '';
CREATE TABLE costs(thread TEXT, uid TEXT, ran_s REAL, device_s REAL, attempts INTEGER, lost_s REAL, queued_s REAL,
                   PRIMARY KEY(thread, uid)) WITHOUT ROWID;
CREATE TABLE alike(thread TEXT, invocation TEXT, told TEXT, PRIMARY KEY(thread, invocation)) WITHOUT ROWID;
CREATE TABLE ground(thread TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID;
CREATE TABLE owners(thread TEXT, uid TEXT, base TEXT, PRIMARY KEY(thread, uid)) WITHOUT ROWID;
CREATE INDEX owners_of ON owners(thread, base);
CREATE TABLE dangling(thread TEXT, uid TEXT, base TEXT, PRIMARY KEY(thread, uid, base)) WITHOUT ROWID;
CREATE TABLE odd(thread TEXT PRIMARY KEY, why TEXT) WITHOUT ROWID;
CREATE TABLE things(thread TEXT, place TEXT, kind TEXT, id TEXT, uid TEXT, base TEXT, stands INTEGER, state TEXT,
                    runs INTEGER, open INTEGER, ranked INTEGER, best REAL, recent TEXT, numbers TEXT, names TEXT,
                    negative_at TEXT, rank INTEGER, PRIMARY KEY(thread, kind, place)) WITHOUT ROWID;
CREATE INDEX things_by_id ON things(thread, id, uid);
CREATE INDEX things_by_base ON things(thread, base);
CREATE INDEX things_by_uid ON things(thread, uid, id);
CREATE INDEX things_best ON things(thread, ranked DESC, best IS NULL, best, place) WHERE kind = 'experiment';
CREATE INDEX things_recent ON things(thread, recent DESC, best IS NULL, best, place) WHERE ranked;
CREATE INDEX things_open ON things(thread, place) WHERE open;
CREATE INDEX things_names ON things(thread, names, place) WHERE kind = 'experiment';
CREATE INDEX things_negative ON things(thread, negative_at, id) WHERE negative_at IS NOT NULL;
CREATE INDEX things_claims ON things(thread, stands DESC, rank DESC, place) WHERE kind = 'claim';
CREATE INDEX things_state ON things(thread, kind, stands, state, place);
CREATE TABLE told(thread TEXT, name TEXT, first TEXT, last TEXT, number INTEGER, program TEXT, text TEXT,
                  PRIMARY KEY(thread, name, first));
CREATE TABLE told_of(thread TEXT, uid TEXT, name TEXT, program TEXT, text TEXT, PRIMARY KEY(thread, uid, name));
CREATE TABLE judged(thread TEXT, uid TEXT, found TEXT, differs TEXT, relabelled TEXT, gone TEXT,
                    PRIMARY KEY(thread, uid)) WITHOUT ROWID;
CREATE TABLE unjudged(thread TEXT, uid TEXT, PRIMARY KEY(thread, uid)) WITHOUT ROWID;
CREATE TABLE rests(thread TEXT, base TEXT, uid TEXT, PRIMARY KEY(thread, base, uid)) WITHOUT ROWID;
CREATE INDEX rests_of ON rests(thread, uid);
CREATE TABLE predictions(thread TEXT, clause TEXT, uid TEXT, PRIMARY KEY(thread, clause, uid)) WITHOUT ROWID;
CREATE INDEX predictions_of ON predictions(thread, uid);
CREATE TABLE choosers(thread TEXT, uid TEXT, selectors TEXT, PRIMARY KEY(thread, uid, selectors)) WITHOUT ROWID;
CREATE TABLE entries(thread TEXT, uid TEXT, slug TEXT, anchor TEXT, heading TEXT, body TEXT, first_of TEXT, told TEXT,
                     PRIMARY KEY(thread, uid));
CREATE TABLE digests(thread TEXT, digest TEXT, id TEXT, PRIMARY KEY(thread, digest, id)) WITHOUT ROWID;
CREATE TABLE said(thread TEXT, name TEXT, text TEXT, PRIMARY KEY(thread, name)) WITHOUT ROWID;
CREATE TABLE searched(thread TEXT PRIMARY KEY, upto INTEGER) WITHOUT ROWID;
CREATE TABLE word_rows(thread TEXT, uid TEXT, word_row INTEGER, PRIMARY KEY(thread, uid)) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5(text, thread UNINDEXED, uid UNINDEXED, kind UNINDEXED, shown UNINDEXED,
                                      negative UNINDEXED, tokenize='porter unicode61');
"""
NEWEST_WATCHED, MOST_WATCHED = 200, 1000
WAITING_WATCHED = 50  # what is to be judged: the newest, by what it names
_DIGESTS = later(r'"(sha256:[0-9a-f]{64})"(?!:)')
_TABLES = later(r"CREATE (?:VIRTUAL )?TABLE (\w+)")


Answer = TypeVar("Answer")


class Index:
    def __init__(
        self,
        path: str,
        folder_of: Callable[[str], str],
        head_noted: Callable[[str, str], Head | None],
    ) -> None:
        self.path = path
        self.head_noted = head_noted
        self.lock_path = lock_of(os.path.dirname(path), "index")
        self.folder_of = folder_of
        self._db: sqlite3.Connection | None = None
        self._inode = 0  # of the file that is open; 0 for memory
        self.opened = 0  # how often: another number, another index
        self._repeated, self._read_records = Repeated(), 0

    # -- opening -----------------------------------------------------------------------------------
    @property
    def db(self) -> sqlite3.Connection:
        """What is open. Every question begins with ``refresh``, which sees to it that it may be
        believed."""
        if self._db is None:
            with self._believed():
                pass
        assert self._db is not None
        return self._db

    @property
    def is_a_file(self) -> bool:
        """Whether other processes find what is read here."""
        return self._db is None or self._inode != 0

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction. Raises sqlite3.DatabaseError where the index is not the one that was
        read any more (see ``asked``)."""
        with self._believed(as_read=True) as note, self._transaction(note) as db:
            yield db

    @contextmanager
    def _believed(self, as_read: bool = False) -> Iterator[Callable[[str], None]]:
        """Hold the index, made anew where it is not what its last writer left. Gives what notes
        what it is now."""
        if self._db is not None and not self._inode:
            yield lambda state: None  # memory is nobody else's
            return
        from contextlib import ExitStack

        with ExitStack() as held:
            try:
                fd = held.enter_context(locked(self.lock_path))
            except LeadlineError:  # nothing can be written here
                self.open_in_memory()
                if as_read:
                    raise sqlite3.DatabaseError("what was read is not in memory") from None
                yield lambda state: None
                return

            def note(state: str) -> None:
                os.pwrite(fd, state.ljust(NOTED_BYTES).encode(), 0)

            state = self._state()
            noted = os.pread(fd, NOTED_BYTES, 0).decode("ascii", "replace").rstrip()
            sound = bool(state) and state == noted
            if as_read and not (sound and _inode_of(state) == self._inode):
                raise sqlite3.DatabaseError("another index than the one that was read")
            if not sound:
                note("")
                self._make_anew()
                note(self._state() if self._inode else "")
            elif self._db is None or _inode_of(state) != self._inode:
                self._open()
            yield note

    def _state(self) -> str:
        """What the index file is at this moment; "" where it cannot be what its last writer left."""
        if any(os.path.lexists(self.path + suffix) for suffix in BESIDE):
            return ""
        try:
            stat = os.lstat(self.path)
        except OSError:
            return ""
        changed = f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns}"
        return f"{stat.st_ino} {stat.st_dev} {changed} {SCHEMA_VERSION} {_boot(BOOT_ID)}"

    def _open(self) -> None:
        self.close()
        db = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        db.executescript("PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF;")
        self._db, self._inode = db, os.lstat(self.path).st_ino
        self.opened += 1

    def _make_anew(self) -> None:
        """An index of no record yet; in memory where none can be written."""
        self.close()
        try:
            for suffix in ("", *BESIDE):
                if os.path.lexists(self.path + suffix):
                    os.unlink(self.path + suffix)
            os.close(open_in_place(self.path, os.O_RDWR | os.O_EXCL))
            self._open()
            self.db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")
        except (sqlite3.Error, OSError):
            self.open_in_memory()

    def open_in_memory(self) -> None:
        self.close()
        self._db = sqlite3.connect(":memory:", isolation_level=None)
        self._db.executescript(_SCHEMA)
        self.opened += 1

    def close(self) -> None:
        if self._db is not None:
            self._db.close()
        self._db, self._inode = None, 0

    # -- bringing up to date -----------------------------------------------------------------------
    def asked(self, threads: Sequence[str], question: Callable[[], Answer]) -> Answer:
        """What ``question`` finds in an index that knows ``threads`` as their files are now. It is
        asked again over an index made anew where this one turns out to be damaged, and in memory
        where that does not help: no room for it, somebody else who holds it."""
        mends = [self._distrust, self.open_in_memory]
        while True:
            try:
                self._bring_up(threads)
                return question()
            except (sqlite3.DatabaseError, OSError) as error:
                if not mends:
                    raise
                mend = mends.pop(0)
                if mends and "locked" in str(error):
                    mend = mends.pop(0)
            mend()

    def refresh(self, thread: str, known: Mapping[bytes, Record] = MappingProxyType({})) -> None:
        """Read what the thread's files gained since the last time. ``known``: records by the lines
        that hold them, which are not parsed again."""
        self.asked([], lambda: self._refresh(thread, known))

    def _bring_up(self, threads: Sequence[str]) -> None:
        """All of them in the same index: made anew on the way, it lacks those before."""
        opened = -1
        while self.db and opened != self.opened:
            opened = self.opened
            for thread in threads:
                self._refresh(thread)

    def _distrust(self) -> None:
        """What is there is not believed any more, by nobody."""
        self.close()
        try:
            with locked(self.lock_path) as fd:
                os.ftruncate(fd, 0)
        except (LeadlineError, OSError):
            self.open_in_memory()

    @contextmanager
    def _transaction(self, note: Callable[[str], None]) -> Iterator[sqlite3.Connection]:
        db = self.db
        note("")
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            note(self._state())
            raise
        note(self._state())

    def files_read(self, thread: str) -> dict[str, tuple[int, str]]:
        """How much of each event file was read, and what the file was then (``seen_as``)."""
        found = self.db.execute("SELECT name, size, seen FROM files WHERE thread=?", (thread,))
        return {name: (size, seen) for name, size, seen in found}

    def _changed_files(self, thread: str) -> list[tuple[str, int]]:
        """Names of the event files that are not as they were read, with the place to go on from;
        -1 where that cannot be told."""
        folder = self.folder_of(thread)
        known, changed = self.files_read(thread), []
        try:
            entries = list(os.scandir(folder))
        except FileNotFoundError:
            entries = []
        for entry in entries:
            if not entry.name.endswith(".jsonl") or not entry.is_file(follow_symlinks=False):
                continue
            size, seen = known.pop(entry.name, (0, ""))
            stat = entry.stat()
            if seen != seen_as(stat):
                # 0: created, and its first line is still to come
                grew = stat.st_size > size or size == 0
                changed.append((entry.name, size if grew else -1))
        if known:  # gone
            changed.append(("", -1))
        return changed

    def _refresh(self, thread: str, known: Mapping[bytes, Record] = MappingProxyType({})) -> None:
        with self._believed() as note:
            if changed := self._changed_files(thread):
                with self._transaction(note):
                    self._read_changed(thread, changed, known)

    def _read_changed(
        self, thread: str, changed: list[tuple[str, int]], known: Mapping[bytes, Record]
    ) -> None:
        if any(start < 0 or not self._goes_on(thread, name, start) for name, start in changed):
            # Shrunk, replaced, changed before its end, or gone: read the thread anew.
            for table in _TABLES.findall(_SCHEMA):
                self.db.execute(f"DELETE FROM {table} WHERE thread=?", (thread,))
            changed = self._changed_files(thread)
        for name, start in sorted(changed):
            self._read(thread, name, start, known)

    def _goes_on(self, thread: str, name: str, start: int) -> bool:
        """Whether the line that reading stopped behind the last time still ends there."""
        if start == 0:
            return True
        last_bytes, last = self.db.execute(
            "SELECT last_bytes, last FROM files WHERE thread=? AND name=?", (thread, name)
        ).fetchone()
        with open(os.path.join(self.folder_of(thread), name), "rb", buffering=0) as file:
            there = os.pread(file.fileno(), last_bytes, start - last_bytes)
        return line_digest(there) == str(last)

    def _read(self, thread: str, name: str, start: int, known: Mapping[bytes, Record]) -> None:
        head = self.head_noted(thread, name)
        written = self._lines_before(thread, name, start)
        with open(os.path.join(self.folder_of(thread), name), "rb") as file:
            stat = os.fstat(file.fileno())
            file.seek(start)
            data = file.read(max(0, stat.st_size - start))
        end = data.rfind(b"\n") + 1  # a last line without its end is not read yet
        lines = data[:end].split(b"\n")[:-1]
        for at in range(0, len(lines), READ_AT_ONCE):
            self._take_in(thread, lines[at : at + READ_AT_ONCE], written, known)
        if written.changed or (
            head is not None
            and head.size_bytes >= start
            and head.digest not in written.ends.values()
        ):
            names_table.call_odd(self.db, thread, f"{name} is not as it was written")
        if end:
            last = data[data.rfind(b"\n", 0, end - 1) + 1 : end]
            self.db.execute(
                "INSERT INTO files VALUES(?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET "
                "size=excluded.size, seen=excluded.seen, lines=lines+excluded.lines, "
                "last_bytes=excluded.last_bytes, last=excluded.last",
                (
                    thread,
                    name,
                    start + end,
                    seen_as(stat),
                    len(lines),
                    len(last),
                    line_digest(last),
                ),
            )
        else:  # nothing more of it, or nothing at all
            self.db.execute(
                "INSERT INTO files VALUES(?,?,?,?,0,0,'') ON CONFLICT DO UPDATE SET seen=excluded.seen",
                (thread, name, start, seen_as(stat)),
            )

    def _lines_before(self, thread: str, name: str, start: int) -> Lines:
        """What is known of the lines that were read already."""
        if start == 0:
            return Lines()
        (last,) = self.db.execute(
            "SELECT last FROM files WHERE thread=? AND name=?", (thread, name)
        ).fetchone()
        return Lines(follows="", digest=last, ends={start: last})

    def _take_in(
        self, thread: str, lines: list[bytes], written: Lines, known: Mapping[bytes, Record]
    ) -> None:
        new: dict[str, tuple[Record, bytes]] = {}
        others = [line for line in lines if line not in known]
        read = iter(parse_lines(others, os.urandom(16).hex()))
        found = [known[line] if line in known else next(read) for line in lines]
        written.take(lines, found)
        names_table.leave_out(self.db, thread, sum(isinstance(line, Misfit) for line in found))
        for line, record in zip(lines, found, strict=True):
            if isinstance(record, Record):
                first = new.setdefault(record.id, (record, line))
                if first[1] != line:
                    names_table.call_odd(self.db, thread, f"two lines have the id {record.id}")
        for uid, line in self.known(thread, list(new)):
            if new.pop(uid)[1] != line:
                names_table.call_odd(self.db, thread, f"two lines have the id {uid}")
        self.db.executemany(
            "INSERT INTO records VALUES(?,?,?,?,?)",
            [(thread, r.id, r.kind, r.at, line) for r, line in new.values()],
        )
        self.db.executemany(
            "INSERT OR IGNORE INTO digests VALUES(?,?,?)",
            [(thread, digest, r.id) for r, line in new.values() for digest in _digests(r, line)],
        )
        records = [record for record, _ in new.values()]
        self.db.executemany(
            "INSERT INTO seen VALUES(?,?,?,?)",
            [(thread, r.id, r.writer, json.dumps(r.seen)) for r in records if r.seen is not None],
        )
        self._apply(thread, records)
        names_table.take_in(self.db, thread, records)
        if records:
            names_table.count(self.db, thread, records)

    def known(self, thread: str, uids: list[str]) -> list[tuple[str, bytes]]:
        """Those of ``uids`` that the index holds, with their lines: two files hold a record only
        where somebody copied one."""
        if not uids:
            return []
        return self.db.execute(
            f"SELECT id, line FROM records WHERE thread=? AND id IN ({','.join('?' * len(uids))})",
            [thread, *uids],
        ).fetchall()

    def _apply(self, thread: str, records: list[Record]) -> None:
        """What each record says by itself, in whatever order the records come. One of a kind that is
        not known may use any name for anything: it says nothing here."""
        about, numbers, ends = [], [], dict[str, str]()
        plans: dict[str, tuple[str, str, str, str]] = {}
        stale: dict[str, bool] = {}
        for record in records:
            if record.kind not in KINDS:
                continue
            bases = bases_of(record)
            about += [(thread, base, record.id) for base in bases]
            for base, judge in _changed_by(record, bases).items():
                stale[base] = judge or stale.get(base, False)
            taken = numbers_of(record)
            for (kind, within), number in taken.items():
                owner = record.id
                if kind == "experiment":
                    owner = str(record.body.get("experiment_uid") or record.id)
                if number <= LARGEST_NUMBER:
                    numbers.append((thread, kind, within, number, owner))
            if len(taken) == 2:  # a planned run, with a number of its own and one of its experiment
                base, key = base_of(created_id(record)), str(record.body.get("key", ""))
                row = str(record.body.get("row", ""))
                plans[record.id] = (base, key, record.writer, row)
            elif record.kind == "run-ended":
                uid = uid_named(record, "run")
                ends[uid] = max(ends.get(uid, ""), record.id)
        many = self.db.executemany
        many("INSERT OR IGNORE INTO about VALUES(?,?,?)", about)
        many(
            "INSERT INTO stale VALUES(?,?,?) "
            "ON CONFLICT DO UPDATE SET judge=max(judge, excluded.judge)",
            [(thread, base, judge) for base, judge in stale.items()],
        )
        many("INSERT OR IGNORE INTO ids VALUES(?,?,?,?,?)", numbers)
        many(
            "INSERT INTO plans(thread, uid, base, key, writer, row, ended) VALUES(?,?,?,?,?,?,?) "
            "ON CONFLICT DO UPDATE SET base=excluded.base, key=excluded.key, writer=excluded.writer, "
            "row=excluded.row, ended=max(ended, excluded.ended)",
            [(thread, uid, *plan, ends.pop(uid, "")) for uid, plan in plans.items()],
        )
        many(
            "INSERT INTO plans(thread, uid, ended) VALUES(?,?,?) "
            "ON CONFLICT DO UPDATE SET ended=max(ended, excluded.ended)",
            [(thread, uid, ended) for uid, ended in ends.items()],
        )
        if any(record.kind == "ruler" and "earlier" in record.body for record in records):
            from leadline.adapters.store import run_table

            # It says of all runs before it what measured them.
            run_table.call_stale(self.db, thread)

    def runs_to_watch(self, thread: str) -> list[str]:
        """See ``ports.records.RecordLog``."""
        newest = self.db.execute(
            "SELECT uid FROM plans WHERE thread=? AND ended != '' ORDER BY uid DESC LIMIT ?",
            (thread, NEWEST_WATCHED),
        )
        waiting = self.db.execute(
            "SELECT line FROM records JOIN unjudged ON unjudged.thread=records.thread AND uid=id "
            "WHERE unjudged.thread=? ORDER BY uid DESC LIMIT ?",
            (thread, WAITING_WATCHED),
        )
        bases = {b for (line,) in waiting for b in bases_of(record_known(json.loads(line)))}
        # From base to base, each looked up, as far as runs are wanted: claims rest on most of them.
        resting = self.db.execute(
            "SELECT plans.uid FROM (SELECT value AS base FROM json_each(?) UNION ALL "
            "SELECT DISTINCT base FROM rests WHERE thread=?) AS watched CROSS JOIN plans "
            "INDEXED BY plans_by_base ON plans.thread=? AND plans.base=watched.base "
            "WHERE ended != '' LIMIT ?",
            (json.dumps(sorted(bases)), thread, thread, MOST_WATCHED),
        )
        return list(dict.fromkeys(uid for rows in (newest, resting) for (uid,) in rows))

    def order(self, thread: str) -> Order:
        """For who looks at some of the records of a thread."""

        def seen() -> SeenByWriter:
            found: dict[str, list[tuple[str, Seen]]] = {}
            for uid, writer, notes in self.db.execute(
                "SELECT uid, writer, notes FROM seen WHERE thread=? ORDER BY uid", (thread,)
            ):
                found.setdefault(writer, []).append((uid, json.loads(notes)))
            return found

        def writers_of(uids: Sequence[str]) -> dict[str, str]:
            found = dict[str, str]()
            for at in range(0, len(uids), READ_AT_ONCE):
                some = list(uids[at : at + READ_AT_ONCE])
                found.update(
                    self.db.execute(
                        "SELECT uid, writer FROM plans WHERE thread=? AND writer != '' AND uid IN "
                        f"({','.join('?' * len(some))})",
                        [thread, *some],
                    )
                )
            others = [uid for uid in uids if uid not in found]
            for at in range(0, len(others), READ_AT_ONCE):
                for uid, line in self.known(thread, others[at : at + READ_AT_ONCE]):
                    found[uid] = str(json.loads(line)["writer"])
            return found

        return Order(writers_of, seen)

    def others(self, thread: str, writer: str, noted: Mapping[str, str]) -> dict[str, str]:
        """How far the files of all other writers have come, of those that ``noted`` has otherwise;
        for who writes to the thread and has brought it up to date."""
        found = self.asked(
            [],
            lambda: self.db.execute(
                "SELECT name, size, last_bytes, last FROM files WHERE thread=? AND last != ''",
                (thread,),
            ).fetchall(),
        )
        if len(found) == 1 and found[0][0].startswith(f"{writer}-"):
            return {}
        files = {name: (size, length, last) for name, size, length, last in found}
        notes = {}
        for other, names in by_writer(files).items():
            size, length, last = files[names[-1]]
            if other == writer or "~" in other:
                continue
            if noted.get(other, "")[-DIGITS:] == last.removeprefix("sha256:")[:DIGITS]:
                continue
            with open(os.path.join(self.folder_of(thread), names[-1]), "rb", buffering=0) as file:
                line = os.pread(file.fileno(), length, size - length)
            try:
                notes[other] = note_of(parse_line(line).id, last)
            except BadLine:  # what stands before it was noted, or will be
                continue
        return notes

    # -- questions ---------------------------------------------------------------------------------
    def slice(self, thread: str, ids: list[str], kinds: tuple[str, ...]) -> list[Record]:
        """The records of ``kinds``, and those about any of ``ids``: enough to fold what these ids
        name. A claim about them is none of these: the baseline has as many as the thread."""
        bases = {base_of(i) for i in ids}
        return self.asked([thread], lambda: self.about(bases, thread, kinds, names_table.APART))

    def about(
        self,
        bases: Iterable[str],
        thread: str,
        kinds: tuple[str, ...],
        apart: tuple[str, ...] = (),
        passing: bool = False,
    ) -> list[Record]:
        """As ``slice``, of what is known already, by ids without their letters (see ``base_of``).
        ``passing``: they are not held, so nothing is gained where they share what they say alike.
        What was said later of a note (a decision, …) belongs to the experiments that it is about, and
        what was superseded to what stands in its place. Of the kinds ``apart`` those that made
        ``bases`` themselves."""
        wanted = set(bases)
        records = self._about(wanted, thread, kinds, apart, passing)
        said = {base_of(created_id(r)) for r in records if r.kind in SAID_OF} - wanted
        missing = set(self._said_again(thread, sorted(said))) if said else set[str]()
        replaced = (r.body.get("target", "") for r in records if r.kind == "supersession")
        missing |= {base_of(target) for target in replaced} - wanted
        if not missing:
            return records
        return self._about({*wanted, *missing}, thread, kinds, apart, passing)

    def _said_again(self, thread: str, bases: list[str]) -> list[str]:
        """Those of ``bases`` that more than one record is about."""
        marks = ",".join("?" * len(bases))
        found = self.db.execute(
            f"SELECT base FROM about WHERE thread=? AND base IN ({marks}) "
            "GROUP BY base HAVING count(*) > 1",
            [thread, *bases],
        )
        return [base for (base,) in found]

    def _about(
        self,
        bases: set[str],
        thread: str,
        kinds: tuple[str, ...],
        apart: tuple[str, ...],
        passing: bool,
    ) -> list[Record]:
        # Half a character, which an argument can hold, is in no id and no text of SQLite.
        wanted = sorted(b for b in bases if b.encode("utf-8", "ignore").decode() == b)
        marks = ",".join("?" * len(wanted))
        others, values = "", list[object]()
        if apart:
            others = (
                f" AND (kind NOT IN ({','.join('?' * len(apart))}) OR id IN "
                f"(SELECT uid FROM owners WHERE thread=? AND base IN ({marks})))"
            )
            values = [*apart, thread, *wanted]
        # A union, because an OR would look at every record of the thread; and so would IN ().
        union = f"UNION SELECT id FROM about WHERE thread=? AND base IN ({marks})" if wanted else ""
        lines = self.db.execute(
            "SELECT line FROM records WHERE thread=? AND id IN "
            f"(SELECT id FROM records WHERE thread=? AND kind IN ({','.join('?' * len(kinds))}) "
            f"{union}){others} ORDER BY id",
            [thread, thread, *kinds, *([thread, *wanted] if wanted else ()), *values],
        ).fetchall()
        # Read as one text: it is a fifth quicker, and equal keys are kept once.
        read = json.loads(b"[" + b",".join(line for (line,) in lines) + b"]")
        self._read_records += len(read)
        if self._read_records > ALONE and not passing:
            for data in read:
                self._repeated.hold_once(data["body"])
        return list(map(record_known, read))

    def left_out(self, thread: str) -> int:
        return int(self.said(thread, "left out") or 0)

    def said(self, thread: str, name: str) -> str:
        row = self.db.execute(
            "SELECT text FROM said WHERE thread=? AND name=?", (thread, name)
        ).fetchone()
        return str(row[0]) if row else ""

    def say(self, thread: str, name: str, text: str) -> None:
        with self.writing() as db:
            db.execute("INSERT OR REPLACE INTO said VALUES(?,?,?)", (thread, name, text))

    def last_id(self, thread: str, below: str) -> str:
        """The newest record whose id is smaller than ``below``."""
        return str(
            self._value(thread, "SELECT max(id) FROM records WHERE thread=? AND id < ?", below)
            or ""
        )

    def highest(self, thread: str, kind: str, within: str = "") -> int:
        """The highest number given so far, of those that can have been (see ``numbers_upto``)."""
        lines = self._value(thread, "SELECT sum(lines) FROM files WHERE thread=?")
        asked = "SELECT max(number) FROM ids WHERE thread=? AND kind=? AND within=? AND number <= ?"
        return int(self._value(thread, asked, kind, within, numbers_upto(lines or 0)) or 0)

    def _value(self, thread: str, query: str, *parameters: object) -> Any:
        """One value for who writes to the thread and has brought it up to date: nobody changes the
        index meanwhile."""

        def value() -> Any:
            with self._believed(as_read=True):
                return self.db.execute(query, (thread, *parameters)).fetchone()[0]

        try:
            return value()
        except sqlite3.DatabaseError:
            return self.asked([thread], value)

    def blob_names(self, thread: str, width: int) -> dict[str, str]:
        """What git calls the content of each event file; what is as it was then is known."""
        return self.asked([], lambda: self._blob_names(thread, width))

    def _blob_names(self, thread: str, width: int) -> dict[str, str]:
        from leadline.core.publish.blob_name import blob_name

        folder = self.folder_of(thread)
        known = {
            name: (seen, blob)
            for name, seen, blob in self.db.execute(
                "SELECT name, seen, blob FROM blobs WHERE thread=?", (thread,)
            )
        }
        names, new = dict[str, str](), []
        for entry in os.scandir(folder) if os.path.isdir(folder) else ():
            if not entry.name.endswith(".jsonl") or not entry.is_file(follow_symlinks=False):
                continue
            seen, blob = known.get(entry.name, ("", ""))
            now = f"{seen_as(entry.stat())} {width}"
            if seen != now:
                with open(entry.path, "rb") as file:
                    now = f"{seen_as(os.fstat(file.fileno()))} {width}"
                    blob = blob_name(file.read(), width)
                new.append((thread, entry.name, now, blob))
            names[entry.name] = blob
        if new:
            with self.writing() as db:
                db.executemany("INSERT OR REPLACE INTO blobs VALUES(?,?,?,?)", new)
        return names

    def open_runs(self, threads: list[str]) -> list[tuple[str, str]]:
        """(thread, uid) of the planned runs that no later record ends."""
        found = self.asked(
            threads,
            lambda: self.db.execute(
                f"SELECT uid, thread FROM plans WHERE thread IN ({','.join('?' * len(threads))}) "
                "AND base != '' AND ended < uid",
                threads,
            ).fetchall(),
        )
        return [(thread, uid) for uid, thread in sorted(found)]

    def not_planned(self, threads: list[str], uids: Collection[str]) -> set[str]:
        def question() -> set[str]:
            if len(uids) > READ_AT_ONCE:
                planned = {
                    uid for (uid,) in self.db.execute("SELECT uid FROM plans WHERE base != ''")
                }
                return {uid for uid in uids if uid not in planned}
            known = "SELECT 1 FROM plans WHERE thread=? AND uid=? AND base != ''"
            return {
                uid
                for uid in uids
                if not any(self.db.execute(known, (t, uid)).fetchone() for t in threads)
            }

        return self.asked(threads, question) if uids else set()

    def same_key(self, threads: list[str], key: str) -> list[RunRow]:
        def question() -> list[RunRow]:
            known = self.db.execute("SELECT 1 FROM plans WHERE key=? LIMIT 1", (key,)).fetchone()
            if known is None:
                return []  # most runs are new, and then no row is needed
            from leadline.adapters.store import run_table

            return run_table.same_key(self, threads, key)

        return self.asked(threads, question)

    def rows(
        self,
        threads: list[str],
        where: Mapping[str, object],
        order: str,
        limit: int,
        made: Callable[[RunRow], Answer],
    ) -> tuple[list[Answer], int]:
        from leadline.adapters.store import run_table

        return self.asked(threads, lambda: run_table.rows(self, threads, where, order, limit, made))

    def search(self, threads: list[str], words: list[str], limit: int) -> tuple[list[Hit], int]:
        from leadline.adapters.store import word_table

        return self.asked(threads, lambda: word_table.search(self, threads, words, limit))


def _digests(record: Record, line: bytes) -> set[str]:
    """What the body names by content and may travel: each value that is a digest."""
    equal = record.body.get("key"), record.body.get("row")  # of a kind not known here: anything
    if line.count(b'"sha256:') == sum(map(is_digest, (record.prev, *equal))):
        return set()  # each of them stands there, and nothing else
    found = set(_DIGESTS.findall(line.decode()))
    if line.count(record.prev.encode()) == 1:
        found.discard(record.prev)
    if all(digest in equal for digest in found):
        return set()
    from leadline.core.record.contents import staying  # most records name nothing

    return found - staying(record)


def seen_as(stat: os.stat_result) -> str:
    return f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}"


def _inode_of(state: str) -> int:
    return int(state.split()[0])


@lru_cache(maxsize=1)  # it stays the same for as long as a process lives
def _boot(path: str) -> str:
    """Which boot of the machine this is: a power cut may have left a file that looks as noted."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return "-"
    try:
        return os.read(fd, 64).decode("ascii", "replace").strip() or "-"
    finally:
        os.close(fd)


def _changed_by(record: Record, bases: set[str]) -> dict[str, bool]:
    """What ``record`` may have changed, and whether what rests on it is to be judged again: all that
    it is about. A baseline may be what derived metrics rest on; as does what is about no experiment
    at all. What only says something changes nothing but itself; a note, what its experiments lack; a
    decision and a reproduction, how the claims on theirs are known."""
    if record.kind in SAYINGS:
        about = bases if record.kind == "note" else {base_of(created_id(record))}
        judged = [] if record.kind == "note" else record.body.get(SAID_OF.get(record.kind, ""), [])
        again = {base_of(str(name)) for name in judged}
        return {**dict.fromkeys(about, False), **dict.fromkeys(again, True), "": False}
    parsed = parse_id(created_id(record))
    if (parsed is None or parsed.kind == "run") and any(map(_is_experiment, bases)):
        return dict.fromkeys(bases, True)
    return {**dict.fromkeys(bases, True), "": True}


def _is_experiment(base: str) -> bool:
    parsed = parse_id(base)
    return parsed is not None and parsed.kind == "experiment"

"""The read model: records, runs and words in SQLite, brought up to date from the event files' new
bytes.

A cache and nothing else: it is built in a temporary file and put in place whole (no race on a fresh
store), thrown away when damaged or of another version, kept in memory when the folder cannot be
written. ``synchronous=OFF`` is right here: what a power cut takes is read again from the event
files.

A record that arrives is kept, with the ids it is about; what its experiments look like now is not
worked out here. They are marked as stale, and the fold makes their rows anew when rows are asked
for (``run_table``), so that a record may arrive late and a listing still cannot differ from the
thread.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping

from leadline.adapters.files import make_folders
from leadline.core.ids import parse_id
from leadline.core.record.about import base_of, bases_of, uid_named
from leadline.core.record.event import Record, parse_lines, record_of
from leadline.core.record.fold import created_id, numbers_of
from leadline.core.typed import TYPE_CHECKING
from leadline.job.disk import open_in_place

if TYPE_CHECKING:
    from leadline.core.record.rows import RunRow
    from leadline.core.record.search_text import Hit

SCHEMA_VERSION = 3
BUSY_TIMEOUT_S = 60
LONG_LOG_BYTES = 256 * 1024
READ_AT_ONCE = 500  # records: bounds the memory, and the variables of one statement
# ``plans``: of each planned run what has to be known at once; ``ended`` is the newest record that ends it.
# ``stale``: the experiments whose rows are to be made anew; "" stands for what derived metrics rest on.
_SCHEMA = """
CREATE TABLE files(thread TEXT, name TEXT, size INTEGER, mtime_ns INTEGER, PRIMARY KEY(thread, name)) WITHOUT ROWID;
CREATE TABLE records(thread TEXT, id TEXT, kind TEXT, line BLOB, PRIMARY KEY(thread, id));
CREATE INDEX records_by_kind ON records(thread, kind);
CREATE TABLE about(thread TEXT, base TEXT, id TEXT, PRIMARY KEY(thread, base, id)) WITHOUT ROWID;
CREATE TABLE ids(thread TEXT, kind TEXT, within TEXT, number INTEGER, uid TEXT,
                 PRIMARY KEY(thread, kind, within, number, uid)) WITHOUT ROWID;
CREATE TABLE plans(thread TEXT, uid TEXT, base TEXT DEFAULT '', key TEXT DEFAULT '', ended TEXT DEFAULT '',
                   PRIMARY KEY(thread, uid)) WITHOUT ROWID;
CREATE INDEX plans_by_base ON plans(thread, base);
CREATE INDEX plans_by_key ON plans(key);
CREATE INDEX plans_open ON plans(thread, uid) WHERE base != '' AND ended < uid;
CREATE TABLE stale(thread TEXT, base TEXT, PRIMARY KEY(thread, base)) WITHOUT ROWID;
CREATE TABLE runs(thread TEXT, uid TEXT, id TEXT, experiment TEXT, title TEXT, key TEXT, state TEXT,
                  planned_at TEXT, started_at TEXT, wall_s REAL, exit_code INTEGER, argv TEXT, config TEXT,
                  metrics TEXT, nonfinite TEXT, tree TEXT, retracted TEXT, PRIMARY KEY(thread, uid)) WITHOUT ROWID;
CREATE TABLE ground(thread TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID;
CREATE TABLE searched(thread TEXT PRIMARY KEY, upto INTEGER) WITHOUT ROWID;
CREATE TABLE word_rows(thread TEXT, uid TEXT, word_row INTEGER, PRIMARY KEY(thread, uid)) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5(text, thread UNINDEXED, uid UNINDEXED, kind UNINDEXED, shown UNINDEXED,
                                      negative UNINDEXED, tokenize='porter unicode61');
"""
_TABLES = (
    "files",
    "records",
    "about",
    "ids",
    "plans",
    "stale",
    "runs",
    "ground",
    "searched",
    "word_rows",
    "words",
)


class Index:
    def __init__(self, path: str, folder_of: Callable[[str], str]) -> None:
        self.path = path
        self.folder_of = folder_of
        self._db: sqlite3.Connection | None = None

    # -- opening -----------------------------------------------------------------------------------
    @property
    def db(self) -> sqlite3.Connection:
        if self._db is None:
            try:
                self._db = self._open()
            except (sqlite3.Error, OSError):
                self._db = self._rebuild()
        return self._db

    def _open(self) -> sqlite3.Connection:
        if not os.path.exists(self.path):
            self._create()
        db = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        if db.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
            db.close()
            raise sqlite3.DatabaseError("another schema version")
        db.execute("PRAGMA synchronous=OFF")
        return db

    def _create(self) -> None:
        make_folders(os.path.dirname(self.path))
        temporary = f"{self.path}.{os.getpid()}.tmp"
        if os.path.lexists(temporary):
            os.unlink(temporary)
        # SQLite gives its other files the rights of this one.
        os.close(open_in_place(temporary, os.O_RDWR | os.O_EXCL))
        db = sqlite3.connect(temporary)
        db.execute("PRAGMA journal_mode=WAL")
        db.executescript(_SCHEMA + f"PRAGMA user_version={SCHEMA_VERSION};")
        db.close()
        try:
            os.link(temporary, self.path)  # only the first of several creators wins
        except FileExistsError:
            pass
        finally:
            os.unlink(temporary)

    def _rebuild(self) -> sqlite3.Connection:
        """A damaged or old index is set aside; where nothing can be written, work in memory."""
        if self._db is not None:
            self._db.close()
        try:
            for suffix in ("", "-wal", "-shm"):
                try:
                    os.unlink(self.path + suffix)
                except FileNotFoundError:
                    pass
            return self._open()
        except (sqlite3.Error, OSError):
            return self._in_memory()

    def _in_memory(self) -> sqlite3.Connection:
        db = sqlite3.connect(":memory:", isolation_level=None)
        db.executescript(_SCHEMA)
        return db

    def close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    # -- bringing up to date -----------------------------------------------------------------------
    def refresh(self, thread: str) -> None:
        """Read what the thread's files gained since the last time."""
        self.mended(self._refresh, thread)

    def mended(self, step: Callable[[str], None], thread: str) -> None:
        """Do ``step`` for a thread, over a rebuilt index where this one turns out to be
        damaged."""
        try:
            step(thread)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
                raise
            self._db = self._rebuild()
            try:
                self._refresh(thread)
                step(thread)
            except sqlite3.DatabaseError:  # no room for it, or the folder lets nothing be written
                self._db = self._in_memory()
                self._refresh(thread)
                step(thread)

    def _changed_files(self, thread: str) -> list[tuple[str, int, int, int]]:
        folder = self.folder_of(thread)
        known = {
            n: (s, m)
            for n, s, m in self.db.execute(
                "SELECT name, size, mtime_ns FROM files WHERE thread=?", (thread,)
            )
        }
        changed = []
        try:
            entries = list(os.scandir(folder))
        except FileNotFoundError:
            entries = []
        present = set()
        for entry in entries:
            if not entry.name.endswith(".jsonl"):
                continue
            present.add(entry.name)
            stat = entry.stat()
            size, mtime = known.get(entry.name, (0, 0))
            if (stat.st_size, stat.st_mtime_ns) != (size, mtime):
                # 0: created, and its first line is still to come
                grew = stat.st_size > size or size == 0
                changed.append((entry.name, size if grew else -1, stat.st_size, stat.st_mtime_ns))
        if set(known) - present:
            changed.append(("", -1, 0, 0))
        return changed

    def _refresh(self, thread: str) -> None:
        if not self._changed_files(thread):
            return
        db = self.db
        db.execute("BEGIN IMMEDIATE")
        try:
            changed = self._changed_files(thread)
            if any(
                start < 0 or not self._goes_on(thread, name, start) for name, start, _, _ in changed
            ):
                # Shrunk, replaced, changed before its end, or gone: read the thread anew.
                for table in _TABLES:
                    db.execute(f"DELETE FROM {table} WHERE thread=?", (thread,))
                changed = self._changed_files(thread)
            for name, start, _, _ in sorted(changed):
                self._read(thread, name, start)
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise
        self._shorten_log()

    def _shorten_log(self) -> None:
        """Take a long write-ahead log into the database. Commands end without closing it, and each
        one that opens it reads that log whole. Waits for nobody: who comes later does it."""
        try:
            if os.path.getsize(self.path + "-wal") < LONG_LOG_BYTES:
                return
        except OSError:
            return
        self.db.execute("PRAGMA busy_timeout=0")
        try:
            self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:
            pass
        finally:
            self.db.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_S * 1000}")

    def _goes_on(self, thread: str, name: str, start: int) -> bool:
        """Whether a line still ends where reading stopped the last time."""
        if start == 0:
            return True
        with open(os.path.join(self.folder_of(thread), name), "rb") as file:
            file.seek(start - 1)
            return file.read(1) == b"\n"

    def _read(self, thread: str, name: str, start: int) -> None:
        with open(os.path.join(self.folder_of(thread), name), "rb") as file:
            stat = os.fstat(file.fileno())
            file.seek(start)
            data = file.read(max(0, stat.st_size - start))
        end = data.rfind(b"\n") + 1  # a last line without its end is not read yet
        lines = data[:end].splitlines()
        for at in range(0, len(lines), READ_AT_ONCE):
            self._take_in(thread, lines[at : at + READ_AT_ONCE])
        self.db.execute(
            "INSERT OR REPLACE INTO files VALUES(?,?,?,?)",
            (thread, name, start + end, stat.st_mtime_ns),
        )

    def _take_in(self, thread: str, lines: list[bytes]) -> None:
        new: dict[str, tuple[Record, bytes]] = {}
        for line, record in zip(lines, parse_lines(lines, os.urandom(16).hex()), strict=True):
            if isinstance(record, Record):
                new.setdefault(record.id, (record, line))
        for uid in self._known(thread, list(new)):
            del new[uid]
        self.db.executemany(
            "INSERT INTO records VALUES(?,?,?,?)",
            [(thread, record.id, record.kind, line) for record, line in new.values()],
        )
        self._apply(thread, [record for record, _ in new.values()])

    def _known(self, thread: str, uids: list[str]) -> list[str]:
        """Those of ``uids`` that the index holds: two files hold a record only where somebody copied
        one."""
        if not uids:
            return []
        return [
            uid
            for (uid,) in self.db.execute(
                f"SELECT id FROM records WHERE thread=? AND id IN ({','.join('?' * len(uids))})",
                [thread, *uids],
            )
        ]

    def _apply(self, thread: str, records: list[Record]) -> None:
        """What each record says by itself, in whatever order the records come."""
        about, stale, numbers, plans, ends = [], set(), [], [], []
        for record in records:
            bases = bases_of(record)
            about += [(thread, base, record.id) for base in bases]
            stale.update(_changed_by(record, bases))
            taken = numbers_of(record)
            for (kind, within), number in taken.items():
                owner = record.id
                if kind == "experiment":
                    owner = str(record.body.get("experiment_uid") or record.id)
                numbers.append((thread, kind, within, number, owner))
            if len(taken) == 2:  # a planned run, with a number of its own and one of its experiment
                base, key = base_of(created_id(record)), str(record.body.get("key", ""))
                plans.append((thread, record.id, base, key))
            elif record.kind == "run-ended":
                ends.append((thread, uid_named(record, "run"), record.id))
        many = self.db.executemany
        many("INSERT OR IGNORE INTO about VALUES(?,?,?)", about)
        many("INSERT OR IGNORE INTO stale VALUES(?,?)", [(thread, base) for base in stale])
        many("INSERT OR IGNORE INTO ids VALUES(?,?,?,?,?)", numbers)
        many(
            "INSERT INTO plans(thread, uid, base, key) VALUES(?,?,?,?) "
            "ON CONFLICT DO UPDATE SET base=excluded.base, key=excluded.key",
            plans,
        )
        many(
            "INSERT INTO plans(thread, uid, ended) VALUES(?,?,?) "
            "ON CONFLICT DO UPDATE SET ended=max(ended, excluded.ended)",
            ends,
        )

    # -- questions ---------------------------------------------------------------------------------
    def slice(self, thread: str, ids: list[str], kinds: tuple[str, ...]) -> list[Record]:
        """The records of ``kinds``, and those about any of ``ids``: enough to fold what these ids
        name."""
        self.refresh(thread)
        return self.about({base_of(i) for i in ids}, thread, kinds)

    def about(self, bases: Iterable[str], thread: str, kinds: tuple[str, ...]) -> list[Record]:
        """As ``slice``, of what is known already, by ids without their letters (see ``base_of``)."""
        wanted = sorted(bases)
        marks = ",".join("?" * len(wanted))
        lines = self.db.execute(  # a union, because an OR would look at every record of the thread
            "SELECT line FROM records WHERE thread=? AND id IN "
            f"(SELECT id FROM records WHERE thread=? AND kind IN ({','.join('?' * len(kinds))}) "
            f"UNION SELECT id FROM about WHERE thread=? AND base IN ({marks})) ORDER BY id",
            [thread, thread, *kinds, thread, *wanted],
        ).fetchall()
        # Read as one text: it is a fifth quicker, and equal keys are kept once.
        return [
            record_of(data)
            for data in json.loads(b"[" + b",".join(line for (line,) in lines) + b"]")
        ]

    def last_id(self, thread: str) -> str:
        row = self.db.execute("SELECT max(id) FROM records WHERE thread=?", (thread,)).fetchone()
        return row[0] or ""

    def highest(self, thread: str, kind: str, within: str = "") -> int:
        row = self.db.execute(
            "SELECT max(number) FROM ids WHERE thread=? AND kind=? AND within=?",
            (thread, kind, within),
        ).fetchone()
        return row[0] or 0

    def open_runs(self, threads: list[str]) -> list[tuple[str, str]]:
        """(thread, uid) of the planned runs that no later record ends."""
        found = []
        for thread in threads:
            self.refresh(thread)
            found += self.db.execute(
                "SELECT uid, thread FROM plans WHERE thread=? AND base != '' AND ended < uid",
                (thread,),
            ).fetchall()
        return [(thread, uid) for uid, thread in sorted(found)]

    def same_key(self, threads: list[str], key: str) -> list[RunRow]:
        for thread in threads:
            self.refresh(thread)
        if self.db.execute("SELECT 1 FROM plans WHERE key=? LIMIT 1", (key,)).fetchone() is None:
            return []  # most runs are new, and then no row is needed
        from leadline.adapters.store import run_table

        return run_table.same_key(self, threads, key)

    def rows(
        self, threads: list[str], where: Mapping[str, object], order: str, limit: int
    ) -> tuple[list[RunRow], int]:
        from leadline.adapters.store import run_table

        return run_table.rows(self, threads, where, order, limit)

    def search(self, threads: list[str], words: list[str], limit: int) -> tuple[list[Hit], int]:
        from leadline.adapters.store import word_table

        return word_table.search(self, threads, words, limit)


def _changed_by(record: Record, bases: set[str]) -> set[str]:
    """The experiments among ``bases`` that ``record`` may have changed. A note, a claim, a snapshot
    says something of runs and changes none; it may still be what derived metrics rest on."""
    parsed = parse_id(created_id(record))
    if parsed is not None and parsed.kind != "run":
        return {""}
    return {base for base in bases if _is_experiment(base)} or {""}


def _is_experiment(base: str) -> bool:
    parsed = parse_id(base)
    return parsed is not None and parsed.kind == "experiment"

"""The read model: records, runs and words in SQLite, brought up to date from the event files' new
bytes.

A cache and nothing else: it is built in a temporary file and put in place whole (no race on a fresh
store), thrown away when damaged or of another version, kept in memory when the folder cannot be
written. ``synchronous=OFF`` is right here: what a power cut takes is read again from the event
files.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable

from leadline.core.ids import experiment_of, parse_id
from leadline.core.record.event import BadLine, Record, parse_line, record_of
from leadline.core.record.fold import created_id
from leadline.core.record.search_text import searchable
from leadline.core.typed import Any

SCHEMA_VERSION = 2
BUSY_TIMEOUT_S = 60
LONG_LOG_BYTES = 256 * 1024
_SCHEMA = """
CREATE TABLE files(thread TEXT, name TEXT, size INTEGER, mtime_ns INTEGER, PRIMARY KEY(thread, name)) WITHOUT ROWID;
CREATE TABLE records(thread TEXT, id TEXT, kind TEXT, line BLOB, PRIMARY KEY(thread, id));
CREATE INDEX records_by_kind ON records(thread, kind);
CREATE TABLE about(thread TEXT, base TEXT, id TEXT, PRIMARY KEY(thread, base, id)) WITHOUT ROWID;
CREATE TABLE ids(thread TEXT, kind TEXT, within TEXT, number INTEGER, uid TEXT,
                 PRIMARY KEY(thread, kind, within, number, uid)) WITHOUT ROWID;
CREATE TABLE runs(thread TEXT, uid TEXT, id TEXT, experiment TEXT, experiment_uid TEXT, title TEXT, key TEXT,
                  state TEXT, ended INTEGER, planned_at TEXT, started_at TEXT, wall_s REAL, exit_code INTEGER,
                  argv TEXT, config TEXT, metrics TEXT, nonfinite TEXT, tree TEXT, retracted TEXT,
                  PRIMARY KEY(thread, uid)
                 ) WITHOUT ROWID;
CREATE INDEX runs_by_key ON runs(key);
CREATE INDEX runs_open ON runs(ended, thread) WHERE ended = 0;
CREATE TABLE searched(thread TEXT PRIMARY KEY, upto INTEGER) WITHOUT ROWID;
CREATE TABLE word_rows(thread TEXT, uid TEXT, word_row INTEGER, PRIMARY KEY(thread, uid)) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5(text, thread UNINDEXED, uid UNINDEXED, kind UNINDEXED, shown UNINDEXED,
                                      negative UNINDEXED, tokenize='porter unicode61');
"""
RUN_COLUMNS = (
    "thread",
    "uid",
    "id",
    "experiment",
    "title",
    "key",
    "state",
    "planned_at",
    "started_at",
    "wall_s",
    "exit_code",
    "argv",
    "config",
    "metrics",
    "nonfinite",
    "tree",
    "retracted",
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
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        temporary = f"{self.path}.{os.getpid()}.tmp"
        if os.path.exists(temporary):
            os.unlink(temporary)
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
        """Read what the thread's files gained since the last time. Falls back to a rebuild on any
        damage."""
        try:
            self._refresh(thread)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
                raise
            self._db = self._rebuild()
            try:
                self._refresh(thread)
            except sqlite3.DatabaseError:  # no room for it, or the folder lets nothing be written
                self._db = self._in_memory()
                self._refresh(thread)

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
                grew = (
                    stat.st_size > size or size == 0
                )  # 0: created, and its first line is still to come
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
                for table in ("files", "records", "about", "ids", "runs", "searched", "word_rows"):
                    db.execute(f"DELETE FROM {table} WHERE thread=?", (thread,))
                db.execute("DELETE FROM words WHERE thread=?", (thread,))
                changed = self._changed_files(thread)
            newest = self.last_id(thread)
            fresh: list[Record] = []
            for name, start, _, _ in sorted(changed):
                fresh += self._read(thread, name, start)
            # In order of time: an ending may stand in another file than its plan. What another
            # machine wrote earlier than something known here means that the derived rows are made
            # anew.
            if fresh and min(r.id for r in fresh) < newest:
                for table in ("about", "ids", "runs"):
                    db.execute(f"DELETE FROM {table} WHERE thread=?", (thread,))
                fresh = self._stored(thread)
            for record in sorted(fresh, key=lambda r: r.id):
                self._apply(thread, record)
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

    def _read(self, thread: str, name: str, start: int) -> list[Record]:
        with open(os.path.join(self.folder_of(thread), name), "rb") as file:
            stat = os.fstat(file.fileno())
            file.seek(start)
            data = file.read(max(0, stat.st_size - start))
        end = data.rfind(b"\n") + 1  # a last line without its end is not read yet
        fresh = []
        for line in data[:end].splitlines():
            try:
                record = parse_line(line)
            except BadLine:
                continue
            if self.db.execute(
                "INSERT OR IGNORE INTO records VALUES(?,?,?,?)",
                (thread, record.id, record.kind, line),
            ).rowcount:
                fresh.append(record)
        self.db.execute(
            "INSERT OR REPLACE INTO files VALUES(?,?,?,?)",
            (thread, name, start + end, stat.st_mtime_ns),
        )
        return fresh

    def _apply(self, thread: str, record: Record) -> None:
        parsed, db = parse_id(created_id(record)), self.db
        db.executemany(
            "INSERT OR IGNORE INTO about VALUES(?,?,?)",
            [(thread, base, record.id) for base in bases_of(record)],
        )
        if parsed is not None and parsed.kind == "run":
            experiment_uid = record.body.get("experiment_uid") or record.id
            db.execute(
                "INSERT OR IGNORE INTO ids VALUES(?,?,?,?,?)",
                (thread, "experiment", "", parsed.number, experiment_uid),
            )
            db.execute(
                "INSERT OR IGNORE INTO ids VALUES(?,?,?,?,?)",
                (thread, "run", experiment_uid, parsed.repeat, record.id),
            )
        elif parsed is not None:
            db.execute(
                "INSERT OR IGNORE INTO ids VALUES(?,?,?,?,?)",
                (thread, parsed.kind, "", parsed.number, record.id),
            )
        body = record.body
        if record.kind == "run-planned":
            db.execute(
                "INSERT OR REPLACE INTO runs VALUES(?,?,?,?,?,?,?,?,0,?,?,?,?,?,?,?,?,?,?)",
                (
                    thread,
                    record.id,
                    body.get("id"),
                    body.get("experiment") or experiment_of(str(body.get("id"))),
                    body.get("experiment_uid") or record.id,
                    body.get("title", ""),
                    body.get("key", ""),
                    "planned",
                    record.at,
                    "",
                    None,
                    None,
                    json.dumps(body.get("argv", [])),
                    json.dumps(body.get("config", {})),
                    "{}",
                    "{}",
                    body.get("code", {}).get("tree", ""),
                    "",
                ),
            )
        elif record.kind == "run-ended":
            db.execute(
                "UPDATE runs SET state=?, ended=1, started_at=?, wall_s=?, exit_code=?, metrics=?, "
                "nonfinite=? "
                "WHERE thread=? AND uid=? AND ended=0",
                (
                    body.get("state", "lost"),
                    body.get("started_at", ""),
                    body.get("wall_s"),
                    body.get("exit_code"),
                    json.dumps(body.get("metrics", {})),
                    json.dumps(body.get("nonfinite", {})),
                    thread,
                    body.get("refs", {}).get(body.get("run"), ""),
                ),
            )
        elif record.kind == "tracker-run" and "metrics" in body:
            uid = body.get("refs", {}).get(body.get("run"), "")
            row = db.execute(
                "SELECT metrics, nonfinite FROM runs WHERE thread=? AND uid=?", (thread, uid)
            ).fetchone()
            was, lost = map(json.loads, row or ("{}", "{}"))
            new, gone = body["metrics"], body.get("nonfinite", {})
            was = {**{k: v for k, v in was.items() if k not in gone}, **new}
            lost = {**{k: v for k, v in lost.items() if k not in new}, **gone}
            told = (json.dumps(was), json.dumps(lost), thread, uid)
            db.execute("UPDATE runs SET metrics=?, nonfinite=? WHERE thread=? AND uid=?", told)
            if ending := body.get("ending"):
                ended = (ending.get("state", "lost"), ending.get("wall_s"), thread, uid)
                db.execute("UPDATE runs SET state=?, wall_s=? WHERE thread=? AND uid=?", ended)
        elif record.kind in ("retraction", "supersession"):
            uid = body.get("refs", {}).get(body.get("target"), "")
            word = "retracted" if record.kind == "retraction" else "superseded"
            db.execute(
                "UPDATE runs SET retracted=? WHERE thread=? AND (uid=? OR experiment_uid=?)",
                (word, thread, uid, uid),
            )

    # -- questions ---------------------------------------------------------------------------------
    def _stored(self, thread: str) -> list[Record]:
        lines = self.db.execute(
            "SELECT line FROM records WHERE thread=? ORDER BY id", (thread,)
        ).fetchall()
        # Read as one text: it is a fifth quicker, and equal keys are kept once.
        return [
            record_of(data)
            for data in json.loads(b"[" + b",".join(line for (line,) in lines) + b"]")
        ]

    def slice(self, thread: str, ids: list[str], kinds: tuple[str, ...]) -> list[Record]:
        """The records of ``kinds``, and those about any of ``ids``: enough to fold what these ids
        name."""
        self.refresh(thread)
        bases = sorted({base_of(i) for i in ids})
        marks = ",".join("?" * len(bases))
        lines = self.db.execute(  # a union, because an OR would look at every record of the thread
            "SELECT line FROM records WHERE thread=? AND id IN "
            f"(SELECT id FROM records WHERE thread=? AND kind IN ({','.join('?' * len(kinds))}) "
            f"UNION SELECT id FROM about WHERE thread=? AND base IN ({marks})) ORDER BY id",
            [thread, thread, *kinds, thread, *bases],
        )
        return [parse_line(line) for (line,) in lines]

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
        for thread in threads:
            self.refresh(thread)
        rows = self.db.execute("SELECT thread, uid FROM runs WHERE ended=0 ORDER BY uid").fetchall()
        return [(t, u) for t, u in rows if t in threads]

    def same_key(self, threads: list[str], key: str) -> list[dict[str, Any]]:
        for thread in threads:
            self.refresh(thread)
        rows = self.db.execute(
            f"SELECT {','.join(RUN_COLUMNS)} FROM runs WHERE key=? ORDER BY uid", (key,)
        )
        return [_row(r) for r in rows]

    def run_rows(
        self, threads: list[str], where: dict[str, Any], order: str, limit: int
    ) -> tuple[list[dict[str, Any]], int]:
        """``where``: ``state``, ``experiment``, ``config.KEY`` (compared as text). ``order``: a
        column, ``config.KEY`` or ``metrics.NAME``, with ``-`` in front for descending."""
        for thread in threads:
            self.refresh(thread)
        terms, values = [f"thread IN ({','.join('?' * len(threads))})"], list(threads)
        for name, value in where.items():
            expression, parameters = _expression(name)
            terms.append(f"CAST({expression} AS TEXT)=?")
            values += [*parameters, str(value)]
        condition = " AND ".join(terms)
        expression, parameters = _expression(order.lstrip("-"))
        direction = "DESC" if order.startswith("-") else "ASC"
        count = self.db.execute(f"SELECT count(*) FROM runs WHERE {condition}", values).fetchone()[
            0
        ]
        rows = self.db.execute(
            f"SELECT {','.join(RUN_COLUMNS)} FROM runs WHERE {condition} ORDER BY {expression} IS NULL, "
            f"{expression} {direction}, uid LIMIT ?",
            [*values, *parameters, *parameters, limit],
        )
        return [_row(r) for r in rows], count

    def search(
        self, threads: list[str], words: list[str], limit: int
    ) -> tuple[list[dict[str, Any]], int]:
        """Best first, results that ended badly or were negative before the rest."""
        for thread in threads:
            self.refresh(thread)
            self._index_words(thread)
        words = [w for w in words if any(c.isalnum() for c in w)]
        if not words:
            return [], 0
        query = " AND ".join('"' + w.replace('"', '""') + '"*' for w in words)
        count = self.db.execute(
            "SELECT count(*) FROM words WHERE words MATCH ?", (query,)
        ).fetchone()[0]
        rows = self.db.execute(
            "SELECT thread, uid, kind, shown, negative, text FROM words WHERE words MATCH ? "
            "ORDER BY negative DESC, rank LIMIT ?",
            (query, limit),
        )
        names = ("topic", "uid", "kind", "id", "negative", "text")
        return [dict(zip(names, row, strict=True)) for row in rows], count

    def _index_words(self, thread: str) -> None:
        row = self.db.execute("SELECT upto FROM searched WHERE thread=?", (thread,)).fetchone()
        upto = row[0] if row else 0
        newest = (
            self.db.execute("SELECT max(rowid) FROM records WHERE thread=?", (thread,)).fetchone()[
                0
            ]
            or 0
        )
        if newest <= upto:
            return
        self.db.execute("BEGIN IMMEDIATE")
        try:
            rows = self.db.execute(
                "SELECT line FROM records WHERE thread=? AND rowid>? ORDER BY rowid", (thread, upto)
            ).fetchall()
            for (line,) in rows:
                self._index_record(thread, parse_line(line))
            self.db.execute("INSERT OR REPLACE INTO searched VALUES(?,?)", (thread, newest))
            self.db.execute("COMMIT")
        except BaseException:
            self.db.execute("ROLLBACK")
            raise

    def _index_record(self, thread: str, record: Record) -> None:
        planned = None
        if record.kind == "run-ended":
            uid = record.body.get("refs", {}).get(record.body.get("run"), "")
            line = self.db.execute(
                "SELECT line FROM records WHERE thread=? AND id=?", (thread, uid)
            ).fetchone()
            planned = parse_line(line[0]) if line else None
        found = searchable(record, planned)
        if found is None:
            return
        if planned is not None:
            self.db.execute(
                "DELETE FROM words WHERE rowid IN (SELECT word_row FROM word_rows WHERE thread=? AND uid=?)",
                (thread, found.uid),
            )
        row = self.db.execute(
            "INSERT INTO words VALUES(?,?,?,?,?,?)",
            (found.text, thread, found.uid, found.kind, found.id, int(found.negative)),
        ).lastrowid
        self.db.execute("INSERT OR REPLACE INTO word_rows VALUES(?,?,?)", (thread, found.uid, row))


def base_of(display: str) -> str:
    """The id without repeat and clash letter: ``P-004b-r2`` -> ``P-004``."""
    parsed = parse_id(display)
    if parsed is None:
        return display
    head = experiment_of(display)
    return (
        head[: -len(parsed.suffix)]
        if parsed.suffix and head.endswith(parsed.suffix)
        else head.rstrip("abcdefghijklmnopqrstuvwxyz")
    )


def bases_of(record: Record) -> set[str]:
    """Every id a record creates or refers to, as bases."""
    body = record.body
    named = [
        created_id(record),
        body.get("experiment"),
        body.get("run"),
        body.get("target"),
        body.get("hypothesis"),
        *body.get("about", []),
        *body.get("refs", {}),
    ]
    return {base_of(n) for n in named if isinstance(n, str) and parse_id(n)}


def _expression(name: str) -> tuple[str, list[str]]:
    head, _, key = name.partition(".")
    if head in ("config", "metrics") and key:
        return f"json_extract({head}, ?)", ['$."' + key.replace('"', "") + '"']
    if name in RUN_COLUMNS:
        return name, []
    from leadline.core.errors import usage

    raise usage(
        "unknown-column",
        f"runs have no column {name!r}",
        why=f"columns: {', '.join(RUN_COLUMNS)}, config.KEY, metrics.NAME",
        do="leadline status --help",
    )


def _row(row: tuple[Any, ...]) -> dict[str, Any]:
    data = dict(zip(RUN_COLUMNS, row, strict=True))
    for name in ("argv", "config", "metrics", "nonfinite"):
        data[name] = json.loads(data[name])
    return data

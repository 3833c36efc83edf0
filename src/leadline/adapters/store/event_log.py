"""Event logs as files: one per writer, appended and fsynced, rolled at 256 KiB, merged by union.

The truth of the project, so it is kept plain: a writer appends whole lines under the thread's lock;
a line torn by a crash stays where it is, is ended by a newline and named by a ``healed`` record;
nothing is ever truncated or edited, except a half-written line of the very write that failed (it
was never acknowledged).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from leadline.adapters.files import (
    as_user_error,
    locked,
    read_bytes,
    sync_folder,
    write_all,
    write_atomically,
)
from leadline.core.canonical import digest_bytes
from leadline.core.errors import LeadlineError, not_found
from leadline.core.metric.items import lend
from leadline.core.metric.thread_of import thread_of
from leadline.core.patterns import later
from leadline.core.record.event import (
    BadLine,
    Fault,
    Record,
    check_chain,
    line_digest,
    parse_line,
    parse_lines,
)
from leadline.core.record.fold import created_id, in_order
from leadline.core.record.thread import Thread
from leadline.core.timestamps import rfc3339
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.core.ulid import next_ulid
from leadline.core.values import dataclass, field

if TYPE_CHECKING:
    from leadline.adapters.store.index import Index
    from leadline.core.record.rows import RunRow
    from leadline.core.record.search_text import Hit
    from leadline.ports.records import Clock

ROLL_BYTES = 256 * 1024
FILE_NAME = later(r"[A-Za-z0-9_-]{1,80}-[1-9][0-9]{0,5}(~[0-9a-f]{6})?\.jsonl\Z")


@dataclass
class Merge:
    new_files: int = 0
    longer_files: int = 0
    diverged: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def split_name(name: str) -> tuple[str, int]:
    """``w1a2b3c4-7.jsonl`` -> (writer, 7); a diverged copy ``…~ab12.jsonl`` counts as a writer of
    its own."""
    stem = name.removesuffix(".jsonl")
    base, tilde, copy = stem.partition("~")
    writer, _, number = base.rpartition("-")
    return writer + (tilde + copy if tilde else ""), int(number) if number.isdigit() else 0


class EventLog:
    """The record store of one repository (``<git common dir>/leadline``)."""

    def __init__(
        self,
        root: str,
        writer: Callable[[], str] | str,
        actor: Callable[[], str] | str,
        clock: Clock,
    ) -> None:
        """``writer`` and ``actor`` may be functions: asking for them costs, and reading needs
        neither."""
        self.root = root
        self._writer = writer
        self._actor = actor
        self.clock = clock
        self._index: Index | None = None
        self._item_values: dict[str, dict[str, float] | None] = {}

    @property
    def writer(self) -> str:
        if callable(self._writer):
            self._writer = self._writer()
        return self._writer

    @property
    def actor(self) -> str:
        if callable(self._actor):
            self._actor = self._actor()
        return self._actor

    # -- reading -----------------------------------------------------------------------------------
    @property
    def index(self) -> Index:
        if self._index is None:
            from leadline.adapters.store.index import (
                Index,  # and with it SQLite: who reads a thread whole does without
            )

            self._index = Index(os.path.join(self.root, "index.sqlite"), self.folder)
        return self._index

    def folder(self, topic: str) -> str:
        return os.path.join(self.root, "threads", topic, "events")

    def topics(self) -> list[str]:
        try:
            names = os.listdir(os.path.join(self.root, "threads"))
        except FileNotFoundError:
            return []
        return sorted(n for n in names if self.exists(n))

    def exists(self, topic: str) -> bool:
        try:
            return any(n.endswith(".jsonl") for n in os.listdir(self.folder(topic)))
        except OSError:
            return False

    def records(self, topic: str) -> list[Record]:
        return in_order(self._read(topic))

    def thread(self, topic: str) -> Thread:
        return self._folded(self._read(topic), topic)

    def _read(self, topic: str) -> list[Record]:
        """Every whole record of the event files. Not asked of the index, which would be opened and
        brought up to date only to hand out the same lines."""
        # A last line without its end is not read yet.
        lines = [
            line
            for data in self.files(topic).values()
            for line in data[: data.rfind(b"\n") + 1].splitlines()
        ]
        return [record for record in parse_lines(lines, _mark()) if isinstance(record, Record)]

    def slice(self, topic: str, ids: list[str], kinds: tuple[str, ...]) -> Thread:
        return self._folded(self.index.slice(topic, ids, kinds), topic)

    def _folded(self, records: list[Record], topic: str) -> Thread:
        thread = thread_of(records, topic)
        lend(thread.runs, self._items)
        return thread

    def _items(self, digest: str) -> dict[str, float] | None:
        """The values of items that lie in a blob; None when it is not on this machine or is
        damaged."""
        if digest not in self._item_values:
            from leadline.adapters.store.blobs import FileBlobs

            try:
                self._item_values[digest] = json.loads(
                    FileBlobs(os.path.join(self.root, "blobs")).get(digest)
                )
            except (LeadlineError, OSError, ValueError):
                self._item_values[digest] = None
        return self._item_values[digest]

    def files(self, topic: str) -> dict[str, bytes]:
        folder = self.folder(topic)
        names = (
            sorted(n for n in os.listdir(folder) if n.endswith(".jsonl"))
            if os.path.isdir(folder)
            else []
        )
        return {n: read_bytes(os.path.join(folder, n)) or b"" for n in names}

    @staticmethod
    def _writers(names: Iterable[str]) -> dict[str, list[str]]:
        writers: dict[str, list[tuple[int, str]]] = {}
        for name in names:
            writer, number = split_name(name)
            writers.setdefault(writer, []).append((number, name))
        return {w: [n for _, n in sorted(names)] for w, names in writers.items()}

    def heads(self, topic: str) -> dict[str, str]:
        files, heads = self.files(topic), {}
        for writer, names in self._writers(files).items():
            lines = [line for name in names for line in files[name].splitlines(keepends=True)]
            good = [line for line in lines if _is_record(line)]
            if good:
                heads[writer] = line_digest(good[-1])
        return heads

    def faults(self, topic: str) -> list[Fault]:
        return self._check(topic)[1]

    def examine(self, topic: str) -> tuple[Thread, list[Fault]]:
        records, faults = self._check(topic)
        return self._folded(records, topic), faults

    def _check(self, topic: str) -> tuple[list[Record], list[Fault]]:
        """Every record as the files have it, and everything wrong with them."""
        files, records, faults = self.files(topic), list[Record](), list[Fault]()
        copies: list[tuple[str, Fault]] = []
        for writer, names in self._writers(files).items():
            lines, expected = [], 1
            is_copy = "~" in writer
            if is_copy:  # its beginning is that of the file it is another version of
                first = split_name(names[0])[1]
                names = [
                    n
                    for n in (f"{writer.partition('~')[0]}-{i}.jsonl" for i in range(1, first))
                    if n in files
                ] + names
                copies.append(
                    (
                        names[-1],
                        Fault(
                            names[-1],
                            "diverged-file",
                            "two versions of this file exist: one was changed after it was "
                            "written, or two machines wrote under one name; both are read",
                            "leadline verify --explain, then leadline verify --heal",
                        ),
                    )
                )
            for name in names:
                number = split_name(name)[1]
                if number != expected and not is_copy:
                    faults.append(
                        Fault(
                            name,
                            "missing-file",
                            f"file {expected} of writer {writer} is missing",
                            "leadline sync",
                        )
                    )
                expected = number + 1
                lines += [
                    (f"{name}:{i}", line)
                    for i, line in enumerate(files[name].splitlines(keepends=True), 1)
                ]
            found, wrong = check_chain(lines, _mark())
            records += found
            faults += [f for f in wrong if not is_copy or f.where.startswith(names[-1])]
        acknowledged = {
            d
            for r in records
            if r.kind == "healed"
            for d in (*r.body.get("torn", []), *r.body.get("diverged", []))
        }
        faults = [
            f
            for f in faults
            if f.code != "torn-line" or _digest_at(files, f.where) not in acknowledged
        ]
        return records, [fault for name, fault in copies if name not in acknowledged] + faults

    # -- writing -----------------------------------------------------------------------------------
    @contextmanager
    def transaction(self, topic: str, create: bool = False) -> Iterator[FileTransaction]:
        if not create and not self.exists(topic):
            raise not_found(
                "no-thread",
                f"there is no thread {topic!r} here",
                why=f"threads: {', '.join(self.topics()) or 'none'}",
                do=f"leadline start {topic}",
            )
        with locked(os.path.join(self.root, "locks", f"{topic}.lock")):
            writing = FileTransaction(self, topic)
            yield writing
            writing.commit()

    def heal(self, topic: str) -> list[str]:
        files, faults = self.files(topic), self.faults(topic)
        torn = [_digest_at(files, f.where) for f in faults if f.code == "torn-line"]
        diverged = [f.where for f in faults if f.code == "diverged-file"]
        if torn or diverged:
            with self.transaction(topic) as writing:
                writing.add("healed", {"torn": torn, "diverged": diverged, "by": "verify --heal"})
        return torn + diverged

    def merge(self, topic: str, files: dict[str, bytes]) -> Merge:
        report = Merge()
        with locked(os.path.join(self.root, "locks", f"{topic}.lock")):
            mine = self.files(topic)
            for name, theirs in sorted(files.items()):
                if not FILE_NAME.match(name):
                    report.refused.append(name)
                    continue
                original = mine.get(split_copy(name)[0], b"")
                ours = mine.get(name)
                if (ours or b"").startswith(theirs) or original.startswith(theirs):
                    continue
                if ours is not None and not theirs.startswith(ours):
                    name = copy_name(name, ours, theirs)
                    report.diverged.append(name)
                    ours = mine.get(name)
                    if ours is not None and ours.startswith(theirs):
                        continue
                write_atomically(os.path.join(self.folder(topic), name), theirs)
                mine[name] = theirs
                if ours is None:
                    report.new_files += 1
                else:
                    report.longer_files += 1
        return report

    def replace_damaged(self, topic: str, name: str, data: bytes) -> str:
        """Put ``data`` in the place of a damaged event file; returns where the damaged one is kept."""
        with locked(os.path.join(self.root, "locks", f"{topic}.lock")):
            path = os.path.join(self.folder(topic), name)
            damaged = read_bytes(path) or b""
            aside = os.path.join(
                self.root, "set-aside", topic, f"{name}.{digest_bytes(damaged)[7:19]}"
            )
            write_atomically(aside, damaged)
            write_atomically(path, data)
        return aside

    def copy_name(self, name: str, ours: bytes, theirs: bytes) -> str:
        return copy_name(name, ours, theirs)

    # -- the read model ----------------------------------------------------------------------------
    def search(self, words: list[str], limit: int) -> tuple[list[Hit], int]:
        return self.index.search(self.topics(), words, limit)

    def run_rows(
        self, topic: str | None, where: Mapping[str, object], order: str, limit: int
    ) -> tuple[list[RunRow], int]:
        return self.index.rows([topic] if topic else self.topics(), where, order, limit)

    def open_runs(self, topic: str | None = None) -> list[tuple[str, str]]:
        return self.index.open_runs([topic] if topic else self.topics())

    def same_key(self, key: str) -> list[RunRow]:
        return self.index.same_key(self.topics(), key)


class FileTransaction:
    """See ``ports.records.Transaction``. Lives under the thread's lock."""

    def __init__(self, log: EventLog, topic: str) -> None:
        self.log = log
        self.topic = topic
        self._end_torn_line()
        self.index = log.index
        self.index.refresh(topic)
        self.lines: list[bytes] = []
        self.added: list[Record] = []
        self.last_id = self.index.last_id(topic)
        self._open_tail()

    def _end_torn_line(self) -> None:
        """End the line that a crash left open, before anything is read: when it is a whole record
        but for its newline it counts, else it is named by a ``healed`` record."""
        folder, writer = self.log.folder(self.topic), self.log.writer
        names = [
            n
            for n in (os.listdir(folder) if os.path.isdir(folder) else [])
            if split_name(n)[0] == writer
        ]
        self.number = max((split_name(n)[1] for n in names), default=1)
        self.name = f"{writer}-{self.number}.jsonl"
        self.data = read_bytes(os.path.join(folder, self.name)) or b""
        if self.data and not self.data.endswith(b"\n"):
            self._append(os.path.join(folder, self.name), b"\n")
            self.data += b"\n"

    def _open_tail(self) -> None:
        """Find the writer's last valid line, and name what stands torn behind it."""
        self.prev, self.size = self._last_digest(self.data), len(self.data)
        last = self.data.rstrip(b"\n").rpartition(b"\n")[2]
        if last and not _is_record(last + b"\n"):
            self.add(
                "healed", {"torn": [digest_bytes(last)], "by": "the next write", "file": self.name}
            )

    def _last_digest(self, data: bytes) -> str:
        for line in reversed(data.splitlines(keepends=True)):
            if _is_record(line):
                return line_digest(line)
        if self.number > 1:
            before = f"{self.log.writer}-{self.number - 1}.jsonl"
            earlier = read_bytes(os.path.join(self.log.folder(self.topic), before)) or b""
            for line in reversed(earlier.splitlines(keepends=True)):
                if _is_record(line):
                    return line_digest(line)
        return ""

    def next_number(self, kind: str, within: str = "") -> int:
        from leadline.core.ids import parse_id

        highest = self.index.highest(self.topic, kind, within)
        for record in self.added:
            parsed = parse_id(created_id(record))
            if parsed is None:
                continue
            if (
                kind == "run"
                and parsed.kind == "run"
                and (record.body.get("experiment_uid") or record.id) == within
            ):
                highest = max(highest, parsed.repeat)
            elif (kind == "experiment" and parsed.kind == "run") or (
                parsed.kind == kind and kind != "run"
            ):
                highest = max(highest, parsed.number)
        return highest + 1

    def new_uid(self) -> str:
        if not hasattr(self, "_next"):
            self._time = self.log.clock.now_ms()
            self._next = next_ulid(self._time, self.log.clock.randomness(), self.last_id)
        return self._next

    def add(self, kind: str, body: Mapping[str, Any]) -> Record:
        uid = self.new_uid()
        record = Record(
            uid,
            rfc3339(self._time),
            self.topic,
            self.log.writer,
            kind,
            self.log.actor,
            body,
            self.prev,
        )
        del self._next
        line = record.line()
        self.lines.append(line)
        self.added.append(record)
        self.prev, self.last_id = line_digest(line), uid
        return record

    def commit(self) -> None:
        if not self.lines:
            return
        folder = self.log.folder(self.topic)
        if self.size > ROLL_BYTES:
            self.number, self.size = self.number + 1, 0
            self.name = f"{self.log.writer}-{self.number}.jsonl"
        self._append(os.path.join(folder, self.name), b"".join(self.lines))

    @staticmethod
    def _append(path: str, data: bytes) -> None:
        try:
            new = not os.path.exists(path)
            if new:
                os.makedirs(os.path.dirname(path), exist_ok=True)
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
            try:
                before = os.fstat(fd).st_size
                try:
                    write_all(fd, data)
                    os.fsync(fd)
                except OSError:
                    os.ftruncate(fd, before)  # the line was never acknowledged; leave no half of it
                    raise
            finally:
                os.close(fd)
            if new:
                sync_folder(os.path.dirname(path))
        except OSError as error:
            raise as_user_error(error, path) from error


def _mark() -> str:
    return os.urandom(16).hex()


def _is_record(line: bytes) -> bool:
    return _parsed(line) is not None


def _parsed(line: bytes) -> Record | None:
    """The record of a whole line, or None."""
    try:
        return parse_line(line) if line.endswith(b"\n") else None
    except BadLine:
        return None


def _digest_at(files: dict[str, bytes], where: str) -> str:
    name, _, number = where.rpartition(":")
    return digest_bytes(files[name].splitlines(keepends=True)[int(number) - 1].rstrip(b"\n"))


def split_copy(name: str) -> tuple[str, str]:
    """``w-1~ab12cd.jsonl`` -> (``w-1.jsonl``, ``ab12cd``)."""
    base, _, mark = name.removesuffix(".jsonl").partition("~")
    return base + ".jsonl", mark


def copy_name(name: str, ours: bytes, theirs: bytes) -> str:
    """Under which name another version of a file is kept: named by its first line that differs, so
    that it keeps its name while it grows and on every machine."""
    mine = ours.splitlines()
    differing = next(
        (line for i, line in enumerate(theirs.splitlines()) if i >= len(mine) or line != mine[i]),
        b"",
    )
    return f"{split_copy(name)[0].removesuffix('.jsonl')}~{digest_bytes(differing)[7:13]}.jsonl"

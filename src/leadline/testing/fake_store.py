"""The record in memory: event logs, their read model, blobs, markers of open runs, and a clock that
is moved by hand.

Held to the contract of the files (``record_store_contract``). Several views share a ``Disk``, as
the sessions on one machine share a folder. What lines mean (chains, faults, unions, folds) is
core's, here and there; only keeping them is different, and everything is asked of the fold.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType

from leadline.core.canonical import digest_bytes
from leadline.core.errors import LeadlineError, not_found
from leadline.core.ids import numbers_upto, parse_id
from leadline.core.metric.items import lend
from leadline.core.metric.thread_of import thread_of
from leadline.core.publish.blob_name import blob_name
from leadline.core.record.about import base_of, bases_of
from leadline.core.record.checked import Unbroken
from leadline.core.record.event import Fault, Record, line_digest, parse_lines
from leadline.core.record.event_files import (
    Head,
    by_writer,
    check,
    copy_name,
    head_of,
    heads,
    last_digest,
    not_as_written,
    split_copy,
    to_acknowledge,
)
from leadline.core.record.fold import created_id, in_order, numbers_of
from leadline.core.record.held import WholeThread
from leadline.core.record.order import note_of, order_of
from leadline.core.record.rows import RunRow, column, json_of, row_of
from leadline.core.record.search_text import Hit, searchable
from leadline.core.record.thread import Thread, no_start, no_such_thread
from leadline.core.record.union import Known, MergeReport, union
from leadline.core.record.written import Altered, Lines, altered
from leadline.core.timestamps import rfc3339
from leadline.core.typed import Any, TypeVar
from leadline.core.ulid import AHEAD_MS, first_at, next_ulid
from leadline.ports.records import Clock, RunsHeld

Answer = TypeVar("Answer")


class StillClock:
    """Moves on by ``step_ms`` at each reading, and by nothing else."""

    def __init__(self, now_ms: int = 1_772_000_000_000, step_ms: int = 1_000) -> None:
        self.at_ms, self.step_ms, self.drawn = now_ms, step_ms, 0

    def now_ms(self) -> int:
        self.at_ms += self.step_ms
        return self.at_ms

    def randomness(self) -> int:
        self.drawn += 1
        return self.drawn


class Disk:
    """What the views of one machine share: topic to file name to content, and who writes."""

    def __init__(self) -> None:
        self.topics: dict[str, dict[str, bytes]] = {}
        self.heads: dict[str, dict[str, Head]] = {}
        self.disputed: dict[str, dict[str, bytes]] = {}
        self.contradicted: dict[str, list[Altered]] = {}
        self.set_aside: dict[str, bytes] = {}
        self.lock = threading.RLock()
        self.alone: dict[tuple[str, str], threading.Lock] = {}


class MemoryLog:
    """See ``ports.records.RecordLog``."""

    def __init__(
        self,
        disk: Disk | None = None,
        writer: str = "w1",
        actor: str = "Ada",
        clock: Clock | None = None,
        blobs: MemoryBlobs | None = None,
    ) -> None:
        self.disk, self.writer, self.actor = disk or Disk(), writer, actor
        self.clock = clock or StillClock()
        self.blobs = blobs or MemoryBlobs()

    def topics(self) -> list[str]:
        return sorted(topic for topic in self.disk.topics if self.exists(topic))

    def exists(self, topic: str) -> bool:
        return bool(self.disk.topics.get(topic))

    def gone(self) -> dict[str, list[str]]:
        noted = {topic: sorted(names) for topic, names in self.disk.heads.items()}
        return {t: names for t, names in noted.items() if names and not self.exists(t)}

    def unsearched(self, topic: str, names: Collection[str] | None = None) -> dict[str, int]:
        return dict.fromkeys(self.files(topic, names) if names is None else names, 0)

    def files(self, topic: str, names: Collection[str] | None = None) -> dict[str, bytes]:
        with self.disk.lock:
            held = sorted(self.disk.topics.get(topic, {}).items())
        return {name: data for name, data in held if names is None or name in names}

    def blob_names(self, topic: str, width: int) -> dict[str, str]:
        return {name: blob_name(data, width) for name, data in self.files(topic).items()}

    def records(self, topic: str) -> list[Record]:
        whole = (data[: data.rfind(b"\n") + 1] for data in self.files(topic).values())
        lines = [line for data in whole for line in data.splitlines()]
        return in_order(record for record in parse_lines(lines) if isinstance(record, Record))

    def thread(self, topic: str) -> Thread:
        thread = self._folded(self.records(topic), topic)
        thread.altered = self._altered(topic)
        return thread

    def look(self, topic: str, question: Callable[[Thread], Answer]) -> Answer:
        return question(self.thread(topic))

    def view(self, topic: str) -> Thread:
        return self.thread(topic)

    def runs_held(self, topic: str) -> RunsHeld:
        return WholeThread(self.thread(topic))

    def unbroken(
        self, topic: str, program: str, question: Callable[[Unbroken], Answer | None]
    ) -> Answer | None:
        return None  # nothing is kept

    def left_out(self) -> dict[str, int]:
        found = {
            t: [f.code for f in self.faults(t)].count("malformed-record") for t in self.topics()
        }
        return {topic: count for topic, count in found.items() if count}

    def altered(self, topic: str = "") -> list[Altered]:
        return [each for t in [topic] * bool(topic) or self.topics() for each in self._altered(t)]

    def _altered(self, topic: str) -> list[Altered]:
        files, records = dict[str, Lines](), list[Record]()
        for name, data in self.files(topic).items():
            lines = data[: data.rfind(b"\n") + 1].split(b"\n")[:-1]
            found = parse_lines(lines)
            files[name] = Lines().take(lines, found)
            records += [record for record in found if isinstance(record, Record)]
        by_lines = altered(files, self.disk.heads.get(topic, {}), records)
        return [*by_lines, *self.disk.contradicted.get(topic, ())]

    def runs_to_watch(self, topic: str) -> list[str]:
        return [run.uid for run in self.thread(topic).runs]

    def uncompared(self, topic: str) -> list[str]:
        return sorted(self.files(topic))

    def compared(self, topic: str, names: Collection[str], found: Sequence[Altered]) -> None:
        self.disk.contradicted[topic] = list(found)

    def slice(self, topic: str, ids: list[str], kinds: tuple[str, ...]) -> Thread:
        wanted = {base_of(display) for display in ids}
        records = self.records(topic)
        part = [r for r in records if r.kind in kinds or bases_of(r) & wanted]
        thread = self._folded(part, topic)
        thread.order = order_of(records)
        return thread

    def _folded(self, records: list[Record], topic: str) -> Thread:
        thread = thread_of(records, topic)
        lend(thread.runs, self._items)
        return thread

    def _items(self, digest: str) -> dict[str, float] | None:
        if not self.blobs.has(digest):
            return None
        values: dict[str, float] = json.loads(self.blobs.get(digest))
        return values

    def examine(self, topic: str) -> tuple[Thread, list[Fault]]:
        records, faults = check(self.files(topic), "", self.disk.heads.get(topic))
        return self._folded(records, topic), faults

    def faults(self, topic: str) -> list[Fault]:
        return check(self.files(topic), "", self.disk.heads.get(topic))[1]

    def heads(self, topic: str) -> dict[str, str]:
        return heads(self.files(topic))

    def heads_noted(self, topic: str) -> dict[str, Head]:
        return dict(self.disk.heads.get(topic, {}))

    @contextmanager
    def transaction(
        self, topic: str, create: bool = False, many: bool = False
    ) -> Iterator[MemoryTransaction]:
        if not create and not self.exists(topic):
            raise no_such_thread(topic, self.topics())
        with self.disk.lock:
            writing = MemoryTransaction(self, topic)
            yield writing
            if writing.lines:
                files = self.disk.topics.setdefault(topic, {})
                files[writing.name] = writing.data + b"".join(writing.lines)
                self._note_head(topic, writing.name)

    @contextmanager
    def alone(self, topic: str, what: str) -> Iterator[None]:
        with self.disk.alone.setdefault((topic, what), threading.Lock()):
            yield

    @contextmanager
    def read_along(self, topic: str) -> Iterator[None]:
        yield  # there is no index

    def heal(self, topic: str) -> list[str]:
        torn, diverged = to_acknowledge(self.files(topic), self.faults(topic))
        if torn or diverged:
            with self.transaction(topic) as writing:
                writing.add("healed", {"torn": torn, "diverged": diverged, "by": "verify --heal"})
        return torn + diverged

    def _note_head(self, topic: str, name: str) -> None:
        if "~" not in name:
            heads = self.disk.heads.setdefault(topic, {})
            heads[name] = head_of(self.disk.topics[topic][name])

    def disputed(self, topic: str) -> dict[str, bytes]:
        return dict(self.disk.disputed.get(topic, {}))

    def settle(self, topic: str, where: str, why: str) -> None:
        with self.transaction(topic) as writing:
            body = {"torn": [], "diverged": [where], "by": "verify --settle", "why": why}
            writing.add("healed", body)

    def take(self, topic: str, name: str, why: str) -> None:
        with self.disk.lock:
            base, files = split_copy(name)[0], self.disk.topics[topic]
            theirs, ours = self.disk.disputed[topic].pop(name), files[base]
            other = copy_name(base, theirs, ours)
            self.disk.disputed[topic][other], files[base] = ours, theirs
            self._note_head(topic, base)
        self.settle(topic, other, why)

    def merge(
        self,
        topic: str,
        files: Mapping[str, bytes],
        published: Mapping[str, bytes] = MappingProxyType({}),
    ) -> MergeReport:
        with self.disk.lock:
            heads = self.disk.heads.get(topic, {})
            known = Known(self.files(topic), heads, self.disputed(topic), published, self.writer)
            done = union(known, files)
            self.disk.topics.setdefault(topic, {}).update(done.changed)
            self.disk.disputed.setdefault(topic, {}).update(done.disputed)
            for name in done.changed:
                self._note_head(topic, name)
        return done.report

    def replace_damaged(self, topic: str, name: str, data: bytes) -> str:
        with self.disk.lock:
            damaged = self.disk.topics[topic][name]
            aside = f"set-aside/{topic}/{name}.{digest_bytes(damaged)[7:19]}"
            self.disk.set_aside[aside] = damaged
            self.disk.topics[topic][name] = data
            self._note_head(topic, name)
        return aside


class MemoryTransaction:
    """See ``ports.records.Transaction``."""

    def __init__(self, log: MemoryLog, topic: str) -> None:
        self.log, self.topic = log, topic
        files = log.files(topic)
        self.name = by_writer(files).get(log.writer, [f"{log.writer}-1.jsonl"])[-1]
        self.data = files.get(self.name, b"")
        if self.data and not self.data.endswith(b"\n"):
            self.data += b"\n"
            log.disk.topics[topic][self.name] = self.data
        self.known = log.records(topic)
        self.last_id = max((r.id for r in self.known if r.writer == log.writer), default="")
        self.prev = last_digest(self.data)
        self.lines: list[bytes] = []
        self._next = ""
        mine = [r.seen for r in self.known if r.writer == log.writer and r.seen is not None]
        noted = {writer: note for seen in mine for writer, note in seen.items()}
        others = {
            name: note_of(record.id, digest)
            for name, digest in heads(files).items()
            if name != log.writer and "~" not in name
            for record in self.known
            if record.writer == name
        }
        changed = {name: note for name, note in others.items() if noted.get(name) != note}
        self._seen = changed or (None if mine else {})
        head = log.disk.heads.get(topic, {}).get(self.name)
        if body := not_as_written(self.name, self.data, head):
            self.add("healed", body)

    def next_number(self, kind: str, within: str = "") -> int:
        numbers = (numbers_of(record).get((kind, within), 0) for record in self.known)
        return 1 + max((n for n in numbers if n <= numbers_upto(len(self.known))), default=0)

    def open_session(self) -> str:
        return ""  # nobody is known to work here

    def new_uid(self) -> str:
        if not self._next:
            self._time_ms = self.log.clock.now_ms()
            limit = first_at(self._time_ms + AHEAD_MS)
            seen = max((r.id for r in self.known if r.id < limit), default="")
            randomness = self.log.clock.randomness()
            self._next = next_ulid(self._time_ms, randomness, self.last_id, seen)
        return self._next

    def add(self, kind: str, body: Mapping[str, Any]) -> Record:
        uid, writer, actor = self.new_uid(), self.log.writer, self.log.actor
        at = rfc3339(self._time_ms)
        seen = None if self.lines else self._seen
        record = Record(uid, at, self.topic, writer, kind, actor, body, self.prev, seen=seen)
        if (shown := created_id(record)) and parse_id(shown) is None:
            raise no_start(self.topic, shown)
        self._next = ""
        self.lines.append(record.line())
        self.known.append(record)
        self.prev, self.last_id = line_digest(record.line()), uid
        return record


class MemoryReadModel:
    """See ``ports.records.ReadModel``. Keeps nothing: every answer is of the fold."""

    def __init__(self, log: MemoryLog) -> None:
        self.log = log

    def run_rows(
        self, topic: str | None, where: Mapping[str, object], order: str, limit: int
    ) -> tuple[list[RunRow], int]:
        rows = [
            row
            for row in self._rows(topic)
            if all(_as_text(_value(row, name)) == str(value) for name, value in where.items())
        ]
        descending, name = order.startswith("-"), order.lstrip("-")
        column(name)
        lacking = [row for row in rows if _value(row, name) is None]
        having = [row for row in rows if _value(row, name) is not None]
        having.sort(
            key=lambda row: (isinstance(_value(row, name), str), _value(row, name)),
            reverse=descending,
        )
        return (having + lacking)[: None if limit < 0 else limit], len(rows)

    def run_lines(
        self, topic: str | None, where: Mapping[str, object], order: str, limit: int
    ) -> tuple[list[str], int]:
        rows, count = self.run_rows(topic, where, order, limit)
        return list(map(json_of, rows)), count

    def _rows(self, topic: str | None) -> list[RunRow]:
        """Oldest first."""
        threads = [self.log.thread(t) for t in ([topic] if topic else self.log.topics())]
        rows = [row_of(run, thread) for thread in threads for run in thread.runs]
        return sorted(rows, key=lambda row: row.uid)

    def search(self, words: list[str], limit: int) -> tuple[list[Hit], int]:
        asked = [piece for word in words for piece in _pieces(word)]
        if not asked:
            return [], 0
        hits = [hit for topic in self.log.topics() for hit in self._hits(topic)]
        found = [
            hit
            for hit in hits
            if all(any(p.startswith(a) for p in _pieces(hit.text)) for a in asked)
        ]
        found.sort(key=lambda hit: not hit.negative)
        return found[: None if limit < 0 else limit], len(found)

    def _hits(self, topic: str) -> list[Hit]:
        """The words of a run that ended take the place of those of its plan."""
        records = {record.id: record for record in self.log.records(topic)}
        hits: dict[tuple[str, str], Hit] = {}
        for record in records.values():
            refs = record.body.get("refs", {})
            ended = record.kind == "run-ended"
            planned = records.get(refs.get(record.body.get("run"), "")) if ended else None
            if found := searchable(record, planned):
                kind = "run" if found.kind.startswith("run") else record.id
                place = (found.uid, kind)
                hits[place] = Hit(
                    topic, found.uid, found.kind, found.id, found.negative, found.text
                )
        return list(hits.values())

    def open_runs(self, topic: str | None = None) -> list[tuple[str, str]]:
        topics = [topic] if topic else self.log.topics()
        runs = [(t, run) for t in topics for run in self.log.thread(t).runs]
        found = [(t, run.uid) for t, run in runs if not run.ended_at]
        return sorted(found, key=lambda pair: pair[1])

    def not_planned(self, uids: Collection[str]) -> set[str]:
        planned = {run.uid for t in self.log.topics() for run in self.log.thread(t).runs}
        return set(uids) - planned

    def same_key(self, key: str) -> list[RunRow]:
        return [row for row in self._rows(None) if row.key == key]


def _value(row: RunRow, name: str) -> Any:
    """A row's value as SQL has it: truth values are numbers, what is nested is JSON."""
    head, key = column(name)
    value = getattr(row, head)
    value = value.get(key) if key else value
    if isinstance(value, bool):
        return int(value)
    return json.dumps(value) if isinstance(value, (dict, list)) else value


def _as_text(value: object) -> str | None:
    return None if value is None else str(value)


def _pieces(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in text.lower()).split()


class MemoryBlobs:
    """See ``ports.records.BlobStore``. What is kept lies nowhere that could be opened, so
    ``place`` is ""."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def put(self, data: bytes) -> str:
        digest = digest_bytes(data)
        self.held[digest] = data
        return digest

    def set_aside(self, digest: str) -> str:
        del self.held[digest]
        return f"{digest}.damaged"

    def get(self, digest: str) -> bytes:
        self.check(digest)
        return self.held[digest]

    def has(self, digest: str) -> bool:
        return digest in self.held

    def take(self, path: str, digest: str) -> None:
        if digest not in self.held:
            with open(path, "rb") as file:
                self.held[digest] = file.read()

    def check(self, digest: str) -> None:
        if digest not in self.held:
            raise not_found("blob-missing", f"{digest[:19]} is not here", do="leadline sync")
        if digest_bytes(self.held[digest]) != digest:
            raise LeadlineError(
                "check_failed", "blob-damaged", f"{digest} does not have its digest", "", []
            )

    def place(self, digest: str) -> str:
        return ""

    def size_bytes(self, digest: str) -> int | None:
        return len(self.held[digest]) if digest in self.held else None


class MemoryOpenRuns:
    """See ``ports.records.OpenRuns``."""

    def __init__(self) -> None:
        self.topic_of: dict[str, str] = {}
        self.watched: set[str] = set()

    def any(self) -> bool:
        return bool(self.topic_of)

    @contextmanager
    def watching(self, uid: str, topic: str) -> Iterator[None]:
        self.topic_of[uid] = topic
        self.watched.add(uid)
        try:
            yield
        finally:
            self.watched.discard(uid)

    @contextmanager
    def abandoned(self, uid: str) -> Iterator[bool]:
        yield uid not in self.watched

    def closed(self, uid: str) -> None:
        self.topic_of.pop(uid, None)

    def listed(self) -> list[tuple[str, str]]:
        return sorted((topic, uid) for uid, topic in self.topic_of.items())

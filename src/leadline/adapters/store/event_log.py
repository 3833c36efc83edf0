"""Event logs as files: one per writer, appended and fsynced, rolled at 256 KiB, merged by union.

The truth of the project, so it is kept plain: a writer appends whole lines under the thread's lock;
a line torn by a crash stays where it is, is ended by a newline and named by a ``healed`` record;
nothing is ever truncated or edited, except a half-written line of the very write that failed (it
was never acknowledged). How far each file had come when it was last written to here is noted beside
it, so that a last line which somebody changed shows as any other does.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from leadline import __version__
from leadline.adapters.files import (
    as_user_error,
    locked,
    locked_in_turn,
    make_folders,
    read_bytes,
    write_atomically,
    write_over,
)
from leadline.core.canonical import PIECE_BYTES, canonical_json, digest_bytes, is_digest
from leadline.core.contexts import contextmanager
from leadline.core.errors import LeadlineError, environment
from leadline.core.ids import named_id, parse_id
from leadline.core.metric.items import lend
from leadline.core.metric.thread_of import thread_of
from leadline.core.record.conform import misfit
from leadline.core.record.event import (
    Fault,
    Misfit,
    Record,
    line_digest,
    parse_lines,
)
from leadline.core.record.event_files import (
    RECORD,
    Head,
    by_writer,
    check,
    copy_name,
    head_of,
    heads,
    last_line,
    line_is,
    not_as_written,
    split_copy,
    split_name,
    to_acknowledge,
)
from leadline.core.record.fold import created_id, in_order, numbers_of, plans_run
from leadline.core.record.held import WholeThread
from leadline.core.record.order import DIGITS
from leadline.core.record.thread import Thread, no_start, no_such_thread
from leadline.core.record.written import Altered, Lines, altered
from leadline.core.secrets.version import DETECTOR
from leadline.core.timestamps import rfc3339
from leadline.core.typed import TYPE_CHECKING, Any, TypeVar, cast
from leadline.core.ulid import AHEAD_MS, BEYOND, decode, first_at, held, is_off, next_ulid
from leadline.core.values import dataclass, field
from leadline.job.disk import MOST_OWN_BYTES, discard, open_in_place, sync_folder, write_all

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from leadline.adapters.store.index import Index
    from leadline.adapters.store.read_along import ReadAlong
    from leadline.core.record.checked import Unbroken
    from leadline.core.record.union import MergeReport
    from leadline.ports.records import Clock, RunsHeld
    from leadline.ports.sessions import Sessions

#: of each kind, body and its JSON, the body without secrets: the same one where it holds none
Screening = Callable[[Sequence[tuple[str, Mapping[str, Any], str]]], Sequence[Mapping[str, Any]]]
ROLL_BYTES = 256 * 1024
FOLDED_WHOLE_BYTES = 192 * 1024  # a thread as long as this is looked at in parts
JUMP_MS = 60_000
READ_AT_ONCE_BYTES = 1 << 20


# Of each event file: name, inode, size, time of its last change.
_State = tuple[tuple[str, int, int, int], ...]


@dataclass(slots=True)
class _Part:
    """The records of one event file, as far as it was read, and how many lines are left out. Event
    files are appended to, or replaced by another file."""

    inode: int
    read_bytes: int
    records: list[Record]
    left_out: int = 0
    lines: Lines = field(default_factory=Lines)


class _Files(Mapping[str, bytes]):
    """Read each time they are looked at: those of a long thread are more than memory should hold."""

    def __init__(self, folder: str, names: Collection[str] | None) -> None:
        self._folder = folder
        if names is None:
            names = os.listdir(folder) if os.path.isdir(folder) else []
        self._paths = {
            name: path
            for name in sorted(names)
            if name.endswith(".jsonl") and os.path.isfile(path := os.path.join(folder, name))
        }

    def __getitem__(self, name: str) -> bytes:
        return read_bytes(self._paths[name]) or b""

    def __contains__(self, name: object) -> bool:
        return name in self._paths

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


@dataclass(slots=True)
class _Left:
    """What a write leaves to the next one of this process, of a thread where nobody wrote since: the
    highest ``numbers`` of ids; and, where another process reads along, how far all ``others`` have
    come and the newest id that was ``seen`` of them."""

    numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    others: dict[str, str] | None = None
    seen: str | None = None


Answer = TypeVar("Answer")


class EventLog:
    """The record store of one repository (``<git common dir>/leadline``)."""

    def __init__(
        self,
        root: str,
        writer: Callable[[], str] | str,
        actor: Callable[[], str] | str,
        clock: Clock,
        warn: Callable[[str], None] = lambda text: None,
        screening: Callable[[], Screening] | None = None,
        sessions: Callable[[], Sessions] | None = None,
    ) -> None:
        """``writer`` and ``actor`` may be functions: asking for them costs, and reading needs
        neither. ``warn`` is told what a user should know of what was written all the same.
        ``screening`` makes, for one transaction, what gets records about to be appended and says
        what of them is."""
        self.root = root
        self._writer = writer
        self._actor = actor
        self.clock = clock
        self.warn = warn
        self._warned = False
        self.screening = screening or (lambda: lambda records: [body for _, body, _ in records])
        self.detector = DETECTOR if screening is not None else 0
        self.sessions = sessions
        self._index: Index | None = None
        self._item_values: dict[str, dict[str, float] | None] = {}
        self._parts: dict[str, dict[str, _Part]] = {}
        self._threads: dict[str, tuple[_State, Thread]] = {}
        self._views: dict[str, tuple[_State, Thread]] = {}
        self._left: dict[str, tuple[_State, _Left]] = {}
        self._along: dict[str, ReadAlong] = {}
        self._noted: dict[str, dict[str, Head]] = {}
        self._altered: dict[str, list[Altered]] = {}
        self._contradicted: dict[str, list[Altered]] = {}
        self._left_out: dict[str, int] = {}  # of threads that were looked at in parts

    @property
    def writer(self) -> str:
        if callable(self._writer):
            self._writer = self._writer()
        return self._writer

    def warn_once(self, text: str) -> None:
        if not self._warned:
            self._warned = True
            self.warn(text)

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

            self._index = Index(
                os.path.join(self.root, "index.sqlite"), self.folder, self.head_noted
            )
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

    def gone(self) -> dict[str, list[str]]:
        try:
            names = os.listdir(os.path.join(self.root, "threads"))
        except FileNotFoundError:
            return {}
        noted = {n: sorted(self.heads_noted(n)) for n in names if not self.exists(n)}
        return {topic: files for topic, files in noted.items() if files}

    def records(self, topic: str) -> list[Record]:
        return in_order(self._read(topic))

    def thread(self, topic: str) -> Thread:
        # Asked for again after each step of a verb: folded once for what the files hold.
        state = self._state(topic)
        known = self._threads.pop(topic, None)
        if known is None or known[0] != state:
            thread = self._folded(self._read(topic), topic)
            thread.altered = self.altered(topic)
            known = (state, thread)
        self._threads[topic] = known
        return known[1]

    def altered(self, topic: str = "") -> list[Altered]:
        if not topic:
            return [each for name in self._parts for each in self.altered(name)]
        parts = self._parts.get(topic, {})
        if topic not in self._altered:
            files = {name: part.lines for name, part in parts.items()}
            records = (record for part in parts.values() for record in part.records)
            self._altered[topic] = altered(files, self._noted.get(topic, {}), records)
        return [*self._altered[topic], *self._contradicted.get(topic, ())]

    def left_out(self) -> dict[str, int]:
        found = {
            topic: sum(part.left_out for part in parts.values())
            for topic, parts in self._parts.items()
        }
        for topic, count in self._left_out.items():
            found[topic] = max(count, found.get(topic, 0))
        for topic, (_, thread) in self._threads.items():
            found[topic] = found.get(topic, 0) + len(thread.malformed)
        return {topic: count for topic, count in found.items() if count}

    def _state(self, topic: str) -> _State:
        try:
            found = os.scandir(self.folder(topic))
        except FileNotFoundError:
            return ()
        # A folder or a link in the place of one is no event file.
        stats = [
            (e.name, e.stat())
            for e in found
            if e.name.endswith(".jsonl") and e.is_file(follow_symlinks=False)
        ]
        return tuple(sorted((n, s.st_ino, s.st_size, s.st_mtime_ns) for n, s in stats))

    def look(self, topic: str, question: Callable[[Thread], Answer]) -> Answer:
        if topic in self._contradicted or not self._is_long(topic):
            return self._look_at_whole(topic, question)
        from leadline.adapters.store.kept_thread import kept_thread

        def asked() -> Answer:
            kept = kept_thread(self.index, topic, self._items)
            self._left_out[topic] = 0 if kept is None else self.index.left_out(topic)
            return question(self.thread(topic) if kept is None else kept)

        return self.index.asked([topic], asked)

    def _look_at_whole(self, topic: str, question: Callable[[Thread], Answer]) -> Answer:
        thread = self.thread(topic)
        # Somebody is looking, or what is not as it was written is known from elsewhere than its lines.
        if thread.told is not None or thread.altered:
            return question(thread)
        from leadline.adapters.store.told_file import ToldFile

        files = {name: part.lines for name, part in self._parts[topic].items()}
        thread.told = told = ToldFile(os.path.join(self.root, "cache", f"told-{topic}"), files)
        try:
            answer = question(thread)
        finally:
            thread.told = None
        if not self._item_values:  # a blob may come or go at any time, and no record tells
            told.keep()
        return answer

    def view(self, topic: str) -> Thread:
        if topic in self._contradicted or not self._is_long(topic):
            return self.thread(topic)
        # As ``thread``: the same one while the files are the same.
        state = self._state(topic)
        known = self._views.pop(topic, None)
        if known is None or known[0] != state:
            from leadline.adapters.store.kept_thread import kept_thread

            kept = self.index.asked(
                [topic], lambda: kept_thread(self.index, topic, self._items, goes_on=True)
            )
            self._left_out[topic] = 0 if kept is None else self.index.left_out(topic)
            known = (state, self.thread(topic) if kept is None else kept)
        self._views[topic] = known
        return known[1]

    def runs_held(self, topic: str) -> RunsHeld:
        if topic not in self._contradicted and self._is_long(topic):
            from leadline.adapters.store.held_runs import held_runs

            held = self.index.asked([topic], lambda: held_runs(self.index, topic))
            if held is not None:
                return held
        return WholeThread(self.thread(topic))

    def runs_to_watch(self, topic: str) -> list[str]:
        if not self._is_long(topic):
            return [run.uid for run in self.thread(topic).runs]
        return self.index.asked([topic], lambda: self.index.runs_to_watch(topic))

    def unbroken(
        self, topic: str, program: str, question: Callable[[Unbroken], Answer | None]
    ) -> Answer | None:
        # The index costs more than one look at the files: it is not made for who verifies once.
        if not self._is_long(topic) or not self.index.asked([], lambda: self._is_verified(topic)):
            return None
        from leadline.adapters.store.checked_files import check_files
        from leadline.adapters.store.kept_thread import GROUND, kept_thread
        from leadline.core.record.checked import Unbroken

        def asked() -> Answer | None:
            kept = kept_thread(self.index, topic, self._items)
            if kept is None or kept.malformed:
                return None
            heads = self.heads_noted(topic)
            checked = check_files(self.index, topic, program, GROUND, heads, self.writer)
            if checked is None:
                return None
            return question(Unbroken(kept, *checked, partial(self._holds, topic)))

        return self.index.asked([topic], asked)

    def _is_verified(self, topic: str) -> bool:
        """Whether it was verified before, or looked at in parts; from now on it was."""
        if self.index.said(topic, "judged on") or self.index.said(topic, "verified"):
            return True
        self.index.say(topic, "verified", "once")
        return False

    def _holds(self, topic: str, writer: str, digest: str) -> bool:
        """What was found in files that have no fault stays there."""
        held = set(json.loads(self.index.said(topic, "lines held") or "[]"))
        if f"{writer} {digest}" in held:
            return True
        for name in reversed(by_writer(n for n, *_ in self._state(topic)).get(writer, [])):
            data = self.files(topic, [name]).get(name, b"")
            if any(line_digest(line) == digest for line in data.splitlines()):
                self.index.say(
                    topic, "lines held", json.dumps(sorted({*held, f"{writer} {digest}"}))
                )
                return True
        return False

    def _is_long(self, topic: str) -> bool:
        """Whether it costs more to fold the thread than to ask the index."""
        size = 0
        try:
            for entry in os.scandir(self.folder(topic)):
                size += entry.stat().st_size
                if size > FOLDED_WHOLE_BYTES:
                    return True
        except OSError:
            return False
        return False

    def _read(self, topic: str) -> list[Record]:
        """Every whole record of the event files. Not asked of the index, which would be opened and
        brought up to date only to hand out the same lines. Of a file that grew since this process
        read it, what it gained."""
        known, folder = self._parts.pop(topic, {}), self.folder(topic)
        # First: what another process writes while we read is not missing from what we have read.
        self._noted[topic] = self.heads_noted(topic)
        parts = {
            name: _part(os.path.join(folder, name), known.get(name))
            for name, _, _, _ in self._state(topic)
        }
        self._parts[topic] = parts
        self._altered.pop(topic, None)
        return [record for part in parts.values() for record in part.records]

    def slice(self, topic: str, ids: list[str], kinds: tuple[str, ...]) -> Thread:
        thread = self._folded(self.index.slice(topic, ids, kinds), topic)
        thread.order = self.index.order(topic)
        return thread

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

    def files(self, topic: str, names: Collection[str] | None = None) -> Mapping[str, bytes]:
        return _Files(self.folder(topic), names)

    def blob_names(self, topic: str, width: int) -> dict[str, str]:
        if self._is_long(topic):
            return self.index.blob_names(topic, width)
        from leadline.core.publish.blob_name import blob_name

        names = [name for name, *_ in self._state(topic)]
        return {name: blob_name(data, width) for name, data in self.files(topic, names).items()}

    def not_planned(self, topics: list[str], uids: Collection[str]) -> set[str]:
        """Those of ``uids`` that no record of ``topics`` plans as a run. Of short threads the files
        are looked at: for less than the index takes."""
        left, long = set(uids), list(filter(self._is_long, topics))
        for topic in set(topics).difference(long):
            for data in self.files(topic).values():
                lines = parse_lines(data.split(b"\n")[:-1], _mark())
                left.difference_update(
                    r.id for r in lines if isinstance(r, Record) and plans_run(r)
                )
        return self.index.not_planned(long, left) if long and left else left

    def heads(self, topic: str) -> dict[str, str]:
        return heads(self.files(topic))

    def faults(self, topic: str) -> list[Fault]:
        if self.unbroken(topic, __version__, lambda known: True):
            return []
        return self._checked(topic)[1]

    def examine(self, topic: str) -> tuple[Thread, list[Fault]]:
        records, faults = self._checked(topic)
        return self._folded(records, topic), faults

    def _checked(self, topic: str) -> tuple[list[Record], list[Fault]]:
        noted = self.heads_noted(topic)  # before the files, as in ``_read``
        return check(self.files(topic), _mark(), noted)

    def disputed(self, topic: str) -> dict[str, bytes]:
        return _read_all(os.path.join(self.root, "threads", topic, "disputed"), ".jsonl")

    # -- compared with copies ----------------------------------------------------------------------
    def _compared_path(self, topic: str) -> str:
        return os.path.join(self.root, "threads", topic, "compared")

    def _stamp(self, topic: str, name: str) -> str:
        """What an event file is at this moment; nobody sets back the time of its last change."""
        s = os.stat(os.path.join(self.folder(topic), name))
        return f"{name} {s.st_ino} {s.st_size} {s.st_mtime_ns} {s.st_ctime_ns}"

    def _noted_as_compared(self, topic: str) -> list[str]:
        try:
            noted = read_bytes(self._compared_path(topic), MOST_OWN_BYTES) or b""
        except OSError:  # a link in a circle
            return []
        return noted.decode("utf-8", "replace").split("\n")

    def uncompared(self, topic: str) -> list[str]:
        noted = set(self._noted_as_compared(topic))
        names = (name for name, *_ in self._state(topic))
        return [name for name in names if self._stamp(topic, name) not in noted]

    def is_compared(self, topic: str, name: str) -> bool:
        return self._stamp(topic, name) in self._noted_as_compared(topic)

    def compared(self, topic: str, names: Collection[str], found: Sequence[Altered]) -> None:
        self._contradicted.pop(topic, None)
        if found:
            self._contradicted[topic] = list(found)
            self._threads.pop(topic, None)
        else:
            self.note_compared(topic, names)

    def note_compared(self, topic: str, names: Collection[str]) -> None:
        """Not synced: without it files are compared once more."""
        noted = self._noted_as_compared(topic)
        lines = [line for line in noted if line.partition(" ")[0] not in names]
        try:
            lines += [self._stamp(topic, name) for name in names]
            write_over(self._compared_path(topic), "\n".join(lines).encode())
        except OSError:
            return

    # -- heads -------------------------------------------------------------------------------------
    def head_path(self, topic: str, name: str) -> str:
        return os.path.join(self.root, "threads", topic, "heads", name.removesuffix(".jsonl"))

    def head_noted(self, topic: str, name: str) -> Head | None:
        """How far an event file had come when it was last written to here; None when that is not
        known."""
        try:
            return _head_in(read_bytes(self.head_path(topic, name)) or b"")
        except OSError:
            return None

    def unsearched(self, topic: str, names: Collection[str] | None = None) -> dict[str, int]:
        heads, files = self.heads_noted(topic), self.files(topic, names)
        found = {name: 0 for name in names or () if name not in files}
        for name, data in files.items():
            head = heads.get(name)
            known = head is not None and head.detector == DETECTOR and head.is_at_its_place(data)
            found[name] = head.size_bytes if head is not None and known else 0
            if found[name] == len(data):
                del found[name]
        return found

    def heads_noted(self, topic: str) -> dict[str, Head]:
        try:
            names = os.listdir(os.path.join(self.root, "threads", topic, "heads"))
        except OSError:
            return {}
        names = sorted(name for name in names if "." not in name)  # else it was set aside
        found = {f"{name}.jsonl": self.head_noted(topic, name) for name in names}
        return {name: head for name, head in found.items() if head is not None}

    def note_head(self, topic: str, name: str, head: Head) -> None:
        """Written over in place and not synced: what a crash leaves of it is the head of a shorter
        file, or none. Without it only less is noticed."""
        told = f"{head.size_bytes:<12} {head.digest} {head.detector:<4}\n"
        try:
            write_over(self.head_path(topic, name), told.encode())
        except OSError:
            return

    # -- writing -----------------------------------------------------------------------------------
    @contextmanager
    def transaction(
        self, topic: str, create: bool = False, many: bool = False
    ) -> Iterator[FileTransaction]:
        if not create and not self.exists(topic):
            raise no_such_thread(topic, self.topics())
        with self._held(topic):
            writing = FileTransaction(self, topic, many)
            yield writing
            writing.commit()
        # Read here, while others may write, and not by the next who holds the thread.
        if many and not self._is_read_along(topic):
            self.index.refresh(topic, writing.written())

    def _held(self, topic: str) -> AbstractContextManager[None]:
        """Nobody else writes to the thread meanwhile."""
        locks = os.path.join(self.root, "locks", topic)
        return locked_in_turn(f"{locks}.lock", f"{locks}+turn.lock")

    def has_reader(self, topic: str) -> bool:
        """Whether another process reads into the index what is written here."""
        return topic in self._along

    def _is_read_along(self, topic: str) -> bool:
        if self.has_reader(topic) and not self._along[topic].told():
            self._along.pop(topic).close()
        return self.has_reader(topic)

    @contextmanager
    def read_along(self, topic: str) -> Iterator[None]:
        if not self._is_long(topic):  # else the index is asked all the time by who writes
            self._begin_along(topic)
        try:
            yield
        finally:
            if self.has_reader(topic):
                self._along.pop(topic).close()

    def _begin_along(self, topic: str) -> None:
        from leadline.adapters.store.read_along import ReadAlong, can_fork

        self.index.refresh(topic)
        if not (self.index.is_a_file and can_fork()):
            return
        self.index.close()  # what SQLite has open is not to be found in two processes
        try:
            self._along[topic] = ReadAlong(lambda: self.index.refresh(topic))
        except OSError:  # no more processes for this user: it is read by the one there is
            return

    def left(self, topic: str) -> _Left | None:
        """What the last write of this process left, where nobody wrote since; for who holds the
        thread."""
        known = self._left.pop(topic, None)
        return known[1] if known and known[0] == self._state(topic) else None

    def leave(self, topic: str, left: _Left) -> None:
        self._left[topic] = self._state(topic), left

    def alone(self, topic: str, what: str) -> AbstractContextManager[object]:
        return locked(os.path.join(self.root, "locks", f"{topic}.{what}.lock"))

    def heal(self, topic: str) -> list[str]:
        torn, diverged = to_acknowledge(self.files(topic), self.faults(topic))
        if torn or diverged:
            with self.transaction(topic) as writing:
                writing.add("healed", {"torn": torn, "diverged": diverged, "by": "verify --heal"})
        return torn + diverged

    def settle(self, topic: str, where: str, why: str) -> None:
        with self.transaction(topic) as writing:
            body = {"torn": [], "diverged": [where], "by": "verify --settle", "why": why}
            writing.add("healed", body)

    def merge(
        self,
        topic: str,
        files: Mapping[str, bytes],
        published: Mapping[str, bytes] = MappingProxyType({}),
    ) -> MergeReport:
        from leadline.core.record.union import Known, union

        with self._held(topic):
            known = Known(
                self.files(topic),
                self.heads_noted(topic),
                self.disputed(topic),
                published,
                self.writer,
            )
            done = union(known, files)
            apart = os.path.join(self.root, "threads", topic, "disputed")
            for name, data in done.disputed.items():
                write_atomically(os.path.join(apart, name), data)
            for name, data in done.changed.items():
                write_atomically(os.path.join(self.folder(topic), name), data)
                if "~" not in name and data.endswith(b"\n"):
                    self.note_head(topic, name, head_of(data))
        return done.report

    def take(self, topic: str, name: str, why: str) -> None:
        apart = os.path.join(self.root, "threads", topic, "disputed")
        with self._held(topic):
            base = split_copy(name)[0]
            path = os.path.join(self.folder(topic), base)
            theirs, ours = read_bytes(os.path.join(apart, name)) or b"", read_bytes(path) or b""
            other = copy_name(base, theirs, ours)
            write_atomically(os.path.join(apart, other), ours)
            write_atomically(path, theirs)
            self.note_head(topic, base, head_of(theirs))
            if other != name:
                os.unlink(os.path.join(apart, name))
        self.settle(topic, other, why)

    def replace_damaged(self, topic: str, name: str, data: bytes) -> str:
        """Put ``data`` in the place of a damaged event file; returns where the damaged one is kept."""
        with self._held(topic):
            path = os.path.join(self.folder(topic), name)
            damaged = read_bytes(path) or b""
            aside = os.path.join(
                self.root, "set-aside", topic, f"{name}.{digest_bytes(damaged)[7:19]}"
            )
            write_atomically(aside, damaged)
            write_atomically(path, data)
            self.note_head(topic, name, head_of(data))
        return aside


def _read_all(folder: str, suffix: str) -> dict[str, bytes]:
    """Name to content of the files of a folder, which may be missing."""
    try:
        names = sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    found = {n: read_bytes(os.path.join(folder, n)) for n in names if n.endswith(suffix)}
    return {name: data for name, data in found.items() if data is not None}


def _head_in(note: bytes) -> Head | None:
    size, digest, detector, *_ = [
        *note.decode("ascii", "replace").partition("\n")[0].split(),
        "",
        "",
        "",
    ]
    if not (size.isdecimal() and is_digest(digest)):
        return None
    return Head(int(size), digest, int(detector) if detector.isdecimal() else 0)


def _part(path: str, known: _Part | None) -> _Part:
    with open(path, "rb") as file:
        inode = os.fstat(file.fileno()).st_ino
        if known is None or known.inode != inode:
            known = _Part(inode, 0, [])
        file.seek(known.read_bytes)
        rest = b""
        while data := file.read(READ_AT_ONCE_BYTES):
            whole, newline, rest = (rest + data).rpartition(b"\n")
            if newline:  # a last line without its end is not read yet
                lines = whole.split(b"\n")
                found = parse_lines(lines, _mark())
                known.lines.take(lines, found)
                known.records += [record for record in found if isinstance(record, Record)]
                known.left_out += sum(isinstance(line, Misfit) for line in found)
                known.read_bytes += len(whole) + 1
    return known


class FileTransaction:
    """See ``ports.records.Transaction``. Lives under the thread's lock."""

    def __init__(self, log: EventLog, topic: str, many: bool = False) -> None:
        self.log = log
        self.topic = topic
        # Of many, with the JSON of their bodies: not looked through yet.
        self._unseen: list[tuple[Record, str]] | None = [] if many else None
        self._made: list[Record] = []
        self._end_torn_line()
        self.index = log.index
        left = log.left(topic)
        if left is None or not log.has_reader(topic):
            self.index.refresh(topic)
        self._left = left or _Left()
        self.lines: list[bytes] = []
        self._next = ""  # the id that was told already for the record to come
        self._seen: str | None = None  # the newest id of anybody, asked for when one is given
        self._screen: Screening | None = None
        # The highest numbers of ids, by what they are counted by: before, and of what was added.
        self._before = self._left.numbers
        self._taken: dict[tuple[str, str], int] = {}
        self._seen_of_others = self._seen_since()
        self._session = ""  # that records belong to
        self._opened: tuple[str, str] | None = None  # a session that this transaction opens
        self._asks_for_session = log.sessions is not None
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
        if self.name in names and not os.path.isfile(os.path.join(folder, self.name)):
            self.number += (
                1  # something else stands in its place: it is left to whoever put it there
            )
            self.name = f"{writer}-{self.number}.jsonl"
        self.data = read_bytes(os.path.join(folder, self.name)) or b""
        self.is_compared = not self.data or self.log.is_compared(self.topic, self.name)
        if self.data and not self.data.endswith(b"\n"):
            self._append(os.path.join(folder, self.name), b"\n")
            self.data += b"\n"

    def _open_tail(self) -> None:
        """Find the writer's last record, and name what stands torn behind it."""
        self.size = len(self.data)
        written = self._last_line()
        self.prev = line_digest(written) if written else ""
        envelope = json.loads(written) if written else {}
        self.last_id, self._last_at = str(envelope.get("id", "")), str(envelope.get("at", ""))
        self._name_what_is_not_as_written()

    def _name_what_is_not_as_written(self) -> None:
        """What this write goes on from: a torn line, or a last one that somebody changed or cut off."""
        head = self.log.head_noted(self.topic, self.name)
        self._is_searched = head == Head(self.size, self.prev, self.log.detector)
        if body := not_as_written(self.name, self.data, head):
            from leadline.adapters.store.open_runs import doubt_endings

            self.add("healed", body)
            doubt_endings(self.log.root)

    def _last_line(self) -> bytes:
        line = last_line(self.data)
        if line or self.number == 1:
            return line
        before = f"{self.log.writer}-{self.number - 1}.jsonl"
        return last_line(read_bytes(os.path.join(self.log.folder(self.topic), before)) or b"")

    def next_number(self, kind: str, within: str = "") -> int:
        counted = (kind, within)
        if counted not in self._before:
            self._before[counted] = self.index.highest(self.topic, kind, within)
        return 1 + max(self._before[counted], self._taken.get(counted, 0))

    def _in_session(self) -> None:
        """Find the session that is written in, or open it: its record comes before all others of
        this transaction."""
        if not self._asks_for_session or self.log.sessions is None:
            return
        self._asks_for_session, sessions = False, self.log.sessions()
        if (current := sessions.current(self.topic)) is not None:
            self._session = current.uid
        elif sessions.wanted():
            self.open_session()

    def open_session(self) -> str:
        """The id of a new session; "" in a thread without a prefix."""
        self._asks_for_session = False
        started = self.log.index.slice(self.topic, [], ("thread-started",))
        first = min(started, key=lambda record: record.id, default=None)
        prefix = "" if first is None else str(first.body.get("prefix") or "")
        if self.log.sessions is None or not prefix:
            return ""
        sessions = self.log.sessions()
        for gone in sessions.gone(self.topic):
            refs = {gone.id: gone.uid}
            self.add("session-ended", {"session": gone.id, "by": "seen", "refs": refs})
            sessions.closed(self.topic, gone.key)
        shown = named_id(prefix, "session", self.next_number("session"))
        self._session = self.new_uid()
        self._opened = (shown, self._session)
        self.add("session", {"id": shown, **sessions.body()})
        return shown

    def new_uid(self) -> str:
        self._in_session()
        if not self._next:
            self._time, seen = self._now()
            randomness = self.log.clock.randomness()
            self._next = next_ulid(self._time, randomness, self.last_id, seen)
        return self._next

    def _now(self) -> tuple[int, str]:
        """The time by this machine's clock, and the newest record to go on from. A clock that is
        off is held where the record has come to."""
        now = self.log.clock.now_ms()
        off = is_off(now)
        if self._seen is None:
            limit = BEYOND if off else first_at(now + AHEAD_MS)
            self._seen = self._left.seen
            if off or self._seen is None:
                self._seen = self.index.last_id(self.topic, limit)
        if off and (seen := [uid for uid in (self.last_id, self._seen) if "" < uid < BEYOND]):
            now = held(decode(max(seen))[0])
        self._name_clock(now, off)
        return now, self._seen

    def _name_clock(self, now_ms: int, off: bool) -> None:
        """Say once what is wrong with the machine's clock: it is off, or behind what this writer
        has written."""
        at, self._last_at = self._last_at, ""
        if off:
            self.log.warn_once(
                "the clock of this machine is off: it says a time before 2020 or after 2100; what is "
                f"recorded has the time {rfc3339(now_ms)}, where the record has come to (see: date -u)"
            )
        elif at and at > rfc3339(now_ms + JUMP_MS):
            self.log.warn_once(
                f"the clock of this machine went back: it says {rfc3339(now_ms)}, and the last record "
                f"of this writer is of {at}; new ones sort behind it all the same (see: date -u)"
            )

    def add(self, kind: str, body: Mapping[str, Any]) -> Record:
        record = self._record(self.new_uid(), kind, body)
        if (shown := created_id(record)) and parse_id(shown) is None:
            raise no_start(self.topic, shown)
        text = canonical_json(body)
        line = record.line_around(text)
        if self._unseen is None:
            (clean,) = self._cleared([(kind, body, text)])
            if clean is not body:
                record = record.changed(clean, self.prev)
                line = record.line()
        else:
            self._unseen.append((record, text))
        self._next = ""
        self.lines.append(line)
        for counted, number in numbers_of(record).items():
            self._taken[counted] = max(number, self._taken.get(counted, 0))
            if counted[1] == record.id:  # within what this record begins
                self._before[counted] = 0
        self.prev, self.last_id = line_digest(line), record.id
        return record

    def _cleared(
        self, records: Sequence[tuple[str, Mapping[str, Any], str]]
    ) -> Sequence[Mapping[str, Any]]:
        if self._screen is None:
            self._screen = self.log.screening()
        return self._screen(records)

    def _look_through(self, records: Sequence[tuple[Record, str]]) -> None:
        """Take the secrets out of what was added, which is chained anew where there are some."""
        clean = self._cleared([(r.kind, r.body, text) for r, text in records])
        self._made = [record for record, _ in records]
        if all(body is r.body for body, r in zip(clean, self._made, strict=True)):
            return
        self.lines, self.prev = [], self._made[0].prev
        for at, body in enumerate(clean):
            self._made[at] = self._made[at].changed(body, self.prev)
            self.lines.append(self._made[at].line())
            self.prev = line_digest(self.lines[-1])

    def written(self) -> dict[bytes, Record]:
        """Of many records, those that reading their lines would give, by these."""
        made = zip(self.lines, self._made, strict=True)
        return {line[:-1]: r for line, r in made if not misfit(r.kind, r.body)}

    def _record(self, uid: str, kind: str, body: Mapping[str, Any]) -> Record:
        return Record(
            uid,
            rfc3339(self._time),
            self.topic,
            self.log.writer,
            kind,
            self.log.actor,
            cast("dict[str, Any]", body),
            self.prev,
            seen=None if self.lines else self._seen_of_others,
            session=self._session,
        )

    def _seen_since(self) -> dict[str, str] | None:
        """What the first record of this transaction notes of the other writers' files: what changed
        since this file last said it, and all of it where it has said nothing yet; None for nothing."""
        noted, said, end = dict[str, str](), False, 0
        while (at := self.data.find(b'"seen":{', end)) >= 0:
            end = self.data.find(b"}", at) + 1
            # Of the envelope: names are sorted.
            if self.data.startswith((b',"thread":', b',"session":'), end):
                noted.update(json.loads(self.data[at + len('"seen":') : end]))
                said = True
        return self._others(noted) or (None if said else {})

    def _others(self, noted: Mapping[str, str]) -> dict[str, str]:
        """See ``Index.others``."""
        if not self.log.has_reader(self.topic):
            return self.index.others(self.topic, self.log.writer, noted)
        if self._left.others is None:
            self._left.others = self.index.others(self.topic, self.log.writer, {})
        return {
            other: note
            for other, note in self._left.others.items()
            if noted.get(other, "")[-DIGITS:] != note[-DIGITS:]
        }

    def commit(self) -> None:
        if not self.lines:
            return
        if self._unseen:
            self._look_through(self._unseen)
        folder = self.log.folder(self.topic)
        if self.size > ROLL_BYTES:
            self.number, self.size, self.is_compared = self.number + 1, 0, True
            self.name = f"{self.log.writer}-{self.number}.jsonl"
        added = b"".join(self.lines)
        self._append(os.path.join(folder, self.name), added)
        searched = self.log.detector if self._is_searched or not self.size else 0
        self.log.note_head(self.topic, self.name, Head(self.size + len(added), self.prev, searched))
        if self.is_compared:
            self.log.note_compared(self.topic, [self.name])
        seen = self._seen if self.log.has_reader(self.topic) else None
        self.log.leave(self.topic, _Left(self._numbers_given(), self._left.others, seen))
        if self._opened is not None and self.log.sessions is not None:
            self.log.sessions().opened(self.topic, *self._opened)

    def _numbers_given(self) -> dict[tuple[str, str], int]:
        """What was known before and what was added, which may be little beside it; without a number
        that is no next one."""
        for counted, number in self._taken.items():
            before = self._before.get(counted)
            if before is None or number <= before:
                continue
            if number <= before + len(self.lines):
                self._before[counted] = number
            else:
                del self._before[counted]
        return self._before

    @staticmethod
    def _append(path: str, data: bytes) -> None:
        try:
            new = not os.path.exists(path)
            if new:
                make_folders(os.path.dirname(path))
            fd = open_in_place(path, os.O_RDWR | os.O_APPEND)
            try:
                before = os.fstat(fd).st_size
                try:
                    write_all(fd, data)
                    os.fsync(fd)
                    _check_written(fd, before, data)
                except (OSError, LeadlineError):
                    os.ftruncate(fd, before)  # the line was never acknowledged; leave no half of it
                    if new:
                        discard(path)  # nor a thread that never began
                    raise
            finally:
                os.close(fd)
            if new:
                sync_folder(os.path.dirname(path))
        except OSError as error:
            raise as_user_error(error, path) from error


def _check_written(fd: int, at: int, data: bytes) -> None:
    """Acknowledged means recorded: what was appended is read back, its last line as a record.
    Raises LeadlineError(environment)."""
    done, last = 0, data[data.rfind(b"\n", 0, -1) + 1 :]
    while piece := os.pread(fd, PIECE_BYTES, at + done):
        if data[done : done + len(piece)] != piece:
            break
        done += len(piece)
    if done == len(data) and (last == b"\n" or line_is(last) == RECORD):
        return
    raise environment(
        "not-recorded",
        "nothing was recorded: what was read back is not what was to be written",
        why="the disk gave back other bytes, or the line is no record that can be read again",
        do="leadline verify",
    )


def _mark() -> str:
    return os.urandom(16).hex()

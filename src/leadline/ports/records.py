"""Where records live. Implementations: ``adapters/store/event_log.py`` (files),
``testing/fake_store.py`` (memory); ``testing/record_store_contract.py`` holds both to this."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import MappingProxyType

from leadline.core.record.checked import Unbroken
from leadline.core.record.event import Fault, Record
from leadline.core.record.rows import RunRow
from leadline.core.record.run import Run
from leadline.core.record.search_text import Hit
from leadline.core.record.thread import Experiment, Thread
from leadline.core.record.written import Altered
from leadline.core.typed import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from leadline.core.record.bodies import Writes
    from leadline.core.record.event_files import Head
    from leadline.core.record.union import MergeReport

Answer = TypeVar("Answer")


class Transaction(Protocol):
    """Records being written to one thread; nobody else writes to it meanwhile.

    Obligations: the numbers are those of everything written before by anybody on this machine,
    whatever became of a cache. All records added are durable (fsynced) together when the block ends,
    in the order added, and were read back as records; if the block raises, none is written. Ids
    are larger than those before, of this writer and of others within the bounds of
    ``core/ulid.py``; a number or a time that nobody can have come to is not gone on from. An id
    without a prefix is an error (``thread-without-start``).
    """

    def next_number(self, kind: str, within: str = "") -> int:
        """The next free number for ids of ``kind`` (``experiment``, ``claim``, ...); for ``run``
        the next repeat of the experiment with uid ``within``. Counts what this transaction added.
        No gap, no duplicate."""
        ...

    @property
    def add(self) -> Writes[Record]:
        """``add(kind, body)``: the record, which is written when the transaction ends."""
        ...

    def new_uid(self) -> str:
        """The id the next added record will have."""
        ...

    def open_session(self) -> str:
        """Open a session for who works here, and close those whose process is gone; its id, or "" in
        a thread without a prefix. What an agent writes opens one by itself."""
        ...


class RunsHeld(Protocol):
    """The runs that a thread had when this was asked for. What is said of one later may show or
    not. ``thread``: its prefix and its metrics; what else is in it is not to be looked at."""

    @property
    def thread(self) -> Thread: ...

    def having(self, digests: Collection[str], sources: Collection[str] = ()) -> Iterable[Run]:
        """The runs with one of ``digests`` as key or row, or that were taken from one of
        ``sources`` (a file and a place in it), in the order of the thread."""
        ...

    def experiments(self, origin: str) -> Iterable[Experiment]:
        """Those whose first run, which each has, is of ``origin``."""
        ...


class RecordLog(Protocol):
    """Append-only event logs, one per thread.

    Obligations: a record is durable when ``transaction`` ends; nothing edits or removes a line; a
    torn last line is healed by the next writer, kept and reported, and so is a last line that is not
    what was written; readers never block writers.
    Errors: LeadlineError(environment, ``disk-full`` | ``read-only`` | ``cannot-write``) with
    nothing half-written.
    """

    @property
    def writer(self) -> str:
        """Under whose name this machine (and session) appends."""
        ...

    # append and read
    def topics(self) -> list[str]: ...

    def exists(self, topic: str) -> bool: ...

    def gone(self) -> dict[str, list[str]]:
        """Topic -> the event files of it that were written here, of topics that have none left."""
        ...

    def transaction(
        self, topic: str, create: bool = False, many: bool = False
    ) -> AbstractContextManager[Transaction]:
        """``many``: its records are looked through for secrets together, when they are written: what
        ``add`` gives back was not. And they are read into the index while others may write."""
        ...

    def alone(self, topic: str, what: str) -> AbstractContextManager[object]:
        """Nobody else on this machine does ``what`` to the thread meanwhile (topic "": to all of
        them); others write to it. Not to be entered again by who is in it."""
        ...

    def read_along(self, topic: str) -> AbstractContextManager[None]:
        """What transactions of ``many`` records write meanwhile may be read into the index by a
        process of its own. It changes nothing but the time that they take."""
        ...

    def records(self, topic: str) -> list[Record]: ...

    def thread(self, topic: str) -> Thread: ...

    def look(self, topic: str, question: Callable[[Thread], Answer]) -> Answer:
        """What ``question`` finds in the thread, for who looks at some of it and changes nothing. A
        long one is kept (see ``core/record/kept.py``): what is asked of all of it costs no fold, a
        thing is folded when it is asked for. The thread is not to be used afterwards; the question
        is asked again where what was kept turns out to be damaged."""
        ...

    def view(self, topic: str) -> Thread:
        """As ``look`` gives it, for who looks at some of it and then writes. A long one is read on
        while it is used: what was asked of it before a record is written holds, what is asked then
        may be of before or after."""
        ...

    def runs_held(self, topic: str) -> RunsHeld:
        """What the thread holds at this moment, for who writes many runs that were made elsewhere:
        what a question costs is what it finds."""
        ...

    def left_out(self) -> dict[str, int]:
        """Topic -> how many records of the threads that ``thread`` and ``records`` read are left out:
        their bodies are not what their kinds declare. ``faults`` names them."""
        ...

    def altered(self, topic: str = "") -> list[Altered]:
        """Which records of the threads that ``thread`` and ``records`` read (or of ``topic``, once it
        was read) are not as they were written, where that shows from their chain, the heads, what
        seals and other writers noted of them, and what ``compared`` was told."""
        ...

    def runs_to_watch(self, topic: str) -> list[str]:
        """The uids of runs that may have to be looked at again: of a short thread all, of a long one
        the newest and those that claims rest on, as many as cost a reading verb nothing."""
        ...

    def uncompared(self, topic: str) -> list[str]:
        """Event files that were written to, and not by this store, since ``compared`` was told of them."""
        ...

    def compared(self, topic: str, names: Collection[str], found: Sequence[Altered]) -> None:
        """What copies elsewhere say of the event files ``names`` as they are now: ``found`` are lines
        that are others there. From now on ``altered`` names them too; a file with none is not to be
        compared again."""
        ...

    def slice(self, topic: str, ids: list[str], kinds: tuple[str, ...]) -> Thread:
        """A thread folded from the records of ``kinds`` and those about ``ids`` alone: what a
        writing verb needs, at a cost that does not grow with the thread. Ids, runs and metrics of
        ``ids`` are complete in it; claims, updates and seals about these need not be."""
        ...

    def examine(self, topic: str) -> tuple[Thread, list[Fault]]:
        """The thread as the event files have it at this moment, past every cache, and their faults:
        for ``verify``."""
        ...

    def unbroken(
        self, topic: str, program: str, question: Callable[[Unbroken], Answer | None]
    ) -> Answer | None:
        """What ``question`` finds in a long thread whose event files have no fault, nor a gap or a
        clash in their ids, where that can be told from what a former check of this ``program``
        left of files that have not changed. None: it cannot, and ``examine`` tells. ``question``
        as ``look`` has it."""
        ...

    def faults(self, topic: str) -> list[Fault]:
        """Everything wrong with the thread's files: chains, torn lines, gaps between rolled files."""
        ...

    # merge and heal
    def heal(self, topic: str) -> list[str]:
        """Acknowledge torn lines (of any writer) by a ``healed`` record; returns their digests."""
        ...

    def files(self, topic: str, names: Collection[str] | None = None) -> Mapping[str, bytes]:
        """Name -> content of every event file (of those called ``names``), read when it is looked
        at: who writes to one meanwhile, or wants it as it was, makes a dict of it before."""
        ...

    def unsearched(self, topic: str, names: Collection[str] | None = None) -> dict[str, int]:
        """Event files (of those called ``names``) of which not all was searched for secrets by what
        knows today's shapes: from which byte on. Of one that is not here, from the first."""
        ...

    def blob_names(self, topic: str, width: int) -> dict[str, str]:
        """Name -> what git calls the content (in so many digits) of every event file. Of a
        long thread, one that has not changed since it was asked is not read again."""
        ...

    def merge(
        self,
        topic: str,
        files: Mapping[str, bytes],
        published: Mapping[str, bytes] = MappingProxyType({}),
    ) -> MergeReport:
        """Take in another machine's files by union: new files, and longer versions of known ones. A
        version that went on otherwise than ours is kept beside it under another name, read and
        reported. One that has other lines in the place of ours (or drops some of what was
        ``published``) is kept apart and reported: ours stands."""
        ...

    def disputed(self, topic: str) -> dict[str, bytes]:
        """Name -> content of the versions that ``merge`` kept apart."""
        ...

    def settle(self, topic: str, where: str, why: str) -> None:
        """Record that a person has looked at the version, or the line, named ``where``."""
        ...

    def take(self, topic: str, name: str, why: str) -> None:
        """Put the version ``name`` that ``merge`` kept apart in the place of the one that is read,
        which is kept apart from then on, and record that a person said so. Neither is lost."""
        ...

    def replace_damaged(self, topic: str, name: str, data: bytes) -> str:
        """Put ``data`` in the place of an event file that was damaged or changed, keeping the
        damaged bytes under the path returned. The one operation that replaces a file; only ``verify
        --heal`` uses it."""
        ...

    def heads(self, topic: str) -> dict[str, str]:
        """Writer -> digest of its last line: what a seal anchors."""
        ...

    def heads_noted(self, topic: str) -> dict[str, Head]:
        """Name -> how far each event file had come when it was last written to here."""
        ...


class ReadModel(Protocol):
    """Answers over all threads that would otherwise take every record, at a cost that does not grow
    with them. A cache: deleted or damaged, it answers the same again."""

    def search(self, words: list[str], limit: int) -> tuple[list[Hit], int]:
        """Full-text hits over all threads, what turned out negative first, then best first, and the
        full count. Words match by their beginning."""
        ...

    def run_rows(
        self, topic: str | None, where: Mapping[str, object], order: str, limit: int
    ) -> tuple[list[RunRow], int]:
        """Rows of the run listing, filtered (by column, compared as text) and sorted, and the full
        count. They say what the folded thread says, derived metrics included."""
        ...

    def run_lines(
        self, topic: str | None, where: Mapping[str, object], order: str, limit: int
    ) -> tuple[list[str], int]:
        """As ``run_rows``, each row as JSON (``core.record.rows.json_of``): of many it takes less."""
        ...

    def open_runs(self, topic: str | None = None) -> list[tuple[str, str]]:
        """(topic, uid) of runs planned and not ended, oldest first. Asked by every command while a
        run goes on: costs no fold."""
        ...

    def not_planned(self, uids: Collection[str]) -> set[str]:
        """Those of ``uids`` that no record of any thread plans as a run."""
        ...

    def same_key(self, key: str) -> list[RunRow]:
        """Runs of all threads whose key is ``key``: the same thing run before, oldest first. Asked
        before each run: costs no more than those runs."""
        ...


class BlobStore(Protocol):
    """Content-addressed bytes. ``put`` is idempotent and durable, and mends what was damaged;
    ``set_aside`` moves damaged content to a place of its own, which it returns; ``get`` raises
    LeadlineError(not_found) and checks the digest (LeadlineError(check_failed, ``blob-damaged``)).

    For contents larger than memory: ``take`` makes the file at ``path`` the content of ``digest``,
    moved without a second copy, durably and idempotently (the file may be gone when the content is
    there); ``check`` is ``get`` without the bytes, a piece at a time; ``place`` is where it can be
    read, "" when it is not here; ``size_bytes`` None then."""

    def put(self, data: bytes) -> str: ...

    def get(self, digest: str) -> bytes: ...

    def has(self, digest: str) -> bool: ...

    def set_aside(self, digest: str) -> str: ...

    def take(self, path: str, digest: str) -> None: ...

    def check(self, digest: str) -> None: ...

    def place(self, digest: str) -> str: ...

    def size_bytes(self, digest: str) -> int | None: ...


class OpenRuns(Protocol):
    """Which runs are planned and not ended, and whether somebody watches them. ``watching`` holds a
    lock that the kernel frees when the watcher ends, however it ends. ``listed``: (topic, uid); empty
    ones where the ending of any run may have been lost."""

    def any(self) -> bool: ...

    def watching(self, uid: str, topic: str) -> AbstractContextManager[None]: ...

    def abandoned(self, uid: str) -> AbstractContextManager[bool]: ...

    def closed(self, uid: str) -> None: ...

    def listed(self) -> list[tuple[str, str]]: ...


class Clock(Protocol):
    """``now_ms``: milliseconds since 1970 UTC, held within the bounds of ``core/ulid.py`` where the
    clock is off. ``randomness``: 80 fresh random bits."""

    def now_ms(self) -> int: ...

    def randomness(self) -> int: ...

"""Which event files were checked and found whole, so that who verifies reads what changed since.

A file is known by the times, size and inode that it had when it was checked, by the program that
checked it and by the line that it follows; its digests hold all that stands before its last line.
Only what has no fault at all is kept, and only what the index holds byte for byte: where anything
is otherwise there is no answer, and the thread is to be examined whole. A change of bytes that
leaves all times as they are does not show here: ``verify --full`` looks at every byte.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping

from leadline.adapters.store.index import LARGEST_NUMBER, READ_AT_ONCE, Index, seen_as
from leadline.core.record.about import bases_of
from leadline.core.record.checked import Clock, Outside
from leadline.core.record.event import Record, check_chain, line_digest
from leadline.core.record.event_files import Head, by_writer, is_own, missing
from leadline.core.record.fold import numbers_of
from leadline.core.record.kinds import KINDS
from leadline.core.typed import NamedTuple

_OF_FILES = frozenset(("healed", "heads-signed"))  # they say nothing of the thread
SETTLED_NS = 1_000_000_000  # a file may change once more within a tick of its clock


class _Checked(NamedTuple):
    """A file, and its writer's clock behind it."""

    name: str
    state: str
    follows: str
    last: str
    clock: Clock
    outside: Outside


def check_files(
    index: Index,
    thread: str,
    program: str,
    folded_apart: Iterable[str],
    heads: Mapping[str, Head],
    own: str,
) -> tuple[dict[str, Clock], Outside] | None:
    """Check what changed since it was checked. The clock of each writer, and what all records name
    outside; None where a file is not whole, or not what the index has read.

    ``folded_apart``: the kinds of which whoever asks has folded every record, about whatever it is.
    ``heads``: of files as they were written here. ``own``: the writer of whoever asks; what stays on
    the machine that made it is asked for on that one alone.
    """
    states = _states(index, thread)
    writers = by_writer(states or ())
    if states is None or any(missing(writer, names) for writer, names in writers.items()):
        return None
    if not heads.keys() <= states.keys():
        return None
    known = {
        name: _Checked(name, state, follows, last, Clock(*json.loads(clock)), _outside(outside))
        for name, state, follows, last, clock, outside in index.db.execute(
            "SELECT name, state, follows, last, clock, outside FROM checked WHERE thread=?",
            (thread,),
        )
    }
    check = _Check(index, thread, _OF_FILES.union(folded_apart), heads)
    clocks, outside, new = dict[str, Clock](), Outside.nothing(), list[_Checked]()
    whole = True
    for writer, names in writers.items():
        last, clock = "", Clock()
        for name in names:
            state = f"{states[name]} {program}"
            file = known.get(name)
            if file is None or (file.state, file.follows) != (state, last):
                file = check.file(writer, name, state, last, clock)
                if file is None:
                    whole = False
                    break
                new.append(file)
            last, clock = file.last, file.clock
            outside.take_in(file.outside, is_own(writer, own))
        if clock.last_id:
            clocks[writer] = clock
    _keep(index, thread, [file for file in new if _is_settled(file.state)])
    return (clocks, outside) if whole else None


def _states(index: Index, thread: str) -> dict[str, str] | None:
    """What each event file is now; None where one is not what the index has read to its end."""
    read = index.files_read(thread)
    lines, records = index.db.execute(
        "SELECT sum(lines), (SELECT text FROM said WHERE thread=? AND name='records') "
        "FROM files WHERE thread=?",
        (thread, thread),
    ).fetchone()
    if str(lines) != records:  # lines that are no records, or records that are in no file
        return None
    states = dict[str, str]()
    for entry in os.scandir(index.folder_of(thread)):
        if not entry.name.endswith(".jsonl"):
            continue
        if "~" in entry.name or not entry.is_file(follow_symlinks=False):
            return None
        stat = entry.stat()
        states[entry.name] = seen_as(stat)
        if read.get(entry.name) != (stat.st_size, seen_as(stat)):
            return None
    return states if len(states) == len(read) else None


def _outside(text: str) -> Outside:
    return Outside(*map(set, json.loads(text)))


def _is_settled(state: str) -> bool:
    _, changed_ns, status_changed_ns, *_ = state.split(" ")
    return time.time_ns() - max(int(changed_ns), int(status_changed_ns)) > SETTLED_NS


def _keep(index: Index, thread: str, files: list[_Checked]) -> None:
    if not files:
        return
    with index.writing() as db:
        db.executemany(
            "INSERT OR REPLACE INTO checked VALUES(?,?,?,?,?,?,?)",
            [
                (
                    thread,
                    *file[:4],
                    json.dumps(file.clock),
                    json.dumps([*map(sorted, file.outside)]),
                )
                for file in files
            ],
        )


class _Check:
    def __init__(
        self, index: Index, thread: str, folded_apart: frozenset[str], heads: Mapping[str, Head]
    ) -> None:
        self.index, self.thread, self.folded_apart = index, thread, folded_apart
        self.heads = heads

    def file(
        self, writer: str, name: str, state: str, follows: str, clock: Clock
    ) -> _Checked | None:
        with open(os.path.join(self.index.folder_of(self.thread), name), "rb") as file:
            data = file.read()
            if not state.startswith(seen_as(os.fstat(file.fileno())) + " "):
                return None
        if name in self.heads and not self.heads[name].is_in(data):
            return None
        lines = data.splitlines(keepends=True)
        numbered = [(f"{name}:{number}", line) for number, line in enumerate(lines, 1)]
        records, faults = check_chain(numbered, os.urandom(16).hex(), follows)
        if (
            faults
            or len(records) != len(lines)
            or not self._is_indexed(records, lines)
            or not self._is_folded(records)
            or not self._are_numbers_whole(records)
        ):
            return None
        outside = Outside.nothing()
        for record in records:
            if record.writer != writer or record.id <= clock.last_id:
                return None
            if record.kind == "healed" and record.body.get("changed"):
                return None
            clock = clock.after(record)
            outside.add(record)
        last = line_digest(lines[-1]) if lines else follows
        return _Checked(name, state, follows, last, clock, outside)

    def _is_indexed(self, records: list[Record], lines: list[bytes]) -> bool:
        """Whether the index, which answers in the place of the file, has its very lines."""
        wanted = {r.id: line.rstrip(b"\n") for r, line in zip(records, lines, strict=True)}
        ids, there = list(wanted), dict[str, bytes]()
        for at in range(0, len(ids), READ_AT_ONCE):
            there.update(self.index.known(self.thread, ids[at : at + READ_AT_ONCE]))
        return there == wanted

    def _is_folded(self, records: list[Record]) -> bool:
        """Whether each is about something by which it is folded in the index, or is folded apart."""
        return all(
            record.kind not in KINDS or record.kind in self.folded_apart or bases_of(record)
            for record in records
        )

    def _are_numbers_whole(self, records: list[Record]) -> bool:
        """Whether numbers as these records take have no gap and, but for repeats of a run, one owner
        each."""
        taken = {counted: number for r in records for counted, number in numbers_of(r).items()}
        if any(not 0 < n <= LARGEST_NUMBER for r in records for n in numbers_of(r).values()):
            return False
        for kind, within in taken:
            rows, different, highest = self.index.db.execute(
                "SELECT count(*), count(DISTINCT number), max(number) FROM ids "
                "WHERE thread=? AND kind=? AND within=?",
                (self.thread, kind, within),
            ).fetchone()
            if different != highest or (kind != "run" and rows != different):
                return False
        return True

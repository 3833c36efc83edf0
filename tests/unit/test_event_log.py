"""The event log: durable, chained, one file per writer; torn and tampered lines; many processes;
full disks."""

from __future__ import annotations

import errno
import fcntl
import json
import math
import multiprocessing
import os
import resource
import sqlite3
import sys
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from leadline.adapters.clock import SystemClock
from leadline.adapters.store import event_log
from leadline.adapters.store.event_log import ROLL_BYTES, EventLog
from leadline.core.errors import LeadlineError
from leadline.core.ids import experiment_id, named_id
from leadline.core.record.event import Record, line_digest
from leadline.core.ulid import held

TABLES = ("records", "about", "ids", "plans", "stale", "owners", "odd", "said", "digests", "files")
DIGEST = "sha256:" + "a1" * 32


def log_at(root: Path, writer: str = "w1") -> EventLog:
    return EventLog(str(root), writer, "Ada", SystemClock())


def start(root: Path, writer: str = "w1") -> EventLog:
    log = log_at(root, writer)
    with log.transaction("t", create=True) as writing:
        writing.add("thread-started", {"prefix": "P"})
    return log


def note(log: EventLog, text: str, **more: Any) -> str:
    with log.transaction("t") as writing:
        shown = named_id("P", "note", writing.next_number("note"))
        writing.add("note", {"id": shown, "text": text, **more})
    return shown


def event_file(root: Path, name: str = "w1-1.jsonl") -> Path:
    return root / "threads" / "t" / "events" / name


def test_records_come_back_in_order_and_chained(tmp_path: Path) -> None:
    log = start(tmp_path)
    assert [note(log, f"n{i}") for i in range(3)] == ["P-N1", "P-N2", "P-N3"]
    again = log_at(tmp_path)
    assert [r.body.get("text") for r in again.records("t")] == [None, "n0", "n1", "n2"]
    assert again.faults("t") == []
    lines = event_file(tmp_path).read_bytes().splitlines(keepends=True)
    assert [json.loads(line)["prev"] for line in lines] == ["", *map(line_digest, lines[:-1])]


def test_a_block_that_raises_writes_nothing(tmp_path: Path) -> None:
    log = start(tmp_path)
    before = event_file(tmp_path).read_bytes()
    with pytest.raises(RuntimeError), log.transaction("t") as writing:
        writing.add("note", {"id": "P-N1", "text": "half"})
        raise RuntimeError
    assert event_file(tmp_path).read_bytes() == before
    assert note(log, "whole") == "P-N1"


def test_no_thread_names_those_there_are(tmp_path: Path) -> None:
    log = start(tmp_path)
    with (
        pytest.raises(LeadlineError, match="no thread 'other'") as caught,
        log.transaction("other"),
    ):
        pass
    assert caught.value.kind == "not_found" and "t" in caught.value.why


@pytest.mark.parametrize("many", [False, True])
def test_what_is_hidden_in_one_record_leaves_the_chain_whole(tmp_path: Path, many: bool) -> None:
    def screening() -> event_log.Screening:
        return lambda records: [
            {**body, "text": "[hidden]"} if "hush" in line else body for _, body, line in records
        ]

    log = EventLog(str(tmp_path), "w1", "Ada", SystemClock(), screening=screening)
    with log.transaction("t", create=True, many=many) as writing:
        writing.add("thread-started", {"prefix": "P"})
        for number, text in enumerate(("a", "hush", "b", "hush b", "c"), 1):
            writing.add("note", {"id": f"P-N{number}", "text": text})
    said = [r.body.get("text") for r in log_at(tmp_path).records("t")]
    assert said == [None, "a", "[hidden]", "b", "[hidden]", "c"]
    assert log.faults("t") == [] and b"hush" not in event_file(tmp_path).read_bytes()
    assert note(log, "d") == "P-N6" and log.faults("t") == []


def test_numbers_are_asked_for_again_where_somebody_else_wrote(tmp_path: Path) -> None:
    log, asked = start(tmp_path), list[str]()
    highest = log.index.highest
    log.index.highest = lambda topic, kind, within="": asked.append(kind) or highest(topic, kind)  # type: ignore[method-assign, func-returns-value]
    assert [note(log, "a"), note(log, "b")] == ["P-N1", "P-N2"] and asked == ["note"]
    assert [note(log_at(tmp_path), "c"), note(log, "d")] == ["P-N3", "P-N4"]
    assert [note(log_at(tmp_path, "w2"), "e"), note(log, "f")] == ["P-N5", "P-N6"]
    with log.transaction("t") as writing:
        writing.add("note", {"id": "P-N2000000", "text": "by no number that was given"})
    assert note(log, "g") == "P-N7"


def steps_of(log: EventLog, number: int) -> int:
    """Steps of the interpreter that one more experiment takes to be written."""
    steps = 0

    def count_it(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal steps
        frame.f_trace_opcodes = True
        steps += event == "opcode"
        return count_it

    log.index.refresh("t")
    sys.settrace(count_it)
    try:
        plan(log, [number])
    finally:
        sys.settrace(None)
    return steps


def plan(log: EventLog, numbers: Iterable[int]) -> None:
    with log.transaction("t", many=True) as writing:
        for number in numbers:
            uid, shown = writing.new_uid(), experiment_id("P", number)
            body = {"experiment": shown, "experiment_uid": uid, "refs": {shown: uid}}
            writing.add("run-planned", {"id": f"{shown}-r1", **body})


def test_what_a_record_takes_is_the_same_after_many_experiments(tmp_path: Path) -> None:
    log = start(tmp_path)
    plan(log, range(1, 20))
    few = steps_of(log, 20)
    plan(log, range(21, 500))
    assert steps_of(log, 500) < 1.2 * few


def test_many_records_are_read_into_the_index_while_others_may_write(tmp_path: Path) -> None:
    log = start(tmp_path)
    refresh, free = log.index.refresh, list[bool]()

    def watched(topic: str, *known: Any) -> None:
        with (tmp_path / "locks" / "t.lock").open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                free.append(False)
            else:
                free.append(True)
        refresh(topic, *known)

    log.index.refresh = watched  # type: ignore[method-assign]
    plan(log, range(1, 4))
    assert free == [False, True]
    assert log.index.highest("t", "experiment") == 3
    note(log, "one record")
    assert free == [False, True, False]


@pytest.mark.parametrize("odd", ["plain", "hush", math.nan, ("a", "b"), {1: 2}])
def test_the_index_has_of_many_records_what_their_lines_say(tmp_path: Path, odd: object) -> None:
    """Whether it read them or was given them by who wrote them."""

    def screening() -> event_log.Screening:
        return lambda records: [
            {**body, "config": {}} if "hush" in line else body for _, body, line in records
        ]

    log = EventLog(str(tmp_path), "w1", "Ada", SystemClock(), screening=screening)
    with log.transaction("t", create=True, many=True) as writing:
        writing.add("thread-started", {"prefix": "P"})
        uid = writing.new_uid()
        body = {"experiment": "P-001", "experiment_uid": uid, "config": {"odd": odd}}
        writing.add("run-planned", {"id": "P-001-r1", "refs": {"P-001": uid}, **body})
        writing.add("note", {"id": "P-N1", "text": "of no number", "refs": {"P-001": 3}})
        writing.add("note", {"id": "P-N2", "text": DIGEST, "refs": {"P-001": uid}})
    read = log_at(tmp_path)
    read.index.close()
    (tmp_path / "index.sqlite").rename(tmp_path / "given.sqlite")
    read.index.refresh("t")
    rows = [
        {table: db.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}
        for db in map(sqlite3.connect, (tmp_path / "given.sqlite", tmp_path / "index.sqlite"))
    ]
    assert rows[0] == rows[1] and rows[0]["records"]


def test_torn_last_line_is_ended_named_and_kept(tmp_path: Path) -> None:
    log = start(tmp_path)
    note(log, "first")
    with event_file(tmp_path).open("ab") as file:
        file.write(b'{"v":1,"id":"01J')
    fresh = log_at(tmp_path)
    assert [f.code for f in fresh.faults("t")] == ["torn-line"]
    assert note(fresh, "second") == "P-N2"
    assert log_at(tmp_path).faults("t") == []
    healed = [r for r in log_at(tmp_path).records("t") if r.kind == "healed"]
    assert len(healed) == 1 and healed[0].body["by"] == "the next write"
    assert b'{"v":1,"id":"01J\n' in event_file(tmp_path).read_bytes()


def test_a_whole_record_without_its_newline_counts(tmp_path: Path) -> None:
    log = start(tmp_path)
    note(log, "first")
    data = event_file(tmp_path).read_bytes()
    event_file(tmp_path).write_bytes(data[:-1])
    fresh = log_at(tmp_path)
    assert note(fresh, "second") == "P-N2"  # P-N1 is taken by the line that lacked its end
    assert fresh.faults("t") == []
    assert [r.kind for r in fresh.records("t")] == ["thread-started", "note", "note"]


def test_a_torn_line_is_healed_even_when_the_next_write_is_given_up(tmp_path: Path) -> None:
    log = start(tmp_path)
    with event_file(tmp_path).open("ab") as file:
        file.write(b'{"torn')
    with pytest.raises(RuntimeError), log.transaction("t"):
        raise RuntimeError
    note(log, "after")
    assert log.faults("t") == []


def test_a_torn_line_of_another_writer_is_healed_on_request(tmp_path: Path) -> None:
    start(tmp_path, "w1")
    other = log_at(tmp_path, "w2")
    note(other, "mine")
    with event_file(tmp_path, "w1-1.jsonl").open("ab") as file:
        file.write(b"\xff\xfe garbage \r torn\n")
    # \r splits it for readers
    assert [f.code for f in other.faults("t")] == ["torn-line", "torn-line"]
    assert len(other.heal("t")) == 2
    assert other.faults("t") == [] and other.heal("t") == []


@pytest.mark.parametrize("damage", ["change", "remove", "insert", "swap"])
def test_tampering_breaks_the_chain(tmp_path: Path, damage: str) -> None:
    log = start(tmp_path)
    for i in range(4):
        note(log, f"value {i}")
    lines = event_file(tmp_path).read_bytes().splitlines(keepends=True)
    if damage == "change":
        lines[2] = lines[2].replace(b"value 1", b"value 9")
    elif damage == "remove":
        del lines[2]
    elif damage == "insert":
        lines.insert(
            2,
            Record(
                "01J00000000000000000000000",
                "2026-01-01T00:00:00Z",
                "t",
                "w1",
                "note",
                "Eve",
                {},
                "",
            ).line(),
        )
    else:
        lines[2], lines[3] = lines[3], lines[2]
    event_file(tmp_path).write_bytes(b"".join(lines))
    assert "broken-chain" in {f.code for f in log_at(tmp_path).faults("t")}


def test_cutting_the_end_off_shows_in_the_heads(tmp_path: Path) -> None:
    """A chain alone cannot show a missing end: that is what heads are for, noted here and sealed."""
    log = start(tmp_path)
    note(log, "one")
    note(log, "two")
    heads = log.heads("t")
    lines = event_file(tmp_path).read_bytes().splitlines(keepends=True)
    event_file(tmp_path).write_bytes(b"".join(lines[:-1]))
    assert [f.code for f in log_at(tmp_path).faults("t")] == ["changed-line"]
    assert log_at(tmp_path).heads("t") != heads


def test_a_newer_version_is_kept_and_said(tmp_path: Path) -> None:
    log = start(tmp_path)
    line = event_file(tmp_path).read_bytes().replace(b'"v":1', b'"v":99')
    event_file(tmp_path, "w9-1.jsonl").write_bytes(line)
    faults = log.faults("t")
    assert len(faults) == 1 and "newer Leadline" in faults[0].what


def test_files_roll_and_the_chain_goes_on(tmp_path: Path) -> None:
    log = start(tmp_path)
    for i in range(6):
        note(log, f"{i}" + "x" * 60_000)
    assert sorted(p.name for p in event_file(tmp_path).parent.iterdir()) == [
        "w1-1.jsonl",
        "w1-2.jsonl",
    ]
    assert event_file(tmp_path).stat().st_size > ROLL_BYTES
    assert log_at(tmp_path).faults("t") == []
    assert json.loads(event_file(tmp_path, "w1-2.jsonl").read_bytes().splitlines()[0])[
        "prev"
    ] == line_digest(event_file(tmp_path).read_bytes().splitlines()[-1])
    os.unlink(event_file(tmp_path))
    assert "missing-file" in {f.code for f in log_at(tmp_path).faults("t")}


# -- clocks ----------------------------------------------------------------------------------------
YEAR_MS = 366 * 24 * 3600 * 1000
OFF = {"before 1970": -YEAR_MS, "1970": 0, "2105": 135 * YEAR_MS, "9999": 253_370_764_800_000}


class Clock(SystemClock):
    """Says what the machine's clock would say, held as the real one's is."""

    def __init__(self, said_ms: int) -> None:
        self.said_ms = said_ms

    def now_ms(self) -> int:
        return held(self.said_ms)


@pytest.mark.parametrize("said_ms", OFF.values(), ids=OFF)
@pytest.mark.parametrize("new", [True, False])
def test_a_clock_that_is_off_is_named_and_what_is_acknowledged_is_a_record(
    tmp_path: Path, said_ms: int, new: bool
) -> None:
    start(tmp_path)
    told: list[str] = []
    log = EventLog(str(tmp_path), "w2" if new else "w1", "Ada", Clock(said_ms), told.append)
    assert note(log, "with a bad clock") == "P-N1" and note(log, "again") == "P-N2"
    assert all("clock of this machine is off" in line for line in told) and told
    assert note(log_at(tmp_path), "with a good one") == "P-N3"
    again = log_at(tmp_path)
    assert [r.body.get("text") for r in again.records("t")][1:] == [
        "with a bad clock",
        "again",
        "with a good one",
    ]
    now = json.loads(event_file(tmp_path).read_bytes().splitlines()[0])["at"][:10]
    assert {r.at[:10] for r in again.records("t")} == {now} and again.faults("t") == []


def test_a_clock_that_goes_back_is_named_and_ids_go_on(tmp_path: Path) -> None:
    begun = 1_790_000_000_000
    told: list[str] = []
    for step, said_ms in enumerate((begun, begun + 1000, begun - YEAR_MS, begun + 2000)):
        log = EventLog(str(tmp_path), "w1", "Ada", Clock(said_ms), told.append)
        with log.transaction("t", create=True) as writing:
            writing.add("note", {"id": f"P-N{step + 1}", "text": str(step)})
    records = log_at(tmp_path).records("t")
    assert [r.body["text"] for r in records] == ["0", "1", "2", "3"]
    assert records[2].at < records[0].at  # the time that the machine said, at which it is named
    assert len(told) == 1 and "went back" in told[0]


def test_a_largest_id_in_the_writers_own_file_is_not_gone_on_from(tmp_path: Path) -> None:
    start(tmp_path)
    first = event_file(tmp_path).read_bytes()
    at = "2026-01-01T00:00:00.000Z"
    largest = Record(
        f"7{'Z' * 25}", at, "t", "w1", "note", "Eve", {"id": "P-N1"}, line_digest(first)
    )
    event_file(tmp_path).write_bytes(first + largest.line())
    log = log_at(tmp_path)
    assert [note(log, "a"), note(log, "b")] == ["P-N2", "P-N3"]
    assert log.faults("t") == [] and len({r.id for r in log.records("t")}) == 4


def test_what_does_not_come_back_as_it_was_written_is_not_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = start(tmp_path)
    note(log, "kept")
    before = event_file(tmp_path).read_bytes()

    def lies(fd: int, data: bytes) -> None:
        os.write(fd, data.replace(b"lost", b"l0st"))

    with monkeypatch.context() as patch:
        patch.setattr(event_log, "write_all", lies)
        with pytest.raises(LeadlineError) as caught:
            note(log, "lost")
    assert caught.value.code == "not-recorded" and event_file(tmp_path).read_bytes() == before
    assert note(log, "after") == "P-N2"


# -- two machines ----------------------------------------------------------------------------------


def test_merge_is_a_union_both_ways(tmp_path: Path) -> None:
    a, b = start(tmp_path / "a", "wa"), log_at(tmp_path / "b", "wb")
    b.merge("t", a.files("t"))
    note(a, "from a")
    note(b, "from b")
    for _ in range(2):  # the second time does nothing
        reports = [b.merge("t", a.files("t")), a.merge("t", b.files("t"))]
    assert [(r.new_files, r.longer_files, r.diverged) for r in reports] == [(0, 0, [])] * 2
    assert [r.id for r in a.records("t")] == [r.id for r in b.records("t")]
    assert sorted(a.thread("t").items) == sorted(b.thread("t").items) == ["P-N1", "P-N1b"]
    assert a.faults("t") == b.faults("t") == []


def test_merge_keeps_both_versions_of_a_diverged_file(tmp_path: Path) -> None:
    a = start(tmp_path / "a", "w1")
    b = log_at(tmp_path / "b", "w1")
    b.merge("t", a.files("t"))
    note(a, "a goes on")
    note(b, "a restored backup goes on under the same name")
    first = b.merge("t", a.files("t"))
    assert len(first.diverged) == 1
    note(a, "a once more")
    second = b.merge("t", a.files("t"))
    assert second.diverged == first.diverged and second.new_files == 0 and second.longer_files == 1
    assert {"a goes on", "a once more", "a restored backup goes on under the same name"} <= {
        r.body.get("text") for r in b.records("t")
    }
    assert [f.code for f in b.faults("t")] == ["diverged-file"]
    assert b.heal("t") == first.diverged and b.faults("t") == []


@pytest.mark.parametrize(
    "name", ["../../evil-1.jsonl", "w1-1.txt", "/abs-1.jsonl", "w1-0.jsonl", "a/b-1.jsonl", ""]
)
def test_merge_refuses_names_that_are_no_event_files(tmp_path: Path, name: str) -> None:
    log = start(tmp_path / "a")
    before = {p for p in tmp_path.rglob("*") if "index" not in p.name}
    assert log.merge("t", {name: b"x\n"}).refused == [name]
    assert {p for p in tmp_path.rglob("*") if "index" not in p.name} == before


def test_replacing_a_damaged_file_keeps_its_bytes(tmp_path: Path) -> None:
    log = start(tmp_path)
    note(log, "true")
    good = event_file(tmp_path).read_bytes()
    event_file(tmp_path).write_bytes(good.replace(b"true", b"fake"))
    aside = Path(log.replace_damaged("t", "w1-1.jsonl", good))
    assert b"fake" in aside.read_bytes() and event_file(tmp_path).read_bytes() == good


# -- many processes --------------------------------------------------------------------------------


def _append_many(root: str, writer: str, count: int, barrier: Any) -> None:
    log = EventLog(root, writer, "Ada", SystemClock())
    barrier.wait()
    for i in range(count):
        note(log, f"{os.getpid()} {i}")


@pytest.mark.parametrize("writers", [1, 8])
def test_many_processes_lose_nothing_and_skip_no_number(tmp_path: Path, writers: int) -> None:
    processes, each = 10, 8
    start(tmp_path, "w0")
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(processes)
    running = [
        context.Process(target=_append_many, args=(str(tmp_path), f"w{i % writers}", each, barrier))
        for i in range(processes)
    ]
    for process in running:
        process.start()
    for process in running:
        process.join()
    assert [p.exitcode for p in running] == [0] * processes
    log = log_at(tmp_path)
    numbers = [r.body["id"] for r in log.records("t") if r.kind == "note"]
    # in order of time, none twice, no gap
    assert numbers == [f"P-N{i}" for i in range(1, processes * each + 1)]
    texts = {r.body["text"] for r in log.records("t") if r.kind == "note"}
    assert len(texts) == processes * each
    assert log.faults("t") == []


# -- no room ---------------------------------------------------------------------------------------


def _append_until_full(root: str, limit: int, queue: Any) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    log = EventLog(root, "w1", "Ada", SystemClock())
    try:
        note(log, "y" * limit)
        queue.put("written")
    except LeadlineError as error:
        queue.put((error.kind, error.code))


def test_a_full_disk_leaves_no_half_record(tmp_path: Path) -> None:
    """RLIMIT_FSIZE makes the kernel write the first part and then fail with EFBIG, as a full disk
    does."""
    log = start(tmp_path)
    note(log, "before")
    before = event_file(tmp_path).read_bytes()
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    process = context.Process(
        target=_append_until_full, args=(str(tmp_path), len(before) + 2000, queue)
    )
    process.start()
    outcome = queue.get(timeout=60)
    process.join()
    assert outcome == ("environment", "disk-full")
    assert event_file(tmp_path).read_bytes() == before
    assert note(log_at(tmp_path), "after") == "P-N2"
    assert log_at(tmp_path).faults("t") == []


def test_a_thread_that_found_no_room_never_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(fd: int, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(event_log, "write_all", full)
    with pytest.raises(LeadlineError):
        start(tmp_path)
    assert not event_file(tmp_path).exists() and log_at(tmp_path).topics() == []


def test_a_reader_who_asks_again_sees_what_a_new_one_sees(tmp_path: Path) -> None:
    log = start(tmp_path)
    damaged = event_file(tmp_path, "w2-1.jsonl")

    def tear() -> None:
        with open(event_file(tmp_path), "ab") as file:
            file.write(b'{"v": 1, "id": "torn')

    def put_in_place() -> None:
        log.replace_damaged("t", damaged.name, damaged.read_bytes().replace(b"far", b"FAR"))

    def let_go() -> None:
        os.unlink(damaged)

    asked: list[object] = [log.thread("t")]
    for step in (
        lambda: note(log, "here"),
        lambda: note(log_at(tmp_path, "w2"), "far"),
        tear,
        lambda: note(log, "healed by this"),
        put_in_place,
        let_go,
    ):
        step()
        seen, new = log.thread("t"), log_at(tmp_path).thread("t")
        assert seen == new and seen.records == new.records
        assert log.thread("t") is seen  # and nothing is folded again where nothing happened
        asked.append(seen)
    assert [len(thread.records) for thread in asked] == [1, 2, 3, 3, 5, 5, 4]


def test_what_another_process_writes_after_we_read_is_not_missing(tmp_path: Path) -> None:
    other = start(tmp_path)
    ours = log_at(tmp_path)
    ours.thread("t")
    note(other, "two")
    assert ours.altered("t") == []


@pytest.mark.parametrize("width", [40, 64])
def test_git_calls_contents_the_same_whether_the_index_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    log = start(tmp_path)
    start(tmp_path, "w2")
    event_file(tmp_path, "w3-1.jsonl").symlink_to(event_file(tmp_path))  # is no event file
    event_file(tmp_path, "w4-1.jsonl").mkdir()
    short = log.blob_names("t", width)
    monkeypatch.setattr(event_log, "FOLDED_WHOLE_BYTES", -1)
    assert log.blob_names("t", width) == short
    assert [(name, len(blob)) for name, blob in sorted(short.items())] == [
        ("w1-1.jsonl", width),
        ("w2-1.jsonl", width),
    ]


def test_a_run_is_planned_the_same_whether_the_index_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = start(tmp_path)
    with log.transaction("t") as writing:
        body = {"id": "P-001-r1", "experiment": "P-001", "repeat": 1}
        planned = writing.add("run-planned", body).id
        others = [
            writing.add("of-the-future", {**body, "id": "P-002-r1"}).id,
            writing.add("run-ended", {"run": "P-001-r1", "uid": planned, "state": "done"}).id,
        ]
    with event_file(tmp_path).open("ab") as file:
        file.write(event_file(tmp_path).read_bytes().splitlines()[-1])  # and not its end
    asked = [planned, *others, "no-uid"]
    assert log.not_planned(["t"], asked) == {*others, "no-uid"}
    assert log.not_planned([], asked) == set(asked)
    monkeypatch.setattr(event_log, "FOLDED_WHOLE_BYTES", -1)
    assert log.not_planned(["t"], asked) == {*others, "no-uid"}

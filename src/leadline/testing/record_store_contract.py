"""What every implementation of the record log and its read model has to do, as tests.

Subclass ``RecordStoreContract`` and give it a ``machine`` fixture: a place for records that several
writers open.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

import pytest

from leadline.core.errors import LeadlineError
from leadline.core.ids import LARGEST
from leadline.core.record.event import Record, line_digest, parse_line
from leadline.core.record.rows import row_of
from leadline.core.timestamps import epoch_ms
from leadline.core.ulid import decode, encode
from leadline.core.values import as_dict
from leadline.ports.records import ReadModel, RecordLog, Transaction


class Machine(Protocol):
    """A place where records lie."""

    def open(self, writer: str) -> RecordLog:
        """A new view, by which ``writer`` writes."""
        ...

    def read(self, log: RecordLog) -> ReadModel: ...

    def put(self, topic: str, name: str, data: bytes) -> None:
        """Change an event file behind the store's back, as a crash or a person does."""
        ...

    def another(self) -> Machine:
        """A place that shares nothing with this one."""
        ...


def note(log: RecordLog, text: str) -> str:
    """A note more, with the next number."""
    with log.transaction("t") as writing:
        shown = f"P-N{writing.next_number('note')}"
        writing.add("note", {"id": shown, "text": text})
    return shown


def plan(writing: Transaction, key: str, **config: object) -> tuple[str, str]:
    """The shown id and the uid of a run of a new experiment."""
    experiment = f"P-{writing.next_number('experiment'):03d}"
    body: Any = {"id": f"{experiment}-r1", "experiment": experiment}
    made = writing.add("run-planned", body | {"key": key, "config": config, "argv": ["x"]})
    return experiment, made.id


def end(writing: Transaction, run: tuple[str, str], state: str = "done", **metrics: float) -> None:
    experiment, uid = run
    refs = {f"{experiment}-r1": uid, experiment: uid}
    body: Any = {"run": f"{experiment}-r1", "refs": refs, "state": state}
    writing.add("run-ended", body | {"metrics": metrics})


def foreign(body: dict[str, object]) -> Record:
    """A note that another program wrote."""
    uid = encode(epoch_ms("2026-01-01T00:00:00Z"), len(str(body)))
    return Record(uid, "2026-01-01T00:00:00Z", "t", "w9", "note", "Eve", body, "")


def chain(records: list[Record]) -> bytes:
    """The lines of one writer, whatever stands in them."""
    lines, prev = [], ""
    for each in records:
        linked = replace(each, prev=prev)
        lines.append(linked.line())
        prev = line_digest(lines[-1])
    return b"".join(lines)


def rechained(lines: list[bytes]) -> list[bytes]:
    """The lines as they would stand, had they been written one after the other."""
    return chain([parse_line(line) for line in lines]).splitlines(keepends=True)


class RecordStoreContract:
    """Obligations of ``leadline.ports.records``."""

    @pytest.fixture
    def log(self, machine: Machine) -> RecordLog:
        log = machine.open("w1")
        with log.transaction("t", create=True) as writing:
            writing.add("thread-started", {"prefix": "P"})
        return log

    # -- append and read ---------------------------------------------------------------------------
    def test_what_is_written_is_read_by_every_view_and_is_a_chain(
        self, machine: Machine, log: RecordLog
    ) -> None:
        with log.transaction("t") as writing:
            told = writing.new_uid()
            first = writing.add("note", {"id": "P-N1", "text": "one"})
            second = writing.add("note", {"id": "P-N2", "text": "two"})
        assert first.id == told < second.id
        other = machine.open("w2")
        assert [r.id for r in other.records("t")][1:] == [first.id, second.id]
        assert other.topics() == ["t"] and other.exists("t") and not other.exists("u")
        assert other.faults("t") == [] and other.examine("t")[0].record_count == 3
        assert list(log.thread("t").items) == ["P-N1", "P-N2"]

    def test_a_transaction_that_raises_writes_nothing(self, log: RecordLog) -> None:
        before = log.files("t")
        with pytest.raises(ZeroDivisionError), log.transaction("t") as writing:
            writing.add("note", {"id": "P-N1"})
            raise ZeroDivisionError
        assert log.files("t") == before and note(log, "after") == "P-N1"

    def test_a_thread_is_written_to_only_where_there_is_one(self, log: RecordLog) -> None:
        with pytest.raises(LeadlineError) as caught, log.transaction("u"):
            pass
        assert caught.value.code == "no-thread" and log.topics() == ["t"]

    def test_numbers_have_no_gap_and_no_duplicate_whoever_writes(
        self, machine: Machine, log: RecordLog
    ) -> None:
        other = machine.open("w2")
        assert [note(log, "a"), note(other, "b"), note(log, "c")] == ["P-N1", "P-N2", "P-N3"]
        with other.transaction("t") as writing:
            (_, uid), (second, _) = plan(writing, "k"), plan(writing, "k")
            assert second == "P-002" and writing.next_number("run", uid) == 2
            body: Any = {"id": "P-001-r2", "experiment": "P-001"}
            writing.add("run-planned", body | {"experiment_uid": uid})
            assert writing.next_number("run", uid) == 3
        with log.transaction("t") as writing:
            assert writing.next_number("run", uid) == 3 and writing.next_number("experiment") == 3

    def test_ids_of_others_that_nobody_can_have_come_to_are_not_gone_on_from(
        self, machine: Machine, log: RecordLog
    ) -> None:
        note(log, "first")
        body = {"id": "P-N99999998", "text": "from elsewhere"}
        at = "2026-01-01T00:00:00.000Z"
        foreign = Record(f"7{'Z' * 25}", at, "t", "w8", "note", "Eve", body, "")
        machine.put("t", "w8-1.jsonl", foreign.line())
        assert [note(log, "a"), note(machine.open("w2"), "b")] == ["P-N2", "P-N3"]
        mine = [r.id for r in log.records("t") if r.writer != "w8"]
        assert mine == sorted(set(mine)) and all(r < foreign.id for r in mine)
        assert len(log.thread("t").of_kind("note")) == 4 and log.faults("t") == []

    def test_a_record_sorts_behind_what_was_seen_of_a_clock_that_is_ahead(
        self, machine: Machine, log: RecordLog
    ) -> None:
        newest, at = decode(log.records("t")[-1].id)[0], "2026-01-01T00:00:00.000Z"
        ahead = []
        for hours in (1, 24 * 300):
            uid, writer = encode(newest + hours * 3_600_000, 7), f"w{hours}"
            ahead.append(Record(uid, at, "t", writer, "note", "Bob", {"id": "P-N1"}, ""))
            machine.put("t", f"{writer}-1.jsonl", ahead[-1].line())
        with log.transaction("t") as writing:
            added = writing.add("note", {"id": "P-N1", "text": "x"}).id
        assert ahead[0].id < added < ahead[1].id

    def test_what_a_writer_had_seen_says_which_record_was_there_first(
        self, machine: Machine, log: RecordLog
    ) -> None:
        """Whatever the ids say: one machine's clock is a week behind."""
        elsewhere = machine.another().open("w2")
        elsewhere.merge("t", log.files("t"))
        seen = note(log, "seen by the run"), note(log, "seen, too")
        elsewhere.merge("t", log.files("t"))
        with elsewhere.transaction("t") as writing:
            run = plan(writing, "k")[1]
            later = writing.add("note", {"id": "P-N9"}).id
        early = encode(decode(log.records("t")[0].id)[0] - 7 * 24 * 3_600_000, 1)
        note(log, "not seen by it")
        log.merge("t", elsewhere.files("t"))
        at = "2026-01-01T00:00:00.000Z"
        text: Any = {"id": "P-N8", "text": "made up later, dated back"}
        machine.put(
            "t", "w8-1.jsonl", Record(early, at, "t", "w8", "note", "Eve", text, "", seen={}).line()
        )
        thread = log.thread("t")
        uids = {item.text: item.uid for item in thread.of_kind("note")}
        part = log.slice("t", ["P-001"], ())
        for each in (thread, part):
            assert all(
                each.came_before(uids[t], run, later) for t in ("seen by the run", "seen, too")
            )
            assert not each.came_before(uids["not seen by it"], run)
            assert early < run and not each.came_before(early, run)
            assert each.came_before(run, later) and not each.came_before(later, run)
        assert len(seen) == 2 and not thread.came_before(uids["seen, too"])

    def test_what_has_no_prefix_is_not_written(self, machine: Machine, log: RecordLog) -> None:
        before = log.files("t")
        with pytest.raises(LeadlineError) as caught, log.transaction("t") as writing:
            writing.add("note", {"id": "-N1", "text": "the thread's start was not there"})
        assert caught.value.code == "thread-without-start" and log.files("t") == before

    def test_one_at_a_time(self, machine: Machine, log: RecordLog) -> None:
        inside: list[int] = []
        most: list[int] = []

        def work(mine: RecordLog) -> None:
            for _ in range(20):
                with mine.alone("", "count"):
                    inside.append(1)
                    most.append(len(inside))
                    inside.pop()

        logs = [machine.open(f"w{n}") for n in range(2, 6)]
        threads = [threading.Thread(target=work, args=(mine,)) for mine in logs]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert max(most) == 1 and len(most) == 80

    def test_writers_at_once_lose_nothing(self, machine: Machine, log: RecordLog) -> None:
        logs = [machine.open(f"w{n}") for n in range(2, 6)]
        work = [
            threading.Thread(target=lambda mine=mine: [note(mine, "x") for _ in range(5)])
            for mine in logs
        ]
        for each in work:
            each.start()
        for each in work:
            each.join()
        assert {item.id for item in log.thread("t").of_kind("note")} == {
            f"P-N{n}" for n in range(1, 21)
        }
        assert log.faults("t") == []

    def test_a_slice_is_whole_for_what_was_asked_and_has_nothing_else(self, log: RecordLog) -> None:
        with log.transaction("t") as writing:
            runs = [plan(writing, "k"), plan(writing, "k")]
            for run in runs:
                end(writing, run, loss=1.0)
            writing.add("metric-defined", {"name": "loss", "unit": "nat"})
        part = log.slice("t", ["P-002"], ("thread-started", "metric-defined"))
        assert list(part.experiments) == ["P-002"] and part.prefix == "P"
        assert part.experiments["P-002"].runs[0].metrics == {"loss": 1.0}
        assert part.metrics["loss"].unit == "nat"
        assert not log.slice("t", [], ("thread-started",)).experiments

    # -- merge and heal ----------------------------------------------------------------------------
    def test_a_union_is_the_same_on_both_sides_and_done_once(
        self, machine: Machine, log: RecordLog
    ) -> None:
        there = machine.another().open("w9")
        first = there.merge("t", log.files("t"))
        assert (first.new_files, first.longer_files) == (1, 0)
        note(log, "here")
        note(there, "there")
        assert there.merge("t", log.files("t")).longer_files == 1
        assert log.merge("t", there.files("t")).new_files == 1
        assert log.files("t") == there.files("t") and log.heads("t") == there.heads("t")
        again = log.merge("t", there.files("t"))
        assert (again.new_files, again.longer_files, again.diverged) == (0, 0, [])
        assert [item.id for item in log.thread("t").of_kind("note")] == ["P-N1", "P-N1b"]

    def test_what_is_no_event_file_is_refused(self, log: RecordLog) -> None:
        assert log.merge("t", {"../x-1.jsonl": b"", "y": b""}).refused == ["../x-1.jsonl", "y"]

    def test_a_version_that_went_on_otherwise_is_read_named_and_acknowledged(
        self, machine: Machine, log: RecordLog
    ) -> None:
        there = machine.another().open("w1")
        there.merge("t", log.files("t"))
        note(log, "here")
        note(there, "there")
        (name, data), *_ = log.files("t").items()
        report = log.merge("t", there.files("t"))
        assert len(report.diverged) == 1 and log.files("t")[name] == data
        assert {item.text for item in log.thread("t").of_kind("note")} == {"here", "there"}
        assert log.faults("t")[0].code == "diverged-file"
        assert log.heal("t") == report.diverged
        assert "diverged-file" not in [f.code for f in log.faults("t")]

    @pytest.mark.parametrize(
        "forge",
        [
            lambda lines: [*lines[:1], lines[1].replace(b"mine", b"fake"), *lines[2:]],
            lambda lines: rechained([*lines[:1], lines[1].replace(b"mine", b"fake"), *lines[2:]]),
            lambda lines: rechained([lines[0], *lines[2:]]),
            lambda lines: rechained([lines[0], foreign({"id": "P-N9"}).line(), *lines[1:]]),
            lambda lines: rechained([lines[0], foreign({"id": "P-N9"}).line()]),
        ],
        ids=["a value", "a value, rechained", "dropped", "put in", "all replaced"],
    )
    def test_other_lines_in_the_place_of_ours_are_kept_apart_and_not_read(
        self, log: RecordLog, forge: Callable[[list[bytes]], list[bytes]]
    ) -> None:
        for text in ("mine", "two", "three"):
            note(log, text)
        (name, data), *_ = log.files("t").items()
        before = log.records("t")
        forged = b"".join(forge(data.splitlines(keepends=True)))
        report = log.merge("t", {name: forged}, {name: data})
        assert report.diverged == [] and log.disputed("t") == {report.disputed[0]: forged}
        assert log.files("t") == {name: data} and log.records("t") == before
        assert log.merge("t", {name: forged}, {name: data}).disputed == []
        assert log.faults("t") == [] and note(log, "goes on") == "P-N4"

    def test_the_other_version_of_what_neither_wrote_may_be_taken(
        self, machine: Machine, log: RecordLog
    ) -> None:
        lines = chain([foreign({"id": "P-N1", "text": "mine"})])
        machine.put("t", "w9-1.jsonl", lines)
        other = rechained([line.replace(b"mine", b"fake") for line in lines.splitlines(True)])
        theirs = b"".join(other)
        assert [n.body["text"] for n in log.thread("t").of_kind("note")] == ["mine"]
        (name,) = log.merge("t", {"w9-1.jsonl": theirs}, {"w9-1.jsonl": lines}).disputed
        log.take("t", name, "asked the writer")
        assert log.files("t", ["w9-1.jsonl"]) == {"w9-1.jsonl": theirs}
        assert [n.body["text"] for n in log.thread("t").of_kind("note")] == ["fake"]
        assert [*log.disputed("t").values()] == [lines] and log.faults("t") == []
        assert log.merge("t", {"w9-1.jsonl": lines}).disputed == []
        assert note(log, "goes on")

    def test_what_somebody_else_wrote_under_our_name_is_not_gone_on_from(
        self, log: RecordLog
    ) -> None:
        note(log, "mine")
        (name, data), *_ = log.files("t").items()
        added = rechained([*data.splitlines(keepends=True), foreign({"id": "P-N7"}).line()])
        assert len(log.merge("t", {name: b"".join(added)}).diverged) == 1
        note(log, "goes on")
        assert log.files("t")[name].startswith(data) and b"P-N7" not in log.files("t")[name]

    def test_a_last_line_that_was_changed_is_named_before_and_after_the_next_write(
        self, machine: Machine, log: RecordLog
    ) -> None:
        note(log, "true")
        (name, data), *_ = log.files("t").items()
        for put in (data.replace(b'"true"', b'"lies"'), data[: data.rfind(b"\n", 0, -1) + 1]):
            machine.put("t", name, put)
            (fault,) = log.faults("t")
            assert fault.code == "changed-line" and fault.where.startswith(name)
        assert note(machine.open("w1"), "after") == "P-N1"
        (fault,) = log.faults("t")
        assert fault.code == "changed-line" and fault.where.startswith(name)
        log.settle("t", fault.where, "the disk was full")
        assert log.faults("t") == []

    def test_a_torn_line_is_named_and_the_next_write_heals_it(
        self, machine: Machine, log: RecordLog
    ) -> None:
        note(log, "kept")
        (name, data), *_ = log.files("t").items()
        machine.put("t", name, data + b'{"v":1,"id')
        assert [f.code for f in log.faults("t")] == ["torn-line"]
        assert len(log.records("t")) == 2
        assert note(machine.open("w1"), "after") == "P-N2"
        assert log.faults("t") == [] and b'{"v":1,"id\n' in log.files("t")[name]
        assert [r.kind for r in log.records("t")][-2:] == ["healed", "note"]

    def test_a_torn_line_of_another_writer_is_acknowledged(
        self, machine: Machine, log: RecordLog
    ) -> None:
        machine.put("t", "w7-1.jsonl", b"half\n")
        assert len(log.heal("t")) == 1
        assert log.faults("t") == [] and log.heal("t") == []

    def test_a_damaged_file_is_replaced_and_kept(self, machine: Machine, log: RecordLog) -> None:
        (name, data), *_ = log.files("t").items()
        machine.put("t", name, data.replace(b'"P"', b'"Q"'))
        aside = log.replace_damaged("t", name, data)
        assert log.files("t")[name] == data and aside.rpartition("/")[2].startswith(f"{name}.")

    def test_heads_are_the_last_records_of_each_writer(
        self, machine: Machine, log: RecordLog
    ) -> None:
        before = log.heads("t")
        note(machine.open("w2"), "x")
        after = log.heads("t")
        assert set(after) == {"w1", "w2"} and after["w1"] == before["w1"]
        assert log.records("t")[-1].prev == "" and note(log, "y")
        assert log.records("t")[-1].prev == after["w1"]

    # -- records that are none -----------------------------------------------------------------------
    def test_a_record_that_cannot_be_understood_is_left_out_and_named(
        self, machine: Machine, log: RecordLog
    ) -> None:
        lines = [foreign({"id": "P-N1", "text": 7}), foreign({"id": "P-N2", "text": "said"})]
        machine.put("t", "w9-1.jsonl", chain(lines))
        assert [item.id for item in log.thread("t").of_kind("note")] == ["P-N2"]
        assert log.left_out() == {"t": 1} and note(log, "goes on") == "P-N3"
        (fault,) = log.faults("t")
        assert fault.code == "malformed-record" and "body.text is 7, not a text" in fault.what
        assert machine.read(log).search(["said"], -1)[1] == 1
        assert log.examine("t")[1] == [fault] and log.heads("t").keys() == {"w1", "w9"}

    def test_nobody_can_use_up_the_numbers(self, machine: Machine, log: RecordLog) -> None:
        machine.put("t", "w9-1.jsonl", chain([foreign({"id": f"P-N{LARGEST}"})]))
        assert [note(log, "a"), note(log, "b")] == ["P-N1", "P-N2"]
        assert {item.id for item in log.thread("t").of_kind("note")} == {
            "P-N1",
            "P-N2",
            f"P-N{LARGEST}",
        }

    # -- the read model ----------------------------------------------------------------------------
    def test_rows_are_rows_of_the_fold(self, machine: Machine, log: RecordLog) -> None:
        read = machine.read(log)
        with log.transaction("t") as writing:
            for block, loss in ((64, 3.0), (8, 1.0), (16, 2.0)):
                end(writing, plan(writing, "k", block=block), loss=loss)
            plan(writing, "k", block=16)
        thread = log.thread("t")
        rows, count = read.run_rows("t", {}, "uid", -1)
        assert rows == [row_of(run, thread) for run in thread.runs] and count == 4
        lines, of_lines = read.run_lines("t", {}, "uid", -1)
        assert ([json.loads(line) for line in lines], of_lines) == (list(map(as_dict, rows)), count)
        ordered = read.run_rows(None, {}, "-metrics.loss", 3)
        assert ([r.metrics["loss"] for r in ordered[0]], ordered[1]) == ([3.0, 2.0, 1.0], 4)
        found, count = read.run_rows("t", {"config.block": 16, "state": "done"}, "config.block", -1)
        assert [r.id for r in found] == ["P-003-r1"] and count == 1
        by_block = read.run_rows("t", {}, "config.block", -1)[0]
        assert [r.id for r in by_block] == ["P-002-r1", "P-003-r1", "P-004-r1", "P-001-r1"]
        last = read.run_rows("t", {}, "metrics.loss", -1)[0][-1]
        assert last.id == "P-004-r1"  # what has no value comes last, whichever way
        with pytest.raises(LeadlineError) as caught:
            read.run_rows("t", {}, "colour", -1)
        assert caught.value.code == "unknown-column"

    def test_a_row_follows_what_is_recorded_later(self, machine: Machine, log: RecordLog) -> None:
        read = machine.read(log)
        with log.transaction("t") as writing:
            run = plan(writing, "k", lr=1)
            end(writing, run, loss=4.0)
        assert read.run_rows("t", {}, "uid", -1)[0][0].config == {"lr": 1}
        refs = {"P-001": run[1], "P-001-r1": run[1]}
        with log.transaction("t") as writing:
            target: Any = {"target": "P-001-r1", "refs": refs, "why": "typo"}
            writing.add("correction", target | {"field": "config.lr", "value": 2})
            writing.add("metric-defined", {"name": "half", "formula": "loss / 2"})
            writing.add("retraction", target)
        (row,), _ = read.run_rows("t", {"config.lr": 2}, "metrics.half", -1)
        assert row.metrics == {"loss": 4.0, "half": 2.0} and row.retracted == "retracted"

    def test_open_runs_and_runs_of_a_key(self, machine: Machine, log: RecordLog) -> None:
        read = machine.read(log)
        assert read.open_runs() == [] and read.same_key("k") == []
        with log.transaction("t") as writing:
            first, second = plan(writing, "k"), plan(writing, "other")
            end(writing, first)
        with log.transaction("u", create=True) as writing:
            writing.add("thread-started", {"prefix": "P"})
            third = plan(writing, "k")
        assert read.open_runs() == [("t", second[1]), ("u", third[1])]
        assert read.open_runs("t") == [("t", second[1])]
        rows = [(r.thread, r.experiment, r.state) for r in read.same_key("k")]
        assert rows == [("t", "P-001", "done"), ("u", "P-001", "planned")]

    def test_words_are_found_by_their_beginning_the_negative_first(
        self, machine: Machine, log: RecordLog
    ) -> None:
        read = machine.read(log)
        with log.transaction("t") as writing:
            writing.add("note", {"id": "P-N1", "text": "lzma was promising"})
            negative: Any = {
                "role": "negative",
                "text": "lzma presets run out of memory",
            }
            writing.add("note", negative | {"id": "P-N2"})
        found, count = read.search(["lzm"], -1)
        assert [hit.id for hit in found] == ["P-N2", "P-N1"] and count == 2
        assert [hit.negative for hit in found] == [True, False]
        assert [hit.id for hit in read.search(["memo", "lzma"], -1)[0]] == ["P-N2"]
        assert read.search(["lzm"], 1)[1] == 2 and read.search(['"', "("], -1) == ([], 0)

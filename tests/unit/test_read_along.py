"""A second process reads into the index what a write of many records brings: the record and the index
are what they are without it, whatever becomes of it."""

from __future__ import annotations

import errno
import os
import re
import signal
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from leadline.adapters.store import read_along
from leadline.adapters.store.event_log import FOLDED_WHOLE_BYTES, EventLog
from leadline.core.ids import experiment_id, run_id

LOTS, IN_A_LOT = 5, 3


@pytest.fixture(autouse=True)
def tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What runs the tests may have threads."""
    folder = tmp_path / "tasks"
    (folder / "1").mkdir(parents=True)
    monkeypatch.setattr(read_along, "TASKS", str(folder))
    return folder


class Clock:
    """Each look takes a millisecond."""

    def __init__(self) -> None:
        self.ms = 1_800_000_000_000

    def now_ms(self) -> int:
        self.ms += 1
        return self.ms

    def randomness(self) -> int:
        return self.ms


def log_at(root: Path, writer: str = "w1") -> EventLog:
    log = EventLog(str(root), writer, "Ada", Clock())
    if not log.exists("t"):
        with log.transaction("t", create=True) as writing:
            writing.add("thread-started", {"goal": "g", "prefix": "P"})
    return log


def write_lot(log: EventLog, many: bool = True) -> None:
    with log.transaction("t", many=many) as writing:
        for _ in range(IN_A_LOT):
            uid = writing.new_uid()
            shown = experiment_id("P", writing.next_number("experiment"))
            refs = {shown: uid}
            body = {
                "id": run_id(shown, 1),
                "experiment": shown,
                "experiment_uid": uid,
                "refs": refs,
            }
            writing.add("run-planned", {**body, "argv": [], "config": {}, "key": "k"})


def imported(
    root: Path, along: bool, between: Callable[[EventLog, int], None] = lambda log, lot: None
) -> EventLog:
    log = log_at(root)
    with log.read_along("t") if along else nullcontext():
        assert log.has_reader("t") == along
        for lot in range(LOTS):
            between(log, lot)
            write_lot(log)
    assert not log.has_reader("t")
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    return log


def indexed(log: EventLog) -> dict[str, list[tuple[object, ...]]]:
    """As it lies on the disk."""
    log.index.close()
    tables = [name for (name,) in log.index.db.execute("SELECT name FROM sqlite_master")]
    asked = [t for t in tables if re.fullmatch("records|about|ids|plans|seen|stale|owners|said", t)]
    return {
        table: sorted(log.index.db.execute(f"SELECT * FROM {table}").fetchall(), key=repr)
        for table in asked
    }


def lines(log: EventLog) -> dict[str, bytes]:
    return dict(log.files("t"))


def test_the_record_and_the_index_are_as_without_it(tmp_path: Path) -> None:
    one, two = imported(tmp_path / "one", False), imported(tmp_path / "two", True)
    assert lines(one) == lines(two)
    assert indexed(one) == indexed(two)
    assert len(indexed(two)["plans"]) == LOTS * IN_A_LOT


def test_what_others_write_meanwhile_is_gone_on_from(tmp_path: Path) -> None:
    def another(log: EventLog, lot: int) -> None:
        if lot in (1, 3):
            write_lot(log_at(Path(log.root), f"w{lot}"), many=False)

    logs = [imported(tmp_path / str(n), bool(n), another) for n in range(2)]
    assert lines(logs[0]) == lines(logs[1])
    assert indexed(logs[0]) == indexed(logs[1])
    planned = [r for r in logs[1].records("t") if r.kind == "run-planned"]
    assert len({r.body["id"] for r in planned}) == len(planned) == (LOTS + 2) * IN_A_LOT
    assert any("w3" in (r.seen or {}) for r in planned)


def test_a_new_file_of_the_writer_says_all_that_it_has_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadline.adapters.store.event_log.ROLL_BYTES", 500)
    for n in range(2):
        log_at(tmp_path / str(n), "w2")
    logs = [imported(tmp_path / str(n), bool(n)) for n in range(2)]
    assert len(lines(logs[0])) > LOTS and lines(logs[0]) == lines(logs[1])


@pytest.mark.parametrize("lot", [0, 2, LOTS - 1])
def test_one_that_is_killed_is_done_without(tmp_path: Path, lot: int) -> None:
    def kill(log: EventLog, at: int) -> None:
        if at == lot:
            along = log._along["t"]
            os.kill(along._pid, signal.SIGKILL)
            os.waitid(os.P_PID, along._pid, os.WEXITED | os.WNOWAIT)

    two = imported(tmp_path / "two", True, kill)
    one = imported(tmp_path / "one", False)
    assert lines(one) == lines(two)
    assert indexed(one) == indexed(two)


def test_one_that_fails_says_nothing_and_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> int:
        raise ValueError

    monkeypatch.setattr(read_along.gc, "freeze", fail)
    one, two = imported(tmp_path / "one", False), imported(tmp_path / "two", True)
    assert indexed(one) == indexed(two) and capfd.readouterr() == ("", "")


@pytest.mark.parametrize("lack", ["processes", "pipes", "one thread"])
def test_where_there_can_be_none_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tasks: Path, lack: str
) -> None:
    def none() -> int:
        raise OSError(errno.EAGAIN, "not now")

    if lack == "one thread":
        (tasks / "2").mkdir()
    else:
        monkeypatch.setattr(os, {"processes": "fork", "pipes": "pipe"}[lack], none)
    log, open_before = log_at(tmp_path / "here"), len(os.listdir("/proc/self/fd"))
    with log.read_along("t"):
        assert not log.has_reader("t")
        write_lot(log)
    log.index.close()
    assert len(os.listdir("/proc/self/fd")) <= open_before
    assert len(indexed(log)["plans"]) == IN_A_LOT


def test_it_ends_with_what_it_reads_for(tmp_path: Path) -> None:
    log = log_at(tmp_path)
    with pytest.raises(KeyboardInterrupt), log.read_along("t"):
        write_lot(log)
        raise KeyboardInterrupt
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    assert len(indexed(log)["plans"]) == IN_A_LOT


def test_a_long_thread_has_none(tmp_path: Path) -> None:
    log = log_at(tmp_path)
    with log.transaction("t") as writing:
        writing.add("note", {"id": "P-N1", "text": "long " * (FOLDED_WHOLE_BYTES // 5)})
    with log.read_along("t"):
        assert not log.has_reader("t")

"""A line that somebody changed shows where it is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadline.adapters.clock import SystemClock
from leadline.adapters.store import event_log
from leadline.adapters.store.event_log import EventLog
from leadline.core.record.written import told


def log_at(path: Path) -> EventLog:
    return EventLog(str(path), "w1", "Ada", SystemClock())


def with_notes(path: Path, count: int = 4) -> EventLog:
    log = log_at(path)
    with log.transaction("t", create=True) as writing:
        writing.add("thread-started", {"prefix": "P", "goal": "g"})
        for number in range(count):
            writing.add("note", {"id": f"P-N{number + 1}", "text": "one"})
    return log


def edit(path: Path, line: int, old: bytes, new: bytes) -> None:
    file = path / "threads/t/events/w1-1.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    lines[line] = lines[line].replace(old, new)
    file.write_bytes(b"".join(lines))


def seen(log: EventLog) -> list[str]:
    return [each.where for each in log.view("t").altered if not each.settled]


@pytest.fixture(params=["folded whole", "looked at in parts"])
def path(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if request.param != "folded whole":
        monkeypatch.setattr(event_log, "FOLDED_WHOLE_BYTES", -1)
    return tmp_path


def test_nothing_is_seen_where_nobody_changed_anything(path: Path) -> None:
    log = with_notes(path)
    assert seen(log) == [] and told(log.view("t").altered) == ""
    with log.transaction("t") as writing:
        writing.add("note", {"id": "P-N5", "text": "two"})
    assert seen(log) == [] == seen(log_at(path))


@pytest.mark.parametrize(("line", "shows_at"), [(2, 4), (4, 5)])
@pytest.mark.parametrize("new", [b"two", b"longer"])
def test_a_changed_line_is_seen_before_and_after_the_next_write(
    path: Path, line: int, shows_at: int, new: bytes
) -> None:
    with_notes(path).view("t")
    edit(path, line, b"one", new)
    log = log_at(path)
    assert seen(log) == [f"w1-1.jsonl:{shows_at}"]
    assert "1 record of w1 differs from what was written" in told(log.view("t").altered)
    uid = log.records("t")[line].id
    assert uid in log.view("t").altered[0].uids
    with log.transaction("t") as writing:
        writing.add("note", {"id": "P-N5", "text": "goes on"})
    assert seen(log_at(path)) == [f"w1-1.jsonl:{shows_at}"]
    assert f"w1-1.jsonl:{shows_at}" in [fault.where for fault in log_at(path).faults("t")]


def test_a_settled_line_is_told_no_more_and_stays_marked(path: Path) -> None:
    with_notes(path)
    edit(path, 2, b"one", b"two")
    log = log_at(path)
    log.settle("t", *seen(log), "restored by hand")
    log = log_at(path)
    assert seen(log) == [] and len(log.view("t").altered) == 1 and log.faults("t") == []

"""A large import is written in lots: others write in between, a stop costs nothing, and four
times the rows are four times the work."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from leadline.adapters.store.event_log import EventLog
from leadline.core.tracker.imported import Findings, FoundRun
from leadline.render.logbook.entries import log_entries
from leadline.services.context import Context
from leadline.services.importing import runs
from leadline.services.importing.points import Waiting
from leadline.testing.builders import ThreadBuilder
from leadline.testing.fake_context import context
from leadline.testing.fake_store import StillClock
from tests.unit.services_context import holding


class Unplugged(Exception):
    pass


class Given(Waiting):
    """Points that wait nowhere; ``settled`` after each lot."""

    def __init__(self, context: Context, stop_at: str = "") -> None:
        super().__init__(context, "")
        self.stop_at = stop_at

    def settle(self, run: FoundRun, uid: str) -> None:
        # Outside the transaction of its lot: what is written here would be lost in it.
        self.context.append("demo", "note", {"id": f"P-N{run.where}", "text": "beside it"})
        if run.where == self.stop_at:
            raise Unplugged


def rows(count: int) -> Findings:
    found = Findings("r.csv", "sha256:0", "reported")
    for at in range(count):
        found.runs.append(FoundRun(str(at), f"sha256:{at}", {"row": at % 7}, {"loss": float(at)}))
    return found


def take(held: Context, found: Findings, stop_at: str = "") -> runs.Imported:
    return runs.take_in(held, "demo", found, Given(held, stop_at))


def taken(held: Context) -> dict[str, float]:
    return {run.id: run.metrics["loss"] for run in held.store.thread("demo").runs}


def test_others_write_between_two_lots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(runs, "LOT", 2)
    held = holding(tmp_path, ThreadBuilder("demo", goal="g"))
    take(held, rows(5))
    order = [r.body.get("text") or r.kind for r in held.store.records("demo")][1:]
    lot, beside = ["run-planned", "run-ended"], ["beside it"]
    assert order == 2 * (2 * lot + 2 * beside) + lot + ["imported"] + beside


def test_an_import_that_was_stopped_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    whole, stopped = (
        holding(tmp_path / name, ThreadBuilder("demo", goal="g")) for name in ("whole", "stopped")
    )
    take(whole, rows(9))
    monkeypatch.setattr(runs, "LOT", 2)
    with pytest.raises(Unplugged):
        take(stopped, rows(9), stop_at="3")
    assert len(taken(stopped)) == 4
    again = take(stopped, rows(9))
    assert (again.already, again.taken_total, [row["where"] for row in again.taken]) == (
        4,
        5,
        ["4", "5", "6", "7", "8"],
    )
    assert taken(stopped) == taken(whole)


def test_what_is_said_is_capped_and_counted_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(runs, "MAX_NAMED", 3)
    held = holding(tmp_path, ThreadBuilder("demo", goal="g"))
    odd = FoundRun("4", "sha256:4", {"row": 4}, {"loss": 4.0})
    odd.problems = [{"source": "r", "code": "odd", "what": "is odd", "blocking": False}]
    found = rows(4)
    found.runs.append(odd)
    answer = take(held, found)
    assert (len(answer.taken), answer.taken_total) == (3, 5)
    assert found.report()["notes"] == [{"where": "4", "what": "is odd"}]


def calls_of(folder: Path, count: int) -> int:
    """Function calls, of Python and C, that the import of so many rows into a new record makes."""
    store = EventLog(str(folder), "w1", "Ada", StillClock())
    with store.transaction("demo", create=True) as writing:
        writing.add("thread-started", {"prefix": "P", "title": "demo"})
    held = context(str(folder))
    held.store = store
    found, calls = rows(count), 0

    def count_it(frame: object, event: str, arg: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count_it)
    try:
        runs.take_in(held, "demo", found, Waiting(held, ""))
    finally:
        sys.setprofile(None)
    return calls


def test_four_times_the_rows_are_four_times_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(runs, "LOT", 20)
    few, many = calls_of(tmp_path / "few", 200), calls_of(tmp_path / "many", 800)
    assert many < 4.4 * few


def test_many_rows_are_one_entry_of_the_logbook_with_their_number(tmp_path: Path):
    held = holding(tmp_path, ThreadBuilder("demo", goal="g"))
    many = rows(60)
    for run in many.runs.changing():
        if run.where == "1":
            run.state, run.reason = "failed", "out of memory"
    runs.take_in(held, "demo", many, Waiting(held, ""))
    (entry,) = log_entries(held.store.thread("demo"))
    assert entry.heading.endswith("Imported 60 runs of r.csv")
    assert "- **Taken:** 60 runs of 7 experiments: 1 failed, 59 reported" in entry.body
    assert entry.body.count("\n| P-") == runs.TOLD_RUNS
    assert "… and 36 more runs" in entry.body and "out of memory" in entry.body


def test_rows_that_were_corrected_are_told_with_their_import(tmp_path: Path):
    held = holding(tmp_path, ThreadBuilder("demo", goal="g"))
    for value in (1.0, 2.0):
        found = rows(2)
        for at, run in enumerate(found.runs.changing()):
            run.row, run.key = f"row {at}", f"sha256:{at} {value}"
            run.metrics = {"loss": value}
        runs.take_in(held, "demo", found, Waiting(held, ""))
    first, second = log_entries(held.store.thread("demo"))
    assert "| P-001-r1 | reported | 0     | 1      |" in first.body
    assert "2 runs: P-001-r1 metrics.loss: 2.0, it was 1.0; P-002-r1" in second.body

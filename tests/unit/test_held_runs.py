"""What an import asks of a long thread is what the whole one holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from leadline.adapters.store import event_log
from leadline.adapters.store.event_log import EventLog
from leadline.adapters.store.held_runs import HeldRuns
from leadline.core.canonical import digest_of
from leadline.core.record.held import WholeThread, source_of
from leadline.core.record.run import Run
from leadline.core.tracker.imported import Findings, FoundRun
from leadline.services.context import Context
from leadline.services.importing import runs
from leadline.services.importing.points import Waiting
from leadline.testing.fake_context import context
from leadline.testing.fake_store import StillClock


def study(folder: Path) -> Context:
    store = EventLog(str(folder), "w1", "Ada", StillClock())
    with store.transaction("demo", create=True) as writing:
        writing.add("thread-started", {"prefix": "P", "title": "demo"})
        writing.add("metric-defined", {"name": "loss", "unit": "nats", "objective": "lower"})
    held = context(str(folder))
    held.store = store
    return held


def rows(count: int, loss: float = 0.0, source: str = "r.csv") -> Findings:
    """Every second one is a row with a name; six experiments."""
    found = Findings(source, "sha256:0", "reported")
    for at in range(count):
        value = at + loss
        run = FoundRun(f"line {at}", digest_of(value), {"n": at % 6}, {"loss": value})
        if at % 2:
            run.row, run.row_names = digest_of(f"row {at}"), {"key": {"k": str(at)}}
        found.runs.append(run)
    return found


def take(held: Context, found: Findings) -> runs.Imported:
    return runs.take_in(held, "demo", found, Waiting(held, ""))


def say(held: Context, kind: str, target: str, **more: Any) -> None:
    thread = held.store.thread("demo")
    with held.store.transaction("demo") as writing:
        refs = {target: thread.uid_of(target)}
        writing.add(kind, {"target": target, "refs": refs, "why": "so", **more})


def parts(run: Run) -> dict[str, Any]:
    names = [*Run.__annotations__]
    return {name: getattr(run, name) for name in names if name != "item_source"}


@pytest.fixture(autouse=True)
def _in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "FOLDED_WHOLE_BYTES", -1)
    monkeypatch.setattr(runs, "LOT", 5)


def much_said(folder: Path) -> Context:
    held = study(folder)
    take(held, rows(24))
    take(held, rows(14, 0.5))  # rows with a name are corrected, and the others new
    say(held, "correction", "P-001-r1", field="config.n", value=9)
    say(held, "retraction", "P-002-r2")
    say(held, "retraction", "P-003")
    with held.store.transaction("demo") as writing:
        uid = writing.new_uid()
        body = {"experiment": "P-099", "experiment_uid": uid, "key": digest_of(3.0), "argv": ["a"]}
        writing.add("run-planned", {"id": "P-099-r1", "refs": {"P-099": uid}, **body})
    return held


def test_a_part_has_the_runs_that_the_whole_thread_has(tmp_path: Path) -> None:
    held = much_said(tmp_path)
    part, whole = held.store.runs_held("demo"), WholeThread(held.store.thread("demo"))
    assert isinstance(part, HeldRuns)
    every = list(whole.thread.runs)
    assert part.thread.metrics == whole.thread.metrics and part.thread.prefix == "P"
    asked = [{run.key} for run in every] + [{run.row} - {""} for run in every]
    asked += [{"sha256:none"}, {run.key for run in every[::3]}]
    for digests in asked:
        found, wanted = part.having(digests), whole.having(digests)
        assert [parts(run) for run in found] == [parts(run) for run in wanted]
    for source in {source_of(run) for run in every}:
        found, wanted = part.having((), [source]), whole.having((), [source])
        assert [parts(run) for run in found] == [parts(run) for run in wanted]
    for origin in ("reported", "executed", "imported"):
        first = [(e.id, e.uid, e.stands, e.runs[0].config) for e in part.experiments(origin)]
        assert first == [
            (e.id, e.uid, e.stands, e.runs[0].config) for e in whole.experiments(origin)
        ]


def test_what_came_after_the_question_is_not_in_the_answer(tmp_path: Path) -> None:
    held = much_said(tmp_path)
    part = held.store.runs_held("demo")
    before = len([*part.experiments("reported")])
    take(held, rows(3, 0.25, "other.csv"))
    assert part.having({digest_of(0.25)}) == []
    assert len(held.store.runs_held("demo").having({digest_of(0.25)})) == 1
    other = Findings("n.csv", "sha256:0", "reported")
    other.runs.append(FoundRun("line 1", digest_of("n"), {"n": "another"}, {"loss": 1.0}))
    take(held, other)
    assert len([*part.experiments("reported")]) == before


def test_an_import_finds_in_parts_what_it_finds_in_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def all_taken(folder: Path) -> list[object]:
        held = much_said(folder)
        every = (rows(24), rows(14, 0.5), rows(24, 0.75), rows(24, 0.75), rows(3, 7.0))
        answers: list[object] = [take(held, found).as_dict() for found in every]
        return [*answers, [parts(run) for run in held.store.thread("demo").runs]]

    in_parts = all_taken(tmp_path / "parts")
    monkeypatch.setattr(event_log, "FOLDED_WHOLE_BYTES", 1 << 40)
    assert in_parts == all_taken(tmp_path / "whole")


@pytest.mark.parametrize("whole_bytes", [-1, 1 << 40])
def test_a_row_says_nothing_of_what_a_formula_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole_bytes: int
) -> None:
    monkeypatch.setattr(event_log, "FOLDED_WHOLE_BYTES", whole_bytes)
    held = study(tmp_path)
    with held.store.transaction("demo") as writing:
        writing.add("metric-defined", {"name": "twice", "formula": "loss * 2"})
    take(held, rows(4))
    again = take(held, rows(4))
    assert (again.corrected, again.already, again.taken_total) == ([], 4, 0)
    assert held.store.thread("demo").experiments["P-002"].runs[0].metrics == {
        "loss": 1.0,
        "twice": 2.0,
    }

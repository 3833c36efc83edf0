"""What is appended to a run's files after its end makes its metrics disputed, everywhere."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from leadline.core.evidence.of_thread import evidence_of
from leadline.ports.executor import Executor
from leadline.services.artifact.raw_files import (
    find_disputed,
    look_again,
    record_disputed,
    runs_touched,
)
from leadline.services.context import Context
from leadline.services.keep.verify import verify
from leadline.services.run.repeats import execute
from tests.unit.test_run_lifecycle import (  # noqa: F401
    TOPIC,
    Shed,
    asked,
    context,
    shed,
    with_executor,
)

PRINTED = '{"loss": 0.5}\n'


def printing(executor: Executor, attempt: str, handle: Mapping[str, object]) -> bool:
    Path(attempt, "stdout.log").write_text(PRINTED)
    return False


def measured(context: Context) -> Path:  # noqa: F811
    """The folder of the first of three runs."""
    made = execute(context, asked("true", repeat=3), printing)
    return Path(context.run_folder(made[0].uid))


def test_what_nobody_touched_is_not_disputed(context: Context) -> None:  # noqa: F811
    folder = measured(context)
    os.utime(folder / "stdout.log")  # a time says nothing
    assert find_disputed(context, context.thread(TOPIC).runs) == []
    (folder / "stdout.log").unlink()
    assert find_disputed(context, context.thread(TOPIC).runs) == []


def test_what_was_appended_makes_the_run_no_evidence_for_good(context: Context) -> None:  # noqa: F811
    folder = measured(context)
    with open(folder / "stdout.log", "a") as file:
        file.write('{"loss": 0.1}\n')
    assert runs_touched(context)
    [finding] = [f for f in verify(context, [TOPIC])[0] if f.code == "disputed-run"]
    assert (finding.where, "stdout.log changed" in finding.what) == ("P-001-r1", True)
    runs = context.thread(TOPIC).runs
    assert record_disputed(context, TOPIC, runs) and not record_disputed(context, TOPIC, runs)
    (folder / "stdout.log").write_text(PRINTED)  # put back: it was told
    thread = context.thread(TOPIC)
    assert [run.is_evidence for run in thread.runs] == [False, True, True]
    found = evidence_of(thread, {"predicate": "loss(P-001) < 1"})
    assert found.label == "exploratory" and "disputed" in [mark.code for mark in found.marks]
    assert found.not_counted["P-001-r1"].startswith("disputed: stdout.log changed")


def test_whoever_looks_writes_down_what_changed_since_once(context: Context) -> None:  # noqa: F811
    folder = measured(context)
    os.utime(folder / "stdout.log")
    records = len(context.store.records(TOPIC))
    look_again(context, TOPIC)
    assert len(context.store.records(TOPIC)) == records
    with open(folder / "stdout.log", "a") as file:
        file.write('{"loss": 0.1}\n')
    look_again(context, TOPIC)
    look_again(context, TOPIC)
    assert len(context.store.records(TOPIC)) == records + 1
    assert [bool(run.disputed) for run in context.thread(TOPIC).runs] == [True, False, False]


def test_what_changed_before_a_run_was_recorded_is_disputed_too(
    context: Context,  # noqa: F811
    shed: Shed,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a detached run, until it is collected, no digest says what it printed."""

    def edited(executor: Executor, attempt: str, handle: Mapping[str, object]) -> bool:
        result = Path(attempt, "result.json")
        printing(executor, attempt, handle)
        while Path(attempt, "stdout.log").stat().st_ctime_ns <= result.stat().st_ctime_ns:
            printing(executor, attempt, handle)
        return False

    elsewhere = execute(context, asked("true"), edited)
    assert not context.thread(TOPIC).runs_named([elsewhere[0].id])[0].disputed
    monkeypatch.setattr(shed, "name", "local", raising=False)
    here = execute(with_executor(context, shed), asked("true"), edited)
    (run,) = context.thread(TOPIC).runs_named([here[0].id])
    assert run.disputed == "stdout.log changed after the run ended" and not run.is_evidence

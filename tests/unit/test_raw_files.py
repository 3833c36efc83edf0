"""What is appended to a run's files after its end makes its metrics disputed, everywhere."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

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
from tests.unit.test_run_lifecycle import TOPIC, asked, context, shed  # noqa: F401

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

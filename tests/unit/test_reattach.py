"""Detached runs that are found again from another clone, by what the record says of their launch."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from leadline.bootstrap import open_context
from leadline.ports.executor_setup import ExecutorSetup
from leadline.services.context import Context
from leadline.services.run import jobs
from leadline.services.run.reattach import reattach
from leadline.services.run.recover import recover_runs
from leadline.services.run.repeats import start
from leadline.testing.fake_executor import result
from tests.unit.test_run_lifecycle import TOPIC, Shed, asked, bodies, context, shed, with_executor

__all__ = ["context", "shed"]  # fixtures
HPC = ExecutorSetup("hpc", "slurm", host="hpc1")


@pytest.fixture
def far(context: Context, shed: Shed) -> Shed:
    """An engine that other machines see too; what it knows of an attempt lies with itself."""
    shed.place, shed.name = "unpacked", "hpc"
    context.vcs.export_tree = lambda commit, folder: os.makedirs(folder)  # type: ignore[method-assign]
    context.executors.keep(HPC)
    context.on = "hpc"
    return shed


class SeenFromElsewhere(Shed):
    """The same engine, for which a handle is enough to find an attempt, wherever it was asked for."""

    def poll(self, attempts: Any) -> dict[str, str]:
        return {
            folder: self._state(str(handle["place"])) if handle else "unknown"
            for folder, handle in attempts
        }

    def result(self, attempt_dir: str) -> Any:
        place = json.loads(Path(attempt_dir, "handle.json").read_text())["place"]
        return super().result(place)


def cloned(context: Context, to: Path, setup: ExecutorSetup = HPC) -> Context:
    """Another clone of the repository, after a sync; it has the executor ``setup``."""
    shutil.copytree(
        context.cwd, to, ignore=shutil.ignore_patterns("runs", "open", "code", "executors.json")
    )
    seen = SeenFromElsewhere()
    seen.place, seen.name = "unpacked", "hpc"
    made = with_executor(open_context(str(to)), seen)
    made.executors.keep(setup)
    return made


def test_another_clone_finds_it_by_its_handle_and_records_its_end(
    context: Context, far: Shed, tmp_path: Path
) -> None:
    run = start(context, asked("sleep", "60"))
    [launched] = bodies(context, "run-launched")
    assert (launched["kind"], launched["host"], launched["attempt"]) == ("slurm", "hpc1", 1)
    assert launched["handle"]["place"] == run.attempt
    other = cloned(context, tmp_path / "clone")
    assert [(row["id"], row["state"]) for row in jobs.listed(other)] == [("P-001-r1", "running")]
    far.end(run.attempt, result("done"))
    assert jobs.listed(other) == []
    assert [end["state"] for end in bodies(other, "run-ended")] == ["done"]


def test_who_has_another_executor_of_that_name_leaves_it_alone(
    context: Context, far: Shed, tmp_path: Path
) -> None:
    start(context, asked("sleep", "60"))
    for number, setup in enumerate(
        (ExecutorSetup("hpc", "slurm", host="hpc2"), ExecutorSetup("x", "slurm"))
    ):
        other = cloned(context, tmp_path / f"clone{number}", setup)
        assert reattach(other) == []
        assert [row["state"] for row in jobs.listed(other)] == ["unknown"]  # never lost
    assert reattach(context) == []  # it is here


def test_what_this_machine_alone_sees_is_not_told(context: Context, shed: Shed) -> None:
    start(context, asked("sleep", "60"))
    assert bodies(context, "run-launched") == []


@pytest.mark.parametrize("first", ["here", "there"])
def test_two_clones_that_collect_while_apart_give_one_end(
    context: Context, far: Shed, tmp_path: Path, first: str
) -> None:
    run = start(context, asked("sleep", "60"))
    other = cloned(context, tmp_path / "clone")
    assert reattach(other) == ["P-001-r1"]
    far.end(run.attempt, result("done"))
    order = [context, other] if first == "here" else [other, context]
    for one in order:
        assert recover_runs(one, ask=True) == ["P-001-r1"]
    ours, theirs = (one.store.files(TOPIC) for one in (context, other))
    for one in (context, other):
        one.store.merge(TOPIC, theirs if one is context else ours)
        thread = open_context(one.cwd).store.thread(TOPIC)
        [seen] = thread.runs
        assert seen.state == "done" and len(seen.corrections) <= 1
        assert recover_runs(one, ask=True) == [] and jobs.listed(one) == []

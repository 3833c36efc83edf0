"""Two hundred short runs inside two jobs of a real engine, and what happens when it takes one away."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leadline.adapters.executors.ray import RayExecutor
from leadline.adapters.executors.shared_folder import SharedFolderExecutor
from leadline.adapters.executors.slurm import SlurmExecutor
from leadline.job import probe
from leadline.ports.executor import OVER
from leadline.testing.executor_contract import Attempt, living, wait_until
from tests.engines import WORKER, Ray, Slurm

pytestmark = pytest.mark.long
RUNS = 200


def on_slurm(slurm: Slurm) -> SharedFolderExecutor:
    return SlurmExecutor("slurm", (f"--partition={WORKER}",))


def on_ray(ray: Ray) -> SharedFolderExecutor:
    return RayExecutor("ray", ray.address, {"CPU": 0.1, WORKER: 1})


ENGINES = [("slurm_client", on_slurm), ("ray_client", on_ray)]


@pytest.fixture(params=ENGINES, ids=["slurm", "ray"])
def executor(request: pytest.FixtureRequest) -> SharedFolderExecutor:
    fixture, make = request.param
    made: SharedFolderExecutor = make(request.getfixturevalue(fixture))
    return made


@pytest.fixture
def begin(executor: SharedFolderExecutor, tmp_path: Path) -> Any:
    queue, made = str(tmp_path / "queue"), list[Attempt]()

    def begun(argv: list[str]) -> Attempt:
        one = Attempt(tmp_path / f"run-{len(made)}" / "attempt-1", lambda: executor, argv)
        one.handle = json.loads(json.dumps(executor.begin(one.dir, {"pilot": queue})))
        made.append(one)
        return one

    yield begun
    executor.close_pilots(queue)
    for one in made:
        probe.cancel(one.dir)
        for pid in living(one.cookie):
            os.kill(pid, signal.SIGKILL)


def wait_for_all(executor: SharedFolderExecutor, attempts: list[Attempt]) -> None:
    left = {one.dir: one.handle for one in attempts}

    def over() -> bool:
        states = executor.wait(list(left.items()), 0.5)
        for folder in [folder for folder, state in states.items() if state in OVER]:
            del left[folder]
        return not left

    wait_until(over, "all of them")


def test_two_hundred_runs_are_two_jobs(
    executor: SharedFolderExecutor, begin: Callable[[list[str]], Attempt], tmp_path: Path
) -> None:
    queue = tmp_path / "queue"
    executor.open_pilots(str(queue), 2)
    attempts = [begin(["true"]) for _ in range(RUNS)]
    wait_for_all(executor, attempts)
    assert {one.finish()["state"] for one in attempts} == {"done"}
    assert len(list((queue / "slots").iterdir())) == 2
    executor.close_pilots(str(queue))
    assert all(wait_until((queue / "slots" / slot / "ended").exists) for slot in "01")


def test_an_engine_that_takes_its_job_away_loses_the_run_in_it_alone(
    executor: SharedFolderExecutor, begin: Callable[[list[str]], Attempt], tmp_path: Path
) -> None:
    executor.open_pilots(str(tmp_path / "queue"), 1)
    taken, behind = begin(["sleep", "600"]), begin(["echo", "ran"])
    wait_until(lambda: taken.state() == "running")
    ticket = json.loads((tmp_path / "queue" / "slots" / "0" / "engine.json").read_text())
    if isinstance(executor, SlurmExecutor):
        subprocess.run(["scancel", "--full", str(ticket["number"])], check=True)
    else:
        executor._end(str(ticket["job"]), ticket)
    wait_for_all(executor, [taken, behind])
    result = executor.result(taken.dir)
    assert result is None or result["state"] == "lost"
    assert living(taken.cookie) == [] and behind.finish()["state"] == "done"

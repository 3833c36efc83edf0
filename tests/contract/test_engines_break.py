"""Engines that break while a job runs: a controller restarted, a node that goes down. Each test has a
cluster of its own."""

from __future__ import annotations

import json
import os
import signal
import time
from functools import partial
from pathlib import Path

import pytest

from leadline.adapters.executors.ray import RayExecutor
from leadline.adapters.executors.slurm import SlurmExecutor
from leadline.ports.executor import Executor
from leadline.testing.executor_contract import Attempt, living, wait_until
from tests.engines import own_ray, own_slurm

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]
UNTIL_GO = ["sh", "-c", "echo up; while ! test -e go; do sleep 0.02; done; exit 5"]


def take_out_of_sight(one: Attempt) -> None:
    """As if it ran on another machine, whose locks are not seen from here."""
    path = Path(one.dir, "owner.json")
    owner = json.loads(path.read_text())
    path.write_text(json.dumps({**owner, "boot_id": "of another", "host": "another"}))
    for name in ("alive.lock", "tree.lock"):
        Path(one.dir, name).rename(f"{one.dir}/unseen-{name}")
        Path(one.dir, name).touch()


def go_down(one: Attempt) -> None:
    """All of its processes, at once."""
    os.kill(int(json.loads(Path(one.dir, "owner.json").read_text())["pid"]), signal.SIGKILL)
    for pid in living(one.cookie):
        os.kill(pid, signal.SIGKILL)


def start(folder: Path, executor: Executor) -> Attempt:
    one = Attempt(folder / "attempt-1", lambda: executor, UNTIL_GO).submit()
    one.wait_for_output(b"up")
    return one


def test_a_controller_of_slurm_that_is_started_again_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with own_slurm(tmp_path / "slurm") as cluster:
        monkeypatch.setenv("SLURM_CONF", cluster.environ["SLURM_CONF"])
        executor = SlurmExecutor()
        here, there = start(tmp_path / "here", executor), start(tmp_path / "there", executor)
        take_out_of_sight(there)
        cluster.end("slurmctld")
        assert (here.state(), there.state()) == ("running", "unknown")
        Path(here.dir, "go").touch()
        assert here.finish()["exit_code"] == 5  # the folder says so, whatever the engine does
        cluster.control()
        there.wait_for_state("running")
        Path(there.dir, "go").touch()
        assert there.finish()["exit_code"] == 5


def test_a_node_of_slurm_that_goes_down_loses_its_run_and_starts_it_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with own_slurm(tmp_path / "slurm", forgets_after_s=5) as cluster:
        monkeypatch.setenv("SLURM_CONF", cluster.environ["SLURM_CONF"])
        one = start(tmp_path / "run", SlurmExecutor("slurm", ("--nodelist=n1",)))
        take_out_of_sight(one)
        cluster.kill("n1")
        go_down(one)
        assert one.state() == "running"  # Slurm does not know yet
        end = time.monotonic() + 150
        while one.state() != "gone":
            assert time.monotonic() < end and one.state() != "finished"
            time.sleep(0.5)
        assert one.executor.result(one.dir) is None
        one.submit()  # and again: an attempt is one attempt
        assert one.state() == "gone" and one.output() == b"up\n"
        squeue = cluster.ask("squeue", "-h", "-t", "pending,running")
        assert squeue.strip() == ""  # no requeue


def test_a_node_of_ray_that_goes_down_loses_its_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with own_ray(tmp_path / "ray") as cluster:
        for name, value in cluster.environ.items():
            monkeypatch.setenv(name, value)
        make = partial(RayExecutor, "ray", cluster.address)
        one = start(tmp_path / "run", make({"CPU": 0.1, "second": 1.0}))
        other = start(tmp_path / "other", make({"CPU": 0.1, "device": 1.0}))
        take_out_of_sight(one)
        assert one.state() == "running"
        cluster.kill_node()
        go_down(one)
        wait_until(lambda: one.state() == "gone")
        one.submit()
        assert one.state() == "gone"
        assert other.state() == "running"
        Path(other.dir, "go").touch()
        assert other.finish()["exit_code"] == 5
        monkeypatch.setenv("RAY_AUTH_TOKEN", "another")
        assert one.state() == "unknown"

"""Slurm keeps the contract: a real controller and two real nodes on loopback."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from leadline.adapters.executors.slurm import SlurmExecutor
from leadline.core.errors import LeadlineError
from leadline.ports.executor import Executor
from leadline.testing.executor_contract import EngineContract, wait_until
from tests.conftest import Lab
from tests.engines import WORKER, Slurm

pytestmark = pytest.mark.long
SAID = "supervisor.err"
PARTITION = f"--partition={WORKER}"


class TestSlurmExecutor(EngineContract):
    @pytest.fixture
    def executor_factory(self, slurm_client: Slurm) -> Callable[[], Executor]:
        return partial(SlurmExecutor, "slurm", (PARTITION,))

    @pytest.fixture
    def device_factory(self, slurm_client: Slurm) -> Callable[[], Executor]:
        return partial(SlurmExecutor, "slurm", (PARTITION, "--gres=gpu:1"))

    @pytest.fixture
    def full(self, slurm_client: Slurm) -> Callable[[], AbstractContextManager[object]]:
        return slurm_client.full

    @pytest.fixture
    def out_of_reach(self, slurm_client: Slurm) -> Callable[[], AbstractContextManager[object]]:
        return slurm_client.out_of_reach

    def test_what_slurm_refuses_is_said_and_nothing_is_started(
        self, attempt: Any, slurm_client: Slurm
    ) -> None:
        for words, said in (
            (("--partition=nowhere",), "partition"),
            ((PARTITION, "--gres=gpu:9"), "configuration"),
            ((PARTITION, "--gres=abacus:1"), "gres"),
        ):
            one = attempt(["echo", "once"])
            with pytest.raises(LeadlineError) as caught:
                SlurmExecutor("slurm", words).begin(one.dir, {})
            error = caught.value
            assert (error.code, error.kind) == ("slurm-refused", "environment") and error.next
            assert said in error.what.lower(), error.what
            assert one.submit().finish()["state"] == "done"
        with pytest.raises(LeadlineError) as caught:
            SlurmExecutor("slurm", ("--array=1-9",))
        assert caught.value.code == "sbatch-option"

    def test_a_python_that_is_not_there_is_told(self, attempt: Any, slurm_client: Slurm) -> None:
        one = attempt(["echo", "once"])
        executor = SlurmExecutor("slurm", (PARTITION,), python="/no/such/python")
        handle = executor.begin(one.dir, {})
        wait_until(lambda: executor.poll([(one.dir, handle)])[one.dir] == "gone")
        assert b"/no/such/python" in one.output("supervisor.err") and one.output() == b""

    def test_a_job_that_is_requeued_by_force_leaves_the_attempt_as_it_is(
        self, attempt: Any, slurm_client: Slurm
    ) -> None:
        one = attempt(["sh", "-c", "echo up; exec sleep 600"]).submit()
        one.wait_for_output(b"up")
        number = str(one.handle["number"])
        slurm_client.ask("scontrol", "update", f"jobid={number}", "requeue=1")
        slurm_client.ask("scontrol", "requeue", number)
        wait_until(lambda: one.executor.result(one.dir))
        before = {p.name: p.read_bytes() for p in Path(one.dir).iterdir() if p.name != SAID}

        # Slurm holds it as long as a credential lasts: 20 s in this cluster, two minutes by default.
        slurm_client.until(lambda: b"started before" in one.output(SAID))
        assert one.finish()["state"] == "lost"
        after = {p.name: p.read_bytes() for p in Path(one.dir).iterdir() if p.name != SAID}
        assert after == before and one.output() == b"up\n"


@pytest.fixture
def lab_hpc(lab: Lab, slurm_client: Slurm) -> Lab:
    """A thread, and the executor ``hpc`` declared: two tasks a job."""
    lab.env.update(slurm_client.environ)
    lab.ok("start", "demo", "--prefix", "P", "--no-branch", "--success", "loss:1:lower")
    words = ["--partition", WORKER, "--option", "sbatch=--ntasks=2"]
    lab.ok("executor", "add", "hpc", "--kind", "slurm", *words)
    return lab


def test_ranks_of_one_run_write_apart_and_the_first_speaks_for_it(lab_hpc: Lab) -> None:
    program = (
        "import os, sys, leadline as ll\n"
        "rank = int(os.environ['SLURM_PROCID'])\n"
        "for step in range(3): ll.log(step=step, loss=10 * rank + step)\n"
        "print('rank', rank)\n"
        "sys.exit(rank * int(sys.argv[1]))\n"
    )
    (lab_hpc.repo / "train.py").write_text(program)
    step = ["srun", "-n", "2", sys.executable, "train.py"]
    done = lab_hpc.json("run", "--on", "hpc", "--", *step, "0")["data"]["runs"][0]
    assert (done["state"], done["metrics"]) == ("done", {"loss": 2.0})
    found = lab_hpc.json("series", "P-001")["data"]
    assert sorted(writer["rank"] for writer in found["writers"]) == [0, 1] and found["points"] == 6
    failed = lab_hpc.json("run", "--on", "hpc", "--", *step, "3")["data"]["runs"][0]
    assert (failed["state"], failed["exit_code"]) == ("failed", 3)
    assert "exit code 3; rank 1: exit code 3" in lab_hpc.ok("show", failed["id"])
    assert lab_hpc.ok("logs", failed["id"], "--rank", "1") == "rank 1\n"


def test_a_sweep_goes_on_without_its_client(lab_hpc: Lab) -> None:
    """All cells lie in the queue of the pilots: they are run though the client was killed."""
    cells = [
        "--axis",
        "k=1,2,3,4",
        "--jobs",
        "1",
        "--",
        "sh",
        "-c",
        "sleep 1; echo '{{\"loss\": {k}}}'",
    ]
    told = lab_hpc.json("sweep", "--on", "hpc", "--detach", *cells)["data"]
    about = Path(told["log"]).with_name("about.json")
    wait_until(lambda: len(lab_hpc.json("jobs")["data"]) == 5)
    os.kill(json.loads(about.read_text())["pid"], signal.SIGKILL)
    lab_hpc.run("wait")
    rows = lab_hpc.json("status", "--runs")["data"]
    assert sorted(row["metrics"]["loss"] for row in rows) == [1.0, 2.0, 3.0, 4.0]
    assert lab_hpc.json("jobs")["data"][0]["state"] == "left"


def test_a_device_is_kept_by_a_job_that_the_runs_of_its_repository_go_into(
    lab_hpc: Lab, tmp_path: Path, slurm_client: Slurm
) -> None:
    words = ["--kind", "slurm", "--partition", WORKER, "--device", "gpu:1"]
    other = Lab(tmp_path / "other", lab_hpc.env)
    other.repo.mkdir()
    other.git("init", "-q")
    (other.repo / "a").write_text("")
    other.git("add", "-A")
    other.git("commit", "-qm", "first")
    other.ok("start", "other", "--prefix", "Q", "--no-branch")
    for lab in (lab_hpc, other):
        lab.ok("executor", "add", "acc", *words)
    why = 'timing | the "fused" kernel\'s'
    kept = lab_hpc.json(
        "device", "reserve", "acc:gpu:1", "--for", "10m", "--why", why, "--within", "60s"
    )
    assert kept["ok"], kept
    number = str(kept["data"]["number"])
    # Both sides of the door: ours go in, theirs are told whose it is.
    for n in "123":
        run = lab_hpc.json("run", "--on", "acc", "--", "sh", "-c", "echo $SLURM_JOB_ID $MINE " + n)
        assert run["data"]["runs"][0]["state"] == "done", run
        assert lab_hpc.ok("logs", f"P-00{n}").split()[0] == number
    lab_hpc.env["MINE"] = "of-this-command"
    assert lab_hpc.ok(
        "device", "exec", "acc:gpu:1", "--", "sh", "-c", "echo $SLURM_JOB_ID $MINE"
    ) == (f"{number} of-this-command\n")
    lab_hpc.ok(
        "sweep", "--on", "acc", "--axis", "k=1,2,3", "--", "sh", "-c", "echo $SLURM_JOB_ID {k}"
    )
    assert lab_hpc.ok("logs", "P-005").split()[0] == number
    for lab in (other, lab_hpc):
        error = lab.json("device", "reserve", "acc:gpu:1", "--within", "2s")["error"]
        assert error["code"] == "device-taken" and "for demo" in error["what"], error
        assert why in error["what"]
        [row] = lab.json("device", "list", "acc")["data"]
        assert (row["device"], row["state"]) == ("gpu:1", "reserved")
    error = other.json("device", "release", "acc:gpu:1")["error"]
    assert error["code"] == "reserved-by-another"
    assert "free" in lab_hpc.ok("device", "release", "acc:gpu:1")
    wait_until(lambda: other.json("device", "list", "acc")["data"][0]["state"] == "not reserved")
    assert lab_hpc.json("device", "release", "acc:gpu:1")["error"]["code"] == "not-reserved"
    # It is free for a job of its own again; one of another repository is ended with a reason.
    other.ok("device", "reserve", "acc:gpu:1", "--within", "60s")
    words = ["--override", "reserved-by-another", "they left"]
    lab_hpc.ok("device", "release", "acc:gpu:1", *words)
    wait_until(lambda: lab_hpc.json("device", "list", "acc")["data"][0]["state"] == "not reserved")


def test_what_is_wrong_with_an_executor_is_said_by_its_check(lab_hpc: Lab) -> None:
    """The whole way that a run goes, its set-up among it; and a run that never came up names it."""
    words = ["--kind", "slurm", "--partition", WORKER]
    lab_hpc.ok("executor", "add", "bare", *words, "--setup", "module load cuda")
    lab_hpc.ok("executor", "add", "old", *words, "--option", "python=/no/python")
    lab_hpc.ok("executor", "add", "gone", "--kind", "slurm", "--partition", "nowhere")
    for name, said in (
        ("bare", "module: not found"),
        ("old", "/no/python: not found"),
        ("gone", "Invalid partition"),
    ):
        found = lab_hpc.json("executor", "check", name)["data"]["findings"]
        assert [one for one in found if one["ok"] is False and said in one["found"]], found
        answer = lab_hpc.json("run", "--on", name, "--", "true")
        assert (
            f"leadline executor check {name}" in answer["next"]
            or "sinfo" in answer["error"]["next"]
        )

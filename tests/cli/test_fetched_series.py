"""Points that a tracker or an import handed over: kept beside the run, shown like those of
``ll.log``."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import warm_server
from tests.conftest import Lab, sealed_environment
from tests.tracker_jobs import MLFLOW_JOB, TRACKIO_JOB, WANDB_JOB, job
from tests.tracker_servers import QUIET, needs

JOBS = {"wandb": (WANDB_JOB, ["0.5"]), "trackio": (TRACKIO_JOB, []), "mlflow": (MLFLOW_JOB, [])}


@pytest.fixture
def jobs(thread_lab: Lab, warm_jobs: str) -> Lab:
    thread_lab.env.update({**QUIET, warm_server.SOCKET: warm_jobs})
    for name, (text, _) in JOBS.items():
        thread_lab.write(f"{name}_job.py", text)
    return thread_lab


def values(lab: Lab, run: str, metric: str = "loss") -> list[float]:
    found = lab.json("series", run, metric, "--points", "0")
    assert found["ok"], found
    return [value for _, value, _ in found["data"]["points"]]


@contextmanager
def waiting_job(lab: Lab, env: dict[str, str]) -> Iterator[None]:
    """``wait.py`` without Leadline, from the moment it has written; it ends with the block."""
    running = subprocess.Popen([sys.executable, "wait.py"], cwd=lab.repo, env=env)
    try:
        until = time.monotonic() + 60
        while not (lab.repo / "wrote").exists():
            assert time.monotonic() < until and running.poll() is None
            time.sleep(0.1)
        yield
    finally:
        (lab.repo / "go").touch()
        running.wait(60)


def runs_folder(lab: Lab) -> Path:
    return lab.repo / ".git" / "leadline" / "runs"


@pytest.mark.parametrize("tracker", [pytest.param(name, marks=needs(name)) for name in JOBS])
def test_what_a_job_gave_its_tracker_is_plotted_when_the_trackers_files_are_gone(
    jobs: Lab, tracker: str
) -> None:
    words = JOBS[tracker][1]
    jobs.ok("tracker", "set", tracker, "proj")
    run = job(jobs, f"{tracker}_job.py", *words)["id"]
    rate = float(words[0]) if words else 1.0
    expected = [rate / (step + 1) for step in range(10)]
    assert values(jobs, run) == expected
    for folder in runs_folder(jobs).glob("*/attempt-1/tracker"):
        shutil.rmtree(folder)
    assert values(jobs, run) == expected
    assert "loss" in jobs.ok("plot", run, "--metric", "loss")
    listed = jobs.json("series", run)["data"]
    assert [w["name"] for w in listed["writers"]] == [tracker]
    assert f"leadline series {run}" in jobs.ok("logbook")


@needs("wandb")
def test_a_metric_written_both_ways_is_the_one_of_the_log(jobs: Lab) -> None:
    jobs.write(
        "both.py",
        "import leadline, wandb\nwith wandb.init() as run:\n"
        "    for step in range(3):\n        run.log({'loss': 2.0, 'acc': 0.5})\n        leadline.log(step, loss=1.0)\n",
    )
    jobs.ok("tracker", "set", "wandb", "proj")
    run = job(jobs, "both.py")["id"]
    assert values(jobs, run) == [1.0] * 3 and values(jobs, run, "acc") == [0.5] * 3
    assert jobs.json("show", run)["data"]["metrics"]["loss"] == 1.0


@needs("wandb")
@pytest.mark.long
def test_compaction_takes_in_what_was_fetched(jobs: Lab) -> None:
    jobs.write(
        "long.py",
        "import wandb\nwith wandb.init() as run:\n    for s in range(300):\n        run.log({'loss': s / 7})\n",
    )
    jobs.ok("tracker", "set", "wandb", "proj")
    run = job(jobs, "long.py")["id"]
    before = values(jobs, run)
    (row,) = jobs.json("series", "compact", run)["data"]
    assert row["points"] == len(before)
    assert not list(runs_folder(jobs).glob("*/attempt-1/fetched/series/*.seg"))
    assert values(jobs, run) == before


@needs("mlflow")
def test_another_machine_brings_the_points_from_the_server(
    jobs: Lab, mlflow_server: str, tmp_path: Path
) -> None:
    jobs.ok("tracker", "set", "mlflow", f"points-{tmp_path.name}", "--at", mlflow_server, "--live")
    run = job(jobs, "mlflow_job.py")["id"]
    expected = values(jobs, run)
    assert jobs.json("tracker", "fetch")["data"]["already"] == [run]
    for folder in runs_folder(jobs).iterdir():
        shutil.rmtree(folder)  # a machine that has the record and not the runs
    error = jobs.json("series", run, "loss")["error"]
    assert error["code"] == "no-series" and error["next"] == [f"leadline tracker fetch {run}"]
    assert jobs.json("plot", run)["error"]["next"] == [f"leadline tracker fetch {run}"]
    (row,) = jobs.json("tracker", "fetch")["data"]["fetched"]
    assert (row["run"], row["points"], row["as_recorded"]) == (run, 10, True)
    assert values(jobs, run) == expected


@needs("wandb")
@pytest.mark.long
def test_a_run_that_is_going_is_brought_as_far_as_it_is(jobs: Lab) -> None:
    jobs.write(
        "wait.py",
        "import os, time, wandb\nrun = wandb.init()\nfor step in range(2000):\n    run.log({'loss': 1.0})\n"
        "open('wrote', 'w').close()\nwhile not os.path.exists('go'):\n    time.sleep(0.05)\nrun.finish()\n",
    )
    jobs.ok("tracker", "set", "wandb", "proj")
    command = [sys.executable, "-m", "leadline", "run", "--quiet", "--", sys.executable, "wait.py"]
    running = subprocess.Popen(command, cwd=jobs.repo, env=jobs.env, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while (
            not (jobs.repo / "wrote").exists()
            or not jobs.json("tracker", "fetch", "P-001-r1")["data"]["fetched"]
        ):
            assert time.monotonic() < until and running.poll() is None
            time.sleep(0.1)
        part = jobs.json("series", "P-001-r1")["data"]
    finally:
        (jobs.repo / "go").touch()
        running.wait(60)
    assert part["provisional"] and 0 < part["points"] <= 2000
    assert len(values(jobs, "P-001-r1")) == 2000
    assert jobs.json("verify")["ok"]


def test_what_cannot_be_fetched_is_said(jobs: Lab) -> None:
    jobs.ok("run", "--", "true")
    nothing = jobs.run("tracker", "fetch")
    assert nothing.returncode == 0 and "no run has a tracker" in nothing.stdout
    named = jobs.run("tracker", "fetch", "P-001", "--json")
    assert json.loads(named.stdout)["data"]["left"] == [
        {"run": "P-001-r1", "why": "it has no tracker"}
    ]
    assert named.returncode == 8
    assert jobs.json("tracker", "fetch", "P-099")["error"]["kind"] == "not_found"


@needs("mlflow")
def test_a_run_whose_server_is_gone_is_left_with_the_reason(jobs: Lab) -> None:
    jobs.ok("tracker", "set", "mlflow", "proj")
    run = job(jobs, "mlflow_job.py")["id"]
    for folder in runs_folder(jobs).iterdir():
        shutil.rmtree(folder)
    jobs.ok("tracker", "set", "mlflow", "proj", "--at", "http://127.0.0.1:9")
    done = jobs.run("tracker", "fetch", "--json")
    (left,) = json.loads(done.stdout)["data"]["left"]
    assert done.returncode == 8 and left["run"] == run and "127.0.0.1:9" in left["why"]


# ---- imports -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained_once(tmp_path_factory: pytest.TempPathFactory, warm_jobs: str) -> Path:
    where = tmp_path_factory.mktemp("elsewhere")
    env = {**sealed_environment(where), **QUIET, "WANDB_MODE": "offline", "WANDB_PROJECT": "p"}
    for rate in ("0.5", "0.25"):
        with open(where / "said", "w+b") as said:
            streams = [said.fileno()] * 3
            words = ["-c", WANDB_JOB, rate]
            assert warm_server.send(warm_jobs, words, str(where), env, streams) == 0
    return where / "wandb"


@pytest.fixture
def trained(trained_once: Path, tmp_path: Path) -> Path:
    """A folder of W&B with two runs that Leadline did not see."""
    return shutil.copytree(trained_once, tmp_path / "elsewhere" / "wandb", symlinks=True)


@needs("wandb")
def test_an_import_leaves_series_that_are_plotted_and_said_in_the_logbook(
    jobs: Lab, trained: Path
) -> None:
    planned = jobs.json("import", str(trained), "--format", "wandb", "--dry-run")["data"]
    assert [row["points"] for row in planned["taken"]] == [10, 10] and not runs_folder(
        jobs
    ).exists()
    jobs.ok("import", str(trained), "--format", "wandb")
    assert values(jobs, "P-002-r1") == [0.25 / (step + 1) for step in range(10)]
    drawn = jobs.json("plot", "P-001", "P-002", "--metric", "loss")
    assert [line["points"] for line in drawn["data"]["panels"][0]["lines"]] == [10, 10]
    excerpt = jobs.json("show", "P-001-r1")["data"]["extraction"]["series"]["loss"]
    assert excerpt["points"] == 10 and excerpt["sample"][0] == [0, 0.5]
    assert "leadline series P-001-r1" in jobs.ok("logbook")
    assert not list((jobs.repo / ".git" / "leadline" / "tmp").glob("import-*"))


@needs("wandb")
def test_only_the_metrics_asked_for_are_kept_under_their_new_names(
    jobs: Lab, trained: Path
) -> None:
    jobs.ok("import", str(trained), "--format", "wandb", "--metric", "loss=val_loss")
    assert [row["metric"] for row in jobs.json("series", "P-001-r1")["data"]["metrics"]] == [
        "val_loss"
    ]


@needs("wandb")
def test_importing_again_brings_points_that_this_machine_lacks(jobs: Lab, trained: Path) -> None:
    jobs.ok("import", str(trained), "--format", "wandb")
    again = jobs.json("import", str(trained), "--format", "wandb")["data"]
    assert (again["already"], again["brought"], again["taken"]) == (2, 0, [])
    before = values(jobs, "P-001-r1")
    for folder in runs_folder(jobs).iterdir():
        shutil.rmtree(folder)
    back = jobs.run("import", str(trained), "--format", "wandb")
    assert "2 taken before, the points of 2 brought here" in back.stdout
    assert values(jobs, "P-001-r1") == before
    assert jobs.json("status", "--runs")["counts"]["runs"] == 2


@needs("wandb")
def test_the_report_draws_imported_series(jobs: Lab, trained: Path, tmp_path: Path) -> None:
    jobs.ok("metric", "loss", "--direction", "lower")
    jobs.ok("import", str(trained), "--format", "wandb")
    page = tmp_path / "report.html"
    jobs.ok("report", "--out", str(page))
    assert "loss over steps of P-001-r1" in page.read_text()


@needs("mlflow")
def test_a_run_taken_while_it_was_going_is_read_again_when_it_has_ended(
    jobs: Lab, mlflow_server: str, tmp_path: Path
) -> None:
    jobs.write(
        "wait.py",
        "import os, time, mlflow\nwith mlflow.start_run(run_name='slow'):\n"
        "    mlflow.log_metric('loss', 0.5, step=0)\n    mlflow.log_metric('early', 1.0)\n"
        "    open('wrote', 'w').close()\n"
        "    while not os.path.exists('go'):\n        time.sleep(0.05)\n    mlflow.log_metric('loss', 0.25, step=1)\n",
    )
    project = f"renewed-{tmp_path.name}"
    env = {**jobs.env, "MLFLOW_TRACKING_URI": mlflow_server, "MLFLOW_EXPERIMENT_NAME": project}
    words = ["import", project, "--format", "mlflow", "--at", mlflow_server, "--unfinished"]
    with waiting_job(jobs, env):
        (first,) = jobs.json(*words)["data"]["taken"]
        assert first["metrics"] == {"loss": 0.5, "early": 1.0}
        assert jobs.json("show", first["id"])["data"]["state"] == "lost"
    planned = jobs.json(*words, "--dry-run")["data"]
    assert [row["id"] for row in planned["renewed"]] == [first["id"]]
    assert jobs.json("show", first["id"])["data"]["state"] == "lost", "a dry run writes nothing"
    again = jobs.run(*words)
    assert f"{first['id']} had no end when it was taken and is read again" in again.stdout
    run = jobs.json("show", first["id"])["data"]
    assert (run["state"], run["metrics"], run["reason"]) == (
        "done",
        {"loss": 0.25, "early": 1.0},
        "",
    )
    assert values(jobs, first["id"]) == [0.5, 0.25]
    (listed,) = jobs.json("status", "--runs")["data"]
    assert (listed["state"], listed["metrics"]["loss"]) == ("done", 0.25)
    last = jobs.json(*words)["data"]
    assert (last["already"], last["renewed"], last["changed"], last["taken"]) == (1, [], [], [])
    assert jobs.json("verify")["ok"]


@needs("mlflow")
def test_a_run_that_ended_without_another_point_has_its_end(
    jobs: Lab, mlflow_server: str, tmp_path: Path
) -> None:
    jobs.write(
        "wait.py",
        "import os, time, mlflow\nwith mlflow.start_run():\n    mlflow.log_metric('loss', 0.5, step=0)\n"
        "    open('wrote', 'w').close()\n    while not os.path.exists('go'):\n        time.sleep(0.05)\n",
    )
    project = f"ended-{tmp_path.name}"
    env = {**jobs.env, "MLFLOW_TRACKING_URI": mlflow_server, "MLFLOW_EXPERIMENT_NAME": project}
    words = ["import", project, "--format", "mlflow", "--at", mlflow_server, "--unfinished"]
    with waiting_job(jobs, env):
        (first,) = jobs.json(*words)["data"]["taken"]
        still = jobs.json(*words)["data"]
        assert (still["already"], still["renewed"]) == (1, []), "nothing is new yet"
    assert [row["id"] for row in jobs.json(*words)["data"]["renewed"]] == [first["id"]]
    assert jobs.json("show", first["id"])["data"]["state"] == "done"


@needs("trackio")
def test_an_ended_run_that_changed_at_its_source_is_named_and_stays(
    jobs: Lab, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    env = {**jobs.env, "TRACKIO_DIR": str(store), "TRACKIO_PROJECT": "proj"}
    subprocess.run(
        [sys.executable, "trackio_job.py"], cwd=jobs.repo, env=env, check=True, capture_output=True
    )
    with sqlite3.connect(store / "proj.db") as base:
        base.execute("update metrics set timestamp = '2026-01-02T03:04:05+00:00'")
    words = ["import", "proj", "--format", "trackio", "--at", str(store)]
    (taken,) = jobs.json(*words)["data"]["taken"]
    with sqlite3.connect(store / "proj.db") as base:
        base.execute("update metrics set metrics = replace(metrics, '0.1', '0.7')")
    again = jobs.json(*words)
    assert [row["id"] for row in again["data"]["changed"]] == [taken["id"]]
    assert again["next"] == ["leadline tracker reconcile"]
    assert jobs.json("show", taken["id"])["data"]["metrics"] == {"loss": 0.1}


@needs("wandb")
@pytest.mark.long
def test_the_config_that_only_the_tracker_was_given_is_shown(jobs: Lab) -> None:
    jobs.ok("tracker", "set", "wandb", "proj")
    run = job(jobs, "wandb_job.py", "0.5")["id"]
    assert re.search(r"^its config +lr = 0\.5$", jobs.ok("show", run), re.MULTILINE)
    known = jobs.json(
        "run", "--quiet", "--set", "lr=0.5", "--", sys.executable, "wandb_job.py", "0.5"
    )
    again = known["data"]["runs"][-1]["id"]
    assert "its config" not in jobs.ok("show", again), "what the record knows is not said twice"

"""What the job of each program leaves becomes the record, and is sent by that program, through the CLI."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conftest import Lab
from tests.tracker_jobs import LOG_JOB, WANDB_JOB, job, shown, tracked, tracker_files
from tests.tracker_servers import BUILT_IN_KEY, WandbServer, needs

__all__ = ["tracked"]  # fixtures


def told(lab: Lab, *args: str) -> str:
    out = lab.ok("tracker", *args)
    assert "with 2 artifacts" in out, out
    assert "left here   big.bin: 3 MB, above the 1 MB of tracker.recorded_artifact_mb" in out, out
    return out


@needs("wandb")
def test_the_run_of_a_wandb_job_becomes_metrics_and_config_of_the_record(tracked: Lab) -> None:
    tracked.ok("tracker", "set", "wandb", "proj")
    made = job(tracked, "w.py", "0.5")
    assert made["metrics"] == {"loss": pytest.approx(0.05), "best": 0.25}
    run = shown(tracked, "P-001-r1")
    assert (run["tracker"]["name"], run["tracker"]["project"]) == ("P-001", "proj")
    assert run["tracker"]["config"] == {"lr": 0.5} and run["tracker"]["digest"].startswith(
        "sha256:"
    )
    assert {"source": "wandb", "kind": "tracker"}.items() <= run["extraction"]["sources"][
        -1
    ].items()
    assert tracked.git("status", "--short") == "", "wandb wrote into the work tree"
    repeat = tracked.json("run", "--quiet", "--experiment", "P-001")
    assert repeat["ok"] and shown(tracked, "P-001-r2")["tracker"]["name"] == "P-001-r2"
    assert "Tracker:" in tracked.ok("logbook")


@needs("wandb")
def test_what_only_the_tracker_knows_is_an_axis_of_a_comparison(tracked: Lab) -> None:
    tracked.ok("tracker", "set", "wandb", "proj")
    for rate in ("0.5", "0.25"):
        job(tracked, "w.py", rate)
    rows = tracked.json("compare", "P-001", "P-002", "--axis", "lr")["data"]["diff"]["rows"]
    assert [(r["key"], r["a"], r["b"], r["class"]) for r in rows] == [("lr", 0.5, 0.25, "axis")]


@needs("wandb")
def test_a_killed_job_is_named_and_keeps_what_it_wrote(tracked: Lab) -> None:
    tracked.ok("tracker", "set", "wandb", "proj")
    answer = tracked.json("run", "--quiet", "--", sys.executable, "w.py", "0.5", "die")
    assert answer["data"]["runs"][0]["state"] == "failed"
    run = shown(tracked, "P-001-r1")
    assert run["tracker"]["state"] == "crashed" and run["tracker"]["points"] > 0
    assert "has no end" in tracked.ok("tracker", "status")


def test_a_job_that_made_no_run_is_said(tracked: Lab) -> None:
    tracked.ok("tracker", "set", "wandb", "proj")
    job(tracked, "-c", "print('hello')")
    assert "made no run" in tracked.ok("tracker", "status")
    assert tracked.json("verify")["ok"]


@pytest.mark.long
def test_two_jobs_of_one_name_at_once_keep_their_own_runs(tracked: Lab) -> None:
    if find_spec("wandb") is None:
        pytest.skip("wandb is not installed: make test installs it")
    tracked.ok("tracker", "set", "wandb", "proj")
    command = [sys.executable, "-m", "leadline", "run", "--quiet", "--", sys.executable, "w.py"]
    both = [
        subprocess.Popen([*command, rate], cwd=tracked.repo, env=tracked.env)
        for rate in ("0.5", "0.25")
    ]
    assert [one.wait(120) for one in both] == [0, 0]
    for run in ("P-001-r1", "P-002-r1"):
        found = shown(tracked, run)
        assert found["metrics"]["loss"] == pytest.approx(found["tracker"]["config"]["lr"] / 10)
        assert found["argv"][-1] == str(found["tracker"]["config"]["lr"])


@needs("wandb")
@pytest.mark.long
def test_a_live_job_without_a_key_writes_beside_the_run(tracked: Lab) -> None:
    tracked.ok("tracker", "set", "wandb", "proj", "--live")
    answer = tracked.run(
        "run", "--quiet", "--", sys.executable, "w.py", "0.5", env={"WANDB_API_KEY": ""}
    )
    assert answer.returncode == 0, answer.stderr
    assert (
        "no key: export WANDB_API_KEY" in answer.stderr and "leadline tracker sync" in answer.stderr
    )
    run = shown(tracked, "P-001-r1")
    assert (
        run["metrics"]["best"] == 0.25
        and run["tracker"]["fell_back"]
        and not run["tracker"].get("live")
    )
    assert tracked.json("tracker", "status")["data"]["waiting"] == ["P-001-r1"]


def test_no_points_are_promised_of_a_job_that_made_no_run(tracked: Lab) -> None:
    tracked.ok("tracker", "set", "wandb", "proj")
    job(tracked, "-c", "print('hello')")
    listed = tracked.run("series", "P-001-r1")
    assert "tracker fetch" not in listed.stdout + listed.stderr


@needs("trackio")
def test_a_trackio_run_is_read_and_sent_once_to_the_shared_store(
    tracked: Lab, tmp_path: Path
) -> None:

    shared = tmp_path / "shared"
    tracked.ok("tracker", "set", "trackio", "proj", "--at", str(shared))
    made = job(tracked, "t.py")
    assert made["metrics"] == {"loss": 0.1}
    assert tracked.json("tracker", "sync")["counts"]["sent"] == 1
    assert tracked.json("tracker", "sync")["counts"]["sent"] == 0
    store = sqlite3.connect(shared / "proj.db")
    assert store.execute(
        "select count(*), count(distinct run_id), min(run_name) from metrics"
    ).fetchall() == [(10, 1, "P-001")]
    assert tracked.json("tracker", "status")["data"]["waiting"] == []


@needs("trackio")
@pytest.mark.long
def test_sending_again_after_it_was_cut_off_leaves_one_whole_run(
    tracked: Lab, tmp_path: Path
) -> None:
    """The store lost the last rows of what was sent, and nobody recorded that it was."""

    shared = tmp_path / "shared"
    tracked.ok("tracker", "set", "trackio", "proj", "--at", str(shared))
    job(tracked, "l.py")
    clone = tmp_path / "clone"
    subprocess.run(["cp", "-r", str(tracked.repo / ".git" / "leadline"), str(clone)], check=True)
    tracked.ok("tracker", "push")
    store = sqlite3.connect(shared / "proj.db")
    store.execute("delete from metrics where step >= 3")
    store.commit()
    subprocess.run(["rm", "-r", str(tracked.repo / ".git" / "leadline")], check=True)
    subprocess.run(["cp", "-r", str(clone), str(tracked.repo / ".git" / "leadline")], check=True)
    tracked.ok("tracker", "push")
    assert store.execute("select count(*), count(distinct run_id) from metrics").fetchall() == [
        (5, 1)
    ]


@needs("mlflow")
def test_an_mlflow_run_is_read_and_sent_once_to_a_server(tracked: Lab, mlflow_server: str) -> None:
    tracked.ok("tracker", "set", "mlflow", "sent-once", "--at", mlflow_server)
    assert job(tracked, "m.py")["metrics"] == {"loss": 0.1}
    job(tracked, "l.py")
    assert tracked.json("tracker", "sync")["counts"]["sent"] == 1
    assert tracked.json("tracker", "push")["counts"] == {"sent": 1, "left": 0, "already": 1}
    assert tracked.json("tracker", "sync")["counts"]["sent"] == 0
    run = shown(tracked, "P-001-r1")["tracker"]
    assert run["url"].startswith(mlflow_server) and run["state"] == "finished"
    from leadline.adapters.trackers.mlflow.tracker import MlflowTracker

    there = MlflowTracker({}, "").listed("sent-once", mlflow_server)
    assert [r.name for r in there] == ["P-001", "P-002"] and all(r.uid for r in there)
    reading = MlflowTracker({}, "").read(there[0])
    assert list(reading.series["loss"].values) == [1 / (step + 1) for step in range(10)]
    assert reading.config == {"lr": 0.1}


@needs("mlflow")
def test_a_run_whose_tracker_files_are_gone_is_sent_with_the_config_of_the_record(
    tracked: Lab, mlflow_server: str
) -> None:
    from leadline.adapters.trackers.mlflow.tracker import MlflowTracker

    tracked.ok("tracker", "set", "mlflow", "gone-files")
    job(tracked, "m.py")
    job(tracked, "m.py")
    shutil.rmtree(tracker_files(tracked, "P-001-r1"))
    tracked.ok("tracker", "set", "mlflow", "gone-files", "--at", mlflow_server)
    assert tracked.json("tracker", "sync")["counts"]["sent"] == 2
    client = MlflowTracker({}, "")
    readings = [client.read(run) for run in client.listed("gone-files", mlflow_server)]
    assert [r.config for r in readings] == [{"lr": 0.1}, {"lr": 0.1}]
    assert [list(r.series["loss"].values) for r in readings] == [
        [1 / (step + 1) for step in range(10)]
    ] * 2
    assert tracked.json("tracker", "reconcile")["ok"]


@needs("trackio")
@pytest.mark.long
def test_a_file_goes_to_trackio_once(tracked: Lab, tmp_path: Path) -> None:

    store = tmp_path / "store"
    tracked.ok("tracker", "set", "trackio", "proj", "--at", str(store))
    job(tracked, "l.py")
    tracked.ok("tracker", "push")
    for _ in range(2):
        assert tracked.json("tracker", "push", "P-001", "--artifact", "l.py")["counts"]["sent"] == 1
    base = sqlite3.connect(store / "proj.db")
    assert base.execute("select count(*) from artifact_versions").fetchall() == [(1,)]
    assert base.execute("select count(*), count(distinct run_id) from metrics").fetchall() == [
        (5, 1)
    ]


ARTIFACT_JOB = (
    LOG_JOB
    + """
leadline.log_artifact(b"<svg/>", name="plots/loss.svg")
for content in (b"old", b"weights"):
    leadline.log_artifact(content, name="m.pt")
leadline.log_artifact(b"x" * 3_000_000, name="big.bin")
"""
)


@pytest.fixture
def keeping(tracked: Lab) -> Lab:
    """A run that kept artifacts, one of them above the limit of 1 MB."""
    tracked.ok("init", "--set", "tracker.recorded_artifact_mb=1")
    tracked.write("a.py", ARTIFACT_JOB)
    return tracked


@needs("mlflow")
def test_recorded_artifacts_go_with_their_run_to_mlflow_once(
    keeping: Lab, mlflow_server: str
) -> None:
    from leadline.adapters.trackers.http import Server

    keeping.ok("tracker", "set", "mlflow", "kept", "--at", mlflow_server)
    job(keeping, "a.py")
    told(keeping, "push")
    about = shown(keeping, "P-001-r1")["tracker"]
    assert (
        set(about["artifacts"]) == {"plots/loss.svg", "m.pt"}
        and about["artifacts"]["m.pt"]["size_bytes"] == 7
    )
    call = Server("MLflow", mlflow_server, {}).call
    files = call("GET", f"/api/2.0/mlflow/artifacts/list?run_id={about['id']}")["files"]
    assert sorted((f["path"], f["is_dir"]) for f in files) == [("m.pt", False), ("plots", True)]
    assert keeping.json("tracker", "push")["data"]["already"] == ["P-001-r1"]
    again = keeping.json("tracker", "push", "P-001", "--artifact", "l.py")["data"]["sent"][0]
    assert again["artifacts"] == ["l.py"], "what was sent before is not sent again"


@needs("trackio")
@pytest.mark.long
def test_recorded_artifacts_go_with_their_run_to_trackio(keeping: Lab, tmp_path: Path) -> None:
    store = tmp_path / "store"
    keeping.ok("tracker", "set", "trackio", "kept", "--at", str(store))
    job(keeping, "a.py")
    told(keeping, "push")
    found = {p.name: p.read_bytes() for p in store.rglob("*") if p.is_file()}
    assert (
        b"weights" in found.values()
        and b"<svg/>" in found.values()
        and b"old" not in found.values()
    )
    assert keeping.json("tracker", "sync")["data"]["sent"] == []


@needs("wandb")
def test_recorded_artifacts_go_with_their_run_to_w_and_b_and_not_into_the_jobs_own(
    keeping: Lab, wandb_server: WandbServer
) -> None:
    keeping.env.update(WANDB_API_KEY=BUILT_IN_KEY)
    keeping.ok("tracker", "set", "wandb", "kept", "--at", wandb_server.url)
    job(keeping, "a.py")
    told(keeping, "push")
    keeping.write(
        "both.py", WANDB_JOB + "\nimport leadline\nleadline.log_artifact(b'w', name='m.pt')\n"
    )
    job(keeping, "both.py", "0.1")
    out = keeping.ok("tracker", "sync")
    assert (
        "left here   m.pt: W&B takes no files for P-002 any more: the job's own wandb made the run"
        in out
    )
    assert shown(keeping, "P-002-r1")["tracker"]["sent"], "the run itself is there"


def test_no_artifact_of_the_record_is_sent_where_none_is_wanted(
    keeping: Lab, tmp_path: Path
) -> None:
    keeping.ok("init", "--set", "tracker.recorded_artifact_mb=0")
    job(keeping, "a.py")
    from leadline.bootstrap import open_context
    from leadline.services.tracker.files import recorded_files

    context = open_context(str(keeping.repo))
    [run] = context.store.thread("demo").runs
    assert recorded_files(context, run, {}, again=False) == ({}, {}, [])

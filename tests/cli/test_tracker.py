"""`leadline tracker` and runs of a thread that has one, through the CLI and the real programs."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Lab
from tests.tracker_servers import QUIET, mlflow_server, needs, wandb_server

__all__ = ["mlflow_server", "wandb_server"]  # fixtures

WANDB_JOB = """
import sys, wandb
rate = float(sys.argv[1])
wandb.init(config={"lr": rate})
for step in range(3000 if "die" in sys.argv else 10):
    wandb.log({"loss": rate / (step + 1)})
wandb.summary["best"] = 0.25
if sys.argv[2:] == ["die"]:
    import os, signal, time
    time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGKILL)
wandb.finish()
"""
TRACKIO_JOB = """
import os, trackio
trackio.init(project=os.environ["TRACKIO_PROJECT"], config={"lr": 0.1})
for step in range(10):
    trackio.log({"loss": 1 / (step + 1)})
trackio.finish()
"""
MLFLOW_JOB = """
import mlflow
with mlflow.start_run():
    mlflow.log_params({"lr": 0.1})
    for step in range(10):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
"""
LOG_JOB = """
import leadline
for step in range(5):
    leadline.log(step=step, loss=1 / (step + 1))
"""
SENTINEL = "a1b2c3d4e5f6a7b8c9d0a1b2c3d4e5f6a7b8c9d0"


@pytest.fixture
def tracked(thread_lab: Lab) -> Lab:
    thread_lab.env.update(QUIET)
    for name, text in (("w.py", WANDB_JOB), ("t.py", TRACKIO_JOB), ("m.py", MLFLOW_JOB), ("l.py", LOG_JOB)):
        thread_lab.write(name, text)
    thread_lab.git("add", ".")
    thread_lab.git("commit", "-q", "-m", "jobs")
    return thread_lab


def job(lab: Lab, *args: str, **kwargs: Any) -> dict[str, Any]:
    answer = lab.json("run", "--quiet", "--", sys.executable, *args, **kwargs)
    assert answer["ok"], answer
    return answer["data"]["runs"][-1]


def shown(lab: Lab, run: str) -> dict[str, Any]:
    data: dict[str, Any] = lab.json("show", run)["data"]
    return data


@pytest.fixture
def silent_server() -> Iterator[str]:
    """Takes connections and never answers."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(16)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.close()


@pytest.fixture
def refusing_server() -> Iterator[tuple[str, list[str]]]:
    """Says 403 to everything; the list gets each request's line and headers."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(16)
    seen: list[str] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                seen.append(connection.recv(65536).decode("utf-8", "replace"))
                body = b'{"error_code": "PERMISSION_DENIED", "message": "not you"}'
                connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", seen
    listener.close()


# ---- choosing ------------------------------------------------------------------------------------------------------


def test_a_thread_starts_with_its_tracker(lab: Lab) -> None:
    answer = lab.run("start", "demo", "--no-branch", "--tracker", "wandb", "--tracker-project", "proj")
    assert answer.returncode == 0, answer.stderr
    assert lab.json("tracker", "status")["data"]["choice"]["project"] == "proj"
    assert "wandb proj" in lab.ok("logbook")


@pytest.mark.parametrize("words", [["nosuch", "proj"], ["wandb", ""], ["wandb", "a/b"], ["wandb", "x" * 200]])
def test_a_bad_choice_is_refused_and_nothing_is_recorded(tracked: Lab, words: list[str]) -> None:
    answer = tracked.json("tracker", "set", *words)
    assert answer["error"]["kind"] == "usage" and answer["error"]["next"]
    assert tracked.json("tracker", "status")["data"]["choices"] == []


def test_a_bad_tracker_starts_no_thread(lab: Lab) -> None:
    assert lab.json("start", "demo", "--no-branch", "--tracker", "nosuch")["error"]["code"] == "no-such-tracker"
    assert lab.run("status").returncode == 3


def test_an_address_with_a_password_is_refused(tracked: Lab) -> None:
    answer = tracked.run("tracker", "set", "mlflow", "proj", "--at", f"https://me:{SENTINEL}@example.org")
    assert answer.returncode == 5 and SENTINEL not in answer.stdout + answer.stderr


def test_choosing_the_same_again_writes_nothing(tracked: Lab) -> None:
    assert tracked.json("tracker", "set", "wandb", "proj")["data"]["changed"]
    assert not tracked.json("tracker", "set", "wandb", "proj")["data"]["changed"]
    assert len(tracked.json("tracker", "status")["data"]["choices"]) == 1


# ---- W&B -----------------------------------------------------------------------------------------------------------


@needs("wandb")
def test_the_run_of_a_wandb_job_becomes_metrics_and_config_of_the_record(tracked: Lab) -> None:
    tracked.ok("tracker", "set", "wandb", "proj")
    made = job(tracked, "w.py", "0.5")
    assert made["metrics"] == {"loss": pytest.approx(0.05), "best": 0.25}
    run = shown(tracked, "P-001-r1")
    assert (run["tracker"]["name"], run["tracker"]["project"]) == ("P-001", "proj")
    assert run["tracker"]["config"] == {"lr": 0.5} and run["tracker"]["digest"].startswith("sha256:")
    assert {"source": "wandb", "kind": "tracker"}.items() <= run["extraction"]["sources"][-1].items()
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
def test_a_project_is_chosen_once_and_comparing_across_is_refused(tracked: Lab) -> None:
    tracked.ok("tracker", "set", "wandb", "one")
    job(tracked, "w.py", "0.5")
    refused = tracked.json("tracker", "set", "wandb", "two")
    assert refused["error"]["code"] == "project-chosen"
    tracked.ok("tracker", "set", "wandb", "two", "--because", "the first was private")
    job(tracked, "w.py", "0.25")
    compared = tracked.json("compare", "P-001", "P-002", "--axis", "lr")["data"]
    assert "different-tracker-projects" in {r["code"] for r in compared["refusals"]}
    assert compared["metrics"][0]["verdict"] == "cannot be compared"


@needs("wandb")
def test_a_killed_job_is_named_and_keeps_what_it_wrote(tracked: Lab) -> None:
    tracked.ok("tracker", "set", "wandb", "proj")
    answer = tracked.json("run", "--quiet", "--", sys.executable, "w.py", "0.5", "die")
    assert answer["data"]["runs"][0]["state"] == "failed"
    run = shown(tracked, "P-001-r1")
    assert run["tracker"]["state"] == "crashed" and run["tracker"]["points"] > 0
    assert "has no end" in tracked.ok("tracker", "status")


@needs("wandb")
def test_without_a_key_runs_wait_and_no_key_is_ever_written(tracked: Lab) -> None:
    tracked.ok("tracker", "set", "wandb", "proj")
    job(tracked, "w.py", "0.5", env={"WANDB_API_KEY": SENTINEL, "WANDB_MODE": "offline"})
    done = tracked.run("tracker", "sync", "--json")
    assert done.returncode == 8
    assert json.loads(done.stdout)["data"]["left"][0]["run"] == "P-001-r1"
    down = {"WANDB_API_KEY": SENTINEL, "WANDB_BASE_URL": "http://127.0.0.1:9"}
    started = time.monotonic()
    failed = tracked.run("tracker", "sync", "--limit", "8", env=down)
    assert failed.returncode == 8 and time.monotonic() - started < 40
    assert SENTINEL not in failed.stdout + failed.stderr
    for path in (tracked.repo / ".git" / "leadline").rglob("*"):
        if path.is_file():
            assert SENTINEL.encode() not in path.read_bytes(), path


def test_a_key_given_as_an_option_is_refused(tracked: Lab) -> None:
    done = tracked.run("run", "--env", f"WANDB_API_KEY={SENTINEL}", "--", "true")
    assert done.returncode == 125 and SENTINEL not in done.stdout + done.stderr
    assert "export WANDB_API_KEY" in done.stderr
    for path in (tracked.repo / ".git" / "leadline").rglob("*"):
        assert not path.is_file() or SENTINEL.encode() not in path.read_bytes(), path


def test_a_job_that_made_no_run_is_said(tracked: Lab) -> None:
    tracked.ok("tracker", "set", "wandb", "proj")
    job(tracked, "-c", "print('hello')")
    assert "made no run" in tracked.ok("tracker", "status")
    assert tracked.json("verify")["ok"]


def test_two_jobs_of_one_name_at_once_keep_their_own_runs(tracked: Lab) -> None:
    if find_spec("wandb") is None:
        pytest.skip("wandb is not installed: make test installs it")
    tracked.ok("tracker", "set", "wandb", "proj")
    command = [sys.executable, "-m", "leadline", "run", "--quiet", "--", sys.executable, "w.py"]
    both = [subprocess.Popen([*command, rate], cwd=tracked.repo, env=tracked.env) for rate in ("0.5", "0.25")]
    assert [one.wait(120) for one in both] == [0, 0]
    for run in ("P-001-r1", "P-002-r1"):
        found = shown(tracked, run)
        assert found["metrics"]["loss"] == pytest.approx(found["tracker"]["config"]["lr"] / 10)
        assert found["argv"][-1] == str(found["tracker"]["config"]["lr"])


# ---- trackio -------------------------------------------------------------------------------------------------------


@needs("trackio")
def test_a_trackio_run_is_read_and_sent_once_to_the_shared_store(tracked: Lab, tmp_path: Path) -> None:
    import sqlite3

    shared = tmp_path / "shared"
    tracked.ok("tracker", "set", "trackio", "proj", "--at", str(shared))
    made = job(tracked, "t.py")
    assert made["metrics"] == {"loss": 0.1}
    assert tracked.json("tracker", "sync")["counts"]["sent"] == 1
    assert tracked.json("tracker", "sync")["counts"]["sent"] == 0
    store = sqlite3.connect(shared / "proj.db")
    assert store.execute("select count(*), count(distinct run_id), min(run_name) from metrics").fetchall() == [
        (10, 1, "P-001")
    ]
    assert tracked.json("tracker", "status")["data"]["waiting"] == []


@needs("trackio")
def test_sending_again_after_it_was_cut_off_leaves_one_whole_run(tracked: Lab, tmp_path: Path) -> None:
    """The store lost the last rows of what was sent, and nobody recorded that it was."""
    import sqlite3

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
    assert store.execute("select count(*), count(distinct run_id) from metrics").fetchall() == [(5, 1)]


# ---- MLflow --------------------------------------------------------------------------------------------------------


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
    from leadline.adapters.trackers.mlflow import MlflowTracker

    there = MlflowTracker({}, "").listed("sent-once", mlflow_server)
    assert [r.name for r in there] == ["P-001", "P-002"] and all(r.uid for r in there)
    reading = MlflowTracker({}, "").read(there[0])
    assert list(reading.series["loss"].values) == [1 / (step + 1) for step in range(10)]
    assert reading.config == {"lr": 0.1}


@needs("mlflow")
def test_a_live_job_is_found_on_the_server(tracked: Lab, mlflow_server: str) -> None:
    tracked.ok("tracker", "set", "mlflow", "live", "--at", mlflow_server, "--live")
    assert job(tracked, "m.py")["metrics"] == {"loss": 0.1}
    run = shown(tracked, "P-001-r1")["tracker"]
    assert run["url"].startswith(mlflow_server) and run["name"] == "P-001" and run["live"]
    status = tracked.json("tracker", "status")["data"]
    assert status["reach"]["reachable"] and status["waiting"] == []


@needs("mlflow")
@pytest.mark.parametrize("kind", ["down", "slow", "refusing"])
def test_a_server_that_is_down_slow_or_refusing_costs_no_job_and_no_record(
    tracked: Lab, kind: str, silent_server: str, refusing_server: tuple[str, list[str]], mlflow_server: str
) -> None:
    at = {"down": "http://127.0.0.1:9", "slow": silent_server, "refusing": refusing_server[0]}[kind]
    tracked.ok("tracker", "set", "mlflow", f"hard-{kind}", "--at", at, "--live")
    started = time.monotonic()
    made = job(tracked, "m.py")
    assert made["metrics"] == {"loss": 0.1} and time.monotonic() - started < 30
    assert shown(tracked, "P-001-r1")["tracker"]["fell_back"]
    started = time.monotonic()
    left = tracked.run("tracker", "sync", "--limit", "2", "--json")
    assert left.returncode == 8 and time.monotonic() - started < 15
    assert json.loads(left.stdout)["data"]["left"][0]["why"]
    tracked.ok("tracker", "set", "mlflow", f"hard-{kind}", "--at", mlflow_server)
    assert tracked.json("tracker", "sync")["counts"]["sent"] == 1
    assert tracked.json("verify")["ok"]


def test_a_key_goes_into_no_record_and_to_no_other_host(tracked: Lab, refusing_server: tuple[str, list[str]]) -> None:
    tracked.ok("tracker", "set", "mlflow", "proj", "--at", refusing_server[0])
    job(tracked, "l.py", env={"MLFLOW_TRACKING_TOKEN": SENTINEL})
    done = tracked.run("tracker", "push", env={"MLFLOW_TRACKING_TOKEN": SENTINEL})
    assert done.returncode == 8 and SENTINEL not in done.stdout + done.stderr
    assert any(f"Bearer {SENTINEL}" in request for request in refusing_server[1]), "the key was not used at all"
    for path in (tracked.repo / ".git" / "leadline").rglob("*"):
        assert not path.is_file() or SENTINEL.encode() not in path.read_bytes(), path

"""`leadline tracker` and runs of a thread that has one, through the CLI and the real programs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Lab
from tests.tracker_servers import (
    BUILT_IN_KEY,
    QUIET,
    WandbServer,
    needs,
    wandb_server_in,
)

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
    for name, text in (
        ("w.py", WANDB_JOB),
        ("t.py", TRACKIO_JOB),
        ("m.py", MLFLOW_JOB),
        ("l.py", LOG_JOB),
    ):
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


def tracker_files(lab: Lab, run: str) -> Path:
    """The folder that the job's own tracker wrote into."""
    return (
        lab.repo / ".git" / "leadline" / "runs" / shown(lab, run)["uid"] / "attempt-1" / "tracker"
    )


def ask_mlflow(server: str, call: str, **body: Any) -> dict[str, Any]:
    kind = {"Content-Type": "application/json"}
    to = urllib.request.Request(f"{server}/api/2.0/mlflow/{call}", json.dumps(body).encode(), kind)
    with urllib.request.urlopen(to, timeout=30) as reply:
        return dict(json.load(reply))


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
                connection.sendall(
                    b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n" % len(body) + body
                )

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", seen
    listener.close()


# ---- choosing ------------------------------------------------------------------------------------


def test_a_thread_starts_with_its_tracker(lab: Lab) -> None:
    answer = lab.run(
        "start", "demo", "--no-branch", "--tracker", "wandb", "--tracker-project", "proj"
    )
    assert answer.returncode == 0, answer.stderr
    assert lab.json("tracker", "status")["data"]["choice"]["project"] == "proj"
    assert "wandb proj" in lab.ok("logbook")


@pytest.mark.parametrize(
    "words", [["nosuch", "proj"], ["wandb", ""], ["wandb", "a/b"], ["wandb", "x" * 200]]
)
def test_a_bad_choice_is_refused_and_nothing_is_recorded(tracked: Lab, words: list[str]) -> None:
    answer = tracked.json("tracker", "set", *words)
    assert answer["error"]["kind"] == "usage" and answer["error"]["next"]
    assert tracked.json("tracker", "status")["data"]["choices"] == []


def test_a_bad_tracker_starts_no_thread(lab: Lab) -> None:
    assert (
        lab.json("start", "demo", "--no-branch", "--tracker", "nosuch")["error"]["code"]
        == "no-such-tracker"
    )
    assert lab.run("status").returncode == 3


def test_an_address_with_a_password_is_refused(tracked: Lab) -> None:
    answer = tracked.run(
        "tracker", "set", "mlflow", "proj", "--at", f"https://me:{SENTINEL}@example.org"
    )
    assert answer.returncode == 5 and SENTINEL not in answer.stdout + answer.stderr


@pytest.mark.parametrize("tracker", ["wandb", "mlflow"])
def test_an_address_that_is_not_encrypted_is_taken_and_said(tracked: Lab, tracker: str) -> None:
    """A warning: labs run such servers inside. On this machine itself nothing travels."""
    because = ("--because", "a test")
    done = tracked.run(
        "tracker", "set", tracker, "p", "--at", "http://tracker.example:5000", *because
    )
    assert done.returncode == 0 and "http://tracker.example:5000 is not encrypted" in done.stderr
    for at in ("http://127.0.0.1:5000", "https://tracker.example"):
        assert (
            "encrypted"
            not in tracked.run("tracker", "set", tracker, "p", "--at", at, *because).stderr
        )


@pytest.mark.parametrize(
    ("tracker", "at", "good"),
    [
        ("mlflow", "ftp://foo", False),
        ("mlflow", "http://", False),
        ("mlflow", "http://[foo", False),
        ("mlflow", "sqlite:///mlflow.db", True),
        ("mlflow", "file:///tmp/mlruns", True),
        ("mlflow", "../mlruns", True),
        ("wandb", "wandb.example", False),
        ("wandb", "https://wandb.example", True),
        ("trackio", "https://trackio.example", False),
        ("trackio", "s3://bucket", False),
        ("trackio", "store", True),
        ("leadline", "file:///tmp/runs", False),
    ],
)
def test_an_address_is_of_a_kind_that_the_tracker_has(
    tracked: Lab, tracker: str, at: str, good: bool
) -> None:
    answer = tracked.json("tracker", "set", tracker, "p", "--at", at)
    assert answer["ok"] == good, answer
    if not good:
        assert answer["error"]["code"] in ("bad-address", "no-server") and answer["error"]["next"]
        assert tracked.json("tracker", "status")["data"]["choices"] == []


def test_a_tracker_in_which_no_run_is_can_be_left(tracked: Lab) -> None:
    tracked.ok("tracker", "set", "mlflow", "x")
    job(tracked, "-c", "print('no run')")
    assert tracked.json("tracker", "set", "trackio", "y")["data"]["changed"]


@needs("mlflow")
def test_the_hints_of_a_refused_choice_repeat_what_was_asked(tracked: Lab) -> None:
    tracked.ok("tracker", "set", "mlflow", "x")
    job(tracked, "m.py")
    because = "--because 'why the comparison ends here'"
    error = tracked.json("tracker", "set", "none")["error"]
    assert error["what"] == "1 run of demo is in mlflow:x" and error["next"] == [
        f"leadline tracker set none {because}"
    ]
    told = "leadline tracker set mlflow 'my exp' --at http://127.0.0.1:5000 --live"
    assert tracked.json(
        "tracker", "set", "mlflow", "my exp", "--at", "http://127.0.0.1:5000", "--live"
    )["error"]["next"] == [f"leadline start demo-2 && {told}", f"{told} {because}"]
    assert tracked.json("tracker", "set", "mlflow", "other")["error"]["next"][0] == (
        "leadline start demo-2 --tracker mlflow --tracker-project other"
    )


def test_choosing_the_same_again_writes_nothing(tracked: Lab) -> None:
    assert tracked.json("tracker", "set", "wandb", "proj")["data"]["changed"]
    assert not tracked.json("tracker", "set", "wandb", "proj")["data"]["changed"]
    assert len(tracked.json("tracker", "status")["data"]["choices"]) == 1


# ---- W&B -----------------------------------------------------------------------------------------


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


# ---- trackio -------------------------------------------------------------------------------------


@needs("trackio")
def test_a_trackio_run_is_read_and_sent_once_to_the_shared_store(
    tracked: Lab, tmp_path: Path
) -> None:
    import sqlite3

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
def test_sending_again_after_it_was_cut_off_leaves_one_whole_run(
    tracked: Lab, tmp_path: Path
) -> None:
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
    assert store.execute("select count(*), count(distinct run_id) from metrics").fetchall() == [
        (5, 1)
    ]


# ---- MLflow --------------------------------------------------------------------------------------


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


@needs("mlflow")
def test_a_run_that_was_deleted_on_the_server_is_sent_again_when_it_is_named(
    tracked: Lab, mlflow_server: str
) -> None:
    tracked.ok("tracker", "set", "mlflow", "deleted", "--at", mlflow_server)
    job(tracked, "m.py")
    tracked.ok("tracker", "sync")
    first = shown(tracked, "P-001-r1")["tracker"]["id"]
    assert tracked.json("tracker", "push", "P-001")["counts"] == {
        "sent": 0,
        "left": 0,
        "already": 1,
    }
    ask_mlflow(mlflow_server, "runs/delete", run_id=first)
    assert tracked.run("tracker", "reconcile").returncode == 6
    assert tracked.json("tracker", "push", "P-001")["counts"] == {
        "sent": 1,
        "left": 0,
        "already": 0,
    }
    assert (
        tracked.json("tracker", "reconcile")["ok"]
        and shown(tracked, "P-001-r1")["tracker"]["id"] != first
    )


@needs("mlflow")
def test_a_server_that_takes_no_files_gets_the_run_whole_and_the_file_is_said(
    tracked: Lab, mlflow_server: str, tmp_path: Path
) -> None:
    ask_mlflow(
        mlflow_server,
        "experiments/create",
        name="no-files",
        artifact_location=f"file://{tmp_path}/art",
    )
    tracked.ok("tracker", "set", "mlflow", "no-files", "--at", mlflow_server)
    job(tracked, "l.py")
    tracked.write("model.txt", "weights")
    done = tracked.run("tracker", "push", "P-001", "--artifact", "model.txt")
    assert done.returncode == 8
    assert "sent        P-001-r1" in done.stdout and "without model.txt: " in done.stdout
    run = shown(tracked, "P-001-r1")["tracker"]
    assert run["sent"] and run["state"] == "finished" and "artifacts" not in run
    experiment = run["url"].split("/experiments/")[1].split("/")[0]
    reply = ask_mlflow(mlflow_server, "runs/search", experiment_ids=[experiment])
    assert [one["info"]["status"] for one in reply["runs"]] == ["FINISHED"]
    assert tracked.json("tracker", "status")["data"]["waiting"] == []


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
    tracked: Lab,
    kind: str,
    silent_server: str,
    refusing_server: tuple[str, list[str]],
    mlflow_server: str,
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


def test_a_key_goes_into_no_record_and_to_no_other_host(
    tracked: Lab, refusing_server: tuple[str, list[str]]
) -> None:
    tracked.ok("tracker", "set", "mlflow", "proj", "--at", refusing_server[0])
    job(tracked, "l.py", env={"MLFLOW_TRACKING_TOKEN": SENTINEL})
    done = tracked.run("tracker", "push", env={"MLFLOW_TRACKING_TOKEN": SENTINEL})
    assert done.returncode == 8 and SENTINEL not in done.stdout + done.stderr
    assert any(f"Bearer {SENTINEL}" in request for request in refusing_server[1]), (
        "the key was not used at all"
    )
    for path in (tracked.repo / ".git" / "leadline").rglob("*"):
        assert not path.is_file() or SENTINEL.encode() not in path.read_bytes(), path


# ---- W&B with a server ---------------------------------------------------------------------------


@needs("wandb")
def test_a_live_run_has_its_page_and_what_w_and_b_needs_to_show_it(
    tracked: Lab, wandb_server: WandbServer
) -> None:
    tracked.env["WANDB_API_KEY"] = BUILT_IN_KEY
    tracked.ok("tracker", "set", "wandb", "shown", "--at", wandb_server.url, "--live")
    job(tracked, "w.py", "0.5")
    tracked.ok("run", "--quiet", "--experiment", "P-001")
    run = shown(tracked, "P-001-r1")["tracker"]
    assert run["url"] == f"{wandb_server.url}/default/shown/runs/{run['id']}" and run["live"]
    assert run["url"] in tracked.ok("logbook")
    project = "from runs join projects on projects.id = project_id where projects.name = 'shown'"
    rows = wandb_server.sql(
        f"select display_name, state, notes, tags_json {project} order by display_name"
    )
    assert [row[:3] for row in rows] == [
        ("P-001", "finished", shown(tracked, "P-001")["title"]),
        ("P-001-r2", "finished", shown(tracked, "P-001")["title"]),
    ]
    assert json.loads(rows[0][3])[:2] == ["leadline", "demo"]
    assert tracked.json("tracker", "status")["data"]["waiting"] == []
    for path in (tracked.repo / ".git" / "leadline").rglob("*"):
        assert not path.is_file() or BUILT_IN_KEY.encode() not in path.read_bytes(), path


@needs("wandb")
def test_what_was_offline_is_sent_once_when_the_server_is_back(
    tracked: Lab, tmp_path: Path
) -> None:
    server = wandb_server_in(tmp_path)
    tracked.env["WANDB_API_KEY"] = BUILT_IN_KEY
    tracked.ok("tracker", "set", "wandb", "later", "--at", server.url)
    job(tracked, "w.py", "0.5")
    job(tracked, "l.py")
    left = tracked.run("tracker", "sync", "--limit", "10", "--json")
    assert left.returncode == 8 and json.loads(left.stdout)["counts"] == {
        "read": 0,
        "sent": 0,
        "left": 1,
    }
    with server.serve():
        assert [r["run"] for r in tracked.json("tracker", "sync")["data"]["sent"]] == ["P-001-r1"]
        model = tracked.write("model.bin", "weights " * 100)
        pushed = tracked.json("tracker", "push", "P-002", "--artifact", str(model))["data"]
        assert [r["run"] for r in pushed["sent"]] == ["P-002-r1"]
        assert tracked.json("tracker", "sync")["counts"]["sent"] == 0
        assert tracked.json("tracker", "push")["counts"]["sent"] == 0
        late = tracked.json("tracker", "push", "P-002", "--artifact", str(model))["data"]["left"]
        assert "was sent already" in late[0]["why"]
        rows = server.sql(
            "select display_name, state, config_json, summary_json from runs order by display_name"
        )
        assert [row[:2] for row in rows] == [("P-001", "finished"), ("P-002", "finished")]
        assert (
            json.loads(rows[0][2])["lr"]["value"] == 0.5 and json.loads(rows[1][3])["loss"] == 0.2
        )
        steps = "select count(distinct step) from metrics where key = 'loss' and run_id = "
        steps += "(select run_id from runs where display_name = ?)"
        assert [server.sql(steps, name)[0][0] for name in ("P-001", "P-002")] == [10, 5]
    kept = shown(tracked, "P-002-r1")["tracker"]["artifacts"]["model.bin"]
    assert kept["size_bytes"] == 800 and kept["digest"].startswith("sha256:")


@needs("wandb")
def test_a_server_that_dies_in_mid_run_costs_neither_the_job_nor_the_record(
    tracked: Lab, tmp_path: Path
) -> None:
    """A live job waits for W&B no longer than it is told to, and what it wrote is sent later."""
    server = wandb_server_in(tmp_path)
    tracked.env["WANDB_API_KEY"] = BUILT_IN_KEY
    tracked.env["WANDB_FINISH_TIMEOUT"] = "3"
    tracked.ok("tracker", "set", "wandb", "dies", "--at", server.url, "--live")
    waits = (
        "import os, time, wandb\nwandb.init()\nwandb.log({'loss': 1.0})\nopen('up', 'w').close()\n"
    )
    waits += "while not os.path.exists('go'):\n    time.sleep(0.05)\nwandb.log({'loss': 0.5})\nwandb.finish()\n"
    tracked.write("wait.py", waits)
    command = [sys.executable, "-m", "leadline", "run", "--quiet", "--", sys.executable, "wait.py"]
    with server.serve() as serving:
        running = subprocess.Popen(
            command, cwd=tracked.repo, env=tracked.env, stdout=subprocess.DEVNULL
        )
        until = time.monotonic() + 60
        while not (tracked.repo / "up").exists():
            assert time.monotonic() < until and running.poll() is None
            time.sleep(0.05)
        os.killpg(serving.pid, signal.SIGKILL)
        serving.wait(10)
    (tracked.repo / "go").touch()
    assert running.wait(120) == 0
    run = shown(tracked, "P-001-r1")
    assert run["state"] == "done" and run["metrics"]["loss"] == 0.5
    assert tracked.json("verify")["ok"]
    assert [
        r["run"] for r in tracked.json("tracker", "status")["data"]["runs"] if r["waiting"]
    ] == ["P-001-r1"]
    with server.serve():
        synced = tracked.json("tracker", "sync")
        assert synced["counts"]["sent"] == 1, synced
        assert server.sql("select count(*) from runs") == [(1,)]
        assert server.sql("select step, value from metrics where key = 'loss' order by step") == [
            (0, 1.0),
            (1, 0.5),
        ]


# ---- keys in wrong places ------------------------------------------------------------------------


def held(lab: Lab, secret: str) -> list[str]:
    """Files of the record, but for the job's own specification, that hold ``secret``."""
    top = lab.repo / ".git" / "leadline"
    files = [path for path in top.rglob("*") if path.is_file() and path.name != "spec.json"]
    return [str(path) for path in files if secret.encode() in path.read_bytes()]


@pytest.mark.parametrize("key", [SENTINEL, "of-my-own-making-77"])
@pytest.mark.parametrize("place", ["project", "at", "start"])
def test_a_key_where_a_name_belongs_is_refused(lab: Lab, key: str, place: str) -> None:
    lab.env["WANDB_API_KEY"] = key
    if place == "start":
        done = lab.run(
            "start", "demo", "--no-branch", "--tracker", "wandb", "--tracker-project", key
        )
    else:
        lab.ok("start", "demo", "--no-branch")
        words = [key] if place == "project" else ["proj", "--at", f"https://example.org/?x={key}"]
        done = lab.run("tracker", "set", "wandb", *words)
    assert done.returncode == 5 and key not in done.stdout + done.stderr
    assert held(lab, key) == []


@needs("wandb")
def test_a_key_in_title_config_reason_or_command_is_written_nowhere(tracked: Lab) -> None:
    key = tracked.env["WANDB_API_KEY"] = "of-my-own-making-77"
    tracked.ok("tracker", "set", "wandb", "proj", "--because", f"the key is {key}")
    words = [
        "run",
        "--quiet",
        "--secret-argv-ok",
        "--title",
        f"with {key}",
        "--set",
        f"k={key}",
        "--",
    ]
    tracked.ok(*words, sys.executable, "w.py", "0.5", "--key", key)
    run = shown(tracked, "P-001-r1")
    assert run["tracker"]["points"] == 10 and "[redacted" in run["argv"][-1]
    assert held(tracked, key) == [], "W&B's own files are in the run folder too"


def records(lab: Lab) -> list[dict[str, Any]]:
    """The bodies of every record of the thread."""
    files = (lab.repo / ".git" / "leadline" / "threads" / "demo" / "events").glob("*.jsonl")
    return [json.loads(line)["body"] for file in files for line in file.read_text().splitlines()]


# ---- pages and files -----------------------------------------------------------------------------


def test_a_report_is_shown_where_people_look(tracked: Lab) -> None:
    page = "https://wandb.ai/team/proj/reports/Loss--Vmlldzo5"
    tracked.ok("tracker", "link", page)
    assert tracked.json("tracker", "link", page, "--title", "Loss | curves")["data"]["changed"]
    assert not tracked.json("tracker", "link", page, "--title", "Loss | curves")["data"]["changed"]
    tracked.ok("issue", "sync")
    body = next(r["body"] for r in records(tracked) if page in str(r.get("body", "")))
    for text in (tracked.ok("logbook"), body, tracked.ok("brief")):
        assert text.count(page) == 1, text
    assert "- **Loss \\| curves:** " + page in tracked.ok("logbook")
    assert tracked.json("verify")["ok"]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("javascript:alert(1)", "bad-link"),
        ("https://", "bad-link"),
        ("https://wandb.ai/a b", "bad-link"),
        ("https://wandb.ai/<script>", "bad-link"),
        ("https://wandb.ai/t/p/reports/x?accessToken=abcdefgh12345678", "key-in-link"),
        ("https://me:secret@wandb.ai/t/p", "key-in-link"),
        (f"https://wandb.ai/t/{SENTINEL}", "key-in-link"),
    ],
)
def test_a_link_that_opens_a_door_is_refused(tracked: Lab, url: str, code: str) -> None:
    answer = tracked.json("tracker", "link", url)
    assert answer["error"]["code"] == code and answer["error"]["next"]
    assert "accessToken" not in str(answer["error"]["next"]) and held(tracked, "accessToken") == []


def test_a_file_over_the_limit_is_neither_read_nor_sent(tracked: Lab) -> None:
    tracked.ok("tracker", "set", "trackio", "proj", "--at", str(tracked.repo / "store"))
    job(tracked, "l.py")
    with open(tracked.repo / "huge.bin", "wb") as file:
        file.truncate(10 * 10**9)
    (tracked.repo / ".env").write_text("TOKEN=1\n")
    started = time.monotonic()
    refused = tracked.json("tracker", "push", "P-001", "--artifact", "huge.bin")["error"]
    assert refused["code"] == "artifact-too-large" and "10,000 MB" in refused["what"]
    assert (
        refused["next"] == ["leadline init --artifact-limit-mb 10000"]
        and time.monotonic() - started < 20
    )
    codes = {
        "nothing.bin": "no-such-file",
        ".": "bad-artifact",
        ".env": "secret-in-artifact",
    }
    for name, code in codes.items():
        assert tracked.json("tracker", "push", "P-001", "--artifact", name)["error"]["code"] == code
    job(tracked, "l.py")
    two = tracked.json("tracker", "push", "P-001", "P-002", "--artifact", "l.py")["error"]
    assert two["code"] == "artifact-of-one-run"
    assert not (tracked.repo / "store").exists(), "something was sent"


@needs("mlflow")
def test_a_large_file_is_sent_in_bounded_memory(tracked: Lab, mlflow_server: str) -> None:
    """400 MB within 400 MB of address space, the interpreter included."""
    import resource

    tracked.ok("tracker", "set", "mlflow", "files", "--at", mlflow_server)
    job(tracked, "l.py")
    with open(tracked.repo / "large.bin", "wb") as file:
        file.truncate(400 * 10**6)

    def bounded() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (400 * 10**6, 400 * 10**6))

    command = [
        sys.executable,
        "-m",
        "leadline",
        "tracker",
        "push",
        "P-001",
        "--artifact",
        "large.bin",
        "--json",
    ]
    done = subprocess.run(
        command,
        cwd=tracked.repo,
        env=tracked.env,
        capture_output=True,
        text=True,
        preexec_fn=bounded,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        shown(tracked, "P-001-r1")["tracker"]["artifacts"]["large.bin"]["size_bytes"] == 400 * 10**6
    )
    from leadline.adapters.trackers.http import Server

    run_id = shown(tracked, "P-001-r1")["tracker"]["id"]
    listed = Server("MLflow", mlflow_server, {}).call(
        "GET", f"/api/2.0/mlflow/artifacts/list?run_id={run_id}"
    )
    assert [(f["path"], int(f["file_size"])) for f in listed["files"]] == [
        ("large.bin", 400 * 10**6)
    ]


@needs("trackio")
def test_a_file_goes_to_trackio_once(tracked: Lab, tmp_path: Path) -> None:
    import sqlite3

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


def test_no_tracker_is_imported_where_none_is_used(tracked: Lab) -> None:
    tracked.ok("tracker", "set", "wandb", "proj")
    code = (
        "import sys; from leadline.cli.main import main; main(['tracker', 'status']); main(['tracker', 'reconcile']); "
        "print(sorted(set(sys.modules) & {'wandb', 'mlflow', 'trackio', 'tensorboard', 'pandas', 'numpy'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tracked.repo,
        env=tracked.env,
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr


# ---- artifacts of the record ---------------------------------------------------------------------

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
    tracked.write("leadline.toml", "[tracker]\nrecorded_artifact_mb = 1\n")
    tracked.write("a.py", ARTIFACT_JOB)
    return tracked


def told(lab: Lab, *args: str) -> str:
    out = lab.ok("tracker", *args)
    assert "with 2 artifacts" in out, out
    assert "left here   big.bin: 3 MB, above the 1 MB of tracker.recorded_artifact_mb" in out, out
    return out


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
    keeping.write("leadline.toml", "[tracker]\nrecorded_artifact_mb = 0\n")
    job(keeping, "a.py")
    from leadline.bootstrap import open_context
    from leadline.services.tracker.files import recorded_files

    context = open_context(str(keeping.repo))
    [run] = context.store.thread("demo").runs
    assert recorded_files(context, run, {}, again=False) == ({}, {}, [])

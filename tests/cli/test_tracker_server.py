"""Servers of trackers, there, away and refusing, through the CLI and the real programs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import Lab
from tests.tracker_jobs import ask_mlflow, job, refusing_server, shown, silent_server, tracked
from tests.tracker_servers import BUILT_IN_KEY, WandbServer, needs, wandb_server_in

pytestmark = pytest.mark.long

__all__ = ["refusing_server", "silent_server", "tracked"]  # fixtures


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

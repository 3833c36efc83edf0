"""Jobs that use trackers' own libraries, and the repositories in which tests run them."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import warm_server
from tests.conftest import Lab
from tests.tracker_servers import BUILT_IN_KEY, QUIET

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
TRACKERS = {"w.py": WANDB_JOB, "t.py": TRACKIO_JOB, "m.py": MLFLOW_JOB}
DIP_JOB = """
import wandb
run = wandb.init(config={"lr": 0.1})
for value in (3.0, 1.0, 2.0):
    wandb.log({"loss": value})
run.summary["best"] = 0.25
wandb.finish()
"""


@pytest.fixture
def tracked(thread_lab: Lab, warm_jobs: str) -> Lab:
    thread_lab.env.update({**QUIET, warm_server.SOCKET: warm_jobs})
    for name, text in {**TRACKERS, "l.py": LOG_JOB}.items():
        thread_lab.write(name, text)
    thread_lab.git("add", ".")
    thread_lab.git("commit", "-q", "-m", "jobs")
    return thread_lab


def python(lab: Lab, script: str) -> list[str]:
    """What runs a job: where its libraries are imported already, if it is one of a tracker."""
    known = (*TRACKERS, "wandb_job.py", "trackio_job.py", "mlflow_job.py")
    warm = warm_server.SOCKET in lab.env and script in known
    return [sys.executable, *([warm_server.__file__] if warm else [])]


def job(lab: Lab, *args: str, **kwargs: Any) -> dict[str, Any]:
    answer = lab.json("run", "--quiet", "--", *python(lab, args[0]), *args, **kwargs)
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


@pytest.fixture
def outside(lab: Lab, tmp_path: Path, warm_jobs: str) -> Lab:
    """A thread with a metric, jobs beside it, and somebody who runs them without Leadline."""
    lab.env.update({**QUIET, warm_server.SOCKET: warm_jobs})
    lab.ok(
        "start",
        "demo",
        "--prefix",
        "P",
        "--no-branch",
        "--goal",
        "find out",
        "--success",
        "loss::lower",
    )
    for name, text in TRACKERS.items():
        lab.write(name, text)
    lab.git("add", ".")
    lab.git("commit", "-q", "-m", "jobs")
    (tmp_path / "elsewhere").mkdir()
    return lab


def alone(lab: Lab, *words: str, **variables: str) -> None:
    """Run a job without Leadline."""
    words = tuple(str(lab.repo / w) if w.endswith(".py") else w for w in words)
    folder = lab.repo.parent / "elsewhere"
    with open(folder.with_name("said"), "w+b") as said:
        streams = [said.fileno()] * 3
        env = {**lab.env, **variables}
        code = warm_server.send(lab.env[warm_server.SOCKET], [*words], str(folder), env, streams)
        said.seek(0)
        assert code in (0, -9), said.read()[-2000:].decode()


def offline(lab: Lab, rate: str, *words: str, name: str = "mine") -> None:
    alone(lab, "w.py", rate, *words, WANDB_MODE="offline", WANDB_PROJECT="outside", WANDB_NAME=name)


def taken(lab: Lab, *words: str, **kwargs: dict[str, str]) -> dict:
    envelope = lab.json("import", *words, **kwargs)
    assert envelope["ok"], envelope
    return envelope["data"]


def served(lab: Lab, project: str, url: str) -> None:
    """A run that only a server has: its files here are gone."""
    lab.write("dip.py", DIP_JOB)
    alone(lab, "dip.py", WANDB_PROJECT=project, WANDB_BASE_URL=url, WANDB_API_KEY=BUILT_IN_KEY)
    subprocess.run(["rm", "-r", str(lab.repo.parent / "elsewhere" / "wandb")], check=True)


def held(lab: Lab, secret: str) -> list[str]:
    """Files of the record, but for the job's own specification, that hold ``secret``."""
    top = lab.repo / ".git" / "leadline"
    files = [path for path in top.rglob("*") if path.is_file() and path.name != "spec.json"]
    return [str(path) for path in files if secret.encode() in path.read_bytes()]

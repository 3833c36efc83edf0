"""Servers of trackers that the tests talk to, on a free port of 127.0.0.1 and ended by their own
process group."""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from leadline.testing.executor_contract import wait_until
from tests import warm_server

COUNTERPARTS = Path(__file__).resolve().parents[1] / ".cache" / "counterparts"
QUIET = {
    "WANDB_SILENT": "true",
    "WANDB_ERROR_REPORTING": "false",
    "WANDB_X_DISABLE_STATS": "true",
    "WANDB_X_DISABLE_MACHINE_INFO": "true",
    "WANDB_X_SAVE_REQUIREMENTS": "false",
    "HF_HUB_OFFLINE": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
}
PR_SET_PDEATHSIG = 1  # of prctl(2)
BUILT_IN_KEY = "local" + "0" * 40  # of every openwandb; opens nothing else


def needs(package: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        find_spec(package) is None, reason=f"{package} is not installed: make test installs it"
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end_with_parent() -> None:
    """For ``preexec_fn``: a test process that is killed leaves no server behind (Linux; elsewhere
    nothing)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def started(
    command: list[str], folder: Path, environ: dict[str, str], **how: Any
) -> subprocess.Popen[bytes]:
    with open(folder / "log", "ab") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environ,
            cwd=folder,
            start_new_session=True,
            **how,
        )


def until_it_answers(server: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    until = time.monotonic() + 150
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        said = (folder / "log").read_text()[-3000:]
        assert server.poll() is None and time.monotonic() < until, said
        time.sleep(0.05)


@contextmanager
def serving(
    command: list[str], port: int, folder: Path, environ: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A server process, from the moment it takes connections."""
    server = started(command, folder, environ, preexec_fn=end_with_parent)
    try:
        until_it_answers(server, port, folder)
        yield server
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A real `mlflow server` with a sqlite store: one for all workers of pytest, as its start costs
    more than most of what is asked of it. Every test has a project of its own there.

    The first who needs it starts it; ``end_shared`` ends it when all tests are done."""
    if find_spec("mlflow") is None or find_spec("flask") is None:
        pytest.skip("the MLflow server is not installed: make test installs it")
    folder = _of_all_workers(tmp_path_factory.getbasetemp()) / "mlflow-server"
    folder.mkdir(exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            return (folder / "url").read_text()
        except FileNotFoundError:
            url = _started_mlflow(folder)
        (folder / "url").write_text(url)
    return url


@pytest.fixture(scope="session")
def warm_jobs(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The socket of a process that has trackers' libraries imported: `tests/warm_server.py`. One for
    all workers of pytest; ``end_shared`` ends it."""
    folder = _of_all_workers(tmp_path_factory.getbasetemp()) / "warm-server"
    folder.mkdir(exist_ok=True)
    where = folder / "socket"
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "pid").exists():
            keep = {k: v for k, v in os.environ.items() if k in ("PATH", "TMPDIR")}
            environ = {**keep, **QUIET, "HOME": str(folder), "LC_ALL": "C.UTF-8"}
            server = started([sys.executable, warm_server.__file__, str(where)], folder, environ)
            (folder / "pid").write_text(str(server.pid))
            wait_until(lambda: warm_server.listens(str(where)), "trackers' libraries")
    return str(where)


def _of_all_workers(base: Path) -> Path:
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def _started_mlflow(folder: Path) -> str:
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--backend-store-uri", f"sqlite:///{folder}/ml.db"]
    command += ["--artifacts-destination", str(folder / "art")]
    environ = {**os.environ, **QUIET, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    server = started(command, folder, environ)
    (folder / "pid").write_text(str(server.pid))
    until_it_answers(server, port, folder)
    return f"http://127.0.0.1:{port}"


def end_shared(base: Path) -> None:
    """End what the workers of the session with the temporary folder ``base`` share."""
    for pid in base.glob("*-server/pid"):
        with suppress(ProcessLookupError):
            os.killpg(int(pid.read_text()), signal.SIGTERM)


@dataclass
class WandbServer:
    """An openwandb: not W&B's own, but one that W&B's own client takes for it."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def serve(self) -> Any:
        program = COUNTERPARTS / "openwandb" / "bin" / "openwandb"
        command = [str(program), "serve", "--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--data-dir", str(self.folder / "data"), "--log-level", "warning"]
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        return serving(command, self.port, self.folder, environ)

    def sql(self, statement: str, *values: Any) -> list[Any]:
        with (
            closing(sqlite3.connect(self.folder / "data" / "openwandb.db", timeout=10)) as store,
            store,
        ):
            return store.execute(statement, values).fetchall()


def wandb_server_in(folder: Path) -> WandbServer:
    if (
        find_spec("wandb") is None
        or not (COUNTERPARTS / "openwandb" / "bin" / "openwandb").exists()
    ):
        why = "no server for W&B's client here: python tools/counterparts.py"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    return WandbServer(folder, free_port())


@pytest.fixture(scope="module")
def wandb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WandbServer]:
    made = wandb_server_in(tmp_path_factory.mktemp("openwandb"))
    with made.serve():
        yield made


@dataclass
class HistoryServer:
    """``tests/wandb_history_server.py`` in front of an openwandb: the same runs, with their history
    by GraphQL."""

    url: str

    def told(self, **how: Any) -> int:
        """Answer so from now on; how many pages of a history were asked for until now."""
        request = urllib.request.Request(
            f"{self.url}/stand-in", json.dumps(how).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=10) as reply:
            return int(json.load(reply)["pages"])


@pytest.fixture(scope="module")
def history_server(
    wandb_server: WandbServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HistoryServer]:
    folder, port = tmp_path_factory.mktemp("history"), free_port()
    python = COUNTERPARTS / "openwandb" / "bin" / "python"
    program = Path(__file__).with_name("wandb_history_server.py")
    with serving(
        [str(python), str(program), str(port), wandb_server.url],
        port,
        folder,
        {"PATH": os.environ["PATH"]},
    ):
        yield HistoryServer(f"http://127.0.0.1:{port}")


def old_wandb_client() -> Path:
    """The Python that has a W&B client which reads histories by GraphQL alone."""
    python = COUNTERPARTS / "wandb-client" / "bin" / "python"
    if not python.exists():
        why = "no older W&B client here: python tools/counterparts.py"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    return python

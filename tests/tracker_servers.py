"""Servers of trackers that the tests talk to, on a free port of 127.0.0.1 and ended by their own
process group."""

from __future__ import annotations

import ctypes
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
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

COUNTERPARTS = Path(__file__).resolve().parents[1] / ".cache" / "counterparts"
QUIET = {
    "WANDB_SILENT": "true",
    "WANDB_ERROR_REPORTING": "false",
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


@contextmanager
def serving(
    command: list[str], port: int, folder: Path, environ: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A server process, from the moment it takes connections."""
    with open(folder / "log", "ab") as log:
        server = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            env=environ,
            cwd=folder,
            start_new_session=True,
            preexec_fn=end_with_parent,
        )
    try:
        until = time.monotonic() + 90
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None and time.monotonic() < until, (folder / "log").read_text()[
                -3000:
            ]
            time.sleep(0.05)
        yield server
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real `mlflow server` with a sqlite store."""
    if find_spec("mlflow") is None or find_spec("flask") is None:
        pytest.skip("the MLflow server is not installed: make test installs it")
    folder, port = tmp_path_factory.mktemp("mlflow"), free_port()
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    command += [
        "--backend-store-uri",
        f"sqlite:///{folder}/ml.db",
        "--artifacts-destination",
        str(folder / "art"),
    ]
    environ = {**os.environ, **QUIET, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with serving(command, port, folder, environ):
        yield f"http://127.0.0.1:{port}"


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


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
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

"""Real engines that the tests run jobs on, each on loopback and ended by its own processes: Slurm of
the distribution, and Ray in an environment of its own.

One of each serves all workers of pytest; a test that kills a node has a cluster of its own. Where an
engine is not installed, tests say so and skip; under continuous integration they fail.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.tracker_servers import COUNTERPARTS, end_with_parent, free_port

PATIENCE_S = 150.0
SLURM_CONF = """\
ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
AuthInfo=cred_expire=20
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmctldPort={control}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_min_interval=0,batch_sched_delay=0,bf_interval=1,sched_interval=1
SlurmdParameters=config_overrides
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
KillWait=3
MinJobAge={forgets_after_s}
MaxArraySize=2001
MaxJobCount=5000
SlurmctldTimeout=30
SlurmdTimeout=10
InactiveLimit=0
GresTypes=gpu
NodeName=n1 NodeHostname=localhost NodeAddr=127.0.0.1 Port={n1} CPUs=16 Gres=gpu:1 State=UNKNOWN
NodeName=n2 NodeHostname=localhost NodeAddr=127.0.0.1 Port={n2} CPUs=16 State=UNKNOWN
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
{partitions}
"""
#: Of each worker of pytest, so that one can hold jobs back and the others do not notice.
WORKERS = ("master", *(f"gw{n}" for n in range(8)))
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "master")
NODES = ("n1", "n2")
TOKEN = "a-token-that-opens-the-tests-own-cluster-and-nothing-else"


def absent(why: str) -> None:
    """An engine that is not here: a failure where everything is to be tested, else a loud skip."""
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


@dataclass
class Slurm:
    """``slurmctld`` and two ``slurmd`` on 127.0.0.1, without munge, systemd, cgroups, accounting.

    ``environ``: what a client needs to talk to it."""

    folder: Path
    daemons: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    own: bool = True  # ends with the process that started it

    @property
    def environ(self) -> dict[str, str]:
        return {"SLURM_CONF": str(self.folder / "slurm.conf")}

    def start(self, forgets_after_s: int = 300) -> Slurm:
        (self.folder / "state").mkdir(parents=True)
        ports = {name: free_port() for name in ("control", *NODES)}
        partitions = (f"PartitionName={w} Nodes=n1,n2 MaxTime=INFINITE State=UP" for w in WORKERS)
        conf = SLURM_CONF.format(
            folder=self.folder,
            forgets_after_s=forgets_after_s,
            partitions="\n".join(partitions),
            **ports,
        )
        (self.folder / "slurm.conf").write_text(conf)
        # The same cluster, seen from where it cannot be reached.
        (self.folder / "unreachable").mkdir()
        (self.folder / "unreachable" / "slurm.conf").write_text(
            conf.replace(f"SlurmctldPort={ports['control']}", "SlurmctldPort=1")
        )
        (self.folder / "gres.conf").write_text("NodeName=n1 Name=gpu File=/dev/null\n")
        self.control("-c")
        for node in NODES:
            self.node(node)
        self.until(lambda: self.ask("sinfo", "-h", "-r", "-o", "%D %t").strip() == "2 idle")
        return self

    @contextmanager
    def full(self) -> Iterator[None]:
        """Jobs of this worker's partition wait."""
        self.ask("scontrol", "update", f"partition={WORKER}", "state=DOWN")
        try:
            yield
        finally:
            self.ask("scontrol", "update", f"partition={WORKER}", "state=UP")

    @contextmanager
    def out_of_reach(self) -> Iterator[None]:
        """For what this process starts."""
        before = os.environ["SLURM_CONF"]
        os.environ["SLURM_CONF"] = str(self.folder / "unreachable" / "slurm.conf")
        try:
            yield
        finally:
            os.environ["SLURM_CONF"] = before

    def control(self, *more: str) -> None:
        self._daemon("slurmctld", "slurmctld", "-D", *more)

    def node(self, name: str) -> None:
        self._daemon(name, "slurmd", "-D", "-N", name)

    def kill(self, name: str) -> None:
        """At once, as a machine that goes down."""
        self.daemons[name].kill()
        self.daemons[name].wait()

    def end(self, name: str) -> None:
        """As whoever installs another version of it does."""
        self.daemons[name].terminate()
        self.daemons[name].wait(60)

    def ask(self, *command: str) -> str:
        done = subprocess.run(
            command, env={**os.environ, **self.environ}, capture_output=True, text=True, timeout=60
        )
        return done.stdout

    def until(self, condition: Any) -> None:
        end = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end, self.said()
            time.sleep(0.05)

    def said(self) -> str:
        return "\n".join(log.read_text()[-1500:] for log in sorted(self.folder.glob("*.log")))

    def stop(self) -> None:
        self.ask("scancel", "--full", "-u", "root")
        for daemon in self.daemons.values():
            if daemon.poll() is None:
                daemon.terminate()
        for daemon in self.daemons.values():
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()

    def _daemon(self, name: str, program: str, *arguments: str) -> None:
        path = shutil.which(program, path="/usr/sbin:/usr/local/sbin:" + os.environ["PATH"])
        assert path, program
        with open(self.folder / f"{name}.out", "ab") as log:
            self.daemons[name] = subprocess.Popen(
                [path, *arguments],
                env={**os.environ, **self.environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                preexec_fn=end_with_parent if self.own else None,
            )


def has_slurm() -> bool:
    path = "/usr/sbin:" + os.environ["PATH"]
    return os.geteuid() == 0 and all(
        shutil.which(program, path=path) for program in ("slurmctld", "slurmd", "sbatch")
    )


@contextmanager
def own_slurm(folder: Path, forgets_after_s: int = 300) -> Iterator[Slurm]:
    """A cluster of a test that breaks it."""
    if not has_slurm():
        absent("no Slurm here, or not root: python tools/counterparts.py installs it")
    cluster = Slurm(folder)
    try:
        yield cluster.start(forgets_after_s)
    finally:
        cluster.stop()


@dataclass
class Ray:
    """A head with dashboard and a second node, in token mode; every listener is on 127.0.0.1."""

    folder: Path
    port: int = 0  # of the dashboard
    gcs: int = 0
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    own: bool = True

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environ(self) -> dict[str, str]:
        """What a client needs."""
        return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": TOKEN}

    def start(self) -> Ray:
        self.folder.mkdir(parents=True)
        self.port, self.gcs = free_port(), free_port()
        self.head()
        self.node()
        return self

    def head(self) -> None:
        self._ray(
            "head",
            "--head",
            f"--port={self.gcs}",
            "--dashboard-host=127.0.0.1",
            f"--dashboard-port={self.port}",
            f"--dashboard-agent-listen-port={free_port()}",
            "--include-dashboard=true",
            "--num-cpus=16",
            f"--resources={json.dumps({'device': 1, **dict.fromkeys(WORKERS, 100)})}",
            "--disable-usage-stats",
            f"--temp-dir={self.temporary}",
        )
        self.until(lambda: self.answers("/api/version") and self.alive() >= 1)

    def node(self) -> None:
        """A second one, whose jobs ask for ``second``."""
        alive = self.alive()
        self._ray(
            "node",
            f"--address=127.0.0.1:{self.gcs}",
            "--num-cpus=4",
            '--resources={"second": 100}',
            f"--dashboard-agent-listen-port={free_port()}",
        )
        self.until(lambda: self.alive() > alive)

    @property
    def temporary(self) -> str:
        """Ray puts sockets there, whose paths have 107 bytes at most."""
        return f"/tmp/ray-{self.port}"

    def kill_node(self) -> None:
        """At once, with all that Ray runs on it, as a machine that goes down."""
        os.killpg(self.processes["node"].pid, signal.SIGKILL)
        self.processes["node"].wait()

    def answers(self, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, headers)
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
                request, timeout=10
            ) as answer:
                return json.load(answer)
        except (OSError, ValueError):
            return None

    @contextmanager
    def full(self) -> Iterator[None]:
        """Jobs that need something of this worker's resource wait."""
        name = f"full-{WORKER}-{time.monotonic_ns()}"
        asked = {
            "entrypoint": "sleep 600",
            "submission_id": name,
            "entrypoint_num_cpus": 0,
            "entrypoint_resources": {WORKER: 100},
        }
        self.answers("/api/jobs/", asked)
        self.until(lambda: self.answers(f"/api/jobs/{name}")["status"] == "RUNNING")
        try:
            yield
        finally:
            self.answers(f"/api/jobs/{name}/stop", {})

    def alive(self) -> int:
        found = self.answers("/nodes?view=summary") or {}
        rows = (found.get("data") or {}).get("summary") or []
        return sum((row.get("raylet") or {}).get("state") == "ALIVE" for row in rows)

    def until(self, condition: Any) -> None:
        end = time.monotonic() + PATIENCE_S
        while not condition():
            died = [name for name, one in self.processes.items() if one.poll() is not None]
            assert not died and time.monotonic() < end, (died, self.said())
            time.sleep(0.1)

    def said(self) -> str:
        return "\n".join(log.read_text()[-3000:] for log in sorted(self.folder.glob("*.out")))

    def stop(self) -> None:
        for one in self.processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(one.pid, signal.SIGTERM)
        for one in self.processes.values():
            try:
                one.wait(10)
            except subprocess.TimeoutExpired:
                pass
            with contextlib.suppress(ProcessLookupError):
                os.killpg(one.pid, signal.SIGKILL)
            one.wait()
        shutil.rmtree(self.temporary, ignore_errors=True)

    def _ray(self, name: str, *arguments: str) -> None:
        program = COUNTERPARTS / "ray" / "bin" / "ray"
        environ = {
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "RAY_health_check_period_ms": "1000",
            "RAY_health_check_timeout_ms": "2000",
            "RAY_health_check_failure_threshold": "3",
            "RAY_health_check_initial_delay_ms": "2000",
            **self.environ,
        }
        with open(self.folder / f"{name}.out", "ab") as log:
            self.processes[name] = subprocess.Popen(
                [
                    str(program), "start", "--block", "--node-ip-address=127.0.0.1",
                    "--object-store-memory=80000000", *arguments,
                ],
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                preexec_fn=end_with_parent if self.own else None,
            )  # fmt: skip


class Relay:
    """Passes connections on to a port of this host, until it is cut."""

    def __init__(self, to: int) -> None:
        self.to, self.port = to, free_port()
        self.listener: socket.socket | None = None
        self.mend()

    def mend(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=[self.listener], daemon=True).start()

    @contextmanager
    def cut(self) -> Iterator[None]:
        assert self.listener is not None
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        try:
            yield
        finally:
            self.mend()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.to))
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._copy, args=[one, other], daemon=True).start()

    def _copy(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)


def need_ray() -> None:
    if not (COUNTERPARTS / "ray" / "bin" / "ray").exists():
        absent("no Ray here: python tools/counterparts.py installs it")


@contextmanager
def own_ray(folder: Path) -> Iterator[Ray]:
    """A cluster of a test that breaks it."""
    need_ray()
    cluster = Ray(folder)
    try:
        yield cluster.start()
    finally:
        cluster.stop()


@pytest.fixture(scope="session")
def ray(tmp_path_factory: pytest.TempPathFactory) -> Ray:
    """The cluster that all tests share: nothing in it is to be broken."""
    need_ray()

    def start(folder: Path) -> list[int]:
        cluster = Ray(folder / "cluster", own=False).start()
        (folder / "port").write_text(str(cluster.port))
        return [one.pid for one in cluster.processes.values()]

    folder = _shared(tmp_path_factory.getbasetemp(), "ray", start)
    return Ray(folder / "cluster", port=int((folder / "port").read_text()))


@pytest.fixture
def ray_client(ray: Ray, monkeypatch: pytest.MonkeyPatch) -> Ray:
    """The same, for what this test asks of it."""
    for name, value in ray.environ.items():
        monkeypatch.setenv(name, value)
    return ray


def _shared(base: Path, name: str, start: Any) -> Path:
    """The folder of a server that all workers use; the first starts it, ``end_shared`` ends it."""
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"{name}-server"
    folder.mkdir(exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            pids = start(folder)
            (folder / "pids").write_text(json.dumps(pids))
            (folder / "ready").touch()
    return folder


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Slurm:
    """The cluster that all tests share: nothing in it is to be broken."""
    if not has_slurm():
        absent("no Slurm here, or not root: python tools/counterparts.py installs it")

    def start(folder: Path) -> list[int]:
        cluster = Slurm(folder / "cluster", own=False).start()
        return [daemon.pid for daemon in cluster.daemons.values()]

    return Slurm(_shared(tmp_path_factory.getbasetemp(), "slurm", start) / "cluster", own=False)


@pytest.fixture
def slurm_client(slurm: Slurm, monkeypatch: pytest.MonkeyPatch) -> Slurm:
    """The same, for the commands that this test starts."""
    for name, value in slurm.environ.items():
        monkeypatch.setenv(name, value)
    return slurm


def end_engines(base: Path) -> None:
    """End what the workers of the session with the temporary folder ``base`` share."""
    for pids in base.glob("*-server/pids"):
        for pid in json.loads(pids.read_text()):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGTERM)
    for port in base.glob("ray-server/port"):
        shutil.rmtree(Ray(base, port=int(port.read_text())).temporary, ignore_errors=True)

"""One device, one job: the lock is held by the run tree, and the lock alone says who has it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from leadline.adapters.executors.local import LocalExecutor
from leadline.core.errors import LeadlineError
from leadline.job import lease, probe
from leadline.testing.executor_contract import Attempt, living, wait_until

ADA: lease.Holder = {"run": "P-003-r1", "thread": "attention", "who": "ada", "host": "dev1"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEADLINE_LEASES", str(tmp_path / "leases"))
    return tmp_path / "leases"


def attempt(tmp_path: Path, name: str, argv: list[str], **spec: Any) -> Attempt:
    factory: Any = LocalExecutor
    return Attempt(tmp_path / name / "attempt-1", factory, argv, devices=["gpu0"], **spec)


def test_the_second_is_refused_with_the_name_of_the_first(tmp_path: Path) -> None:
    first = attempt(tmp_path, "one", ["sleep", "60"], holder=dict(ADA)).submit()
    second = attempt(tmp_path, "two", ["true"])
    with pytest.raises(LeadlineError) as caught:
        second.submit()
    assert caught.value.code == "device-taken"
    assert "P-003-r1 of attention (ada on dev1) since 20" in caught.value.what
    assert not Path(second.dir, "alive.lock").exists()  # it may be asked for again
    first.executor.cancel(first.dir, first.handle)
    first.finish()
    assert second.submit().finish()["state"] == "done"


def test_what_escaped_still_holds_it_and_what_died_does_not(tmp_path: Path) -> None:
    script = "setsid setsid sh -c 'echo up; sleep 60' & sleep 60"
    one = attempt(tmp_path, "one", ["sh", "-c", script]).submit()
    one.wait_for_output(b"up")
    os.kill(one.owner_pid(), signal.SIGKILL)
    one.wait_for_state("orphaned")
    assert lease.holder("gpu0", lease.JOB) is not None
    for pid in living(one.cookie):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: lease.holder("gpu0", lease.JOB) is None, "the lock to be free")
    [row] = lease.listed()
    assert row["state"] == "free"  # however new the file is
    assert attempt(tmp_path, "two", ["true"]).submit().finish()["state"] == "done"
    assert probe.state(one.dir)["state"] == "gone"


def test_a_reservation_lets_its_key_through_and_nobody_else(tmp_path: Path) -> None:
    lease.reserve("gpu0", 600.0, {**ADA, "key": "k", "why": "timing"})
    [row] = lease.listed()
    assert row["state"] == "reserved" and "key" not in row["holder"]
    with pytest.raises(LeadlineError) as caught:
        attempt(tmp_path, "other", ["true"]).submit()
    assert "reserved by P-003-r1" in caught.value.what and "timing" in caught.value.what
    mine = attempt(tmp_path, "mine", ["true"], device_keys=["k"])
    assert mine.submit().finish()["state"] == "done"
    with pytest.raises(lease.Taken):
        lease.reserve("gpu0", 1.0, {**ADA, "key": "other"})
    assert "reserved" in lease.release("gpu0", "other")
    assert lease.release("gpu0", "k") == ""
    assert lease.listed()[0]["state"] == "free"
    assert lease.release("gpu0", "k") == "gpu0 is not reserved"


def test_a_reservation_ends_with_its_time_and_with_its_process() -> None:
    lease.reserve("gpu0", 0.1, {**ADA, "key": "k"})
    wait_until(lambda: lease.holder("gpu0", lease.RESERVED) is None, "the end of the reservation")
    lease.reserve("gpu0", 600.0, {**ADA, "key": "k"})
    held = wait_until(lambda: (lease.holder("gpu0", lease.RESERVED) or {}).get("pid"), "its holder")
    os.kill(held, signal.SIGKILL)
    wait_until(lambda: lease.holder("gpu0", lease.RESERVED) is None, "the lock to be free")


def test_what_a_run_holds_cannot_be_reserved(tmp_path: Path) -> None:
    one = attempt(tmp_path, "one", ["sleep", "60"], holder=dict(ADA)).submit()
    with pytest.raises(lease.Taken, match="held by P-003-r1"):
        lease.reserve("gpu0", 1.0, {**ADA, "key": "k"})
    one.executor.cancel(one.dir, one.handle)


@pytest.mark.parametrize("device", ["", "../gpu0", "a/b", "x" * 61, "gpu 0"])
def test_a_name_is_no_path(device: str, folder: Path) -> None:
    with pytest.raises(lease.Taken):
        lease.take(device, lease.JOB, ADA)


def test_a_damaged_file_of_somebody_else_frees_nothing_and_breaks_nothing(folder: Path) -> None:
    lease.folder()
    (folder / "gpu0.lock").write_text("{")
    code = (
        "import fcntl, sys\n"
        "file = open(sys.argv[1], 'r+')\n"
        "whole = (1).to_bytes(2, sys.byteorder) + bytes(30)\n"
        "fcntl.fcntl(file, fcntl.F_OFD_SETLK, whole)\n"
        "print('up', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder / "gpu0.lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None and other.stdout.readline()
        assert lease.holder("gpu0", lease.JOB) == {}
        with pytest.raises(lease.Taken, match="held by somebody"):
            lease.take("gpu0", lease.JOB, ADA)
        other.communicate()
    assert lease.listed() == [{"device": "gpu0", "state": "free", "holder": {}}]
    assert json.loads((folder / "gpu0.lock").read_text() + "}") == {}

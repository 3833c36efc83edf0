"""States that a probe must tell apart, made by hand from files and locks."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from leadline.job import probe, supervise
from leadline.testing.executor_contract import living, wait_until

PROBE = [sys.executable, "-I", "-S", probe.__file__]


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(tmp_path)


def lock(path: str) -> int:
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    assert supervise.take_lock(fd)
    return fd


def write_owner(folder: str, **facts: Any) -> dict[str, Any]:
    owner = {
        "host": os.uname().nodename,
        "boot_id": probe.boot_id(),
        "pid": 1 << 22,
        "start_ticks": 1,
        "locks": True,
    }
    owner |= {"cookie": os.urandom(8).hex(), **facts}
    Path(folder, "owner.json").write_text(json.dumps(owner))
    return owner


def state(folder: str) -> str:
    return str(probe.state(folder)["state"])


def test_states_follow_locks_and_result(folder: str) -> None:
    assert state(folder) == "not_started"
    alive = lock(f"{folder}/alive.lock")
    assert state(folder) == "running"
    owner = write_owner(folder)
    tree = lock(f"{folder}/tree.lock")
    assert probe.state(folder) == {"state": "running", "owner": owner}
    os.close(alive)
    assert state(folder) == "orphaned"
    os.close(tree)
    assert state(folder) == "gone"
    Path(folder, "result.json").write_text('{"v":1,"state":"done"}')
    assert probe.state(folder) == {
        "state": "finished",
        "result": {"v": 1, "state": "done"},
        "owner": owner,
    }


def test_result_counts_while_the_supervisor_still_holds_its_lock(folder: str) -> None:
    alive = lock(f"{folder}/alive.lock")
    Path(folder, "result.json").write_text("{}")
    assert state(folder) == "finished"
    os.close(alive)


def test_result_that_appears_while_looking_is_seen(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(folder, "alive.lock").touch()
    real = probe.held

    def held(path: str) -> bool | None:
        answer = real(path)
        if path.endswith("tree.lock"):
            Path(folder, "result.json").write_text("{}")
        return answer

    monkeypatch.setattr(probe, "held", held)
    assert state(folder) == "finished"


def test_asking_takes_no_lock(folder: str) -> None:
    """While a prober asks without pause, no attempt to take the lock may fail."""
    Path(folder, "alive.lock").touch()
    code = "import sys; from leadline.job import probe\nprint(flush=True)\nwhile True: probe.held(sys.argv[1])"
    prober = subprocess.Popen(
        [sys.executable, "-c", code, f"{folder}/alive.lock"], stdout=subprocess.PIPE
    )
    assert prober.stdout is not None and prober.stdout.readline()
    try:
        for _ in range(5000):
            os.close(lock(f"{folder}/alive.lock"))
    finally:
        prober.kill()
        prober.communicate()


def test_without_locks_the_process_decides(folder: str) -> None:
    Path(folder, "alive.lock").touch()
    me = {"pid": os.getpid(), "start_ticks": probe.start_ticks(os.getpid()), "locks": False}
    write_owner(folder, **me)
    assert state(folder) == "running"
    for other in (
        {"start_ticks": 1},
        {"boot_id": "another boot"},
        {"locks": True},
        {"start_ticks": None},
    ):
        write_owner(folder, **{**me, **other})
        assert state(folder) == "gone", other


def test_cancel_does_not_signal_a_stranger(folder: str) -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger:
        alive = lock(f"{folder}/alive.lock")
        ticks = probe.start_ticks(stranger.pid)
        for wrong in (
            {"start_ticks": (ticks or 0) - 1},
            {"boot_id": "another boot"},
            {"boot_id": None, "host": "x"},
        ):
            write_owner(folder, **{"pid": stranger.pid, "start_ticks": ticks, **wrong})
            answer = probe.cancel(folder)
            assert (answer["did"], bool(answer["why"])) == ("nothing", True), wrong
        assert stranger.poll() is None
        write_owner(folder, pid=stranger.pid, start_ticks=ticks)
        assert probe.cancel(folder)["pids"] == [stranger.pid]
        assert stranger.wait(60) == -signal.SIGTERM
        os.close(alive)


def test_cancel_where_nothing_runs(folder: str) -> None:
    assert probe.cancel(folder)["did"] == "nothing"
    Path(folder, "alive.lock").touch()
    assert probe.cancel(folder) == {
        "did": "nothing",
        "pids": [],
        "state": "gone",
        "why": "nothing of it is running",
    }


def test_cancel_waits_for_a_supervisor_that_is_starting(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Locked, owner.json not yet there: the moment between the two must not lose a cancellation."""
    code = (
        "import sys,time,os,json; sys.path.append(sys.argv[2]); import supervise,probe\n"
        "d=sys.argv[1]; fd=os.open(d+'/alive.lock',os.O_RDWR|os.O_CREAT); supervise.take_lock(fd); print(flush=True)\n"
        "sys.stdin.readline(); me=os.getpid()\n"
        "json.dump(dict(pid=me,start_ticks=probe.start_ticks(me),boot_id=probe.boot_id(),locks=True),open(d+'/t','w'))\n"
        "os.rename(d+'/t',d+'/owner.json'); time.sleep(60)"
    )
    here = os.path.dirname(probe.__file__)
    starting = subprocess.Popen(
        [sys.executable, "-c", code, folder, here], stdin=-1, stdout=-1, bufsize=0
    )
    assert starting.stdin is not None and starting.stdout is not None and starting.stdout.readline()
    stdin, sleep = starting.stdin, time.sleep

    def go_on(duration_s: float) -> None:
        stdin.write(b"\n")
        sleep(duration_s)

    monkeypatch.setattr(time, "sleep", go_on)
    assert probe.cancel(folder)["did"] == "asked_supervisor"
    assert starting.wait(60) == -signal.SIGTERM


def test_orphans_are_found_by_cookie_or_lock_and_others_are_spared(folder: str) -> None:
    owner = write_owner(folder)
    Path(folder, "alive.lock").touch()
    tree = lock(f"{folder}/tree.lock")
    by_lock = subprocess.Popen(["sleep", "60"], pass_fds=[tree])
    os.close(tree)
    by_cookie = subprocess.Popen(
        ["sleep", "60"], env={**os.environ, "LEADLINE_COOKIE": owner["cookie"]}
    )
    other = subprocess.Popen(
        ["sleep", "60"], env={**os.environ, "LEADLINE_COOKIE": owner["cookie"] + "0"}
    )
    wait_until(lambda: living(owner["cookie"]))
    assert state(folder) == "orphaned"
    assert sorted(probe.cancel(folder)["pids"]) == sorted([by_lock.pid, by_cookie.pid])
    assert state(folder) == "gone"
    assert by_lock.wait() == by_cookie.wait() == -signal.SIGTERM
    assert other.poll() is None
    other.kill()
    other.wait()


@pytest.mark.parametrize("left", ["", "[]", '{"state":'])
def test_what_a_power_cut_left_of_a_result_is_none(folder: str, left: str) -> None:
    Path(folder, "result.json").write_text(left)
    Path(folder, "alive.lock").touch()
    assert probe.state(folder)["state"] == "gone"


def test_as_a_program_it_answers_for_many_folders(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    a.mkdir()
    b.mkdir()
    (b / "result.json").write_text('{"state":"done"}')
    out = subprocess.run([*PROBE, "state", str(a), str(b)], capture_output=True, check=True).stdout
    assert {k: v["state"] for k, v in json.loads(out).items()} == {
        str(a): "not_started",
        str(b): "finished",
    }
    assert subprocess.run(PROBE, capture_output=True).returncode == 64


def test_locks_are_of_the_open_file_kind(folder: str) -> None:
    """A lock of the older kind belongs to a process and would vanish when it opens and closes the
    file once more."""
    fd = lock(f"{folder}/x")
    os.close(os.open(f"{folder}/x", os.O_RDWR))
    assert probe.held(f"{folder}/x") is True
    with pytest.raises(OSError), open(f"{folder}/x", "r+b") as f:
        fcntl.fcntl(f, fcntl.F_OFD_SETLK, fcntl.F_WRLCK.to_bytes(2, sys.byteorder) + bytes(30))
    os.close(fd)

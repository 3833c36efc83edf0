"""A job program that was started before there was an attempt: it is taken for the next one, or ends."""

from __future__ import annotations

import gc
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from leadline.adapters.executors import local
from leadline.adapters.executors.local import LocalExecutor
from leadline.core.errors import LeadlineError
from leadline.job import probe, supervise
from leadline.testing.executor_contract import PATIENCE_S, Attempt, wait_until

UNTIL_TOLD = ("sh", "-c", "while ! test -e go; do sleep 0.01; done")
Ready = Callable[..., tuple[Attempt, int]]


def children() -> set[int]:
    return {int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}


@pytest.fixture
def ready(tmp_path: Path) -> Ready:
    def made(*argv: str) -> tuple[Attempt, int]:
        attempt = Attempt(tmp_path / "attempt-1", LocalExecutor, list(argv))
        before = children()
        attempt.executor.make_ready()  # type: ignore[attr-defined]
        (pid,) = children() - before
        return attempt, pid

    return made


def test_the_attempt_goes_to_the_program_that_is_up(ready: Ready) -> None:
    one, pid = ready("sh", "-c", "echo said; exit 3")
    one.submit()
    assert one.handle["pid"] == pid
    result = one.finish()
    assert (result["state"], result["exit_code"]) == ("failed", 3)
    assert one.output() == b"said\n"
    assert one.output("supervisor.err") == b""


def test_of_several_that_are_begun_each_has_a_fork_of_it(ready: Ready, tmp_path: Path) -> None:
    one, pid = ready(*UNTIL_TOLD)
    two = Attempt(tmp_path / "attempt-2", lambda: one.executor, list(UNTIL_TOLD))
    both = [one.begin(), two.begin()]
    for each in both:
        each.wait_for_state("running")
        assert supervise.stat_fields(each.handle["pid"])[1] == b"%d" % pid
    one.executor.not_needed()  # type: ignore[attr-defined]  # they go on without it
    for each in both:
        assert each.state() == "running"
        each.touch("go")
        result = each.finish()
        assert (result["state"], result["leftover_processes"]) == ("done", 0)


def test_a_program_that_was_forked_supervises_nothing_itself(ready: Ready, tmp_path: Path) -> None:
    """It would take the others for what its command left behind, and end them."""
    one, pid = ready(*UNTIL_TOLD)
    one.begin().wait_for_state("running")
    two = Attempt(tmp_path / "attempt-2", lambda: one.executor, ["true"])
    assert two.submit().handle["pid"] != pid
    assert two.finish()["leftover_processes"] == 0
    assert one.state() == "running"
    one.touch("go")
    assert one.finish()["state"] == "done"


def test_what_it_refuses_is_told_as_ever(ready: Ready) -> None:
    one, _ = ready("true")
    spec = Path(one.dir, "spec.json")
    good = spec.read_text()
    spec.write_text("[1]")
    with pytest.raises(LeadlineError) as caught:
        one.submit()
    assert caught.value.code == "supervisor-refused"
    assert "spec.json cannot be used" in caught.value.what
    spec.write_text(good)
    assert one.submit().finish()["state"] == "done"


def test_another_environment_has_a_program_of_its_own(
    ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, pid = ready("sh", "-c", "echo $SET_LATER")
    monkeypatch.setenv("SET_LATER", "yes")
    one.submit().finish()
    assert one.output() == b"yes\n"
    assert pid not in children()


def test_an_attempt_that_was_started_before_is_left_alone(ready: Ready) -> None:
    one, _ = ready("sh", "-c", "echo once")
    LocalExecutor().submit(one.dir, {})
    one.submit()
    one.finish()
    assert one.output() == b"once\n"
    assert one.output("supervisor.err") == b""


@pytest.mark.parametrize("start", ["submit", "begin"])
def test_one_that_is_gone_is_replaced(ready: Ready, start: str) -> None:
    one, pid = ready("true")
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert getattr(one, start)().handle["pid"] != pid
    assert one.finish()["state"] == "done"


def test_it_keeps_nothing_open_of_its_launcher() -> None:
    """Who asked for a sweep that goes on by itself waits until this is closed."""
    told, tell = os.pipe()
    os.set_inheritable(tell, True)
    executor = LocalExecutor()
    executor.make_ready()
    os.close(tell)
    assert select.select([told], [], [], PATIENCE_S)[0]
    os.close(told)
    executor.not_needed()


def test_what_nobody_needed_ends_with_its_launcher(ready: Ready) -> None:
    one, pid = ready("true")
    others = children() - {pid}
    one.executor.not_needed()  # type: ignore[attr-defined]
    assert children() == others
    one.executor.make_ready()  # type: ignore[attr-defined]
    assert children() != others
    del one.executor
    assert children() == others
    code = """
import gc
import os
from leadline.adapters.executors import local
from leadline.adapters.executors.local import LocalExecutor
executor = LocalExecutor()
executor.make_ready()
print(executor._ready.pid, flush=True)
os._exit(0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    wait_until(lambda: probe.start_ticks(int(done.stdout)) is None, "its end")


@pytest.mark.filterwarnings("error")
def test_an_interrupt_while_it_is_started_leaves_nothing_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(local, "_spawn", interrupted)
    before = os.listdir("/proc/self/fd")
    with pytest.raises(KeyboardInterrupt):
        LocalExecutor().make_ready()
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == len(before)

"""The obligations of ``leadline.ports.executor.Executor`` as tests, for any implementation.

    from leadline.testing.executor_contract import ExecutorContract

    class TestMyExecutor(ExecutorContract):
        @pytest.fixture
        def executor_factory(self):
            return MyExecutor          # importable: another process makes its own

Needs pytest and a POSIX shell. Everything runs on this host, so an engine is tested by a cluster of
one. The suite waits for conditions and asserts states, order and bytes, never wall times.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from leadline.core.errors import LeadlineError
from leadline.job import probe
from leadline.ports.attempt import Handle, Result
from leadline.ports.executor import OVER, POLL_STATES, Executor

PATIENCE_S = 60.0
KILLED_AT = 8  # steps of a submission
PYTHON = [sys.executable, "-I", "-S", "-c"]
IN_ANOTHER_PROCESS = """
import json, os, pickle, sys, time
sys.path[:0] = json.loads(sys.argv[1])
executor = pickle.loads(bytes.fromhex(sys.argv[2]))()
verb, folder = sys.argv[3:5]
with open(sys.argv[5]) as file:
    handle = json.load(file)
if verb == "submit":
    print(json.dumps(executor.submit(folder, {})), flush=True)
    time.sleep(600)
elif verb == "submit-dies":
    step, left = "", int(sys.argv[6])
    def look(event, given):
        global left
        writes = event == "open" and isinstance(given[2], int) and given[2] & 3
        if writes or event in STEPS:
            left -= 1
            if left < 0:
                os._exit(9)
    STEPS = ("os.rename", "os.link", "os.mkdir", "os.posix_spawn", "os.fork", "subprocess.Popen", "socket.connect")
    sys.addaudithook(look)
    executor.submit(folder, {})
elif verb == "poll":
    print(json.dumps(executor.poll([(folder, handle)])))
elif verb == "wait":
    print(json.dumps(executor.wait([(folder, handle)], 60)))
elif verb == "cancel":
    print(json.dumps(executor.cancel(folder, handle)))
elif verb == "result":
    print(json.dumps(executor.result(folder)))
"""
# A child that ignores SIGTERM, and one that leaves the session twice over; `ready` once both are
# there.
STUBBORN_FAMILY = """
sh -c 'trap "" TERM; echo a >&2; while :; do sleep 60; done' &
setsid setsid sh -c 'trap "" TERM; echo b >&2; while :; do sleep 60; done' &
echo ready
"""


def wait_until(condition: Callable[[], Any], what: str = "") -> Any:
    """The first true value of ``condition``; fails after a minute."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.005)
    raise AssertionError(f"waited {PATIENCE_S:.0f} s in vain for {what or condition}")


def living(cookie: str) -> list[int]:
    """Processes of a job, by the cookie in their environment; zombies do not count."""
    mark = f"LEADLINE_COOKIE={cookie}".encode()
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if mark in Path(f"/proc/{name}/environ").read_bytes().split(b"\0"):
                found.append(int(name))
        except OSError:
            pass
    return [pid for pid in found if probe.start_ticks(pid) is not None]


class Attempt:
    """An attempt folder with its spec, under an executor."""

    def __init__(
        self, folder: Path, factory: Callable[[], Executor], argv: list[str], **spec: Any
    ) -> None:
        folder.mkdir(parents=True)
        self.dir = str(folder)
        self.cookie = os.urandom(16).hex()
        self.factory = factory
        self.executor = factory()
        self.handle: Handle = {}
        base = {
            "v": 1,
            "run": "P-001-r1",
            "attempt": 1,
            "argv": argv,
            "cwd": str(folder),
            "env": {},
        }
        base |= {"timeout_s": None, "grace_s": 0.3, "leftover_grace_s": 0.1, "merge_output": False}
        (folder / "spec.json").write_text(json.dumps({**base, "cookie": self.cookie, **spec}))

    def submit(self) -> Attempt:
        self.handle = json.loads(json.dumps(self.executor.submit(self.dir, {})))
        wait_until(lambda: self.state() != "queued", "a start")  # of an engine that queues
        return self

    def begin(self) -> Attempt:
        self.handle = json.loads(json.dumps(self.executor.begin(self.dir, {})))
        return self

    def state(self) -> str:
        state = self.executor.poll([(self.dir, self.handle)])[self.dir]
        assert state in POLL_STATES
        return state

    def wait(self, timeout_s: float | None = PATIENCE_S) -> str:
        return self.executor.wait([(self.dir, self.handle)], timeout_s)[self.dir]

    def finish(self) -> Result:
        """Waits for the end and returns the result; nothing of the job may be left then."""
        wait_until(lambda: self.state() not in ("queued", "running"), "the end of the attempt")
        result = self.executor.result(self.dir)
        assert result is not None, self.state()
        assert living(self.cookie) == []
        return result

    @property
    def there(self) -> str:
        """The attempt's folder as the job sees it, on this machine as well."""
        return self.dir

    def touch(self, name: str) -> None:
        Path(self.there, name).touch()

    def output(self, name: str = "stdout.log") -> bytes:
        self.executor.refresh([(self.dir, self.handle)])
        path = Path(self.dir, name)
        return path.read_bytes() if path.exists() else b""

    def wait_for_output(self, text: bytes, name: str = "stdout.log") -> None:
        wait_until(lambda: text in self.output(name), f"{text!r} in {name}")

    def wait_for_state(self, state: str) -> None:
        wait_until(lambda: self.state() == state, state)

    def elsewhere(self, verb: str, *more: str) -> subprocess.Popen[str]:
        """Another process that has the folder, the handle as it was kept beside the spec and the
        class of the executor, and no more."""
        Path(self.dir, "handle.json").write_text(json.dumps(self.handle))
        argv = [
            sys.executable,
            "-c",
            IN_ANOTHER_PROCESS,
            json.dumps(sys.path),
            pickle.dumps(self.factory).hex(),
        ]
        return subprocess.Popen(
            [*argv, verb, self.dir, f"{self.dir}/handle.json", *more],
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask_elsewhere(self, verb: str) -> Any:
        process = self.elsewhere(verb)
        out, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0
        return json.loads(out)

    def owner_pid(self) -> int:
        owner = wait_until(lambda: probe.owner(self.there), "owner.json")
        return int(owner["pid"])


def dies_at(step: int, begin: Callable[[], object]) -> int:
    """Runs ``begin`` in a process that is killed as it enters the ``step``-th function; how many it
    entered where it was not."""
    read_fd, write_fd = os.pipe()
    pid = os.fork()
    if pid == 0:
        entered = 0

        def look(frame: object, event: str, argument: object) -> None:
            nonlocal entered
            entered += event in ("call", "c_call")
            if entered == step:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            sys.setprofile(look)
            begin()
        finally:
            sys.setprofile(None)
            os.write(write_fd, str(entered).encode())
            os._exit(0)
    os.close(write_fd)
    os.waitpid(pid, 0)
    with os.fdopen(read_fd) as told:
        return int(told.read() or 0)


class ExecutorObligations:
    """What an executor owes whoever waits for an attempt, also one that runs nothing. ``sleep`` goes
    on until it is cancelled."""

    attempt_class = Attempt

    @pytest.fixture
    def executor_factory(self) -> Callable[[], Executor]:
        raise NotImplementedError(
            "return a class or function, importable by name, that makes the executor"
        )

    @pytest.fixture
    def attempt(self, executor_factory: Callable[[], Executor], tmp_path: Path) -> Any:
        """Makes attempts; whatever they leave running is killed after the test."""
        made: list[Attempt] = []

        def make(argv: list[str], **spec: Any) -> Attempt:
            made.append(
                self.attempt_class(
                    tmp_path / f"run-{len(made)}" / "attempt-1", executor_factory, argv, **spec
                )
            )
            return made[-1]

        yield make
        for one in made:
            probe.cancel(one.there)
            for pid in living(one.cookie):
                os.kill(pid, signal.SIGKILL)

    def test_cancel_of_what_has_ended_changes_nothing(self, attempt: Any) -> None:
        one = attempt(["true"]).submit()
        before = one.finish()
        one.executor.cancel(one.dir, one.handle)
        assert one.executor.result(one.dir) == before

    def test_another_process_carries_on_from_the_handle(self, attempt: Any) -> None:
        one = attempt(["sleep", "60"]).submit()
        assert one.ask_elsewhere("poll") == {one.dir: "running"}
        assert one.ask_elsewhere("result") is None
        one.ask_elsewhere("cancel")
        assert one.finish()["state"] == "cancelled"
        assert one.ask_elsewhere("poll") == {one.dir: "finished"}
        assert one.ask_elsewhere("result") == one.executor.result(one.dir)

    def test_the_folder_does_where_the_handle_was_lost(self, attempt: Any) -> None:
        one = attempt(["sleep", "60"]).submit()
        one.handle = {}  # whoever submitted it died before the handle was kept
        assert one.ask_elsewhere("poll") == {one.dir: "running"}
        assert one.executor.wait([(one.dir, {})], 0.05) == {one.dir: "running"}
        one.ask_elsewhere("cancel")
        assert one.ask_elsewhere("wait") == {one.dir: "finished"}

    def test_polls_many_at_once(self, attempt: Any) -> None:
        done = attempt(["true"]).submit()
        done.finish()
        running = attempt(["sleep", "60"]).submit()
        answer = done.executor.poll([(a.dir, a.handle) for a in (done, running)])
        assert answer == {done.dir: "finished", running.dir: "running"}

    def test_waiting_ends_with_the_first_that_is_over(self, attempt: Any) -> None:
        first, second = (attempt(["sleep", "60"]).submit() for _ in range(2))
        both = [(one.dir, one.handle) for one in (first, second)]
        assert first.executor.wait([]) == {}
        assert first.executor.wait(both, 0.05) == {first.dir: "running", second.dir: "running"}
        second.executor.cancel(second.dir, second.handle)
        states = first.executor.wait(both)
        while states[second.dir] == "running":  # it may answer early
            states = first.executor.wait(both)
        assert states == {first.dir: "running", second.dir: "finished"}
        assert first.executor.wait(both) == states  # what is over already ends the wait
        first.executor.cancel(first.dir, first.handle)
        assert first.ask_elsewhere("wait") == {first.dir: "finished"}

    def test_waiting_for_what_was_only_begun(self, attempt: Any) -> None:
        begun = [attempt(["true"]).begin() for _ in range(4)]
        left = {one.dir: one.handle for one in begun}
        while left:
            states = begun[0].executor.wait(list(left.items()), PATIENCE_S)
            assert set(states) == set(left) and set(states.values()) <= set(POLL_STATES)
            left = {folder: left[folder] for folder, state in states.items() if state not in OVER}
        assert {one.finish()["state"] for one in begun} == {"done"}

    def test_submitted_twice_is_one_attempt(self, attempt: Any) -> None:
        one = attempt(["true"]).submit()
        first, handle = one.finish(), one.handle
        assert one.submit().handle.keys() == handle.keys()
        assert one.begin().handle.keys() == handle.keys()
        assert one.executor.result(one.dir) == first and one.state() == "finished"


class ExecutorContract(ExecutorObligations):
    """The whole of it, for an executor that runs commands. Subclass it and override the fixture
    ``executor_factory``."""

    def test_ok(self, attempt: Any) -> None:
        one = attempt(["sh", "-c", "echo out; echo err >&2"]).submit()
        result = one.finish()
        assert (result["state"], result["exit_code"], result["signal"], result["reason"]) == (
            "done",
            0,
            "",
            "",
        )
        assert (one.output(), one.output("stderr.log")) == (b"out\n", b"err\n")
        assert (result["stdout_bytes"], result["stderr_bytes"]) == (4, 4)
        assert one.state() == "finished"
        assert result["started_at"] <= result["ended_at"] and result["started_at"].endswith("Z")
        assert result["leftover_processes"] == 0
        if sys.platform == "linux":
            assert result["resources"]["max_rss_bytes"] > 100_000
            assert None not in result["resources"].values()
            assert result["resources"]["user_s"] + result["resources"]["system_s"] < 30

    def test_a_client_killed_between_any_two_steps_of_submit_leaves_one_job(
        self, attempt: Any, tmp_path: Path
    ) -> None:
        def once(number: int) -> Attempt:
            one: Attempt = attempt(["sh", "-c", f"echo once >> {tmp_path}/ran-{number}"])
            return one

        whole = once(0)
        total = dies_at(-1, whole.begin)
        assert total > 20
        begun = [whole]
        for number in range(1, KILLED_AT + 1):
            one = once(number)
            dies_at(total * number // (KILLED_AT + 1), one.begin)
            begun.append(one)
        for number, one in enumerate(begun):
            assert one.state() in POLL_STATES  # whoever asks then has no handle
            assert one.submit().finish()["state"] == "done"
            assert Path(f"{tmp_path}/ran-{number}").read_text() == "once\n"

    def test_measures_the_whole_family(self, attempt: Any) -> None:
        burn = "import os; os.fork() or 1\nwhile sum(os.times()[:2]) < 0.2: pass\n"
        block = "b = bytearray(60_000_000)"
        one = attempt(
            [
                "sh",
                "-c",
                f"{sys.executable} -I -S -c '{burn}' & {sys.executable} -I -S -c '{block}'; wait",
            ]
        )
        resources = one.submit().finish()["resources"]
        assert resources["user_s"] + resources["system_s"] >= 0.2
        assert 60_000_000 < resources["max_rss_bytes"] < 200_000_000

    def test_failing_command_keeps_its_exit_code(self, attempt: Any) -> None:
        result = attempt(["sh", "-c", "exit 3"]).submit().finish()
        assert (result["state"], result["exit_code"], result["reason"]) == (
            "failed",
            3,
            "exit code 3",
        )

    def test_command_that_cannot_be_started(self, attempt: Any, tmp_path: Path) -> None:
        plain = tmp_path / "plain.txt"
        plain.write_text("not a program")
        script = tmp_path / "script"
        script.write_text("#!/no/such/interpreter\n")
        script.chmod(0o755)
        for argv, spec, code, words in (
            (["no-such-command-here"], {}, 127, "no such command"),
            (["/no/such/file"], {}, 127, "no such file"),
            ([str(script)], {}, 127, "interpreter"),
            ([str(plain)], {}, 126, "Permission denied"),
            (["true"], {"cwd": "/no/such/folder"}, 126, "/no/such/folder"),
            (["true", "x" * 3_000_000], {}, 126, "too long"),
        ):
            one = attempt(argv, **spec).submit()
            result = one.finish()
            assert (result["state"], result["exit_code"]) == ("failed", code), result
            assert repr(argv[0]) in result["reason"] and words in result["reason"]
            assert result["reason"].encode() in one.output("stderr.log")

    def test_command_ended_by_a_signal(self, attempt: Any) -> None:
        result = attempt(["sh", "-c", "kill -SEGV $$"]).submit().finish()
        assert (result["state"], result["exit_code"], result["signal"]) == (
            "failed",
            None,
            "SIGSEGV",
        )

    def test_timeout_of_a_command_that_obeys(self, attempt: Any) -> None:
        command = "trap 'echo saved; exit 0' TERM; while :; do sleep 0.01; done"
        one = attempt(["sh", "-c", command], timeout_s=0.2, grace_s=30).submit()
        result = one.finish()
        assert (result["state"], result["exit_code"], result["reason"]) == (
            "timeout",
            0,
            "timeout after 0.2 s",
        )
        assert one.output() == b"saved\n"

    def test_timeout_of_a_command_that_does_not(self, attempt: Any) -> None:
        one = attempt(
            ["sh", "-c", "trap '' TERM; while :; do sleep 0.01; done"], timeout_s=0.2
        ).submit()
        result = one.finish()
        assert (result["state"], result["exit_code"], result["signal"]) == (
            "timeout",
            None,
            "SIGKILL",
        )
        assert "killed" in result["reason"]

    def test_cancel_ends_children_that_resist(self, attempt: Any) -> None:
        one = attempt(
            ["sh", "-c", STUBBORN_FAMILY + "trap 'exit 7' TERM; while :; do sleep 0.01; done"]
        ).submit()
        one.wait_for_output(b"ready")
        wait_until(lambda: len(one.output("stderr.log").splitlines()) == 2, "both children")
        assert one.state() == "running"
        assert one.executor.cancel(one.dir, one.handle)["did"]
        result = one.finish()
        assert (result["state"], result["exit_code"]) == ("cancelled", 7)
        assert "SIG" in result["reason"]
        assert result["leftover_processes"] >= 2

    def test_cancel_leaves_the_whole_family_its_grace_period(self, attempt: Any) -> None:
        worker = (
            "trap 'sleep 0.4; echo saved; exit 0' TERM; echo ready; while :; do sleep 0.01; done"
        )
        one = attempt(["sh", "-c", 'sh -c "$0" & wait', worker], grace_s=30).submit()
        one.wait_for_output(b"ready")
        one.executor.cancel(one.dir, one.handle)
        assert one.finish()["state"] == "cancelled"
        assert one.output() == b"ready\nsaved\n"

    def test_nothing_is_left_behind(self, attempt: Any) -> None:
        one = attempt(
            [
                "sh",
                "-c",
                STUBBORN_FAMILY + "while [ $(wc -l <stderr.log) != 2 ]; do sleep 0.01; done",
            ]
        )
        result = one.submit().finish()
        assert (result["state"], result["exit_code"]) == ("done", 0)
        assert result["leftover_processes"] >= 2

    def test_submitting_again_runs_nothing(self, attempt: Any) -> None:
        one = attempt(["sh", "-c", "echo once; while ! test -e go; do sleep 0.01; done"]).submit()
        first = dict(one.handle)
        one.submit()
        assert one.state() == "running"
        one.touch("go")
        result = one.finish()
        one.submit()
        assert one.executor.result(one.dir) == result
        assert one.output() == b"once\n"
        assert set(one.handle) == set(first)

    def test_many_are_begun_without_waiting_for_each(self, attempt: Any) -> None:
        begun = [attempt(["sh", "-c", f"echo {n}; exit {n}"]).begin() for n in range(8)]
        for n, one in enumerate(begun):
            assert one.finish()["exit_code"] == n  # never "gone" on the way there
            assert one.output() == f"{n}\n".encode()
            assert one.ask_elsewhere("poll") == {one.dir: "finished"}

    def test_beginning_again_runs_nothing(self, attempt: Any) -> None:
        one = attempt(["sh", "-c", "echo once; while ! test -e go; do sleep 0.01; done"]).begin()
        one.wait_for_output(b"once")
        one.begin()
        one.submit()
        assert one.state() == "running"
        one.touch("go")
        result = one.finish()
        one.begin()
        assert one.executor.result(one.dir) == result
        assert one.output() == b"once\n"

    def test_supervisor_killed_with_nothing_left(self, attempt: Any) -> None:
        one = attempt(["sleep", "60"]).submit()
        os.kill(one.owner_pid(), signal.SIGKILL)
        assert one.wait() == "gone"
        assert one.executor.result(one.dir) is None
        one.submit()  # an attempt is never started twice
        assert one.state() == "gone"

    def test_supervisor_killed_with_a_living_tree(self, attempt: Any) -> None:
        # found by its lock, or else by its environment
        for closing in ("", "os.closerange(3, 999); "):
            program = f"import os,signal; {closing}signal.signal(15, signal.SIG_IGN); print('up'); signal.pause()"
            child = f'setsid {sys.executable} -I -S -u -c "{program}" & wait'
            one = attempt(["sh", "-c", child]).submit()
            one.wait_for_output(b"up")
            os.kill(one.owner_pid(), signal.SIGKILL)
            one.wait_for_state("orphaned")
            assert one.wait(0.05) == "orphaned"  # its supervisor has ended, and it is not over
            assert living(one.cookie)
            one.executor.cancel(one.dir, one.handle)
            one.wait_for_state("gone")
            assert living(one.cookie) == []

    def test_job_outlives_its_launcher(self, attempt: Any) -> None:
        one = attempt(["sh", "-c", "while ! test -e go; do sleep 0.01; done; exit 5"])
        launcher = one.elsewhere("submit")
        assert launcher.stdout is not None
        one.handle = json.loads(launcher.stdout.readline())
        launcher.kill()
        launcher.communicate()
        one.wait_for_state("running")
        one.touch("go")
        result = one.finish()
        assert (result["state"], result["exit_code"]) == ("failed", 5)

    def test_output_is_kept_byte_for_byte(self, attempt: Any) -> None:
        data = "bytes(range(256)) * 4096"
        program = f"import os,sys; d={data}; sys.stdout.buffer.write(d); sys.stdout.flush(); os.write(2, d[::-1][:999])"
        one = attempt([*PYTHON, program]).submit()
        result = one.finish()
        expected = bytes(range(256)) * 4096
        assert one.output() == expected
        assert one.output("stderr.log") == expected[::-1][:999]
        assert (result["stdout_bytes"], result["stderr_bytes"]) == (len(expected), 999)

    def test_environment(self, attempt: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CONTRACT_KEPT", "secret-0451")
        monkeypatch.setenv("CONTRACT_CHANGED", "old")
        monkeypatch.setenv("CONTRACT_REMOVED", "old")
        names = "CONTRACT_KEPT CONTRACT_CHANGED CONTRACT_REMOVED LEADLINE_RUN LEADLINE_RUN_DIR LEADLINE_METRICS"
        program = (
            f"import os,json; print(json.dumps([os.environ.get(n) for n in '{names}'.split()]))"
        )
        one = attempt(
            [*PYTHON, program], env={"CONTRACT_CHANGED": "né\n=w", "CONTRACT_REMOVED": None}
        ).submit()
        one.finish()
        run = ["P-001-r1", one.there, f"{one.there}/metrics.jsonl"]
        assert json.loads(one.output()) == ["secret-0451", "né\n=w", None, *run]
        for name in set(os.listdir(one.dir)) - {"stdout.log"}:
            assert b"secret-0451" not in one.output(name), name

    def test_a_client_that_dies_at_any_step_of_a_submission(self, attempt: Any) -> None:
        for step in range(100):
            one = attempt(["sh", "-c", "echo once"])
            client = one.elsewhere("submit-dies", str(step))
            client.communicate(timeout=PATIENCE_S)
            assert one.executor.poll([(one.dir, {})])[one.dir] in POLL_STATES
            one.submit()  # by whoever comes next: one job, whatever the first had done
            assert one.finish()["state"] == "done"
            assert one.output() == b"once\n"
            if client.returncode == 0:
                break
        assert step > 0 and client.returncode == 0


class EngineContract(ExecutorContract):
    """What besides is owed by an engine that starts jobs when it will, where it will, and may not
    answer. Three fixtures say how to trouble it."""

    @pytest.fixture
    def full(self) -> Callable[[], AbstractContextManager[object]]:
        raise NotImplementedError("in the context, submitted jobs wait")

    @pytest.fixture
    def out_of_reach(self) -> Callable[[], AbstractContextManager[object]]:
        raise NotImplementedError("in the context, the engine cannot be reached from here")

    @pytest.fixture
    def device_factory(self) -> Callable[[], Executor]:
        raise NotImplementedError("an executor whose jobs each take the one device that there is")

    def test_what_waits_can_be_taken_back(
        self, attempt: Any, full: Callable[[], AbstractContextManager[object]]
    ) -> None:
        one, other = attempt(["echo", "ran"]), attempt(["echo", "ran"])
        with full():
            for each in (one, other):
                each.begin()
                each.wait_for_state("queued")
            assert one.ask_elsewhere("poll") == {one.dir: "queued"}
            one.ask_elsewhere("cancel")
            result = one.finish()
            assert (result["state"], result["exit_code"]) == ("cancelled", None)
        assert other.finish()["state"] == "done"
        assert (one.output(), other.output()) == (b"", b"ran\n")
        assert one.state() == "finished"

    def test_an_engine_that_does_not_answer_has_lost_nothing(
        self,
        attempt: Any,
        full: Callable[[], AbstractContextManager[object]],
        out_of_reach: Callable[[], AbstractContextManager[object]],
    ) -> None:
        waiting, late = attempt(["echo", "once"]), attempt(["echo", "once"])
        with full():
            waiting.begin()
            waiting.wait_for_state("queued")
            with out_of_reach():
                assert waiting.state() == "unknown"
                assert waiting.ask_elsewhere("poll") == {waiting.dir: "unknown"}
                with pytest.raises(LeadlineError) as caught:
                    late.begin()
                assert caught.value.kind in ("remote", "environment") and caught.value.next
            late.begin()
        for each in (waiting, late):
            assert each.finish()["state"] == "done"
            assert each.output() == b"once\n"

    def test_a_job_on_a_machine_whose_locks_are_not_seen(self, attempt: Any) -> None:
        one = attempt(["sh", "-c", STUBBORN_FAMILY + "wait"]).submit()
        one.wait_for_output(b"ready")
        seen = Path(one.dir, "owner.json")
        owner = json.loads(seen.read_text())
        seen.write_text(json.dumps({**owner, "boot_id": "of another", "host": "another"}))
        Path(one.dir, "alive.lock").rename(f"{one.dir}/out-of-sight.lock")
        Path(one.dir, "alive.lock").touch()
        Path(one.dir, "tree.lock").rename(f"{one.dir}/out-of-sight-tree.lock")
        assert one.state() == "running"  # by the engine's word
        assert one.ask_elsewhere("cancel")["did"]
        assert one.finish()["state"] == "cancelled"

    def test_one_device_has_one_job(
        self, device_factory: Callable[[], Executor], tmp_path: Path
    ) -> None:
        program = "import time; print(time.time(), flush=True); time.sleep(.3); print(time.time())"
        made = [
            Attempt(tmp_path / f"device-{n}" / "attempt-1", device_factory, [*PYTHON, program])
            for n in range(3)
        ]
        for one in made:
            one.begin()
        for one in made:
            assert one.finish()["state"] == "done"
        spans = sorted([float(at) for at in one.output().split()] for one in made)
        assert all(before[1] < after[0] for before, after in pairwise(spans))

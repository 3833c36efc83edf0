"""Every executor keeps the contract of its port; what only one of them promises stands below."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leadline.adapters.executors.local import LocalExecutor
from leadline.core.errors import LeadlineError
from leadline.ports.executor import Executor
from leadline.testing.executor_contract import Attempt, ExecutorContract


class TestLocalExecutor(ExecutorContract):
    @pytest.fixture
    def executor_factory(self) -> Callable[[], Executor]:
        return LocalExecutor

    def test_another_instance_waits_without_being_the_parent(self, attempt: Any) -> None:
        one = attempt(["sleep", "0.2"]).submit()
        assert LocalExecutor().wait([(one.dir, one.handle)], 60) == {one.dir: "finished"}

    def test_refusal_is_told_and_leaves_the_attempt_unstarted(self, attempt: Any) -> None:
        one: Attempt = attempt(["true"])
        spec = Path(one.dir, "spec.json")
        good = spec.read_text()
        for bad in ("", "[1]", '{"v":1', json.dumps({**json.loads(good), "argv": []})):
            spec.write_text(bad)
            with pytest.raises(LeadlineError) as caught:
                one.submit()
            assert caught.value.code == "supervisor-refused"
            assert "spec.json cannot be used" in caught.value.what
            assert not Path(one.dir, "alive.lock").exists()
        spec.write_text(good)
        assert one.submit().finish()["state"] == "done"

    def test_what_was_begun_and_could_not_start_is_gone(self, attempt: Any) -> None:
        one: Attempt = attempt(["true"])
        Path(one.dir, "spec.json").write_text("[1]")
        one.begin()
        one.wait_for_state("gone")
        assert "spec.json cannot be used" in Path(one.dir, "supervisor.err").read_text()
        with pytest.raises(LeadlineError) as caught:
            LocalExecutor("/no/such/python").begin(one.dir, {})
        assert caught.value.code == "supervisor-not-started"

    def test_python_settings_of_the_caller_are_for_the_command_only(
        self, attempt: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PYTHONHOME", "/no/such/home")
        one = attempt(["sh", "-c", "echo $PYTHONHOME"]).submit()
        assert one.finish()["state"] == "done"
        assert one.output() == b"/no/such/home\n"

    def test_interpreter_that_is_not_there(self, attempt: Any) -> None:
        one = attempt(["true"])
        with pytest.raises(LeadlineError) as caught:
            LocalExecutor("/no/such/python").submit(one.dir, {})
        assert caught.value.code == "supervisor-not-started"

    def test_descriptors_of_the_caller_do_not_reach_the_job(
        self, attempt: Any, tmp_path: Path
    ) -> None:
        with open(tmp_path / "callers-lock", "w") as f:
            import os

            os.set_inheritable(f.fileno(), True)
            one = attempt(["sh", "-c", "ls -l /proc/self/fd"]).submit()
            one.finish()
        assert b"callers-lock" not in one.output()
        assert b"tree.lock" in one.output()


def test_importing_the_local_executor_is_light() -> None:
    code = "import sys; old=set(sys.modules); import leadline.adapters.executors.local; print(*set(sys.modules)-old)"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"subprocess", "threading", "ctypes", "tempfile", "pathlib"} & set(out)

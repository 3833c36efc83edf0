"""A launcher described by templates keeps the contract; it hands over no environment."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import pytest

from leadline.adapters.executors.command import CommandExecutor
from leadline.core.errors import LeadlineError
from leadline.ports.executor import Executor
from leadline.testing.executor_contract import EngineContract

FARM = Path(__file__).resolve().parents[1] / "fixtures" / "launcher" / "farm.py"


def options(folder: Path, *device: str) -> dict[str, str]:
    farm = shlex.join([sys.executable, str(FARM), str(folder)])
    return {
        "submit": f"{farm} submit {{job}} {{log}} {'alone' if device else 'beside'} {{command}}",
        "state": f"{farm} state {{job}}",
        "cancel": f"{farm} cancel {{job}}",
    }


class TestCommandExecutor(EngineContract):
    @pytest.fixture
    def farm(self, tmp_path: Path) -> Path:
        (tmp_path / "farm").mkdir()
        return tmp_path / "farm"

    @pytest.fixture
    def executor_factory(self, farm: Path) -> Callable[[], Executor]:
        return partial(CommandExecutor, "farm", options(farm))

    @pytest.fixture
    def device_factory(self, farm: Path) -> Callable[[], Executor]:
        return partial(CommandExecutor, "farm", options(farm, "device"))

    @pytest.fixture
    def full(self, farm: Path) -> Callable[[], AbstractContextManager[object]]:
        return partial(marked, farm / "full")

    @pytest.fixture
    def out_of_reach(self, farm: Path) -> Callable[[], AbstractContextManager[object]]:
        return partial(marked, farm / "down")


@contextmanager
def marked(path: Path) -> Iterator[None]:
    path.touch()
    yield
    path.unlink()


@pytest.mark.parametrize(
    ("changed", "code", "said"),
    [
        ({"submit": ""}, "executor-incomplete", "submit"),
        ({"state": ""}, "executor-incomplete", "state"),
        ({"submit": "farm 'open"}, "executor-template", "quotation"),
        ({"submit": "farm {jbo}"}, "executor-template", "{jbo} means nothing"),
        ({"id": "job"}, "executor-template", "no group"),
        ({"queued": "("}, "executor-template", "queued"),
    ],
)
def test_what_cannot_be_used_is_said_when_it_is_declared(
    changed: dict[str, str], code: str, said: str
) -> None:
    with pytest.raises(LeadlineError) as caught:
        CommandExecutor("farm", {**options(Path("/farm")), **changed})
    assert caught.value.code == code and caught.value.next
    assert said in f"{caught.value.what} {caught.value.why}"


@pytest.mark.parametrize(
    ("printed", "status", "state"),
    [
        ("job 7 is Running", 0, "running"),
        ("7 PENDING (priority)", 0, "queued"),
        ("Unknown Job Id 7", 153, "gone"),
        ("", 0, "gone"),
        ("", 1, "unknown"),
        ("cannot connect to server", 1, "unknown"),
        ("7 SUSPENDED", 0, "unknown"),
    ],
)
def test_no_word_that_is_not_known_loses_a_run(printed: str, status: int, state: str) -> None:
    says = shlex.join(["sh", "-c", f"echo '{printed}'; exit {status}"])
    executor = CommandExecutor("farm", {"submit": "true", "state": says})
    assert executor._engine_states({"job": {}}) == {"job": state}


def test_templates_are_words_and_not_shell(tmp_path: Path) -> None:
    words = ["a b", "$HOME", "it's"]
    kept = shlex.join([sys.executable, "-c", "import sys,json; print(json.dumps(sys.argv[1:]))"])
    executor = CommandExecutor(
        "farm",
        {"submit": f"{kept} 'x {{command}}' {{command}} {{partition}}", "state": "true"},
        {"partition": "big one"},
    )
    code, said = executor._run("submit", {"job": "j"}, words)
    assert code == 0
    assert json.loads(said) == [f"x {shlex.join(words)}", *words, "big one"]

"""A launcher described by templates keeps the contract; it hands over no environment."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from leadline.adapters.executors.command import CommandExecutor
from leadline.core.errors import LeadlineError
from leadline.ports.executor import Executor
from leadline.testing.executor_contract import EngineContract

ROOT = Path(__file__).resolve().parents[2]
FARM = ROOT / "tests" / "fixtures" / "launcher" / "farm.py"


def options(folder: Path, *device: str) -> dict[str, str]:
    farm = shlex.join([sys.executable, "-I", "-S", str(FARM), str(folder)])
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

    @pytest.mark.long  # one that is killed between two steps is begun again in every `make test`
    def test_a_client_that_dies_at_any_step_of_a_submission(self, attempt: Any) -> None:
        super().test_a_client_that_dies_at_any_step_of_a_submission(attempt)


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


def documented() -> dict[str, dict[str, str]]:
    """The table of docs/executors.md, as a shell would read it."""
    found = {}
    for row in (ROOT / "docs" / "executors.md").read_text().splitlines():
        if row.startswith("| ") and "`submit=" in row:
            spans = re.findall(r"`([^`]*)`", row.replace("\\|", "|"))
            pairs = [shlex.split(span)[0].partition("=") for span in spans]
            found[row.split("|")[1].strip()] = {key: value for key, _, value in pairs}
    return found


@pytest.mark.parametrize("launcher", ["PBS", "LSF", "HTCondor", "Kubernetes", "SkyPilot", "Iris"])
def test_documented_templates_can_be_declared(launcher: str) -> None:
    told = documented()[launcher]
    executor = CommandExecutor("farm", told)
    assert executor.templates["submit"] and executor.templates["state"]


SAID = [
    ("PBS", "Job Id: 7.srv\n    job_state = Q\n", "queued"),
    ("PBS", "Job Id: 7.srv\n    job_state = R\n", "running"),
    ("PBS", "Job Id: 7.srv\n    job_state = F\n", "gone"),
    ("PBS", "qstat: cannot connect to server srv (errno=15010)\n", "unknown"),
    ("LSF", "PEND\n", "queued"),
    ("LSF", "EXIT\n", "gone"),
    ("HTCondor", "1\n", "queued"),
    ("HTCondor", "2\n", "running"),
    ("HTCondor", "", "gone"),
    ("Kubernetes", "{}\n", "queued"),
    ("Kubernetes", '{"active":1,"ready":0}', "running"),
    ("Kubernetes", 'Error from server (NotFound): jobs.batch "x" not found', "gone"),
    ("Kubernetes", "Unable to connect to the server: dial tcp: i/o timeout\n", "unknown"),
]


@pytest.mark.parametrize(("launcher", "said", "state"), SAID)
def test_what_documented_launchers_say(
    launcher: str, said: str, state: str, tmp_path: Path
) -> None:
    (tmp_path / "said").write_text(said)
    failed = state == "unknown" or "NotFound" in said
    says = shlex.join(["sh", "-c", f"cat {tmp_path}/said; exit {int(failed)}"])
    executor = CommandExecutor("farm", {**documented()[launcher], "state": says})
    assert executor._engine_states({"job": {}}) == {"job": state}

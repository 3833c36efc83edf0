"""What is declared on this machine, and which executor a command gets."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from leadline.adapters.executors import declared, registry
from leadline.adapters.executors.declared import ExecutorFile
from leadline.core.errors import LeadlineError
from leadline.ports.attempt import job_name
from leadline.ports.executor_setup import ExecutorSetup
from leadline.services.run import executors
from leadline.services.run.request import Command, RunRequest, Terms
from leadline.services.run.where import take_terms
from tests.unit.services_context import holding, study


def dev(**more: Any) -> ExecutorSetup:
    return ExecutorSetup(**{"name": "dev", "kind": "ssh", "host": "dev1", **more})


def test_a_declaration_comes_back_as_it_was_said(tmp_path: Path) -> None:
    file = ExecutorFile(str(tmp_path))
    assert file.find("dev") is None and file.listed() == [] and file.default_of("demo") == ""
    said = dev(
        devices=("gpu0", "gpu1"),
        environment={"A": "b=c"},
        limits={"timeout_s": 60.0},
        options={"config": "/x y"},
        setup="uv sync",
    )
    file.keep(said)
    file.choose("demo", "dev")
    again = ExecutorFile(str(tmp_path))
    found = again.find("dev")
    assert found is not None and found.cache_folder and found.git_dir == str(tmp_path.parent)
    ours = {"git_dir": "", "cache_folder": ""}
    assert ExecutorSetup(**{**found.__dict__, **ours}) == said
    assert again.default_of("demo") == "dev"
    again.remove("dev")
    assert file.find("dev") is None and file.default_of("demo") == ""


def keep(root: str, name: str) -> None:
    ExecutorFile(root).keep(dev(name=name))


def test_two_that_declare_at_once_lose_nothing(tmp_path: Path) -> None:
    names = [f"n{number}" for number in range(12)]
    with ProcessPoolExecutor(4) as pool:
        list(pool.map(keep, [str(tmp_path)] * len(names), names))
    assert sorted(names) == [setup.name for setup in ExecutorFile(str(tmp_path)).listed()]


def test_a_damaged_file_is_said_and_starts_nothing(tmp_path: Path) -> None:
    (tmp_path / "executors.json").write_text("{")
    with pytest.raises(LeadlineError) as caught:
        ExecutorFile(str(tmp_path)).find("dev")
    assert caught.value.code == "executors-unreadable"


@pytest.mark.parametrize(
    ("setup", "code"),
    [
        (dev(name="Dev"), "bad-executor-name"),
        (dev(name="../x"), "bad-executor-name"),
        (dev(name="local"), "executor-exists"),
        (dev(kind="slurmm"), "unknown-executor-kind"),
        (dev(host=""), "executor-needs"),
        (dev(limits={"hours": 1.0}), "bad-limit"),
        (dev(limits={"timeout_s": float("nan")}), "bad-limit"),
        (dev(environment={"API_TOKEN": "ghp_" + "a" * 36}), "secret-in-executor"),
        (dev(setup="login ghp_" + "a1" * 18), "secret-in-executor"),
    ],
)
def test_what_cannot_be_declared(tmp_path: Path, setup: ExecutorSetup, code: str) -> None:
    with pytest.raises(LeadlineError) as caught:
        executors.add(holding(tmp_path, study()), setup)
    assert caught.value.code == code and caught.value.next


def test_a_name_is_declared_once(tmp_path: Path) -> None:
    context = holding(tmp_path, study())
    executors.add(context, dev())
    with pytest.raises(LeadlineError, match="already"):
        executors.add(context, dev(host="other"))
    executors.remove(context, "dev")
    executors.add(context, dev(host="other"))
    with pytest.raises(LeadlineError, match="this machine itself"):
        executors.remove(context, "local")


def test_the_named_one_wins_then_the_threads_then_the_setting(tmp_path: Path) -> None:
    context = holding(tmp_path, study(), settings={"run.executor": "usual"})
    assert context.executor_name("demo") == "usual"
    executors.choose(context, "demo", "dev")
    assert (context.executor_name("demo"), context.executor_name("other")) == ("dev", "usual")
    context.on = "now"
    assert context.executor_name("demo") == "now"
    context.on = ""
    assert executors.choose(context, "demo", "none") == "usual"


def test_what_a_request_says_wins_over_the_declaration(tmp_path: Path) -> None:
    context = holding(tmp_path, study())
    context.executors.keep(dev(environment={"A": "there", "B": "there"}, limits={"timeout_s": 9.0}))
    context.on = "dev"
    asked = RunRequest("demo", Command(["true"], set_environment={"A": "mine"}), Terms())
    take_terms(context, asked)
    assert asked.command.set_environment == {"A": "mine", "B": "there"}
    assert asked.terms.timeout_s == 9.0
    asked.terms.timeout_s = 2.0
    take_terms(context, asked)
    assert asked.terms.timeout_s == 2.0


def test_a_kind_gets_what_was_declared() -> None:
    made = registry.load("quiet", ExecutorSetup("quiet", "local"))
    assert (made.name, made.place) == ("quiet", "here")
    assert registry.load("local", None).name == "local"
    with pytest.raises(LeadlineError) as caught:
        registry.load("away", None)
    assert caught.value.code == "unknown-executor" and "executor add away" in caught.value.next[1]


def test_a_job_is_named_after_its_attempt_and_no_other() -> None:
    folder = "/w/.git/leadline/runs/01ARZ3NDEKTSV4RRFFQ69G5FAV/attempt-2"
    others = [folder[:-1] + "1", folder.replace("/w/", "/v/"), folder.replace("5FAV", "5FAW")]
    assert job_name(folder) == "leadline-01ARZ3NDEKTSV4RRFFQ69G5FAV-2-6fd480ad"
    assert len({job_name(one) for one in (folder, *others)}) == 4


def test_the_file_is_read_once_while_it_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ExecutorFile(str(tmp_path)).keep(dev())
    opened, really = list[str](), declared.open_to_read
    monkeypatch.setattr(declared, "open_to_read", lambda path: opened.append(path) or really(path))
    file = ExecutorFile(str(tmp_path))
    assert file.find("dev") and file.listed() and file.default_of("demo") == ""
    assert len(opened) == 1
    ExecutorFile(str(tmp_path)).choose("demo", "dev")
    assert file.default_of("demo") == "dev"

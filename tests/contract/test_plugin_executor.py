"""An executor that a third party brings: the contract, and a thread's life on it, chosen by name alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from leadline.ports.executor import Executor
from leadline.testing.executor_contract import ExecutorContract, wait_until
from tests.conftest import Lab

PLUGIN = Path(__file__).resolve().parents[1] / "fixtures" / "plugin_executor"


class TestShedExecutor(ExecutorContract):
    @pytest.fixture
    def executor_factory(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[], Executor]:
        monkeypatch.syspath_prepend(str(PLUGIN))
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        monkeypatch.setenv("SHED", str(tmp_path / "shed"))
        from shed_executor import ShedExecutor

        return ShedExecutor


@pytest.fixture
def shed(lab: Lab, tmp_path: Path) -> Path:
    """Where the tickets lie; the plug-in is installed for the program alone, and chosen by a setting."""
    lab.env |= {"PYTHONPATH": str(PLUGIN), "SHED": str(tmp_path / "shed")}
    lab.ok("init", "--executor", "shed")
    lab.ok("start", "demo", "--prefix", "P", "--no-branch", "--success", "time_ms:ms:lower")
    return tmp_path / "shed"


def timed(ms: str) -> list[str]:
    return ["--", sys.executable, "-c", f"print('{{\"time_ms\": {ms}}}')"]


def test_a_thread_lives_on_an_executor_that_is_not_local(lab: Lab, shed: Path) -> None:
    [first] = lab.json("run", "--set", "k=1", *timed("3.5"))["data"]["runs"]
    assert (first["state"], first["metrics"]) == ("done", {"time_ms": 3.5})
    sweep = lab.json("sweep", "--axis", "k=2,3,4", "--jobs", "2", *timed("{k}"))["data"]
    assert sweep["states"] == {"done": 3}
    turns = lab.json("ab", "--blocks", "1", "--warmup", "0", *timed("3"), *timed("4"))["data"]
    assert (turns["n_blocks"], turns["failed_blocks"]) == (1, [])
    again = lab.json("reproduce", "P-001", "--quiet")["data"]
    assert again["verdict"] == "agrees"
    lab.ok("claim", "it is quick enough", "--that", "time_ms(P-001) < 5")
    lab.ok("verify")
    # Every run went through the shed, and says so.
    runs = lab.json("status", "--runs")["data"]
    assert len(runs) == len(list(shed.iterdir())) == 1 + 3 + 4 + 1
    assert "through shed" in lab.ok("show", "P-001-r1")
    for handle in (lab.repo / ".git" / "leadline" / "runs").glob("*/attempt-1/handle.json"):
        assert json.loads(handle.read_text())["ticket"] in os.listdir(shed)


def test_another_process_ends_what_its_launcher_left(lab: Lab, shed: Path) -> None:
    command = ["--", "sh", "-c", "echo '{\"time_ms\": 1}'; while ! test -e go; do sleep 0.01; done"]
    argv = [sys.executable, "-m", "leadline", "run", *command]
    launcher = subprocess.Popen(argv, cwd=lab.repo, env=lab.env, stdout=subprocess.PIPE)
    assert launcher.stdout is not None and launcher.stdout.readline()
    launcher.send_signal(signal.SIGKILL)
    launcher.wait()
    [still] = lab.json("status")["data"]["open_runs"]
    assert still["state"] == "running"
    # Who has not got the executor leaves the run alone: it knows nothing of it.
    bare = {name: value for name, value in lab.env.items() if name != "PYTHONPATH"}
    (lab.repo / "go").touch()
    assert wait_until(lambda: next(lab.repo.glob(".git/leadline/runs/*/*/result.json"), None))
    done = lab.run("status", "--json", env={**bare, "PYTHONPATH": ""})
    [still] = json.loads(done.stdout)["data"]["open_runs"]
    assert still["state"] == "unknown" and "goes on without" in done.stderr
    assert not lab.json("status")["data"]["open_runs"]
    [run] = lab.json("status", "--runs")["data"]
    assert (run["state"], run["metrics"]) == ("done", {"time_ms": 1.0})


def test_an_executor_that_cannot_be_loaded_is_said_before_anything_runs(
    lab: Lab, shed: Path
) -> None:
    for name, code in (("broken", "broken-executor"), ("shde", "unknown-executor")):
        error = lab.json("init", "--executor", name)["error"]
        assert error["code"] == code and error["next"]
        (lab.repo / ".git/leadline/config.toml").write_text(f'"run.executor" = "{name}"\n')
        error = lab.json("run", "--", "touch", "ran")["error"]
        assert error["code"] == code and error["next"]
    assert {"broken", "local", "shed"} <= set(error["why"].replace(",", "").split())
    assert not (lab.repo / "ran").exists() and not lab.json("status", "--runs")["data"]


def test_a_declared_one_runs_the_code_of_the_time_it_was_asked(lab: Lab, shed: Path) -> None:
    options = ["--option", f"shed={shed}", "--option", "place=unpacked"]
    lab.ok("executor", "add", "later", "--kind", "shed", *options, "--env", "WHERE=there")
    (lab.repo / "sub").mkdir()
    (lab.repo / "sub" / "word.txt").write_text("first")
    (lab.repo / ".gitignore").write_text("ignored\n")
    (lab.repo / "ignored").write_text("data")
    words = f"cat word.txt {lab.repo}/sub/word.txt; echo $WHERE; cat {lab.repo}/ignored; pwd"
    command = ["--on", "later", "--", "sh", "-c", words]
    done = lab.run("-C", "sub", "run", *command)
    run = lab.json("show", "P-001-r1")["data"]
    folder = lab.repo / ".git/leadline/code" / run["code"]["tree"] / "sub"
    assert done.stdout == f"firstfirstthere\ndata{folder}\n"
    assert "ignored is not in the code state" in done.stderr
    assert (run["executor"], run["environment"]["WHERE"]) == ("later", "there")
    # What the machine is was seen by the job, and not taken for this one's.
    assert run["hardware"]["host"] and "cpu_affinity" not in run["hardware"]


def test_the_check_proves_it_and_says_what_fails(lab: Lab, shed: Path) -> None:
    options = ["--option", f"shed={shed}", "--option", "place=unpacked"]
    lab.ok("executor", "add", "later", "--kind", "shed", *options)
    found = lab.json("executor", "check", "later")["data"]
    said = {one["what"]: one["found"] for one in found["findings"]}
    assert found["ok"] and said["clock"] == "agrees" and said["files"].startswith("shared")
    assert not list((lab.repo / ".git/leadline/checks").iterdir())
    lab.ok("executor", "add", "shut", "--kind", "shed", "--option", "shed=")
    answer = lab.json("executor", "check", "shut", env={**lab.env, "SHED": ""})
    assert not answer["data"]["ok"] and "no shed" in answer["data"]["findings"][0]["found"]


def test_a_tracked_file_does_not_choose_what_starts_commands(lab: Lab, shed: Path) -> None:
    lab.ok("init", "--executor", "local")
    (lab.repo / "leadline.toml").write_text('[run]\nexecutor = "shed"\n')
    done = lab.run("run", "--", "true")
    assert done.returncode == 0 and "leadline init --executor NAME" in done.stderr
    assert not shed.exists()

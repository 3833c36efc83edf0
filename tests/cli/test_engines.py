"""A thread's life on an engine that starts jobs when it will: a launcher described by its commands."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest

from leadline.testing.executor_contract import wait_until
from tests.conftest import Lab

FARM = Path(__file__).resolve().parents[1] / "fixtures" / "launcher" / "farm.py"
MEASURE = "import json, sys\nprint(json.dumps({'time_ms': float(sys.argv[1])}))\n"


@pytest.fixture
def farm(lab: Lab, tmp_path: Path) -> Path:
    """Where its jobs lie."""
    folder = tmp_path / "farm"
    launcher = shlex.join([sys.executable, "-I", "-S", str(FARM), str(folder)])
    options = {
        "submit": f"{launcher} submit {{job}} {{log}} beside {{command}}",
        "state": f"{launcher} state {{job}}",
        "cancel": f"{launcher} cancel {{job}}",
    }
    words = [word for key, value in options.items() for word in ("--option", f"{key}={value}")]
    (lab.repo / "measure.py").write_text(MEASURE)
    lab.ok("start", "demo", "--prefix", "P", "--no-branch", "--success", "time_ms:ms:lower")
    lab.ok("executor", "add", "farm", "--kind", "command", *words)
    return folder


def measured(ms: str) -> list[str]:
    return ["--", sys.executable, "measure.py", ms]


def jobs(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.job"))


def test_it_is_proved_from_end_to_end(lab: Lab, farm: Path) -> None:
    found = lab.json("executor", "check", "farm")["data"]
    assert found["ok"] and len(jobs(farm)) == 1
    (farm / "down").touch()
    error = lab.json("run", "--on", "farm", *measured("3"))["error"]
    assert (error["code"], error["kind"]) == ("engine-unreachable", "remote") and error["next"]


def test_what_waits_runs_the_code_of_the_time_it_was_asked_for(lab: Lab, farm: Path) -> None:
    farm.mkdir()
    (farm / "full").touch()
    lab.ok("run", "--on", "farm", "--detach", *measured("3"))
    [row] = lab.json("jobs")["data"]
    assert row["state"] == "queued"
    (lab.repo / "measure.py").write_text("print('{\"time_ms\": 99}')\n")
    (farm / "full").unlink()
    lab.ok("wait", row["id"])
    [run] = lab.json("status", "--runs")["data"]
    assert (run["state"], run["metrics"]) == ("done", {"time_ms": 3.0})


def test_what_waits_is_stopped_before_it_starts(lab: Lab, farm: Path) -> None:
    farm.mkdir()
    (farm / "full").touch()
    lab.ok("run", "--on", "farm", "--detach", *measured("3"))
    [row] = lab.json("jobs")["data"]
    lab.ok("stop", row["id"])
    (farm / "full").unlink()
    [run] = lab.json("status", "--runs")["data"]
    assert run["state"] == "cancelled" and not run["metrics"]
    assert wait_until(lambda: list(farm.glob("*.job/end")))


@pytest.mark.long
def test_a_sweep_and_two_commands_in_turns_take_one_job_a_place(lab: Lab, farm: Path) -> None:
    cells = ",".join(map(str, range(9)))
    sweep = lab.json(
        "sweep", "--on", "farm", "--axis", f"k={cells}", "--jobs", "2", *measured("{k}")
    )["data"]
    assert sweep["states"] == {"done": 9} and len(jobs(farm)) == 2
    rows = lab.json("status", "--runs")["data"]
    assert sorted(row["metrics"]["time_ms"] for row in rows) == [float(n) for n in range(9)]
    assert {lab.json("show", row["id"])["data"]["pilot"] for row in rows} <= {"0", "1"}
    assert "through farm, place" in lab.ok("show", rows[0]["id"])
    turns = lab.json(
        "ab", "--on", "farm", "--blocks", "2", "--warmup", "1", *measured("3"), *measured("4")
    )["data"]
    assert (turns["n_blocks"], turns["failed_blocks"]) == (2, [])
    assert len(jobs(farm)) == 2 + 1
    lab.ok("verify")


def test_another_clone_that_sees_the_folder_records_it_too(
    lab: Lab, farm: Path, tmp_path: Path
) -> None:
    remote, clone, go = tmp_path / "remote.git", tmp_path / "clone", tmp_path / "go"
    script = f"echo up; while ! test -e {go}; do sleep 0.02; done; echo '{{\"time_ms\": 3}}'"
    lab.git("init", "-q", "--bare", str(remote))
    lab.git("remote", "add", "origin", str(remote))
    lab.ok("run", "--on", "farm", "--detach", "--", "sh", "-c", script)
    lab.ok("sync")
    lab.git("clone", "-q", str(remote), str(clone))
    other = Lab(clone, lab.env)
    other.run("sync")
    told = json.loads((lab.repo / ".git/leadline/executors.json").read_text())["executors"]["farm"]
    words = [w for k, v in told["options"].items() for w in ("--option", f"{k}={v}")]
    other.ok("executor", "add", "farm", "--kind", "command", *words)
    [job] = other.json("jobs")["data"]
    assert (job["state"], job["last_line"]) == ("running", "up")
    go.touch()
    assert other.json("wait", "P-001")["data"][0]["state"] == "done"
    assert other.json("show", "P-001-r1")["data"]["metrics"] == {"time_ms": 3.0}
    assert lab.json("wait", "P-001")["data"][0]["state"] == "done"
    assert "P-001" not in other.ok("jobs")


def test_a_declaration_that_cannot_be_used_is_not_kept(lab: Lab, farm: Path) -> None:
    told = ["--option", "submit=farm {jbo}", "--option", "state=farm"]
    error = lab.json("executor", "add", "other", "--kind", "command", *told)["error"]
    assert error["code"] == "executor-template" and "{jbo}" in error["why"]
    assert "other" not in lab.ok("executor", "list")


def test_a_setup_command_runs_beside_the_job_in_its_code(lab: Lab, farm: Path) -> None:
    told = json.loads((lab.repo / ".git/leadline/executors.json").read_text())["executors"]["farm"]
    words = [w for k, v in told["options"].items() for w in ("--option", f"{k}={v}")]
    make = 'mkdir -p "$LEADLINE_ENV/bin"; cp measure.py "$LEADLINE_ENV/bin/kept"; ls .. > "$LEADLINE_ENV/at"'
    lab.ok("executor", "add", "ready", "--kind", "command", *words, "--setup", make)
    cells = [
        "--axis",
        "k=1,2,3",
        "--",
        "sh",
        "-c",
        f'{sys.executable} "$LEADLINE_ENV/bin/kept" {{k}}',
    ]
    found = lab.json("sweep", "--on", "ready", *cells)["data"]
    assert found["states"] == {"done": 3}
    [at] = (lab.repo / ".git/leadline/env").glob("*/at")
    [code] = (lab.repo / ".git/leadline/code").iterdir()
    assert at.read_text().split() == [code.name]

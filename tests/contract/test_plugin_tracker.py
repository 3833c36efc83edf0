"""A tracker that a third party brings: the contract, and a thread's runs in it, chosen by name alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from leadline.adapters import plug_ins
from leadline.adapters.trackers import registry
from leadline.core.errors import LeadlineError
from leadline.ports.tracker import Tracker
from leadline.testing.tracker_contract import TrackerContract
from tests.conftest import Lab, sealed_environment

PLUGIN = Path(__file__).resolve().parents[1] / "fixtures" / "plugin_tracker"
JOB = """
import json, os, signal, sys
given = json.load(sys.stdin)
from slate import Slate
slate = Slate(given["project"], given["config"])
for row in given["rows"]:
    slate.log(row["step"], row["values"])
if given["end"] == "kill":
    os.kill(os.getpid(), signal.SIGKILL)
slate.end()
"""
TRAINING = """
from slate import Slate
slate = Slate("wild", {"lr": 0.5})
for step in range(5):
    slate.log(step, {"loss": 1 / (step + 1)})
slate.end()
"""


class TestSlateTracker(TrackerContract):
    SCRIPT = JOB
    NEEDED = "*.slate"
    QUIET = {"PYTHONPATH": str(PLUGIN)}

    @pytest.fixture
    def make(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[Mapping[str, str], str], Tracker]:
        monkeypatch.syspath_prepend(str(PLUGIN))
        from slate_tracker import SlateTracker

        return SlateTracker


def plugged(lab: Lab) -> Lab:
    """The plug-in is installed for the program and for its jobs."""
    lab.env["PYTHONPATH"] = str(PLUGIN)
    lab.ok("start", "demo", "--prefix", "P", "--no-branch", "--success", "loss::lower")
    lab.write("train.py", TRAINING)
    return lab


@pytest.fixture
def wall(lab: Lab, tmp_path: Path) -> Path:
    """Where the slates hang, chosen for the thread of ``lab``."""
    made = tmp_path / "wall"
    made.mkdir()
    plugged(lab).ok("tracker", "set", "slate", "proj", "--at", f"wall:{made}")
    return made


def test_the_runs_of_a_thread_go_to_a_tracker_that_is_none_of_ours(lab: Lab, wall: Path) -> None:
    lab.ok("run", "--set", "lr=0.5", "--", sys.executable, "train.py")
    run = lab.json("show", "P-001-r1")["data"]
    assert (run["metrics"]["loss"], run["tracker"]["tracker"]) == (0.2, "slate")
    assert lab.json("tracker", "status")["data"]["waiting"] == ["P-001-r1"]
    assert [row["run"] for row in lab.json("tracker", "push")["data"]["sent"]] == ["P-001-r1"]
    [slate] = (wall / "proj").iterdir()
    standing = lab.json("tracker", "status")["data"]
    assert standing["reach"]["reachable"] and standing["runs"][0]["sent"]
    assert lab.run("tracker", "reconcile").returncode == 0
    slate.unlink()
    [row] = lab.json("tracker", "reconcile")["data"]["only_here"]
    assert (row["run"], row["code"]) == ("P-001-r1", "gone")


def test_a_run_that_logs_through_leadline_is_sent_to_it_too(lab: Lab, wall: Path) -> None:
    lab.ok("run", "--", sys.executable, "-c", "import leadline; leadline.log(step=3, loss=0.5)")
    assert lab.json("tracker", "push", "P-001-r1")["data"]["sent"]
    [slate] = (wall / "proj").iterdir()
    assert '"step": 3' in slate.read_text() and lab.run("tracker", "reconcile").returncode == 0


def test_its_runs_are_taken_into_another_repository(lab: Lab, wall: Path, tmp_path: Path) -> None:
    lab.ok("run", "--", sys.executable, "train.py")
    lab.ok("tracker", "push")
    # A colleague without Leadline hangs a slate beside it, whose file alone tells what it is.
    alone = {**lab.env, "SLATE_HOME": str(wall / "proj")}
    subprocess.run([sys.executable, "train.py"], cwd=lab.repo, env=alone, check=True)
    theirs = next(s for s in (wall / "proj").iterdir() if '"note": ""' in s.read_text())
    stranger = lab.json("tracker", "reconcile")["data"]["only_there"][0]
    assert stranger["import"] == f"leadline import {theirs} --format slate"
    other = plugged(another_lab(tmp_path))
    found = other.json("import", "proj", "--format", "slate", "--at", f"wall:{wall}")["data"]
    assert [(row["metrics"], found["origin"]) for row in found["taken"]] == [
        ({"loss": 0.2}, "imported")
    ]
    assert [row["why"] for row in found["not_taken"]] == ["another thread's Leadline made it"]
    assert other.json("import", str(theirs))["data"]["already"] == 1
    assert other.json("import", str(wall / "proj"))["error"]["next"] == [
        f"leadline import {wall / 'proj'} --format slate"
    ]


def another_lab(tmp_path: Path) -> Lab:
    made = Lab(tmp_path / "other", sealed_environment(tmp_path / "home"))
    made.repo.mkdir()
    made.git("init", "-q", "-b", "main")
    made.git("commit", "-q", "--allow-empty", "-m", "first")
    return made


def test_what_it_takes_and_refuses_is_what_its_kind_says(lab: Lab, wall: Path) -> None:
    error = lab.json("tracker", "set", "slate", "proj", "--at", "/a/folder")["error"]
    assert (error["code"], error["why"]) == ("bad-address", "it takes wall:…")
    error = lab.json("tracker", "set", "slate", "chalk-12345678")["error"]
    assert error["code"] == "key-as-project" and "export SLATE_CHALK=…" in error["next"]
    known = lab.json("import", "something.odd")["error"]["why"]
    assert known.endswith("leadline, wandb, mlflow, trackio, cracked, slate")


def test_doctor_names_it_and_one_that_cannot_be_loaded(lab: Lab, wall: Path) -> None:
    checks = {check["name"]: check for check in lab.json("doctor")["data"]}
    assert checks["tracker slate"]["state"] == "ok"
    assert "the slate wall" in checks["tracker slate"]["what"]
    cracked = checks["tracker cracked"]
    assert cracked["state"] == "problem" and "absent" in cracked["what"]
    assert lab.json("tracker", "set", "cracked", "proj")["error"]["code"] == "broken-tracker"


def test_one_that_does_not_say_its_kind_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    older = EntryPoint(
        "older", "builtins:slice", registry.ENTRY_POINTS
    )  # what it gives has no kind
    monkeypatch.setattr(plug_ins, "entries", lambda group: [older])
    with pytest.raises(LeadlineError) as caught:
        registry.load("older", {}, "")
    assert caught.value.code == "broken-tracker" and registry.NO_KIND in caught.value.why
    assert registry.kind("older").problem == registry.NO_KIND


def test_a_record_that_names_it_is_read_where_it_is_not_installed(lab: Lab, wall: Path) -> None:
    lab.ok("run", "--", sys.executable, "train.py")
    del lab.env["PYTHONPATH"]
    assert lab.json("show", "P-001-r1")["data"]["tracker"]["tracker"] == "slate"
    [left] = lab.json("tracker", "push")["data"]["left"]
    assert "no tracker called 'slate'" in left["why"]
    assert lab.json("tracker", "reconcile")["data"]["places"][0]["not_asked"]

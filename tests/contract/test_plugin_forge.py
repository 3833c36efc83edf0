"""A forge that a third party brings: the contract, and a thread's life on it, chosen by name alone."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from leadline.ports.forge import Forge
from leadline.testing.forge_contract import ForgeContract
from tests.conftest import WHATEVER_IS_MISSING, Lab

PLUGIN = Path(__file__).resolve().parents[1] / "fixtures" / "plugin_forge"


class TestPaperForge(ForgeContract):
    @pytest.fixture
    def open_forge(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Forge]:
        monkeypatch.syspath_prepend(str(PLUGIN))
        from paper_forge import PaperForge

        return lambda: PaperForge(str(tmp_path / "paper.json"))


@pytest.fixture
def paper(lab: Lab, tmp_path: Path) -> Path:
    """Where the sheets lie; the plug-in is installed for the program alone."""
    lab.env |= {"PYTHONPATH": str(PLUGIN), "PAPER_FORGE": str(tmp_path / "paper.json")}
    return tmp_path / "paper.json"


def test_a_thread_lives_on_a_forge_that_is_not_github(lab: Lab, paper: Path) -> None:
    made = lab.json("init", "--forge", "paper")
    assert made["data"]["forge"]["name"] == "paper"
    lab.ok("start", "demo", "--prefix", "P", "--no-branch", "--success", "time_ms:ms:lower")
    lab.ok("run", "--", sys.executable, "-c", "print('{\"time_ms\": 3.5}')")
    assert lab.json("update", "--change", "one run")["data"]["posted"]
    lab.ok("seal", "one")
    lab.ok("finish", "--override", WHATEVER_IS_MISSING, "a test", "--conclusion", "done")
    [(number, sheet)] = json.loads(paper.read_text()).items()
    assert (number, sheet["title"], sheet["stamp"]) == ("LAB/1", "Experiment: demo", "DONE")
    assert [c["marker"].partition(":")[0] for c in sheet["comments"]] == [
        "update",
        "snapshot",
        "finish",
    ]
    assert "P-001" in sheet["body"] and lab.json("issue")["data"]["number"] == "LAB/1"
    lab.ok("issue", "sync")
    assert len(json.loads(paper.read_text())["LAB/1"]["comments"]) == 3


def test_while_the_paper_is_away_nothing_is_lost(lab: Lab, paper: Path) -> None:
    lab.ok("init", "--forge", "paper")
    lab.ok("start", "demo", "--prefix", "P", "--no-branch", "--success", "time_ms:ms:lower")
    lab.ok("run", "--", sys.executable, "-c", "print('{\"time_ms\": 3.5}')")
    there = paper.rename(paper.with_name("elsewhere"))
    paper.mkdir()  # reading it is an error now
    assert not lab.json("update", "--change", "one run")["data"]["posted"]
    paper.rmdir()
    there.rename(paper)
    lab.ok("issue", "sync")
    assert [
        c["marker"].partition(":")[0] for c in json.loads(paper.read_text())["LAB/1"]["comments"]
    ] == ["update"]


def test_a_plug_in_that_cannot_be_loaded_is_said(lab: Lab, paper: Path) -> None:
    error = lab.json("init", "--forge", "broken")["error"]
    assert error["code"] == "broken-forge" and error["next"] and "absent" in error["why"]
    error = lab.json("init", "--forge", "papre")["error"]
    assert error["code"] == "unknown-forge" and "broken, github, local, paper" in error["why"]
    del lab.env["PAPER_FORGE"]
    assert lab.json("init", "--forge", "paper")["error"]["code"] == "no-paper"
    assert not (lab.repo / ".git" / "leadline" / "config.toml").exists()


def test_a_forge_that_is_not_installed_is_not_proposed(lab: Lab, paper: Path) -> None:
    """As on another machine, which has the record and neither the plug-in nor a choice of it."""
    lab.ok("init", "--forge", "paper")
    lab.ok("start", "demo", "--prefix", "P", "--no-branch", "--success", "time_ms:ms:lower")
    lab.ok("issue", "sync")
    (lab.repo / ".git" / "leadline" / "config.toml").unlink()
    why = lab.json("issue", "sync")["data"]["why"]
    assert (why["code"], why["next"]) == ("not-agreed", ["leadline init --forge paper"])
    del lab.env["PYTHONPATH"]
    why = lab.json("issue", "sync")["data"]["why"]
    assert (why["code"], why["why"]) == ("not-agreed", "it is not installed here")
    assert why["next"] == ["leadline issue --thread demo"]
    lab.ok("issue", "--thread", "demo")

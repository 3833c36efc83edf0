"""A clock set back makes nothing pre-registered: what a writer had seen counts, not what its clock says."""

from __future__ import annotations

import sys

import pytest

from tests.campaign.clock import library
from tests.conftest import Lab

THAT = "loss(arm=new) < loss(arm=old)"


@pytest.fixture
def back() -> dict[str, str]:
    """The environment of another session, three days ago."""
    if library() is None:
        pytest.skip("no libfaketime: python tools/counterparts.py")
    return {"LD_PRELOAD": str(library()), "FAKETIME": "-3d", "LEADLINE_SESSION": "late"}


def runs(lab: Lab, arm: str, loss: float) -> None:
    program = f"import random; print('{{\"loss\": %r}}' % ({loss} + random.random() / 9))"
    lab.ok("run", "--repeat", "3", "--set", f"arm={arm}", "--", sys.executable, "-c", program)


def predict(lab: Lab, clock: dict[str, str]) -> None:
    done = lab.start("hypothesis", "add", "I think so", "--predict", THAT, env=clock)
    assert done.returncode == 0, done.stderr


def preregistered(lab: Lab) -> str:
    return str(lab.json("claim", "the new arm is better", "--that", THAT)["data"]["preregistered"])


def test_what_is_written_after_the_runs_is_no_prediction(
    thread_lab: Lab, back: dict[str, str]
) -> None:
    runs(thread_lab, "old", 2.0)
    runs(thread_lab, "new", 1.0)
    predict(thread_lab, back)
    assert preregistered(thread_lab) == ""
    notes = thread_lab.json("verify")["data"]["notes"]
    assert any(n["code"] == "clock-off" and "dated back" in n["what"] for n in notes)


def test_what_another_session_had_seen_before_its_runs_is_one(
    thread_lab: Lab, back: dict[str, str]
) -> None:
    runs(thread_lab, "old", 2.0)
    predict(thread_lab, back)
    runs(thread_lab, "new", 1.0)
    assert preregistered(thread_lab) == "P-H1"

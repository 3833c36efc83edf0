"""Sweeps through the command line: real commands, interruptions, failures and refusals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

SH = 'echo "{{\\"time_ms\\": {a}{b}}}"'
BOTH = ("--axis", "a=1,2,3", "--axis", "b=4,5")


def sweep(lab, *args, command=("sh", "-c", SH)):
    return lab.json("sweep", *args, "--", *command)


def test_a_sweep_runs_each_cell_and_does_not_run_it_again(thread_lab):
    first = sweep(thread_lab, *BOTH, "--repeat", "2", "--seed", "3")["data"]
    assert (first["cells"], first["states"], first["skipped"]) == (4, {"done": 8}, 0)
    second = sweep(thread_lab, *BOTH, "--repeat", "2")["data"]
    assert (second["id"], second["runs"], second["skipped"]) == (first["id"], [], 8)
    more = sweep(thread_lab, *BOTH, "--repeat", "3")["data"]
    assert len(more["runs"]) == 4
    table = thread_lab.json("sweep", "show")["data"]
    assert [r["cell"] for r in table["cells"]][0] == {"a": 1, "b": 4}  # lower is better
    assert [r["n"] for r in table["cells"]] == [3] * 4
    assert table["seed"] == 3


def test_a_plan_runs_nothing(thread_lab):
    plan = sweep(thread_lab, *BOTH, "--plan")["data"]
    assert plan["to_run"] == 4
    assert plan["estimate"]["seconds"] is None
    assert thread_lab.json("sweep", "list")["counts"]["sweeps"] == 0


def test_an_interaction_needs_its_axes_alone_or_a_reason(thread_lab):
    refused = sweep(thread_lab, *BOTH, "--design", "interaction")
    assert refused["error"]["code"] == "interaction-before-one-axis"
    told = sweep(thread_lab, *BOTH, "--design", "interaction", "--because", "both are known from the paper")
    assert told["data"]["states"] == {"done": 6}
    assert "the paper" in thread_lab.ok("sweep", "show")


def test_an_interaction_after_its_axes_skips_what_they_ran(thread_lab):
    sweep(thread_lab, *BOTH)
    both = sweep(thread_lab, *BOTH, "--design", "interaction")["data"]
    assert (both["skipped"], len(both["runs"])) == (4, 2)


@pytest.mark.parametrize(("policy", "ran"), [("continue", 3), ("stop", 1)])
def test_a_failing_cell_is_recorded(thread_lab, policy, ran):
    data = sweep(thread_lab, "--axis", "a=7,8,9", "--on-failure", policy, command=("sh", "-c", "exit {a}"))
    assert not data["ok"]
    assert data["data"]["states"] == {"failed": ran}
    assert {r["n"] for r in thread_lab.json("sweep", "show")["data"]["cells"]} == {0}


def test_a_metric_missing_in_some_cells_is_said(thread_lab):
    script = "test {a} = 1 || echo '{{\"time_ms\": 4}}'"
    sweep(thread_lab, "--axis", "a=1,2", command=("sh", "-c", script))
    rows = thread_lab.json("sweep", "show")["data"]["cells"]
    assert [r["state"] for r in rows] == ["done", "1 without time_ms"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupted_sweep_goes_on(thread_lab, tmp_path, number, code, jobs):
    marks, gate = tmp_path / "marks", tmp_path / "gate"
    marks.mkdir()
    held = f"n=0; while [ {{a}} != 1 ] && [ ! -e {gate} ] && [ $n -lt 300 ]; do sleep 0.05; n=$((n+1)); done"
    script = f"touch {marks}/{{a}}; {held}"
    words = ["sweep", "--axis", "a=1,2,3,4", "--jobs", jobs, "--seed", "1", "--", "sh", "-c", script]
    process = subprocess.Popen(
        [sys.executable, "-m", "leadline", *words],
        cwd=thread_lab.repo,
        env={**os.environ, **thread_lab.env},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 20
    while not any(m.name != "1" for m in marks.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    assert process.wait(20) == code
    gate.touch()
    thread_lab.json("sweep", "resume", "P-W1")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        cells = thread_lab.json("sweep", "list")["data"]["sweeps"][0]["cells_done"]
        if cells == 4:
            break
    assert cells == 4


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--axis", "a=1", "--", "x"], "axis-not-in-command"),
        (["--axis", "a=", "--", "{a}"], "empty-axis"),
        (["--axis", "a=1", "--", "{a}", "{b}"], "unknown-placeholder"),
        (["--axis", "a=1", "--set", "a=2", "--", "{a}"], "axis-is-set"),
        (["--axis", "a=1"], "no-command"),
        (["--axis", "a=1", "--repeat", "0", "--", "{a}"], "bad-number"),
        (["resume"], "which-sweep"),
        (["show"], "no-sweep"),
    ],
)
def test_what_cannot_be_swept_is_told(thread_lab, words, code):
    assert thread_lab.json("sweep", *words)["error"]["code"] == code

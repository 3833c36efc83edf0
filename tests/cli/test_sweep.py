"""Sweeps through the command line: real commands, interruptions, failures and refusals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.conftest import Lab

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
    shown = thread_lab.ok("show", "P-W1")
    assert thread_lab.ok("sweep", "show").strip() in shown and "4 cells, 2 runs each" in shown


def test_a_plan_runs_nothing(thread_lab):
    plan = sweep(thread_lab, *BOTH, "--plan")["data"]
    assert plan["to_run"] == 4
    assert plan["estimate"]["seconds"] is None
    assert thread_lab.json("sweep", "list")["counts"]["sweeps"] == 0


def test_a_million_cells_are_refused_unless_asked_for_and_then_bounded(thread_lab):
    axes = [
        part for name in "abc" for part in ("--axis", f"{name}={','.join(map(str, range(100)))}")
    ]
    words = ("--design", "factorial", *axes, "--plan")
    command = ("sh", "-c", "echo {a}{b}{c}")
    refused = sweep(thread_lab, *words, command=command)["error"]
    assert refused["code"] == "too-many-cells" and "1,000,000 cells" in refused["what"]
    plan = sweep(thread_lab, *words, "--max-cells", "1000000", command=command)
    assert (
        plan["counts"] == {"cells": 1_000_000, "shown": 1000, "to_run": 1_000_000}
        and plan["truncated"]
    )
    assert [len(plan["data"][name]) for name in ("cells", "done", "missing")] == [1000] * 3


def test_an_interaction_needs_its_axes_alone_or_a_reason(thread_lab):
    refused = sweep(thread_lab, *BOTH, "--design", "interaction")
    assert refused["error"]["code"] == "interaction-before-one-axis"
    told = sweep(
        thread_lab, *BOTH, "--design", "interaction", "--because", "both are known from the paper"
    )
    assert told["data"]["states"] == {"done": 6}
    assert "the paper" in thread_lab.ok("sweep", "show")


def test_an_interaction_after_its_axes_skips_what_they_ran(thread_lab):
    sweep(thread_lab, *BOTH)
    both = sweep(thread_lab, *BOTH, "--design", "interaction")["data"]
    assert (both["skipped"], len(both["runs"])) == (4, 2)


@pytest.mark.parametrize(("policy", "ran"), [("continue", 3), ("stop", 1)])
def test_a_failing_cell_is_recorded(thread_lab, policy, ran):
    data = sweep(
        thread_lab, "--axis", "a=7,8,9", "--on-failure", policy, command=("sh", "-c", "exit {a}")
    )
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
    words = [
        "sweep",
        "--axis",
        "a=1,2,3,4",
        "--jobs",
        jobs,
        "--seed",
        "1",
        "--",
        "sh",
        "-c",
        script,
    ]
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
    ("name", "text"),
    [
        ("m.toml", "design = 'list'\n[[cells]]\na = 1\nb = 4\n[[cells]]\na = 2\nb = 5\n"),
        ("m.json", '{"design": "list", "cells": [{"a": 1, "b": 4}, {"a": 2, "b": 5}]}'),
        ("m.yaml", "design: list\ncells:\n- {a: 1, b: 4}\n- {a: 2, b: 5}\n"),
    ],
)
def test_cells_come_from_a_file(thread_lab, name, text):
    (thread_lab.repo / name).write_text(text)
    done = sweep(thread_lab, "--matrix", name)["data"]
    assert (done["cells"], done["states"]) == (2, {"done": 2})
    cells = thread_lab.json("sweep", "show")["data"]["cells"]
    assert [(row["cell"], row["median"]) for row in cells] == [
        ({"a": 1, "b": 4}, 14),
        ({"a": 2, "b": 5}, 25),
    ]


def test_an_axis_reaches_the_command_as_a_variable_alone(thread_lab):
    script = 'echo "{{\\"time_ms\\": $SIZE}}"'
    done = sweep(
        thread_lab, "--axis", "size=3,5", "--env-axis", "size=SIZE", command=("sh", "-c", script)
    )["data"]
    assert done["states"] == {"done": 2}
    assert [row["median"] for row in thread_lab.json("sweep", "show")["data"]["cells"]] == [3, 5]
    runs = thread_lab.json("status", "--runs")["data"]
    assert sorted(run["config"]["size"] for run in runs) == [3, 5]


def test_again_runs_what_is_done(thread_lab):
    sweep(thread_lab, "--axis", "a=1,2", "--axis", "b=1")
    again = sweep(thread_lab, "--axis", "a=1,2", "--axis", "b=1", "--again")["data"]
    assert (len(again["runs"]), again["skipped"]) == (2, 0)


NOISY = """
import json, pathlib, sys
count = pathlib.Path(".git/count")
n = int(count.read_text()) if count.exists() else 0
count.write_text(str(n + 1))
print(json.dumps({"loss": float(sys.argv[1]) * (1 + (n * 7919 % 13 - 6) / 1000)}))
"""


def test_cells_stand_against_the_baseline(thread_lab):
    thread_lab.ok("metric", "loss", "--direction", "lower")
    (thread_lab.repo / "noisy.py").write_text(NOISY)
    thread_lab.ok("run", "--set", "x=100", "--repeat", "4", "--", sys.executable, "noisy.py", "100")
    thread_lab.ok("baseline", "set", "P-001")
    sweep(
        thread_lab,
        "--axis",
        "x=80,100.0",
        "--repeat",
        "4",
        "--seed",
        "1",
        command=(sys.executable, "noisy.py", "{x}"),
    )
    fast, same, *_ = thread_lab.json("sweep", "show", "--metric", "loss")["data"]["cells"]
    assert (fast["cell"], same["cell"]) == ({"x": 80}, {"x": 100.0})
    assert fast["ratio"] == pytest.approx(0.8, abs=0.01)
    assert fast["statement"] == "loss(cell) < loss(baseline)"
    assert fast["label"] in ("replicated", "stable"), (fast["label_why"], fast["label_missing"])
    assert same["label"] in ("", "none", "exploratory")


def test_code_that_changes_during_a_sweep_is_recorded_with_each_cell(thread_lab):
    """The first cell edits a tracked file and outlasts the time after which the code is looked at
    again."""
    program = (
        "import sys, time; open('module.py', 'a').write('x = 1\\n'); time.sleep(2.1); print('time_ms=' + "
        "sys.argv[1])"
    )
    (thread_lab.repo / "module.py").write_text("")
    thread_lab.git("add", "module.py")
    thread_lab.git("commit", "-qm", "Add a module")
    done = sweep(thread_lab, "--axis", "a=1,2", command=(sys.executable, "-c", program, "{a}"))
    assert done["data"]["states"] == {"done": 2}
    trees = {
        thread_lab.json("show", run["id"])["data"]["code"]["tree"] for run in done["data"]["runs"]
    }
    assert len(trees) == 2


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--axis", "a=1", "--", "x"], "axis-not-in-command"),
        (["--axis", "a=", "--", "{a}"], "empty-axis"),
        (["--axis", "a=1,,2", "--", "{a}"], "empty-value"),
        (["--axis", "a=1,1", "--", "{a}"], "duplicate-value"),
        (["--axis", "=1", "--", "{a}"], "bad-axis"),
        (["--matrix", "none.toml", "--", "{a}"], "no-config-file"),
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


def test_what_another_executor_ran_is_not_done_here(thread_lab: Lab) -> None:
    """A machine is a fact of a result: the same sweep elsewhere is another one, and pools nothing."""
    thread_lab.ok("executor", "add", "other", "--kind", "local")
    words = ["--axis", "k=1,2", "--", "sh", "-c", "echo '{{\"time_ms\": {k}}}'"]
    for turn in (["--on", "other"], [], ["--on", "other"], []):
        thread_lab.ok("sweep", *turn, *words)
    sweeps = thread_lab.json("sweep", "list")["data"]["sweeps"]
    assert [sweep["id"] for sweep in sweeps] == ["P-W1", "P-W2"]
    runs = thread_lab.json("status", "--runs")["data"]
    assert len(runs) == 4 and len({run["experiment"] for run in runs}) == 4
    for shown in ("P-W1", "P-W2"):
        cells = thread_lab.json("sweep", "show", shown)["data"]["cells"]
        assert [cell["n"] for cell in cells] == [1, 1], shown
    # Whoever goes on with one elsewhere goes on with that one.
    thread_lab.ok("sweep", "resume", "P-W1", "--repeat", "2")
    assert [c["n"] for c in thread_lab.json("sweep", "show", "P-W1")["data"]["cells"]] == [2, 2]
    thread_lab.ok("sweep", "resume", "P-W1", "--repeat", "2")
    assert len(thread_lab.json("status", "--runs")["data"]) == 6

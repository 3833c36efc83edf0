"""Whose numbers a metrics file holds, through the real program: only what a run wrote is its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from leadline.testing.executor_contract import wait_until
from tests.conftest import Lab

PY = sys.executable
UNTIL_GO = "while ! test -e go; do sleep 0.02; done"
READ = ("--metrics", "res.csv:loss=loss")


def ended(lab: Lab, *arguments: str) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = lab.json("run", *arguments)["data"]["runs"]
    return runs


def codes(run: dict[str, Any]) -> list[str]:
    return [problem["code"] for problem in run["problems"]]


@pytest.mark.parametrize("command", [("true",), ("touch", "res.csv"), ("cat", "res.csv")])
def test_a_file_that_no_run_wrote_is_the_metric_of_none(
    thread_lab: Lab, command: tuple[str, ...]
) -> None:
    (thread_lab.repo / "res.csv").write_text("loss\n0.25\n")
    runs = ended(thread_lab, "--repeat", "2", *READ, "--", *command)
    assert [(run["metrics"], codes(run)) for run in runs] == [({}, ["not-written"])] * 2
    said = "res.csv was there before and this run did not write it"
    assert said in thread_lab.ok("show", "P-001-r2")
    assert said in thread_lab.ok("logbook")


def test_an_absolute_path_and_the_file_of_another_run(thread_lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "res.csv"
    options = ("--metrics", f"{path}:loss=loss", "--")
    write = f"printf 'loss\\n1\\n' > {path}"
    assert ended(thread_lab, *options, "sh", "-c", write)[0]["metrics"] == {"loss": 1.0}
    assert codes(ended(thread_lab, *options, "true")[0]) == ["not-written"]
    old = f"cp -p {path} {path}.t; mv {path}.t {path}"
    assert codes(ended(thread_lab, *options, "sh", "-c", old)[0]) == ["stale-file"]
    # The same result measured again is one.
    assert ended(thread_lab, *options, "sh", "-c", write)[0]["metrics"] == {"loss": 1.0}


def test_cells_of_a_sweep_take_no_file_of_each_other(thread_lab: Lab) -> None:
    thread_lab.write(
        "w.py", "import sys\nif sys.argv[1] == '1': open('res.csv', 'w').write('loss\\n1\\n')\n"
    )
    command = ("--axis", "k=1,2", "--seed", "3", *READ, "--", PY, "w.py", "{k}")
    thread_lab.ok("sweep", "--jobs", "1", *command)
    runs = thread_lab.json("status", "--runs")["data"]
    assert sorted(len(run["metrics"]) for run in runs) == [0, 1]


def test_jobs_beside_each_other_need_a_file_each(thread_lab: Lab) -> None:
    thread_lab.write(
        "w.py", "import sys\nopen(sys.argv[2], 'w').write('loss\\n' + sys.argv[1] + '\\n')\n"
    )
    axis = ("sweep", "--jobs", "2", "--axis", "k=1,2")
    refused = thread_lab.json(*axis, *READ, "--", PY, "w.py", "{k}", "res.csv")
    assert refused["error"]["code"] == "metrics-of-which-run"
    thread_lab.ok(*axis, "--metrics", "r-{k}.csv:loss=loss", "--", PY, "w.py", "{k}", "r-{k}.csv")
    runs = thread_lab.json("status", "--runs")["data"]
    assert sorted(run["metrics"]["loss"] for run in runs) == [1.0, 2.0]


def unwatched(lab: Lab, *command: str) -> None:
    """A run whose command is under way, and whose watcher was killed."""
    argv = [PY, "-m", "leadline", "run", *READ, "--", *command]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(argv, cwd=lab.repo, env=lab.env, stdout=quiet, stderr=quiet) as watcher:
        wait_until(lambda: (lab.repo / "begun").exists())
        watcher.kill()


def test_two_commands_at_once_that_write_one_file_have_no_metric(thread_lab: Lab) -> None:
    script = "printf 'loss\n1\n' > res.csv; touch begun; "
    unwatched(thread_lab, "sh", "-c", script + UNTIL_GO)
    beside = ended(thread_lab, *READ, "--", "sh", "-c", "printf 'loss\n2\n' > res.csv")[0]
    assert (beside["metrics"], codes(beside)) == ({}, ["written-beside"])
    (thread_lab.repo / "go").touch()
    first = recovered(thread_lab)
    assert first["metrics"] == {}
    assert [p["code"] for p in first["extraction"]["problems"]] == ["written-beside"]


def recovered(lab: Lab) -> dict[str, Any]:
    """The run without a watcher, its end recorded by a later command."""

    def over() -> bool:
        lab.ok("status")
        return bool(lab.json("show", "P-001-r1")["data"]["state"] == "done")

    wait_until(over)
    shown: dict[str, Any] = lab.json("show", "P-001-r1")["data"]
    return shown


def test_a_run_whose_end_is_recorded_later_knows_what_was_there_before_it(thread_lab: Lab) -> None:
    (thread_lab.repo / "res.csv").write_text("loss\n0.25\n")
    unwatched(thread_lab, "sh", "-c", f"touch begun; {UNTIL_GO}; echo 7 >> res.csv")
    (thread_lab.repo / "go").touch()
    assert recovered(thread_lab)["metrics"] == {"loss": 7.0}


def test_a_file_that_was_written_again_before_the_end_was_recorded(thread_lab: Lab) -> None:
    unwatched(thread_lab, "sh", "-c", "printf 'loss\n1\n' > res.csv; touch begun; " + UNTIL_GO)
    (thread_lab.repo / "go").touch()
    root = thread_lab.repo / ".git/leadline/runs"
    wait_until(lambda: list(root.glob("*/*/result.json")))
    (thread_lab.repo / "res.csv").write_text("loss\n9\n")
    shown = recovered(thread_lab)
    assert shown["metrics"] == {}
    assert [p["code"] for p in shown["extraction"]["problems"]] == ["changed-since"]


TRAIN = "import random\nprint('train loss', 0.5 + random.random() / 100)\nprint('val loss', 0.9)\n"


def test_two_sides_that_were_read_by_different_patterns(thread_lab: Lab) -> None:
    thread_lab.write("tr.py", TRAIN)
    thread_lab.ok("metric", "loss", "--direction", "lower", "--observed", "result")
    for arm, which in (("old", "val"), ("new", "train")):
        pattern = f"loss={which} loss ([0-9.]+)"
        thread_lab.ok(
            "run", "--set", f"arm={arm}", "--repeat", "3", "--pattern", pattern, "--", PY, "tr.py"
        )
    compared = thread_lab.run("compare", "P-001", "P-002", "--axis", "arm").stdout
    assert "not apples to apples: extraction.loss" in compared
    for text in (compared, thread_lab.ok("show", "P-002-r1"), thread_lab.ok("logbook")):
        assert "train loss ([0-9.]+)" in text
    claimed = thread_lab.json(
        "claim", "the new arm", "--that", "loss(P-002) < loss(P-001)", "--axis", "arm"
    )
    assert claimed["ok"] is False or claimed["data"]["label"] in ("none", "exploratory")


def test_a_repeat_is_read_as_its_experiment_is(thread_lab: Lab) -> None:
    thread_lab.write("tr.py", TRAIN)
    thread_lab.ok("run", "--pattern", "loss=val loss ([0-9.]+)", "--", PY, "tr.py")
    assert ended(thread_lab, "--experiment", "P-001")[0]["metrics"] == {"loss": 0.9}
    other = ("run", "--experiment", "P-001", "--pattern", "loss=train loss ([0-9.]+)")
    assert thread_lab.json(*other)["error"]["code"] == "not-a-repeat"


def test_a_sweep_counts_no_run_as_done_that_was_read_otherwise(thread_lab: Lab) -> None:
    thread_lab.write("tr.py", TRAIN)
    for which in ("val", "train"):
        pattern = f"loss={which} loss ([0-9.]+)"
        thread_lab.ok("sweep", "--axis", "k=1,2", "--pattern", pattern, "--", PY, "tr.py", "{k}")
    runs = thread_lab.json("status", "--runs")["data"]
    assert len(runs) == 4 and len({run["experiment"] for run in runs}) == 4

"""The list of runs, the library and the hint of `run` say what the thread says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.conftest import Lab, sealed_environment


def listed(lab: Lab) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = lab.json("status", "--runs")["data"]
    return rows


def from_python(lab: Lab, expression: str) -> str:
    code = f"import leadline as ll; print([{expression} for run in ll.open().runs()])"
    return subprocess.check_output(
        [sys.executable, "-c", code], cwd=lab.repo, env=lab.env, text=True
    ).strip()


def test_a_corrected_config_is_listed_filtered_and_sorted(thread_lab: Lab) -> None:
    thread_lab.ok("run", "--set", "k=3", "--", "true")
    thread_lab.ok("run", "--set", "k=5", "--", "true")
    assert [row["config"] for row in listed(thread_lab)] == [{"k": 3}, {"k": 5}]
    thread_lab.ok("correct", "P-001-r1", "config.k=7", "--why", "typo")
    assert [row["config"] for row in listed(thread_lab)] == [{"k": 7}, {"k": 5}]
    assert from_python(thread_lab, "run['config.k']") == "[7, 5]"
    found = thread_lab.json("status", "--where", "config.k=7", "--sort", "-config.k")
    assert [row["id"] for row in found["data"]] == ["P-001-r1"]


def test_runs_that_nobody_may_rest_on_are_listed_as_that(thread_lab: Lab) -> None:
    says = """echo '{"loss": 0.5}'"""
    for _ in range(3):
        thread_lab.ok("run", "--", "sh", "-c", says)
    uid = listed(thread_lab)[0]["uid"]
    log = thread_lab.repo / ".git/leadline/runs" / uid / "attempt-1/stdout.log"
    log.write_text('{"loss": 0.1}\n')
    thread_lab.ok("correct", "P-002-r1", "hardware.cpu=a faster one", "--why", "as told")
    words = ["disputed", "reported", ""]
    assert [row["apart"] for row in listed(thread_lab)] == words
    table = thread_lab.ok("status", "--runs").splitlines()
    states = [line.split()[1] for line in table if line.startswith("P-")]
    assert states == ["disputed", "reported", "done"]
    assert from_python(thread_lab, "run['apart']") == str(words)
    assert "disputed: stdout.log changed after the run" in thread_lab.ok("show", "P-001-r1")


def test_a_corrected_title_is_listed_for_every_repeat(thread_lab: Lab) -> None:
    thread_lab.ok("run", "--title", "first", "--repeat", "2", "--", "true")
    thread_lab.ok("correct", "P-001", "title=a better title", "--why", "clearer")
    thread_lab.ok("run", "--experiment", "P-001")
    thread_lab.ok("run", "--experiment", "P-001", "--title", "its own")
    titles = [row["title"] for row in listed(thread_lab)]
    assert titles[:2] == ["a better title"] * 2 and titles[3] == "its own"
    assert "a better title" in thread_lab.ok("status", "--runs")
    assert [run["title"] for run in thread_lab.json("show", "P-001")["data"]["runs"]] == titles
    assert thread_lab.json("show", "P-001-r2")["data"]["title"] == "a better title"
    assert from_python(thread_lab, "run['title']").startswith("['a better title', 'a better")


def test_runs_of_one_id_are_told_apart_after_a_sync_and_the_hint_names_the_one_meant(
    tmp_path: Path, thread_lab: Lab
) -> None:
    remote = tmp_path / "remote.git"
    thread_lab.git("init", "-q", "--bare", "-b", "main", str(remote))
    thread_lab.git("remote", "add", "origin", str(remote))
    thread_lab.git("push", "-q", "origin", "main")
    thread_lab.ok("sync")
    other = Lab(tmp_path / "elsewhere", sealed_environment(tmp_path / "home-elsewhere"))
    thread_lab.git("clone", "-q", str(remote), str(other.repo))
    other.ok("sync")
    other.ok("run", "--set", "m=B", "--", "true")
    other.ok("sync")
    thread_lab.ok("run", "--set", "m=A", "--", "true")
    thread_lab.ok("sync")
    rows = [(row["id"], row["experiment"], row["config"]["m"]) for row in listed(thread_lab)]
    assert rows == [("P-001-r1", "P-001", "B"), ("P-001b-r1", "P-001b", "A")]
    assert thread_lab.json("status", "--where", "experiment=P-001b")["counts"]["runs"] == 1
    assert from_python(thread_lab, "run['id']") == "['P-001-r1', 'P-001b-r1']"

    said = thread_lab.run("run", "--set", "m=A", "--", "true").stderr
    assert "were run before (done: P-001b-r1)" in said
    command = said.partition("to add a repeat instead: leadline ")[2].splitlines()[0].split()
    assert command == ["run", "--experiment", "P-001b"]
    thread_lab.ok(*command)
    assert [row["id"] for row in listed(thread_lab) if row["config"]["m"] == "A"] == [
        "P-001b-r1",
        "P-002-r1",
        "P-001b-r2",
    ]


def test_the_hint_names_nothing_that_a_repeat_would_be_refused_for(thread_lab: Lab) -> None:
    thread_lab.ok("run", "--", "true")
    thread_lab.ok("run", "--", "true")
    thread_lab.ok("retract", "P-002", "--why", "wrong machine")
    said = thread_lab.run("run", "--", "true").stderr
    assert "done: P-001-r1; retracted: P-002-r1" in said
    assert said.partition("instead: ")[2].splitlines()[0] == "leadline run --experiment P-001"


def test_a_redefined_formula_and_another_baseline_reach_every_row(thread_lab: Lab) -> None:
    for value in (20, 10, 40):
        thread_lab.ok("run", "--set", f"v={value}", "--", "echo", f'{{"time_ms": {value}}}')
    thread_lab.ok("baseline", "set", "P-001")
    thread_lab.ok("metric", "gain", "--formula", "baseline(time_ms) / time_ms")
    assert [row["metrics"]["gain"] for row in listed(thread_lab)] == [1.0, 2.0, 0.5]
    assert from_python(thread_lab, "run['metrics.gain']") == "[1.0, 2.0, 0.5]"
    thread_lab.ok("retract", "P-B1", "--why", "wrong machine")
    thread_lab.ok("baseline", "set", "P-002")
    assert [row["metrics"]["gain"] for row in listed(thread_lab)] == [0.5, 1.0, 0.25]
    thread_lab.ok("metric", "gain", "--formula", "time_ms / 10", "--redefine")
    assert [row["metrics"]["gain"] for row in listed(thread_lab)] == [2.0, 1.0, 4.0]
    found = thread_lab.json("status", "--runs", "--sort", "-metrics.gain", "--limit", "1")
    assert [row["id"] for row in found["data"]] == ["P-003-r1"] and found["truncated"]

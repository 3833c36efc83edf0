"""Results by item through the real program: both universes in the comparison, the logbook, the
issue and claims."""

from __future__ import annotations

import sys

import pytest

PROGRAM = """
import json, sys
arm, first, last, right = sys.argv[1], *map(int, sys.argv[2:5])
with open("answers.jsonl", "w") as file:
    for i in range(first, last):
        print(json.dumps({"question": f"question-{i:06d}", "correct": int(i < right)}), file=file)
"""
SPEC = "answers.jsonl:acc=correct,items=question"


@pytest.fixture
def evaluated(lab):
    """An evaluation of two arms: 100 questions with 80 right against 200 with the same 80 right."""
    lab.ok("start", "demo", "--prefix", "P", "--goal", "answer more", "--no-branch")
    lab.write("evaluate.py", PROGRAM)
    lab.write(".gitignore", "answers.jsonl\n")
    lab.ok("metric", "acc", "--direction", "higher", "--observed", "result")

    def run(arm, first, last, right):
        command = [sys.executable, "evaluate.py", arm, *map(str, (first, last, right))]
        return lab.json("run", "--set", f"arm={arm}", "--metrics", SPEC, "--", *command)["data"][
            "runs"
        ][0]

    return lab, run


def test_both_universes_are_shown_everywhere(evaluated):
    lab, run = evaluated
    assert run("a", 0, 100, 80)["metrics"]["acc"] == 0.8
    lab.ok("baseline", "set", "P-001")
    assert run("b", 0, 200, 80)["metrics"]["acc"] == 0.4
    nuisance = [f"--nuisance=command.argument {i}" for i in (3, 4)]
    text = lab.ok("compare", "baseline", "P-002", "--axis", "arm", "--axis", "command", *nuisance)
    assert (
        "P-001 has 100 items, P-002 200, 100 in both; on these 100: 0.8 -> 0.8; each on its own: 0.8 -> 0.4"
        in text
    )
    metric = lab.json("compare", "baseline", "P-002", "--axis", "arm", "--axis", "command")["data"][
        "metrics"
    ][0]
    assert (metric["items"]["both"], metric["items"]["b_own"], metric["b"]["mean"]) == (
        100,
        0.4,
        0.8,
    )
    logbook = lab.ok("logbook")
    assert "question (mean)" in logbook
    assert (
        "baseline P-001 has 100 items, this run 200, 100 in both, and on those 0.8 against 0.8"
        in logbook
    )
    assert "+0.0 % on 100 shared items" in lab.ok("issue")
    lab.ok(
        "claim",
        "b answers as well",
        "--that",
        "acc(arm=b) >= acc(arm=a)",
        "--axis",
        "arm",
        "--axis",
        "command",
    )
    assert "arm=a has 100 items, arm=b 200, 100 in both: 0.8 (mean of 1)" in lab.ok(
        "claims", "--why", "P-C1"
    )
    lab.ok("show", "P-002-r1", "--json")


def test_large_sets_lie_in_a_blob_and_the_logbook_needs_none(evaluated):
    lab, run = evaluated
    run("a", 0, 1200, 800)
    lab.ok("baseline", "set", "P-001")
    run("b", 600, 1600, 800)
    record = lab.json("show", "P-002-r1")["data"]["extraction"]["items"]["acc"]
    assert "values" not in record and record["n"] == 1000
    text = lab.ok("compare", "P-001", "P-002", "--axis", "arm", "--axis", "command")
    assert "P-001 has 1200 items, P-002 1000, 600 in both" in text
    before = lab.ok("logbook")
    assert "baseline P-001 is over other items (leadline compare P-001 P-002)" in before
    digest = record["blob"].removeprefix("sha256:")
    (lab.repo / ".git/leadline/blobs" / digest[:2] / digest[2:]).unlink()
    done = lab.run("compare", "P-001", "P-002", "--axis", "arm", "--axis", "command")
    assert done.returncode == 6 and "acc: cannot be compared" in done.stdout
    assert "are not on this machine" in done.stdout
    assert lab.ok("logbook") == before
    assert "other items" in lab.ok("show", "P-002")


def test_measuring_in_turns_takes_no_block_over_other_items(evaluated):
    lab, _ = evaluated
    sides = [
        [sys.executable, "evaluate.py", arm, "0", last, "80"]
        for arm, last in (("a", "100"), ("b", "200"))
    ]
    options = ["--metric", "acc", "--metrics", SPEC, "--warmup", "0", "--blocks", "4"]
    done = lab.run("ab", *options, "--", *sides[0], "--", *sides[1])
    assert "over other items than that of the first run" in done.stdout
    assert "no whole block" in done.stdout
    shown = lab.json("ab", "show", "P-I1")["data"]
    assert shown["n_blocks"] == 0


def test_a_ratio_to_a_baseline_over_other_items_is_not_computed(evaluated):
    lab, run = evaluated
    run("a", 0, 100, 80)
    lab.ok("baseline", "set", "P-001")
    lab.ok("metric", "gain", "--formula", "acc / baseline(acc)", "--direction", "higher")
    run("a", 0, 100, 60)
    run("b", 0, 200, 80)
    found = lab.json("show", "P-002-r1")["data"]["metrics"]
    assert found["gain"] == pytest.approx(0.75)
    assert "gain" not in lab.json("show", "P-003-r1")["data"]["metrics"]

"""What users typed because it was plain to them does what they meant."""

from __future__ import annotations

import sys

import pytest

CELL = "print('{\"time_ms\": %s}')"


def _one(lab):
    lab.ok("run", "--set", "k=1", "--", sys.executable, "-c", CELL % 3.0)


def _two(lab):
    _one(lab)
    lab.ok("run", "--set", "k=2", "--", sys.executable, "-c", CELL % 2.0)


@pytest.fixture
def lab(as_built):
    return as_built(_one)


@pytest.fixture
def lab_of_two(as_built):
    return as_built(_two)


def test_reason_is_why_and_several_ids_are_withdrawn_at_once(lab_of_two):
    lab = lab_of_two
    said = lab.ok("retract", "P-001", "P-002", "--reason", "wrong timer")
    assert said.startswith("2 things retracted: P-001, P-002\n")
    assert lab.json("show", "P-002")["data"]["retracted"] == "wrong timer"


def test_a_withdrawn_sweep_takes_its_experiments_with_it(lab):
    argv = ("--", sys.executable, "-c", CELL % "{k}")
    swept = lab.run(
        "sweep", "--axis", "k=5,6", *(a.replace('{"', '{{"').replace("}')", "}}')") for a in argv)
    )
    assert swept.returncode == 0, swept.stderr
    said = lab.ok("retract", "P-W1", "--why", "wrong timer")
    assert "P-W1, P-002, P-003" in said
    assert lab.json("show", "P-001")["data"]["retracted"] == ""
    log = lab.ok("logbook")
    assert log.count("Retraction of") == 1
    assert "**P-W1** was retracted with its 2 experiments: wrong timer" in log
    assert "P-W1 retracted: wrong timer" in lab.ok("brief")
    assert "Retracted P-00" not in lab.ok("update", "--dry-run")


def test_a_negative_result_needs_no_class_and_takes_on(lab):
    lab.ok("note", "--negative", "blocks do nothing", "--on", "P-001")
    note = lab.json("show", "P-N1")["data"]["body"]
    assert (note["role"], note["reason_class"], note["about"], note["text"]) == (
        "negative",
        "unclassified",
        ["P-001"],
        "blocks do nothing",
    )


def test_what_replaces_may_stand_behind_what_is_replaced(lab):
    for text in ("one", "two"):
        lab.ok("decide", text, "--evidence", "P-001")
    lab.ok("supersede", "P-D1", "P-D2", "--reason", "two is right")
    assert lab.json("show", "P-D1")["data"]["superseded_by"] == "P-D2"
    assert lab.run("supersede", "P-D2").returncode == 2


def test_a_hypothesis_is_taken_up_as_it_is_proposed(lab):
    assert lab.ok("hypothesis", "add", "wider is faster", "--activate") == "P-H1  active\n"


def test_a_metric_is_lower_or_higher(lab):
    lab.ok("metric", "loss", "--lower", "--unit", "nat")
    found = lab.json("metric", "loss")["data"][0]
    assert (found["direction"], found["unit"]) == ("lower", "nat")


def test_a_claim_is_shown_by_its_id(lab):
    lab.ok("claim", "it ends", "--that", "time_ms(P-001) > 1")
    assert lab.ok("claims", "P-C1") == lab.ok("claims", "--why", "P-C1")


def test_an_id_behind_a_list_is_shown_by_show(lab):
    error = lab.json("hypothesis", "list", "P-H1")["error"]
    assert error["code"] == "bad-arguments" and error["next"][0] == "leadline show P-H1"


def test_the_issue_is_shown_by_show(lab):
    assert lab.ok("issue", "show") == lab.ok("issue")


def test_a_sweep_ends_with_its_table_best_first_and_what_breaks_a_limit_last(lab):
    lab.ok("metric", "err", "--lower", "--limit", "<=1")
    program = 'print(\'{{"time_ms": {k}, "err": {e}}}\')'
    cells = lab.repo / "cells.json"
    cells.write_text('{"cells": [{"k": 5, "e": 0}, {"k": 1, "e": 9}, {"k": 2, "e": 1}]}')
    done = lab.run("sweep", "--matrix", str(cells), "--", sys.executable, "-c", program)
    assert done.returncode == 0, done.stderr
    rows = [line.split()[:2] for line in done.stdout.splitlines() if line.startswith("e=")]
    assert rows == [["e=1,", "k=2"], ["e=0,", "k=5"], ["e=9,", "k=1"]]
    assert "beyond err <=1" in done.stdout
    best = next(line for line in lab.ok("brief").splitlines() if line.strip().startswith("best"))
    assert "k=2, e=1" in best


def test_repeats_end_in_one_line(lab):
    done = lab.run("run", "--experiment", "P-001", "--repeat", "3", "--quiet")
    told = [line for line in done.stderr.splitlines() if "P-001" in line]
    assert len(told) == 1
    assert "3 of 3 done" in told[0]
    assert "time_ms 3 (median of 3, sd 0)" in told[0]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("run --repeats 3 -- true", "leadline run --repeat 3 -- true"),
        ("run --n=3 -- true", "leadline run --repeat=3 -- true"),
        ("claim x --evidence 'time_ms(P-001) < 4'", "leadline claim x --that 'time_ms(P-001) < 4'"),
        ("claim --evidence P-001 x", "leadline claim --help"),
        ("claim x --evidence P-001", "leadline show P-001"),
        (
            "hypothesis add x --expect 'time_ms(P-001) < 4'",
            "leadline hypothesis add x --predict 'time_ms(P-001) < 4'",
        ),
        ("update --note x", "leadline update --change x"),
        ("retract P-001 P-002", "leadline retract P-001 P-002 --why WHY"),
        ("export", "leadline status --runs --json"),
    ],
)
def test_a_wrong_guess_is_answered_by_the_command_that_was_meant(lab_of_two, typed, offered):
    import shlex

    done = lab_of_two.run(*shlex.split(typed))
    assert done.returncode == 2
    first = next(line for line in done.stderr.splitlines() if line.strip().startswith("next: "))
    assert first.strip().removeprefix("next: ").replace("'WHY'", "WHY") == offered


def test_an_unknown_option_of_a_subverb_shows_the_usage_of_that_subverb(lab):
    said = lab.run("hypothesis", "block", "P-H1", "--frobnicate").stderr
    assert "usage: leadline hypothesis block" in said and "--until" in said


@pytest.mark.parametrize("subject", ["k != 2", "k=1, passes != 2", "has no passes", "no passes"])
def test_a_predicate_that_excludes_says_how_it_is_written(lab, subject):
    said = lab.run("claim", "it ends", "--that", f"time_ms({subject}) > 1").stderr
    assert "name the values that are meant" in said


def test_two_axes_say_how_many_of_all_cells_run_and_full_runs_all(lab):
    program = "print('{{\"time_ms\": {k}{j}}}')"
    argv = ("--axis", "k=5,6,7", "--axis", "j=1,2", "--", sys.executable, "-c", program)
    lab.ok("baseline", "set", "P-001")
    assert "5 cells of 6 (one axis at a time; all: --full)" in lab.run("sweep", *argv).stderr
    assert "6 cells, factorial" in lab.run("sweep", "--full", *argv).stderr


def test_a_number_of_the_config_and_of_a_measurement_in_turns_may_be_said(lab):
    lab.ok("run", "--set", "mean=100", "--", sys.executable, "-c", CELL % 2.0)
    lab.ok("note", "P-002", "--interpretation", "it breaks at a mean of 100")
    assert lab.run("ab", "P-001", "P-002", "--blocks", "1", "--warmup", "0").returncode == 0
    lab.ok("note", "--on", "P-I1", "--interpretation", "it takes {{P-I1.ratio}} of it")


def test_what_is_proposed_is_for_the_thread_that_was_named(lab):
    lab.ok("start", "other", "--prefix", "O", "--no-branch", "--goal", "g")
    said = lab.run("claim", "x", "--that", "time_ms(P-001) < 9", "--thread", "demo").stderr
    assert "next: leadline --thread demo claims --why P-C1" in said


def test_an_id_of_another_thread_names_that_thread(lab):
    lab.ok("start", "other", "--prefix", "O", "--no-branch", "--goal", "g")
    said = lab.run("show", "P-001", "--thread", "other").stderr
    assert "why: P is the prefix of thread demo" in said
    assert "next: leadline show P-001 --thread other --thread demo" in said
    lab.ok("show", "P-001", "--thread", "other", "--thread", "demo")
    assert "prefix" not in lab.run("show", "P-009", "--thread", "demo").stderr


def test_an_option_that_is_far_from_every_other_is_offered_none_of_them(lab):
    said = lab.run("update", "--reason", "x").stderr
    assert "did you mean" not in said and "usage: leadline update" in said


@pytest.mark.parametrize(
    "typed, meant",
    [
        (("run", "--set", "k=2", "./bench", "--lr", "1"), "run --set k=2 -- ./bench --lr 1"),
        (("device", "exec", "gpu0", "./bench"), "device exec gpu0 -- ./bench"),
    ],
)
def test_a_command_without_its_dashes_is_offered_with_them(lab, typed, meant):
    said = lab.run(*typed)
    assert said.returncode == 2 and "why: the command stands after --" in said.stderr
    assert said.stderr.splitlines()[-1] == f"  next: leadline {meant}"
    stray = lab.run("run", "stray", "--", "./bench").stderr
    assert "unrecognized arguments: stray" in stray


def test_a_decision_has_its_reason_and_takes_because(lab):
    assert (
        "--because is not known; did you mean --why?"
        in lab.run("decide", "x", "--because", "y").stderr
    )
    lab.ok("decide", "ship it", "--evidence", "P-001", "--why", "it is fast enough")
    assert lab.json("show", "P-D1")["data"]["body"]["why"] == "it is fast enough"


def test_a_setting_that_is_cited_is_answered_by_its_value(lab):
    lab.ok("run", "--set", "mean=100", "--", sys.executable, "-c", CELL % 2.0)
    said = lab.run("note", "P-002", "--interpretation", "at {{P-002.mean}}").stderr
    assert "mean is a setting of it: say it as it is, mean=100" in said


def test_what_was_measured_in_turns_is_evidence_by_its_sides(lab):
    lab.ok("run", "--set", "k=2", "--", sys.executable, "-c", CELL % 2.0)
    lab.run("ab", "P-001", "P-002", "--blocks", "1", "--warmup", "0")
    lab.ok("hypothesis", "add", "two is faster", "--activate")
    lab.ok("hypothesis", "support", "P-H1", "--evidence", "P-I1", "--why", "in turns")
    assert set(lab.json("hypothesis", "list")["data"][0]["evidence"]) == {"P-001", "P-002"}

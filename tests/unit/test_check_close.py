"""The gate before an experiment closes: every missing thing is its own item with what mends it."""

from __future__ import annotations

import pytest

from leadline.core.check.close import check_close
from leadline.core.check.missing import missing_lines
from leadline.testing.builders import ThreadBuilder

FULL = {
    "worked": ["wider blocks"],
    "failed": ["fp8"],
    "limits": "one GPU",
    "conclusion": "use 128",
    "next_steps": ["try 256"],
}


def codes(items):
    return {i["code"] for i in items}


def closed_thread() -> ThreadBuilder:
    b = ThreadBuilder("blocks", "P", metrics=[("time_ms", "ms", "lower")])
    b.hypothesis("wider is faster")
    b.run("base", {"time_ms": 20.0}, {"block": 64})
    b.note("bound by the gather", ["P-001"], "interpretation")
    b.change_hypothesis("P-H1", "supported", evidence=["P-001"])
    b.snapshot("blocks-final")
    b.record(
        "issue-opened",
        {"forge": "local", "number": "local", "title": "t", "body": "tag blocks-final"},
    )
    return b


def test_a_complete_thread_closes():
    assert check_close(closed_thread().thread(), proposal=FULL, body_is_current=True) == []


def test_each_missing_thing_is_its_own_item():
    complete = closed_thread()
    for name in FULL:
        found = check_close(
            complete.thread(), proposal={**FULL, name: [] if isinstance(FULL[name], list) else " "}
        )
        assert len(found) == 1 and "leadline finish" in found[0]["mend"], found
    assert codes(check_close(complete.thread(), proposal=FULL, body_is_current=False)) == {
        "tldr-not-current"
    }
    later = closed_thread()
    later.plan("new", {"block": 1})
    assert codes(check_close(later.thread(), proposal=FULL)) == {"open-run"}
    later.end("P-002-r1", {"time_ms": 3.0})
    assert codes(check_close(later.thread(), proposal=FULL)) == {
        "final-tag-old",
        "no-interpretation",
    }
    open_one = closed_thread()
    open_one.hypothesis("fp8 halves it")
    found = check_close(open_one.thread(), proposal=FULL)
    assert [(i["code"], i["id"]) for i in found] == [("open-hypothesis", "P-H2")]
    open_one.change_hypothesis("P-H2", "falsified")
    open_one.hypothesis("it is below 9", predicate="time_ms(P-001) < 9")  # its runs say its state
    open_one.hypothesis("blocks of 99 are, too", predicate="time_ms(block=99) < 9")
    found = check_close(open_one.thread(), proposal=FULL)
    assert [(i["code"], i["id"]) for i in found] == [("open-hypothesis", "P-H4")]
    unlinked = closed_thread()
    unlinked.record("issue-edited", {"body": "nothing"})
    assert codes(check_close(unlinked.thread(), proposal=FULL)) == {"final-tag-not-linked"}
    bare = ThreadBuilder("blocks", "P").thread()
    assert codes(check_close(bare)) == {
        "no-what-worked",
        "no-what-failed",
        "no-limits",
        "no-conclusion",
        "no-next-steps",
        "no-issue",
        "no-final-tag",
    }
    assert "no-final-tag" not in codes(check_close(bare, tag_needed=False))


def test_headline_claims_off_the_production_path_are_named():
    b = closed_thread()
    b.change("production-path", "cluster")
    b.claim("below 30 ms", ["P-001"], "time_ms(P-001) < 30")
    b.snapshot("blocks-final-2")
    b.record("issue-edited", {"body": "blocks-final-2"})
    found = check_close(b.thread(), proposal=FULL)
    assert [(i["code"], i["id"]) for i in found] == [
        ("claim-not-confirmed", "P-C1")
    ] and "cluster" in found[0]["what"]


@pytest.mark.parametrize(
    ("state", "code"), [("failed", "no-interpretation"), ("lost", "no-reason-class")]
)
def test_what_the_machine_ended_needs_a_class_and_no_interpretation(state, code):
    b = closed_thread()
    b.run("new", state=state)
    b.decision("no wider blocks", ["P-002"])
    b.snapshot("blocks-final-2")
    b.record("issue-edited", {"body": "blocks-final-2"})
    assert codes(check_close(b.thread(), proposal=FULL)) == {code}
    b.note("the node went down", ["P-002"], "negative")
    left = {code} if state == "failed" else set()
    assert codes(check_close(b.thread(), proposal=FULL)) == left


def test_what_the_answer_does_not_rest_on_needs_no_words():
    b = closed_thread()
    b.run("a cell among many", {"time_ms": 900.0})
    b.run("another", state="failed")
    b.snapshot("blocks-final-2")
    b.record("issue-edited", {"body": "blocks-final-2"})
    assert codes(check_close(b.thread(), proposal=FULL)) == set()


def test_what_is_said_of_a_sweep_is_said_of_its_cells():
    b = closed_thread()
    cells = {"design": "one-axis", "axes": {"block": [1, 2]}, "cells": [{"block": 1}, {"block": 2}]}
    b.record("sweep", {"id": "P-W1", "argv": [], "cwd": "", "config": {}, **cells})
    sweep = b.records[-1].id
    run = b.plan("", {"block": 1}, design={"sweep": sweep, "cell": {"block": 1}})
    b.end(run, {"time_ms": 1.0})
    b.snapshot("blocks-final-2")
    b.record("issue-edited", {"body": "blocks-final-2"})
    assert codes(check_close(b.thread(), proposal=FULL)) == {"no-interpretation"}
    b.note("one block is enough", ["P-W1"], "interpretation")
    assert codes(check_close(b.thread(), proposal=FULL)) == set()


def test_what_only_the_forge_lacks_is_queued_and_no_gap():
    b = closed_thread()
    b.hypothesis("fp8 halves it")
    found = check_close(b.thread(), proposal=FULL, body_is_current=False, queued="no network")
    assert [(i["code"], i.get("queued", "")) for i in found] == [
        ("open-hypothesis", ""),
        ("tldr-not-current", "no network"),
    ]
    assert found[1]["mend"] == "leadline issue sync"
    assert "queued" not in check_close(b.thread(), proposal=FULL, body_is_current=False)[1]


def test_the_last_recorded_finish_counts_where_none_is_proposed():
    b = closed_thread()
    b.finish("nothing yet", worked=["wider blocks"])
    b.finish("use 128", **{k: v for k, v in FULL.items() if k != "conclusion"})
    assert check_close(b.thread()) == []


def test_what_was_retracted_is_not_asked_for():
    b = closed_thread()
    b.hypothesis("fp8 halves it")
    b.retract("P-H2", "asked twice")
    b.plan("new", {"block": 1})
    b.retract("P-002", "a typing error")
    assert check_close(b.thread(), proposal=FULL) == []


def test_what_is_missing_is_at_most_ten_commands_each_for_all_that_it_mends():
    b = ThreadBuilder()
    for at in range(14):
        b.hypothesis(f"guess {at}")
    found = check_close(b.thread())
    lines = missing_lines(found)
    commands = [line for line in lines if line.startswith("    ")]
    assert len(commands) == 10 and lines[-1] == "… and 7 more"
    flags = ("--worked", "--failed", "--confidence", "--limits", "--conclusion", "--next")
    assert all(flag in commands[0] for flag in flags), commands[0]
    assert len(missing_lines(found, 0)) == 2 * 17

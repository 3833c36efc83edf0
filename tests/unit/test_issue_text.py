"""The derived block of an issue body, and what counts as a fix of form alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.core.evidence.known import evidence_for
from leadline.core.issue.due import due
from leadline.core.managed_block import holds, put, split, wrap
from leadline.core.text.wording import first_difference
from leadline.render.issue.body import body_sections, results
from leadline.render.issue.comments import render_heartbeat, render_update
from leadline.render.logbook.header import scope_lines
from leadline.testing.builders import ThreadBuilder
from tests.unit.rendered import issue_body

TEXT = st.text(alphabet=st.sampled_from("ab<!-- leadline:end --> \n#*\r"), max_size=60)


@given(TEXT, TEXT, TEXT)
def test_putting_twice_is_putting_once_and_outside_stays(
    outside: str, first: str, second: str
) -> None:
    once = put(outside, first)
    assert put(once, first) == once and holds(once, first)
    twice = put(once, second)
    assert split(twice).before + split(twice).after == split(once).before + split(once).after
    assert holds(twice, second)


def test_people_write_above_and_below() -> None:
    body = "Ada's preface\n\n" + wrap("derived 1") + "\n\nA question from Bob: why?\n"
    new = put(body, "derived 2")
    assert new.startswith("Ada's preface\n\n") and new.endswith("\n\nA question from Bob: why?\n")
    assert "derived 2" in new and "derived 1" not in new


def test_a_body_without_a_block_keeps_all_its_text() -> None:
    assert put("I deleted your block.", "derived").endswith("\n\nI deleted your block.")


def test_an_edit_inside_shows_and_a_line_ending_does_not() -> None:
    body = put("", "one\ntwo")
    assert split(body.replace("two", "2")).edited
    crlf = split(body.replace("\n", "\r\n"))
    assert crlf.block == "one\ntwo" and not crlf.edited
    assert not holds(body.replace("two", "2"), "one\ntwo")


def test_a_block_whose_digest_was_changed_is_posted_again() -> None:
    body = put("", "one")
    digest = body.partition("sha256:")[2][:16]
    assert not holds(body.replace(digest, "0" * 16), "one") and holds(
        put(body.replace(digest, "0" * 16), "one"), "one"
    )


def test_a_marker_quoted_from_a_log_does_not_end_the_block() -> None:
    body = put("", "log says <!-- leadline:end --> here")
    assert split(body).after.strip() == "" and not split(body).edited


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("see `#12`", "see #12"),
        ("- a 3.5\n- b", "a 3.5\n\nb"),
        ("a\\nb\\n", "a\nb\n"),
        ("**bold** time_ms", "bold time_ms"),
        ("a &lt; b", "a < b"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a b\n1 2"),
        ("```sh\nls -l\n```", "ls -l"),
        ("# Title", "Title"),
        ("a \\* b", "a * b"),
        ("a  b ", "a b"),
    ],
)
def test_form_may_change(before: str, after: str) -> None:
    assert first_difference(before, after) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x -3.5", "x 3.5"),
        ("x - 3.5", "x -3.5"),
        ("1. 5", "1.5"),
        ("1.5 ms", "15 ms"),
        ("a < b", "a > b"),
        ("2*3", "23"),
        ("faster", "not faster"),
        ("50 %", "50"),
        ("P-001", "P-002"),
        ("a", ""),
        ("", "a"),
        ("n=3", "n=30"),
        ("time_ms", "time ms"),
        ("1 000", "1000"),
        ("#12", "#13"),
        ("~5 ms", "5 ms"),
    ],
)
def test_words_numbers_and_signs_may_not(before: str, after: str) -> None:
    assert first_difference(before, after) is not None


def test_an_update_says_where_the_dense_numbers_are():
    b = ThreadBuilder()
    b.run("plain", {"time_ms": 2.0})
    assert "Tracker" not in render_update(b.thread())
    page = "https://tracker.example/lab/run_1"
    about = {
        "tracker": "wandb",
        "project": "lab",
        "id": "1",
        "name": "P-002",
        "url": page,
        "state": "finished",
    }
    b.run("tracked", {"time_ms": 2.0}, ended={"tracker": about})
    [line] = [line for line in render_update(b.thread()).split("\n") if "Tracker: " in line]
    assert "wandb lab, run P-002 (finished)" in line and page in line


def test_an_update_on_very_much_stays_readable_and_says_what_it_leaves_out():
    b = ThreadBuilder()
    for _ in range(40):
        b.run("one", {"time_ms": 2.0})
        b.run("bad", state="failed", reason="no memory")
        b.decision("use it", [])
        b.claim("it holds", ["P-001"])
    text = render_update(b.thread())
    assert text.count("- Decided") == 8 and "… and 32 more of “Decided”: `leadline logbook`" in text
    assert (
        "… and 32 more claims: `leadline claims`" in text
        and "… and 32 more experiments: `leadline status --runs`" in text
    )
    assert "… and 30 more, all behind these: `leadline status`" in text and len(text) < 10_000


def prose_words(text: str) -> int:
    return sum(len(line.split()) for line in text.split("\n") if not line.startswith("|"))


def test_the_update_of_one_finding_is_short_and_begins_with_it():
    b = ThreadBuilder(goal="faster")
    b.run("base", {"time_ms": 9.0})
    b.baseline("P-001")
    b.update()
    b.run("tree", {"time_ms": 2.0})
    b.repeat("P-002", {"time_ms": 2.1})
    b.claim("the tree is faster", ["P-002"], "time_ms(P-002) < time_ms(P-001)")
    b.note("one pass over the rows", ["P-002"], "interpretation")
    text = render_update(
        b.thread(),
        evidence_for(b.thread()),
        change="A tree sum takes {{P-002.time_ms}}. It reads each row once.",
        confidence="One shape only.",
        next_action="the other shapes",
    )
    assert text.startswith("### A tree sum takes {{P-002.time_ms}}\n\nIt reads each row once.\n\n|")
    assert prose_words(text) <= 150, text
    for part in ("One shape only.", "one pass over the rows", "**Next:** the other shapes", "P-C1"):
        assert part in text, part
    for empty in ("none", "None", "not decided"):
        assert empty not in text, empty


def test_an_update_lists_a_sweep_once_with_its_best_and_the_best_first():
    b = ThreadBuilder()
    b.run("slow", {"time_ms": 9.0})
    sweep = b.record("sweep", {"id": "P-W1", "axes": {"k": [1, 2, 3]}, "cells": [], "repeat": 1})
    for k, time_ms in ((1, 5.0), (2, 1.0), (3, 3.0)):
        design = {"sweep": sweep.id, "cell": {"k": k}}
        b.end(b.plan(f"k={k}", {"k": k}, design=design), {"time_ms": time_ms})
    rows = [line for line in render_update(b.thread()).split("\n") if line.startswith("| **P-")]
    assert [row.split()[1] for row in rows] == ["**P-W1**", "**P-001**"]
    assert "P-003 k=2, best of 3 cells" in rows[0]


def test_filling_the_kickoff_in_is_no_change_of_scope_and_taking_back_says_why():
    b = ThreadBuilder(goal="faster")
    b.run("a", {"time_ms": 9.0})
    b.record("thread-changed", {"field": "stop", "value": ["4x"], "why": "forgotten"})
    b.record("thread-changed", {"field": "goal", "value": "faster and exact", "why": "asked for"})
    b.retract("P-001", "the seed was fixed")
    text = render_update(b.thread())
    assert "Scope changed: goal: asked for" in text and "Scope changed: stop" not in text
    assert "Retracted P-001: the seed was fixed" in text


def test_a_heartbeat_names_what_no_update_has_told():
    b = ThreadBuilder()
    b.update()
    b.run("a", {"time_ms": 9.0})
    b.baseline("P-001")
    b.update(form="heartbeat")
    thread = b.thread()
    text = render_heartbeat(thread, due(thread, b.now), b.now)
    assert "first baseline P-B1" in text and "no milestone" not in text
    b.update()
    thread = b.thread()
    assert "no milestone since P-U3" in render_heartbeat(thread, due(thread, b.now), b.now)


def test_a_heartbeat_said_again_within_a_minute_names_one_time() -> None:
    thread = ThreadBuilder().thread()
    at = "2026-11-02T12:48:{}Z"
    now = due(thread, at.format("50.000"))
    again = render_heartbeat(
        thread, now, at.format("50.000"), since_at=at.format("01.000"), times=2
    )
    assert "2026-11-02 12:48 UTC, said 2 times" in again and " to " not in again.partition("\n")[0]
    later = render_heartbeat(
        thread, now, "2026-11-02T12:49:00.000Z", since_at=at.format("01.000"), times=2
    )
    assert "2026-11-02 12:48 to 12:49 UTC" in later


def test_primary_metrics_are_those_that_were_declared() -> None:
    """Not whatever a run happened to log."""
    b = ThreadBuilder(metrics=[("accuracy", "", "higher"), ("rows", "", "none")])
    b.run("first", {"lr": 0.5, "accuracy": 0.9, "rows": 5.0, "epoch": 3.0})
    [line] = [line for line in scope_lines(b.thread()) if "Primary metrics" in line]
    assert line == "- **Primary metrics:** `accuracy` (higher is better)"


def three_experiments() -> ThreadBuilder:
    b = ThreadBuilder(
        goal="4x over the naive loop at max_err below 1e-3",
        problem="Layer norm takes a tenth of each step, and the compiler leaves the loop scalar.",
        stop=["4x on 256x1024 and two other shapes"],
    )
    argv = ["python3", "bench.py", "--kern"]
    b.run("naive", {"time_ms": 7.27}, {"kern": "naive"}, argv=[*argv, "naive"])
    b.repeat("P-001", {"time_ms": 7.31}, {"time_ms": 7.2})
    b.baseline("P-001")
    b.hypothesis("vector loops are twice as fast")
    b.run("vec", {"time_ms": 0.84}, {"kern": "vec"}, argv=[*argv, "vec"], hypotheses=["P-H1"])
    b.repeat("P-002", {"time_ms": 0.85}, {"time_ms": 0.83})
    b.run("tree", {"time_ms": 0.52}, {"kern": "tree"}, argv=[*argv, "tree"])
    b.repeat("P-003", {"time_ms": 0.53}, {"time_ms": 0.55})
    b.claim("the tree sum is faster", ["P-003"], "time_ms(P-003) < time_ms(P-002)")
    b.note("one pass in place of two", ["P-003"], "interpretation")
    b.note("row blocks make no difference", ["P-002"], "negative")
    b.decision("use the tree sum", ["P-003"])
    b.baseline("P-003")
    b.note("measure on an idle machine", role="next")
    return b


def test_the_issue_body_of_three_experiments_is_short_and_answers_first():
    thread = three_experiments().thread()
    body = issue_body(thread, evidence_for(thread))
    said = [word for word in body.split() if any(c.isalnum() for c in word)]
    assert len(said) <= 300, f"{len(said)} words\n{body}"
    parts = (
        "**Question:** 4x",
        "use the tree sum",
        "best P-003 tree",
        "**Next:** measure on an idle",
    )
    places = [body.index(part) for part in parts]
    assert places == sorted(places) and places[-1] < body.index("## Description")
    for part in (
        "```mermaid",
        "row blocks",
        "one pass",
        "P-B1",
        "P-B2",
        "leadline reproduce P-003",
    ):
        assert part in body, part


@pytest.mark.parametrize("build", [ThreadBuilder, three_experiments])
def test_no_section_of_the_issue_is_empty(build):
    thread = build().thread()
    for name, text in body_sections(thread, evidence_for(thread)):
        assert text.strip() and "None yet" not in text and "not given" not in text, name


def test_many_experiments_leave_the_table_to_what_the_answer_rests_on():
    b = ThreadBuilder()
    for at in range(60):
        b.run(f"cell {at}", {"time_ms": 100.0 - at}, {"k": at})
    b.baseline("P-005")
    b.claim("slow", ["P-009"], "time_ms(P-009) > 1")
    rows = [line for line in results(b.thread()).split("\n") if line.startswith("| P-")]
    shown = [row.split()[1] for row in rows]
    assert shown[0] == "P-060" and {"P-005", "P-009"} <= set(shown) and len(shown) == 10
    assert "… and 50 more: `leadline status`" in results(b.thread())

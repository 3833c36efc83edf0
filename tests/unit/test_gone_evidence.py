"""Decisions and states of hypotheses that rest on what was taken back say so wherever they stand."""

from __future__ import annotations

import pytest

from leadline.core.evidence.known import labels_for
from leadline.core.issue.due import due
from leadline.core.record.finding import FAULT, NOTE
from leadline.core.record.thread import Thread
from leadline.core.view import facts
from leadline.render.logbook.header import render_header
from leadline.render.terminal.brief import render_brief
from leadline.render.terminal.show import render_show
from leadline.services.evidence import hypothesis
from leadline.services.keep.verify import evidence_taken_back, numbers
from leadline.testing.builders import ThreadBuilder
from tests.unit.rendered import issue_body

GONE = "P-001-r1 was retracted: wrong data"


def brief(thread: Thread) -> str:
    labels = labels_for(thread)
    return render_brief(thread, labels, due(thread, thread.last_at, labels))


def decided() -> ThreadBuilder:
    b = ThreadBuilder()
    b.run("one", {"time_ms": 1.0})
    b.hypothesis("it works")
    b.change_hypothesis("P-H1", "supported", evidence=["P-001-r1"])
    b.decision("ship it", evidence=["P-001"])
    return b


def test_nothing_is_said_of_what_stands() -> None:
    assert facts.with_gone_evidence(decided().thread()) == []


def test_every_view_says_it() -> None:
    b = decided()
    b.retract("P-001-r1", "wrong data")
    thread = b.thread()
    assert facts.with_gone_evidence(thread) == [
        ("P-H1", [GONE]),
        ("P-D1", ["1 of 1 runs of P-001"]),
    ]
    views = {
        "issue": issue_body(thread),
        "logbook": render_header(thread, None),
        "show": render_show(thread.find("P-H1"), thread),
    }
    for name, text in views.items():
        assert GONE in text.replace("\\", ""), f"{name}: {text}"
    assert "evidence withdrawn: 1 of 1 runs of P-001" in views["issue"].replace("\\", "")
    assert "evidence withdrawn: 1 of 1 runs of P-001" in brief(thread)
    assert hypothesis.listing(thread)[0]["evidence_gone"] == [GONE]
    found = evidence_taken_back(thread)
    assert [(f.severity, f.where) for f in found] == [(NOTE, "P-H1"), (NOTE, "P-D1")]


@pytest.mark.parametrize("how", ["superseded", "typed over", "its experiment"])
def test_every_way_to_take_evidence_back_is_said(how: str) -> None:
    b = decided()
    if how == "superseded":
        b.supersede("P-001-r1", b.repeat("P-001", {"time_ms": 2.0})[0], "better")
    elif how == "typed over":
        b.correct("P-001-r1", "hardware.machine", "arm64", "typo")
    else:
        b.retract("P-001", "wrong data")
    assert [shown for shown, _ in facts.with_gone_evidence(b.thread())] == ["P-H1", "P-D1"]


def test_a_note_about_what_was_withdrawn_is_no_fault() -> None:
    """Its number is what it tells of; a note that rests on it is one that no longer holds."""
    b = ThreadBuilder()
    b.run("one", {"time_ms": 1.0})
    b.run("two", {"time_ms": 2.0})
    b.note("invalid: {{P-001.time_ms}} is of a stale file", about=["P-001"])
    b.note("twice {{P-001.time_ms}}, as expected", about=["P-002"])
    b.retract("P-001", "a stale file")
    found = [(f.severity, f.where) for f in numbers(b.thread())]
    assert found == [(NOTE, "P-N1"), (FAULT, "P-N2")]


def test_a_reproduction_changes_no_number_that_was_cited() -> None:
    b = ThreadBuilder()
    b.run("one", {"time_ms": 1.0})
    b.repeat("P-001", {"time_ms": 2.0}, {"time_ms": 4.0})
    b.note("mean {{P-001.time_ms.mean}} of {{P-001.time_ms.n}}", about=["P-001"])
    b.end(b.plan(experiment="P-001", reproduction_of="P-001-r1"), {"time_ms": 9.0})
    assert numbers(b.thread()) == []


def test_a_metric_that_was_turned_round_is_a_change_of_scope() -> None:
    b = ThreadBuilder(metrics=[("loss", "nats", "lower")])
    b.run("one", {"loss": 1.0})
    b.record("metric-defined", {"name": "loss", "unit": "nats", "direction": "higher"})
    thread = b.thread()
    said = "direction lower, now higher"
    assert said in render_header(thread, None) and said in brief(thread)
    body = issue_body(thread)
    assert said in body and "No change of scope" not in body


def test_one_that_was_mended_before_its_first_run_is_none() -> None:
    b = ThreadBuilder(metrics=[("loss", "nats", "lower")])
    b.record("metric-defined", {"name": "loss", "unit": "nats", "direction": "higher"})
    b.run("one", {"loss": 1.0})
    assert "now higher" not in render_header(b.thread(), None)

from __future__ import annotations

from leadline.core.evidence.found import Evidence
from leadline.core.issue.due import active_hours, due
from leadline.testing.builders import ThreadBuilder


def test_nothing_yet() -> None:
    b = ThreadBuilder()
    assert due(b.thread(), b.now)["form"] == "none"


def test_each_milestone() -> None:
    b = ThreadBuilder()
    b.hypothesis("h")
    b.run("a", {"time_ms": 2.0})
    assert not due(b.thread(), b.now)["due"]
    b.baseline("P-001")
    b.change_hypothesis("P-H1", "active")
    b.change_hypothesis("P-H1", "falsified")
    b.claim("c", ["P-001"])
    b.run("b", {"time_ms": 1.0})
    b.baseline("P-002")
    b.retract("P-C1", "wrong")
    b.snapshot("s1")
    b.finish("done")
    answer = due(b.thread(), b.now)
    assert [m["what"] for m in answer["milestones"]] == [
        "first baseline P-B1 (P-001)",
        "P-H1 falsified",
        "result claimed: P-C1",
        "the baseline moved to P-B2 (P-002)",
        "P-C1 retracted",
    ]
    assert answer["form"] == "update" and answer["due"]
    b.update()
    assert not due(b.thread(), b.now)["due"]


def test_active_work_counts_short_gaps_only() -> None:
    times = [
        "2026-01-01T00:00:00.000Z",
        "2026-01-01T00:29:00.000Z",
        "2026-01-01T05:00:00.000Z",
        "2026-01-01T05:30:00.000Z",
    ]
    assert active_hours(times) == 29 / 60


def test_six_active_hours() -> None:
    b = ThreadBuilder()
    b.update()
    for _ in range(35):
        b.run("x", {"time_ms": 1.0}, minutes=9)
    assert due(b.thread(), b.now)["form"] == "none"
    b.run("x", {"time_ms": 1.0}, minutes=9)
    answer = due(b.thread(), b.now)
    assert answer["form"] == "update" and answer["active_hours"] == 6.0


def test_a_silent_stretch_is_a_heartbeat_and_repeats_fold() -> None:
    b = ThreadBuilder()
    b.plan("long one")
    start = b.now
    assert due(b.thread(), start)["form"] == "none"
    b.tick(6 * 60)
    first = due(b.thread(), b.now)
    assert (first["form"], first["fold_into"]) == ("heartbeat", "")
    b.update(form="heartbeat")
    b.tick(6 * 60)
    second = due(b.thread(), b.now)
    assert (second["form"], second["fold_into"]) == ("heartbeat", "P-U1")
    b.end("P-001-r1", {"time_ms": 1.0})
    assert due(b.thread(), b.now)["fold_into"] == ""


def test_a_label_that_moved() -> None:
    b = ThreadBuilder()
    b.run("a", {"time_ms": 2.0})
    b.claim("c", ["P-001"])
    b.update(labels={"P-C1": "exploratory"})
    thread = b.thread()
    assert not due(thread, b.now, lambda c: Evidence("exploratory"))["due"]
    assert (
        due(thread, b.now, lambda c: Evidence("replicated"))["milestones"][0]["what"]
        == "P-C1 rose from exploratory to replicated"
    )
    assert "fell" in due(thread, b.now, lambda c: Evidence("none"))["milestones"][0]["what"]


def test_a_heartbeat_swallows_no_milestone() -> None:
    b = ThreadBuilder()
    b.run("a", {"time_ms": 2.0})
    b.baseline("P-001")
    before = due(b.thread(), b.now)
    b.update(form="heartbeat")
    after = due(b.thread(), b.now)
    assert after["form"] == "update" and after["milestones"] == before["milestones"]

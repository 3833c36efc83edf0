"""What waits for a record that is elsewhere is listed."""

from __future__ import annotations

from leadline.core.metric.thread_of import thread_of
from leadline.core.view.waiting import waited_for, waiting_line
from leadline.render.terminal.status import render_status
from leadline.testing.builders import ThreadBuilder


def test_a_retraction_whose_run_is_elsewhere_waits_until_it_comes() -> None:
    b = ThreadBuilder()
    b.run("", {"loss": 1.0}, {"a": 1})
    run = b.run("", {"loss": 2.0}, {"a": 2})
    b.retract(run, "wrong data")
    whole = b.thread()
    assert waited_for(whole) == [] and waiting_line(whole) == ""
    late = [r for r in b.records if r.body.get("id") != run and r.body.get("run") != run]
    part = thread_of(late, b.topic)
    assert waited_for(part) == ["P-002"]
    line = "records wait for P-002, which is not here: leadline sync"
    assert waiting_line(part) == line and line in render_status(part)
    assert thread_of([*late, *b.records], b.topic).experiments["P-002"].runs[0].retracted


def test_a_record_of_a_kind_that_is_not_known_waits_for_nothing() -> None:
    b = ThreadBuilder()
    b.record("of-the-future", {"refs": {"P-C1": "01KGE3H90100000000000001YG"}})
    assert waited_for(b.thread()) == []

"""Labels that an upgrade changed are listed with the reason, and no others."""

from __future__ import annotations

import pytest

from leadline.core.evidence.found import RULES
from leadline.core.evidence.known import evidence_for
from leadline.core.view.relabelled import relabelled
from leadline.testing.builders import ThreadBuilder


def claimed(label: str, rules: int | None) -> ThreadBuilder:
    """Three runs a side of a time, one side after the other: ``exploratory`` by the present rules."""
    b = ThreadBuilder()
    for block, value in ((64, 20.0), (128, 10.0)):
        first = b.run(metrics={"time_ms": value}, config={"block": block})
        b.repeat(first, {"time_ms": value + 0.1}, {"time_ms": value - 0.1})
    given = {"label": label, "axes": ["block"]} | ({"rules": rules} if rules else {})
    b.claim("faster", predicate="time_ms(P-002) < time_ms(P-001)", **given)
    return b


def told(b: ThreadBuilder) -> list[str]:
    thread = b.thread()
    return [one.text for one in relabelled(thread, evidence_for(thread))]


def test_a_label_by_earlier_rules_that_is_another_one_now() -> None:
    [line] = told(claimed("replicated", None))
    assert line.startswith(f"P-C1 was replicated by rules 1, is exploratory by rules {RULES}: ")
    assert "did not take turns" in line


@pytest.mark.parametrize(("label", "rules"), [("exploratory", 1), ("replicated", RULES), ("", 1)])
def test_what_is_as_it_was_or_moved_by_runs_alone_is_not_listed(label: str, rules: int) -> None:
    assert told(claimed(label, rules)) == []


def test_an_update_by_these_rules_tells_it_and_a_heartbeat_does_not() -> None:
    b = claimed("replicated", 1)
    b.update(form="update")
    b.update(form="heartbeat", rules=RULES)
    assert len(told(b)) == 1
    b.update(form="update", rules=RULES)
    b.update(form="heartbeat")
    assert told(b) == []


def test_a_claim_that_does_not_stand_is_not_listed() -> None:
    b = claimed("replicated", 1)
    b.retract("P-C1", "another machine")
    assert told(b) == []

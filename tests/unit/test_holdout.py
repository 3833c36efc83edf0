"""What a look at the sealed holdout says of a claim."""

from __future__ import annotations

from typing import Any

import pytest

from leadline.core.evidence.found import Evidence
from leadline.core.evidence.holdout import holds, mark_holdout
from leadline.core.evidence.predicate import parse


@pytest.mark.parametrize(
    ("form", "a", "b", "holds_there"),
    [
        ("loss(P-001) < 2", 1.0, 0.0, True),
        ("loss(P-001) < 2", 2.0, 0.0, False),
        ("loss(P-001) < loss(P-002)", 1.0, 1.5, True),
        ("loss(P-001) < loss(P-002)", 1.5, 1.0, False),
        ("loss(P-001) < 0.5 * loss(P-002)", 1.0, 1.5, False),
        ("loss(P-001) < 0.5 * loss(P-002)", 1.0, 2.5, True),
        ("loss(P-001) ~= loss(P-002) +- 10 %", 1.05, 1.0, True),
        ("loss(P-001) ~= loss(P-002) +- 10 %", -1.2, -1.0, False),
        ("loss(P-001) ~= loss(P-002) +- 0.1", 1.2, 1.0, False),
        ("loss(P-001) < 2 and loss(P-002) > 1", 1.0, 1.0, False),
    ],
)
def test_every_clause_is_asked_of_the_values(
    form: str, a: float, b: float, holds_there: bool
) -> None:
    assert holds(parse(form), {"loss(P-001)": a, "loss(P-002)": b}) is holds_there


def look(number: int, **said: Any) -> Any:
    return {"look": number, "claim": "P-C1", "refs": {"P-C1": "uid"}, **said}


@pytest.mark.parametrize(
    ("said", "code", "label"),
    [
        ({"holds": True, "values": {"loss(P-001)": 1.0}}, "holdout", "stable"),
        ({"holds": False, "values": {"loss(P-001)": 1.0}}, "holdout-contrary", "exploratory"),
        ({"why": "it crashed"}, "holdout-failed", "exploratory"),
    ],
)
def test_the_last_look_is_what_counts(said: dict[str, Any], code: str, label: str) -> None:
    out = Evidence("stable")
    mark_holdout(out, [look(1, holds=False), {"patterns": ["x"]}, look(2, **said)], "uid")
    assert [mark.code for mark in out.marks] == [code] and out.label == label
    assert "look 2 of 2" in out.marks[0].full


def test_a_look_at_another_claim_says_nothing() -> None:
    out = Evidence("stable")
    mark_holdout(out, [look(1, holds=False)], "another")
    mark_holdout(out, [look(1, holds=False)], "")
    assert out.marks == [] and out.label == "stable"

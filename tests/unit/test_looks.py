"""Looks and choices are counted from the record, and the error is divided over them."""

from __future__ import annotations

import math

import pytest

from leadline.core.compare.looks import ALPHA, adjusted_p, looks_at, share, take_looks
from leadline.core.evidence.evidence import evidence
from leadline.core.evidence.predicate import parse
from leadline.core.record.run import Run
from leadline.core.stats.inference import Interval


def execution(side: str, place: int, value: float = 0.0, together: str = "") -> Run:
    design = {"together": together} if together else {}
    return Run(
        f"{side}-r{place}", f"{place:026d}", side, state="done", metrics={"t": value}, design=design
    )  # type: ignore[arg-type]


def in_turns(n: int, together: str = "") -> tuple[list[Run], list[Run]]:
    return (
        [execution("A", 2 * i, together=together) for i in range(n)],
        [execution("B", 2 * i + 1, together=together) for i in range(n)],
    )


def test_the_shares_add_up_to_the_whole_error() -> None:
    assert share(1) == 0.85
    total = math.fsum(share(look) for look in range(1, 100_000))
    assert total == pytest.approx(1.0, rel=1e-4) and total < 1.0
    with pytest.raises(ValueError, match="counted from 1"):
        share(0)


def test_runs_of_one_command_are_one_look_and_others_one_each() -> None:
    assert len(looks_at(*in_turns(5, "X"))) == 1
    assert [len(left) for left, _ in looks_at(*in_turns(5))] == [3, 4, 5]
    assert looks_at(*in_turns(2)) == []


def test_runs_added_to_one_side_alone_wait_for_the_other() -> None:
    a, b = in_turns(3)
    late = [*a, *(execution("A", 50 + i) for i in range(5))]
    assert looks_at(late, b) == looks_at(a, b)
    more = [*b, execution("B", 60)]
    assert [len(left) for left, _ in looks_at(late, more)] == [3, 8]


def test_looking_stops_at_the_first_look_that_shows_it() -> None:
    asked: list[tuple[int, float]] = []

    def interval(left: list[Run], right: list[Run], confidence: float) -> Interval:
        asked.append((len(left), confidence))
        return Interval(0.0, float(len(left)), confidence, "x")

    runs = [execution("B", i) for i in range(9)]
    looks = take_looks(runs, None, interval, lambda i: i.high is not None and i.high >= 5.0)
    assert (looks.shown_at, looks.last, looks.count) == (3, 3, 7)
    assert [n for n, _ in asked] == [3, 4, 5]
    assert asked[0][1] == pytest.approx(1.0 - ALPHA * 0.85)
    take_looks(runs[:3], None, interval, lambda i: True, choices=10, one_sided=True)
    assert asked[-1][1] == pytest.approx(1.0 - 2 * ALPHA * 0.85 / 10)


def test_a_p_value_counts_looks_and_choices() -> None:
    a, b = in_turns(4)
    at = {3: 0.04, 4: 0.001}
    p, looks = adjusted_p(lambda left, right: at[len(left)], a, b, 0.001, 2)
    assert looks == 2 and p == pytest.approx(2 * 0.001 / share(2))
    assert (
        adjusted_p(lambda left, right: 1e-6, a, b, 0.3, 1)[0] == 0.3
    )  # what shows no more, is not shown


def test_what_is_lacking_is_said() -> None:
    values = [8.7, 9.5, 8.9, 9.1, 8.8, 9.0]
    runs = [execution("B", i, value) for i, value in enumerate(values)]
    found = evidence(parse("t(B) < 9.3"), lambda subject: runs)
    assert found.label == "exploratory"
    assert (
        "support that counts looks and choice: look 4 leaves 0.063 % of error" in found.missing[0]
    )

"""Labels keep their error rate although they are looked at after every repeat."""

from __future__ import annotations

import math
import random

import pytest

from leadline.core.evidence.evaluate import evaluate_clause
from leadline.core.evidence.evidence import evidence
from leadline.core.evidence.looks import ALPHA, Looks, level, runs_at, schedule, take_looks
from leadline.core.evidence.predicate import Predicate, parse
from leadline.core.record.run import Run
from leadline.core.stats.inference import Interval


def execution(side: str, place: int, value: float) -> Run:
    return Run(f"{side}-r{place}", f"{place:026d}", side, state="done", metrics={"t": value})


def test_the_levels_add_up_to_the_whole_error_and_begin_at_the_95_percent_interval() -> None:
    assert level(3) == pytest.approx(0.025)
    assert math.fsum(level(k) for k in range(3, 100_000)) == pytest.approx(ALPHA, rel=1e-4)
    assert math.fsum(level(k) for k in range(3, 100_000)) < ALPHA
    with pytest.raises(ValueError, match="first look"):
        level(2)


def test_looks_are_taken_at_the_same_sizes_whatever_n_is() -> None:
    assert schedule(2) == [] and schedule(6) == [3, 4, 5, 6]
    assert schedule(5000)[: len(schedule(700))] == schedule(700) and len(schedule(5000)) < 160


def test_a_run_added_later_takes_no_earlier_look_again() -> None:
    a, b = (
        [execution("A", 2 * i, 0.0) for i in range(4)],
        [execution("B", 2 * i + 1, 0.0) for i in range(4)],
    )
    first, second = runs_at(b, a, 3)
    assert [r.id for r in first] == ["B-r1", "B-r3", "B-r5"] and [r.id for r in second] == [
        "A-r0",
        "A-r2",
        "A-r4",
    ]
    late = [*a, *(execution("A", 50 + i, 9.0) for i in range(5))]
    assert runs_at(b, late, 3) == (first, second)
    early = [execution("A", i, 0.0) for i in range(8)]
    late_b = [execution("B", 10 + i, 0.0) for i in range(3)]
    assert len(runs_at(late_b, early, 3)[1]) == 8  # a baseline that was there before counts in full


def test_looking_stops_at_the_first_look_that_shows_it() -> None:
    runs = [execution("B", i, float(i)) for i in range(9)]
    asked: list[tuple[int, float]] = []

    def interval(left: list[Run], right: list[Run], confidence: float) -> Interval:
        asked.append((len(left), confidence))
        return Interval(0.0, float(len(left)), confidence, "x")

    looks = take_looks(runs, None, interval, lambda i: i.high is not None and i.high >= 5.0)
    assert (looks.shown_at, looks.last, looks.n) == (5, 5, 9)
    assert [n for n, _ in asked] == [3, 4, 5] and asked[0][1] == pytest.approx(0.95)
    assert take_looks(runs[:2], None, interval, lambda i: True) == Looks(2)


LARGEST = 12


def allowed(repetitions: int) -> float:
    """5 % and three standard errors of a rate of 5 %."""
    return ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / repetitions)


def test_looking_after_every_repeat_keeps_the_level_and_the_plain_interval_does_not() -> None:
    noise, repetitions = random.Random(20261124), 400
    clause = parse("t(B) < 9").clauses[0]
    ever = plainly = 0
    for _ in range(repetitions):
        runs = [execution("B", i, noise.gauss(9.0, 1.0)) for i in range(LARGEST)]
        at_each = [evaluate_clause(clause, runs[:n], []) for n in range(3, LARGEST + 1)]
        plainly += any(result.supported for result in at_each)
        ever += any(result.lasting for result in at_each)
    assert ever / repetitions <= allowed(repetitions)
    assert plainly / repetitions > allowed(repetitions), plainly


@pytest.mark.parametrize("text", ["t(B) < 0.9 * t(A)"])
def test_a_label_false_at_its_margin_is_rarely_ever_reached(text: str) -> None:
    noise, repetitions, promoted = random.Random(20261125), 30, 0
    predicate = parse(text)
    for _ in range(repetitions):
        runs: list[Run] = []
        for i in range(LARGEST):
            runs.append(execution("A", 2 * i, noise.gauss(10.0, 1.0)))
            runs.append(execution("B", 2 * i + 1, noise.gauss(9.0, 1.0)))
            if i >= 2 and label_of(predicate, runs) == "replicated":
                promoted += 1
                break
    assert promoted / repetitions <= allowed(repetitions)


def label_of(predicate: Predicate, runs: list[Run]) -> str:
    return evidence(
        predicate, lambda subject: [r for r in runs if r.experiment == subject.name]
    ).label


def test_what_is_lacking_is_said_in_numbers() -> None:
    noise = random.Random(7)
    for _ in range(400):
        runs = [execution("B", i, noise.gauss(9.0, 1.0)) for i in range(8)]
        found = evidence(parse("t(B) < 9.4"), lambda s, runs=runs: runs)  # type: ignore[misc]
        clause = found.clauses[0]
        if clause.supported and not clause.looks.shown_at and not found.contrary:
            assert found.label == "exploratory"
            assert (
                "with 8 runs on the smaller side the one-sided level is 0.12 %" in found.missing[0]
            )
            assert "reaches past the margin" in found.missing[0]
            return
    raise AssertionError("no example among 400")

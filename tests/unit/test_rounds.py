"""Rounds of sides that took turns: by the order and by what was begun together, never by a value."""

from __future__ import annotations

import math
import random
import statistics

from hypothesis import given
from hypothesis import strategies as st

from leadline.core.stats.rounds import Order, rounds


def each_alone(sides: str) -> Order:
    return [(side, str(at)) for at, side in enumerate(sides)]


def together(sides: str, batch: str = "sweep") -> Order:
    return [(side, batch) for side in sides]


def test_examples() -> None:
    assert rounds(each_alone("abab")) == [([0], [1]), ([2], [3])]
    assert rounds(together("aabb")) == [([0, 1], [2, 3])]
    assert rounds(together("abbaa")) == [([0], [1]), ([3, 4], [2])]
    assert rounds(together("aaa")) == [] == rounds([])


def test_what_a_side_did_while_the_other_waited_is_in_no_round() -> None:
    assert rounds(each_alone("aaab")) == [([0], [3])]
    assert rounds(each_alone("abaa")) == [([0], [1])]
    repeats = [*together("aa", "1"), *together("aa", "2"), *together("bb", "3")]
    assert rounds(repeats) == [([0, 1], [4, 5])]


def test_turns_with_a_third_side_are_no_part_of_a_round() -> None:
    sweep = together("abba")
    alone = together("aaaa", "with c")
    assert rounds([*sweep, *alone]) == rounds(sweep)
    assert rounds([*sweep, *alone, *together("ab", "again")])[:2] == rounds(sweep)
    between = rounds([*alone, *together("abba"), *together("bb", "with d")])
    assert between[1:] == [([4], [5]), ([7], [6])] and between[0] == ([0, 1, 2, 3], [8, 9])


def test_adding_to_a_side_until_it_suits_gains_nothing() -> None:
    """One side is run until its mean since the last round is high, then the other once."""
    chance, shown, trials = random.Random(18), 0, 600
    for _ in range(trials):
        values, order = list[float](), list[tuple[str, str]]()
        for _ in range(10):
            stretch = list[float]()
            while len(stretch) < 8 and (not stretch or statistics.fmean(stretch) < 0.3):
                stretch.append(chance.gauss(0, 1))
                order.append(("a", str(len(order))))
            values += [*stretch, chance.gauss(0, 1)]
            order.append(("b", str(len(order))))
        pairs = [(statistics.fmean(values[i] for i in a), values[b[0]]) for a, b in rounds(order)]
        lifts = [b - a for a, b in pairs]
        t = statistics.fmean(lifts) / (statistics.stdev(lifts) / math.sqrt(len(lifts)))
        shown += abs(t) > 2.262  # Student's t at 5 %, nine degrees of freedom
    assert shown / trials < 0.05 + 3 * math.sqrt(0.05 * 0.95 / trials)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("12345")), max_size=40))
def test_a_position_stands_at_most_once_and_each_round_has_both_sides(order: Order) -> None:
    found = rounds(order)
    for a, b in found:
        assert a and b and {order[i][0] for i in a} == {"a"} and {order[i][0] for i in b} == {"b"}
        assert len({order[i][1] for i in a}) == 1 == len({order[i][1] for i in b})
    flat = [i for a, b in found for i in (*a, *b)]
    assert len(flat) == len(set(flat))
    both = {s for s, _ in order if {x for x, batch in order if batch == "1"} == {"a", "b"}}
    if both:
        assert {i for i, (_, batch) in enumerate(order) if batch == "1"} <= set(flat)

"""Rounds of sides that took turns: by the order alone."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from leadline.core.stats.rounds import rounds


def test_examples() -> None:
    assert rounds("abab") == [([0], [1]), ([2], [3])]
    assert rounds("aabb") == [([0, 1], [2, 3])]
    assert rounds("abbaa") == [([0], [1]), ([3, 4], [2])]
    assert rounds("aaa") == [] == rounds("")


@given(st.text("ab", max_size=40))
def test_every_position_stands_once_in_order_and_each_round_has_both_sides(order: str) -> None:
    found = rounds(order)
    for a, b in found:
        assert a and b and all(order[i] == "a" for i in a) and all(order[i] == "b" for i in b)
    flat = [sorted(a + b) for a, b in found]
    if found:
        assert sorted(i for part in flat for i in part) == list(range(len(order)))
        assert all(one[-1] < other[0] for one, other in itertools.pairwise(flat))
    else:
        assert len(set(order)) < 2

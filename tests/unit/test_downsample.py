"""Thinned series keep their extremes (minmax), their ends and their order."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from leadline.core.downsample import lttb, minmax

numbers = st.floats(allow_nan=False, allow_infinity=False, width=32)


@given(st.lists(st.one_of(numbers, st.just(math.nan)), max_size=400), st.integers(1, 30))
def test_minmax_keeps_every_extreme(values: list[float], buckets: int) -> None:
    kept = minmax(range(len(values)), values, buckets)
    assert kept == sorted(set(kept)) and len(kept) <= max(
        2 * buckets + 2, len(values) if len(values) <= 2 * buckets else 0
    )
    known = [v for v in values if v == v]
    if known:
        shown = [values[k] for k in kept if values[k] == values[k]]
        assert (min(shown), max(shown)) == (min(known), max(known))
    if values:
        assert kept[0] == 0 and kept[-1] == len(values) - 1


def test_minmax_does_not_lose_one_spike_in_a_million() -> None:
    values = [0.0] * 1_000_000
    values[777_777], values[3] = 1.0, -1.0
    kept = minmax(range(len(values)), values, 20)
    assert {3, 777_777} <= set(kept) and len(kept) <= 42


@given(st.lists(numbers, max_size=300), st.integers(3, 40))
def test_lttb_gives_the_count_and_the_ends(values: list[float], count: int) -> None:
    kept = lttb([math.nan] * len(values), values, count)
    assert kept == sorted(set(kept)) and len(kept) == min(count, len(values))
    if values:
        assert kept[0] == 0 and kept[-1] == len(values) - 1


def test_lttb_prefers_what_stands_out() -> None:
    values = [0.0] * 100
    values[42] = 5.0
    assert 42 in lttb(range(100), values, 8)
    assert lttb(range(4), [math.nan, 1.0, math.inf, 2.0], 3) == [1, 3]

"""Down-sampling keeps what a view is looked at for."""

from __future__ import annotations

import math
import random
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.core.series.downsample import lttb, minmax

numbers = st.floats(width=32)


@given(st.lists(numbers, max_size=300), st.integers(1, 40))
def test_minmax_keeps_ends_and_extremes(values: list[float], buckets: int) -> None:
    kept = minmax(array("d", values), buckets)
    finite = [at for at, value in enumerate(values) if math.isfinite(value)]
    assert kept == sorted(set(kept)) and len(kept) <= 2 * buckets + 2
    assert set(kept) <= set(finite)
    if finite:
        shown = [values[at] for at in kept]
        assert min(shown) == min(values[at] for at in finite)
        assert max(shown) == max(values[at] for at in finite)
        assert kept[0] == finite[0] and kept[-1] == finite[-1]
    for bucket in range(buckets):  # and the same of every stretch
        part = [
            values[at]
            for at in range(bucket * len(values) // buckets, (bucket + 1) * len(values) // buckets)
        ]
        part = [value for value in part if math.isfinite(value)]
        if part:
            assert {min(part), max(part)} <= {values[at] for at in kept}


@given(st.lists(numbers, max_size=400), st.integers(3, 40))
def test_lttb_keeps_ends_and_its_count(values: list[float], count: int) -> None:
    kept = lttb([float(at) for at in range(len(values))], values, count)
    finite = [at for at, value in enumerate(values) if math.isfinite(value)]
    assert kept == sorted(set(kept)) and set(kept) <= set(finite)
    assert len(kept) == min(count, len(finite)) or len(values) > 8 * count
    assert len(kept) <= count
    if finite:
        assert kept[0] == finite[0] and kept[-1] == finite[-1]


@pytest.mark.parametrize("seed", range(60))
def test_lttb_agrees_with_another_implementation(seed: int) -> None:
    """tsdownsample, on evenly spaced places; on others it takes the middle of a bucket's ends for
    its mean."""
    import numpy
    from tsdownsample import LTTBDownsampler

    generator = random.Random(seed)
    length = generator.randint(10, 900)
    # fewer, and the extremes are looked at first
    count = generator.randint(max(3, length // 8 + 1), length)
    xs = [float(at) for at in range(length)]
    ys = [generator.gauss(0, 1) for _ in xs]
    theirs = LTTBDownsampler().downsample(numpy.array(xs), numpy.array(ys), n_out=count)
    assert lttb(xs, ys, count) == [int(at) for at in theirs]


def test_lttb_is_the_published_one() -> None:
    """Against the definition written out once more, bucket by bucket, as in the thesis' pseudocode."""
    generator = random.Random(5)
    xs = [0.0]
    for _ in range(199):
        xs.append(xs[-1] + generator.random())
    ys = [generator.gauss(0, 1) for _ in xs]
    count = 30
    every = (len(xs) - 2) / (count - 2)
    edges = [int(bucket * every) + 1 for bucket in range(count - 1)] + [len(xs)]
    expected = [0]
    for bucket in range(count - 2):
        after = range(edges[bucket + 1], edges[bucket + 2])
        cx, cy = sum(xs[i] for i in after) / len(after), sum(ys[i] for i in after) / len(after)
        ax, ay = xs[expected[-1]], ys[expected[-1]]

        def area(i: int, ax: float = ax, ay: float = ay, cx: float = cx, cy: float = cy) -> float:
            return 0.5 * abs(ax * (ys[i] - cy) + xs[i] * (cy - ay) + cx * (ay - ys[i]))

        expected.append(max(range(edges[bucket], edges[bucket + 1]), key=area))
    assert lttb(xs, ys, count) == [*expected, len(xs) - 1]


def test_a_spike_survives_among_a_million() -> None:
    values = array("d", bytes(8 * 1_000_000))
    values[654_321] = 1.0
    assert 654_321 in minmax(values, 200)
    assert 654_321 in lttb(array("d", range(1_000_000)), values, 200)


def test_a_step_that_is_not_known_stands_at_its_position() -> None:
    values = [float(at % 7) for at in range(100)]
    unknown = [math.nan] * 100
    assert lttb(unknown, values, 10) == lttb([float(at) for at in range(100)], values, 10)


def test_what_cannot_be_asked() -> None:
    with pytest.raises(ValueError):
        minmax([1.0], 0)
    with pytest.raises(ValueError):
        lttb([1.0], [1.0], 2)
    with pytest.raises(ValueError):
        lttb([1.0], [1.0, 2.0], 5)
    assert minmax([], 3) == lttb([], [], 3) == minmax([math.nan, math.inf], 1) == []

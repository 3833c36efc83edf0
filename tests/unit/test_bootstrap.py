"""The BCa interval against scipy's own, its level, and what cannot be resampled."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
import scipy.stats
from bootstrap import bca_difference, bca_paired


def sample(seed: int, n: int, shift: float = 0.0) -> list[float]:
    generator = random.Random(seed)
    return [shift + math.exp(generator.gauss(0, 0.8)) for _ in range(n)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_interval_is_scipys(seed):
    a, b = sample(seed, 30), sample(seed + 50, 40, 0.5)
    found = bca_difference(a, b, resamples=20_000)
    theirs = scipy.stats.bootstrap(
        (np.array(b), np.array(a)),
        lambda x, y, axis: np.mean(x, axis=axis) - np.mean(y, axis=axis),
        method="BCa",
        n_resamples=40_000,
        rng=np.random.default_rng(seed),
    ).confidence_interval
    width = theirs.high - theirs.low
    assert found.difference == pytest.approx(np.mean(b) - np.mean(a))
    assert found.interval.low == pytest.approx(theirs.low, abs=0.03 * width)
    assert found.interval.high == pytest.approx(theirs.high, abs=0.03 * width)


def test_pairs_are_scipys_too():
    a, b = sample(5, 30), sample(6, 30, 0.3)
    found = bca_paired(a, b, resamples=20_000)
    steps = np.array(b) - np.array(a)
    theirs = scipy.stats.bootstrap(
        (steps,), np.mean, method="BCa", n_resamples=40_000, rng=np.random.default_rng(1)
    ).confidence_interval
    width = theirs.high - theirs.low
    assert found.interval.low == pytest.approx(theirs.low, abs=0.03 * width)
    assert found.interval.high == pytest.approx(theirs.high, abs=0.03 * width)


def test_p_and_interval_never_contradict_each_other():
    for seed in range(40):
        found = bca_difference(sample(seed, 20), sample(seed + 100, 20, 0.02 * seed), resamples=999)
        outside = found.interval.low > 0 or found.interval.high < 0
        if abs(found.p_two - 0.05) > 0.005:
            assert outside == (found.p_two < 0.05), seed


def test_the_same_data_in_any_order_give_the_same_answer():
    a, b = sample(1, 25), sample(2, 25)
    assert bca_difference(a, b).as_dict() == bca_difference(a, b).as_dict()
    assert bca_difference(a, b, seed=1).interval != bca_difference(a, b, seed=2).interval


def test_a_clear_difference_and_none():
    assert bca_difference(sample(1, 30), sample(2, 30, 5.0)).p_greater < 0.001
    assert bca_difference(sample(1, 30), sample(2, 30, -5.0)).p_less < 0.001


@pytest.mark.parametrize(
    ("a", "b"), [([], []), ([1.0], [2.0, 3.0]), ([1.0] * 20, [1.0] * 20), ([math.nan] * 5, [1, 2])]
)
def test_what_cannot_be_resampled_is_said(a, b):
    found = bca_difference(a, b)
    assert found.p_two is None and found.reasons


def test_negative_values_have_no_ratio():
    found = bca_difference([-1.0, *sample(1, 20)], sample(2, 20))
    assert (
        found.ratio is None
        and "negative" in found.ratio_interval.reason
        and found.p_two is not None
    )
    assert bca_difference(sample(1, 20), sample(2, 20)).ratio_interval.known

"""The drift-adjusted difference, the correction for many tests, and outliers, against numpy and
published values."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from leadline.core.stats.multiplicity import holm
from leadline.core.stats.outliers import outliers
from leadline.core.stats.time_order import order_adjusted


def least_squares(a, b):
    """difference, standard error, df by numpy's own solver."""
    rows = [(1.0, 0.0, p) for p, _ in a] + [(1.0, 1.0, p) for p, _ in b]
    x, y = np.array(rows), np.array([v for _, v in [*a, *b]])
    beta, _, _, _ = np.linalg.lstsq(x, y, rcond=None)
    df = len(y) - 3
    residual = y - x @ beta
    covariance = residual @ residual / df * np.linalg.inv(x.T @ x)
    return beta[1], math.sqrt(covariance[1, 1]), df


@pytest.mark.parametrize("order", ["aaaabbbb", "aaabbbbbb", "abababab", "aabbbaab"])
def test_agrees_with_least_squares(order):
    generator = random.Random(order)
    points = [
        (i, s, 50 + 3 * i + (2 if s == "b" else 0) + generator.gauss(0, 1))
        for i, s in enumerate(order)
    ]
    a, b = ([(i, v) for i, s, v in points if s == side] for side in "ab")
    found = order_adjusted(a, b)
    difference, error, df = least_squares(a, b)
    assert found.difference == pytest.approx(difference, rel=1e-9)
    assert found.t == pytest.approx(difference / error, rel=1e-9) and found.df == df
    assert found.p_two == pytest.approx(2 * scipy.stats.t.sf(abs(difference / error), df), rel=1e-9)
    low, high = scipy.stats.t.interval(0.95, df, difference, error)
    assert (found.interval.low, found.interval.high) == (pytest.approx(low), pytest.approx(high))


def test_times_in_seconds_since_1970_lose_no_digits():
    a = [(1_790_000_000.0 + 60 * i, 1.0 + 0.01 * i * i) for i in range(4)]
    b = [(1_790_000_240.0 + 60 * i, 2.0 - 0.01 * i * i) for i in range(4)]
    near = order_adjusted([(p - 1.79e9, v) for p, v in a], [(p - 1.79e9, v) for p, v in b])
    assert order_adjusted(a, b).difference == pytest.approx(near.difference, rel=1e-9)


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ([], [], "two runs a side"),
        ([(0, 1.0)], [(1, 2.0), (2, 3.0), (3, 3.5)], "two runs a side"),
        ([(0, 1.0), (0, 2.0)], [(0, 1.0), (0, 3.0)], "same position"),
        ([(0, 1.0), (1, 2.0)], [(2, 3.0), (3, 4.0)], "exactly on a drift"),
        ([(0, math.nan), (1, 2.0), (2, 3.0)], [(2, 3.0), (3, math.inf)], "two runs a side"),
    ],
)
def test_what_cannot_be_had_is_said(a, b, words):
    found = order_adjusted(a, b)
    assert found.p_two is None and words in found.reasons[0]


def test_a_drift_alone_is_no_difference_and_a_step_is_one():
    generator = random.Random(7)
    false = found = 0
    for _ in range(400):
        drift = [(i, 100 + 5 * i + generator.gauss(0, 0.5)) for i in range(12)]
        step = [(i, v + (10 if i >= 6 else 0)) for i, v in drift]
        false += (order_adjusted(drift[:6], drift[6:]).p_two or 0) < 0.05
        found += (order_adjusted(step[:6], step[6:]).p_two or 1) < 0.05
    assert 6 <= false <= 33 and found == 400  # 5 % of 400 is 20, three standard errors are 13


def test_holm_published_example():
    # Holm's method on 0.01, 0.04, 0.03, 0.005: R's p.adjust gives 0.03, 0.06, 0.06, 0.02
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([None, 0.02, None]) == [None, 0.02, None] and holm([]) == []
    with pytest.raises(ValueError):
        holm([1.5])


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_never_helps_and_keeps_the_order(ps):
    adjusted = holm(ps)
    assert all(p <= q <= 1 for p, q in zip(ps, adjusted, strict=True))
    by_raw = [q for _, q in sorted(zip(ps, adjusted, strict=True))]
    assert by_raw == sorted(by_raw)


def test_outliers():
    assert outliers([10, 11, 9, 10.5, 9.5, 30]).indices == [5]
    assert outliers([10, 11, 9, 10.5, 9.5, math.nan]).indices == []
    assert outliers([5, 5, 5, 5, 5]).indices == []
    half = outliers([5, 5, 5, 5, 5, 5, 5, 5, 5, 9])
    assert half.indices == [9] and "mean absolute deviation" in half.method
    assert "from 5 runs" in outliers([1, 2, 300]).reason and outliers([]).n == 0

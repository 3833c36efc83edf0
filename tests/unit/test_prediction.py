"""Prediction intervals, and repeats that leave them."""

from __future__ import annotations

import math
import random

import pytest
from scipy import stats as scipy_stats

from leadline.core.stats.inference import summarise
from leadline.core.stats.prediction import prediction_interval, strays


def test_the_interval_is_that_of_the_t_distribution() -> None:
    values = [10.1, 9.7, 10.4, 10.0, 9.9]
    interval = prediction_interval(summarise(values), 0.9)
    scale = summarise(values).sd * math.sqrt(1.2)  # type: ignore[operator]
    low, high = scipy_stats.t.interval(0.9, 4, loc=sum(values) / 5, scale=scale)
    assert interval.low == pytest.approx(low, rel=1e-10) and interval.high == pytest.approx(
        high, rel=1e-10
    )


def test_a_moved_repeat_is_found_and_named() -> None:
    (found,) = strays([10.0, 10.1, 9.9, 10.05, 12.0])
    assert (found.index, found.value, found.before) == (4, 12.0, 4)
    assert strays([10.0, 10.1, 9.9, 10.05, 10.02]) == []
    assert strays([10.0, 10.1, 50.0]) == []  # too few before it


def test_a_constant_baseline_that_changes_is_found() -> None:
    (found,) = strays([3.0, 3.0, 3.0, 3.0, 3.001])
    assert found.index == 4 and found.interval.method == "exact"


def test_what_is_not_a_number_is_passed_over() -> None:
    (found,) = strays([10.0, math.nan, 10.1, 9.9, math.inf, 20.0])
    assert found.index == 5 and found.before == 3
    assert strays([]) == [] and strays([1e308, -1e308, 1e308, 0.0]) == []


def test_repeats_of_one_distribution_seldom_stray() -> None:
    rng = random.Random(7)
    alarms = sum(bool(strays([rng.gauss(100.0, 1.0) for _ in range(12)])) for _ in range(600))
    assert 0.02 <= alarms / 600 <= 0.08

"""Power against scipy's noncentral t, equivalence against scipy's tests, and the edges of both."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from leadline.core.stats.equivalence import equivalence
from leadline.core.stats.inference import TestResult, paired, summarise, welch
from leadline.core.stats.power import (
    detectable,
    n_needed,
    n_needed_paired,
    power_of_t,
)
from tests.chance import examples

quick = settings(max_examples=examples(60), deadline=None)


@pytest.mark.parametrize("df", [1.0, 1.7, 2.0, 3.4, 8.0, 40.0, 400.0, 2e4])
@pytest.mark.parametrize("shift", [0.0, 0.5, 2.0, 4.0, 12.0])
def test_power_is_scipys(df: float, shift: float) -> None:
    critical = scipy_stats.t.isf(0.025, df)
    want = scipy_stats.nct.sf(critical, df, shift)
    if shift < 5.0:  # far out scipy's other tail is not a number; it is nothing there
        want += scipy_stats.nct.cdf(-critical, df, shift)
    assert power_of_t(shift, df) == pytest.approx(want, abs=2e-4)


def between_means(sd: float, n: int) -> float | None:
    """The smallest difference that ``n`` runs a side would show."""
    return detectable(sd * math.sqrt(2.0 / n), 2.0 * (n - 1))


@pytest.mark.parametrize("n", [2, 3, 5, 10, 40])
def test_detectable_difference_reaches_its_power(n: int) -> None:
    least = between_means(2.0, n)
    assert least is not None
    df, shift = 2 * (n - 1), least / (2.0 * math.sqrt(2 / n))
    power = scipy_stats.nct.sf(scipy_stats.t.isf(0.025, df), df, shift)
    assert power == pytest.approx(0.8, abs=2e-4)


@given(st.floats(0.01, 10), st.floats(0.1, 10))
@quick
def test_n_needed_is_the_least(sd: float, difference: float) -> None:
    n = n_needed(sd, difference)
    assert n is not None and n >= 2
    at, below = between_means(sd, n), between_means(sd, n - 1)
    # the noncentral t is integrated to seven digits
    assert at is not None and at <= difference * (1 + 1e-5)
    assert below is None or below > difference


def test_n_needed_has_limits() -> None:
    assert (
        n_needed(1.0, 0.0) is None
        and n_needed(1.0, 1e-9) is None
        and n_needed(math.nan, 1.0) is None
    )
    assert n_needed(0.0, 1.0) == 2 and n_needed(1.0, 1.0) == 17
    assert between_means(1.0, 1) is None


def test_pairs_need_as_many_as_the_one_sample_test() -> None:
    # A difference of one standard deviation of the differences: 10 pairs (noncentral t, G*Power
    # gives the same)
    assert n_needed_paired(1.0, 1.0) == 10 and n_needed_paired(1.0, 0.0) is None


def two_one_sided(a: list[float], b: list[float], margin: float) -> float:
    above = scipy_stats.ttest_ind(
        [v + margin for v in b], a, equal_var=False, alternative="greater"
    ).pvalue
    below = scipy_stats.ttest_ind(
        [v - margin for v in b], a, equal_var=False, alternative="less"
    ).pvalue
    return float(max(above, below))


@given(st.integers(0, 10_000), st.floats(0.1, 3.0))
@quick
def test_equivalence_is_two_one_sided_tests(seed: int, margin: float) -> None:
    draw = random.Random(seed)
    a, b = [draw.gauss(10, 1) for _ in range(6)], [draw.gauss(10.2, 1.5) for _ in range(8)]
    found = equivalence(welch(summarise(a), summarise(b)), margin, relative=False)
    want = two_one_sided(a, b, margin)
    assert found.p == pytest.approx(want, rel=1e-6)
    assert (found.verdict == "equivalent") == (want < 0.05)


def test_paired_and_relative() -> None:
    a = [10.0, 11.0, 12.0, 10.5, 11.5, 9.5]
    b = [v * 1.01 + d for v, d in zip(a, [0.01, -0.02, 0.015, 0.0, -0.01, 0.005], strict=True)]
    test = paired(a, b)

    def scaled(factor: float, confidence: float) -> TestResult:
        return paired([factor * v for v in a], b, confidence)

    for margin, verdict in ((0.05, "equivalent"), (0.005, "not equivalent"), (0.0101, "not shown")):
        found = equivalence(test, margin, relative=True, scaled=scaled)
        assert found.verdict == verdict
        assert found.interval.confidence == pytest.approx(0.9), (
            "two tests at 5 % are one interval at 90 %"
        )
        inside = 1 / (1 + margin) < found.interval.low and found.interval.high < 1 + margin
        assert inside == (verdict == "equivalent"), "the interval and the tests agree"
    assert equivalence(test, 0.5, relative=False).verdict == "equivalent"


@pytest.mark.parametrize(
    ("a", "b", "margin", "relative", "verdict", "words"),
    [
        ([], [], 1.0, False, "not shown", "no values"),
        ([1.0], [1.0], 1.0, False, "not shown", "one run"),
        ([2.0] * 3, [2.0] * 3, 0.01, True, "equivalent", "exact"),
        ([2.0] * 3, [2.5] * 3, 0.01, True, "not equivalent", "shown"),
        ([-1.0, 1.0, 2.0], [1.0, 2.0, 3.0], 0.01, True, "not shown", "zero or negative"),
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], 0.0, False, "not shown", "above zero"),
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], math.nan, False, "not shown", "above zero"),
        ([1.0, math.nan, 3.0], [math.inf, 2.0, 3.0], 1.0, False, "not shown", "reaches past"),
    ],
)
def test_equivalence_answers_in_words(a, b, margin, relative, verdict, words) -> None:
    found = equivalence(welch(summarise(a), summarise(b)), margin, relative)
    assert found.verdict == verdict
    assert words in found.sentence + found.interval.method, found.sentence

"""Statistics against scipy, and the edges at which a figure cannot be had."""

from __future__ import annotations

import math

import numpy
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from leadline.core.canonical import canonical_json
from leadline.core.stats import distributions as d
from leadline.core.stats.inference import (
    mean_interval,
    one_sample,
    paired,
    scaled,
    summarise,
    welch,
)
from tests.chance import examples

reals = st.floats(-1e6, 1e6).map(lambda v: round(v, 6))
positives = st.floats(0.1, 1e5).map(lambda v: round(v, 4))
anything = st.floats(allow_nan=True, allow_infinity=True)
quick = settings(max_examples=examples(60), deadline=None)


@given(st.floats(-50, 50), st.floats(0.6, 1e6))
@quick
def test_t_tail_is_scipys(t: float, df: float) -> None:
    assert d.t_tail(t, df) == pytest.approx(scipy_stats.t.sf(t, df), rel=1e-8, abs=1e-290)


@given(st.floats(1e-10, 1 - 1e-10), st.floats(0.6, 1e6))
@quick
def test_t_quantile_inverts_the_tail(q: float, df: float) -> None:
    t = d.t_upper_quantile(q, df)
    assert d.t_tail(t, df) == pytest.approx(q, rel=1e-9)


@pytest.mark.parametrize("df", [1, 2, 4.5, 30, 1e5])
@pytest.mark.parametrize("q", [0.4, 0.1, 0.025, 1e-6])
def test_t_quantile_is_scipys(q: float, df: float) -> None:
    assert d.t_upper_quantile(q, df) == pytest.approx(scipy_stats.t.isf(q, df), rel=1e-9)


def test_t_becomes_normal_where_scipy_loses_digits() -> None:
    assert d.t_tail(2.0, 1e11) == pytest.approx(d.normal_tail(2.0), rel=1e-9)
    assert d.t_tail(2.0, math.inf) == d.normal_tail(2.0)


@given(st.floats(1e-300, 1 - 1e-12))
@quick
def test_normal_quantile_is_scipys(q: float) -> None:
    assert d.normal_upper_quantile(q) == pytest.approx(scipy_stats.norm.isf(q), rel=1e-9, abs=1e-12)


@given(st.lists(reals, min_size=2, max_size=30))
@quick
def test_summary_is_numpys(values: list[float]) -> None:
    s = summarise(values)
    assert s.n == len(values)
    assert s.mean == pytest.approx(numpy.mean(values), rel=1e-9, abs=1e-9)
    assert s.sd == pytest.approx(numpy.std(values, ddof=1), rel=1e-6, abs=1e-6)
    assert s.median == pytest.approx(numpy.median(values))
    assert s.mad == pytest.approx(scipy_stats.median_abs_deviation(values), rel=1e-9, abs=1e-9)
    assert (s.minimum, s.maximum) == (min(values), max(values))


def test_sd_survives_a_large_offset() -> None:
    assert summarise([1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16]).sd == pytest.approx(math.sqrt(30))


@given(st.lists(reals, min_size=2, max_size=20), st.lists(reals, min_size=2, max_size=20))
@quick
def test_welch_is_scipys(a: list[float], b: list[float]) -> None:
    assume(
        numpy.std(a) > 1e-3 * (1 + abs(numpy.mean(a)))
        and numpy.std(b) > 1e-3 * (1 + abs(numpy.mean(b)))
    )
    ours, theirs = welch(summarise(a), summarise(b)), scipy_stats.ttest_ind(b, a, equal_var=False)
    assert ours.t == pytest.approx(theirs.statistic, rel=1e-6, abs=1e-9)
    assert ours.df == pytest.approx(theirs.df, rel=1e-6)
    assert ours.p_two == pytest.approx(theirs.pvalue, rel=1e-5, abs=1e-12)
    for alternative, p in (("less", ours.p_less), ("greater", ours.p_greater)):
        expected = scipy_stats.ttest_ind(b, a, equal_var=False, alternative=alternative).pvalue
        assert p == pytest.approx(expected, rel=1e-5, abs=1e-12)
    span = theirs.confidence_interval(0.95)
    assert (ours.interval.low, ours.interval.high) == pytest.approx(
        (span.low, span.high), rel=1e-5, abs=1e-5
    )


@given(st.lists(st.tuples(reals, reals), min_size=3, max_size=20))
@quick
def test_paired_is_scipys(pairs: list[tuple[float, float]]) -> None:
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    steps = [y - x for x, y in pairs]
    assume(numpy.std(steps) > 1e-3 * (1 + abs(numpy.mean(steps))))
    ours, theirs = paired(a, b), scipy_stats.ttest_rel(b, a)
    assert ours.t == pytest.approx(theirs.statistic, rel=1e-6, abs=1e-9)
    assert ours.p_two == pytest.approx(theirs.pvalue, rel=1e-5, abs=1e-12)


@given(
    st.lists(reals, min_size=3, max_size=20),
    reals,
    st.sampled_from(["two-sided", "less", "greater"]),
)
@quick
def test_one_sample_is_scipys(values: list[float], target: float, alternative: str) -> None:
    assume(numpy.std(values) > 1e-3 * (1 + abs(numpy.mean(values))))
    theirs = scipy_stats.ttest_1samp(values, target, alternative=alternative)
    ours = one_sample(summarise(values), target, alternative)
    assert ours.p == pytest.approx(theirs.pvalue, rel=1e-5, abs=1e-12)


@given(st.lists(positives, min_size=2, max_size=12), st.lists(positives, min_size=2, max_size=12))
@quick
def test_ratio_interval_contains_1_exactly_when_the_difference_contains_0(
    a: list[float], b: list[float]
) -> None:
    result = welch(summarise(a), summarise(b))
    assume(
        result.ratio_interval is not None
        and result.ratio_interval.known
        and result.p_two is not None
    )
    assert (
        result.ratio_interval is not None and result.ratio is not None and result.p_two is not None
    )
    assume(abs(result.p_two - 0.05) > 1e-9)
    low, high = result.ratio_interval.low, result.ratio_interval.high
    assert (
        low is not None
        and high is not None
        and result.interval.low is not None
        and result.interval.high is not None
    )
    assert low <= result.ratio * (1 + 1e-12) and result.ratio <= high * (1 + 1e-12)
    assert (low <= 1 <= high) == (result.interval.low <= 0 <= result.interval.high)


def test_fieller_covers_the_true_ratio_as_often_as_it_says() -> None:
    rng = numpy.random.default_rng(7)
    hits = 0
    for _ in range(1500):
        a, b = rng.normal(10, 1.5, 6), rng.normal(13, 3.0, 9)
        interval = welch(summarise(a), summarise(b)).ratio_interval
        assert interval is not None and interval.low is not None and interval.high is not None
        hits += interval.low <= 1.3 <= interval.high
    assert 0.93 <= hits / 1500 <= 0.97


def test_paired_fieller_uses_the_covariance() -> None:
    a = [10.0, 20.0, 30.0, 40.0, 50.0]
    b = [11.1, 21.9, 33.2, 43.9, 55.1]
    tied, loose = paired(a, b).ratio_interval, welch(summarise(a), summarise(b)).ratio_interval
    assert tied is not None and tied.low is not None and tied.high is not None
    assert 1.05 < tied.low < 1.1 < tied.high < 1.15
    assert loose is not None and (
        loose.low is None or loose.high is None or loose.high - loose.low > 0.5
    )


@given(st.lists(anything, max_size=6), st.lists(anything, max_size=6), anything)
@settings(max_examples=examples(150), deadline=None)
def test_no_input_raises_or_yields_nan(a: list[float], b: list[float], target: float) -> None:
    first, second = summarise(a), summarise(b)
    results = [welch(first, second), paired(a, b), one_sample(first, target)]
    for result in results:
        text = canonical_json(result.as_dict())
        assert '"NaN"' not in text and 'Infinity"' not in text, text
        assert result.p_two is not None or result.reasons
        assert result.interval.known or result.interval.reason
    for sample in (first, second):
        assert "NaN" not in canonical_json(sample.as_dict())
        interval = mean_interval(sample)
        assert interval.known or interval.reason


@given(st.lists(reals, min_size=1, max_size=9), st.lists(reals, min_size=1, max_size=9))
@quick
def test_swapping_sides_negates_the_difference(a: list[float], b: list[float]) -> None:
    ab, ba = welch(summarise(a), summarise(b)), welch(summarise(b), summarise(a))
    assert ab.difference is not None and ba.difference is not None
    assert ab.difference == -ba.difference
    assert ab.p_two == ba.p_two
    assert (ab.p_less, ab.p_greater) == (ba.p_greater, ba.p_less)


def test_edges_say_why() -> None:
    empty, one, same, spread = (
        summarise([]),
        summarise([3.0]),
        summarise([2.0, 2.0]),
        summarise([1.0, 4.0, 5.0]),
    )
    assert "no values" in welch(empty, spread).reasons[0]
    assert welch(one, spread).difference == pytest.approx(1 / 3)
    assert "one run on side a" in welch(one, spread).reasons[0]
    exact = welch(same, summarise([3.0, 3.0]))
    assert (
        exact.p is None and exact.interval.low == exact.interval.high == 1.0 and exact.ratio == 1.5
    )
    assert (
        welch(same, spread).p is not None
        and "side a shows no spread" in welch(same, spread).reasons
    )
    assert summarise([math.nan, 1.0]).nonfinite == 1
    negative = welch(summarise([-1.0, 2.0]), spread)
    assert negative.ratio is None and "zero or negative" in negative.reasons[-1]
    assert welch(summarise([0.0, 2.0]), spread).ratio is None
    wide = welch(summarise([1.0, 9.0]), spread)
    assert (
        wide.ratio_interval is not None and "cannot be told from zero" in wide.ratio_interval.reason
    )
    assert "not pairs" in paired([1], [1, 2]).reasons[0]
    assert "exact" in mean_interval(same).method and mean_interval(one).reason
    with pytest.raises(ValueError):
        one_sample(spread, 1.0, "sideways")


@pytest.mark.parametrize("size", [1e-300, 1e-160, 1e160, 1e307])
def test_t_does_not_depend_on_the_magnitude(size: float) -> None:
    plain = welch(summarise([1.0, 2.0, 4.0]), summarise([3.0, 5.0, 6.0]))
    large = welch(summarise([size, 2 * size, 4 * size]), summarise([3 * size, 5 * size, 6 * size]))
    assert large.t == pytest.approx(plain.t) and large.df == pytest.approx(plain.df)
    assert large.ratio == pytest.approx(plain.ratio)


def test_scaled_is_the_summary_of_scaled_values() -> None:
    got, want = scaled(summarise([1.0, 2.0, 5.0]), -2.0), summarise([-2.0, -4.0, -10.0])
    assert (got.mean, got.sd, got.minimum, got.maximum) == pytest.approx(
        (want.mean, want.sd, -10.0, -2.0)
    )

"""The drift test against counting every order, and against scipy's Kendall where that is there."""

from __future__ import annotations

import itertools

import pytest

from leadline.core.stats.drift import drift


def test_p_is_the_share_of_orders_that_are_at_least_as_steady():
    values = [1.0, 2.0, 4.0, 3.0, 5.0, 6.0]

    def score(order):
        return sum((b > a) - (b < a) for a, b in itertools.combinations(order, 2))

    orders = list(itertools.permutations(values))
    expected = sum(abs(score(o)) >= abs(score(values)) for o in orders) / len(orders)
    assert drift(values).p == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("n", [5, 12, 40, 80])
def test_p_agrees_with_kendall(n):
    stats = pytest.importorskip("scipy.stats")
    values = [float((i * 37) % 101 + 0.3 * i) for i in range(n)]
    exact = "exact" if n <= 60 else "asymptotic"
    expected = stats.kendalltau(range(n), values, method=exact).pvalue
    assert drift(values).p == pytest.approx(expected, rel=1e-9 if n <= 60 else 0.05)


def test_change_is_in_the_unit_of_the_values():
    found = drift([10.0, 12.0, 14.0, 16.0, 18.0, 20.0])
    assert found.change == pytest.approx(10.0) and found.shown()
    assert drift([5.0] * 8).p == 1.0 and drift([5.0] * 8).change == 0.0


def test_too_few_values_say_so():
    assert drift([1.0, 2.0, 3.0, float("nan"), 4.0]).p is None
    assert "there are 4" in drift([1.0, 2.0, 3.0, 4.0]).reason

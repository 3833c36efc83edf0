"""The correction for many tests, and outliers, against published values."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.core.stats.multiplicity import holm
from leadline.core.stats.outliers import outliers


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

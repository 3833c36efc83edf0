"""Scales and marks of the small plots: properties that hold for any values."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.render.plot import svg as plot

VALUES = st.lists(
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e200, max_value=1e200),
    min_size=1,
    max_size=30,
)


@given(VALUES)
def test_every_value_lies_inside_the_plot(values: list[float]) -> None:
    scale = plot.axis(values)
    assert scale.low < scale.high
    for value in values:
        assert -1e-9 <= scale.fraction(value) <= 1 + 1e-9
        assert 0 <= scale.percent(value) <= 100


@given(VALUES)
def test_ticks_are_few_ordered_and_inside(values: list[float]) -> None:
    for scale in (plot.axis(values), plot.axis_at(values)):
        assert len(scale.ticks) <= 16
        assert list(scale.ticks) == sorted(set(scale.ticks))
        assert all(-1e-6 <= scale.fraction(t) <= 1 + 1e-6 for t in scale.ticks)


def test_ticks_are_round_and_there_are_some() -> None:
    assert plot.axis([20.0, 15.0, 12.5]).ticks == (14.0, 16.0, 18.0, 20.0)
    assert plot.axis([0.0, 1.0]).ticks[0] == 0.0 and len(plot.axis([7.0]).ticks) >= 2


@pytest.mark.parametrize(
    "values", [[0.9, 0.95, 1.0], [0.2, 0.99], [1.0], [0.0], [0.0, 0.5], [0.001, 0.99]]
)
def test_an_axis_of_shares_ends_at_1_and_at_0(values: list[float]) -> None:
    scale = plot.axis(values)
    assert scale.low >= 0 and scale.low < scale.high <= 1 and max(scale.ticks) <= 1
    assert plot.axis([0.9, 1.001]).high > 1.001 and plot.axis([-0.001, 0.9]).low < -0.001


def test_a_wide_positive_spread_is_logarithmic_and_a_sign_change_is_not() -> None:
    assert plot.axis([1.0, 1000.0]).logarithmic and plot.axis([1.0, 1000.0]).ticks[::2] == (
        1.0,
        10.0,
        100.0,
        1000.0,
    )
    assert not plot.axis([-1.0, 1000.0]).logarithmic and not plot.axis([1.0, 10.0]).logarithmic


def test_what_has_no_place_on_a_logarithmic_scale_stands_at_its_low_end() -> None:
    scale = plot.axis([1.0, 1000.0])
    assert scale.logarithmic
    assert scale.fraction(0.0) == scale.fraction(-3.0) == scale.fraction(scale.low) == 0.0


def test_a_sweep_is_labelled_with_the_values_that_were_run() -> None:
    assert plot.axis_at([16.0, 64.0, 256.0, 1024.0, 4096.0]).ticks == (
        16.0,
        64.0,
        256.0,
        1024.0,
        4096.0,
    )


def test_better_is_not_upside_down() -> None:
    x, y = plot.axis_at([1.0, 2.0, 3.0]), plot.axis([10.0, 30.0])
    series = [
        plot.Series(
            "",
            tuple(
                (float(n), (plot.Dot(f"r{n}", v),)) for n, v in ((1, 10.0), (2, 20.0), (3, 30.0))
            ),
        )
    ]
    heights = [
        float(h)
        for h in re.findall(
            r'<svg class="s0" x="[\d.]+%" y="([\d.]+)"', plot.line_plot(series, x, y)
        )
    ]
    assert heights == sorted(heights, reverse=True) and len(heights) == 3, (
        "larger values stand higher"
    )


def test_the_baseline_stands_at_its_value() -> None:
    scale = plot.axis([10.0, 20.0])
    svg = plot.strip([plot.Dot("a", 10.0), plot.Dot("b", 20.0)], scale, 15.0, reference=10.0)
    reference = re.search(r'class="reference" x1="([\d.]+)%"', svg)
    dot = re.search(r'class="dot" cx="([\d.]+)%"', svg)
    assert reference and dot and math.isclose(float(reference[1]), float(dot[1]))


def test_names_in_a_plot_are_escaped() -> None:
    svg = plot.strip([plot.Dot('<a onclick="x">', 1.0)], plot.axis([1.0]), 1.0, words='"><script>')
    assert "<a " not in svg and "<script>" not in svg and "&lt;script&gt;" in svg

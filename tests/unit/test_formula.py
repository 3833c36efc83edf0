"""The language of derived metrics: what it computes, and what it refuses."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.core.errors import LeadlineError
from leadline.core.metric.formula import NoValue, parse

METRICS = {
    "a": 6.0,
    "b": 2.0,
    "zero": 0.0,
    "neg": -8.0,
    "perf.cycles": 10.0,
    "x/y:z": 3.0,
    "huge": 1e308,
}


def value(text: str) -> float:
    return parse(text).value(
        METRICS.__getitem__, {"batch": 4.0, "model.width": 8.0}.__getitem__, lambda name: 100.0
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a / b", 3.0),
        ("a - b - 1", 3.0),
        ("a / b / 3", 1.0),
        ("a + b * 2", 10.0),
        ("(a + b) * 2", 16.0),
        ("-a ** 2", -36.0),
        ("2 ** 3 ** b / 64", 8.0),
        ("a ** -1 * 6", 1.0),
        ("--a", 6.0),
        ("min(a, b, 1.5e0) + max(a, .5)", 7.5),
        ("abs(neg) + sqrt(4) + log(exp(1)) + 0*a", 11.0),
        ("config.batch * a", 24.0),
        ("a + config.model.width", 14.0),
        ("perf.cycles / a", 10 / 6),
        ('"x/y:z" * 2', 6.0),
        ("baseline(a) / a", 100 / 6),
        ('baseline("x/y:z")', 100.0),
    ],
)
def test_value(text, expected):
    assert value(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a / zero", "division by zero"),
        ("zero ** -1", "division by zero"),
        ("exp(a * 1000)", "too large"),
        ("huge * 10", "not a finite"),
        ("huge * 10 - huge * 10", "not a finite"),
        ("a ** 1000", "too large"),
        ("sqrt(neg)", "a root"),
        ("log(zero)", "a root"),
        ("neg ** 0.5", "fractional power"),
        ("abs(neg ** 0.5)", "fractional power"),
    ],
)
def test_what_is_not_finite_has_a_reason(text, reason):
    with pytest.raises(NoValue, match=reason) as found:
        value(text)
    assert found.value.lost


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "a +",
        "a b",
        "* a",
        "(a",
        "a)",
        "a // b",
        "a % b",
        "a; b",
        "__import__('os')",
        "a.__class__()",
        "eval(a)",
        "sqrt()",
        "sqrt(a, b)",
        "min()",
        "baseline()",
        "baseline(a, b)",
        "baseline(1)",
        "1 + 2",
        "1e999 * a",
        "a. + 1",
        '"" + a',
        "a\\n",
        "3a",
        "a = 2",
        "(" * 100 + "a" + ")" * 100,
        "-" * 200 + "a",
        "a" + " + a" * 200,
        "min" * 3 + "(a)",
        "a ** " * 60 + "a",
        "größe * a",
    ],
)
def test_bad_formula_is_refused_in_words(text):
    with pytest.raises(LeadlineError) as found:
        parse(text)
    assert (found.value.kind, found.value.code) == (
        "usage",
        "bad-formula",
    ) and "position" in found.value.what


def test_what_it_rests_on():
    formula = parse("baseline(time) / (time + config.lr * x + time)")
    assert (formula.metrics, formula.baselines, formula.config_keys) == (
        ("time", "x"),
        ("time",),
        ("lr",),
    )
    assert formula.needs == ("time", "x")


@given(st.text(alphabet='ab+-*/(),. 1e"config', max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        formula = parse(text)
    except LeadlineError as error:
        assert error.code == "bad-formula"
        return
    try:
        assert math.isfinite(formula.value(lambda n: 2.0, lambda n: 3.0, lambda n: 4.0))
    except NoValue as absent:
        assert absent.reason

"""The contract of a metric and the units it is written in."""

from __future__ import annotations

import pytest

from leadline.core.metric.contract import (
    contract_in,
    contract_of,
    contracts_differ,
    contracts_of,
    moved_by_machine,
)
from leadline.core.metric.units import conversion, dimension, factor
from leadline.core.record.run import MetricDef, Run


@pytest.mark.parametrize(
    ("unit", "to", "expected"),
    [
        ("s", "ms", 1000.0),
        ("ms", "s", 0.001),
        ("h", "min", 60.0),
        ("MiB", "KiB", 1024.0),
        ("GB/s", "MB/s", 1000.0),
        ("kWh", "J", 3.6e6),
        ("1", "%", 100.0),
        ("s", "MiB", None),
        ("tok/s", "it/s", None),
        ("images/s", "requests/s", None),
        ("furlong", "s", None),
        ("s", "s", 1.0),
    ],
)
def test_factor_inside_a_dimension_only(unit, to, expected):
    got = factor(unit, to)
    assert got == pytest.approx(expected) if expected is not None else got is None


def test_conversion_is_written_from_the_larger_unit():
    assert conversion("ms", "s") == conversion("s", "ms") == "1 s = 1000 ms"
    assert conversion("ms", "ms") == "" and conversion("ms", "MiB") == ""


def test_unknown_unit_has_no_dimension():
    assert dimension("ms") == "time" and dimension("nat/tok") == "" and dimension("") == ""


@pytest.mark.parametrize(
    ("name", "unit", "observed", "expected"),
    [
        ("x", "ms", "", True),
        ("x", "tok/s", "", True),
        ("x", "MiB", "", True),
        ("x", "W", "", True),
        ("x", "ms", "result", False),
        ("loss", "", "machine", True),
        ("time_ms", "", "", True),
        ("tokens_per_s", "", "", True),
        ("wall", "", "", True),
        ("peak_mem", "", "", True),
        ("bench.matmul/real_time", "", "", True),
        ("val_loss", "", "", False),
        ("accuracy", "%", "", False),
        ("eval_time_accuracy", "", "", True),
        ("widgets", "", "", None),
        ("items", "1", "", None),
    ],
)
def test_moved_by_machine(name, unit, observed, expected):
    assert moved_by_machine(MetricDef(name, unit=unit, observed=observed)) is expected


def test_contract_holds_what_was_said_and_no_empty_words():
    assert contract_of(MetricDef("x")) == {"direction": "none", "reduce": "last"}
    full = MetricDef("x", "ms", "lower", "median", "about", "machine", "token")
    assert contract_of(full) == {
        "unit": "ms",
        "direction": "lower",
        "observed": "machine",
        "per": "token",
        "reduce": "median",
    }


def test_each_part_of_a_contract_splits():
    one = contract_of(MetricDef("x", "ms", "lower", "median", "", "machine", "token"))
    assert contracts_differ([one, dict(one)]) == []
    assert contracts_differ([one, {**one, "unit": "s"}]) == ["unit ms against s (1 s = 1000 ms)"]
    assert contracts_differ([one, {**one, "unit": "MiB"}]) == ["unit ms against MiB"]
    assert contracts_differ([one, {k: v for k, v in one.items() if k != "per"}]) == [
        "per token against nothing"
    ]
    assert contracts_differ([one, {**one, "reduce": "mean"}]) == ["reduce median against mean"]
    assert contracts_differ([one, {**one, "observed": "result"}]) == [
        "observed machine against result"
    ]
    assert (
        contracts_differ([one, {**one, "unit": "s", "direction": "higher"}])[1]
        == "direction lower against higher"
    )
    assert contracts_differ([{"direction": "none"}, {"unit": "ms", "direction": "none"}]) == [
        "unit no unit against ms"
    ]


def test_what_an_old_contract_does_not_say_does_not_differ():
    old = {"unit": "ms", "direction": "lower"}
    assert (
        contracts_differ(
            [old, contract_of(MetricDef("x", "ms", "lower", "median", "", "machine", "token"))]
        )
        == []
    )
    assert contracts_differ([old, contract_of(MetricDef("x", "s", "lower"))]) == [
        "unit ms against s (1 s = 1000 ms)"
    ]


def test_contracts_of_runs_come_from_the_run_first():
    definition = MetricDef("x", "s", "lower")
    written = Run(
        "P-001-r1",
        "u1",
        "P-001",
        metrics={"x": 1.0},
        extraction={"contract": {"x": {"unit": "ms"}}},
    )
    bare = Run("P-001-r2", "u2", "P-001", metrics={"x": 1.0})
    without = Run("P-001-r3", "u3", "P-001")
    assert contract_in(bare, definition) == contract_of(definition)
    assert contracts_of([written, bare, without], definition) == [
        {"unit": "ms"},
        contract_of(definition),
    ]


def test_what_is_computed_from_a_time_moves_with_the_machine_whatever_is_declared() -> None:
    assert moved_by_machine(MetricDef("score", formula="1000 / time_ms", observed="result")) is True
    assert moved_by_machine(MetricDef("gap", formula="train_loss - val_loss")) is not True

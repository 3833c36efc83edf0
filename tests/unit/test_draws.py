"""An extreme of many values is held against one of few."""

from __future__ import annotations

import pytest

from leadline.core.compare.compare import compare
from leadline.core.evidence.of_thread import evidence_of
from leadline.core.extract.draws import unequal_draws
from leadline.core.record.run import MetricDef, Run
from leadline.testing.builders import ThreadBuilder

LOWEST = MetricDef("loss", "", "lower", reduce="min")
LOW, HIGH = (1.0, 1.01, 0.99, 1.005), (2.0, 2.01, 1.99, 2.005)


def drawn(
    many: int, few: int, new: tuple[float, ...], definition: MetricDef = LOWEST
) -> ThreadBuilder:
    """Arm new, whose ``loss`` is of ``many`` values a run, and old, of ``few``."""
    b = ThreadBuilder(metrics=[("loss", "", "lower")])
    b.record("metric-defined", {"name": "loss", "direction": "lower", "reduce": definition.reduce})
    for arm, values, points in (("old", HIGH, few), ("new", new, many)):
        read = {
            "series": {"loss": {"points": points}},
            "contract": {"loss": {"direction": "lower", "reduce": definition.reduce}},
        }
        for seed, value in enumerate(values):
            b.run("", {"loss": value}, {"arm": arm, "seed": seed}, ended={"extraction": read})
    return b


def sides(b: ThreadBuilder) -> tuple[list[Run], list[Run]]:
    runs = list(b.thread().runs)
    return [r for r in runs if r.config["arm"] == "old"], [
        r for r in runs if r.config["arm"] == "new"
    ]


@pytest.mark.parametrize(
    ("many", "few", "reduce", "label"),
    [
        (400, 1, "min", "exploratory"),
        (400, 1, "max", "replicated"),  # which favours the other side
        (400, 1, "last", "replicated"),
        (400, 380, "min", "replicated"),
        (400, 1, "sum", "exploratory"),
        (400, 200, "mean", "replicated"),  # said: what was left out may be what is hard
    ],
)
def test_more_draws_bear_no_label(many: int, few: int, reduce: str, label: str) -> None:
    thread = drawn(many, few, LOW, MetricDef("loss", reduce=reduce)).thread()
    found = evidence_of(thread, {"predicate": "loss(arm=new) < loss(arm=old)"})
    assert found.label == label
    said = f"{reduce} of 400 values against {reduce} of"
    assert (said in found.sentence.short) == (reduce != "last" and few < 380)


def test_a_comparison_gives_no_verdict_either() -> None:
    a, b = sides(drawn(400, 1, LOW))
    (m,) = compare(a, b, axes=["arm"], metric_defs={"loss": LOWEST}).metrics
    assert m.verdict == "exploratory only" and "min of 400 values" in m.sentence
    a, b = sides(drawn(1, 400, LOW))  # lower, and of fewer values
    (m,) = compare(a, b, axes=["arm"], metric_defs={"loss": LOWEST}).metrics
    assert m.verdict == "better" and "min of 1 values against min of 400" in m.notes


def test_no_equivalence_rests_on_unequal_draws() -> None:
    thread = drawn(400, 1, HIGH).thread()
    found = evidence_of(thread, {"predicate": "loss(arm=new) ~= loss(arm=old) +- 5%"})
    assert found.label == "exploratory"


def test_what_is_computed_from_an_extreme_counts_as_one() -> None:
    a, b = sides(drawn(400, 1, LOW))
    derived = MetricDef("gain", formula="1 / loss")
    found = unequal_draws(a, b, "gain", "gain", derived)
    assert found is not None and found.decides(-1.0) and found.decides(1.0)


@pytest.mark.parametrize("other", ["last", "mean"])
def test_an_extreme_of_many_against_no_extreme_bears_no_label_either(other: str) -> None:
    """Two names, so that no contract forbids it."""
    b = ThreadBuilder(metrics=[("best", "", "lower"), ("loss", "", "lower")])
    for arm, name, reduce, values in (("old", "loss", other, HIGH), ("new", "best", "min", LOW)):
        read = {
            "series": {name: {"points": 400}},
            "contract": {name: {"direction": "lower", "reduce": reduce}},
        }
        for seed, value in enumerate(values):
            b.run("", {name: value}, {"arm": arm, "seed": seed}, ended={"extraction": read})
    found = evidence_of(b.thread(), {"predicate": "best(arm=new) < loss(arm=old)"})
    assert found.label == "exploratory"
    assert f"min of 400 values against {other}" in found.sentence.short

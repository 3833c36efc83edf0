"""A metric that was picked after its runs pays for those that it was picked among."""

from __future__ import annotations

import random

import pytest

from leadline.core.compare.choice import NO_CHOICE
from leadline.core.evidence.of_thread import evidence_of, picked
from leadline.testing.builders import ThreadBuilder

NAMES = [f"q{i}" for i in range(20)]
ASKED = "q7(arm=new) < q7(arm=old)"


def measured(b: ThreadBuilder, names: list[str] = NAMES, runs: int = 5) -> ThreadBuilder:
    """Both arms are one, by 20 quantities; ``q7`` happens to be lower in the new one."""
    dice = random.Random(7)
    for seed in range(runs):
        for arm in ("old", "new"):
            values = {name: dice.gauss(10.0, 1.0) for name in names}
            values["q7"] = 10.0 + 0.01 * seed - 0.02 * (arm == "new") + dice.gauss(0.0, 0.005)
            b.run("", values, {"arm": arm, "seed": seed})
    return b


def count(b: ThreadBuilder, metric: str = "q7") -> int:
    thread = b.thread()
    old, new = ([r for r in thread.runs if r.config["arm"] == arm] for arm in ("old", "new"))
    return picked(thread, NO_CHOICE, metric, new, old).count


def label(b: ThreadBuilder) -> str:
    return evidence_of(b.thread(), {"predicate": ASKED}).label


def test_the_best_of_many_that_nobody_named_pays_for_all() -> None:
    assert count(measured(ThreadBuilder())) == 20
    assert label(measured(ThreadBuilder())) == "exploratory"
    assert label(measured(ThreadBuilder(), ["q7"])) == "replicated"


def test_what_was_named_before_its_runs_pays_nothing() -> None:
    primary = measured(ThreadBuilder(metrics=[("q7", "", "lower")]))
    assert count(primary) == 1 and label(primary) == "replicated" and count(primary, "q3") == 20
    predicted = ThreadBuilder()
    predicted.hypothesis("lower", predicate="q7(arm=new) < 0.9 * q7(arm=old)")
    assert count(measured(predicted)) == 1


def test_one_of_those_defined_before_pays_for_these() -> None:
    b = ThreadBuilder()
    for name in ("q6", "q7", "q8"):
        b.record("metric-defined", {"name": name, "direction": "lower"})
    assert count(measured(b)) == 3


def test_a_definition_after_the_runs_names_nothing() -> None:
    b = measured(ThreadBuilder())
    b.record("metric-defined", {"name": "q7", "direction": "lower"})
    assert count(b) == 20 and label(b) == "exploratory"


@pytest.mark.parametrize(
    ("name", "of", "more"),
    [
        ("milli_q7", lambda q7: 1000.0 * q7, 0),
        ("accuracy", lambda q7: 1.0 - q7 / 20.0, 0),  # the other way round
        ("rate", lambda q7: 3e-4, 0),  # the same in all runs
        ("time_ms", lambda q7: q7 % 1e-3, 0),  # the machine moves it
        ("residue", lambda q7: q7 % 1e-3, 1),
    ],
)
def test_a_quantity_under_two_names_is_one(name, of, more) -> None:  # type: ignore[no-untyped-def]
    b = measured(ThreadBuilder(), ["q7"])
    thread = b.thread()
    for run in thread.runs:
        run.metrics[name] = of(run.metrics["q7"])
    old, new = ([r for r in thread.runs if r.config["arm"] == arm] for arm in ("old", "new"))
    assert picked(thread, NO_CHOICE, "q7", new, old).count == 1 + more


def test_a_metric_against_a_number_is_picked_as_well() -> None:
    b = measured(ThreadBuilder())
    assert evidence_of(b.thread(), {"predicate": "q7(arm=new) < 10.03"}).label == "exploratory"
    alone = measured(ThreadBuilder(), ["q7"])
    assert evidence_of(alone.thread(), {"predicate": "q7(arm=new) < 10.03"}).label == "replicated"


def test_each_formula_that_was_tried_after_the_runs_was_a_metric() -> None:
    b = measured(ThreadBuilder(), ["q7"])
    for factor in (1, 2, 3, 4):
        b.record("metric-defined", {"name": "gain", "formula": f"1 - {factor} * q7 * q7"})
    assert count(b, "gain") == 4  # with q7, of which it is another form, one quantity

"""What arithmetic leaves between two numbers is no difference, no spread and no repeat."""

from __future__ import annotations

import pytest

from leadline.core.compare.compare import compare
from leadline.core.compare.no_effect import without_effect
from leadline.core.compare.reruns import reruns
from leadline.core.record.run import MetricDef, Run
from leadline.core.stats.inference import summarise
from leadline.core.stats.precision import alike, numbered

LOSS = MetricDef("loss", direction="lower")


@pytest.mark.parametrize(
    ("x", "y", "same"),
    [
        (0.1 + 0.2, 0.3, True),
        (0.5, 0.5 + 1e-12, True),
        (0.5, 0.5 + 1e-6, False),
        (10**12, 10**12 + 1, False),  # whole numbers carry none
        (2.0**60, 2.0**60 + 256, True),
        (0.0, 1e-300, False),
        (-1.0, 1.0, False),
    ],
)
def test_alike(x: float, y: float, same: bool) -> None:
    assert alike(x, y) is same and alike(y, x) is same


def test_numbered() -> None:
    assert numbered([2.0, 1.0, 2.0 + 1e-12, 3.0, 1.0]) == [1, 0, 1, 2, 0]
    assert numbered([]) == []


def seeded(name: str, arm: str, values: list[float], same_seed: bool = False) -> list[Run]:
    return [
        Run(
            f"P-00{name}-r{at}",
            f"{name}{at:025d}",
            f"P-00{name}",
            state="done",
            argv=["train", "--arm", arm, "--seed", str(0 if same_seed else at)],
            config={"arm": arm, "seed": 0 if same_seed else at},
            code={"tree": "t"},
            metrics={"loss": value},
        )
        for at, value in enumerate(values)
    ]


def test_seeds_that_add_dust_are_one_result() -> None:
    runs = seeded("1", "old", [0.5, 0.5 + 1e-12, 0.5 - 1e-12])
    (found,) = without_effect(runs, LOSS)
    assert found.keys == ("seed",) and found.alike == [runs]
    assert not without_effect(seeded("1", "old", [0.5, 0.5001, 0.4999]), LOSS)
    again = reruns(seeded("1", "old", [0.5, 0.5 + 1e-12, 0.5001], same_seed=True), "loss")
    assert again == {"P-001-r1": "P-001-r0"}


def test_a_spread_of_dust_is_none() -> None:
    assert summarise([0.5, 0.5 + 1e-12]).is_constant
    assert not summarise([1e12, 1e12 + 1]).is_constant  # a count
    times = MetricDef("time_ms", "ms", "lower")
    a, b = seeded("1", "old", [5.0, 5 + 1e-11, 5.0]), seeded("2", "new", [4.0, 4 + 1e-11, 4.0])
    for run in a + b:
        run.metrics = {"time_ms": run.metrics["loss"]}
    m = compare(a, b, axes=["arm"], metric_defs={"time_ms": times}).metrics[0]
    assert m.verdict == "exploratory only" and "placeholder" in m.sentence


def test_sides_that_differ_by_dust_do_not() -> None:
    a, b = seeded("1", "old", [0.5] * 3, True), seeded("2", "new", [0.5 - 1e-13] * 3, True)
    m = compare(a, b, axes=["arm"], metric_defs={"loss": LOSS}).metrics[0]
    assert m.verdict == "no difference shown"

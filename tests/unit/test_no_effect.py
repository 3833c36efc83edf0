"""An axis that changed a metric in no run: judged for each metric by itself."""

from __future__ import annotations

from leadline.core.compare.no_effect import without_effect
from leadline.core.record.run import MetricDef, Run

LOSS = MetricDef("loss", "", "lower")
SHARE = MetricDef("accuracy", "", "higher")


def runs(metric: str, values: list[float]) -> list[Run]:
    return [
        Run(f"P-r{i}", f"{i:026d}", "P", metrics={metric: v, "noise": i * 0.37}, config={"seed": i})
        for i, v in enumerate(values)
    ]


def test_a_noisy_second_metric_hides_no_seed_without_effect() -> None:
    [found] = without_effect(runs("loss", [3.3] * 3), LOSS)
    assert found.keys == ("seed",) and [len(group) for group in found.alike] == [3]


def test_a_seed_that_moves_the_metric_once_has_an_effect() -> None:
    assert without_effect(runs("loss", [3.3, 3.3, 3.4]), LOSS) == []


def test_one_tie_of_a_share_of_few_items_may_be_chance() -> None:
    assert without_effect(runs("accuracy", [0.9, 0.9]), SHARE) == []
    assert without_effect(runs("accuracy", [0.9, 0.9, 0.9]), SHARE) != []
    assert without_effect(runs("accuracy", [0.87341, 0.87341]), SHARE) != []


def test_other_answers_behind_the_same_share_are_an_effect() -> None:
    made = runs("accuracy", [0.5, 0.5, 0.5])
    for i, run in enumerate(made):
        values = {f"q{q}": float((q + i) % 2) for q in range(4)}
        run.extraction = {"items": {"accuracy": {"by": ["q"], "n": 4, "values": values}}}
    assert without_effect(made, SHARE) == []


def test_runs_that_differ_in_nothing_have_no_axis() -> None:
    made = runs("loss", [3.3, 3.3])
    made[1].config = made[0].config
    assert without_effect(made, LOSS) == []

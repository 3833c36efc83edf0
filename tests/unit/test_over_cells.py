"""Groups of experiments side by side: paired by the values of a key that both have."""

from __future__ import annotations

from typing import Any

from leadline.core.compare.compare import Comparison, compare
from leadline.core.record.reaches import tell_tags
from leadline.testing.builders import ThreadBuilder

SEEDS = (0.0, 0.3, -0.2, 0.25, -0.35)  # what a seed adds, on either side


class Groups:
    def __init__(self, metric: str = "loss") -> None:
        self.metric = metric
        self.made = ThreadBuilder(metrics=[(metric, "", "lower")])

    def add(self, arm: str, value: float, argv: list[str] | None = None, **config: Any) -> None:
        config = {"arm": arm, **config}
        self.made.run(metrics={self.metric: value}, config=config, argv=argv)

    def compared(self, *over: str, **options: Any) -> Comparison:
        thread = self.made.thread()
        tell_tags(thread, thread.runs)
        sides = ([r for r in thread.runs if r.config["arm"] == arm] for arm in ("old", "new"))
        options = {"axes": ["arm"], "nuisance": list(over), **options}
        return compare(*sides, metric_defs=thread.metrics, over=over, **options)


def by_seed(shift: float = -0.1, only_new: int = 0, metric: str = "loss") -> Groups:
    made = Groups(metric)
    for seed, extra in enumerate(SEEDS):
        if seed >= only_new:
            made.add("old", 3.0 + extra, seed=seed)
        made.add("new", 3.0 + extra + shift + 0.002 * seed, seed=seed)
    return made


def test_the_difference_within_pairs_is_free_of_what_both_sides_share() -> None:
    paired = by_seed().compared("seed")
    [metric] = paired.metrics
    assert (metric.verdict, metric.pairs, paired.over) == ("better", 5, ["seed"])
    assert metric.rule == "paired t: each value of seed holds both sides"


def test_several_runs_of_a_cell_are_one_pair() -> None:
    made = by_seed()
    for seed, extra in enumerate(SEEDS):
        made.add("new", 3.0 + extra - 0.15, seed=seed)
    [metric] = made.compared("seed").metrics
    assert (metric.pairs, metric.a.n, metric.b.n) == (5, 5, 10)


def test_what_one_side_lacks_is_left_out_and_said() -> None:
    found = by_seed(only_new=2).compared("seed")
    assert found.metrics[0].pairs == 3 and found.metrics[0].b.n == 3
    assert [row["why"] for row in found.left_out] == ["the other side has no such seed"] * 2
    assert any("left out of b, since the other side lacks it: seed 0, 1" in n for n in found.notes)


def test_without_two_values_on_both_sides_they_are_pooled_and_that_is_said() -> None:
    found = by_seed(only_new=4).compared("seed")
    assert found.over == [] and found.metrics[0].pairs == 0
    assert "not paired over seed: 1 of 5 values stand on both sides" in found.notes


def test_a_key_that_reaches_no_command_pairs_nothing() -> None:
    made = Groups()
    for trial, value in enumerate((3.0, 3.1, 2.9)):
        made.add("old", value, ["old"], trial=trial)
        made.add("new", value - 0.01, ["new"], trial=trial)
    found = made.compared("trial", nuisance=["trial", "command"])
    assert found.over == [] and "trial reaches no command" in " ".join(found.notes)
    assert found.metrics[0].pairs == 0


def test_two_keys_make_the_cells_together() -> None:
    made = Groups()
    for shape in (1, 2):
        for seed, extra in enumerate(SEEDS[:3]):
            made.add("old", shape + extra, shape=shape, seed=seed)
            made.add("new", shape + extra - 0.1 + 0.002 * seed, shape=shape, seed=seed)
    found = made.compared("shape", "seed")
    assert found.metrics[0].pairs == 6 and found.metrics[0].verdict == "better"


def test_where_the_difference_goes_the_other_way_is_said() -> None:
    made = Groups()
    for shape in (1, 2, 3, 4):
        made.add("old", 1.0, shape=shape)
        made.add("new", 0.9 if shape < 3 else 1.1, shape=shape)
    [metric] = made.compared("shape").metrics
    assert "b is lower at shape 1, 2; higher at shape 3, 4" in metric.notes


def test_what_the_machine_moves_is_judged_by_turns_all_the_same() -> None:
    made = Groups("time_ms")
    for arm, shift in (("old", 0.0), ("new", -0.5)):
        for seed, extra in enumerate(SEEDS):
            made.add(arm, 3.0 + extra + shift, seed=seed)
    [metric] = made.compared("seed").metrics
    assert metric.verdict == "exploratory only" and "take turns" in metric.sentence
    in_turns = by_seed(-0.5, metric="time_ms").compared("seed").metrics[0]
    assert in_turns.rule.startswith("paired t: the sides took turns")


def test_a_seed_without_effect_is_said() -> None:
    made = Groups()
    for seed in range(3):
        made.add("old", 1.0, seed=seed)
        made.add("new", 0.9, seed=seed)
    [metric] = made.compared("seed").metrics
    assert "seed had no effect on loss of b: one result" in metric.notes

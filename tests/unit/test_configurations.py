"""No configuration that contradicts a claim is hidden by the spread of the others."""

from __future__ import annotations

from typing import Any

from leadline.core.evidence.found import Evidence
from leadline.core.evidence.marks import Mark
from leadline.core.evidence.of_thread import evidence_of
from leadline.testing.builders import ThreadBuilder

NOISE = (0.0, 0.02, -0.02, 0.01, -0.01)


class Study:
    def __init__(self) -> None:
        self.made = ThreadBuilder(metrics=[("loss", "", "lower")])

    def add(self, mean: float, n: int = 5, **config: object) -> Study:
        for noise in NOISE[:n]:
            self.made.run(metrics={"loss": mean + noise}, config=config)
        return self

    def judged(self, predicate: str, **body: Any) -> Evidence:
        return evidence_of(self.made.thread(), {"predicate": predicate, **body})


def mark(found: Evidence, code: str = "contrary-at") -> Mark:
    return next(m for m in found.marks if m.code == code)


def four_shapes() -> Study:
    made = Study()
    for shape, mean in enumerate((4.3, 5.7, 7.1, 8.6), 1):
        made.add(mean, k="v", shape=shape)
    return made


SHAPES = {"shape": [1, 2, 3, 4]}


def test_a_contrary_configuration_is_not_hidden_by_the_spread_of_the_others() -> None:
    made = four_shapes()
    assert made.judged("loss(k=v) >= 4", across=SHAPES).label == "stable"
    found = made.add(2.9, k="v", mode="slow").judged("loss(k=v) >= 4", across=SHAPES)
    assert found.label == "exploratory"
    assert mark(found).short == "contrary at mode slow"
    assert mark(found).full.startswith("holds for shape 1, 2, 3, 4; contrary at mode slow (P-0")


def test_one_that_is_contrary_on_average_alone_keeps_it_from_stable() -> None:
    made = four_shapes().add(3.995, 3, k="v", shape=1, mode="slow")
    found = made.judged("loss(k=v) >= 4", across=SHAPES)
    assert found.label == "replicated" and mark(found).caps == "replicated"


def test_what_the_scope_leaves_out_is_named() -> None:
    made = Study()
    for shape in (1, 2, 3, 4):
        made.add(1.0, arm="old", shape=shape)
        made.add(0.9 if shape < 3 else 1.1, arm="new", shape=shape)
    found = made.judged("loss(arm=new) < loss(arm=old)", across={"shape": [1, 2]})
    assert found.label == "stable"
    assert mark(found).short == "contrary at shape 3, 4"
    assert mark(found).full.startswith("holds for shape 1, 2; contrary at shape 3, 4 (P-0")
    assert made.judged("loss(arm=new) < loss(arm=old)").label in ("refuted", "exploratory")


def test_what_both_sides_are_asked_for_is_a_scope_too() -> None:
    made = Study()
    for shape in (1, 2, 3):
        made.add(1.0, arm="old", shape=shape)
        made.add(0.9 if shape < 3 else 1.1, arm="new", shape=shape)
    at_one = "loss(arm=new,shape=1) < loss(arm=old,shape=1)"
    found = made.judged(at_one)
    assert found.label == "replicated" and found.sentence.short.count("contrary at shape 3") == 1
    agreeing = Study()
    for shape in (1, 2):
        agreeing.add(1.0, arm="old", shape=shape).add(0.9, arm="new", shape=shape)
    assert not any(m.code == "contrary-at" for m in agreeing.judged(at_one).marks)


def test_where_no_run_finished_outside_the_scope_is_named() -> None:
    made = Study()
    for mode in ("fast", "wide"):
        made.add(1.0, arm="old", mode=mode).add(0.9, arm="new", mode=mode)
    made.add(1.0, arm="old", mode="slow")
    fast = {"mode": ["fast", "wide"]}
    form = "loss(arm=new) < loss(arm=old)"
    assert "unfinished-at" not in {m.code for m in made.judged(form, across=fast).marks}
    made.made.run(config={"arm": "new", "mode": "slow"}, state="failed", reason="exit code 1")
    found = made.judged(form, across=fast)
    assert found.label == "stable"
    assert mark(found, "unfinished-at").short == "no run finished at mode slow"
    made.add(0.9, 1, arm="new", mode="slow")
    assert "unfinished-at" not in {m.code for m in made.judged(form, across=fast).marks}


def test_a_contrary_configuration_of_the_reference_counts_too() -> None:
    made = (
        Study().add(0.8, arm="new").add(1.4, arm="old", opt="adam").add(0.7, arm="old", opt="sgd")
    )
    found = made.judged("loss(arm=new) < loss(arm=old)", nuisance=["opt"])
    assert found.label == "exploratory" and mark(found).short == "contrary at opt sgd"


def test_a_reference_of_one_configuration_serves_all() -> None:
    made = Study().add(1.0, arm="base")
    for shape in (1, 2, 3):
        made.add(0.8 if shape < 3 else 1.2, arm="new", shape=shape)
    found = made.judged("loss(arm=new) < loss(P-001)", axes=["arm", "shape"])
    assert mark(found).short == "contrary at shape 3" and found.label == "exploratory"


def test_a_configuration_with_too_few_runs_is_named() -> None:
    made = four_shapes().add(9.9, 1, k="v", shape=5)
    found = made.judged("loss(k=v) >= 4")
    assert mark(found, "few-runs-at").short == "1 run at shape 5"
    # where inputs are the repeats, none is one of few
    assert (
        not Study().add(5.0, 1, k="v", a=1).add(6.0, 1, k="v", a=2).judged("loss(k=v) >= 4").marks
    )


def test_many_are_counted_and_the_first_named() -> None:
    made = Study()
    for shape in range(100):
        made.add(1.0 if shape % 3 else 5.5, 2, k="v", shape=shape)
    [found] = [m for m in made.judged("loss(k=v) <= 3").marks if m.code == "contrary-at"]
    assert found.short == "contrary at 34 of 100 configurations"
    assert "shape 0, 3, 6, 9 and 30 more" in found.full and len(found.full) < 200


def test_seeds_are_repeats_and_no_configurations() -> None:
    made = Study()
    for seed, noise in enumerate((0.3, -0.2, -0.25, -0.3, -0.35)):
        made.add(1.0 + noise, 1, arm="new", seed=seed).add(1.2, 1, arm="old", seed=seed)
    assert not [m for m in made.judged("loss(arm=new) < loss(arm=old)").marks if "at" in m.code]


def test_what_a_table_that_nobody_saw_measured_says_otherwise_is_named() -> None:
    made = Study().add(1.0, arm="old").add(0.8, arm="new")

    def told(**rows: float) -> list[str]:
        for name, value in rows.items():
            arm, shape = name.split("_")
            made.made.run(metrics={"loss": value}, config={"arm": arm, "shape": shape})
        thread = made.made.thread()
        for run in thread.runs:
            run.origin = "reported" if "shape" in run.config else run.origin
        found = evidence_of(thread, {"predicate": "loss(arm=new) < loss(arm=old)"})
        assert "P-011" not in found.counted
        return [m.short for m in found.marks if m.code == "reported-contrary"]

    assert told(new_1=0.9, old_1=1.0) == []
    assert told(new_2=1.2, old_2=1.0) == ["reported: contrary at shape 2"]


def test_what_has_no_run_yet_is_asked_against_several_configurations() -> None:
    made = Study().add(2.0, k="b", shape=1).add(3.0, k="b", shape=2)
    assert made.judged("loss(k=a) < loss(k=b)").label == "none"

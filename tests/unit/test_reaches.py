"""A config key is an input where something that was recorded goes with it; else it is a tag."""

from __future__ import annotations

from typing import Any

from leadline.core.compare.config_diff import config_diff
from leadline.core.evidence.found import Evidence
from leadline.core.evidence.of_thread import evidence_of
from leadline.core.record.reaches import invocation_of, tell_tags
from leadline.core.record.run import Run
from leadline.core.record.thread import Thread
from leadline.testing.builders import ThreadBuilder

SAME = ["python", "bench.py"]


def study() -> ThreadBuilder:
    return ThreadBuilder(metrics=[("loss", "", "lower")])


def tags(thread: Thread) -> dict[str, set[str]]:
    tell_tags(thread, thread.runs)
    return {run.id: set(run.tags) for run in thread.runs}


def judged(made: ThreadBuilder, predicate: str, **body: Any) -> Evidence:
    return evidence_of(made.thread(), {"predicate": predicate, **body})


def codes(found: Evidence) -> list[str]:
    return [mark.code for mark in found.marks]


def test_a_key_that_nothing_goes_with_is_a_tag_of_the_runs_that_show_it() -> None:
    made = study()
    for trial in (1, 2):
        made.run(metrics={"loss": 0.5}, config={"arm": "new", "trial": trial}, argv=SAME)
    made.run(metrics={"loss": 0.5}, config={"arm": "old", "trial": 3}, argv=["python", "old.py"])
    assert tags(made.thread()) == {
        "P-001-r1": {"trial"},
        "P-002-r1": {"trial"},
        "P-003-r1": set(),  # one run alone shows nothing
    }


def test_what_goes_with_a_key_makes_it_an_input() -> None:
    def of(*facts: dict[str, Any]) -> set[str]:
        made = study()
        for number, fact in enumerate(facts):
            run = made.plan("", {"k": number}, argv=fact.pop("argv", SAME), **fact)
            made.end(run, {"loss": 0.5})
        return set().union(*tags(made.thread()).values())

    assert of({}, {}) == {"k"}
    assert of({"argv": ["b", "--k", "0"]}, {"argv": ["b", "--k", "1"]}) == set()
    assert of({"argv": ["b", "small"]}, {"argv": ["b", "large"]}) == set()
    assert of({"environment": {"K": "0"}}, {"environment": {"K": "1"}}) == set()
    assert of({"environment": {"SLURM_JOB_ID": "7"}}, {"environment": {"SLURM_JOB_ID": "8"}}) == {
        "k"
    }
    assert of(*({"unlisted": {"key": "k", "blob": blob}} for blob in "xy")) == set()
    assert of({"code": {"tree": "a"}}, {"code": {"tree": "b"}}) == set()
    told = [{"tracker": {"tracker": "wandb", "config": {"k": k}}} for k in (0, 1)]
    assert of(*told) == set()
    files = [{"ruler": {"named": {"conf.yaml": digest, "b.py": "same"}}} for digest in "xy"]
    assert of(*files) == set()  # an ignored file that the command names
    written = [{"ruler": {"named": {"results.csv": digest}}} for digest in "xy"]
    assert of(*written) == {"k"}
    assert of({"origin": "imported"}, {"origin": "imported"}) == set()
    assert of({"code": {"tree": ""}}, {"code": {"tree": ""}}) == set()


def test_a_key_that_the_command_line_shows_may_be_lacked_by_another_run() -> None:
    def of(argv: list[str], config: dict[str, object]) -> set[str]:
        made = study()
        made.run(metrics={"loss": 1.0}, argv=argv)
        made.run(metrics={"loss": 1.0}, config=config, argv=argv)
        return tags(made.thread())["P-002-r1"]

    assert of(["train", "--lr", "3e-4"], {"lr": 0.0003}) == set()
    assert of(["train", "big.yaml"], {"size": "big"}) == set()
    assert of(["train"], {"mode": "slow"}) == {"mode"}


def test_a_withdrawn_run_shows_nothing() -> None:
    made = study()
    made.run(metrics={"loss": 1.0}, config={"k": 1}, argv=SAME)
    made.run(metrics={"loss": 1.0}, config={"k": 2}, argv=SAME)
    made.retract("P-002", "the flag was forgotten")
    assert tags(made.thread())["P-001-r1"] == set()


def test_damaged_facts_are_no_fault() -> None:
    run = Run("P-001-r1", "u", "P-001", argv=["x"], code={"tree": "t"})
    run.hardware = run.software = run.environment = run.config = None  # type: ignore[assignment]
    assert invocation_of(run).startswith("sha256:")


def test_tags_neither_repeat_nor_are_an_axis_nor_differ() -> None:
    made = study()
    for trial in (1, 2, 3):
        made.run(metrics={"loss": 0.5}, config={"arm": "new", "trial": trial}, argv=["new"])
        made.run(metrics={"loss": 0.6}, config={"arm": "old", "trial": trial}, argv=["old"])
    found = judged(made, "loss(arm=new) < loss(arm=old)", across={"trial": [1, 2, 3]})
    assert found.label == "exploratory" and found.clauses[0].sizes == "n = 1 against 1"
    assert "tag-axis" in codes(found)
    thread = made.thread()
    tell_tags(thread, thread.runs)
    rows = config_diff(thread.runs_of("P-001"), thread.runs_of("P-004"), ["arm"]).rows
    assert {row.key: row.role for row in rows if row.area == "config"} == {
        "arm": "axis",
        "trial": "tag",
    }


def test_a_seed_in_the_config_alone_is_no_axis_of_a_noisy_result() -> None:
    made = study()
    for seed, noise in enumerate((0.0, 0.01, -0.01)):
        made.run(metrics={"loss": 0.5 + noise}, config={"arm": "new", "seed": seed}, argv=["new"])
        made.run(metrics={"loss": 0.6 + noise}, config={"arm": "old", "seed": seed}, argv=["old"])
    found = judged(
        made, "loss(arm=new) < loss(arm=old)", across={"seed": [0, 1, 2]}, nuisance=["command"]
    )
    assert found.label == "replicated"  # three executions a side, and no more
    assert found.clauses[0].method.startswith("Welch") and "tag-axis" in codes(found)


def test_runs_picked_by_a_tag_are_some_of_the_repeats() -> None:
    made = study()
    for trial, loss in enumerate((0.4, 0.41, 0.42, 0.7, 0.71, 0.72)):
        config = {"arm": "new", "trial": "good" if trial < 3 else "bad"}
        made.run(metrics={"loss": loss}, config=config, argv=["new"])
    found = judged(made, "loss(trial=good) < 0.5")
    assert found.label == "exploratory" and "picked-by-tag" in codes(found)


def test_two_sides_that_ran_the_same_bear_no_difference() -> None:
    made = study()
    for k in range(3):
        made.run(metrics={"loss": 0.4 + k / 100}, config={"arm": "new"}, argv=SAME)
        made.run(metrics={"loss": 0.6 + k / 100}, config={"arm": "old"}, argv=SAME)
    for predicate in ("loss(arm=new) < loss(arm=old)", "loss(P-001) < loss(P-002)"):
        found = judged(made, predicate)
        assert found.label == "exploratory" and "nothing-differs" in codes(found)

"""What is true of a thread for whoever shows it or judges by it."""

from __future__ import annotations

import math

import pytest

from leadline.core.evidence.found import Evidence
from leadline.core.evidence.known import evidence_for
from leadline.core.view import facts
from leadline.core.view.judged import judged_state
from leadline.core.view.step import next_action
from leadline.testing.builders import ThreadBuilder

METRICS = [("time_ms", "ms", "lower"), ("speed", "1/s", "higher"), ("note_count", "", "none")]


def measured(**values: float) -> ThreadBuilder:
    """One experiment a keyword, titled so, with that time."""
    b = ThreadBuilder(metrics=METRICS)
    for title, value in values.items():
        b.run(title, {"time_ms": value}, {"title": title})
    return b


def test_metrics_with_a_better_direction_come_first_then_defined_then_measured():
    b = ThreadBuilder(metrics=[("note_count", "", "none"), *METRICS[:2]])
    assert facts.declared_metrics(b.thread()) == ["time_ms", "speed"]
    assert facts.primary_metrics(b.thread()) == ["time_ms", "speed", "note_count"]
    only = ThreadBuilder(metrics=[("count", "", "none")])
    only.run("a", {"other": 1.0, "count": 2.0})
    assert facts.declared_metrics(only.thread()) == ["count"]
    assert facts.primary_metrics(only.thread()) == ["count", "other"]


def test_tables_show_few_metrics():
    b = ThreadBuilder()
    b.run("a", {f"m{i}": 1.0 for i in range(9)})
    assert facts.primary_metrics(b.thread()) == ["time_ms", "m0", "m1"]
    assert facts.metric_order(b.thread(), ["m8", "m1", "time_ms"]) == ["time_ms", "m1", "m8"]


@pytest.mark.parametrize(
    ("metric", "order"), [("time_ms", ["P-002", "P-001"]), ("speed", ["P-001", "P-002"])]
)
def test_the_best_by_the_first_metrics_direction_comes_first(metric, order):
    direction = dict((n, d) for n, _, d in METRICS)[metric]
    b = ThreadBuilder(metrics=[(metric, "", direction)])
    for value in (20.0, 10.0):
        b.run("one", {metric: value}, {"value": value})
    b.run("without it", {"other": 1.0})
    b.run("failed", state="failed")
    withdrawn = b.run("withdrawn", {metric: 0.0})
    b.retract(withdrawn.partition("-r")[0], "the wrong node")
    assert [e.id for e in facts.ranked(b.thread())] == [*order, "P-003"]


def test_without_a_metric_experiments_keep_their_order():
    b = ThreadBuilder(metrics=[("count", "", "none")])
    b.records.clear()
    b.record("thread-started", {"prefix": "P", "metrics": []})
    b.run("a")
    b.run("b")
    assert [e.id for e in facts.ranked(b.thread())] == ["P-001", "P-002"]


def test_a_value_that_is_not_finite_is_counted_and_enters_no_statistics():
    b = measured(base=10.0)
    b.run(experiment="P-001", ended={"nonfinite": {"time_ms": "NaN"}})
    b.run(experiment="P-001", ended={"nonfinite": {"time_ms": "Infinity"}})
    b.run(experiment="P-001", state="failed", ended={"nonfinite": {"time_ms": "NaN"}})
    runs = b.thread().experiments["P-001"].runs
    sample = facts.sample_of(runs, "time_ms")
    assert (sample.n, sample.nonfinite, sample.median) == (1, 2, 10.0)
    assert facts.lost_text(sample) == "2 of 3 not finite"
    assert facts.words_for_lost(runs, "time_ms") == "NaN, Infinity"
    assert facts.lost_text(facts.sample_of(runs[:1], "time_ms")) == ""
    assert math.isnan(facts.sample_of([], "time_ms").median or math.nan)


def test_negatives_are_what_did_not_work_oldest_first():
    b = measured(base=10.0)
    b.hypothesis("wider is faster")
    b.note("fp8 diverges", ["P-001"], "negative")
    b.run("killed", state="timeout", reason="no output")
    b.repeat("P-002")
    b.run(experiment="P-002", state="failed")
    b.run("nobody saw its end", state="lost")
    b.change_hypothesis("P-H1", "falsified", evidence=["P-001"], why="it is slower")
    b.note("a note that was wrong")
    b.retract("P-N2", "mixed up")
    thread = b.thread()
    found = [facts.negative(one, thread) for one in facts.negatives_newest_first(thread)][::-1]
    assert [(name, why) for name, _, why in found] == [
        ("P-N1", "unclassified: fp8 diverges"),
        ("P-002", "killed: failed after 60 s, 2 times"),
        ("P-H1", "falsified: wider is faster (it is slower)"),
        ("P-N2", "retracted: mixed up"),
    ]
    assert [at for _, at, _ in found] == sorted(at for _, at, _ in found)


def test_one_run_that_counts_makes_an_experiment_no_negative():
    b = ThreadBuilder()
    b.run("a", state="failed")
    assert [n.id for n in facts.negatives_newest_first(b.thread())] == ["P-001"]
    b.run(metrics={"time_ms": 1.0}, experiment="P-001")
    assert facts.negatives_newest_first(b.thread()) == []


def test_words_are_missing_of_what_the_answer_rests_on_until_somebody_says_them():
    b = measured(base=10.0, best=5.0, cell=7.0)
    b.plan("still running")
    b.baseline("P-001")
    assert [e.id for e in facts.uninterpreted(b.thread())] == ["P-001", "P-002"]
    b.note("bound by the gather", ["P-001"], "interpretation")
    assert [e.id for e in facts.uninterpreted(b.thread())] == ["P-002"]


@pytest.mark.parametrize(
    ("state", "by_machine"), [("lost", True), ("cancelled", True), ("failed", False)]
)
def test_what_the_machine_ended_asks_for_no_interpretation(state, by_machine):
    b = ThreadBuilder()
    b.run("a", state=state)
    b.decision("not again", ["P-001"])
    thread = b.thread()
    assert facts.ended_by_machine(thread.experiments["P-001"]) == by_machine
    assert [e.id for e in facts.uninterpreted(thread)] == ([] if by_machine else ["P-001"])


def test_an_experiment_that_runs_was_ended_by_nothing():
    b = ThreadBuilder()
    b.plan("a")
    assert not facts.ended_by_machine(b.thread().experiments["P-001"])


def test_the_next_action_is_the_last_recorded_and_a_finish_has_the_last_word():
    b = measured(base=10.0)
    assert next_action(b.thread()) == ""
    b.note("try 64", ["P-001"], "next")
    b.note("try 128", ["P-001"], "next")
    assert next_action(b.thread()).startswith("try 128 (P-N2, ")
    b.finish("use 64", next_steps=["write it up", "publish"])
    assert next_action(b.thread()).startswith("write it up (the finish, ")


def test_a_claim_has_the_label_that_its_evidence_bears_now():
    b = measured(base=10.0)
    b.claim("below 30 ms", ["P-001"], "time_ms(P-001) < 30", label="stable")
    b.claim("again", ["P-001"])
    b.supersede("P-C2", "P-C1", "the same")
    first, second = b.thread().claims
    assert facts.label_of(first, None) == "stable"
    assert facts.label_of(first, lambda item: Evidence("none")) == "no evidence"
    assert facts.label_of(second, None) == "superseded by P-C1"
    b.retract("P-C1", "wrong")
    assert facts.label_of(b.thread().claims[0], None) == "retracted"


def test_marks_stand_wherever_the_text_does():
    b = measured(base=10.0)
    b.claim("below", [], reported="paper", override="asked", label_asked="stable")
    claim = b.thread().claims[0]
    assert facts.says(claim, b.thread()) == (
        "below [reported, not measured: paper] [override: asked as stable; asked]"
    )


def test_runs_that_are_open_or_came_to_nothing():
    b = measured(base=10.0)
    b.plan("open")
    b.run("lost", state="lost")
    b.run("withdrawn", state="failed")
    b.retract("P-004", "the wrong node")
    thread = b.thread()
    assert [r.id for r in facts.open_runs(thread)] == ["P-002-r1"]
    assert facts.state(next(iter(facts.open_runs(thread)))) == "running"
    assert facts.runs_that_count(thread) == (1, 1)


@pytest.mark.parametrize(
    ("value", "listed"), [(None, []), ("", []), ("a", ["a"]), (["a", 1], ["a", "1"]), (0, ["0"])]
)
def test_a_field_is_a_list_of_texts(value, listed):
    assert facts.listed(value) == listed


def test_the_state_of_a_hypothesis_follows_from_its_prediction_and_says_whose_word_it_is():
    b = ThreadBuilder(metrics=[("loss", "", "lower")])
    b.hypothesis("a is lower", predicate="loss(k=1) < 0.9 * loss(k=2)")
    b.hypothesis("a is higher", predicate="loss(k=1) > loss(k=2)")
    b.hypothesis("it feels right")
    for k, values in ((1, (1.0, 1.01, 0.99)), (2, (2.0, 2.02, 1.98))):
        first, *others = values
        shown = b.run(f"k={k}", {"loss": first}, {"k": k}).partition("-r")[0]
        b.repeat(shown, *({"loss": value} for value in others))
    b.hypothesis("said afterwards", predicate="loss(k=1) < loss(k=2)")
    b.change_hypothesis("P-H2", "supported", evidence=["P-001"])
    b.change_hypothesis("P-H3", "falsified", evidence=["P-001"])
    thread = b.thread()
    known = evidence_for(thread)
    said = {h.id: judged_state(h, thread, known) for h in thread.hypotheses}
    labels = {h.id: known(h).label for h in thread.hypotheses}
    assert said["P-H3"] == "falsified, judged by hand"
    assert labels["P-H2"] == "refuted"
    assert said["P-H2"] == "falsified by its prediction; supported, judged by hand"
    assert "written after runs of it" in said["P-H4"] and "written after" not in said["P-H1"]
    by = {"replicated": "supported by its prediction", "exploratory": "undecided so far"}
    assert said["P-H1"] == by[labels["P-H1"]]


def test_no_difference_shown_falsifies_nothing():
    b = ThreadBuilder(metrics=[("loss", "", "lower")])
    b.hypothesis("a is lower", predicate="loss(k=1) < loss(k=2)")
    for k in (1, 2):
        shown = b.run(f"k={k}", {"loss": 1.0}, {"k": k}).partition("-r")[0]
        b.repeat(shown, {"loss": 1.1}, {"loss": 0.9})
    thread = b.thread()
    [h] = thread.hypotheses
    assert judged_state(h, thread, evidence_for(thread)) == "not borne out so far"


def test_what_single_runs_speak_against_is_neither_active_nor_falsified():
    b = ThreadBuilder(metrics=[("loss", "", "lower")])
    b.change_hypothesis(b.hypothesis("a is lower", predicate="loss(k=1) <= 0.5"), "active")
    [before] = b.thread().hypotheses
    assert judged_state(before, b.thread(), evidence_for(b.thread())) == "active"
    b.run("k=1", {"loss": 1.0}, {"k": 1})
    thread = b.thread()
    [h] = thread.hypotheses
    assert judged_state(h, thread, evidence_for(thread)) == "not borne out so far"

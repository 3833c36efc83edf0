"""What became of the runs that do not count is said beside the label, and bounds it where the others
may be a choice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from leadline.core.compare.compare import compare
from leadline.core.evidence.found import Evidence
from leadline.core.evidence.of_thread import evidence_of
from leadline.core.metric.redefined import changes_of_scope, changes_since
from leadline.core.metric.thread_of import thread_of
from leadline.core.record.event import line_digest
from leadline.core.record.order import note_of
from leadline.core.record.run import KILLED, Run
from leadline.testing.builders import ThreadBuilder

LOSS = [("loss", "nats", "lower")]
BETTER = "loss(P-002) < loss(P-001)"
ARMS: dict[str, Any] = {"axes": ["arm", "command"]}


def two_arms(metric: str = "loss", **about: Any) -> ThreadBuilder:
    """P-001 (old) and P-002 (new, better), four runs each."""
    b = ThreadBuilder(**{"metrics": LOSS, **about})
    for arm, mean in (("old", 1.0), ("new", 0.9)):
        b.run(arm, {metric: mean}, {"arm": arm})
        b.repeat(
            f"P-00{2 if arm == 'new' else 1}", *({metric: mean + d} for d in (0.01, -0.01, 0.005))
        )
    return b


def judged(b: ThreadBuilder, predicate: str = BETTER, **body: Any) -> Evidence:
    b.claim("words", predicate=predicate, **{**ARMS, **body})
    thread = b.thread()
    return evidence_of(thread, thread.claims[-1].body, thread.claims[-1].uid)


def marked(found: Evidence) -> dict[str, str]:
    return {mark.code: mark.short for mark in found.marks}


def fail(b: ThreadBuilder, times: int, experiment: str = "P-002", state: str = "failed") -> None:
    for _ in range(times):
        b.run(experiment=experiment, state=state, reason="exit code 1")


def test_runs_without_failures_bear_no_mark() -> None:
    found = judged(two_arms())
    assert found.label == "replicated" and not found.marks


@pytest.mark.parametrize(
    ("state", "words"),
    [("failed", "failed"), ("timeout", "timed out"), ("cancelled", "were cancelled")],
)
def test_survivors_stay_exploratory_until_a_decision_explains_the_others(
    state: str, words: str
) -> None:
    b = two_arms()
    fail(b, 26, state=state)
    found = judged(b)
    assert found.label == "exploratory"
    assert marked(found) == {state: f"26 of 30 runs {words}"}
    assert found.missing[-1].endswith("leadline decide 'WHY' --evidence P-002")
    b.decision("the disk was full", evidence=["P-002"])
    found = judged(b)
    assert found.label == "replicated" and marked(found) == {state: f"26 of 30 runs {words}"}
    assert "P-D1 explains it: the disk was full" in found.marks[0].full
    fail(b, 1, state=state)
    assert judged(b).label == "exploratory"  # it was decided before this one


def test_a_decision_of_a_clock_set_forward_explains_nothing_that_came_after_it() -> None:
    b = two_arms().tick(60 * 24)
    b.decision("the disk will be full", evidence=["P-002"])
    b.tick(-60 * 24)
    fail(b, 8)
    assert judged(b).label == "exploratory"


def test_a_decision_that_was_taken_back_explains_nothing() -> None:
    b = two_arms()
    fail(b, 8)
    b.retract(b.decision("the disk was full", evidence=["P-002-r7"]), "it was not")
    assert judged(b).label == "exploratory"


def test_failures_that_choose_nothing_lower_no_label() -> None:
    """One crash of five, a configuration that cannot run at all, a machine that died."""
    b = two_arms()
    fail(b, 1)
    for _ in range(3):
        b.run(
            "too large", state="failed", reason="out of memory", config={"arm": "new", "batch": 64}
        )
    fail(b, 4, state="lost")
    fail(b, 1, state="cancelled")
    found = judged(b, "loss(arm=new) < loss(arm=old)")
    assert found.label == "replicated"
    assert marked(found) == {
        "failed": "4 of 13 runs failed",
        "cancelled": "1 of 13 runs were cancelled",
        "lost": "4 of 13 runs were lost",
    }


def test_the_same_command_elsewhere_is_a_sibling_and_so_is_one_that_gave_no_value() -> None:
    b = two_arms()
    for _ in range(4):
        b.run("new", None, {"arm": "new"}, state="failed")  # an experiment of its own
    assert marked(judged(b)) == {"failed": "4 of 8 runs failed"}
    b = two_arms()
    b.repeat("P-002", {}, {})
    assert marked(judged(b)) == {"no-value": "2 of 6 runs gave no loss"}


def test_a_run_that_is_named_alone_has_the_siblings_of_its_experiment() -> None:
    b = two_arms()
    fail(b, 8)
    assert "failed" in marked(judged(b, "loss(P-002-r1) < loss(P-001)"))


def test_a_job_that_was_killed_on_a_machine_that_stayed_up_was_stopped_by_somebody() -> None:
    b = two_arms()
    for _ in range(4):
        b.run(experiment="P-002", state="lost", reason=KILLED)
    found = judged(b)
    assert found.label == "exploratory" and marked(found) == {"lost": "4 of 8 runs were lost"}
    assert found.missing[-1].endswith("leadline decide 'WHY' --evidence P-002")


def test_failures_do_not_go_by_being_retracted() -> None:
    b = two_arms()
    fail(b, 2)
    for run in ("P-002-r5", "P-002-r6"):
        b.retract(run, "crashed")
    assert judged(b).label == "exploratory"


def test_withdrawn_runs_are_counted_and_the_label_with_them_is_said() -> None:
    b = two_arms()
    b.repeat("P-002", *({"loss": 3.0 + i / 10} for i in range(4)))
    for n in range(5, 9):
        b.retract(f"P-002-r{n}", "wrong data")
    found = judged(b)
    assert found.label == "replicated"
    assert marked(found) == {"withdrawn": "4 of 12 withdrawn; with them: refuted"}
    assert "4 retracted: wrong data" in found.marks[0].full


def test_what_an_experiment_supersedes_is_said_of_it() -> None:
    b = ThreadBuilder(metrics=LOSS)
    for arm, mean in (("old", 1.0), ("new", 1.5), ("new", 0.9)):
        first = b.run(arm, {"loss": mean}, {"arm": arm})
        b.repeat(first, *({"loss": mean + d} for d in (0.01, -0.01)))
    b.supersede("P-002", "P-003", "a mistake in it")
    found = judged(b, "loss(P-003) < loss(P-001)")
    assert found.label == "replicated"
    assert marked(found) == {"withdrawn": "3 of 9 withdrawn; with them: refuted"}


def test_a_captured_fact_that_was_typed_over_makes_its_run_reported() -> None:
    b = two_arms()
    b.correct("P-002-r1", "config.arm", "old", "typo")
    b.correct("P-002-r2", "hardware.machine", "arm64", "typo")
    b.correct("P-002-r3", "config.note", "quiet", "a tag")
    found = judged(b)
    assert marked(found)["typed-over"] == "2 runs reported, not captured"
    assert "config.arm was typed: old, and its command says new" in found.why[-1]
    assert "P-002-r1" in found.not_counted and "P-002-r3" in found.counted
    b.correct("P-002-r1", "config.arm", "new", "it was right")
    assert marked(judged(b))["typed-over"] == "1 run reported, not captured"


@pytest.mark.parametrize(
    ("now", "reported"), [("0.01", False), ("0.2", True)], ids=["as the command says", "other"]
)
def test_a_typing_error_beside_the_command_can_be_put_right(now: str, reported: bool) -> None:
    b = ThreadBuilder(metrics=LOSS)
    b.run("one", {"loss": 1.0}, {"lr": 0.1}, argv=["python", "train.py", "--lr", "0.01"])
    b.correct("P-001-r1", "config.lr", float(now), "typo")
    [run] = b.thread().runs
    assert bool(run.typed_over) is reported and run.is_evidence is not reported


def reproduced(b: ThreadBuilder, verdict: str, *values: float) -> str:
    runs = [
        b.end(b.plan(experiment="P-002", reproduction_of="P-002-r1"), {"loss": v}) for v in values
    ]
    row = {"experiment": "P-002", "metric": "loss", "verdict": verdict, "rule": "by the spread"}
    shown = f"P-R{sum(r.kind == 'reproduction' for r in b.records) + 1}"
    refs = b.thread().uids
    uids = {name: uid for (_, uid), name in refs.items() if name in ("P-002", *runs)}
    b.record(
        "reproduction",
        {
            "id": shown,
            "target": "P-002",
            "runs": runs,
            "verdict": verdict,
            "table": [row],
            "refs": uids,
        },
    )
    return shown


def test_a_reproduction_joins_no_sample_and_is_said() -> None:
    b = two_arms()
    before = judged(b)
    reproduced(b, "agrees", 0.904)
    found = judged(b)
    assert found.counted == before.counted and found.label == "replicated"
    assert found.not_counted["P-002-r5"] == "a reproduction of P-002-r1, kept apart"
    assert marked(found) == {"reproduced": "reproduced by P-R1"}


def test_a_reproduction_that_disagrees_bounds_the_label_until_it_is_explained() -> None:
    b = two_arms()
    reproduced(b, "disagrees", 2.0)
    found = judged(b)
    assert found.label == "exploratory" and marked(found) == {"contradicted": "P-R1 disagrees"}
    b.decision("another compiler was on that machine", evidence=["P-002"])
    assert judged(b).label == "replicated"
    b = two_arms()
    reproduced(b, "disagrees", 2.0)
    reproduced(b, "agrees", 0.9)
    assert judged(b).label == "replicated"  # the last word


def define(b: ThreadBuilder, name: str, **said: str) -> None:
    b.record("metric-defined", {"name": name, **said})


def test_a_metric_that_was_turned_round_marks_what_was_measured_before() -> None:
    b = two_arms()
    define(b, "loss", unit="nats", direction="higher")
    found = judged(b)
    assert marked(found) == {"redefined": "loss redefined since"}
    assert "direction lower, now higher" in found.marks[0].full


def test_a_time_does_not_stop_to_be_moved_by_the_machine_by_being_called_a_result() -> None:
    """Its sides did not take turns, so that no label above exploratory stands on them."""
    b = two_arms("time_ms", metrics=[("time_ms", "ms", "lower")])
    claim = "time_ms(P-002) < time_ms(P-001)"
    assert judged(b, claim).label == "exploratory"
    define(b, "time_ms", unit="ms", direction="lower", observed="result")
    found = judged(b, claim)
    assert found.label == "exploratory"
    assert any("stricter" in mark.full for mark in found.marks)


def test_what_was_only_left_out_may_be_said_later() -> None:
    b = two_arms(metrics=[("loss", "", "none")])
    define(b, "loss", unit="nats", direction="lower", description="of the last step")
    assert "redefined" not in marked(judged(b))


def test_a_run_says_why_it_does_not_count() -> None:
    done = Run("P-001-r2", "01", "P-001", state="done", reproduction_of="P-001-r1")
    assert done.bears_result and not done.is_evidence


BUSY: dict[str, Any] = {"hygiene": {"contended": True, "reasons": ["pid 7"]}}


def against_a_number(predicate: str, values: list[float], **facts: Any) -> Evidence:
    b = ThreadBuilder(metrics=[("time_ms", "ms", "lower")])
    for at, value in enumerate(values):
        b.run("one", {"time_ms": value}, experiment="P-001" if at else "", ended=facts)
    return judged(b, predicate)


@pytest.mark.parametrize(
    ("predicate", "facts", "label"),
    [
        ("time_ms(P-001) > 5", BUSY, "exploratory"),  # other work makes it slower
        ("time_ms(P-001) > 5", {}, "replicated"),
        ("time_ms(P-001) < 15", BUSY, "replicated"),  # it was faster all the same
        ("time_ms(P-001) > 5", {"hygiene": {"throttled": True}}, "exploratory"),
    ],
)
def test_contention_bounds_a_claim_against_a_number_as_a_comparison(
    predicate: str, facts: dict[str, Any], label: str
) -> None:
    assert against_a_number(predicate, [10.0, 10.1, 9.9, 10.05], **facts).label == label


def test_times_without_spread_are_no_evidence_against_a_number_either() -> None:
    assert against_a_number("time_ms(P-001) < 15", [10.0] * 4).label == "exploratory"


def test_a_definition_that_is_dated_before_the_runs_came_after_them_all_the_same() -> None:
    """Whoever sets a clock back has seen the runs, and they have not seen the definition."""
    b = two_arms()
    first, last = b.records[0], b.records[-1]
    eve = ThreadBuilder(writer="w2", started=False, at=first.at)
    body = {"name": "loss", "unit": "nats", "direction": "higher"}
    said = eve.record("metric-defined", body, minutes=0.01)
    had_seen = {"w1": note_of(last.id, line_digest(last.line()))}
    records = [replace(first, seen={}), *b.records[1:], replace(said, seen=had_seen)]
    thread = thread_of(records, b.topic)
    assert said.id < b.records[1].id and thread.redefined
    runs = list(thread.runs)
    assert [words for _, words in changes_since(thread, runs, "loss")] == [
        "direction lower, now higher"
    ]
    assert len(changes_of_scope(thread)) == 1


def once_more(b: ThreadBuilder, *values: float, **about: Any) -> None:
    """The new arm's command, config and code again, each time as an experiment of its own."""
    for value in values:
        run = b.plan("new", {"arm": "new"}, **about)
        b.end(run, {"loss": value})


def test_the_better_time_of_two_is_no_better_than_both() -> None:
    b = two_arms()
    once_more(b, 1.1, 1.08, 1.15, 1.12)
    found = judged(b)
    assert found.label == "exploratory"
    assert marked(found)["alike"] == "4 alike runs left out; with them: refuted"
    assert "names all runs of these commands, also P-003" in " ".join(found.missing)
    assert "alike" not in marked(judged(b, "loss(arm=new) < 1.2 * loss(arm=old)"))


def test_the_same_again_that_says_the_same_takes_nothing_away() -> None:
    b = two_arms()
    once_more(b, 0.9, 0.912, 0.895)
    found = judged(b)
    assert found.label == "replicated" and marked(found)["alike"] == "3 alike runs left out"


@pytest.mark.parametrize(
    "about",
    [{"hardware": {"host": "other"}}, {"code": {"tree": "t-other"}}, {"argv": ["other"]}],
)
def test_what_was_measured_elsewhere_or_is_another_thing_is_not_left_out(
    about: dict[str, Any],
) -> None:
    b = two_arms()
    once_more(b, 1.1, 1.08, 1.15, **about)
    found = judged(b)
    assert found.label == "replicated" and "alike" not in marked(found)


def test_a_side_that_often_gave_no_finite_value_stays_exploratory() -> None:
    b = two_arms()
    for _ in range(2):
        b.run(experiment="P-002", ended={"nonfinite": {"loss": "NaN"}})
    found = judged(b)
    assert found.label == "exploratory"
    assert marked(found)["not-finite"] == "2 of 6 runs gave no finite loss"
    b.decision("it diverges at this rate now and then", evidence=["P-002"])
    assert judged(b).label == "replicated"


OTHERWISE: dict[str, dict[str, Any]] = {
    "extraction": {"extract": ["pattern:loss=train (.*)"]},
    "environment": {"environment": {"OMP_NUM_THREADS": "8"}},
    "hardware": {"hardware": {"cpu": "another one"}},
    "software": {"software": {"python": "3.99"}},
    "code": {"code": {"tree": "another", "commit": "c", "head": "c", "dirty": False, "gaps": []}},
    "data": {"data_files": {"data.csv": {"digest": "another", "bytes": 1}}},
    "stdin": {"stdin": {"digest": "another", "size_bytes": 1}},
    "executor": {"executor": "cluster"},
    "devices": {"devices": {"kind": "gpu", "count": 8}},
    "ruler": {"ruler": {"named": {"bench.py": "another"}, "loads": True}},
}
ALIKE: dict[str, dict[str, Any]] = {
    "extraction": {"extract": ["pattern:loss=val (.*)"]},
    "data": {"data_files": {"data.csv": {"digest": "one", "bytes": 1}}},
    "stdin": {"stdin": {"digest": "one", "size_bytes": 1}},
    "ruler": {"ruler": {"named": {"bench.py": "one"}, "loads": True}},
}


@pytest.mark.parametrize("area", sorted(OTHERWISE))
def test_no_label_stands_on_sides_that_a_comparison_refuses(area: str) -> None:
    def sides(facts: dict[str, Any]) -> ThreadBuilder:
        b = ThreadBuilder(metrics=LOSS)
        for arm, mean, about in (("old", 1.0, ALIKE.get(area, {})), ("new", 0.9, facts)):
            for off in (0.0, 0.01, -0.01, 0.005):
                b.end(b.plan(arm, {"arm": arm}, **about), {"loss": mean + off})
        return b

    by_arm = "loss(arm=new) < loss(arm=old)"
    assert judged(sides(ALIKE.get(area, {})), by_arm, axes=["command"]).label == "replicated"
    other = sides(OTHERWISE[area])
    thread = other.thread()
    old, new = ([r for r in thread.runs if r.config["arm"] == arm] for arm in ("old", "new"))
    assert not compare(old, new, axes=["arm", "command"], metric_defs=thread.metrics).diff.clean
    assert judged(other, by_arm, axes=["command"]).label == "exploratory"


def test_a_side_that_was_read_in_two_ways_bears_no_claim_against_a_number() -> None:
    b = ThreadBuilder(metrics=LOSS)
    for number, value in enumerate((0.9, 0.91, 0.89, 0.905)):
        extract = [f"pattern:loss={'val' if number < 2 else 'train'} ([0-9.]+)"]
        b.end(b.plan("new", {"arm": "new"}, extract=extract), {"loss": value})
    found = judged(b, "loss(arm=new) < 1")
    assert found.label == "exploratory" and "read-otherwise" in marked(found)


def of_programs(*trees: tuple[str, str]) -> ThreadBuilder:
    """Four runs each of arm and code."""
    b = ThreadBuilder(metrics=LOSS)
    for arm, tree in trees:
        code = {"tree": tree, "commit": tree, "head": tree, "dirty": False, "gaps": []}
        for off in (0.0, 0.01, -0.01, 0.005):
            run = b.plan(arm, {"arm": arm}, code=code)
            b.end(run, {"loss": (1.0 if arm == "old" else 0.9) + off})
    return b


def test_the_runs_of_a_side_are_of_one_program() -> None:
    two = of_programs(("new", "first"), ("new", "second"))
    found = judged(two, "loss(arm=new) < 1", axes=[])
    assert found.label == "exploratory"
    assert marked(found) == {"programs-pooled": "2 programs pooled"}
    assert judged(of_programs(("new", "first")), "loss(arm=new) < 1", axes=[]).label == "replicated"
    by_arm = "loss(arm=new) < loss(arm=old)"
    uneven = of_programs(("old", "first"), ("new", "first"), ("new", "second"))
    assert judged(uneven, by_arm, axes=["command", "code"]).label == "exploratory"
    both = of_programs(("old", "first"), ("new", "first"), ("old", "second"), ("new", "second"))
    assert judged(both, by_arm, axes=["command"]).label == "replicated"

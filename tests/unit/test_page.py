"""The page of a thread says the best admissible result with its command, what is known, and what not to try again."""

from __future__ import annotations

import pytest

from leadline.core.errors import LeadlineError
from leadline.core.evidence.known import evidence_for
from leadline.core.view.news import news_behind
from leadline.core.view.page import page_of
from leadline.core.view.step import next_step
from leadline.render.terminal.brief import render_brief, render_since
from leadline.services.look.brief import moment_of
from leadline.testing.builders import ThreadBuilder


def study(limit: str = "<=0.001") -> ThreadBuilder:
    b = ThreadBuilder(metrics=[("time_ms", "ms", "lower")])
    b.record("metric-defined", {"name": "err", "direction": "lower", "limit": limit})
    for name, block, time_ms, err in (
        ("a", 1, 100.0, 1e-6),
        ("b", 2, 50.0, 4.9e-07),
        ("c", 4, 25.0, 0.02),
    ):
        b.run(name, {"time_ms": time_ms, "err": err}, config={"block": block, "dtype": "bf16"})
    return b


def test_a_result_beyond_a_limit_is_never_the_best():
    thread = study().thread()
    best = page_of(thread, None).best
    assert best is not None
    assert (best.experiment.id, best.metric) == ("P-002", "time_ms")
    assert [(g.metric, g.limit, g.nearest) for g in best.guards] == [("err", "<=0.001", 4.9e-07)]


def test_one_run_beyond_the_limit_bars_its_experiment():
    b = study()
    b.repeat("P-002", {"time_ms": 50.0, "err": 0.5})
    b.repeat("P-002", {"time_ms": 50.0, "err": 1e-6})
    best = page_of(b.thread(), None).best
    assert best is not None
    assert best.experiment.id == "P-001"


def answered() -> ThreadBuilder:
    """A baseline of four runs, and a decided kernel of three: 50, 48 to 52."""
    b = ThreadBuilder(metrics=[("time_ms", "ms", "lower")])
    b.run("naive", {"time_ms": 100.0}, {"k": 1})
    b.repeat("P-001", *[{"time_ms": 100.0}] * 3)
    b.baseline("P-001")
    b.run("wide", {"time_ms": 50.0}, {"k": 2})
    b.repeat("P-002", {"time_ms": 48.0}, {"time_ms": 52.0})
    b.decision("ship it", evidence=["P-002"])
    return b


def best_id(b: ThreadBuilder) -> str:
    best = page_of(b.thread(), None).best
    assert best is not None
    return best.experiment.id


def test_a_single_run_does_not_stand_before_the_repeated_result_that_was_decided_on():
    b = answered()
    b.run("lucky", {"time_ms": 30.0}, {"k": 3})
    assert best_id(b) == "P-002"
    told = "not confirmed: P-003 lucky reads time_ms 30 ms in a single run"
    assert f"{told}: leadline run --experiment P-003 --repeat 2" in render_brief(b.thread())
    b.repeat("P-003", {"time_ms": 30.0}, {"time_ms": 31.0})
    assert best_id(b) == "P-003"
    assert "not confirmed" not in render_brief(b.thread())


def test_a_repeated_result_that_the_noise_may_have_made_does_not_stand_before_the_decided_one():
    b = answered()
    b.run("lucky", {"time_ms": 60.0}, {"k": 3})
    b.repeat("P-003", {"time_ms": 40.0}, {"time_ms": 41.0})
    assert best_id(b) == "P-002"
    text = render_brief(b.thread())
    assert "no better shown: P-003 lucky reads time_ms 41 ms (mean " in text
    assert ": leadline ab P-002 P-003" in text
    b.repeat("P-003", *[{"time_ms": 40.5}] * 12)
    assert best_id(b) == "P-003"


def test_a_claim_on_another_metric_does_not_stand_beside_the_best():
    b = answered()
    b.claim("faster", ["P-001", "P-002"], "time_ms(P-002) < time_ms(P-001)")
    b.run("both", {"time_ms": 9.0, "loss": 1.0}, {"k": 3})
    b.repeat("P-003", *[{"time_ms": 9.0, "loss": 1.0}] * 2)
    b.claim("it is low", ["P-003"], "loss(P-003) < 2")
    thread = b.thread()
    best = page_of(thread, evidence_for(thread)).best
    assert best is not None and best.experiment.id == "P-003" and best.claim is None
    b.claim("it is fast", ["P-003"], "time_ms(P-003) < 10")
    thread = b.thread()
    best = page_of(thread, evidence_for(thread)).best
    assert best is not None and best.claim is not None and best.claim.id == "P-C3"


def test_what_reads_worse_than_the_baseline_is_no_answer():
    b = ThreadBuilder(metrics=[("time_ms", "ms", "lower"), ("chunks", "", "")])
    b.run("wide", {"time_ms": 100.0, "chunks": 10}, {"k": 1})
    b.repeat("P-001", *[{"time_ms": 100.0, "chunks": 10}] * 2)
    b.baseline("P-001")
    b.run("narrow", {"time_ms": 110.0, "chunks": 20}, {"k": 2})
    b.repeat("P-002", {"time_ms": 100.0, "chunks": 20}, {"time_ms": 120.0, "chunks": 20})
    b.claim("more chunks", ["P-001", "P-002"], "chunks(P-002) > chunks(P-001)")
    assert best_id(b) == "P-001"
    b.run("middle", {"time_ms": 90.0}, {"k": 3})
    assert best_id(b) == "P-003"


def test_of_a_withdrawn_side_nothing_is_known():
    b = answered()
    ended = {"n_blocks": 1, "metric": "time_ms", "verdict": "no difference shown"}
    sides = {"a": "P-001", "b": "P-002"}
    b.record("interleaving", {"id": "P-I1", "ended": {**ended, "experiments": sides}})
    assert "P-001: no difference shown, 1 block\n" in render_brief(b.thread())
    b.retract("P-002", "wrong bench")
    assert "P-I1" not in render_brief(b.thread())


def test_what_was_measured_in_turns_is_one_line_with_what_was_said_of_it():
    b = answered()
    ended = {"n_blocks": 6, "metric": "time_ms", "verdict": "better", "experiments": {}}
    for name in ("P-I1", "P-I2"):
        b.record("interleaving", {"id": name, "ended": ended})
    b.note("half the time", ["P-I1"], "interpretation")
    lines = [line for line in render_brief(b.thread()).splitlines() if "P-I" in line]
    assert [line.split()[0] for line in lines] == ["P-I1", "P-I2"]
    assert lines[0].endswith("better, 6 blocks. “half the time”")


def test_a_ruler_that_changed_before_any_run_says_when():
    b = answered()
    said = {"metric": "", "patterns": ["bench.py"], "files": {}}
    b.record("ruler", said)
    b.record("ruler", {**said, "changed": ["bench.py"]})
    assert f"ruler changed on {b.now[:10]}" in render_brief(b.thread())


def test_another_case_within_the_noise_of_the_decided_result_does_not_stand_before_it():
    b = answered()
    b.run("shifted", {"time_ms": 49.0}, {"k": 2, "mean": 10})
    b.repeat("P-003", {"time_ms": 49.0}, {"time_ms": 49.0})
    assert best_id(b) == "P-002"
    assert "no better shown: P-003" in render_brief(b.thread())
    b.repeat("P-003", *[{"time_ms": 20.0}] * 4)
    assert best_id(b) == "P-003"


def test_a_single_run_is_the_best_where_only_what_is_to_be_beaten_was_repeated():
    b = ThreadBuilder(metrics=[("time_ms", "ms", "lower")])
    b.run("naive", {"time_ms": 100.0}, {"k": 1})
    b.repeat("P-001", {"time_ms": 100.0}, {"time_ms": 100.0})
    b.baseline("P-001")
    b.run("wide", {"time_ms": 50.0}, {"k": 2})
    b.claim("faster", ["P-001", "P-002"], "time_ms(P-002) < time_ms(P-001)")
    assert best_id(b) == "P-002"


def test_without_an_admissible_result_there_is_none_and_the_page_says_why():
    thread = study("<=1e-9").thread()
    assert page_of(thread, None).best is None
    assert "none has time_ms and keeps err <=1e-9" in render_brief(thread)


def test_the_best_is_held_against_the_first_baseline_and_the_present_one():
    b = study()
    b.run("d", {"time_ms": 40.0, "err": 1e-6})
    for experiment in ("P-001", "P-003", "P-002"):
        b.baseline(experiment)
    best = page_of(b.thread(), None).best
    assert best is not None
    assert [(e.experiment, e.ratio) for e in best.effects] == [("P-001", 0.4), ("P-002", 0.8)]


def test_the_command_shows_what_its_options_took_elsewhere():
    b = study()
    b.run(
        "d",
        {"time_ms": 90.0, "err": 1e-6},
        argv=["python", "bench.py", "--block=8", "--mean", "-10"],
    )
    b.run("e", {"time_ms": 90.0, "err": 1e-6}, argv=["python", "other.py", "--depth=8"])
    assert page_of(b.thread(), None).command == (
        "python bench.py --block=2|8|4|1 --dtype=bf16 [--mean -10]"
    )


def test_what_is_known_stands_newest_first():
    b = study()
    b.note("The gather binds.", ["P-001"], role="interpretation")
    b.claim("Block 2 is faster", ["P-002"], "time_ms(P-002) < time_ms(P-001)")
    b.note("Caches do not.", ["P-002"], role="interpretation")
    thread = b.thread()
    known = page_of(thread, evidence_for(thread)).known
    assert [item.kind for item in known] == ["note", "claim", "note"]
    assert [item.text for item in known[:1]] == ["Caches do not."]


def test_a_dead_end_is_said_once():
    b = study()
    b.run("sigill", state="failed", reason="SIGILL", config={"block": 16})
    b.note("This CPU has no avx512", ["P-004"], role="negative")
    for experiment in ("P-001", "P-002"):
        b.retract(experiment, "wrong timer")
    found = [thing.id for thing in page_of(b.thread(), None).dead_ends[:10]]
    assert found == ["P-002", "P-N1"]


def test_the_next_step_is_the_last_one_given_and_goes_with_its_hypotheses():
    b = study()
    b.note("try block 8", ["P-001"], role="next")
    b.update(words={"next": "then block 16"})
    step = next_step(b.thread())
    assert step is not None
    assert (step.text, step.source) == ("then block 16", "P-U1")
    hypothesis = b.hypothesis("wide blocks lose")
    b.note(f"settle {hypothesis}", ["P-001"], role="next")
    assert next_step(b.thread()) is not None
    b.change_hypothesis(hypothesis, "falsified")
    assert next_step(b.thread()) is None


def test_a_next_step_that_a_decision_came_after_asks_whether_it_is_done():
    b = study()
    b.decision("before it")
    b.update(words={"next": "other shapes"})
    step = next_step(b.thread())
    assert step is not None and "given before" not in step.words
    b.decision("ship it", evidence=["P-002"])
    step = next_step(b.thread())
    assert step is not None and step.words.endswith("; given before P-D2)")
    assert "if it is done: leadline note --done 'TEXT'" in render_brief(b.thread())


def test_a_next_step_is_done_when_what_it_names_was_run():
    b = ThreadBuilder()
    b.run("first", {"time_ms": 2.0}, argv=["bench", "--k", "1"])
    b.note("run `bench --k 1` again, then `bench --k 16`", role="next")
    b.run("again", {"time_ms": 2.0}, argv=["bench", "--k", "1"])
    b.run("failed", argv=["bench", "--k", "16"], state="failed")
    assert next_step(b.thread()) is not None
    b.run("wide", {"time_ms": 2.0}, argv=["bench", "--k", "16"])
    assert next_step(b.thread()) is None


def test_a_program_in_a_word_is_no_value_of_an_option():
    b = ThreadBuilder(metrics=[("time_ms", "ms", "lower")])
    b.run("one", {"time_ms": 2.0}, {"k": 1}, argv=["sh", "-c", "bench 1; bench 2"])
    b.run("two", {"time_ms": 1.0}, {"k": 2}, argv=["sh", "-c", "other"])
    assert page_of(b.thread(), None).command == "sh -c other"


def test_a_next_step_is_not_done_by_a_longer_command_nor_by_one_run_before():
    b = ThreadBuilder()
    b.run("first", {"time_ms": 2.0}, argv=["bench", "--k", "16"])
    b.note("the next is leadline run -- bench --k 1.", role="next")
    b.run("again", {"time_ms": 2.0}, argv=["bench", "--k"])
    assert next_step(b.thread()) is not None
    b.note("run `bench --k 16`", role="next")
    step = next_step(b.thread())
    assert step is not None and step.command == "leadline run -- bench --k 16"


def test_a_note_ends_the_next_step_and_a_later_one_begins_another():
    b = ThreadBuilder()
    b.note("try block 8", role="next")
    b.note("it made no difference", role="done")
    assert next_step(b.thread()) is None
    b.update(words={"next": "try block 4"})
    assert str(next_step(b.thread())).count("try block 4")


def test_what_changed_since_is_told_and_nothing_else():
    b = study()
    first = b.note("the old one", ["P-001"], "interpretation")
    b.run("a new one", {"time_ms": 1.0})
    b.note("the new one", ["P-001"], "interpretation")
    thread = b.thread()
    uid, told = moment_of(thread, first, b.now)
    shown = render_since(thread, page_of(thread, None), news_behind(thread, uid), told)
    assert f"since {first}: " in shown and "a new one" in shown and "the new one" in shown
    assert "the old one" not in shown
    assert moment_of(thread, "2026-11-02", b.now)[0] < uid < moment_of(thread, "0m", b.now)[0]
    assert moment_of(thread, "2026-11-02 09:00", b.now)[1] == "2026-11-02 09:00 UTC"
    with pytest.raises(LeadlineError, match="neither an id"):
        moment_of(thread, "recently", b.now)


def test_the_brief_names_config_that_neither_title_nor_command_shows():
    b = ThreadBuilder()
    b.run(
        "the fast one",
        {"time_ms": 1.0},
        config={"block": 4, "seed": 7},
        argv=["bench", "--block", "4"],
    )
    shown = render_brief(b.thread())
    assert "$ bench --block 4\n" in shown
    assert "config: seed=7" in shown


def test_a_measurement_in_turns_is_known():
    b = study()
    sides = {"a": "P-001", "b": "P-002"}
    b.record("interleaving", {"id": "P-I1", "metric": "time_ms"})
    said = {"metric": "time_ms", "verdict": "better", "as_ratio": True, "n_blocks": 9}
    size = {"estimate": 0.5, "low": 0.45, "high": 0.5512}
    b.record("interleaving-ended", {"interleaving": "P-I1", "experiments": sides, **said, **size})
    assert (
        "P-I1 in turns: time_ms of P-002 against P-001: better, ratio 0.5 (0.45 to 0.5512), 9 blocks"
        in render_brief(b.thread())
    )


STOPS = ("time_ms < 60 ms on two shapes", "err<=1e-7 or time_ms ≤ 40 us", "three blocks tried")


def test_what_can_be_read_of_the_stop_criteria_is_counted_over_the_runs_of_the_best():
    b = study()
    b.repeat("P-002", {"time_ms": 61.0, "err": 1e-8})
    for text in STOPS:
        b.change("stop", text, "said by the person", mode="add")
    brief = render_brief(b.thread())
    assert "so far, by P-002: time_ms <60 in 1 of 2 runs; err <=1e-7 in 1 of 2 runs" in brief
    assert brief.index(STOPS[1]) < brief.index("so far, by P-002")


def test_nothing_is_said_of_stop_criteria_that_cannot_be_read():
    b = study()
    b.change("stop", "three blocks tried, time_ms < 40 us", "said by the person", mode="add")
    assert "so far" not in render_brief(b.thread())

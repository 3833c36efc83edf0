"""Numbers cited in text: bound to the record, recomputed from it, and typed ones found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.core.errors import LeadlineError
from leadline.core.text.citation import bind, find, recompute, render, resolve
from leadline.core.text.unbound import unbound_numbers
from leadline.testing.builders import ThreadBuilder


def builder() -> ThreadBuilder:
    b = ThreadBuilder()
    b.run(
        "reference",
        {"time_ms": 712.4, "eval.loss": 2.5},
        {"block": 64, "lr": 3e-4, "shape": "8x4096"},
    )
    b.repeat("P-001", {"time_ms": 709.9}, {"time_ms": 715.0})
    b.baseline("P-001")
    b.run("fused", {"time_ms": 507.1, "accuracy": 0.815}, {"block": 128})
    b.run("broken", state="failed", reason="exit code 1")
    return b


THREAD = builder().thread()


@pytest.mark.parametrize(
    ("expression", "value", "text", "n"),
    [
        ("P-001.time_ms", 712.4, "712.4 ms", 3),
        ("P-001.time_ms.min", 709.9, "709.9 ms", 3),
        ("P-001.time_ms.n", 3, "3", 3),
        ("P-001-r2.time_ms", 709.9, "709.9 ms", 1),
        ("baseline.time_ms.mean", 712.4333333, "712.43 ms", 3),
        ("P-001.eval.loss", 2.5, "2.5", 1),
        ("P-001.eval.loss.max", 2.5, "2.5", 1),
        ("P-002.time_ms / P-001.time_ms", 0.7118193, "0.71182", 1),
        ("P-002.time_ms / baseline.time_ms :+.1%", -0.2881807, "-28.8%", 1),
        ("P-002.time_ms / P-001.time_ms :.1%", 0.7118193, "71.2%", 1),
        ("P-001.time_ms - P-002.time_ms:.2f", 205.3, "205.30", 1),
    ],
)
def test_resolves(expression: str, value: float, text: str, n: int) -> None:
    cited = resolve(expression, THREAD)
    assert cited.value == pytest.approx(value) and (cited.text, cited.n) == (text, n)


@pytest.mark.parametrize(
    ("expression", "kind", "code"),
    [
        ("time_ms", "usage", "citation-not-understood"),
        ("P-001.time_ms + P-002.time_ms", "not_found", "no-such-metric"),
        ("P-001.time_ms / ", "not_found", "no-such-metric"),
        ("P-009.time_ms", "not_found", "unknown-id"),
        ("P-001.tim_ms", "not_found", "no-such-metric"),
        ("P-003.time_ms", "refused", "no-evidence-runs"),
        ("P-002.time_ms.sd", "refused", "no-spread"),
        ("P-001.time_ms - P-001.eval.loss", "refused", "units-differ"),
        ("P-001.time_ms / P-001.time_ms - P-001.time_ms", "usage", "citation-not-understood"),
    ],
)
def test_says_why_not(expression: str, kind: str, code: str) -> None:
    with pytest.raises(LeadlineError) as caught:
        resolve(expression, THREAD)
    assert (caught.value.kind, caught.value.code) == (kind, code)
    assert caught.value.next


def test_nearest_metric_is_named() -> None:
    with pytest.raises(LeadlineError, match="no metric") as caught:
        resolve("P-001.tim_ms", THREAD)
    assert "time_ms" in caught.value.why


def test_render_adds_the_unit_once() -> None:
    assert render("{{P-001.time_ms}} ms, {{P-001.time_ms}}.", THREAD) == "712.4 ms, 712.4 ms."


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("it takes {{P-001.time_ms.min}}", "it takes 709.9 ms (min)"),
        ("the least is {{P-001.time_ms.min}}", "the least is 709.9 ms"),
        ("up to {{P-001.time_ms.max :.0f}} ms", "up to 715 (max) ms"),
        ("{{P-001.time_ms / P-002.time_ms :.2f}}", "1.40 (ratio)"),
        ("{{P-001.time_ms / P-002.time_ms :.2f}} times", "1.40 times"),
        ("{{P-001.time_ms / P-002.time_ms :+.1%}}", "+40.5%"),
        ("{{P-001.time_ms.mean}}", "712.43 ms"),
    ],
)
def test_what_is_no_middle_says_its_name(text: str, shown: str) -> None:
    assert render(text, THREAD) == shown


def test_an_entry_keeps_the_words_that_it_was_written_with() -> None:
    text = "{{P-001.time_ms.min}}"
    assert render(text, THREAD, bound={"P-001.time_ms.min": 700.0}) == "700 ms"


def in_turns(**ended: object) -> ThreadBuilder:
    b = ThreadBuilder()
    shown = b.record("interleaving", {"id": "P-I1", "metric": "time_ms"})
    for title, value in (("old", 10.0), ("new", 8.0)):
        run = b.plan(title, {"arm": title}, design={"interleaving": shown.id, "side": title})
        b.end(run, {"time_ms": value})
    experiments = {"experiments": {"a": "P-001", "b": "P-002"}}
    said = {"as_ratio": True, "estimate": 0.8, "low": 0.7, "high": 0.9, "n_blocks": 7}
    refs = {"P-I1": shown.id}
    b.record(
        "interleaving-ended",
        {"interleaving": "P-I1", **said, **experiments, "unit": "ms", "refs": refs, **ended},
    )
    return b


def test_a_measurement_in_turns_can_be_cited() -> None:
    b = in_turns()
    b.note("{{P-I1.ratio :.1f}} ({{P-I1.low}} to {{P-I1.high}}), {{P-I1.blocks}} blocks")
    thread = b.thread()
    [note] = thread.of_kind("note")
    assert render(note.text, thread, note.refs) == "0.8 (ratio) (0.7 to 0.9), 7 blocks"
    assert resolve("P-I1.ratio", thread).runs == ("P-001-r1", "P-002-r1")
    b.retract("P-002-r1", "another job")
    assert "no longer holds: P-I1 rests on" in render(note.text, b.thread(), note.refs)


def test_a_difference_in_turns_has_its_unit_and_no_ratio() -> None:
    thread = in_turns(as_ratio=False, estimate=-2.0).thread()
    assert resolve("P-I1.difference", thread).text == "-2 ms"
    with pytest.raises(LeadlineError) as caught:
        resolve("P-I1.ratio", thread)
    assert caught.value.code == "no-such-metric" and "difference" in caught.value.why


def test_templates_of_others_are_left_alone() -> None:
    assert (
        render("`${{ matrix.os }}` and `{{P-001.time_ms}}`", THREAD)
        == "`${{ matrix.os }}` and `712.4 ms`"
    )
    assert [c.expression for c in find("`{{ matrix.os }}` {{P-001.x}}")] == ["P-001.x"]


def test_retraction_reaches_the_text() -> None:
    b = builder()
    b.claim("It takes {{P-002.time_ms}}", ["P-002"])
    assert recompute(b.thread().items["P-C1"], b.thread()) == []
    b.retract("P-002", "wrong kernel")
    thread = b.thread()
    claim = thread.items["P-C1"]
    assert (
        render(claim.text, thread, claim.refs) == "It takes [no longer holds: P-002 was retracted]"
    )
    assert recompute(claim, thread) == [("P-002.time_ms", 507.1, None)]


def test_a_repeat_changes_what_is_recomputed_and_not_what_was_stored() -> None:
    b = builder()
    b.note("It takes {{P-002.time_ms}}")
    b.repeat("P-002", {"time_ms": 600.0})
    thread = b.thread()
    note = thread.items["P-N1"]
    assert recompute(note, thread) == [("P-002.time_ms", 507.1, pytest.approx(553.55))]
    assert render(note.text, thread, note.refs, note.body["bound"]) == "It takes 507.1 ms"


def test_a_bound_baseline_stays_the_one_meant() -> None:
    b = builder()
    b.note("Was {{baseline.time_ms}}")
    b.baseline("P-002")
    thread = b.thread()
    note = thread.items["P-N1"]
    assert render(note.text, thread, note.refs) == "Was 712.4 ms"
    assert resolve("baseline.time_ms", thread).value == 507.1


def test_bind_stores_uids_and_values_and_refuses_what_does_not_hold() -> None:
    bound = bind("P-002 against {{P-001.time_ms}}; P-099 is unknown", THREAD)
    assert bound["refs"] == {"P-002": THREAD.uid_of("P-002"), "P-001": THREAD.uid_of("P-001")}
    assert bound["bound"] == {"P-001.time_ms": 712.4}
    with pytest.raises(LeadlineError):
        bind("{{P-003.time_ms}}", THREAD)


@given(st.text(alphabet="{}P-0123.time_ms/ :+%`\n", max_size=80))
def test_render_never_raises(text: str) -> None:
    render(text, THREAD, {"P-001": "nonsense"})
    unbound_numbers(text, THREAD)


@pytest.mark.parametrize(
    "text",
    [
        "P-002 and P-001-r2",
        "on 2026-11-02 09:00:13 UTC",
        "at 14:30",
        "commit 9f2c1ab77",
        "v1.2.3 and v2.1",
        "see #1234",
        "in `bench.py --block 999`",
        "```\n999.5 ms\n```",
        "n=3, of 3 runs",
        "since 2024",
        "1. first\n2. second",
        "the 23rd",
        "on python 3.11 with torch 2.5.1",
        "H100, bf16, Llama-3.1-8B",
        "results_2048.json",
        "https://x.y/z/123.4",
        "8 devices and 3 runs",
        "P-001 used block 64 and lr 3e-4 at 8x4096",
        "seed 42, step 1000, layer 17",
        "November 14",
        "it is {{P-001.time_ms}}",
    ],
)
def test_names_and_counts_are_no_measurements(text: str) -> None:
    assert unbound_numbers(text, THREAD) == []


@pytest.mark.parametrize(
    ("text", "number", "suggestion"),
    [
        ("takes 712 ms", "712 ms", "{{P-001.time_ms.median}}"),
        ("takes 507.1", "507.1", "{{P-002.time_ms.median}}"),
        ("P-002 is 1.40x faster", "1.40x", "{{P-001.time_ms.median / P-002.time_ms.median :.2f}}"),
        ("P-002 is 28.8% faster", "28.8%", "{{P-002.time_ms.median / P-001.time_ms.median :+.1%}}"),
        ("accuracy of 81.5 %", "81.5 %", "{{P-002.accuracy.median :.1%}}"),
        ("uses 37 GB", "37 GB", ""),
        ("over 4,096 rows of P-002", "4,096", ""),
        ("takes 5 ms", "5 ms", ""),
        ("n=45 seeds", "45", "{{P-001.time_ms.n}}"),
        ("in `712.4 ms`", "712.4 ms", "{{P-001.time_ms.median}}"),
    ],
)
def test_typed_measurements_are_found(text: str, number: str, suggestion: str) -> None:
    found = unbound_numbers(text, THREAD)
    if text.startswith("over"):  # 4096 is in the config of the baseline
        assert found == []
        return
    assert [(f["number"], f["suggestion"]) for f in found] == [(number, suggestion)]
    assert text[found[0]["position"]].isdigit()
    if suggestion:
        resolve(suggestion.strip("{}"), THREAD)


def test_the_own_criterion_may_be_said_again() -> None:
    assert unbound_numbers("at most 0.98 of it", THREAD)
    assert (
        unbound_numbers("at most 0.98 of it", THREAD, predicate="a(P-1) <= 0.98 * a(baseline)")
        == []
    )


def test_a_count_above_twelve_is_a_measurement() -> None:
    assert unbound_numbers("12 of them", THREAD) == []
    assert [f["number"] for f in unbound_numbers("13 of them", THREAD)] == ["13"]


@pytest.mark.parametrize(
    ("text", "suggested"),
    [
        ("it takes 97.2 us", "{{P-002.time_us.median}}"),
        ("it takes 97.2 ns", ""),  # another unit
        ("the error is 97.2", ""),  # another metric
        ("the error is 0.002 at 97.2 us", "{{P-002.max_err.median}}"),
        ("a mean of 100.2 is bad", ""),  # a setting
        ("time and error are 0.002", "{{P-002.max_err.median}}"),
        ("it is 97.2", "{{P-002.time_us.median}}"),
    ],
)
def test_no_citation_of_another_metric_or_unit_is_proposed(text: str, suggested: str) -> None:
    b = ThreadBuilder(metrics=[("time_us", "us", "lower"), ("max_err", "", "lower")])
    b.run("", {"time_us": 100.2, "max_err": 0.0001}, {"mean": 100})
    b.run("", {"time_us": 97.2, "max_err": 0.002}, {"mean": 10})
    thread = b.thread()
    assert unbound_numbers(text, thread)[0]["suggestion"] == suggested

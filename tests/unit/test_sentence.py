"""The sentence that carries a label: what it says, and that its short form stays short whatever there is to say."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.core.evidence.evaluate import ClauseResult
from leadline.core.evidence.evidence import axes_of
from leadline.core.evidence.found import RULES, Evidence, Sentence
from leadline.core.evidence.known import evidence_for
from leadline.core.evidence.marks import Mark
from leadline.core.evidence.of_thread import evidence_of
from leadline.core.evidence.predicate import Clause, Predicate, Subject, parse
from leadline.core.evidence.sentence import SHORT_WORDS, sentence
from leadline.core.record.ranks import EARNED, LABELS
from leadline.core.record.run import MetricDef
from leadline.core.stats.inference import Interval, summarise
from leadline.render.words import claim_line
from leadline.testing.builders import ThreadBuilder

LOSS = [("loss", "nats", "lower")]
OLD, NEW = [1.0, 1.01, 0.99], [0.9, 0.91, 0.89, 0.9]


def two_arms(**more: object) -> ThreadBuilder:
    b = ThreadBuilder(metrics=LOSS)
    for arm, values in (("old", OLD), ("new", NEW)):
        first = b.run(arm, {"loss": values[0]}, {"arm": arm, **more})
        b.repeat(first, *({"loss": value} for value in values[1:]))
    return b


def said(b: ThreadBuilder, predicate: str, **body: object) -> Sentence:
    b.claim("the author's words", predicate=predicate, **body)
    thread = b.thread()
    return evidence_of(thread, thread.claims[-1].body, thread.claims[-1].uid).sentence


def test_it_says_size_interval_and_n_of_each_side() -> None:
    got = said(two_arms(), "loss(arm=new) < loss(arm=old)", axes=["arm", "command"])
    assert got.short == (
        "replicated: loss of arm=new (P-002) is 0.1 nats (0.0801 to 0.12) below arm=old (P-001), n = 4 against 3"
    )
    assert (
        "95 % interval 0.0801 to 0.12) below arm=old (P-001), 0.9 against 1, n = 4 against 3"
        in got.full
    )
    assert got.full.endswith(f"label by rules {RULES}")


def test_a_refuted_claim_reads_as_what_was_measured() -> None:
    got = said(two_arms(), "loss(arm=new) > loss(arm=old)", axes=["arm", "command"])
    assert got.short.startswith(
        "refuted: loss of arm=new (P-002) is 0.1 nats (0.0801 to 0.12) below arm=old (P-001)"
    )


def test_against_a_number_the_value_is_said_with_its_interval() -> None:
    got = said(two_arms(), "loss(arm=new) > 0")
    assert got.short == "replicated: loss of arm=new is 0.9 nats (0.887 to 0.913), above 0, n = 4"


def test_what_differs_besides_stands_beside_the_subjects() -> None:
    b = ThreadBuilder(metrics=LOSS)
    for block, values in ((64, OLD), (128, NEW)):
        first = b.run("x", {"loss": values[0]}, {"block": block, "lr": 0.1})
        b.repeat(first, *({"loss": value} for value in values[1:]))
        if block == 64:
            b.baseline("P-001")
    got = said(b, "loss(P-002) < loss(baseline)", axes=["block", "command"])
    assert " P-002 (block=128) is " in got.short
    assert " below baseline P-001 (block=64), " in got.short
    assert "lr" not in got.full


def test_so_does_a_variable_of_the_environment_but_for_one_that_the_config_says() -> None:
    b = ThreadBuilder(metrics=LOSS)
    for size, mean in (("64", 1.0), ("128", 0.9)):
        told = {"SIZE": size, "SCALE": f"0.{size}", "HOME_OF": "x"}
        first = b.end(b.plan("", {"size": int(size)}, environment=told), {"loss": mean})
        b.repeat(first, {"loss": mean + 0.01}, {"loss": mean - 0.01})
    got = said(b, "loss(size=128) < loss(size=64)")
    assert "of size=128 (P-002, SCALE=0.128) is" in got.short
    assert "below size=64 (P-001, SCALE=0.64), n" in got.short


def test_nothing_pooled_and_nothing_counted_is_open() -> None:
    got = said(two_arms(), "loss(arm=none) < loss(arm=old)")
    assert got.short == (
        "no evidence: whether loss(arm=none) < loss(arm=old) is open: nothing counts yet, n = 0 against 3"
    )


def test_a_mark_is_said_whole() -> None:
    thread = two_arms().thread()
    predicate = parse("loss(arm=new) < loss(arm=old)")
    found = evidence_of(thread, {"predicate": predicate.format(), "axes": ["arm", "command"]})
    found.mark(Mark("withdrawn", "12 of 20 withdrawn; with them: refuted", "of 20, 12"))
    got = sentence(thread, predicate, {}, found, {}, RULES)
    assert got.short.endswith("; 12 of 20 withdrawn; with them: refuted")


def test_a_number_so_small_is_not_zero() -> None:
    b = ThreadBuilder(metrics=[("err", "", "lower")])
    b.run("a", {"err": 4.9e-07}, {"k": 1})
    assert (
        "err of k=1 is 4.9e-07 (no interval), below 0.001, n = 1"
        in said(b, "err(k=1) < 0.001").short
    )


def test_the_full_form_leaves_nothing_out() -> None:
    b = two_arms()
    b.run("broken", {}, {"arm": "new"}, state="failed", reason="exit code 1")
    b.retract("P-001-r3", "the wrong data")
    got = said(
        b,
        "loss(arm=new) < loss(arm=old)",
        axes=["arm"],
        nuisance=["command"],
        override="the paper needs it",
        label_asked="stable",
        path="cluster",
    )
    for part in (
        "taken as no cause: command",
        "recorded against a refusal (asked as stable): the paper needs it",
        "not confirmed on the declared production path (cluster)",
        "1 failed: exit code 1 (P-003-r1)",
        "1 retracted: the wrong data (P-001-r3)",
        "n = 4 against 2",
    ):
        assert part in got.full, part


def test_what_was_only_reported_is_said_to_be() -> None:
    got = said(two_arms(), "", reported="a blog post")
    assert got.short == "no evidence: nothing here was measured"
    assert "reported: a blog post" in got.full


# ---- however much there is to say -----------------------------------------------------------------

words = st.text("ab cdé_=,", min_size=1, max_size=60).filter(str.strip)
values = st.one_of(words, st.integers(-(10**9), 10**9), st.lists(st.integers(0, 9), max_size=9))
subjects = st.builds(
    Subject,
    st.one_of(st.just(""), st.just("P-001"), words),
    st.lists(st.tuples(words, values), min_size=1, max_size=4).map(tuple),
)
numbers = st.floats(-1e12, 1e12, allow_nan=False)
samples = st.lists(numbers, max_size=5).map(summarise)


@st.composite
def clauses(draw: st.DrawFn) -> ClauseResult:
    right = draw(st.one_of(st.none(), subjects))
    clause = Clause(
        draw(words), draw(subjects), draw(st.sampled_from(["<", "<=", ">", ">=", "~="])),
        draw(st.sampled_from([1.0, 0.98])), draw(words) if right else "", right, draw(numbers), 1.0,
    )  # fmt: skip
    ends = draw(st.one_of(st.none(), st.tuples(numbers, numbers).map(sorted)))
    low, high = ends if ends else (None, None)
    result = ClauseResult(
        clause, draw(st.sampled_from([True, False, None])), draw(st.booleans()), False,
        draw(samples), draw(samples) if right else None,
        Interval(low, high, 0.95, "t", "" if ends else "one run has no spread"), "",
    )  # fmt: skip
    result.withheld = draw(st.sampled_from(["", "the sides did not take turns"]))
    return result


marks = st.builds(
    Mark,
    st.one_of(st.just("contended"), words),
    st.lists(st.text("abc", min_size=1, max_size=12), min_size=1, max_size=6).map(" ".join),
    words,
    st.sampled_from(["", *EARNED]),
)
evidences = st.builds(
    Evidence,
    st.sampled_from(LABELS),
    clauses=st.lists(clauses(), max_size=4),
    contrary=st.lists(st.just("P-001-r1"), max_size=3),
    counted=st.lists(st.just("P-001-r1"), max_size=4),
    marks=st.lists(marks, max_size=6),
    false_at=st.lists(words, max_size=3),
    blocked_code=st.sampled_from(["", "different-contracts", "share-of-nothing"]),
)


@settings(deadline=None)
@given(
    evidences,
    st.dictionaries(words, st.lists(values, min_size=1, max_size=12), max_size=4),
    st.sampled_from(["", "nats", "a long unit"]),
)
def test_the_short_form_stays_short_and_says_what_must_be_said(
    found: Evidence, over: dict[str, list[object]], unit: str
) -> None:
    thread = two_arms().thread()
    for result in found.clauses:
        thread.metrics[result.clause.metric] = MetricDef(result.clause.metric, unit)
    predicate = Predicate(tuple(result.clause for result in found.clauses))
    got = sentence(thread, predicate, axes_of(predicate, over), found, {}, RULES)
    assert len(got.short.split()) <= SHORT_WORDS, got.short
    assert got.short.startswith(("no evidence" if found.label == "none" else found.label) + ": ")
    if found.clauses:
        assert any(result.sizes in got.short for result in found.clauses)
    lowering = [mark for mark in found.marks if mark.caps or mark.code != "contended"]
    assert all(mark.full in got.full for mark in found.marks)
    shown = [mark for mark in lowering if mark.short in got.short]
    assert len(shown) == len(lowering) or re.search(r"\d (more )?marks?$", got.short)


def test_an_override_stands_between_the_sentence_and_the_words() -> None:
    b = two_arms()
    b.claim("so it is", predicate="loss(arm=new) > 0", override="needed", label_asked="stable")
    thread = b.thread()
    line = claim_line(thread.claims[0], thread, evidence_for(thread))
    assert ", n = 4 [override: asked as stable; needed]. Author: “so it is”" in line

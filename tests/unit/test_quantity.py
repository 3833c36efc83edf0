"""Numbers however they are written, and what only looks like one."""

from __future__ import annotations

import pytest

from leadline.core.text.quantity import quantities
from leadline.core.text.unbound import unbound_numbers
from leadline.testing.builders import ThreadBuilder


def said(text: str) -> list[tuple[str, float, str]]:
    return [(q.word, round(q.value, 4), q.kind) for q in quantities(text)]


@pytest.mark.parametrize(
    ("text", "word", "value", "kind"),
    [
        ("forty percent better", "forty percent", 40, "percent"),
        ("**forty** percent", "forty   percent", 40, "percent"),
        ("ninety-nine point five per cent", "ninety-nine point five per cent", 99.5, "percent"),
        ("a 40-percent gain", "40-percent", 40, "percent"),
        ("by ４０ %", "40 %", 40, "percent"),
        ("one hundred and fifty ms", "one hundred and fifty ms", 150, "measure"),
        ("a hundred tokens", "a hundred", 100, "measure"),
        ("two and a half times faster", "two and a half times", 2.5, "times"),
        ("a factor of three", "three", 3, "times"),
        ("tenfold", "tenfold", 10, "times"),
        ("a 3-fold gain", "3-fold", 3, "times"),
        ("×2 faster", "2", 2, "times"),
        ("two thirds of the time", "two thirds", 0.6667, "times"),
        ("about a third.", "a third", 0.3333, "times"),
        ("½ the cost", "½", 0.5, "measure"),
        ("1/3 slower", "1/3", 0.3333, "times"),
        ("half the memory", "half", 2, "times"),
        ("twice as fast", "twice as", 2, "times"),
        ("throughput doubled", "doubled", 2, "times"),
        ("several times faster", "several times faster", 0, "times"),
        ("12 of 12 seeds", "12 of 12 seeds", 12, "share"),
        ("nine out of ten", "nine out of ten", 9, "share"),
        ("n = 1000", "1000", 1000, "n"),
        ("sample size of 64", "64", 64, "n"),
        ("five random seeds", "five random seeds", 5, "runs"),
        ("a 30-seed average", "30-seed", 30, "runs"),
        ("three per arm", "three per arm", 3, "runs"),
        ("it was run three times", "three times", 3, "runs"),
        ("over five shapes", "five shapes", 5, "scope"),
        ("sub-5ms latency", "5ms", 5, "measure"),
        ("a 3.2-point gain", "3.2-point", 3.2, "measure"),
    ],
)
def test_a_quantity_is_read_however_it_is_written(
    text: str, word: str, value: float, kind: str
) -> None:
    assert said(text) == [(word, value, kind)]


@pytest.mark.parametrize(
    "text",
    [
        "octocat/lab#14, §4.2 and Section 3.1",
        "16x1024 on a 64-core machine",
        "a third run was started, in the second half",
        "double precision, half the way there, half precision",
        "the doubled cost of doubling the width",
        "7 tests passed within one hour",
        "one run, a single seed, the other one",
        "multipliers 0.5/1/2",
        "the sweep is at 12 of 40",
        "step 2673/10343 of experiment 582's plan",
        "run lib/12 of `4096`",
        "1st, v2.1, 2026-11-02, H100, v5p-8, d512, top-1",
        "since 2024 and in Hoaglin 1993",
    ],
)
def test_what_only_looks_like_a_quantity(text: str) -> None:
    assert said(text) == []


def thread_of_two() -> ThreadBuilder:
    b = ThreadBuilder("demo", "P")
    b.run(
        "",
        {"time_ms": 20.0},
        {"block": 64, "warmup": 0.1, "chunk": 2**20, "limit_s": 30, "block-kib": 1024},
    )
    b.run("", {"time_ms": 10.0}, {"block": 128, "batch": 32})
    return b


def stopped(text: str, predicate: str = "") -> list[str]:
    return [f["number"] for f in unbound_numbers(text, thread_of_two().thread(), None, predicate)]


def test_a_factor_in_words_is_asked_for_its_measurement_like_a_numeral() -> None:
    found = unbound_numbers("P-002 is twice as fast as P-001", thread_of_two().thread())
    assert [f["number"] for f in found] == ["twice as"]
    assert "time_ms.median / " in found[0]["suggestion"]
    assert not stopped("P-002 is twice as fast", "time_ms(block=128) <= 0.5 * time_ms(block=64)")
    assert not stopped("`twice as fast` is a quotation of P-001")


@pytest.mark.parametrize(
    ("text", "predicate", "left"),
    [
        ("batch 32, block 64, 10 % warmup, over two blocks", "", []),
        ("chunks of 1 MiB, blocks of 1024 KiB, for 30 s, 0.5 minutes", "", []),
        ("32 % faster, 64 ms, 1 GiB", "", ["32 %", "64 ms", "1 GiB"]),  # a setting is no result
        ("64 runs", "", ["64 runs"]),
        ("about half ({{P-002.time_ms / P-001.time_ms :.2f}})", "", []),
        ("about a third ({{P-002.time_ms / P-001.time_ms :.2f}})", "", ["a third"]),
        ("at least 20 % less", "t(P-002) <= 0.8 * t(P-001)", []),
        ("a fifth less", "t(P-002) <= 0.8 * t(P-001)", []),
        ("a third less", "t(P-002) <= 0.8 * t(P-001)", ["a third"]),
        ("at most 40", "t(P-002) < 40", []),
        ("forty percent", "t(P-002) < 40", ["forty percent"]),
        ("n = 1", "", []),
        ("n = 2", "", ["2"]),
        ("2 of 2 runs ended", "", []),
        ("1 of 2 seeds; 2 of 3 tasks", "", ["2 of 3"]),
    ],
)
def test_what_the_record_knows_may_be_said(text: str, predicate: str, left: list[str]) -> None:
    assert stopped(text, predicate) == left


def test_a_goal_is_said_as_one() -> None:
    b = ThreadBuilder("demo", "P", goal="40 % less")
    b.run("", {"time_ms": 20.0})
    assert unbound_numbers("the goal of 40 % is missed", b.thread()) == []
    assert unbound_numbers("it is 40 % less", b.thread())


def test_items_are_counted_by_the_record() -> None:
    b = ThreadBuilder("demo", "P")
    b.run("", {"time_ms": 20.0}, ended={"extraction": {"items": {"time_ms": {"n": 200}}}})
    assert unbound_numbers("over 200 questions", b.thread()) == []
    assert unbound_numbers("over 201 questions", b.thread())

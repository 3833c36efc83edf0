from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.core.record.thread import Thread
from leadline.core.text.lint import fix_format, lint
from leadline.testing.builders import ThreadBuilder


def thread() -> Thread:
    b = ThreadBuilder()
    b.run("a", {"time_ms": 1.5})
    b.snapshot("topic-s1")
    b.baseline("P-001")
    return b.thread()


THREAD = thread()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("see P-017", "undefined-id"),
        ("It beats the baseline, n=3", "baseline-without-value"),
        ("P-001 is 12 % faster", "no-n"),
        ("https://github.com/o/r/blob/main/x.md", "branch-link"),
        ("https://github.com/o/r/tree/research/topic", "branch-link"),
        ("see `#12`", "ticked-reference"),
    ],
)
def test_finds(text: str, code: str) -> None:
    found = lint(text, THREAD)
    assert [f.code for f in found] == [code]
    assert found[0].mend and found[0].where.startswith("line 1")


@pytest.mark.parametrize(
    "text",
    [
        "see P-001",
        "It beats the baseline P-B1, n=3",
        "the baseline of 712 ms",
        "P-001 is 12 % faster (n=3)",
        "https://github.com/o/r/blob/9f2c9f2c9f2c9f2c/x.md",
        "https://github.com/o/r/tree/topic-s1/x",
        "see #12",
        "`always`",
        "three significant figures",
        "```\nsee `#12`, always\n```",
        "RFC-3339",
    ],
)
def test_lets_through(text: str) -> None:
    assert lint(text, THREAD) == []


def test_a_claim_that_compares_needs_n_even_without_a_number() -> None:
    assert [f.code for f in lint("P-001 is faster", THREAD, what="claim")] == ["no-n"]
    (found,) = lint("it is faster", THREAD, "claim", predicate="time_ms(P-001) < 5")
    assert "{{P-001.time_ms.n}}" in found.mend
    assert lint("P-001 is faster", THREAD) == []


def test_fix_format() -> None:
    assert fix_format("see `#12` and `o/r#3`  \r\nx") == "see #12 and o/r#3\nx"
    assert fix_format("```\n`#12`\n```") == "```\n`#12`\n```"
    assert fix_format("one\\ntwo\\nthree") == "one\ntwo\nthree"


@given(st.text(alphabet="`#12 \r\n\\no/r~", max_size=60))
def test_fixing_twice_is_fixing_once(text: str) -> None:
    once = fix_format(text)
    assert fix_format(once) == once


def test_what_to_add_is_of_this_thread() -> None:
    (found,) = lint("P-001 is 12 % faster", THREAD)
    (name,) = re.findall(r"\{\{(P-\d+)\.\w+\.n\}\}", found.mend)
    assert name in THREAD.experiments

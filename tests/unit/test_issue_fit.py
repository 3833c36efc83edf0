"""The derived body and comments within a forge's limit: never above it, never an error, and the
rest is linked."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.render.issue.fit import FOLD_CHARS, cut_comment, fitted, halved
from tests.chance import examples

NAMES = (
    "Description",
    "TL;DR",
    "Results",
    "Claims",
    "Decision log",
    "Negative results",
    "Links",
    "Conclusion",
)
PAGE = "https://github.com/o/r/blob/" + "a" * 40 + "/t/logbook.md"
lines = st.text(alphabet="ab |`~-\n<>🌈", max_size=60)
long_texts = st.builds(lambda line, n: "\n".join([f"- {line}"] * n), lines, st.integers(0, 120))


@settings(max_examples=examples(150))
@given(st.lists(long_texts, min_size=len(NAMES), max_size=len(NAMES)), st.integers(700, 8_000))
def test_the_body_is_never_longer_than_the_forge_takes(texts: list[str], limit: int):
    sections = list(zip(NAMES, texts, strict=True))
    whole, short = fitted(sections, "_m_", PAGE), fitted(sections, "_m_", PAGE, limit)
    assert len(short) <= limit
    if len(whole) <= limit:
        assert short == whole
    else:
        assert PAGE in short
    assert short.count("<details>") == short.count("</details>") or any(
        "details" in t for t in texts
    )


def test_a_long_listing_is_folded_and_what_a_reader_came_for_is_not():
    long = "\n".join(f"- line {n}" for n in range(400))
    body = fitted([("TL;DR", long), ("Claims", long), ("Results", "short")], "_m_", PAGE)
    assert len(long) > FOLD_CHARS and body.count("<details>") == 1
    assert body.index("<details>") > body.index("## Claims")
    assert "<summary>Claims: 400 lines</summary>\n\n- line 0" in body, (
        "Markdown inside a fold needs the empty line"
    )


def test_the_newest_decisions_stay_and_a_table_keeps_its_head():
    table = "\n".join(["| id | what |", "|----|------|", *(f"| D{n} | x |" for n in range(10))])
    once = halved(table, PAGE, oldest_first=True)
    assert (
        once.startswith("| id | what |\n|----|------|\n| D5 | x |")
        and "5 more lines in the [research logbook](" in once
    )
    assert "D0" in halved(table, PAGE) and "D9" not in halved(table, PAGE)


def test_ten_thousand_claims_still_fit_where_github_is_full():
    claims = "\n".join(
        f"- P-C{n}: a claim of some length that says what was found" for n in range(10_000)
    )
    body = fitted(
        [("TL;DR", "- 1 experiment"), ("Claims", claims), ("Conclusion", "open")],
        "_m_",
        PAGE,
        65_000,
    )
    assert (
        30_000 < len(body) <= 65_000
        and "## Conclusion\n\nopen" in body
        and "- 1 experiment" in body
    )


@given(lines, st.integers(1, 3_000), st.integers(1_000, 20_000))
def test_a_comment_is_cut_where_it_is_too_long_and_says_where_the_rest_is(
    line: str, n: int, limit: int
):
    text = "\n".join([line] * n)
    cut = cut_comment(text, limit, PAGE)
    assert len(cut) <= limit
    assert cut == text if len(text) <= limit else PAGE in cut


@pytest.mark.parametrize("fence", ["```", "~~~~"])
def test_a_fence_that_is_cut_is_closed(fence: str):
    text = "\n".join(["### T", fence, *["line"] * 500, fence, "after"])
    cut = cut_comment(text, 1_000, PAGE)
    assert cut.count(fence) == 2 and cut.index(fence, 10) < cut.index("characters are too many")

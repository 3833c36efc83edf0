"""The managed block: what is outside is given back byte for byte, an edit inside shows, twice is
once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from leadline.core.managed_block import OVERHEAD_CHARS, holds, outside, put, split, wrap

PIECES = [
    "a",
    " ",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "ü",
    "🌈",
    "<!-- leadline:begin",
    " sha256:0123456789abcdef",
    " -->",
    "<!-- leadline:end -->",
    "<!-- leadline:update:01J -->",
    "<!--",
    "-->",
    "## x",
    "\u2028",
    "\x00",
]
texts = st.one_of(st.text(max_size=40), st.lists(st.sampled_from(PIECES), max_size=14).map("".join))


@given(texts, texts, texts)
def test_what_is_outside_stays_byte_for_byte(before: str, after: str, text: str):
    body = before + wrap("first") + after
    parts = split(body)
    now = put(body, text)
    assert now == parts.before + wrap(text) + parts.after
    if parts.block == "first":  # the pieces around it made no block of their own
        assert (parts.before, parts.after) == (before, after)
        assert now == before + wrap(text) + after


@given(texts, texts, st.booleans())
def test_twice_is_once_and_people_keep_every_character(body: str, text: str, below: bool):
    once = put(body, text, below)
    assert put(once, text, below) == once
    assert holds(once, text)
    parts = split(body)
    for piece in (parts.before, parts.after):
        assert piece in once
    assert len(once) <= len(body) + len(wrap(text)) + 3


@given(texts, texts, texts)
def test_the_next_text_replaces_the_last_and_nothing_else(body: str, first: str, second: str):
    once = put(body, first)
    assert outside(put(once, second)) == outside(once)


def test_a_browser_that_sends_other_line_ends_is_no_edit():
    body = put("Ada:\r\nplease look.\r\n", "one\n\ntwo")
    sent = body.replace("\r\n", "\n").replace("\n", "\r\n")
    assert not split(sent).edited and holds(sent, "one\n\ntwo")
    assert put(sent, "three").endswith("Ada:\r\nplease look.\r\n")


def test_an_edit_inside_shows_and_a_mangled_marker_is_an_edit():
    body = put("", "derived\n\ntext")
    assert not split(body).edited
    assert split(body.replace("text", "TEXT")).edited
    without = body.replace(body[body.index(" sha256") : body.index(" (derived")], "")
    assert split(without).edited and split(without).block == "derived\n\ntext"


def test_a_marker_that_is_left_alone_costs_nobody_a_word():
    body = put("above\n", "derived")
    lost_end = body.replace("<!-- leadline:end -->", "")
    assert split(lost_end).block is None
    now = put(lost_end, "new")
    assert holds(now, "new") and "derived" in now and "above" in now
    stray = "<!-- leadline:begin sha256:0123456789abcdef -->\nmine\n" + put("", "derived")
    assert (
        split(put(stray, "new")).before == "<!-- leadline:begin sha256:0123456789abcdef -->\nmine\n"
    )


def test_the_cost_of_the_markers_is_known():
    assert len(wrap("x" * 100)) == OVERHEAD_CHARS + 100

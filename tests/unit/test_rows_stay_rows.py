"""Whatever a text holds, what a terminal shows has the rows that harmless words give it."""

from __future__ import annotations

from itertools import repeat

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leadline.core.evidence.known import evidence_for
from leadline.core.record.thread import Thread
from leadline.render.table import table
from leadline.render.terminal.brief import render_brief
from leadline.render.terminal.show import render_show
from leadline.render.terminal.status import render_status
from tests.chance import examples
from tests.hostile import HARM, HARMFUL, dangerous, hostile_thread

TEXTS = st.lists(
    st.one_of(
        st.sampled_from([*HARM.values(), "\n", "\r", "\x1b]", "\n  more", "P-N9  note", "| "]),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    ),
    max_size=6,
).map(" ".join)


def thread_of(text: str) -> Thread:
    return hostile_thread(repeat(f"w{text}"), text).thread()


def listings(thread: Thread) -> dict[str, str]:
    known = evidence_for(thread)
    return {
        "status": render_status(thread, known),
        "brief": render_brief(thread, known, budget_chars=10**6),
    }


def shown(thread: Thread) -> dict[str, str]:
    known = evidence_for(thread)
    things = [*thread.experiments.values(), *thread.runs, *thread.items.values()]
    return {thing.id: render_show(thing, thread, known) for thing in things}


def rows(text: str) -> list[str]:
    """What each line begins with; the user's own names, which begin with o or w, as one."""
    begins = (line[:5].split(" ")[0] if line[:1] != " " else " " for line in text.splitlines())
    return ["own" if begin[:1] in ("o", "w") else begin for begin in begins]


def labels(text: str) -> list[str]:
    """Lines that begin at the left; what goes on over lines is indented."""
    return [row for row in rows(text) if row.strip()]


HARMLESS = thread_of("ord")


@settings(max_examples=examples(40), deadline=None)
@given(TEXTS)
@example(HARMFUL)
def test_a_listing_has_one_line_a_row(text: str) -> None:
    expected = listings(HARMLESS)
    for name, listing in listings(thread_of(text)).items():
        assert not dangerous(listing), name
        assert len(listing.splitlines()) == len(expected[name].splitlines()), f"{name}\n{listing}"


@settings(max_examples=examples(40), deadline=None)
@given(TEXTS)
@example(HARMFUL)
def test_one_thing_has_its_fields_and_no_other(text: str) -> None:
    expected = shown(HARMLESS)
    for name, page in shown(thread_of(text)).items():
        assert not dangerous(page), name
        assert labels(page) == labels(expected[name]), f"{name}\n{page}"


@pytest.mark.parametrize("text", ["two\nlines", "a\u2028b", "x" * 500])
def test_a_heading_of_a_column_is_on_one_line_and_cut(text: str) -> None:
    lines = table([text, "b"], [["1", "2"]]).splitlines()
    assert len(lines) == 2 and max(map(len, lines)) < 80

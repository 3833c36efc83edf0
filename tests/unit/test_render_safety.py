"""What comes from outside cannot break a page, and the logbook only ever grows."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from leadline.core.evidence.known import evidence_for
from leadline.core.plain import one_line
from leadline.core.record.event import Record
from leadline.core.record.fold import fold
from leadline.render.issue.comments import render_update
from leadline.render.logbook.entries import entries, log_entries, render_logbook
from leadline.render.markdown import (
    Anchors,
    cell_code,
    code,
    data,
    escaped,
    fence,
    prose,
    prose_line,
    table,
)
from leadline.render.terminal.brief import render_brief
from leadline.render.terminal.show import render_show
from leadline.render.terminal.status import render_status
from leadline.testing.builders import ThreadBuilder
from leadline.testing.example_thread import finished
from tests.chance import examples
from tests.unit.rendered import issue_body

NASTY = (
    "\x1b[31mred\x1b[0m | `x` ``` @octocat <script>alert(1)</script>\n"
    "### 2026-01-01 00:00 - P-001 fake\n<!-- leadline:end -->\u202e"
)
TEXTS = st.lists(
    st.sampled_from(
        [*"`|<>@#-\n\\*_~ ab1&;!\x1b[]()", "```", "~~~", "<!-- leadline:end -->", "### ", "\n"]
    ),
    max_size=30,
).map("".join)


def nasty_thread(text: str = NASTY) -> ThreadBuilder:
    b = ThreadBuilder(
        title=text, goal=text, stop=[text], description=text, metrics=[("time|ms`", "m|s", "lower")]
    )
    b.hypothesis(text)
    b.run(text, {"time|ms`": 1.0}, {text: text})
    b.baseline("P-001", text)
    b.run(
        text,
        state="failed",
        reason=text,
        ended={"outputs": {"excerpt": text, "excerpt_of": "stderr"}},
    )
    b.note(text, ["P-001"], text)
    b.note(text, ["P-001"], "negative")
    b.decision(text, [], text)
    b.claim(text, ["P-001"])
    b.change("goal", text, text)
    b.refuse("x", text, text)
    b.finish(text, worked=[text])
    return b


def test_nothing_escapes_into_the_page() -> None:
    thread = nasty_thread().thread()
    known = evidence_for(thread)
    book, body = render_logbook(thread, known), issue_body(thread, known)
    for page in (book, body, render_update(thread, known)):
        assert "\x1b" not in page and "\u202e" not in page
        page = re.sub(r"^ *(`{3,})\w*\n.*?^ *\1$", "", page, flags=re.S | re.M)
        outside = re.sub(r"(?<![\\`])(`+)(?!`)[^\n]*?(?<!`)\1(?!`)", "", page)
        assert not re.search(r"(?<!\\)<script", outside)
        assert "@octocat" not in outside
    assert "<!-- leadline:" not in body
    assert [e.heading for e in entries(book)] == [e.heading for e in log_entries(thread)]
    for shown in (
        render_status(thread, known),
        render_brief(thread, known),
        *(
            render_show(x, thread, known)
            for x in [*thread.experiments.values(), *thread.runs, *thread.items.values()]
        ),
    ):
        assert "\x1b" not in shown and "\u202e" not in shown


@settings(max_examples=examples(25), deadline=None)
@given(TEXTS)
def test_entries_are_found_again_whatever_is_said(text: str) -> None:
    thread = nasty_thread(text).thread()
    found, made = entries(render_logbook(thread)), log_entries(thread)
    assert [e.heading for e in found] == [e.heading for e in made]
    assert [e.body for e in found] == [e.body for e in made]


@given(TEXTS)
def test_cells_and_fences_hold(text: str) -> None:
    for cell in (data(text), cell_code(text), prose_line(text)):
        assert "\n" not in cell and not re.search(r"(?<!\\)(?:\\\\)*\|", re.sub(r"\\\|", "", cell))
    ticks = fence(text).split("\n")[0]
    assert not any(line.startswith(ticks) for line in fence(text).split("\n")[1:-1])
    assert code(text).startswith("`") and code(text).endswith("`")
    assert (
        not re.search(
            r"^#{1,6}\s", re.sub(r"^(`{3,}|~{3,}).*?^\1", "", prose(text), flags=re.S | re.M), re.M
        )
        or "```" in text
        or "~~~" in text
    )


def test_anchors_as_github_makes_them() -> None:
    a = Anchors()
    assert (
        a.of("2026-11-02 09:06 - P-001 `block` 128, fast!")
        == "2026-11-02-0906---p-001-block-128-fast"
    )
    assert [a.of("Same"), a.of("Same"), a.of("Same")] == ["same", "same-1", "same-2"]


def test_tables_line_up() -> None:
    lines = table(("a", "b"), [("x", "10"), ("longer", "2")], right=(1,)).split("\n")
    assert len({len(line) for line in lines}) == 1 and lines[1].endswith(":|")


def test_a_record_only_ever_adds_to_the_log() -> None:
    records = finished().records
    before: list[object] = []
    for n in range(1, len(records) + 1):
        now: list[object] = list(log_entries(fold(records[:n])))
        assert now[: len(before)] == before and len(now) <= len(before) + 1
        before = now
    assert len(before) > 20


def test_the_same_status_again_is_counted_and_not_written() -> None:
    b = ThreadBuilder()
    for _ in range(4):
        b.note("still waiting", role="status")
    thread = b.thread()
    assert len(log_entries(thread)) == 1
    assert "**P-N1** was said 4 times without change" in render_logbook(thread)


def test_what_is_missing_is_listed_until_it_is_given_and_in_the_brief_alone() -> None:
    b = ThreadBuilder()
    b.run("a", {"time_ms": 1.0})
    assert "interpretation of P-001" in render_brief(b.thread())
    assert "interpretation" not in render_status(b.thread()) + render_logbook(b.thread())
    b.note("fine", ["P-001"], "interpretation")
    assert "interpretation of" not in render_brief(b.thread())
    assert "the next step: " in render_brief(b.thread())
    b.note("widen it", ["P-001"], "next")
    assert "the next step: " not in render_brief(b.thread())


LONG = finished()
for _number in range(30):
    LONG.run(f"further {_number} " + "word " * 20, {"time_ms": 600.0 + _number}, {"block": _number})
    LONG.claim("Claim " + "many words " * 30, ["PA-002"])
LONG_THREAD = LONG.thread()


@settings(max_examples=examples(40), deadline=None)
@given(st.integers(0, 6000))
def test_the_brief_keeps_its_budget(budget: int) -> None:
    shown = render_brief(
        LONG_THREAD,
        None,
        {"due": True, "form": "update", "why": "w" * 300, "since": ""},
        budget_chars=budget,
    )
    assert len(shown) <= budget


def test_the_brief_says_what_it_left_out_and_keeps_the_order() -> None:
    shown = render_brief(LONG_THREAD, budget_chars=4000)
    assert re.search(r"… and \d+ more: leadline claims", shown)
    assert shown.index("Goal:") < shown.index("State:") < shown.index("What we know")
    assert len(shown) > 3000


def test_rendering_is_a_function_of_the_record_alone() -> None:
    records = finished().records
    assert render_logbook(fold(records)) == render_logbook(fold(list(reversed(records))))
    assert issue_body(fold(records)) == issue_body(fold(list(reversed(records))))


def test_an_old_entry_keeps_the_number_it_was_written_with() -> None:
    b = ThreadBuilder()
    b.run("a", {"time_ms": 100.0})
    b.note("It takes {{P-001.time_ms}}.", ["P-001"])
    b.repeat("P-001", {"time_ms": 200.0})
    before = log_entries(b.thread())[1]
    assert before.body.endswith("It takes 100 ms.")
    b.correct("P-001", "title", "renamed")
    b.retract("P-001", "wrong")
    thread = b.thread()
    assert log_entries(thread)[1] == before
    assert "**P-N1** cites `P-001.time_ms` as 100; it no longer holds" in render_logbook(thread)


def test_the_value_shown_in_an_entry_is_the_stored_one() -> None:
    b = ThreadBuilder()
    b.run("a", {"time_ms": 100.0})
    body = {
        "id": "P-N1",
        "text": "It takes {{P-001.time_ms}}.",
        "refs": {},
        "bound": {"P-001.time_ms": 90.0},
    }
    b.record("note", body)
    assert log_entries(b.thread())[1].body == "It takes 90 ms."
    assert "it is now 100" in render_logbook(b.thread())


def test_higher_is_better_and_failed_runs_count_for_nothing() -> None:
    b = ThreadBuilder(metrics=[("accuracy", "", "higher")])
    b.run("low", {"accuracy": 0.5})
    b.run("high", {"accuracy": 0.75})
    b.run("high", {"accuracy": 0.99}, state="failed", reason="exit code 1", experiment="P-002")
    rows = [line for line in issue_body(b.thread()).split("\n") if line.startswith("| P-0")]
    assert [[cell.strip() for cell in row.split("|")[1:5]] for row in rows] == [
        ["P-002", "high", "1", "0.75"],
        ["P-001", "low", "1", "0.5"],
    ]


def test_the_brief_is_cut_between_items() -> None:
    whole = set(render_brief(LONG_THREAD, budget_chars=10**6).split("\n"))
    for budget in range(700, 4000, 150):
        lines = render_brief(LONG_THREAD, budget_chars=budget).split("\n")
        assert all(line in whole or line.startswith("  … and ") for line in lines)


def test_what_was_let_through_says_so_wherever_its_text_stands():
    def record(number, kind, body):
        return Record(f"{number:026d}", "2026-01-01T00:00:00.000Z", "t", "w", kind, "ada", body, "")

    records = [
        record(1, "thread-started", {"prefix": "P"}),
        record(2, "decision", {"id": "P-D1", "text": "ship it", "no_evidence": "a hunch"}),
        record(
            3,
            "claim",
            {
                "id": "P-C1",
                "text": "it is fast",
                "override": "the boss said",
                "label_asked": "stable",
                "reported": "a blog",
            },
        ),
    ]
    thread = fold(records)
    for page in (render_logbook(thread), issue_body(thread)):
        assert "reported, not measured: a blog" in page and "asked as stable; the boss said" in page
        assert "without evidence: a hunch" in page
    assert "a blog" in render_brief(thread)


CALLS = (
    r"@ada \@ada .@ada /@ada @@ada _@ada_ *@ada* **@ada**, (@ada) [@ada] \\@ada",
    "&#64;ada &#x40;ada &commat;ada @\u200bada a`b @ada",
    "http://localhost/@ada x.https://a.b/@ada https://a.b>@ada",
)


@pytest.mark.parametrize("text", CALLS)
def test_nobody_is_called_however_it_is_written(text: str) -> None:
    """The page as a person sees it: outside of code no name follows an @, as GitHub looks for them."""
    for written in (prose(text), prose_line(text), data(text)):
        for token in MarkdownIt("commonmark").parseInline(written)[0].children or []:
            if token.type == "text":
                assert not re.search(r"(?:^|\W)@[A-Za-z0-9]", token.content), written
        assert written.count("ada") == text.count("ada")


def test_addresses_and_references_stay_links() -> None:
    said = (
        "see https://example.org/@ada/x#1, ada@example.org, #12 and `#34` and `o/r#5`, not ``#6``"
    )
    assert (
        prose(said) == prose_line(said) == said.replace("`#34`", "#34").replace("`o/r#5`", "o/r#5")
    )


@settings(max_examples=examples(1500), deadline=None)
@given(st.text("a0.) (1-+#&@_<!`x; /:='%,~|", max_size=6))
def test_what_is_shown_as_it_stands_has_nothing_to_escape(text: str) -> None:
    assert data(text) == escaped(one_line(text))

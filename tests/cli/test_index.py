"""`leadline index` and the page it is on the record branch: complete, in order, safe, and each link
leads somewhere."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from itertools import permutations
from xml.etree import ElementTree

import pytest

from leadline.render.branch.badge import COLOURS, badge_files
from leadline.render.branch.index import Entry, grouped, render_index
from tests.conftest import WHATEVER_IS_MISSING, Lab

HOSTILE = "Pipes | <b>bold</b> ![x](https://evil.example/a.png) [x](javascript:alert(1)) @ada `"


def _threads(lab: Lab) -> None:
    """Five threads, three categories, one that says why it has none, one that says nothing."""
    begin = ("--no-branch", "--success", "time_ms:ms:lower")
    lab.ok("start", "decode", *begin, "--category", "Kernels", "--goal", "halve decode latency")
    lab.ok("run", "--thread", "decode", "--", sys.executable, "-c", "print('{\"time_ms\": 3.5}')")
    lab.ok(
        "start", "hostile", *begin, "--title", HOSTILE, "--category", "kernels", "--goal", HOSTILE
    )
    lab.ok("start", "data", *begin, "--category", "Data | quality", "--goal", "dedup")
    lab.ok("start", "once", *begin, "--uncategorised", "asked once by operations")
    lab.ok("start", "lost", *begin)


@pytest.fixture
def threads(as_built: Callable[..., Lab], lab_template: Lab) -> Lab:
    return as_built(_threads, lab_template)


def page(lab: Lab) -> str:
    lab.run("sync")
    return lab.git("show", "leadline/records:README.md")


def test_every_thread_is_listed_once_by_category(threads: Lab) -> None:
    text = page(threads)
    assert re.findall(r"^## (.+)$", text, re.M) == ["Data \\| quality", "Kernels", "Uncategorised"]
    for topic in ("decode", "hostile", "data", "once", "lost"):
        assert text.count(f"]({topic}/logbook.md)<br>") == 1
    assert "5 threads (5 open), 1 experiment; 1 without a category or a reason" in text
    assert "best time\\_ms" not in text and "best time_ms so far: 3.5 ms" in text
    assert (
        "asked once by operations" in text
        and threads.ok("index", "--markdown").rstrip() == text.rstrip()
    )


def test_each_link_of_the_page_leads_somewhere(threads: Lab) -> None:
    text = page(threads)
    held = threads.git("ls-tree", "-r", "--name-only", "leadline/records").split("\n")
    from markdown_it import MarkdownIt

    tokens = [
        t
        for block in MarkdownIt("commonmark").enable("table").parse(text)
        for t in block.children or []
    ]
    links = [t.attrs["href"] for t in tokens if t.type == "link_open"]
    pictures = [t.attrs["src"] for t in tokens if t.type == "image"]
    assert len(links) >= 15 and len(pictures) >= 5
    inside = [link for link in [*links, *pictures] if not str(link).startswith("#")]
    # a link that somebody wrote into a goal: shown as one, never as a picture
    said = ["https://evil.example/a.png"]
    assert [link for link in inside if link not in held] == said, (
        "relative, on this branch, nothing from elsewhere"
    )
    assert not set(said) & set(pictures)
    assert not [t for t in tokens if t.type == "html_inline" and t.content != "<br>"]
    from leadline.render.markdown import Anchors

    anchors = Anchors()
    headings = {anchors.of(h) for h in re.findall(r"^#+ (.+)$", text, re.M)}
    assert {str(link)[1:] for link in links if str(link).startswith("#")} <= headings


def test_a_table_row_is_never_broken(threads: Lab) -> None:
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").enable("table").parse(page(threads))
    rows = "".join(
        "r" if t.type == "tr_open" else "c" if t.type in ("td_open", "th_open") else ""
        for t in tokens
    )
    assert set(rows.split("r")[1:]) == {"ccccc"} and rows.count("r") == 3 + 5
    assert HOSTILE.replace("@ada `", "") in "".join(
        "".join(c.content for c in t.children if c.type in ("text", "code_inline"))
        for t in tokens
        if t.type == "inline"
    )


def test_the_thread_that_nobody_placed_is_named_with_the_command(threads: Lab) -> None:
    done = threads.run("index", "--check")
    assert (
        done.returncode == 6
        and "leadline correct lost category='…'" in done.stdout
        and "once has no cat" in done.stdout
    )
    notes = threads.json("verify")["data"]["notes"]
    assert [(n["thread"], n["code"]) for n in notes if n["code"] == "uncategorised"] == [
        ("lost", "uncategorised")
    ]
    threads.ok("correct", "lost", "category=Data | quality")
    assert threads.run("index", "--check").returncode == 0
    assert threads.json("index")["counts"] == {"threads": 5, "uncategorised": 0}
    assert not [n for n in threads.json("verify")["data"]["notes"] if n["code"] == "uncategorised"]


def test_one_thread_alone_is_not_nagged_about(lab: Lab) -> None:
    lab.ok("start", "only", "--no-branch")
    assert lab.json("verify")["data"]["notes"] == []


def test_the_label_is_that_of_the_strongest_claim_and_the_outcome_that_of_the_end(
    threads: Lab,
) -> None:
    threads.ok("claim", "decode is quick", "--that", "time_ms(DEC-001) < 100", "--thread", "decode")
    row = next(t for t in threads.json("index")["data"]["threads"] if t["topic"] == "decode")
    assert (row["state"], row["label"]) == ("open", "exploratory")
    assert row["headline"].startswith("exploratory: time_ms of DEC-001 is ")
    assert row["headline"].endswith("Author: “decode is quick”")
    assert "![open](.badges/open.svg) ![exploratory](.badges/exploratory.svg)" in page(threads)
    threads.ok(
        "finish",
        "--thread",
        "decode",
        "--override",
        WHATEVER_IS_MISSING,
        "a test",
        "--conclusion",
        "use small blocks",
    )
    threads.ok("seal", "one", "--thread", "decode")
    row = next(t for t in threads.json("index")["data"]["threads"] if t["topic"] == "decode")
    assert row["state"] == "finished" and row["headline"].startswith("exploratory: time_ms of ")
    assert row["headline"].endswith("Conclusion: “use small blocks”")
    assert "[DEC-S1](decode/snapshots/one/bundle.md)" in page(threads)


def test_without_a_thread_there_is_an_empty_index(lab: Lab) -> None:
    assert "No thread yet" in lab.ok("index")


def entry(topic: str, category: str = "", state: str = "open", at: str = "2026-01-01") -> Entry:
    return Entry(topic, topic, "P", category, "", state, "", "", at, True, 0, 0, "", "", [], "")


def test_the_order_depends_on_nothing_but_the_threads() -> None:
    entries = [
        entry("a", "x", "finished", "2026-03-01"),
        entry("b", "x", "open", "2026-01-01"),
        entry("c", "x", "open", "2026-02-01"),
        entry("d", "x", "running", "2025-01-01"),
        entry("e"),
    ]
    for order in permutations(entries):
        groups = grouped(sorted(order, key=lambda e: e.topic))
        assert [(name, [e.topic for e in members]) for name, members in groups] == [
            ("x", ["d", "c", "b", "a"]),
            ("", ["e"]),
        ]
    assert render_index([]).startswith("# Research threads\n\nNo thread yet, 0 experiments.")


def test_badges_are_pictures_of_their_own_that_can_be_read() -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    assert all(1.05 / (luminance(c) + 0.05) >= 4.5 for c in COLOURS.values())
    for path, content in badge_files().items():
        root = ElementTree.fromstring(content)
        assert root.attrib["aria-label"] == path.removeprefix(".badges/").removesuffix(".svg")
        assert b"href" not in content and b"script" not in content

"""Anchors of headings: as GitHub makes them, as the library that imitates it does, as Markdown
reads them."""

from __future__ import annotations

import json
import random
import subprocess
import unicodedata

import pytest

from leadline.core.plain import one_line
from leadline.render.markdown import Anchors, data, slug
from tests.github.conftest import FOLDER, node

SLUGGER = FOLDER / "node_modules" / "github-slugger" / "index.js"

# Seen on GitHub, in this order on one page: (heading, its anchor).
SEEN_ON_GITHUB = [
    ("echo", "echo"),
    ("echo", "echo-1"),
    ("echo 1", "echo-1-1"),
    ("echo-1", "echo-1-2"),
    ("echo", "echo-2"),
    ("foxtrot-1", "foxtrot-1"),
    ("foxtrot", "foxtrot"),
    ("foxtrot", "foxtrot-2"),
    ("heading with a - dash", "heading-with-a---dash"),
    ("heading with an _ underscore", "heading-with-an-_-underscore"),
    ("heading with a period.txt", "heading-with-a-periodtxt"),
    ("apostrophe’s should be trimmed", "apostrophes-should-be-trimmed"),
    ("I ♥ unicode", "i--unicode"),
    ("en–dash", "endash"),
    ("😄 - an emoji", "---an-emoji"),
    (":ok_hand: Single", "ok_hand-single"),
    ("Профили пользователей", "профили-пользователей"),
    ("Привет non-latin 你好", "привет-non-latin-你好"),
]


def test_anchors_seen_on_github() -> None:
    anchors = Anchors()
    assert [anchors.of(heading) for heading, _ in SEEN_ON_GITHUB] == [
        anchor for _, anchor in SEEN_ON_GITHUB
    ]


@pytest.mark.parametrize(
    ("text", "anchor"), [("R² is 0.9", "r-is-09"), ("½ price", "-price"), ("हिन्दी", "हिन्दी")]
)
def test_what_is_a_word_to_python_and_to_github_differs(text: str, anchor: str) -> None:
    assert slug(text) == anchor


def by_library(headings: list[str], script: str) -> list[str]:
    if not SLUGGER.exists():
        pytest.skip("no github-slugger here: python tools/counterparts.py")
    code = f"import S,{{slug}} from '{SLUGGER}'; const i=JSON.parse(require('fs').readFileSync(0,'utf8')); {script}"
    code = code.replace("require('fs')", "fs")
    done = subprocess.run(
        [str(node()), "--input-type=module", "-e", f"import fs from 'fs'; {code}"],
        input=json.dumps(headings), capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: list[str] = json.loads(done.stdout)
    return found


def titles(n: int) -> list[str]:
    """Headings that collide often, with what people and logs put into them."""
    chosen = random.Random(7)
    parts = [
        "a",
        "A",
        "1",
        "-1",
        " ",
        "  ",
        "-",
        "_",
        ".",
        "²",
        "é",
        "ß",
        "İ",
        "ς",
        "Σ",
        "漢",
        "ि",
        "😄",
        "`",
        "*",
        "**",
    ]
    parts += [
        "[x](y)",
        "<b>",
        "&amp;",
        "\\",
        "|",
        "#",
        "~",
        ":",
        "P-001",
        "@ada",
        "2026-01-02 03:04 - ",
        "!",
        "x_y_z",
    ]
    return ["".join(chosen.choices(parts, k=chosen.randint(1, 5))) for _ in range(n)]


def test_a_page_of_headings_gets_the_anchors_of_the_library() -> None:
    headings = [
        t for t in (one_line(t).replace("`", "").replace("*", "") for t in titles(3000)) if slug(t)
    ]
    # no markup: the heading is its text
    plain = [h for h in headings if data(h) == h and "#" not in h]
    assert len(plain) > 300 and len(set(plain)) < len(plain)
    anchors = Anchors()
    expected = by_library(
        plain, "const s=new S(); process.stdout.write(JSON.stringify(i.map(t=>s.slug(t))))"
    )
    assert [anchors.of(h) for h in plain] == expected


def test_every_character_falls_away_or_stays_as_in_the_library() -> None:
    """Those of Unicode 3.2: the library's tables are older than Python's."""
    old = [
        c
        for c in map(chr, range(0x110000))
        if unicodedata.ucd_3_2_0.category(c) not in ("Cn", "Cs")
    ]
    expected = by_library(
        [f"a{c}b" for c in old], "process.stdout.write(JSON.stringify(i.map(t=>slug(t))))"
    )
    assert [c for c, e in zip(old, expected) if slug(f"a{c}b") != e] == []


def test_the_anchor_is_that_of_the_text_that_markdown_shows() -> None:
    from markdown_it import MarkdownIt

    parse = MarkdownIt("commonmark")
    for title in titles(2000):
        heading = data(title)
        inline = parse.parse(f"### x{heading}")[1]
        shown = "".join(
            c.content
            for c in inline.children or []
            if c.type in ("text", "code_inline", "text_special")
        )
        assert Anchors().of(f"x{heading}") == slug(shown.strip()), (title, heading)

"""Append, typo or link fix, and rewrite are told apart entry by entry, whatever the order of the
log."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.core.publish.append_only import classify, only_grew, sections
from tests.chance import examples
from tests.conftest import SHARED_DATA

LOG = """# Log

Intro.

### 2026-01-01 10:00 - P-001 first
- Command: `./bench`
- Result: 12.5 ms, it did not crash; see [run](https://x.example/1)

```sh
### not a heading
```

### 2026-01-02 10:00 - P-002 second
Took 13 ms. The optimizer was imlpemented twice.
"""


@settings(max_examples=examples(200))
@given(*[st.lists(st.sampled_from(("a", "b", "# H", "---", " ", "", "END", "ä")), max_size=6)] * 2)
def test_what_only_grew_at_a_look_only_grew_at_a_closer_one(
    old: list[str], more: list[str]
) -> None:
    was = "\n".join(["header", "END", *old])
    for now in (was + "\n" + "\n".join(more), "\n".join(["other", "END", *more, *old]), was + "c"):
        looked = only_grew(was.encode(), now.encode(), "END")
        closer = classify(was, now, "END").kind
        assert not looked or closer in ("same", "append")
    assert only_grew(f"{LOG}".encode(), f"{LOG}\n## More\n".encode())
    assert not only_grew(LOG.encode(), LOG.replace("13 ms", "12 ms").encode(), "# Log")
    assert not only_grew(LOG.encode(), LOG.rstrip().encode() + b"c")


def test_fences_hide_headings() -> None:
    assert [s.heading for s in sections(LOG)] == [
        "Log",
        "2026-01-01 10:00 - P-001 first",
        "2026-01-02 10:00 - P-002 second",
    ]


@pytest.mark.parametrize(
    ("text", "headings"),
    [
        ("<!--\nTemplate:\n\n### WHEN - <label>\n-->\n\n## One\n", ["One"]),
        ("  <!-- ### WHEN\n## no\n```\n## no\n--> \n## One\n", ["One"]),  # nor is a fence opened
        ("<!-- one line -->\n## One\n", ["One"]),
        ("## One\na <!-- in a line\n## Two\n", ["One", "Two"]),
        ("```\n<!--\n```\n## One\n", ["One"]),
        ("## One\n<!-- never closed\n## no\n", ["One"]),
    ],
)
def test_comments_hide_headings_and_lose_nothing(text: str, headings: list[str]) -> None:
    found = sections(text)
    assert [s.heading for s in found if s.path] == headings
    assert "".join(f"{s.heading}{s.body}" for s in found).count("no") == text.count("no")


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("Exp 1\n=====\nx\n\nVerdict\n---\nkept\n", ["Exp 1", "Exp 1/Verdict"]),
        ("---\ntitle: x\n---\n# A\n- item\n---\n\n| a |\n---\na line\nof two\n---\n", ["A"]),
        ("- ```sh\n  # no\n  ```\n# A\n> ```\n> # no\n> ```\n# B\n", ["A", "B"]),
        ("1. run\n    ```bash\n# no\n   ```\n# A\n````\n```\n# no\n````\n# B\n", ["A", "B"]),
    ],
)
def test_headings_are_told_as_a_reader_of_the_page_does(text: str, paths: list[str]) -> None:
    assert ["/".join(s.path) for s in sections(text) if s.path] == paths


NEW = "### 2026-01-03 10:00 - P-003 third\nFine.\n"


@pytest.mark.parametrize(
    ("new", "kind"),
    [
        (LOG, "same"),
        (LOG.replace("\n", "\r\n"), "same"),
        (LOG + "\n" + NEW, "append"),
        # newest first, or merged in
        (LOG.replace("### 2026-01-01", NEW + "\n### 2026-01-01"), "append"),
        (LOG + "- Interpretation: later\n", "append"),
        (LOG.replace("imlpemented", "implemented"), "fix"),
        (LOG.replace("https://x.example/1", "https://y.example/2"), "fix"),
        (LOG.replace("Took 13 ms.", "Took **13** ms."), "fix"),
        (LOG.replace("imlpemented", "implemented") + NEW, "fix"),
        (LOG.replace("12.5", "12.4"), "rewrite"),
        (LOG.replace("did not crash", "did crash"), "rewrite"),
        (LOG.replace("it did not crash", "it did crash, not"), "rewrite"),
        (LOG.replace("Took 13 ms. ", ""), "rewrite"),
        (LOG.replace("P-002 second", "P-002 second - MERGED"), "rewrite"),
        (LOG.replace("P-002 second", "P-009 second"), "rewrite"),
        (LOG[: LOG.index("### 2026-01-02")], "rewrite"),
        (LOG.replace("10:00 - P-001", "11:00 - P-001"), "rewrite"),
        (LOG.replace("twice", "badly"), "rewrite"),
        (LOG + "It can't work.\n", "append"),
    ],
)
def test_kinds(new: str, kind: str) -> None:
    assert classify(LOG, new).kind == kind


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("it can't work", "it can work"),
        ("can’t", "can"),
        ("12.5 ms", "12.50 ms"),
        ("seed 1", "seed 11"),
        ("lr 1e-3", "lr 1e-4"),
        ("+3 %", "-3 %"),
    ],
)
def test_small_changes_of_substance_are_no_typos(old: str, new: str) -> None:
    assert classify(f"### e\n{old} today\n", f"### e\n{new} today\n").kind == "rewrite"


def test_the_headings_are_named() -> None:
    change = classify(LOG, LOG.replace("12.5", "9") + NEW)
    assert change.rewritten == ["2026-01-01 10:00 - P-001 first"] and change.added == [
        "2026-01-03 10:00 - P-003 third"
    ]
    gone = classify(LOG, LOG[: LOG.index("### 2026-01-02")])
    assert gone.removed == ["2026-01-02 10:00 - P-002 second"]


def test_a_derived_header_does_not_count() -> None:
    old = "# L\nx = 1\n<!-- end -->\n### e\nbody\n"
    assert classify(old, old.replace("x = 1", "x = 2"), "<!-- end -->").kind == "same"
    assert classify(old, old.replace("x = 1", "x = 2")).kind == "rewrite"


ENTRY = st.tuples(st.integers(1, 999), st.text("abc de\n", max_size=40)).map(
    lambda e: f"### {e[0]}\n{e[1]}\n"
)


@settings(max_examples=examples(100), deadline=None)
@given(
    st.lists(ENTRY, max_size=6),
    st.lists(ENTRY, min_size=1, max_size=3),
    st.randoms(use_true_random=False),
)
def test_putting_entries_in_anywhere_is_an_append(
    old: list[str], more: list[str], rng: object
) -> None:
    new = list(old)
    for entry in more:
        new.insert(rng.randint(0, len(new)), entry)  # type: ignore[attr-defined]
    assert classify("".join(old), "".join(new)).kind == "append"


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(ENTRY, min_size=1, max_size=6, unique_by=lambda e: e.split("\n")[0]), st.data())
def test_taking_an_entry_out_is_a_rewrite(old: list[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(old) - 1))
    assert classify("".join(old), "".join(old[:at] + old[at + 1 :])).kind == "rewrite"


def real(name: str) -> str:
    path = SHARED_DATA / "append-only" / name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    return path.read_text()


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("nanochat_LOG@fbc1484e8c.md", "nanochat_LOG@43c29dd9d5.md", "append"),
        ("nanochat_LOG@43c29dd9d5.md", "nanochat_LOG@184d4c12b1.md", "append"),
        ("nanochat_LOG@184d4c12b1.md", "nanochat_LOG@c8d93beed2.md", "append"),
        ("nanochat_LOG@c8d93beed2.md", "nanochat_LOG@a67eba35dc.md", "fix"),  # one link
        ("nanochat_LOG@1144d186ed.md", "nanochat_LOG@48804bff3a.md", "append"),
        ("nanochat_LOG@48804bff3a.md", "nanochat_LOG@324e69c45d.md", "fix"),  # four misspellings
        ("senpai_EXPERIMENTS_LOG@c4c81914a1.md", "senpai_EXPERIMENTS_LOG@35df2798ea.md", "append"),
        ("senpai_EXPERIMENTS_LOG@35df2798ea.md", "senpai_EXPERIMENTS_LOG@2cb35d947c.md", "append"),
        ("senpai_EXPERIMENTS_LOG@5654e3d98d.md", "senpai_EXPERIMENTS_LOG@785e833d53.md", "rewrite"),
    ],
)
def test_real_logs(old: str, new: str, kind: str) -> None:
    assert classify(real(old), real(new)).kind == kind


def test_the_entry_that_was_rewritten_from_crashed_to_merged_is_named() -> None:
    change = classify(
        real("senpai_EXPERIMENTS_LOG@2cb35d947c.md"), real("senpai_EXPERIMENTS_LOG@f3c0f82864.md")
    )
    assert change.kind == "rewrite"
    assert (
        len(change.rewritten + change.removed) == 1
        and "PR #2207" in (change.rewritten + change.removed)[0]
    )


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        # a footer that stays below a new last entry
        (
            "# L\n\n## A\none\n\nsee the wiki\n",
            "# L\n\n## A\none\n\n## B\ntwo\n\nsee the wiki\n",
            "append",
        ),
        ("## A\n- Result: pending\n", "## A\n- Result: 12.5 ms\n", "fill"),
        ("| run | ms |\n| a | TBD |\n", "| run | ms |\n| a | 3 |\n| b | 4 |\n", "fill"),
        ("## A\n- Status: _running_\n", "## A\n- Status: done, 3 ms\n## B\n", "fill"),
        ("- [ ] run A\n- [ ] run B\n", "- [x] run A\n- [ ] run B\n", "fill"),
        ("## A\n*(To be populated on Monday)*\n", "## A\n* best 3\n* kept\n", "fill"),
        ("**Result:**\n- **Time**:\n", "**Result:** kept\n- **Time**: 3 ms\n", "fill"),
        ("Start: ______\n", "Start: 10:00\n", "fill"),
        ("## A\n\nb\n", "\ufeff## A\r\n\r\nb\r\n", "same"),
        ("- [x] run A\n", "- [ ] run A\n", "rewrite"),
        ("- [ ] run A\n", "- [x] run B\n", "rewrite"),
        ("## A\n- Result: 3 ms\n", "## A\n- Result: pending\n", "rewrite"),
        ("## A\nthe running average is 3\n", "## A\nthe moving average is 4\n", "rewrite"),
    ],
)
def test_what_was_put_in_or_filled_is_no_rewrite(old: str, new: str, kind: str) -> None:
    assert classify(old, new).kind == kind


VERDICTS = "## A\n### V\n{}\n## B\n### V\n{}\n"


@pytest.mark.parametrize(
    ("new", "kind"),
    [
        (VERDICTS.format("rejected", "kept"), "rewrite"),
        (VERDICTS.format("", "kept") + "## C\n### V\nkept\n", "rewrite"),  # one goes, one comes
        ("# L\n" + VERDICTS.format("kept\nand more", "rejected"), "append"),
        (VERDICTS.format("kept", "rejected").replace("## A", "## C\n## A"), "append"),
    ],
)
def test_a_part_belongs_to_its_entry(new: str, kind: str) -> None:
    assert classify(VERDICTS.format("kept", "rejected"), new).kind == kind

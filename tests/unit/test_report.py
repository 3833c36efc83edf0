"""The report page: complete, self-contained, and inert whatever the records hold."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from leadline.core.evidence.known import evidence_for
from leadline.core.record.search_text import searchable
from leadline.core.record.thread import Thread
from leadline.core.stats.inference import summarise
from leadline.core.view.facts import negatives_newest_first
from leadline.render.report.page import render_report
from leadline.render.report.parts import cell, decimals_of, results
from leadline.render.report.plots import sweeps
from leadline.testing.builders import ThreadBuilder
from tests.unit.test_logbook_together import a_sweep, builder

HOSTILE = (
    '"><script>alert(1)</script><img src=x onerror=alert(2)> </style> {{ 7*7 }} {% raw %} '
    "javascript:alert(3) \x1b[31m\u202e `code` <b>"
)


class Page(HTMLParser):
    """What a browser would see: tags with attributes, and the text of the body."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words += data

    def ids(self) -> list[str]:
        return [str(a["id"]) for _, a in self.tags if "id" in a]


def study() -> ThreadBuilder:
    b = ThreadBuilder(
        "blocks",
        metrics=[("time_ms", "ms", "lower"), ("ratio", "", "higher")],
        title="Block sizes",
        goal="halve the time",
        stop=["two negative sweeps"],
    )
    b.hypothesis("wider is faster")
    b.hypothesis("fp8 halves it")
    for block, base in ((64, 20.0), (128, 15.0), (256, 12.5)):
        first = b.run(f"block {block}", {"time_ms": base, "ratio": 3.0}, {"block": block})
        b.repeat(
            first.rpartition("-r")[0],
            {"time_ms": base + 0.2, "ratio": 3.0},
            {"time_ms": base - 0.1, "ratio": 3.0},
        )
    b.baseline("P-001", "three quiet repeats")
    b.claim(
        "Blocks of 256 take {{P-003.time_ms}}.",
        ["P-003"],
        "time_ms(P-003) <= 0.8 * time_ms(baseline)",
    )
    b.claim("One more.", ["P-002"], "ratio(P-002) >= 9")
    b.run("crashes", None, {"block": 512}, state="failed", reason="exit code 1: out of memory")
    b.change_hypothesis("P-H1", "supported", evidence=["P-003"], why="it did")
    b.change_hypothesis("P-H2", "falsified", evidence=["P-002"], why="no change")
    b.decision("Ship 256.", ["P-C1"], "Ada")
    b.note("Bound by the gather.", ["P-001"], "interpretation")
    b.note("512 does not fit.", ["P-004"], "negative")
    b.refuse("not-enough-runs", "512 is best", "nothing ran at 512")
    b.snapshot("blocks/final")
    return b


def page_of(thread: Thread, **more: object) -> str:
    return render_report(
        thread,
        evidence_for(thread),
        as_of="2026-11-02T12:00:00.000Z",
        heads={"w1": "sha256:" + "ab" * 32},
        **more,
    )  # type: ignore[arg-type]


def test_everything_of_the_thread_is_on_the_page() -> None:
    words = " ".join(Page(page_of(study().thread())).words.split())
    for text in (
        "Block sizes",
        "halve the time",
        "two negative sweeps",
        "three quiet repeats",
        "Blocks of 256 take 12.5 ms",
        "wider is faster",
        "supported",
        "falsified",
        "Ship 256.",
        "Bound by the gather.",
        "512 does not fit.",
        "out of memory",
        "512 is best",
        "nothing ran at 512",
        "blocks/final",
        "python bench.py --block=256",
        "for the next label",
        "refuted",
        "replicated",
        "every hash chain is whole",
        "ab" * 32,
    ):
        assert text.lower() in words.lower(), text


def test_the_page_asks_for_nothing_and_runs_nothing() -> None:
    html = page_of(study().thread())
    page = Page(html)
    assert {t for t, _ in page.tags} & {
        "script",
        "iframe",
        "object",
        "embed",
        "form",
        "base",
        "link",
        "img",
    } == set()
    assert not [
        a
        for _, attrs in page.tags
        for a in attrs
        if a.startswith("on") or a in ("src", "srcset", "data")
    ]
    assert "url(" not in html and "@import" not in html
    policy = next(
        a["content"]
        for t, a in page.tags
        if t == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    )
    assert (
        policy is not None
        and policy.startswith("default-src 'none'")
        and "script-src" not in policy
    )


def hostile_thread() -> Thread:
    b = ThreadBuilder(
        "hostile",
        metrics=[(f"m{HOSTILE}", HOSTILE, "lower")],
        title=HOSTILE,
        goal=HOSTILE,
        stop=[HOSTILE],
        actor=HOSTILE,
    )
    metric = f"m{HOSTILE}"
    for n, value in enumerate((1.0, 2.0, 3.0)):
        b.run(
            HOSTILE, {metric: value}, {HOSTILE: n, "axis": n, "text": HOSTILE}, argv=["sh", HOSTILE]
        )
    b.run(HOSTILE, None, state="failed", reason=HOSTILE)
    b.baseline("P-001", HOSTILE)
    for make in (b.hypothesis, b.note, b.decision, b.claim):
        make(HOSTILE.replace("{{ 7*7 }}", ""))
    b.refuse("code", HOSTILE, HOSTILE)
    b.snapshot(HOSTILE)
    b.retract("P-002", HOSTILE)
    b.finish(
        HOSTILE.replace("{{ 7*7 }}", ""),
        worked=HOSTILE.replace("{{ 7*7 }}", ""),
        next_steps=[HOSTILE],
    )
    return b.thread()


def test_hostile_text_is_shown_and_does_nothing() -> None:
    html = page_of(hostile_thread())
    page = Page(html)
    assert {t for t, _ in page.tags} & {"script", "img", "iframe"} == set()
    assert html.count("<b>") == 4, "the four counts at the top are the only bold"
    assert not [a for _, attrs in page.tags for a in attrs if a.startswith("on")]
    assert html.count("</style>") == 1, "recorded text must not end the style sheet"
    assert "alert(1)" in page.words, "it is shown as text"
    assert not [a for _, a in page.tags if str(a.get("href", "")).lower().startswith("javascript")]
    assert "\x1b" not in html and "\u202e" not in html
    assert "49" not in re.findall(r"\b49\b", page.words)


def test_links_lead_somewhere_on_the_page_or_to_https() -> None:
    b = study()
    b.note("See P-003 and P-999 and https://example.org/a?b=1&c=<x> for more.")
    page = Page(page_of(b.thread()))
    targets = [str(a["href"]) for t, a in page.tags if t == "a"]
    assert "#P-003" in targets and "#P-999" not in targets
    assert any(t.startswith("https://example.org/a?b=1&c=") and "<" not in t for t in targets)
    ids = page.ids()
    assert len(ids) == len(set(ids)), "an id is on the page once"
    assert {t[1:] for t in targets if t.startswith("#")} <= set(ids)


def test_every_run_that_counts_is_a_dot_and_no_other() -> None:
    b = study()
    b.retract("P-002-r3", "the clock was wrong")
    html = page_of(b.thread())
    strips = html[html.index('id="runs"') : html.index('id="sweeps"')]
    dots = re.findall(r'<circle class="dot" cx="([\d.]+)%"[^>]*><title>(P-\d+-r\d)', strips)
    assert sorted(name for _, name in dots[:8]) == [
        f"P-00{e}-r{r}" for e in (1, 2, 3) for r in (1, 2, 3) if (e, r) != (2, 3)
    ]
    assert len(dots) == 16, "eight runs for each of two metrics"
    assert all(0 <= float(x) <= 100 for x, _ in dots)


def test_the_best_is_first_by_the_direction_of_the_first_metric() -> None:
    thread = study().thread()
    assert [r.experiment.id for r in results(thread, ["time_ms"], None)[0]] == [
        "P-003",
        "P-002",
        "P-001",
    ]
    thread.metrics["time_ms"].direction = "higher"
    assert [r.experiment.id for r in results(thread, ["time_ms"], None)[0]] == [
        "P-001",
        "P-002",
        "P-003",
    ]


def test_a_difference_has_its_interval_and_says_when_more_than_config_differs() -> None:
    b = study()
    b.run(
        "other code",
        {"time_ms": 11.0},
        {"block": 64},
        code={"tree": "ab" * 20, "commit": "cd" * 20, "head": "cd" * 20},
    )
    rows = {r.experiment.id: r for r in results(b.thread(), ["time_ms"], None)[0]}
    difference = rows["P-003"].cells[0].difference  # type: ignore[union-attr]
    assert (
        difference is not None
        and difference.verdict == "no verdict yet"  # one block size after the other
        and difference.percent == "−37.4 %"
    )
    low, high = (
        float(t.replace("−", "-")) for t in difference.interval.removesuffix(" ms").split(" to ")
    )
    assert low < -7.5 < high < 0
    assert rows["P-003"].confounds == [] and rows["P-003"].changes == ["block=256"]
    assert rows["P-005"].confounds == ["code.tree"]
    assert rows["P-005"].cells[0].difference.verdict == "not comparable"  # type: ignore[union-attr]
    assert rows["P-001"].is_baseline and rows["P-001"].cells[0].difference is None  # type: ignore[union-attr]


def test_a_sweep_needs_three_values_and_keeps_other_settings_apart() -> None:
    b = study()
    found = sweeps(b.thread(), ["time_ms"])
    assert [(s.axis, s.legend) for s in found] == [("block", [])]
    b.run("fp8", {"time_ms": 9.0}, {"block": 64, "dtype": "fp8"})
    assert [s.legend for s in sweeps(b.thread(), ["time_ms"])] == [[]], (
        "one value of fp8 is no sweep"
    )
    for block in (128, 256):
        b.run("fp8", {"time_ms": 9.0}, {"block": block, "dtype": "fp8"})
    [sweep] = sweeps(b.thread(), ["time_ms"])
    assert [name for _, name in sweep.legend] == ["no dtype", "dtype=fp8"]
    two = ThreadBuilder("two")
    for block in (1, 2):
        two.run("x", {"time_ms": 1.0}, {"block": block, "seed": block})
    assert sweeps(two.thread(), ["time_ms"]) == []


def test_numbers_of_a_column_have_the_places_that_their_spread_bears() -> None:
    assert decimals_of([summarise([20.0, 20.2, 19.9]), summarise([12.5, 12.7, 12.4])]) == 2
    assert decimals_of([summarise([3.0, 3.0])]) == 0
    assert decimals_of([summarise([1e-9]), summarise([5.0])]) is None
    assert (
        cell(-1.5, 2) == ("−1", ".50")
        and cell(1.5, 1, signed=True) == ("+1", ".5")
        and cell(None) == ("–", "")
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda b: None,
        lambda b: b.run("r", {"time_ms": 0.0}),
        lambda b: b.run("r", {"time_ms": -5.0}, {"a": 1}),
        lambda b: [b.run("r", {"time_ms": v}) for v in (1e-300, 1e300)],
        lambda b: b.run("r", None, state="lost"),
        lambda b: b.plan("going on"),
        lambda b: [b.run("same", {"time_ms": 7.0}, {"n": n}) for n in (1, 2, 3)],
    ],
    ids=["empty", "zero", "negative", "extreme", "lost", "running", "constant"],
)
def test_any_thread_makes_a_page(make: object) -> None:
    b = ThreadBuilder("t")
    make(b)  # type: ignore[operator]
    html = page_of(b.thread())
    assert (
        "</html>" in html
        and "nan" not in html.lower().replace("finance", "")
        and "inf%" not in html
    )


def test_what_came_after_the_conclusion_is_flagged() -> None:
    b = study()
    b.finish("use 256", worked="256", next_steps=["512"])
    assert "came after this conclusion" not in page_of(b.thread())
    b.note("one more thing")
    assert "1 records came after this conclusion" in page_of(b.thread())


def test_a_run_of_which_nobody_saw_the_end_is_no_negative_result() -> None:
    b = ThreadBuilder("t", metrics=[("time_ms", "ms", "lower")])
    b.run("gone", None, {"block": 1}, state="lost")
    assert negatives_newest_first(b.thread()) == []
    assert (
        "runs, 1 not done"
        in Page(render_report(b.thread(), as_of="2026-01-01T00:00:00.000Z")).words
    )
    failed = b.run("broken", None, {"block": 2}, state="failed").rpartition("-r")[0]
    assert [one.id for one in negatives_newest_first(b.thread())] == [failed]
    ends = [searchable(record) for record in b.records if record.kind == "run-ended"]
    assert [end is not None and end.negative for end in ends] == [False, True]


def test_a_small_number_in_a_column_of_few_places_is_not_zero() -> None:
    assert "".join(cell(4.9e-07, 6)) == "4.9e−07"
    assert "".join(cell(0.0, 6)) == "0.000000"
    assert "".join(cell(0.25, 2)) == "0.25"


def test_the_first_screen_is_the_page_and_how_the_best_came_about() -> None:
    html = page_of(study().thread())
    first = html[html.index('id="page"') : html.index('id="baseline"')]
    assert "State" in first and "best <a" in first
    assert "Best time_ms so far" in first and "lower is better" in first
    assert first.count('class="faint"') >= 2 and 'class="reference"' in first


def test_an_interval_below_zero_is_drawn_on_a_logarithmic_axis() -> None:
    b = ThreadBuilder(metrics=[("time_ms", "ms", "lower")])
    for value in (20.0, 0.1):
        first = b.run("x", {"time_ms": value}, {"size": value})
        b.repeat(first.rpartition("-r")[0], {"time_ms": value * 1.5})
    assert 'class="range"' in page_of(b.thread())


def test_a_small_number_keeps_its_digits_in_every_column() -> None:
    b = ThreadBuilder(metrics=[("err", "", "lower")])
    for value in (4.9e-07, 1.13e-06, 5.0e-04):
        b.run("x", {"err": value}, {"k": value})
    html = page_of(b.thread())
    assert "0.000000" not in html and "0.000001" not in html
    shown = re.sub(r"<[^>]+>", "", html)
    assert "4.9e−07" in shown and "1.13e−06" in shown


def test_a_recorded_sweep_is_a_picture_of_its_own() -> None:
    b = builder()
    a_sweep(b)
    html = page_of(b.thread())
    assert 'id="P-W1"' in html and "data:image/svg+xml;base64," in html
    assert "img-src data:" in html and "leadline plot P-W1" in html


def test_a_long_table_is_folded_and_a_very_long_thread_stays_a_page() -> None:
    b = ThreadBuilder()
    for n in range(400):
        b.run(f"t{n}", {"time_ms": 1000.0 - n}, {"k": n}, minutes=0.1)
    html = page_of(b.thread())
    assert "144 more experiments; 250 worse ones are left out" in html
    assert "100 earlier entries are left out" in html
    assert len(html) < 1_500_000


def test_sides_that_ran_the_same_command_are_compared_as_the_verb_compares_them() -> None:
    b = ThreadBuilder()
    for k, value in ((1, 1.0), (2, 1.5)):
        b.end(b.plan(f"{k}", {"k": k}, argv=["bench"]), {"time_ms": value})
    b.baseline("P-001")
    assert "ran the same thing" in page_of(b.thread())

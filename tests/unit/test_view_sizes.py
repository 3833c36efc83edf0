"""Every view of a thread stays within its size, whatever the thread is, and says what it leaves out."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import cache

import pytest

from leadline.core.check.close import check_close
from leadline.core.check.missing import missing_lines
from leadline.core.evidence.known import labels_for
from leadline.core.issue.due import due
from leadline.core.record.thread import Thread
from leadline.core.view.news import news_behind
from leadline.core.view.page import page_of
from leadline.render.issue.comments import render_final, render_heartbeat, render_update
from leadline.render.logbook.entries import render_logbook
from leadline.render.report.page import render_report
from leadline.render.terminal.brief import render_brief, render_since
from leadline.render.terminal.shortened import shortened
from leadline.render.terminal.show import render_show
from leadline.render.terminal.status import render_status
from leadline.testing.builders import ThreadBuilder
from tests.unit.rendered import issue_body

MOST = {
    "brief": 4_000,
    "since": 4_000,
    "update": 12_000,
    "heartbeat": 2_000,
    "body": 20_000,
    "status": 20_000,
    "show": 12_000,
    "close": 8_000,
    "final": 12_000,
    "report": 800_000,
}
LOGBOOK_PER_EXPERIMENT = 1_500  # whole: it only grows


def one_run() -> ThreadBuilder:
    b = ThreadBuilder()
    b.run("only", {"time_ms": 1.0})
    return b


def only_failures() -> ThreadBuilder:
    b = ThreadBuilder()
    for at in range(150):
        b.run(f"try {at}", state="failed", reason="no memory " * 40)
    return b


def no_metric() -> ThreadBuilder:
    b = ThreadBuilder()
    for at in range(60):
        b.run(f"look {at}", {}, {"k": at})
    return b


def many_metrics() -> ThreadBuilder:
    b = ThreadBuilder()
    for at in range(60):
        b.run(f"cell {at}", {f"metric_{m}": float(m + at) for m in range(40)}, {"k": at})
    b.repeat("P-001", *({f"metric_{m}": 1.0 for m in range(40)} for _ in range(30)))
    return b


def changing_metric() -> ThreadBuilder:
    """A number, then none in its place, then another unit and the other direction."""
    b = ThreadBuilder()
    b.run("number", {"time_ms": 1.0})
    b.run("lost", {}, ended={"nonfinite": {"time_ms": "NaN"}})
    b.record("metric-defined", {"name": "time_ms", "unit": "1/s", "direction": "higher"})
    b.run("rate", {"time_ms": 1e9})
    return b


def very_many() -> ThreadBuilder:
    b = ThreadBuilder(goal="g" * 2_000)
    for at in range(150):
        b.run(f"cell {at} " + "w" * 100, {"time_ms": 1000.0 - at}, {"k": at, "name": "v" * 80})
    b.baseline("P-001")
    for at in range(1, 40):
        b.note("because " * 60, [f"P-{at:03d}"], "interpretation")
        b.decision("use it " * 40, [f"P-{at:03d}"])
        b.hypothesis("it is so " * 40)
        b.retract(f"P-{at + 100:03d}", "wrong " * 60)
    return b


def long_study(experiments: int) -> ThreadBuilder:
    """What was said of it cites by number, so that no text is bound to a thread of thousands."""
    b = ThreadBuilder(goal="fast")
    for at in range(experiments):
        b.run(f"cell {at}", {"time_ms": 1000.0 - at / 10}, {"k": at, "j": at % 7})
        if at % 10 == 0:
            b.note(f"observation {at}: " + "because " * 20, role="interpretation")
        if at % 50 == 1:
            b.record(
                "claim", {"id": f"P-C{at}", "text": "c", "predicate": f"time_ms(k={at}) < 2000"}
            )
        if at % 50 == 2:
            b.hypothesis("it is so " * 10)
            b.decision(f"use the cell before number {at}")
            b.refuse("label-too-high", "no " * 30)
        if at % 50 == 3:
            b.note("no gain " * 20, role="negative")
            b.record("reproduction", {"id": f"P-R{at}", "target": "P-001", "verdict": "agrees"})
    return b


@cache
def thread_of(build) -> Thread:
    return build().thread()


def views(thread: Thread) -> dict[str, Callable[[], str]]:
    known = labels_for(thread)
    now = due(thread, "2026-12-24T00:00:00.000Z", known)
    page = page_of(thread, known)
    first = next(iter(thread.experiments.values()))
    shown = f"leadline show {first.id} --all"
    return {
        "brief": lambda: render_brief(thread, known, now),
        "since": lambda: render_since(thread, page, news_behind(thread, ""), "the start", known),
        "update": lambda: render_update(thread, known),
        "heartbeat": lambda: render_heartbeat(thread, now, "2026-12-24T00:00:00.000Z"),
        "body": lambda: issue_body(thread, known),
        "final": lambda: render_final(thread, known),
        "status": lambda: render_status(thread, known, now),
        "show": lambda: shortened(render_show(first, thread, known), shown),
        "close": lambda: "\n".join(missing_lines(check_close(thread))),
        "report": lambda: render_report(thread, known, as_of="2026-12-24T00:00:00.000Z"),
        "logbook": lambda: render_logbook(thread, known),
    }


@pytest.mark.parametrize(
    "build",
    [one_run, only_failures, no_metric, many_metrics, changing_metric, very_many],
)
def test_every_view_stays_within_its_size(build):
    found = {name: len(view()) for name, view in views(thread_of(build)).items()}
    assert not too_long(thread_of(build), found)


def too_long(thread: Thread, found: dict[str, int]) -> dict[str, int]:
    most = {**MOST, "logbook": 8_000 + LOGBOOK_PER_EXPERIMENT * len(thread.experiments)}
    return {name: size for name, size in found.items() if size > most[name]}


@pytest.mark.parametrize("many", [1_500, pytest.param(5_000, marks=pytest.mark.long)])
def test_a_view_of_thousands_keeps_its_size_and_costs_no_more_than_it_has_more_of(many):
    def looked_at(thread: Thread) -> tuple[dict[str, float], dict[str, int]]:
        costs_s, sizes = {}, {}
        for name, view in views(thread).items():
            begun = time.process_time()
            sizes[name] = len(view())
            costs_s[name] = time.process_time() - begun
        return costs_s, sizes

    thread = long_study(many).thread()
    few, _ = looked_at(long_study(many // 10).thread())
    costs, sizes = looked_at(thread)
    assert not too_long(thread, sizes)
    assert not {name: (few[name], s) for name, s in costs.items() if s > 40 * max(few[name], 0.01)}


@pytest.mark.parametrize("name", ["brief", "since", "update", "body", "status", "close"])
def test_what_is_left_out_is_counted_with_the_command_that_shows_it(name):
    text = views(thread_of(very_many))[name]()
    counted = re.findall(r"… and \d+[^\n]*", text)
    assert counted
    if name != "close":  # whoever prints it names the verb
        assert all("leadline " in line for line in counted), counted

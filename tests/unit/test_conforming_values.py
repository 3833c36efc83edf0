"""Whatever a record says within what its kind declares: it is folded, listed, found and rendered, and
so is every other record."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadline.core.check.close import check_close
from leadline.core.evidence.known import evidence_for
from leadline.core.issue.comments import all_comments
from leadline.core.issue.due import due
from leadline.core.metric.thread_of import thread_of
from leadline.core.record.about import bases_of, uid_named
from leadline.core.record.conform import field_misfit, fitting, misfit, shape_of
from leadline.core.record.event import BadLine, Record, parse_line
from leadline.core.record.fold import numbers_of
from leadline.core.record.kinds import KINDS, LETTER_OF
from leadline.core.record.rows import row_of
from leadline.core.record.search_text import searchable
from leadline.core.record.shapes import SHAPES
from leadline.core.record.thread import Thread
from leadline.core.ulid import encode
from leadline.core.view import sweep_table
from leadline.core.view.baseline import baseline_of
from leadline.render.branch.index import entry_of, render_index
from leadline.render.issue.body import body_sections
from leadline.render.issue.comments import render_final, render_heartbeat, render_update
from leadline.render.logbook.entries import log_entries, render_logbook
from leadline.render.report.page import render_report
from leadline.render.terminal.baseline import render_baseline
from leadline.render.terminal.brief import render_brief
from leadline.render.terminal.show import render_show
from leadline.render.terminal.status import render_status
from leadline.services.evidence import hypothesis, listed_claims
from leadline.services.look.show import as_data
from leadline.testing.every_kind import every_kind
from tests.chance import examples

LATER = "2026-12-01T00:00:00.000Z"
BASE = every_kind().records
UIDS = [record.id for record in BASE]
NAMES = sorted({str(r.body[n]) for r in BASE for n in ("id", "run", "experiment") if n in r.body})
TEXTS = st.sampled_from(
    [
        "", "x", "\0", "\r\n", "\x1b[31m", "‮", "{{P-001.time_ms.median}}", "{{", "}}", "{{P-9}}",
        "time_ms(P-002) < time_ms(P-001)", "2026-11-02T09:00:00.000Z", "2026", "sha256:" + "0" * 64,
        "local", "github", "open", "none", "draft", "done", "lost", "lower", "machine", "stable",
        "active", "promoted", "negative", "next", "../../x", "a" * 3000, "<!-- x -->", "| a |", "time_ms",
        "loss", "time_ms / 2", "baseline(time_ms)", "NaN", "executed", "imported", "config.block", "title",
        "text", "goal", "success", "P-001b", "P-001-r1b", "https://x", "wandb", "metrics", *NAMES, *UIDS[:6],
    ]
)  # fmt: skip
INTEGERS = st.sampled_from([0, 1, 2, -1, 3, 64, 1 << 40, (1 << 63) - 1, -(1 << 63) + 1])
NUMBERS = INTEGERS | st.sampled_from([0.0, 0.5, -1.5, 1e-320, 5e-324, 1e308, -1e308, 1e-9, 1.0])
FREE = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS | st.just(10**300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
WORDS = {
    "any": FREE,
    "str": TEXTS,
    "int": INTEGERS,
    "float": NUMBERS,
    "bool": st.booleans(),
    "none": st.none(),
}


def values(spec: Any) -> st.SearchStrategy[Any]:
    if isinstance(spec, str):
        return WORDS[spec] if spec in WORDS else st.deferred(lambda: bodies(spec))
    word, *inner = spec
    if word == "or":
        return st.one_of(*map(values, inner))
    if word == "list":
        return st.lists(values(inner[0]), max_size=3)
    return st.dictionaries(TEXTS, values(inner[0]), max_size=3)


REFS = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from([*UIDS, "01ZZZZZZZZZZZZZZZZZZZZZZZZ"]) for name in NAMES}
)


def bodies(shape: str) -> st.SearchStrategy[dict[str, Any]]:
    fields, needed = SHAPES[shape]
    made = {name: REFS if name == "refs" else values(spec) for name, spec in fields.items()}
    return st.fixed_dictionaries(
        {name: made[name] for name in needed},
        optional={name: value for name, value in made.items() if name not in needed},
    )


def body_of(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    made = bodies(shape_of(kind))
    if kind in LETTER_OF:
        ids = st.integers(1, 4).map(lambda n: f"P-{LETTER_OF[kind]}{n}")
        return st.builds(lambda body, shown: {**body, "id": shown}, made, ids)
    if kind == "run-planned":
        ids = st.sampled_from(["P-001-r1", "P-001-r2", "P-003-r1", "P-003b-r9"])
        experiments = st.sampled_from(["", "P-001", "P-003"])
        return st.builds(
            lambda body, shown, of: {**body, "id": shown, "experiment": of}, made, ids, experiments
        )
    return made


def record(at: int, kind: str, body: dict[str, Any]) -> Record:
    uid = encode(1_794_000_000_000 + at, abs(at))
    return Record(uid, LATER, "every-kind", "w2", kind, "Eve", body, "")


@st.composite
def odd_records(draw: st.DrawFn) -> list[Record]:
    kinds = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=4))
    return [
        record(at if draw(st.booleans()) else at - 1_000_000_000, kind, draw(body_of(kind)))
        for at, kind in enumerate(kinds, 1)
    ]


def looks(thread: Thread) -> dict[str, Callable[[], object]]:
    """Everything that shows a thread."""
    evidence = evidence_for(thread)
    things = [*thread.experiments.values(), *thread.runs, *thread.items.values()]
    return {
        "rows": lambda: [json.dumps(row_of(run, thread).config) for run in thread.runs],
        "logbook": lambda: render_logbook(thread, evidence),
        "entries": lambda: log_entries(thread),
        "brief": lambda: render_brief(thread, evidence, due(thread, LATER, evidence)),
        "status": lambda: render_status(thread, evidence, due(thread, LATER)),
        "show": lambda: [render_show(thing, thread, evidence) for thing in things],
        "data": lambda: [json.dumps(as_data(thing, thread)) for thing in things],
        "claims": lambda: listed_claims.listing(thread),
        "hypotheses": lambda: hypothesis.listing(thread),
        "body": lambda: body_sections(thread, evidence),
        "update": lambda: render_update(thread, evidence),
        "heartbeat": lambda: render_heartbeat(thread, due(thread, LATER), LATER),
        "final": lambda: render_final(thread, evidence),
        "comments": lambda: all_comments(thread),
        "close": lambda: check_close(thread),
        "index": lambda: render_index([entry_of(thread, evidence)]),
        "report": lambda: render_report(thread, evidence, as_of=LATER),
        "sweeps": lambda: sweep_table.listing(thread),
        "baseline": lambda: thread.baseline_experiment and render_baseline(baseline_of(thread)),
    }


@settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))
@given(odd_records())
def test_what_conforms_is_folded_and_shown(odd: list[Record]) -> None:
    for one in odd:
        assert misfit(one.kind, one.body) == ""
        assert parse_line(one.line()) == one
        bases_of(one), uid_named(one, "run"), numbers_of(one)
        searchable(one), searchable(one, BASE[1])
    thread = thread_of([*BASE, *odd], "every-kind")
    faults = [m["what"] for m in thread.malformed if not _declared(m, odd)]
    assert faults == []
    with redirect_stdout(io.StringIO()):
        for look in looks(thread).values():
            look()


def _declared(malformed: Any, odd: list[Record]) -> bool:
    """Left out, and said: what it changes would not be what is declared of it."""
    changes = malformed["kind"] in ("correction", "thread-changed")
    return changes and "Error: " not in malformed["what"]


@pytest.mark.parametrize("example", BASE, ids=lambda record: record.kind)
def test_an_example_conforms(example: Record) -> None:
    assert misfit(example.kind, example.body) == ""
    assert parse_line(example.line()) == example


@pytest.mark.parametrize(
    ("kind", "body", "why"),
    [
        ("note", {"id": "P-N1", "text": 7}, "body.text is 7, not a text"),
        ("note", {"text": "x"}, "body.id is '', no id of a note"),
        ("note", {"id": "P-N" + "9" * 9}, "body.id is 'P-N999999999', no id of a note"),
        ("note", {"id": "P-N" + "9" * 5000}, "no id of a note"),
        ("note", {"id": "P-H1"}, "body.id is 'P-H1', no id of a note"),
        ("note", {"id": "P-N1", "about": ["P-001", 7]}, "body.about[1] is 7, not a text"),
        ("run-planned", {"id": "P-001-r1", "repeat": True}, "body.repeat is True, not a whole"),
        ("run-planned", {"id": "P-001-r1", "repeat": 1 << 63}, "a number of 64 bits, not a whole"),
        ("run-planned", {"id": "P-001-r1", "experiment": "x"}, "'x', no id of an experiment"),
        ("run-planned", {"id": "P-001-r1", "code": {"gaps": [{"path": 1}]}}, "body.code.gaps[0].path"),
        ("run-planned", {"id": "P-001-r1", "config": {"a": 10**400}}, "body.config.a holds a number"),
        ("run-ended", {}, "body lacks run"),
        ("run-ended", {"run": "P-001-r1", "metrics": {"m": float("inf")}}, "body.metrics.m is inf"),
        ("run-ended", {"run": "P-001-r1", "wall_s": "1"}, "not a finite number or null"),
        ("some-later-kind", {"deep": [[[[1]]]]}, ""),
        ("some-later-kind", {"x": float("nan")}, "body holds a number that is too large"),
    ],
)  # fmt: skip
def test_what_does_not_conform_is_told_with_its_place(
    kind: str, body: dict[str, Any], why: str
) -> None:
    said = misfit(kind, body)
    assert (why in said) if why else said == ""


def test_a_field_that_a_newer_leadline_added_may_say_what_it_likes() -> None:
    assert misfit("note", {"id": "P-N1", "text": "x", "mood": {"of": ["them", None]}}) == ""
    deep: Any = 1
    for _ in range(60):
        deep = [deep]
    assert "deeper than" in misfit("note", {"id": "P-N1", "mood": deep})
    assert field_misfit("NoteBody", "text", "x") == "" != field_misfit("NoteBody", "text", 1)


@pytest.mark.parametrize("text", ["\\ud800", "\\uDFFF x", "\\ud83d\\ude00\\udc00"])
def test_half_of_a_character_is_no_text(text: str) -> None:
    line = record(1, "note", {"id": "P-N1", "text": "HERE"}).line().replace(b"HERE", text.encode())
    with pytest.raises(BadLine, match="half of a character"):
        parse_line(line)
    whole = line.replace(text.encode(), b"\\ud83d\\ude00")
    assert parse_line(whole).body["text"] == "\U0001f600"


@pytest.mark.parametrize(
    "at", ["", "x", "2026-02-30T00:00:00Z", "2026-01-01T25:00:00Z", "2026-01-01"]
)
def test_a_record_says_a_time(at: str) -> None:
    line = record(1, "note", {"id": "P-N1"}).line().replace(LATER.encode(), at.encode())
    with pytest.raises(BadLine, match="no time"):
        parse_line(line)


@given(bodies("RunEndedBody"), st.sampled_from(sorted(SHAPES["RunEndedBody"][0])), FREE)
@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
def test_an_ending_can_be_recorded_whatever_it_holds(
    body: dict[str, Any], field: str, odd: Any
) -> None:
    kept, dropped = fitting("run-ended", {**body, "run": "P-001-r1"})
    assert (kept, dropped) == (json.loads(json.dumps({**body, "run": "P-001-r1"})), [])
    if field != "run":
        kept, dropped = fitting("run-ended", {**body, "run": "P-001-r1", field: odd})
        assert misfit("run-ended", kept) == ""
        assert kept == {**body, "run": "P-001-r1", field: odd} or dropped


def test_what_a_record_cannot_hold_is_named_and_the_rest_kept() -> None:
    body = {
        "run": "P-001-r1",
        "metrics": {"good": 1.0, "bad": float("inf"), "odd\udcff": 2},
        "exit_code": 1 << 70,
        "outputs": {"stdout": {"size_bytes": "x"}, "excerpt": "caf\udce9"},
    }
    kept, dropped = fitting("run-ended", body)
    assert kept["metrics"] == {"good": 1.0, "odd\\udcff": 2}
    assert kept["outputs"] == {"excerpt": "caf\\udce9"}
    assert dropped == ["body.metrics.bad", "body.exit_code", "body.outputs.stdout"]
    with pytest.raises(ValueError, match="lacks run"):
        fitting("run-ended", {"state": "done"})


@pytest.mark.parametrize("other", [True, 1.0, "1", [1], 1 << 63])
def test_what_was_tested_once_vouches_for_nothing_that_only_equals_it(other: Any):
    plan = next(r.body for r in BASE if r.kind == "run-planned")
    for count in (1, other, 1):
        body = {**plan, "hardware": {"cpu_count": count}}
        assert bool(misfit("run-planned", body)) == (count is other)


def test_what_was_tested_is_remembered_by_its_size() -> None:
    tracemalloc.start()
    for nth in range(16):
        software = {"packages": {f"p{nth}": "x" * (1 << 20)}}
        assert not misfit("run-planned", {"id": "P-001-r1", "software": software})
    del software
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 6 << 20

"""A thread that is looked at in parts says what the whole fold says, whatever was recorded, by whom,
and in which order it came."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import currently_in_test_context, event, given, settings
from hypothesis import strategies as st

from leadline.adapters.store import event_log, index
from leadline.adapters.store.event_log import EventLog
from leadline.adapters.store.read_model import IndexReadModel
from leadline.core.evidence.found import RULES
from leadline.core.evidence.known import labels_for
from leadline.core.issue.due import due
from leadline.core.metric.thread_of import thread_of
from leadline.core.record.cost import cost_of_run, summed
from leadline.core.record.event import Record, line_digest
from leadline.core.record.reaches import tell_tags
from leadline.core.record.thread import Experiment, Thread
from leadline.core.text.citation import recompute
from leadline.core.timestamps import rfc3339
from leadline.core.ulid import encode
from leadline.core.view import facts
from leadline.render.issue.comments import render_update
from leadline.render.logbook.header import render_header
from leadline.render.report.page import render_report
from leadline.render.terminal.brief import render_brief
from leadline.render.terminal.status import render_status
from leadline.render.words import redefined_lines
from leadline.testing.builders import ThreadBuilder
from tests.chance import examples
from tests.unit.test_run_table import FORMULAS, arriving, begin_anew, store

ACTIONS = (
    ["plan"] * 6
    + ["end"] * 8
    + ["repeat"] * 4
    + ["note", "claim"] * 3
    + ["hypothesis", "decided", "decision", "baseline", "define", "correct", "retitle", "withdraw"]
    + ["update", "amend", "change", "unknown", "clash", "ruler", "holdout"]
    + ["sweep"] * 2
    + ["command"] * 4
)
PREDICATES = (
    *("loss({a}) < loss({b})", "loss({a}) < loss(baseline)", "loss(k=1) < loss(k=2)", ""),
    *("x({a}) < x({b})", "x(k=1) < 9"),
)
FILES = ({"e.py": "sha256:0"}, {"e.py": "sha256:1"})  # a ruler, and another
NOW = "2026-03-01T00:00:00.000Z"
MEANT = "time_ms(P-001) < time_ms(baseline)"
SOME = st.sampled_from


class Study:
    """What several writers record who see each other's ids."""

    def __init__(self) -> None:
        self.lines: dict[str, list[bytes]] = {}
        self.numbers: dict[str, int] = {}
        self.times: dict[str, int] = {}
        self.runs: list[Record] = []
        self.items: list[Record] = []

    def write(self, writer: str, kind: str, body: dict[str, Any], later_ms: int) -> Record:
        self.times[writer] = self.times.get(writer, 1_770_000_000_000) + later_ms
        mine = self.lines.setdefault(f"{writer}-1.jsonl", [])
        uid = encode(self.times[writer], int(writer[1:]) * 1000 + len(mine))
        prev = line_digest(mine[-1]) if mine else ""
        record = Record(uid, rfc3339(self.times[writer]), "t", writer, kind, "Ada", body, prev)
        mine.append(record.line())
        return record

    def number(self, kind: str) -> int:
        self.numbers[kind] = self.numbers.get(kind, 0) + 1
        return self.numbers[kind]

    def item(self, writer: str, kind: str, body: dict[str, Any], later_ms: int) -> None:
        letter = {"note": "N", "hypothesis": "H", "claim": "C", "decision": "D"}
        shown = f"P-{ {**letter, 'baseline': 'B', 'update': 'U', 'sweep': 'W'}[kind] }{self.number(kind)}"
        self.items.append(self.write(writer, kind, {"id": shown, **body}, later_ms))


def refs_of(*planned: Record) -> dict[str, str]:
    refs = {}
    for record in planned:
        refs[record.body["id"]] = record.id
        refs[record.body["experiment"]] = record.body.get("experiment_uid") or record.id
    return refs


@st.composite
def studies(draw: st.DrawFn) -> dict[str, list[bytes]]:
    """Event lines by file."""
    made = Study()
    metrics = [{"name": "loss", "direction": draw(SOME(["lower", "higher", "none"]))}]
    made.write("w1", "thread-started", {"prefix": "P", "metrics": metrics, "goal": "g"}, 1)
    for _ in range(draw(st.integers(3, 30))):
        action = draw(SOME(ACTIONS)) if made.runs else "plan"
        _do(made, action, draw)
    return made.lines


def _do(made: Study, action: str, draw: st.DrawFn) -> None:
    writer, later = f"w{draw(st.integers(1, 3))}", draw(SOME([1, 900, 600_000, 3_000_000]))
    if action == "plan" or action == "clash":
        number = made.number("experiment") if action == "plan" else 1
        shown = f"P-{number:03d}"
        body = {"id": f"{shown}-r1", "experiment": shown, "repeat": 1, "title": f"t{number}"}
        body["config"] = {"k": draw(st.integers(1, 2))}
        if draw(st.booleans()):  # and then k reaches no command
            body |= {"argv": ["bench"], "code": {"tree": draw(SOME(["t1", "t2"]))}}
        body |= _told(made, draw, {"k": body["config"]["k"]})
        body["ruler"] = draw(SOME([{}, {}, {"declared": {"": FILES[0]}}, {"named": FILES[1]}]))
        hypotheses = [r for r in made.items if r.kind == "hypothesis"]
        if hypotheses and action == "plan":
            named = draw(SOME(hypotheses))
            body |= {"hypotheses": [named.body["id"]], "refs": {named.body["id"]: named.id}}
        made.runs.append(made.write(writer, "run-planned", body, later))
        return
    run, other = draw(SOME(made.runs)), draw(SOME(made.runs))
    shown, refs = run.body["experiment"], refs_of(run)
    if action == "repeat":
        repeat = 1 + made.number(f"repeat of {shown}")
        body = {**run.body, "id": f"{shown}-r{repeat}", "repeat": repeat}
        body |= {"experiment_uid": refs[shown], "refs": {shown: refs[shown]}}
        if draw(st.booleans()):
            body["design"] = {"together": run.id}
        made.runs.append(made.write(writer, "run-planned", body, later))
    elif action == "sweep":
        axes = {"axes": {"k": [1, 2]}, "cells": [{"k": 1}, {"k": 2}], "design": "one-axis"}
        command = {"argv": ["bench", "{k}"], "cwd": ".", "config": {}, "repeat": 1, "seed": 1}
        entry = draw(SOME([{}, {"entry": "command"}, {"entry": "command"}]))
        made.item(writer, "sweep", {**axes, **command, **entry}, later)
    elif action == "command":
        _command(made, run, writer, later, draw)
    elif action == "end":
        value = draw(SOME([0.5, 1.0, 1.5, 2.0]))
        body = {"run": run.body["id"], "refs": refs, "state": draw(SOME(["done"] * 3 + ["failed"]))}
        x = draw(SOME([1.0, 2.0, 3.0]))
        body["metrics"] = draw(SOME([{"loss": value}, {"loss": value, "x": x}, {"x": x}, {}]))
        body["nonfinite"] = draw(SOME([{}, {}, {"z": "NaN"}]))
        made.write(writer, "run-ended", body, later)
    elif action == "note":
        sweeps = [item for item in made.items if item.kind == "sweep"]
        if sweeps and draw(st.booleans()):
            sweep = draw(SOME(sweeps))
            shown, refs = sweep.body["id"], {sweep.body["id"]: sweep.id}
            about = {"about": [shown], "refs": refs, "text": "of all"}
            made.item(writer, "note", {"role": "interpretation", **about}, later)
            return
        role = draw(SOME(["interpretation", "next", "negative", "status"]))
        text = draw(SOME([f"of {shown}", f"{{{{{shown}.loss}}}}"]))
        bound = {f"{shown}.loss": 1.0} if "{{" in text else {}
        about = {"about": [shown], "refs": refs, "bound": bound}
        made.item(writer, "note", {"role": role, "text": text, **about}, later)
    elif action in ("claim", "hypothesis"):
        names = {"a": shown, "b": other.body["experiment"]}
        body = {"text": f"lower in {shown}", "predicate": draw(SOME(PREDICATES)).format(**names)}
        body["label"] = draw(SOME(["none", "replicated"]))
        if draw(st.booleans()):
            cited = f"{shown}.loss - {names['b']}.loss"
            body |= {"text": f"lower: {{{{{cited}}}}}", "bound": {cited: 0.5}}
        made.item(writer, action, {**body, "refs": refs_of(run, other)}, later)
    elif action == "decision":
        made.item(
            writer, "decision", {"text": "so be it", "evidence": [shown], "refs": refs}, later
        )
    elif action == "baseline":
        made.item(writer, "baseline", {"experiment": shown, "refs": refs}, later)
    elif action == "update":
        labels = {f"P-C{n}": draw(SOME(["none", "replicated"])) for n in range(1, 4)}
        form = draw(SOME(["update", "heartbeat"]))
        told = {"form": form, "labels": labels, "rules": draw(SOME([1, RULES]))}
        made.item(writer, "update", told, later)
    elif action == "define":
        formula = draw(SOME([*FORMULAS, "", ""])).replace("x", "loss")
        body = {"name": draw(SOME(["loss", "rate"])), "direction": draw(SOME(["lower", "higher"]))}
        body["limit"] = draw(SOME(["", "", "<=1.2"]))
        body["observed"] = draw(SOME(["", "machine", "counted"]))
        unit = draw(SOME(["", "s"]))
        made.write(writer, "metric-defined", {**body, "formula": formula, "unit": unit}, later)
    elif action in ("correct", "retitle"):
        target = run.body["id"] if action == "correct" else shown
        field = "config.k" if action == "correct" else "title"
        value: Any = draw(st.integers(1, 2)) if action == "correct" else "better"
        body = {"target": target, "field": field, "value": value, "refs": refs}
        made.write(writer, "correction", body, later)
    elif action == "change":
        body = {"field": draw(SOME(["production-path", "stop"])), "value": "local"}
        made.write(writer, "thread-changed", body, later)
    elif action == "ruler":
        files = draw(SOME(FILES))
        earlier = {"earlier": [{"trees": ["t1"], "files": FILES[0]}]}
        null = {"interleaving": "P-I1", "blocks": 8, "as_ratio": True, "shown": draw(st.booleans())}
        told = draw(
            SOME([earlier, {"changed": ["e.py"]}, {"null": {**null, "low": 0.4, "high": 2.0}}])
        )
        body = {"patterns": ["e.py"], "metric": draw(SOME(["", "loss"])), "files": files}
        made.write(writer, "ruler", {**body, **told}, later)
    elif action == "holdout":
        claims = [i for i in made.items if i.kind == "claim"]
        if claims:
            claim = draw(SOME(claims))
            refs = {claim.body["id"]: claim.id}
            body = {"look": 1, "claim": claim.body["id"], "holds": draw(st.booleans())}
            made.write(writer, "holdout", {**body, "refs": refs}, later)
    elif action == "unknown":
        made.write(writer, "of-the-future", {"id": "P-Z1"}, later)
    else:
        _of_items(made, action, draw, writer, later, run)


def _told(made: Study, draw: st.DrawFn, cell: dict[str, Any]) -> dict[str, Any]:
    """What tells a run in the logbook, and the sweep that it is of."""
    sweeps = [item for item in made.items if item.kind == "sweep"]
    found: dict[str, Any] = draw(SOME([{}, {"entry": "run"}, {"entry": "command"}]))
    if sweeps and draw(st.booleans()):
        found = {**found, "design": {"sweep": draw(SOME(sweeps)).id, "cell": cell}}
    return dict(found)


def _command(made: Study, run: Record, writer: str, later: int, draw: st.DrawFn) -> None:
    """The end of the command that made a run."""
    place = run.body.get("design", {})
    of = place.get("sweep") or place.get("together") or run.id
    first = next(r for r in (*made.items, *made.runs) if r.id == of)
    about = first.body.get("experiment") or first.body["id"]
    refs = {about: first.body.get("experiment_uid") or of}
    also = draw(SOME([[], [made.runs[0]]]))
    ended = {"about": [about], "of": of, "refs": {**refs, **refs_of(*also)}}
    ended["also"] = [other.body["experiment"] for other in also]
    made.write(writer, "command-ended", {**ended, "why": draw(SOME(["", "1 run left"]))}, later)


def _of_items(
    made: Study, action: str, draw: st.DrawFn, writer: str, later: int, run: Record
) -> None:
    known = [r for r in made.items if action != "decided" or r.kind == "hypothesis"]
    item = draw(SOME(known)) if known else None
    target, refs = run.body["experiment"], refs_of(run)
    if item is not None and draw(st.booleans()):
        target, refs = item.body["id"], {item.body["id"]: item.id}
    if action == "withdraw":
        kind = draw(SOME(["retraction", "supersession"]))
        body = {"target": target, "refs": refs, "by": run.body["experiment"], "why": "w"}
        made.write(writer, kind, body, later)
    elif item is not None:
        body = {"target": item.body["id"], "field": "text", "value": "other words"}
        kind = "correction"
        if action == "decided":
            body = {"hypothesis": item.body["id"], "state": draw(SOME(["falsified", "blocked"]))}
            body["evidence"] = [r.body["id"] for r in made.items if r.kind == "claim"][-1:]
            kind = "hypothesis-changed"
        made.write(writer, kind, {**body, "refs": {item.body["id"]: item.id}}, later)


def whole_cost(thread: Thread) -> list[float]:
    executed = (run for run in thread.runs if run.origin == "executed")
    cost = thread.kept.cost() if thread.kept else summed(map(cost_of_run, executed))
    return [round(number, 6) for number in cost]


def says(thread: Thread) -> dict[str, Any]:
    """All that a view shows of a thread, and what else it may look up."""
    labels = labels_for(thread)
    first, recent = list(facts.ranked(thread)), facts.recent(thread)
    return {
        "cost": whole_cost(thread),
        "brief": render_brief(thread, labels, due(thread, NOW, labels), budget_chars=20_000),
        "short": render_brief(thread, labels, due(thread, NOW, labels), budget_chars=900),
        "status": render_status(thread, labels, due(thread, NOW, labels), shown=5),
        "report": render_report(thread, labels, as_of=NOW),
        "header": render_header(thread, labels),
        "update": render_update(thread, labels),
        "due": due(thread, NOW, labels),
        "labels": [(c.id, labels(c).label, sorted(labels(c).counted)) for c in thread.claims],
        "ranked": [e.id for e in first],
        "recent": [e.id for e in recent],
        "measured": facts.measured(thread),
        "uninterpreted": [e.id for e in facts.uninterpreted(thread)],
        "next": [n.id for n in facts.notes_in(thread, "next")],
        "negatives": [facts.negative(n, thread) for n in facts.negatives_newest_first(thread)],
        "runs": facts.runs_counted(thread),
        "open": sorted(r.uid for r in facts.open_runs(thread)),
        "experiments": {
            name: tagged(thread, thread.experiments[name]) for name in thread.experiments
        },
        "in parts": list(
            thread.told_in_parts("repr", 2, lambda some: "\n".join(map(known_of, some)))
        ),
        "streamed": [tagged(thread, e) for e in thread.experiments.values()],
        "items": {name: thread.items[name] for name in thread.items},
        "kinds": [[i.id for i in thread.of_kind(kind)] for kind in ("note", "claim", "update")],
        "uids": {key: shown for key, shown in sorted(thread.uids.items())},
        "records": [r.id for r in thread.records],
        "redefined": redefined_lines(thread),
        "about": (thread.about, thread.metrics, thread.unknown_kinds, thread.activity),
        "last": (thread.record_count, thread.last_at, thread.last_id, len(thread.items)),
    }


def known_of(experiment: Experiment) -> str:
    notes = [(note.text, note.stands) for note in experiment.notes]
    runs = [(r.id, r.state, r.metrics, r.is_evidence, r.retracted) for r in experiment.runs]
    return repr(
        (experiment.id, experiment.title, experiment.stands, experiment.config, notes, runs)
    )


def tagged(thread: Thread, experiment: Experiment) -> Experiment:
    """Whether its tags were told already says who looked at it."""
    tell_tags(thread, experiment.runs)
    return experiment


def agrees(log: EventLog, writes: bool = False) -> None:
    whole = thread_of(log.records("t"), "t")
    expected = says(whole)
    numbers = {i.id: recompute(i, whole) for i in whole.items.values() if i.stands}
    differing = {shown: found for shown, found in numbers.items() if found}

    def asked(view: Thread) -> None:
        if currently_in_test_context():
            event(f"kept: {view.kept is not None}")
        else:
            assert view.kept is not None
        found = says(view)
        found["about"] = (*found["about"][:3], list(found["about"][3]))
        for name, value in expected.items():
            assert found[name] == value, f"{name}: {found[name]} instead of {value}"
        if view.kept is not None:
            assert dict(view.kept.differing()) == differing
            assert dict(view.kept.with_gone_evidence()) == dict(facts.with_gone_evidence(whole))

    if writes:
        asked(log.view("t"))
    else:
        log.look("t", asked)


@pytest.fixture(autouse=True)
def every_thread_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "FOLDED_WHOLE_BYTES", -1)


@settings(max_examples=examples(25), deadline=None)
@given(studies(), st.data())
def test_a_kept_thread_says_what_the_fold_says(
    lines: dict[str, list[bytes]], data: st.DataObject
) -> None:
    """The writers' files arrive piece by piece, in any order, and are looked at in between."""
    with store() as log:
        for _ in arriving(log, lines, data, 4):
            if data.draw(st.booleans(), label="a run was started"):
                IndexReadModel(log).same_key(
                    ""
                )  # makes rows of runs, and leaves the rest for later
            agrees(log, data.draw(st.booleans(), label="who looks writes"))
        begin_anew(log)
        agrees(log)


@pytest.mark.parametrize("looked", [True, False])
def test_of_a_long_thread_the_newest_runs_and_those_of_claims_are_watched(
    monkeypatch: pytest.MonkeyPatch, looked: bool
) -> None:
    b = ThreadBuilder("t")
    for n in range(4):
        b.run(f"{n}", {"loss": 1.0}, {"n": n})
    uids = [run.uid for run in b.thread().runs]
    b.claim("small", predicate="loss(P-002) < 2", refs={"P-002": uids[1]})
    monkeypatch.setattr(event_log, "FOLDED_WHOLE_BYTES", -1)
    monkeypatch.setattr(index, "NEWEST_WATCHED", 1)
    with store() as log:
        Path(log.folder("t"), f"{b.writer}-1.jsonl").write_bytes(
            b"".join(record.line() for record in b.records)
        )
        log.view("t")  # what is not judged yet is watched by what it names
        if looked:
            log.look("t", lambda thread: None)
        assert sorted(log.runs_to_watch("t")) == [uids[1], uids[3]]


def write(log: EventLog, *made: ThreadBuilder) -> None:
    for b in made:
        lines = b"".join(record.line() for record in b.records)
        Path(log.folder("t"), f"{b.writer}-1.jsonl").write_bytes(lines)


def two_sides(b: ThreadBuilder, spread: float) -> None:
    """P-001 is faster, by less than bears it out where it was chosen from many."""
    for k in (1, 2):
        b.run(f"k={k}", {"time_ms": 1.0 + 0.6 * (k - 1)}, {"k": k})
    for a, c in ((0.5, 0.4), (-0.3, -0.5), (0.2, 0.3), (-0.4, -0.1)):
        b.repeat("P-001", {"time_ms": 1.0 + spread * a})
        b.repeat("P-002", {"time_ms": 1.6 + spread * c})


def labelled(log: EventLog, shown: str = "P-C1") -> str:
    whole = thread_of(log.records("t"), "t")
    return labels_for(whole)(whole.items[shown]).label


def test_what_rests_on_a_claim_is_worded_anew_when_that_is_judged_otherwise() -> None:
    b = ThreadBuilder("t")
    two_sides(b, 0.4)
    b.hypothesis("it is")  # older than what is chosen from, unlike the claim that it rests on
    begun = [b.plan(f"k={k}", {"k": k}) for k in range(3, 9)]
    b.claim("lower", predicate="time_ms(P-001) < time_ms(P-002)", experiments=["P-001", "P-002"])
    b.change_hypothesis("P-H1", "supported", evidence=["P-C1"])
    with store() as log:
        write(log, b)
        agrees(log, writes=True)
        assert labelled(log) == "replicated"
        for run in begun:
            b.end(run, {"time_ms": 1.5})
        write(log, b)
        assert labelled(log) == "exploratory"
        agrees(log, writes=True)


def test_a_baseline_that_comes_late_may_be_the_one_that_was_meant() -> None:
    b = ThreadBuilder("t")
    for k in range(1, 5):
        b.run(f"k={k}", {"time_ms": float(k)}, {"k": k})
    b.baseline("P-002")
    other = ThreadBuilder("t", at=b.now, writer="w2", started=False)
    refs = {"P-003": b.thread().experiments["P-003"].uid}
    other.record("baseline", {"id": "P-B2", "experiment": "P-003", "refs": refs})
    b.tick(5).record("claim", {"id": "P-C1", "text": "", "predicate": MEANT, "refs": {}})
    b._numbers["baseline"] = 2
    b.baseline("P-004")
    with store() as log:
        write(log, b)
        agrees(log, writes=True)
        write(log, other)
        agrees(log, writes=True)


@pytest.mark.parametrize("kind", ["hypothesis", "claim"])
def test_predictions_that_come_late_are_counted_with_those_like_them(kind: str) -> None:
    b = ThreadBuilder("t")
    b.hypothesis("it is", predicate="time_ms(k=1) < time_ms(k=2)")
    other = ThreadBuilder("t", at=b.now, writer="w2", started=False)
    for n in range(3, 11):
        shown = f"P-{kind[0].upper()}{n}"
        text = f"time_ms(k={n}) < time_ms(k=2)"
        other.record(kind, {"id": shown, "text": "", "predicate": text}, minutes=0.1)
    two_sides(b, 1.2)
    for n in range(3, 11):
        b.run(f"k={n}", {"time_ms": 1.5}, {"k": n})
    b.claim("lower", predicate="time_ms(k=1) < time_ms(k=2)")
    with store() as log:
        write(log, b)
        agrees(log, writes=True)
        assert labelled(log) == "replicated"
        write(log, other)
        assert labelled(log) == "exploratory"
        agrees(log, writes=True)


def test_what_was_told_of_an_experiment_goes_when_a_note_on_it_does() -> None:
    b = ThreadBuilder("t")
    b.run("one", {"time_ms": 1.0})
    note = b.note("as expected", about=["P-001"])
    with store() as log:
        write(log, b)
        agrees(log)
        b.retract(note)
        write(log, b)
        agrees(log)


def test_what_stands_in_the_place_of_another_shows_it() -> None:
    b = ThreadBuilder("t")
    for k in range(1, 4):
        b.run(f"k={k}", {"time_ms": float(k)}, {"k": k})
    b.supersede("P-003", "P-001")
    b.claim("lower", predicate="time_ms(P-001) < time_ms(P-002)")
    with store() as log:
        write(log, b)
        agrees(log, writes=True)

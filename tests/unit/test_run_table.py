"""Rows of the index are rows of the fold, whatever was recorded, by whom, and in which order it
came."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.adapters.clock import SystemClock
from leadline.adapters.store import run_table
from leadline.adapters.store.event_log import EventLog
from leadline.adapters.store.read_model import IndexReadModel
from leadline.core.metric.thread_of import thread_of
from leadline.core.record.event import Record, line_digest
from leadline.core.record.rows import row_of
from leadline.core.ulid import encode
from tests.chance import examples

FORMULAS = ("x * 2", "x / baseline(x)", "baseline(twice) - x", "config.k + x", "x +")
ACTIONS = (
    ["plan"] * 4
    + ["end"] * 4
    + ["repeat"] * 2
    + ["correct", "retitle", "tracker", "withdraw", "define", "baseline", "note", "odd"]
)


class History:
    """Records of writers that number by themselves, so that their ids clash."""

    def __init__(self) -> None:
        self.lines: dict[str, list[bytes]] = {}
        self.numbers: dict[tuple[str, str], int] = {}
        self.runs: list[Record] = []
        self.things: list[tuple[str, dict[str, str]]] = []  # what can be withdrawn, with its refs
        self.times: dict[str, int] = {}

    def number(self, writer: str, kind: str) -> int:
        self.numbers[writer, kind] = self.numbers.get((writer, kind), 0) + 1
        return self.numbers[writer, kind]

    def write(self, writer: str, kind: str, body: dict[str, Any], later_ms: int) -> Record:
        self.times[writer] = self.times.get(writer, 0) + later_ms
        mine = self.lines.setdefault(f"{writer}-1.jsonl", [])
        uid = encode(self.times[writer] * 1000 + int(writer[1:]), len(mine))
        prev = line_digest(mine[-1]) if mine else ""
        record = Record(uid, "2026-01-01T00:00:00.000Z", "t", writer, kind, "Ada", body, prev)
        mine.append(record.line())
        return record

    def plan(self, writer: str, later_ms: int, of: Record | None, draw: st.DrawFn) -> None:
        body: dict[str, Any] = {"argv": ["x"], "key": draw(st.sampled_from("ab"))}
        if of is None:
            experiment = f"P-{self.number(writer, 'experiment'):03d}"
            body |= {"id": f"{experiment}-r1", "experiment": experiment, "title": f"by {writer}"}
        else:
            experiment, uid = of.body["experiment"], of.body.get("experiment_uid") or of.id
            repeat = 1 + self.number(writer, f"repeat of {uid}")
            body |= {"id": f"{experiment}-r{repeat}", "experiment": experiment}
            body |= {"experiment_uid": uid, "repeat": repeat, "refs": {experiment: uid}}
            body["title"] = draw(st.sampled_from([of.body["title"], "its own"]))
        body["config"] = {"k": draw(st.integers(0, 3))}
        body["origin"] = draw(st.sampled_from(["executed", "imported"]))
        planned = self.write(writer, "run-planned", body, later_ms)
        self.runs.append(planned)
        self.things.append((planned.body["id"], refs_of(planned)))
        self.things.append((planned.body["experiment"], refs_of(planned)))


def refs_of(planned: Record) -> dict[str, str]:
    uid = planned.body.get("experiment_uid") or planned.id
    return {planned.body["id"]: planned.id, planned.body["experiment"]: uid}


@st.composite
def histories(draw: st.DrawFn) -> dict[str, list[bytes]]:
    """Event lines by file."""
    made = History()
    made.write("w1", "thread-started", {"prefix": "P"}, 1)
    for _ in range(draw(st.integers(1, 25))):
        writer = f"w{draw(st.integers(1, 3))}"
        later = draw(st.integers(1, 30))
        action = draw(st.sampled_from(ACTIONS)) if made.runs else "plan"
        if action == "plan":
            made.plan(writer, later, None, draw)
            continue
        run = draw(st.sampled_from(made.runs))
        named = {"run": run.body["id"], "refs": refs_of(run)}
        if action == "repeat":
            made.plan(writer, later, run, draw)
        elif action == "end":
            body = {"state": draw(st.sampled_from(["done", "done", "failed"])), "wall_s": 1.5}
            body["metrics"] = {
                name: draw(st.integers(0, 4)) * 1.0
                for name in draw(st.sets(st.sampled_from(["x", "y"])))
            }
            body["nonfinite"] = draw(st.sampled_from([{}, {"z": "NaN"}]))
            made.write(writer, "run-ended", {**named, **body}, later)
        elif action == "tracker":
            told: dict[str, Any] = {"tracker": {"metrics": ["x", "t"]}, "metrics": {"t": 7.0}}
            told["ending"] = draw(st.sampled_from([{}, {"state": "failed", "wall_s": 9.0}]))
            made.write(writer, "tracker-run", {**named, **told}, later)
        elif action in ("correct", "retitle"):
            target = run.body["id"] if action == "correct" else run.body["experiment"]
            field = draw(st.sampled_from(["config.k", "config.new", "wall_s"]))
            body = {"field": field if action == "correct" else "title", "value": later, "why": "w"}
            made.write(
                writer, "correction", {"target": target, "refs": named["refs"], **body}, later
            )
        elif action == "withdraw":
            target, refs = draw(st.sampled_from(made.things))
            kind = draw(st.sampled_from(["retraction", "supersession"]))
            body = {"target": target, "refs": refs, "by": run.body["id"], "why": "w"}
            made.write(writer, kind, body, later)
        elif action == "define":
            name = draw(st.sampled_from(["twice", "rate"]))
            formula = draw(st.sampled_from([*FORMULAS, ""]))
            made.write(writer, "metric-defined", {"name": name, "formula": formula}, later)
        elif action == "baseline":
            shown = f"P-B{made.number(writer, 'baseline')}"
            body = {"id": shown, "experiment": run.body["experiment"], "refs": named["refs"]}
            item = made.write(writer, "baseline", body, later)
            made.things.append((shown, {shown: item.id}))
        elif action == "note":
            shown = f"P-N{made.number(writer, 'note')}"
            made.write(writer, "note", {"id": shown, "about": [run.body["id"]]}, later)
        else:
            made.write(writer, "correction", {"target": run.body["id"], "field": None}, later)
    return made.lines


@contextmanager
def store() -> Iterator[EventLog]:
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(os.path.join(folder, "threads", "t", "events"))
        log = EventLog(folder, "w9", "Ada", SystemClock())
        begin_anew(log)
        yield log


def begin_anew(log: EventLog) -> None:
    """An empty index, in memory: hundreds are made here."""
    log.index.close()
    log.index.open_in_memory()


def arriving(
    log: EventLog, lines: dict[str, list[bytes]], data: st.DataObject, fewest: int
) -> Iterator[None]:
    """The writers' files, piece by piece and in any order; a piece is at least ``fewest`` lines."""
    arrived = dict.fromkeys(lines, 0)
    while any(arrived[name] < len(lines[name]) for name in lines):
        name = data.draw(st.sampled_from(sorted(lines)))
        arrived[name] = min(len(lines[name]), arrived[name] + data.draw(st.integers(fewest, 12)))
        with open(os.path.join(log.folder("t"), name), "wb") as file:
            file.write(b"".join(lines[name][: arrived[name]]))
        yield


def agrees(log: EventLog) -> None:
    """The index says what the files say."""
    thread = thread_of(log.records("t"), "t")
    expected = sorted((row_of(run, thread) for run in thread.runs), key=lambda row: row.uid)
    for key in ("a", "b"):  # asked first: these make rows of some experiments only
        asked = [(r.uid, r.id, r.state, r.retracted) for r in IndexReadModel(log).same_key(key)]
        assert asked == [(r.uid, r.id, r.state, r.retracted) for r in expected if r.key == key]
    found, count = IndexReadModel(log).run_rows("t", {}, "uid", -1)
    assert found == expected and count == len(expected)


@settings(max_examples=examples(60), deadline=None)
@given(histories(), st.data())
def test_rows_of_the_index_are_rows_of_the_fold(
    lines: dict[str, list[bytes]], data: st.DataObject
) -> None:
    """The writers' files arrive piece by piece, and rows are asked for in between."""
    with store() as log:
        for _ in arriving(log, lines, data, 1):
            agrees(log)
        thread = log.thread("t")
        still = sorted(("t", run.uid) for run in thread.runs if not run.ended_at)
        assert IndexReadModel(log).open_runs("t") == still
        begin_anew(log)
        agrees(log)


def test_experiments_are_folded_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What derived metrics rest on belongs to every lot, and a change of it reaches every lot."""
    monkeypatch.setattr(run_table, "FOLDED_AT_ONCE", 2)
    with store() as log:
        with log.transaction("t", create=True) as writing:
            writing.add("thread-started", {"prefix": "P"})
            for number in range(1, 8):
                last = ended_run(writing, f"P-{number:03d}", float(number))
            body = {"id": "P-B1", "experiment": last.body["experiment"], "refs": refs_of(last)}
            writing.add("baseline", body)
            writing.add("metric-defined", {"name": "share", "formula": "x / baseline(x)"})
        assert shares(log) == [n / 7 for n in (7, 6, 5, 4, 3, 2, 1)]
        with log.transaction("t") as writing:
            writing.add("baseline", {"id": "P-B2", "experiment": "P-001"})
        assert shares(log) == [7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0]


def ended_run(writing: Any, shown: str, x: float, of: Record | None = None) -> Record:
    """A run of experiment ``shown``, the second one of the run ``of``'s."""
    body: dict[str, Any] = {"id": f"{shown}-r{2 if of else 1}", "experiment": shown}
    if of is not None:
        body |= {"experiment_uid": of.id, "repeat": 2, "refs": {shown: of.id}}
    planned: Record = writing.add("run-planned", body)
    ended = {"run": planned.body["id"], "refs": refs_of(planned), "state": "done"}
    writing.add("run-ended", {**ended, "metrics": {"x": x}})
    return planned


def shares(log: EventLog) -> list[float]:
    return [
        row.metrics["share"]
        for row in IndexReadModel(log).run_rows("t", {}, "-metrics.share", -1)[0]
    ]


def test_a_further_run_of_the_baseline_changes_every_share_of_it() -> None:
    """And so does one that is taken back."""
    with store() as log:
        with log.transaction("t", create=True) as writing:
            writing.add("thread-started", {"prefix": "P"})
            writing.add("metric-defined", {"name": "share", "formula": "x / baseline(x)"})
            base = ended_run(writing, "P-001", 2.0)
            ended_run(writing, "P-002", 2.0)
            writing.add("baseline", {"id": "P-B1", "experiment": "P-001", "refs": refs_of(base)})
        assert shares(log) == [1.0, 1.0]
        with log.transaction("t") as writing:
            again = ended_run(writing, "P-001", 6.0, base)
        assert shares(log) == [1.5, 0.5, 0.5]
        with log.transaction("t") as writing:
            withdrawn = {"target": again.body["id"], "refs": refs_of(again), "why": "w"}
            writing.add("retraction", withdrawn)
        assert shares(log) == [3.0, 1.0, 1.0]

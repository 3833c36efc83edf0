"""What rested on what is taken back is told of a long thread by rows, and as by the whole of it."""

from __future__ import annotations

import pytest

from leadline.adapters.store.event_log import EventLog
from leadline.core.record.event import Record
from leadline.core.record.thread import Thread
from leadline.services.write.retract import borne, what_rests_on
from tests.unit import test_long_thread_costs
from tests.unit.test_kept_thread import Study, refs_of
from tests.unit.test_long_thread_costs import experiment, put, read_in_parts
from tests.unit.test_run_table import store

EXPERIMENTS = 24
every_thread_is_long = test_long_thread_costs.every_thread_is_long


def study() -> Study:
    """Claims between neighbours and with the baseline, decisions on claims, a decision on a decision,
    and notes that cite."""
    made = Study()
    made.write("w1", "thread-started", {"prefix": "P"}, 1)
    experiment(made, k=0)
    made.item("w1", "baseline", {"experiment": "P-001", "refs": refs_of(made.runs[0])}, 1)
    baseline = made.items[-1]
    for at in range(1, EXPERIMENTS, 2):
        experiment(made, k=at % 3, seed=at)
        experiment(made, k=at % 3, seed=at + 1)
        left, right = made.runs[-2:]
        shown = [run.body["experiment"] for run in (left, right)]
        claim(made, "loss({}) < loss({})".format(*shown), refs_of(left, right))
        on_it = {"evidence": [made.items[-1].body["id"]], "refs": named(made.items[-1])}
        made.item("w1", "decision", {"text": "so", **on_it}, 1)
        bound = {f"{shown[0]}.loss": 1.0}
        note = {"text": f"it is {{{{{shown[0]}.loss}}}}", "bound": bound, "refs": refs_of(left)}
        made.item("w1", "note", {**note, "role": "observation"}, 1)
    claim(made, "loss(P-002) < loss(baseline)", refs_of(made.runs[1]) | {"baseline": baseline.id})
    return made


def claim(made: Study, predicate: str, refs: dict[str, str]) -> None:
    made.item("w1", "claim", {"text": "", "predicate": predicate, "refs": refs}, 1)


def named(item: Record) -> dict[str, str]:
    return {item.body["id"]: item.id}


def rests(log: EventLog, made: Study, target: str, view: bool) -> list[dict[str, str]]:
    def thread() -> Thread:
        return log.view("t") if view else log.thread("t")

    thing = thread().find(target)
    before = borne(thread(), thing)
    withdrawal = {"target": thing.id, "why": "w", "refs": {thing.id: thing.uid}}
    made.write("w1", "retraction", withdrawal, 1)
    put(log, made)
    return what_rests_on(before, thread(), thing)


@pytest.mark.parametrize("target", ["P-001", "P-005-r1", "P-B1", "P-C1", "P-D1"])
def test_what_rests_on_a_thing_is_told_in_parts(
    monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    with store() as log:
        made = study()
        put(log, made)
        whole = rests(log, made, target, view=False)
    with store() as log, read_in_parts(monkeypatch):
        made = study()
        put(log, made)
        assert rests(log, made, target, view=True) == whole
    assert whole or target == "P-D1"


def test_what_rests_on_an_experiment_costs_what_rests_on_it(
    folded: list[str],
) -> None:
    made = study()
    with store() as log:
        put(log, made)
        log.look("t", lambda thread: None)
        folded.clear()
        rests(log, made, f"P-{EXPERIMENTS - 1:03d}", view=True)
    experiments = {base for base in folded if base.startswith("P-0")}
    assert 0 < len(experiments) < EXPERIMENTS / 2

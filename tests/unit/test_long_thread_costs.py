"""What a long thread costs, by counts: what was read, folded, judged or told before is not again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from leadline.adapters.store import event_log
from leadline.adapters.store.event_log import EventLog
from leadline.core.record.thread import Thread
from tests.unit.test_kept_thread import Study, refs_of
from tests.unit.test_run_table import store

CLAIMS = 6


@pytest.fixture(autouse=True)
def every_thread_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "FOLDED_WHOLE_BYTES", -1)


def experiment(made: Study, **config: object) -> None:
    """One run of the same command as all others."""
    shown = f"P-{made.number('experiment'):03d}"
    body = {"id": f"{shown}-r1", "experiment": shown, "argv": ["x"], "config": config}
    told = {"origin": "executed", "code": {"tree": "t"}, "key": shown}
    planned = made.write("w1", "run-planned", {**body, **told}, 1)
    made.runs.append(planned)
    ended = {"run": planned.body["id"], "state": "done", "metrics": {"loss": 1.0}}
    made.write("w1", "run-ended", {**ended, "refs": refs_of(planned)}, 1)


def study(experiments: int) -> Study:
    made = Study()
    made.write("w1", "thread-started", {"prefix": "P"}, 1)
    for at in range(experiments):
        experiment(made, k=at % 3, seed=at)
    for left, right in zip(made.runs[:CLAIMS], made.runs[1:], strict=False):
        sides = [run.body["experiment"] for run in (left, right)]
        body = {"text": "", "predicate": "loss({}) < loss({})".format(*sides)}
        made.item("w1", "claim", {**body, "refs": refs_of(left, right)}, 1)
    return made


def put(log: EventLog, made: Study) -> None:
    for name, lines in made.lines.items():
        with open(f"{log.folder('t')}/{name}", "wb") as file:
            file.write(b"".join(lines))


@contextmanager
def told(log: EventLog) -> Iterator[list[str]]:
    """The statements that the index was asked."""
    said: list[str] = []
    log.index.db.set_trace_callback(said.append)
    yield said
    log.index.db.set_trace_callback(None)


def look(log: EventLog, question: Callable[[Thread], object] = lambda thread: None) -> None:
    log.look("t", question)


def of_one_command(said: list[str]) -> int:
    return sum("FROM runs" in s and "DISTINCT config" in s for s in said)


def judged(said: list[str]) -> int:
    return sum(s.startswith("INSERT INTO judged") for s in said)


def test_the_runs_of_one_command_are_told_of_once_for_all_claims_on_them() -> None:
    made = study(12)
    with store() as log:
        put(log, made)
        with told(log) as said:
            look(log)
        assert (judged(said), of_one_command(said)) == (CLAIMS, 1)
        # Another run of it that shows nothing new: nothing is judged on account of it.
        experiment(made, k=1, seed=3)
        put(log, made)
        with told(log) as said:
            look(log)
        assert (judged(said), of_one_command(said)) == (0, 0)
        # One with a key that no other has may make a tag of it.
        experiment(made, k=1, seed=3, width=2)
        put(log, made)
        with told(log) as said:
            look(log)
        assert (judged(said), of_one_command(said)) == (CLAIMS, 0)

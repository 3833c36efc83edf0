"""A short thread that is looked at again says what it said, and what was said of other lines is not said again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.adapters.clock import SystemClock
from leadline.adapters.store.event_log import EventLog
from leadline.core.evidence import of_thread
from leadline.core.evidence.known import labels_for
from leadline.core.metric.thread_of import thread_of
from leadline.core.record.thread import Thread
from leadline.core.record.written import Altered
from leadline.core.view.relabelled import relabelled
from leadline.services.evidence.listed_claims import listing
from leadline.testing.builders import ThreadBuilder
from tests.chance import examples
from tests.unit.test_kept_thread import says, studies
from tests.unit.test_run_table import arriving, store


def again(log: EventLog) -> EventLog:
    """The store of another process."""
    return EventLog(log.root, "w9", "Ada", SystemClock())


def all_of(thread: Thread) -> dict[str, Any]:
    labels = labels_for(thread)
    return {**says(thread), "claims": listing(thread), "moved": relabelled(thread, labels)}


@settings(max_examples=examples(12), deadline=None)
@given(studies(), st.data())
def test_who_looks_again_finds_what_the_fold_says(
    lines: dict[str, list[bytes]], data: st.DataObject
) -> None:
    with store() as log:
        for _ in arriving(log, lines, data, 6):
            expected = all_of(thread_of(log.records("t"), "t"))
            for looks in range(2):
                found = again(log).look("t", all_of)
                for name, value in expected.items():
                    assert found[name] == value, f"look {looks}: {name}"


def claimed(log: EventLog, loss: float = 1.0, **run: Any) -> None:
    """A thread with a claim."""
    b = ThreadBuilder("t")
    b.run("one", {"loss": loss}, {"n": 1}, **run)
    b.claim("small", predicate="loss(P-001) < 2")
    lines = b"".join(record.line() for record in b.records)
    Path(log.folder("t"), f"{b.writer}-1.jsonl").write_bytes(lines)


def labels(log: EventLog) -> list[str]:
    def asked(thread: Thread) -> list[str]:
        rows, _ = listing(thread)
        known = labels_for(thread)
        return [known(claim).label for claim in thread.claims] + [row["sentence"] for row in rows]

    return again(log).look("t", asked)


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The uids of what was judged."""
    found: list[str] = []
    evidence_of = of_thread.evidence_of

    def noted(thread: Thread, body: Any, uid: str) -> Any:
        found.append(uid)
        return evidence_of(thread, body, uid)

    monkeypatch.setattr(of_thread, "evidence_of", noted)
    return found


def test_what_was_judged_is_judged_once(judged: list[str]) -> None:
    with store() as log:
        claimed(log)
        first = labels(log)
        assert judged
        judged.clear()
        assert labels(log) == first and not judged


def test_other_lines_are_judged_anew(judged: list[str]) -> None:
    with store() as log:
        claimed(log)
        first = labels(log)
        judged.clear()
        claimed(log, loss=3.0)
        assert labels(log)[0] == "refuted" != first[0] and judged


@pytest.mark.parametrize("told", [b"", b"[]", b'{"told": {}}', None])
def test_a_file_that_is_not_what_was_kept_is_as_none(told: bytes | None) -> None:
    with store() as log:
        claimed(log)
        first = labels(log)
        kept = Path(log.root, "cache", "told-t")
        told = kept.read_bytes().replace(first[0].encode(), b"stable") if told is None else told
        assert told != kept.read_bytes()
        kept.write_bytes(told)
        assert labels(log) == first
        assert json.loads(kept.read_bytes())["told"]


def test_of_another_program_nothing_is_said_again(
    judged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with store() as log:
        claimed(log)
        labels(log)
        judged.clear()
        monkeypatch.setattr("leadline.adapters.store.told_file.RULES", 10_000)
        labels(log)
        assert judged


def test_of_a_record_that_a_copy_has_otherwise_nothing_is_said_again() -> None:
    """The copy is not among the lines."""
    with store() as log:
        claimed(log)
        uids = frozenset(record.id for record in log.records("t"))
        before = labels(log)
        other = again(log)
        other.compared("t", [], [Altered("w1-1.jsonl:2", "w1", uids)])
        (row,) = other.look("t", lambda thread: listing(thread)[0])
        assert "not as it was written" in row["sentence"]
        assert labels(log) == before


def test_while_a_blob_is_looked_for_nothing_is_kept(judged: list[str]) -> None:
    """It may come or go, and no line tells."""
    with store() as log:
        claimed(log, ended={"extraction": {"items": {"loss": {"n": 7, "blob": "sha256:0"}}}})

        def asked(thread: Thread) -> str:
            source = next(thread.runs).item_source
            assert source is not None and source("sha256:0") is None
            return labels_for(thread)(thread.claims[0]).label

        first = again(log).look("t", asked)
        judged.clear()
        assert again(log).look("t", asked) == first and judged

"""The logbook that was kept is the one that a whole rendering gives, however the records came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.adapters.store import entries_table, event_log
from leadline.adapters.store.event_log import EventLog
from leadline.core.evidence.known import labels_for
from leadline.core.metric.thread_of import thread_of
from leadline.core.record.event import Record
from leadline.core.record.thread import Thread
from leadline.render.branch.index import entry_of, render_index
from leadline.render.issue.body import body_sections
from leadline.render.issue.comments import render_update
from leadline.render.logbook.entries import Entry, log_entries, render_logbook
from tests.chance import examples
from tests.unit.test_kept_thread import Study, refs_of, studies
from tests.unit.test_long_thread_costs import study as long_study
from tests.unit.test_run_table import arriving, begin_anew, store


@pytest.fixture(autouse=True)
def every_thread_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "FOLDED_WHOLE_BYTES", -1)


def is_the_whole(log: EventLog) -> None:
    expected = list(log_entries(thread_of(log.records("t"), "t")))
    assert log.look("t", entries_of) == expected


def entries_of(thread: Thread) -> list[Entry]:
    return list(log_entries(thread))


@settings(derandomize=True, max_examples=examples(60), deadline=None)
@given(studies(), st.integers(1, 9), st.data())
def test_entries_that_were_kept_are_those_of_the_whole_fold(
    lines: dict[str, list[bytes]], at_once: int, data: st.DataObject
) -> None:
    """The writers' files arrive in any order, so that some records sort before what was rendered."""
    with store() as log, pytest.MonkeyPatch.context() as patch:
        patch.setattr(entries_table, "RENDERED_AT_ONCE", at_once)
        for _ in arriving(log, lines, data, 4):
            is_the_whole(log)
        begin_anew(log)
        is_the_whole(log)


def pages(thread: Thread) -> dict[str, object]:
    labels = labels_for(thread)
    return {
        "logbook": render_logbook(thread, labels),
        "issue": body_sections(thread, labels, {"logbook": "https://example.org/log.md"}),
        "update": render_update(thread, labels),
        "index": render_index([entry_of(thread, labels)]),
    }


@settings(derandomize=True, max_examples=examples(8), deadline=None)
@given(studies(), st.data())
def test_the_pages_of_a_kept_thread_are_those_of_the_whole_fold(
    lines: dict[str, list[bytes]], data: st.DataObject
) -> None:
    with store() as log:
        for _ in arriving(log, lines, data, 2):
            expected = pages(thread_of(log.records("t"), "t"))
            found = log.look("t", pages)
            for name, page in expected.items():
                assert found[name] == page, name


def write(log: EventLog, study: Study) -> None:
    log.merge("t", {name: b"".join(lines) for name, lines in study.lines.items()})


def a_study() -> Study:
    study = Study()
    metrics = [{"name": "loss", "direction": "lower", "unit": "s"}]
    study.write("w1", "thread-started", {"prefix": "P", "metrics": metrics, "goal": "g"}, 1)
    for number in (1, 2, 3):
        shown = f"P-00{number}"
        body = {"id": f"{shown}-r1", "experiment": shown, "repeat": 1, "title": f"t{number}"}
        if number == 3:
            cited = "P-001.loss - P-002.loss"
            text = {"text": f"less by {{{{{cited}}}}}", "bound": {cited: 1.0}}
            study.item("w1", "hypothesis", {**text, "refs": refs_of(*study.runs)}, 1)
            body |= {"hypotheses": ["P-H1"], "refs": {"P-H1": study.items[-1].id}}
        study.runs.append(study.write("w1", "run-planned", {**body, "config": {}}, 1))
        end = {"run": f"{shown}-r1", "refs": refs_of(study.runs[-1]), "state": "done"}
        study.write("w1", "run-ended", {**end, "metrics": {"loss": 4.0 - number}}, 1)
    return study


def test_what_an_entry_shows_of_others_is_found_at_the_third_hand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The entry of a run shows its experiment's hypothesis, and with it the unit of what that
    cites."""
    monkeypatch.setattr(entries_table, "RENDERED_AT_ONCE", 1)
    with store() as log:
        write(log, a_study())
        is_the_whole(log)
        assert any("less by 1 s" in entry.body for entry in log.look("t", entries_of))


def test_a_late_record_drops_no_more_than_what_follows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with store() as log:
        study = a_study()
        write(log, study)
        log.look("t", entries_of)
        rendered = list[str]()
        whole = entries_table.Log.entry

        def entry(made: entries_table.Log, record, then):  # type: ignore[no-untyped-def]
            rendered.append(record.id)
            return whole(made, record, then)

        monkeypatch.setattr(entries_table.Log, "entry", entry)
        study.write("w1", "note", {"id": "P-N1", "text": "new", "about": []}, 1)
        write(log, study)
        log.look("t", entries_of)
        assert rendered == [log.records("t")[-1].id]
        is_the_whole(log)
        rendered.clear()
        middle = study.runs[1].id
        study.times["w2"] = study.times["w1"] - 6
        late = study.write("w2", "note", {"id": "P-N2", "text": "late", "about": []}, 1)
        assert middle < late.id
        write(log, study)
        log.look("t", entries_of)
        assert rendered and min(rendered) == late.id
        is_the_whole(log)


def test_a_sweep_that_ended_twice_goes_on_in_its_second_entry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(entries_table, "RENDERED_AT_ONCE", 1)
    study = a_study()
    sweep = {"axes": {"k": [1]}, "cells": [{"k": 1}], "design": "one-axis", "entry": "command"}
    sweep |= {"argv": ["bench", "{k}"], "cwd": ".", "config": {}, "repeat": 1, "seed": 1}
    study.item("w1", "sweep", sweep, 1)
    of = study.items[-1].id
    cell = {"id": "P-004-r1", "experiment": "P-004", "repeat": 1, "title": "t4"}
    cell |= {"config": {"k": 1}, "design": {"sweep": of, "cell": {"k": 1}}}
    study.write("w1", "run-planned", cell, 1)
    ended = {"of": of, "about": ["P-W1"], "also": [], "refs": {"P-W1": of}, "why": ""}
    for _ in range(2):
        study.write("w1", "command-ended", ended, 1)
    with store() as log:
        write(log, study)
        is_the_whole(log)
        assert [e.heading for e in log.look("t", entries_of)][-1].endswith("(goes on)")


def test_a_record_is_read_once_for_all_entries_of_a_lot(monkeypatch: pytest.MonkeyPatch) -> None:
    made = long_study(12)
    read, records = list[str](), entries_table._records

    def noted(rows: Iterable[tuple[bytes]]) -> list[Record]:
        found = records(rows)
        read.extend(record.id for record in found)
        return found

    monkeypatch.setattr(entries_table, "_records", noted)
    with store() as log:
        write(log, made)
        is_the_whole(log)
    # The lot itself, and what its entries are made from.
    assert max(Counter(read).values()) == 2 and sum(Counter(read).values()) > 24

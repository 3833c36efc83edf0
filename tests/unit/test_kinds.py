"""The table of kinds is whole: what is decided by kind is decided for every kind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import leadline
from leadline.core.ids import ID_IN_TEXT, named_id, parse_id
from leadline.core.issue.due import due
from leadline.core.record import fold
from leadline.core.record.kinds import ITEM_KINDS, KINDS, LETTER_OF, TABLE, kind_of
from leadline.render.issue.comments import render_update
from leadline.render.logbook import entries
from leadline.testing.builders import ThreadBuilder
from leadline.testing.every_kind import every_kind

SOURCE = Path(leadline.__file__).parent


def test_a_kind_stands_once_and_its_letter_too():
    assert len(KINDS) == len(TABLE) and len(set(LETTER_OF.values())) == len(LETTER_OF)


def test_every_kind_has_a_handler_and_no_handler_has_no_kind():
    assert set(fold._HANDLERS) == set(KINDS)


@pytest.mark.parametrize("kind", TABLE, ids=lambda kind: kind.name)
def test_a_kind_has_an_entry_in_the_logbook_or_says_why_not(kind):
    assert (kind.name in entries._WRITERS) is not bool(kind.silent)
    assert not (kind.silent and kind.title)


def test_every_kind_has_a_record_in_the_example_and_the_fold_understands_it():
    build = every_kind()
    thread = build.thread()
    assert {record.kind for record in build.records} == set(KINDS)
    assert thread.malformed == [] and thread.unknown_kinds == {}
    assert {item.kind for item in thread.items.values()} == ITEM_KINDS


def test_each_record_of_the_example_that_has_an_entry_gets_it():
    build = every_kind()
    titles = [entry.heading for entry in entries.log_entries(build.thread())]
    for kind in TABLE:
        if kind.title:
            assert any(kind.title in title for title in titles), kind.name


@pytest.mark.parametrize("kind", sorted(ITEM_KINDS))
def test_an_item_has_an_id_that_is_found_in_text(kind):
    shown = named_id("P", kind, 7)
    parsed = parse_id(shown)
    assert parsed is not None and parsed.kind == kind
    assert ID_IN_TEXT.findall(f"see {shown}.") == [shown]


def test_what_is_written_is_of_a_known_kind():
    """A kind that a module writes and the table lacks would be kept and not understood."""
    written = re.compile(r'(?:\.append(?:_item)?\(\s*[\w.]+,|writing\.add\()\s*"([a-z-]+)"')
    found = {m for path in SOURCE.rglob("*.py") for m in written.findall(path.read_text())}
    assert found and found <= set(KINDS)


def test_what_happens_on_the_issue_gives_an_update_nothing_to_tell():
    told = {kind.name for kind in TABLE if not kind.news}
    assert {kind.name for kind in TABLE if kind.on_issue} < told
    assert told - {kind.name for kind in TABLE if kind.on_issue} == {
        "update",
        "command-ended",
        "imported",
        "run-launched",
        "healed",
        "heads-signed",
        "session",
        "session-ended",
        "directive",
        "acknowledgement",
        "profile",
        "transcript-attached",
    }


@pytest.mark.parametrize("kind", [k.name for k in TABLE if k.milestone])
def test_a_milestone_makes_an_update_due(kind):
    build = ThreadBuilder()
    run = build.run("base", {"time_ms": 10.0})
    shown = build.hypothesis("wider is faster")
    build.update("told")
    body = {"hypothesis": shown, "state": "falsified", "target": run, "experiment": "P-001"}
    build.record(kind, {"id": named_id("P", kind, 9), **body} if kind in ITEM_KINDS else body)
    assert [m["kind"] for m in due(build.thread(), build.now)["milestones"]] == [kind]


def test_an_update_tells_of_a_supersession():
    build = ThreadBuilder()
    build.run("base", {"time_ms": 10.0})
    first = build.note("slow", about=["P-001"])
    second = build.note("slow on this machine", about=["P-001"])
    build.supersede(first, second)
    assert f"- Superseded {first}: slow" in render_update(build.thread())


def test_a_kind_of_a_newer_version_asks_for_nothing():
    assert kind_of("some-later-kind").news and not kind_of("some-later-kind").searched

"""The forge contract, run on every forge; and what the local one adds: the issue is records of the
thread."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from leadline.adapters.clock import SystemClock
from leadline.adapters.forges.local import LocalForge
from leadline.adapters.store.event_log import EventLog
from leadline.testing.forge_contract import ForgeContract


def store_at(folder: Path, writer: str) -> EventLog:
    store = EventLog(str(folder), writer, "Ada", SystemClock())
    if not store.exists("demo"):
        with store.transaction("demo", create=True) as writing:
            writing.add("thread-started", {"prefix": "P"})
    return store


@pytest.fixture
def store(tmp_path: Path) -> EventLog:
    return store_at(tmp_path / "leadline", "w1")


@pytest.fixture
def forge(store: EventLog) -> LocalForge:
    return LocalForge(store, "demo")


class TestLocalForge(ForgeContract):
    @pytest.fixture
    def open_forge(self, store: EventLog, tmp_path: Path) -> Callable[[], LocalForge]:
        names = (f"w{n}" for n in itertools.count(2))
        return lambda: LocalForge(store_at(tmp_path / "leadline", next(names)), "demo")


def test_an_edit_keeps_the_old_text_in_the_record(store: EventLog, forge: LocalForge) -> None:
    forge.open_issue("t", "b", [], "o")
    comment = forge.comment("local", "old `#12`", "m1")
    forge.edit_comment("local", comment.id, "old #12", "format")
    kept = store.thread("demo").issue.comments[0]
    assert [(e["was"], e["why"]) for e in kept["edits"]] == [("old `#12`", "format")]
    assert kept["text"] == "old #12"


def test_an_edit_that_changes_nothing_is_no_record(store: EventLog, forge: LocalForge) -> None:
    forge.open_issue("t", "b", ["l"], "o")
    comment = forge.comment("local", "text", "m1")
    before = len(store.records("demo"))
    forge.edit_issue("local", title="t", body="b", labels=["l"])
    forge.edit_comment("local", comment.id, "text", "format")
    assert len(store.records("demo")) == before


def test_comments_of_two_machines_apart_keep_ids_of_their_own(tmp_path: Path) -> None:
    here, there = store_at(tmp_path / "a", "wa"), store_at(tmp_path / "b", "wb")
    LocalForge(here, "demo").open_issue("t", "b", [], "o")
    there.merge("demo", here.files("demo"))
    for store, name in ((here, "here"), (there, "there")):
        LocalForge(store, "demo").comment("local", f"text from {name}", f"m-{name}")
    here.merge("demo", there.files("demo"))
    forge = LocalForge(here, "demo")
    comments = forge.issue("local").comments
    assert sorted(c.text for c in comments) == ["text from here", "text from there"]
    assert len({c.id for c in comments}) == 2
    other = next(c for c in comments if c.text == "text from there")
    forge.edit_comment("local", other.id, "text *from* there", "format")
    assert sorted(c.text for c in forge.issue("local").comments) == [
        "text *from* there",
        "text from here",
    ]


def test_a_draft_is_no_issue_until_it_is_opened(store: EventLog, forge: LocalForge) -> None:
    with store.transaction("demo") as writing:
        writing.add(
            "issue-opened", {"forge": "local", "number": "", "title": "t", "state": "draft"}
        )
    from leadline.core.errors import LeadlineError

    with pytest.raises(LeadlineError):
        forge.issue("local")
    assert forge.open_issue("t", "b", ["l"], "o").state == "open"
    assert store.thread("demo").issue.state == "open"


def test_a_retried_comment_is_no_second_record(store: EventLog, forge: LocalForge) -> None:
    forge.open_issue("t", "b", [], "o")
    forge.comment("local", "text", "m1")
    before = len(store.records("demo"))
    forge.comment("local", "text", "m1")
    assert len(store.records("demo")) == before


def test_two_machines_that_post_the_same_comment_apart_posted_one(tmp_path: Path) -> None:
    here, there = store_at(tmp_path / "a", "wa"), store_at(tmp_path / "b", "wb")
    LocalForge(here, "demo").open_issue("t", "b", [], "o")
    there.merge("demo", here.files("demo"))
    for store in (here, there):
        LocalForge(store, "demo").comment("local", "the update", "update:1")
    here.merge("demo", there.files("demo"))
    assert [c.text for c in LocalForge(here, "demo").issue("local").comments] == ["the update"]

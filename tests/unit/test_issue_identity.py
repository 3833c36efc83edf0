"""Whose an issue is."""

from __future__ import annotations

import pytest

from leadline.core.issue.identity import is_foreign, markers_of, named, old_marker, owner
from leadline.core.issue.remote import RemoteIssue
from leadline.ports.forge_kind import ForgeKind
from leadline.services.issue.ask import ForgeFailed, read_issue
from leadline.testing.builders import ThreadBuilder
from leadline.testing.fakes import MemoryForge

PAGE = "https://github.com/lab/issues/issues/1"
KIND = ForgeKind("github")


def builder(
    at: str = "2026-11-02T09:00:00.000Z", number: str = "1", body: str = ""
) -> ThreadBuilder:
    made = ThreadBuilder("demo", at=at)
    opened = {"forge": "github", "number": number, "title": "t", "url": PAGE, "body": body}
    made.record("issue-opened", opened)
    return made


def test_a_marker_names_topic_and_start() -> None:
    thread, other = builder().thread(), builder("2026-11-03T09:00:00.000Z").thread()
    [own], [theirs] = markers_of(thread), markers_of(other)
    assert own == f"experiment:demo:{thread.records[0].id}" != theirs
    assert owner(own) == named(thread) == f"demo ({thread.records[0].id})"
    assert not is_foreign(own, thread) and is_foreign(theirs, thread)
    assert not is_foreign(old_marker("demo"), thread), "it says the topic alone"
    assert is_foreign(old_marker("other"), thread) and not is_foreign("", thread)


def test_a_thread_started_on_two_machines_has_two() -> None:
    twice = builder()
    twice.record("thread-started", {"prefix": "P"})
    assert len(markers_of(twice.thread())) == 2


@pytest.mark.parametrize("marker", ["own", "old", "none"])
def test_what_is_its_own_is_read(marker: str) -> None:
    thread = builder().thread()
    said = {"own": markers_of(thread)[0], "old": old_marker("demo"), "none": ""}[marker]
    assert read_issue(_forge(said), thread, KIND).number == "1"


@pytest.mark.parametrize("page", [PAGE, "", "https://github.com/moved/lab/issues/1"])
def test_anothers_is_refused_with_both_named(page: str) -> None:
    thread, other = builder().thread(), builder("2026-11-03T09:00:00.000Z").thread()
    with pytest.raises(ForgeFailed) as caught:
        read_issue(_forge(markers_of(other)[0], page), thread, KIND)
    said = caught.value.error
    assert said.code == "another-issue"
    assert named(thread) in said.what and named(other) in said.why


def test_an_old_marker_elsewhere_counts_where_the_text_is_what_was_sent() -> None:
    block = "<!-- leadline:begin sha256:0123456789abcdef -->\nsent\n<!-- leadline:end -->"
    thread, moved = builder(body=block).thread(), "https://github.com/moved/lab/issues/1"
    assert read_issue(_forge(old_marker("demo"), moved, block), thread, KIND)
    for body in (block.replace("sent", "of another"), ""):
        with pytest.raises(ForgeFailed):
            read_issue(_forge(old_marker("demo"), moved, body), thread, KIND)


def _forge(marker: str, page: str = PAGE, body: str = "") -> MemoryForge:
    forge = MemoryForge()
    forge.issues["1"] = RemoteIssue("1", page, "t", body, "open", marker=marker)
    return forge

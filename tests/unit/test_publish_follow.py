"""What follows from a record: in one order, done twice as done once, and nothing raised for what is
away. On a real repository, without the command line."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path
from typing import Any

import pytest

from leadline.bootstrap import open_context
from leadline.core.errors import remote
from leadline.core.issue.remote import Comment, RemoteIssue
from leadline.services.context import Context
from leadline.services.issue import content
from leadline.services.issue.delivery import Opening
from leadline.services.publish.follow import Followed, follow, follow_everywhere
from leadline.services.thread.start import StartRequest, start
from leadline.testing.record_store_contract import rechained

RECORDS = "refs/heads/leadline/records"
LOGBOOK = ".agents/logbooks/demo.md"


class OutsideForge:
    """One issue, in memory. ``away``: every call fails, as without a network."""

    name = "github"
    body_limit_chars = comment_limit_chars = 0
    repository, web_url = "o/r", ""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.away = False
        self.calls: list[str] = []
        self.there: RemoteIssue | None = None

    def _called(self, name: str) -> None:
        if self.away:
            raise remote("forge-unreachable", "the forge does not answer", do="leadline sync")
        self.calls.append(name)

    def open_issue(
        self, title: str, body: str, labels: list[str], marker: str, **_: Any
    ) -> RemoteIssue:
        self._called("open")
        self.there = RemoteIssue(
            "7", "https://example.org/o/r/issues/7", title, body, "open", labels, marker=marker
        )
        return self.there

    def issue(self, number: str) -> RemoteIssue:
        self._called("read")
        assert self.there is not None and number == self.there.number
        return self.there

    def edit_issue(self, number: str, **changes: Any) -> RemoteIssue:
        self._called("edit")
        assert self.there is not None
        for name, value in changes.items():
            if value is not None:
                setattr(self.there, name, value)
        return self.there

    def comment(self, number: str, text: str, marker: str, kind: str = "update") -> Comment:
        self._called(f"comment {kind}")
        assert self.there is not None
        made = Comment(str(len(self.there.comments) + 1), marker, text)
        self.there.comments.append(made)
        return made

    def writes(self) -> list[str]:
        return [call for call in self.calls if call != "read"]


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A repository with one commit, and thread ``demo`` with an issue of the record itself."""
    for name in ("GIT_AUTHOR", "GIT_COMMITTER"):
        monkeypatch.setenv(f"{name}_NAME", "Ada")
        monkeypatch.setenv(f"{name}_EMAIL", "ada@example.org")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("LEADLINE_THREAD", raising=False)
    repo = tmp_path / "repo"
    git(tmp_path, "init", "-q", "-b", "main", str(repo))
    git(repo, "commit", "-q", "--allow-empty", "-m", "first")
    return open_context(str(repo))


@pytest.fixture
def demo(context: Context) -> Context:
    start(context, StartRequest("demo", {"goal": "find out"}, prefix="P", no_branch=True))
    return context


def git(folder: Path | str, *args: str) -> str:
    done = subprocess.run(["git", *args], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def note(context: Context, text: str) -> None:
    context.append_item(context.store.thread("demo"), "note", {"text": text})


def suppose(context: Context, text: str) -> None:
    """A hypothesis: the body of the issue lists it."""
    body = {"text": text, "state": "proposed"}
    context.append_item(context.store.thread("demo"), "hypothesis", body)


def outside(context: Context) -> OutsideForge:
    """A forge outside for ``demo``, and one for each other thread."""
    forges = {"demo": OutsideForge()}
    context.settings["forge"] = "github"
    context.forge_for = lambda topic: forges.setdefault(topic, OutsideForge())  # type: ignore[assignment,return-value]
    return forges["demo"]


def state(context: Context) -> tuple[Any, ...]:
    return (
        context.store.thread("demo").record_count,
        git(context.cwd, "rev-parse", "HEAD"),
        context.vcs.ref(RECORDS),
    )


# ---- order ---------------------------------------------------------------------------------------


def test_the_logbook_names_the_issue_and_the_record_branch_holds_both(context: Context):
    """The order: what is done on the issue is in the record before the rest is rendered from it."""
    outside(context)
    begun = start(context, StartRequest("demo", {"goal": "g"}, prefix="P", no_branch=True))
    address = "https://example.org/o/r/issues/7"
    assert address in (Path(context.cwd) / LOGBOOK).read_text()
    assert begun.followed.logbook.commit == git(context.cwd, "rev-parse", "HEAD")
    tip = begun.followed.record_commit
    assert tip == context.vcs.ref(RECORDS)
    assert address.encode() in (context.vcs.file_at(tip, "demo/logbook.md") or b"")
    events = context.vcs.read_tree_files(tip, "demo/events/")
    held = b"".join(context.vcs.read_blobs(set(events.values())).values())
    assert held.count(b"\n") == context.store.thread("demo").record_count, "nothing came later"


def test_followed_twice_is_followed_once(demo: Context):
    note(demo, "something new")
    first = follow(demo, "demo", "a note")
    after = state(demo)
    again = follow(demo, "demo", "a note")
    assert state(demo) == after
    assert first.problems == again.problems == [] and first.left == again.left == []
    assert again.logbook.commit == first.logbook.commit
    assert again.record_commit == first.record_commit


def test_the_body_of_the_issue_is_derived_once(demo: Context, monkeypatch: pytest.MonkeyPatch):
    follow(demo, "demo", "a start")
    derived, sections = list[str](), content.body_sections
    monkeypatch.setattr(
        content,
        "body_sections",
        lambda thread, *rest: derived.append(thread.topic) or sections(thread, *rest),
    )
    suppose(demo, "smaller steps help")
    follow(demo, "demo", "a hypothesis")
    assert derived == ["demo"]


def test_twice_on_a_forge_outside_writes_once(context: Context):
    forge = outside(context)
    start(context, StartRequest("demo", {"goal": "g"}, prefix="P", no_branch=True))
    suppose(context, "something new")
    follow(context, "demo", "a hypothesis")
    written = forge.writes()
    assert follow(context, "demo", "a note").issue.why is None
    assert forge.writes() == written == ["open", "edit"]


# ---- what is away --------------------------------------------------------------------------------


def test_a_forge_that_is_away_keeps_neither_logbook_nor_record_branch(context: Context):
    forge = outside(context)
    start(context, StartRequest("demo", {"goal": "g"}, prefix="P", no_branch=True))
    forge.away = True
    suppose(context, "said while it was away")
    before = state(context)
    followed = follow(context, "demo", "a note")
    assert followed.why_not_posted == "the forge does not answer"
    assert followed.left == ["leadline sync"] and followed.problems == []
    assert followed.logbook.logbook == LOGBOOK and state(context)[2] != before[2]
    forge.away = False
    paused = follow(context, "demo", "again")
    assert paused.issue.waits and forge.writes() == ["open"], "it is given a pause"
    assert not follow(context, "demo", "now", asked_for=True).issue.waits
    assert forge.writes() == ["open", "edit"]


def test_without_a_remote_nothing_is_amiss(demo: Context):
    assert demo.vcs.remotes() == []
    followed = follow(demo, "demo", "a note")
    assert followed.record_commit and followed.problems == [] and followed.left == []


def test_a_draft_is_left_to_be_opened(context: Context):
    request = StartRequest("demo", {"goal": "g"}, prefix="P", no_branch=True, draft=True)
    followed = start(context, request).followed
    assert followed.issue.state == "draft" and followed.why_not_posted == "the issue is a draft"
    assert followed.left == ["leadline issue open --thread demo"]
    opened = follow(context, "demo", "posted", opening=Opening())
    assert opened.issue.state == "open" and opened.why_not_posted == "" and opened.left == []


def test_a_logbook_kept_out_of_the_tree_is_on_the_record_branch(context: Context):
    context.settings["logbook.in_tree"] = False
    begun = start(context, StartRequest("demo", {"goal": "g"}, prefix="P", no_branch=True))
    logbook = begun.followed.logbook
    assert logbook.logbook is None and "logbook.in_tree = false" in logbook.skipped
    assert not (Path(context.cwd) / LOGBOOK).exists()
    assert context.vcs.file_at(begun.followed.record_commit, "demo/logbook.md")
    assert begun.followed.problems == [], "it was asked for"


def test_a_hand_edit_stays_until_it_is_in_the_record(demo: Context):
    logbook = Path(demo.cwd) / LOGBOOK
    logbook.write_text(logbook.read_text() + "by hand\n")
    kept = follow(demo, "demo", "a note")
    assert kept.logbook.next == "leadline adopt" and "by hand" in logbook.read_text()
    follow(demo, "demo", "adopted", hand_edit_adopted=True)
    assert "by hand" not in logbook.read_text()


def test_a_record_branch_that_is_checked_out_is_said_and_made_up_for(demo: Context):
    git(demo.cwd, "switch", "-q", "leadline/records")
    note(demo, "said meanwhile")
    followed = follow(demo, "demo", "a note")
    assert [p.as_dict()["code"] for p in followed.problems] == ["record-branch-checked-out"]
    assert followed.record_commit == "" and followed.left == ["git switch -"]
    assert str(followed.problems[0]).startswith("record branch: ")
    git(demo.cwd, "switch", "-q", "main")
    assert follow(demo, "demo", "a note").problems == []


def test_a_seal_whose_comment_cannot_be_worded_waits(demo: Context):
    """It links what the record branch holds; that branch cannot be written while it is checked out."""
    from leadline.services.publish.seal import seal

    git(demo.cwd, "switch", "-q", "leadline/records")
    sealed = seal(demo, "demo", "first", at="main")
    assert sealed.comment is None and demo.vcs.tag_exists("leadline/demo/first")
    assert sealed.followed.issue.why is not None and "git switch -" in sealed.left
    git(demo.cwd, "switch", "-q", "main")
    assert follow(demo, "demo", "now", asked_for=True).issue.comments == ["c1"]


def test_a_seal_that_another_process_completed_meanwhile_is_sealed(
    demo: Context, monkeypatch: pytest.MonkeyPatch
):
    from leadline.services.publish.seal import seal

    made = demo.vcs.create_tag

    def by_both(name: str, commit: str, message: str) -> str:
        made(name, commit, message)
        return made(name, commit, message)

    monkeypatch.setattr(demo.vcs, "create_tag", by_both)
    assert seal(demo, "demo", "first", at="main").snapshot.body["name"] == "first"


# ---- after a sync --------------------------------------------------------------------------------


def test_a_sync_tells_forges_outside_and_commits_nothing_here(context: Context):
    forge = outside(context)
    for topic, prefix in (("demo", "P"), ("other", "Q")):
        start(context, StartRequest(topic, {"goal": "g"}, prefix=prefix, no_branch=True))
    forge.away = True
    suppose(context, "said while it was away")
    follow(context, "demo", "a note")
    forge.away = False
    head = git(context.cwd, "rev-parse", "HEAD")
    found = follow_everywhere(context)
    assert list(found) == ["demo", "other"] and forge.writes() == ["open", "edit"]
    assert git(context.cwd, "rev-parse", "HEAD") == head


def test_a_sync_leaves_issues_of_the_record_alone(demo: Context):
    note(demo, "something new")
    count = demo.store.thread("demo").record_count
    assert follow_everywhere(demo) == {} and demo.store.thread("demo").record_count == count


def test_every_combination_of_what_is_away_is_said_and_raised_by_none(context: Context):
    """Forge, record branch and logbook away, in all eight ways; afterwards all of it is made up for."""
    forge = outside(context)
    start(context, StartRequest("demo", {"goal": "g"}, prefix="P", no_branch=True))
    for n, (no_forge, no_branch, no_tree) in enumerate(itertools.product((False, True), repeat=3)):
        suppose(context, f"guess {n}")
        forge.away = no_forge
        context.settings["logbook.in_tree"] = not no_tree
        if no_branch:
            git(context.cwd, "switch", "-q", "leadline/records")
        followed: Followed = follow(context, "demo", f"guess {n}", asked_for=True)
        assert bool(followed.why_not_posted) is no_forge
        assert bool(followed.problems) is no_branch
        assert bool(followed.logbook.skipped) is no_tree
        if no_branch:
            git(context.cwd, "reset", "-q", "--hard")
            git(context.cwd, "clean", "-qfd")
            git(context.cwd, "switch", "-q", "main")
    forge.away, context.settings["logbook.in_tree"] = False, True
    last = follow(context, "demo", "all there", asked_for=True)
    assert (last.why_not_posted, last.problems, last.left) == ("", [], [])
    assert "guess 7" in (Path(context.cwd) / LOGBOOK).read_text()


# ---- what was posted -----------------------------------------------------------------------------


def test_what_was_posted_is_held_against_the_record(context: Context):
    from leadline.services.keep.verify_posted import posted
    from leadline.services.publish.seal import seal

    forge = outside(context)
    start(context, StartRequest("demo", {"goal": "g"}, prefix="P", no_branch=True))
    seal(context, "demo", "first")
    assert forge.there is not None
    comment = forge.there.comments[-1]

    def said() -> list[tuple[str, str]]:
        found = posted(context, context.store.view("demo"))
        return [(finding.severity, finding.code) for finding in found]

    assert said() == []
    right = comment.text
    digest = right.partition("heads `sha256:")[2][:64]
    comment.text = right.replace(digest, "0" * 64)
    assert said() == [("fault", "posted-otherwise")]
    comment.text, comment.marker = right, "snapshot:01AAAAAAAAAAAAAAAAAAAAAAAA"
    assert said() == [("fault", "posted-otherwise")]
    forge.away = True
    assert said() == [("note", "issue-not-asked")]


def test_nothing_follows_from_a_record_that_was_rewritten(context: Context):
    forge = outside(context)
    start(context, StartRequest("demo", {"goal": "g"}, prefix="P", no_branch=True))
    note(context, "before")
    follow(context, "demo", "a note")
    done = len(forge.calls)
    (path,) = Path(context.root, "threads/demo/events").glob("*.jsonl")
    lines = path.read_bytes().replace(b'"before"', b'"since"').splitlines(keepends=True)
    path.write_bytes(b"".join(rechained(lines)))
    for head in Path(context.root, "threads/demo/heads").iterdir():
        head.unlink()
    found = follow(open_again(context, forge), "demo", "a note")
    assert found.issue.why is not None and found.issue.why["code"] == "record-altered"
    assert [call for call in forge.calls[done:] if call != "read"] == []


def open_again(context: Context, forge: OutsideForge) -> Context:
    again = open_context(context.cwd)
    again.settings["forge"] = "github"
    again.forge_for = lambda topic: forge  # type: ignore[assignment,return-value]
    return again

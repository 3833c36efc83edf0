"""The plan of an issue: carried out it is empty, cut off anywhere the next is the rest, and people
keep their words.

The forge here is a few lines that do what an operation says; that the real ones do is the
contract's business.
"""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from leadline.core.issue.comments import PendingComment
from leadline.core.issue.plan import Operation, Wanted, drift, plan
from leadline.core.issue.remote import Comment, RemoteIssue
from leadline.core.managed_block import holds, put, split
from leadline.core.record.thread import Issue

words = st.text(alphabet="ab \n\r`|<!->", max_size=30)
dues = st.lists(
    st.builds(
        PendingComment,
        st.sampled_from(["u1", "u2", "s1", "f1"]),
        st.just("update"),
        words,
        st.booleans(),
    ),
    max_size=4,
    unique_by=lambda due: due.marker,
)
wanteds = st.builds(
    Wanted,
    st.sampled_from(["Experiment: a", "Experiment: b"]),
    words,
    dues,
    st.sampled_from(["", "completed", "not_planned"]),
)


def carry_out(operation: Operation, known: Issue, remote: RemoteIssue | None) -> RemoteIssue:
    """What the forge then has, and what the record then knows."""
    if operation.kind in ("open", "adopt"):
        remote = remote or RemoteIssue(
            "1", "", operation.title, operation.text, "open", ["experiment"]
        )
        remote.body = operation.text
        known.number, known.state, known.body, known.labels = (
            "1",
            "open",
            remote.body,
            list(remote.labels),
        )
        known.title = remote.title
        known.title_sent = remote.title if operation.kind == "open" else ""
        return remote
    assert remote is not None
    if operation.kind in ("edit", "keep-body"):
        remote.body, remote.title = operation.text or remote.body, operation.title or remote.title
        known.body = remote.body
        known.title_sent = operation.title or known.title_sent
    elif operation.kind == "keep-edit":
        known.person_edits.append({"text": operation.text})
    elif operation.kind in ("comment", "keep-comment"):
        same = [c for c in remote.comments if c.marker == operation.marker]
        for double in same[1:]:
            remote.comments.remove(double)
        if not same:
            remote.comments.append(
                Comment(f"c{len(remote.comments)}", operation.marker, operation.text)
            )
        if all(c["marker"] != operation.marker for c in known.comments):
            there = same[0] if same else remote.comments[-1]
            known.comments.append(_sent(there.id, there.marker, there.text))
    elif operation.kind == "grow":
        here = next(c for c in known.comments if c["id"] == operation.comment)
        there = next(c for c in remote.comments if c.marker == operation.marker)
        here["edits"].append({"was": here["text"]})
        here["text"] = there.text = operation.text
    elif operation.kind in ("close", "keep-closed"):
        if remote.state == "open":
            remote.state, remote.closed_reason = "closed", operation.text
        known.state = "closed"
    return remote


def _sent(comment: str, marker: str, text: str) -> dict[str, Any]:
    return {"id": comment, "marker": marker, "text": text, "kind": "update", "edits": [], "on": "1"}


def settle(known: Issue, wanted: Wanted, remote: RemoteIssue | None) -> RemoteIssue:
    for operation in plan(known, wanted, remote):
        remote = carry_out(operation, known, remote)
    assert remote is not None
    return remote


@given(wanteds, wanteds)
def test_a_plan_carried_out_leaves_an_empty_one(first: Wanted, second: Wanted):
    known = Issue()
    remote = settle(known, first, None)
    assert plan(known, first, remote) == [] and drift(known, remote) == []
    remote = settle(known, second, remote)
    assert plan(known, second, remote) == []
    assert holds(remote.body, second.body) and remote.title == second.title
    assert {c.marker for c in remote.comments} == {
        d.marker for d in [*first.comments, *second.comments]
    }


@given(wanteds, wanteds, st.integers(0, 8), st.booleans())
def test_cut_off_anywhere_the_rest_is_done_and_nothing_twice(
    first: Wanted, wanted: Wanted, at: int, recorded: bool
):
    """``recorded`` False: the forge did the last operation, and the record never heard of it."""
    known, first.comments, first.close = Issue(), [], ""
    remote: RemoteIssue | None = settle(known, first, None)
    before = known  # nothing is missing when both are the same
    for operation in plan(known, wanted, remote)[:at]:
        before = copy.deepcopy(known)
        remote = carry_out(operation, known, remote)
    if at and remote is not None and not recorded and before.state != "none":
        known = before
    remote = settle(known, wanted, remote)
    assert plan(known, wanted, remote) == []
    assert [c.marker for c in remote.comments] == [d.marker for d in wanted.comments]
    assert (remote.state == "closed") == bool(wanted.close)
    assert holds(known.body, wanted.body), "the record knows what is there"


@given(wanteds, wanteds, words, words, words)
def test_people_keep_their_words(
    first: Wanted, second: Wanted, before: str, after: str, inside: str
):
    known = Issue()
    remote = settle(known, first, None)
    block = remote.body.rstrip("\n").replace("-->\n", f"-->\n{inside} mine\n", 1)
    remote.body, remote.title = before + block + after, "A title of ours"
    theirs = split(remote.body)
    remote = settle(known, second, remote)
    assert holds(remote.body, second.body) and remote.title == "A title of ours"
    now = split(remote.body)
    assert (now.before, now.after) == (theirs.before, theirs.after)
    if theirs.edited:
        assert any(e["text"] == theirs.block for e in known.person_edits)
    assert plan(known, second, remote) == []


@given(wanteds)
def test_a_person_who_deletes_or_edits_a_comment_is_left_in_peace(wanted: Wanted):
    known = Issue()
    remote = settle(known, wanted, None)
    if not remote.comments:
        return
    remote.comments[0].text += " edited"
    gone = remote.comments.pop() if len(remote.comments) > 1 else None
    codes = [d.code for d in drift(known, remote)]
    assert codes.count("comment-edited") == 1 and codes.count("comment-deleted") == (
        gone is not None
    )
    for due in wanted.comments:
        due.text, due.may_change = due.text + " and on", True
    wrote = {operation.marker for operation in plan(known, wanted, remote)}
    assert remote.comments[0].marker not in wrote and (gone is None or gone.marker not in wrote)


def test_an_adopted_issue_keeps_title_and_text_and_the_block_comes_below():
    known = Issue()
    remote = RemoteIssue("7", "", "Theirs", "their text\r\n", "open")
    wanted = Wanted("Experiment: x", "derived", number="7")
    remote = settle(known, wanted, remote)
    assert remote.body == put("their text\r\n", "derived", below=True) and remote.title == "Theirs"
    assert plan(known, wanted, remote) == []

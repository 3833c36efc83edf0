"""What has to be done so that the issue says what the record says, and what others changed on it
since.

Pure: the record (what was sent), the forge (what is there) and what is derived go in, operations
and differences come out. An operation is named only when it is missing, so a plan that was carried
out is empty the next time; where it was cut off, the next plan is the rest of it. What a person
changed wins over what was sent, never over the record: their words are kept, their title, labels
and state are respected.
"""

from __future__ import annotations

import difflib

from leadline.core.issue.comments import PendingComment
from leadline.core.issue.remote import RemoteIssue
from leadline.core.managed_block import block_of, holds, outside, put, split
from leadline.core.record.thread import Issue
from leadline.core.typed import NamedTuple
from leadline.core.values import dataclass, field


@dataclass
class Wanted:
    """What the record says the issue is to be."""

    title: str
    body: str  # the derived part
    comments: list[PendingComment] = field(default_factory=list)
    close: str = ""  # completed | not_planned, "" while the thread goes on
    number: str = ""  # of an issue to adopt
    labels: list[str] = field(default_factory=list)
    milestone: str = ""
    assignees: list[str] = field(default_factory=list)
    parent: str = ""


class Operation(NamedTuple):
    """``kind``: open | adopt | keep-edit | edit | keep-body | comment | grow | keep-comment | close
    | keep-closed. ``what``: in words. The rest is what carrying it out needs."""

    kind: str
    what: str
    text: str = ""  # the new body, or the comment
    title: str = ""  # "" leaves it
    marker: str = ""
    comment: str = ""  # id of the comment that is edited
    comment_kind: str = ""
    why: str = ""  # a comment is edited


class RemoteChange(NamedTuple):
    """One thing that others changed. ``rule``: what Leadline does about it."""

    code: str
    what: str
    rule: str
    mend: str = ""


# ---- the plan ------------------------------------------------------------------------------------


def plan(known: Issue, wanted: Wanted, remote: RemoteIssue | None) -> list[Operation]:
    """The operations that are missing, in the order they are to be done. ``remote`` None: there is
    no issue yet."""
    operations: list[Operation] = []
    if remote is None or known.state in ("none", "draft"):
        operations.append(_opening(wanted, remote))
    else:
        operations += _edits(known, wanted, remote)
    operations += _comments(known, wanted, remote)
    if wanted.close and known.state != "closed":
        if remote is not None and remote.state == "closed":
            operations.append(
                Operation(
                    "keep-closed", f"note that it is closed ({remote.closed_reason or 'closed'})"
                )
            )
        else:
            operations.append(
                Operation("close", f"close as {wanted.close.replace('_', ' ')}", text=wanted.close)
            )
    return operations


def _opening(wanted: Wanted, remote: RemoteIssue | None) -> Operation:
    lines = wanted.body.count("\n") + 1
    extra = [f"label {', '.join(wanted.labels)}"] if wanted.labels else []
    extra += [f"milestone {wanted.milestone}"] if wanted.milestone else []
    extra += [f"assign {', '.join(wanted.assignees)}"] if wanted.assignees else []
    extra += [f"sub-issue of #{wanted.parent}"] if wanted.parent else []
    about = "; ".join([f"+{lines} lines in the body", *extra])
    if wanted.number:
        named = f"“{remote.title}” " if remote is not None else ""
        what = f"adopt issue #{wanted.number} {named}({about}; title and text that are there stay)"
        body = put(remote.body if remote is not None else "", wanted.body, below=True)
        return Operation("adopt", what, text=body)
    return Operation(
        "open",
        f"open issue “{wanted.title}” ({about})",
        text=put("", wanted.body),
        title=wanted.title,
    )


def _edits(known: Issue, wanted: Wanted, remote: RemoteIssue) -> list[Operation]:
    found: list[Operation] = []
    parts = split(remote.body)
    if (
        parts.block is not None
        and parts.edited
        and all(e["text"] != parts.block for e in known.person_edits)
    ):
        added, removed = changed_lines(block_of(known.body), parts.block)
        what = f"keep in the record what somebody changed inside the derived block (+{added} -{removed} lines)"
        found.append(Operation("keep-edit", what, text=parts.block))
    retitle = wanted.title if may_retitle(known, wanted.title, remote) else ""
    stale = not holds(remote.body, wanted.body)
    if stale or retitle:
        added, removed = changed_lines(parts.block or "", wanted.body)
        words = [f"edit body (+{added} -{removed} lines)"] if stale else []
        words += [f"edit title to “{retitle}”"] if retitle else []
        body = put(remote.body, wanted.body) if stale else ""
        found.append(Operation("edit", "; ".join(words), body, retitle))
    elif not holds(known.body, wanted.body) or (
        remote.title == wanted.title and known.title_sent not in ("", wanted.title)
    ):
        sent = remote.title if remote.title == wanted.title and known.title_sent else ""
        found.append(Operation("keep-body", "note that the body is there", remote.body, sent))
    return found


def may_retitle(known: Issue, title: str, remote: RemoteIssue) -> bool:
    """A title that somebody else gave stays; the one that was sent from here follows the record."""
    return remote.title != title and remote.title == known.title_sent


def _comments(known: Issue, wanted: Wanted, remote: RemoteIssue | None) -> list[Operation]:
    sent = {c["marker"]: c for c in known.comments}
    there: dict[str, str] = {}
    texts: dict[str, str] = {}
    doubled: set[str] = set()
    for comment in remote.comments if remote is not None else ():
        if comment.marker in there:
            doubled.add(comment.marker)
        else:
            there[comment.marker], texts[comment.marker] = comment.id, comment.text
    found = []
    for due in wanted.comments:
        named = f"{due.kind} {due.name}".strip()
        if due.marker not in sent:
            kind, what = ("comment", f"post comment {named}")
            if due.marker in there:
                kind, what = ("keep-comment", f"note that comment {named} is there")
            if due.marker in doubled:
                kind, what = ("comment", f"remove the second copy of comment {named}")
            found.append(
                Operation(kind, what, due.text, "", due.marker, there.get(due.marker, ""), due.kind)
            )
        elif due.marker in doubled:
            what = f"remove the second copy of comment {named}"
            found.append(Operation("comment", what, due.text, "", due.marker, "", due.kind))
        elif due.may_change and (here := sent[due.marker]):
            # a format fix came after it
            forms = [here["text"], *(edit["was"] for edit in here["edits"])]
            untouched = due.marker in there and texts[due.marker] in (*forms, due.text)
            if due.text not in forms and (remote is None or untouched):
                what = f"continue comment {named} in place"
                at = (due.marker, str(here["id"]), due.kind, due.why)
                found.append(Operation("grow", what, due.text, "", *at))
    return found


def changed_lines(before: str, after: str) -> tuple[int, int]:
    """Lines added and lines removed between two texts."""
    added = removed = 0
    matcher = difflib.SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            removed, added = removed + i2 - i1, added + j2 - j1
    return added, removed


def difference(before: str, after: str, context_lines: int = 2) -> list[str]:
    """A unified difference without file names; empty when the texts are equal."""
    return list(
        difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=context_lines)
    )[2:]


# ---- what others changed -------------------------------------------------------------------------


def drift(known: Issue, remote: RemoteIssue) -> list[RemoteChange]:
    """Every difference between what was sent, as the record has it, and what the forge has."""
    found: list[RemoteChange] = []
    if known.title_sent and remote.title != known.title_sent:
        what = f"the title was changed from “{known.title_sent}” to “{remote.title}”"
        found.append(
            RemoteChange(
                "title-changed", what, "respected", "leadline issue sync --title  (gives it back)"
            )
        )
    gone = [label for label in known.labels if label not in remote.labels]
    new = [label for label in remote.labels if label not in known.labels]
    if gone:
        found.append(
            RemoteChange("label-removed", f"label {', '.join(gone)} was taken off", "respected")
        )
    if new:
        found.append(RemoteChange("label-added", f"label {', '.join(new)} was put on", "respected"))
    found += _state_drift(known, remote)
    found += _body_drift(known, remote)
    found += _comment_drift(known, remote)
    return found


def _state_drift(known: Issue, remote: RemoteIssue) -> list[RemoteChange]:
    found = []
    if known.state == "open" and remote.state == "closed":
        who = f" by {remote.closed_by}" if remote.closed_by else ""
        what = (
            f"the issue was closed{who} ({(remote.closed_reason or 'no reason').replace('_', ' ')})"
        )
        found.append(
            RemoteChange("closed", what, "left closed; comments still go there", "leadline finish")
        )
    if known.state == "closed" and remote.state == "open":
        found.append(
            RemoteChange("reopened", "the issue was opened again after it was closed", "left open")
        )
    if remote.locked:
        found.append(
            RemoteChange(
                "locked", "the issue is locked", "comments wait when the token may not write"
            )
        )
    return found


def _body_drift(known: Issue, remote: RemoteIssue) -> list[RemoteChange]:
    found = []
    parts, before = split(remote.body), split(known.body)
    if parts.block is None:
        if before.block is not None:
            what = "the derived block was taken out of the body"
            found.append(
                RemoteChange("block-removed", what, "put back in front of the text that is there")
            )
    elif parts.edited:
        added, removed = changed_lines(before.block or "", parts.block)
        what = f"somebody changed the derived block (+{added} -{removed} lines)"
        rule = "kept in the record and shown in the body, then derived again"
        found.append(RemoteChange("block-edited", what, rule, "leadline issue edits"))
    elif before.block is not None and parts.block != before.block:
        what = "another machine, or a command that was cut off, brought the body up to date"
        found.append(RemoteChange("block-newer", what, "derived from all records"))
    if before.block is not None and outside(remote.body) != outside(known.body):
        added, removed = changed_lines(before.before + before.after, parts.before + parts.after)
        found.append(
            RemoteChange(
                "text-around",
                f"the text around the block changed (+{added} -{removed} lines)",
                "untouched",
            )
        )
    return found


def _comment_drift(known: Issue, remote: RemoteIssue) -> list[RemoteChange]:
    found = []
    there = {c.marker: c for c in remote.comments if c.marker}
    for comment in known.comments:
        if comment.get("on", known.number) != known.number:
            continue  # it stands on the issue that this one took the place of
        now = there.get(comment["marker"])
        named = f"comment {comment['id']} ({comment['kind']})"
        if now is None:
            found.append(
                RemoteChange(
                    "comment-deleted",
                    f"{named} was deleted",
                    "not posted again; its text is in the record",
                )
            )
        elif now.text != comment["text"]:
            added, removed = changed_lines(comment["text"], now.text)
            what = f"{named} was edited by somebody (+{added} -{removed} lines)"
            found.append(
                RemoteChange(
                    "comment-edited", what, "left as it is; the text that was sent is in the record"
                )
            )
    return found

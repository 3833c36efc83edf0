"""The experiment issue kept current: body derived from records, comments posted once, a person's words never lost.

The record is written first and the forge follows: what is to be on the issue (body, comments, state) is computed from
the thread, and bringing it up to date does what is missing. So a crash between record and forge, or a forge that was
away, is mended by the next call, and calling twice is calling once.
"""

from __future__ import annotations

from typing import Any

from leadline.core.errors import LeadlineError
from leadline.core.managed_block import holds, put, split
from leadline.core.thread import Thread
from leadline.core.values import dataclass
from leadline.ports.forge import Comment, Forge, RemoteIssue
from leadline.services.context import Context


@dataclass
class Due:
    """A comment that the record says is to be on the issue."""

    marker: str
    kind: str
    text: str
    may_change: bool = False  # a span of heartbeats grows in place


def derived_body(context: Context, thread: Thread) -> str:
    """The derived part of the issue body, as the record has it now.

    Posting it is a record too; so that posting twice is posting once, records about the issue do not count as news.
    """
    import copy

    from leadline.render.issue import BEGIN, END, render_body
    from leadline.services.evidence_of import evidence_for

    shown = copy.copy(thread)
    shown.last_at = next((r.at for r in reversed(thread.records) if not r.kind.startswith("issue-")), thread.last_at)
    text = render_body(shown, evidence_for(thread), body_links(context, thread), str(context.setting("marker")))
    return text.removeprefix(BEGIN).removesuffix(END).strip("\n")


def body_links(context: Context, thread: Thread) -> dict[str, str]:
    """Where the body points. The permalinks are those of the last update: they are pinned, and they do not move with
    every commit of the record branch, so a body that was posted stays current."""
    from leadline.services.milestone import logbook_path

    pinned: dict[str, str] = next(
        (dict(u.body["links"]) for u in reversed(thread.of_kind("update")) if u.body.get("links")), {}
    )
    in_tree = context.setting("logbook.in_tree")
    where = logbook_path(context, thread.topic) if in_tree else f"leadline logbook --thread {thread.topic}"
    return {"research logbook kept as": f"`{where}`", **pinned}


def title_of(thread: Thread) -> str:
    return f"Experiment: {thread.title}"


def body_is_current(context: Context, thread: Thread) -> bool:
    """Whether what was last posted is what the record says now."""
    return holds(thread.issue.body, derived_body(context, thread))


# ---- bringing it up to date -----------------------------------------------------------------------------------------


def bring_up_to_date(context: Context, topic: str, create: bool = False, draft: bool = False) -> dict[str, Any]:
    """Make the issue say what the record says: title, body, and comments that are not there yet.

    ``create``: open it when there is none, as a ``draft`` (kept in the record, posted nowhere) when asked. Without an
    issue, or with a draft, nothing is posted. Returns ``{"state", "number", "url", "body": posted | unchanged |
    not posted, "comments": ids posted or grown now, "waiting": comments not posted, "person_edit": bool}``.
    Raises LeadlineError(remote) when the forge cannot be reached; the record is complete then, and the next call goes
    on from there.
    """
    thread = context.store.thread(topic)
    if thread.issue.state == "none" and create and draft:
        context.append(
            topic,
            "issue-opened",
            {
                "forge": context.forge_for(topic).name,
                "number": "",
                "title": title_of(thread),
                "state": "draft",
                "labels": [str(context.setting("issue.label"))],
            },
        )
        thread = context.store.thread(topic)
    if thread.issue.state in ("none", "draft") and not (create and not draft):
        return _answer(thread, "not posted", [], False)
    forge = context.forge_for(topic)
    if thread.issue.state in ("none", "draft"):
        opened = forge.open_issue(
            title_of(thread),
            put("", derived_body(context, thread)),
            [str(context.setting("issue.label"))],
            f"experiment:{topic}",
        )
        _keep_issue(context, topic, forge, opened)
        thread = context.store.thread(topic)
    remote = forge.issue(thread.issue.number)
    person_edit = _keep_person_edit(context, thread, remote)
    body_posted = _post_body(context, forge, thread, remote)
    comments = [_post_comment(context, forge, topic, due) for due in comments_to_post(thread)]
    if thread.finished and thread.issue.state == "open":
        close(context, topic, str(thread.finishes[-1].get("reason") or "completed"))
    return _answer(context.store.thread(topic), "posted" if body_posted else "unchanged", comments, person_edit)


def open_issue(context: Context, topic: str, draft: bool = False) -> dict[str, Any]:
    """Open the issue, or post the draft. Raises LeadlineError(conflict) when it is open (or a draft) already."""
    state = context.store.thread(topic).issue.state
    if state not in ("none", "draft") or (draft and state == "draft"):
        raise LeadlineError(
            "conflict",
            "issue-exists",
            f"the experiment issue of {topic} is {state} already",
            "",
            "leadline issue sync" if state != "draft" else "leadline issue open",
        )
    return bring_up_to_date(context, topic, create=True, draft=draft)


def show(context: Context, topic: str) -> dict[str, Any]:
    """The issue as it is and as the record would have it: title, state, labels, derived body, comments."""
    thread = context.store.thread(topic)
    issue, derived = thread.issue, derived_body(context, thread)
    return {
        "title": title_of(thread),
        "state": issue.state,
        "forge": issue.forge,
        "number": issue.number,
        "url": issue.url,
        "labels": issue.labels or [str(context.setting("issue.label"))],
        "body": derived,
        "current": holds(issue.body, derived) and issue.title == title_of(thread),
        "posted_body": issue.body,
        "posted_at": issue.body_at,
        "comments": issue.comments,
        "waiting": len(comments_to_post(thread)),
        "person_edits": issue.person_edits,
        "closed_reason": issue.closed_reason,
    }


def _answer(thread: Thread, body: str, comments: list[str], person_edit: bool) -> dict[str, Any]:
    issue = thread.issue
    return {
        "state": issue.state,
        "number": issue.number,
        "url": issue.url,
        "forge": issue.forge,
        "body": body,
        "comments": comments,
        "waiting": len(comments_to_post(thread)),
        "person_edit": person_edit,
    }


def _post_body(context: Context, forge: Forge, thread: Thread, remote: RemoteIssue) -> bool:
    derived, title = derived_body(context, thread), title_of(thread)
    if holds(remote.body, derived) and remote.title == title:
        return False
    edited = forge.edit_issue(remote.number, title=title, body=put(remote.body, derived))
    _keep_issue(context, thread.topic, forge, edited)
    return True


def _keep_person_edit(context: Context, thread: Thread, remote: RemoteIssue) -> bool:
    """An edit inside the derived block is about to be replaced: keep its text in the record, once."""
    parts = split(remote.body)
    if parts.block is None or not parts.edited:
        return False
    if all(kept["text"] != parts.block for kept in thread.issue.person_edits):
        context.append(thread.topic, "issue-edited", {"person_edit": parts.block})
    return True


def _keep_issue(context: Context, topic: str, forge: Forge, remote: RemoteIssue) -> None:
    """What the forge has now, in the record; on the local forge it is there already."""
    issue = context.store.thread(topic).issue
    facts = {
        "forge": forge.name,
        "number": remote.number,
        "url": remote.url,
        "title": remote.title,
        "labels": remote.labels,
        "body": remote.body,
    }
    if issue.state in ("none", "draft"):
        context.append(topic, "issue-opened", facts)
    elif changed := {k: v for k, v in facts.items() if v != getattr(issue, k)}:
        context.append(topic, "issue-edited", changed)


# ---- comments -------------------------------------------------------------------------------------------------------


def comments_to_post(thread: Thread) -> list[Due]:
    """Comments the record has and the issue lacks, or has in an older form; oldest first."""
    posted = {c["marker"]: c for c in thread.issue.comments}

    def lacks(due: Due) -> bool:
        there = posted.get(due.marker)
        if there is None:
            return True
        forms = [there["text"], *(edit["was"] for edit in there["edits"])]  # a format fix came after it
        return due.may_change and due.text not in forms

    return [due for due in _all_comments(thread) if lacks(due)]


def _all_comments(thread: Thread) -> list[Due]:
    found: list[tuple[str, Due]] = []
    spans: dict[str, Due] = {}
    for update in thread.of_kind("update"):
        span = spans.get(thread.shown(str(update.body.get("continues", "")), update.refs))
        if span is not None:
            span.text, span.may_change = update.text, True
            continue
        due = Due(
            str(update.body.get("marker") or f"update:{update.uid}"),
            str(update.body.get("form", "update")),
            update.text,
        )
        spans[update.id] = due
        found.append((update.uid, due))
    for finish in thread.finishes:
        if finish.get("text"):
            found.append((finish["uid"], Due(f"finish:{finish['uid']}", "final", str(finish["text"]))))
    return [due for _, due in sorted(found, key=lambda pair: pair[0])]


def _post_comment(context: Context, forge: Forge, topic: str, due: Due) -> str:
    thread = context.store.thread(topic)
    known = {c["marker"]: c["id"] for c in thread.issue.comments}
    if due.marker in known:
        edited = forge.edit_comment(thread.issue.number, known[due.marker], due.text, "the same status goes on")
        _keep_comment_edit(context, topic, edited, "the same status goes on")
        return edited.id
    return post_comment(context, topic, due.text, due.marker, due.kind).id


def post_comment(context: Context, topic: str, text: str, marker: str, kind: str) -> Comment:
    """Post one comment, once per ``marker``, and keep it in the record.

    Raises LeadlineError: conflict (no issue, or a draft), remote.
    """
    thread = context.store.thread(topic)
    _must_be_posted(thread)
    forge = context.forge_for(topic)
    comment = forge.comment(thread.issue.number, text, marker, kind)
    if all(c["marker"] != marker for c in context.store.thread(topic).issue.comments):
        context.append(
            topic, "issue-commented", {"comment": comment.id, "marker": marker, "text": comment.text, "kind": kind}
        )
    return comment


def _must_be_posted(thread: Thread) -> None:
    if thread.issue.state in ("none", "draft"):
        what = "is a draft" if thread.issue.state == "draft" else "has not been opened"
        raise LeadlineError(
            "conflict",
            "issue-not-open",
            f"the experiment issue of {thread.topic} {what}",
            "a comment needs an issue to stand on",
            f"leadline issue open --thread {thread.topic}",
        )


def _keep_comment_edit(context: Context, topic: str, comment: Comment, why: str) -> None:
    """On the local forge the edit is in the record already."""
    for known in context.store.thread(topic).issue.comments:
        if known["id"] == comment.id and known["text"] != comment.text:
            context.append(
                topic,
                "issue-comment-edited",
                {"comment": comment.id, "marker": known["marker"], "text": comment.text, "why": why},
            )


def fix_comment(context: Context, topic: str, comment: str, text: str | None, why: str) -> dict[str, Any]:
    """Change the form of a posted comment: spaces, Markdown, escapes. The old text stays in the record.

    ``text`` None: the rewrites that ``core.lint.fix_format`` does. Raises LeadlineError: not_found; refused
    (``not-a-format-fix``) when words or numbers would change.
    """
    from leadline.core.lint import fix_format
    from leadline.core.wording import first_difference

    thread = context.store.thread(topic)
    _must_be_posted(thread)
    known = {c["id"]: c for c in thread.issue.comments}
    if comment not in known:
        raise LeadlineError(
            "not_found",
            "no-comment",
            f"the issue has no comment {comment}",
            f"comments: {', '.join(known) or 'none'}",
            "leadline issue comments",
        )
    before = str(known[comment]["text"])
    after = fix_format(before if text is None else text)
    difference = first_difference(before, after)
    if difference is not None:
        raise LeadlineError(
            "refused",
            "not-a-format-fix",
            f"this changes what comment {comment} says, not only its form",
            f"'{difference[0]}' would become '{difference[1]}'; comments are append-only, so say it in a new one",
            ["leadline update --change '…'", f"leadline correct ID FIELD=VALUE --thread {topic}"],
            {"was": difference[0], "would_be": difference[1]},
        )
    if after == before:
        return {"comment": comment, "changed": False, "text": before}
    edited = context.forge_for(topic).edit_comment(thread.issue.number, comment, after, why)
    _keep_comment_edit(context, topic, edited, why)
    return {"comment": comment, "changed": True, "text": after, "was": before}


def close(context: Context, topic: str, reason: str) -> None:
    """``reason``: completed | not_planned. A thread without a posted issue has nothing to close."""
    thread = context.store.thread(topic)
    if thread.issue.state != "open":
        return
    forge = context.forge_for(topic)
    remote = forge.close_issue(thread.issue.number, reason)
    if context.store.thread(topic).issue.state != "closed":
        context.append(topic, "issue-closed", {"reason": remote.closed_reason or reason})

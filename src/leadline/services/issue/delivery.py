"""Bring the issue to what the record says: read what is there, plan what is missing, do it, keep
what was done.

The record is written first and the forge follows. What is missing is computed from both each time,
so a crash between record and forge, an answer that was lost, or a forge that was away is mended by
the next call, and calling twice is calling once. The first operation that fails ends the call:
order matters, and a forge that refuses one thing is not asked for the next. Whatever the forge
does, nothing is raised for it: what waits and why is the answer.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

from leadline.core.issue.comments import comments_to_post, title_of
from leadline.core.issue.plan import Operation, Wanted, drift, may_retitle, plan
from leadline.core.issue.remote import Comment, RemoteIssue
from leadline.core.managed_block import block_of
from leadline.core.record.thread import Thread
from leadline.core.typed import TYPE_CHECKING, Any, TypeVar, cast
from leadline.services.context import Context
from leadline.services.issue import outbox
from leadline.services.issue.ask import ForgeFailed, ask, forge_of, read_issue
from leadline.services.issue.content import comment_text, wanted_of

if TYPE_CHECKING:
    from leadline.core.record.bodies import IssueEditedBody, IssueOpenedBody, IssueWantedBody

_T = TypeVar("_T")


def want(context: Context, topic: str, state: str, wishes: dict[str, Any] | None = None) -> None:
    """Record that the issue is to be opened, adopted or kept a draft, before anything is asked of a
    forge."""
    thread, wishes = context.store.thread(topic), {k: v for k, v in (wishes or {}).items() if v}
    asked = thread.issue.wanted
    new = {**{k: v for k, v in asked.items() if k != "state"}, **wishes, "state": state}
    at_once = not forge_of(context, thread).outside and not wishes and state == "open"
    if new != asked and not at_once:
        context.append(topic, "issue-wanted", cast("IssueWantedBody", new))


# ---- the whole -----------------------------------------------------------------------------------


def bring_up_to_date(
    context: Context,
    topic: str,
    create: bool = False,
    draft: bool = False,
    wishes: dict[str, Any] | None = None,
    *,
    asked_for: bool = False,
    retitle: bool = False,
) -> dict[str, Any]:
    """Make the issue say what the record says: body, title, comments that are not there yet, state.

    ``create``: open it (or post the draft) when there is none; a ``draft`` is kept in the record
    and posted nowhere. ``wishes``: labels, milestone, assignees, parent, or the ``number`` of an
    issue to adopt. ``asked_for``: somebody wants it sent now (``outbox.resting``). ``retitle``:
    take the title back from whoever changed it.

    Returns ``{"state", "number", "url", "forge", "body": posted | unchanged | not posted,
    "comments": ids posted or grown now, "waiting": comments not posted, "waits": what is still to
    be done, in words, "why": why (see ``outbox.trouble``) or None, "done": what was done,
    "warnings", "drift": what others changed, "person_edit": bool}``.
    """
    thread = context.store.thread(topic)
    if create and thread.issue.state in ("none", "draft"):
        want(context, topic, "draft" if draft else "open", wishes)
        if draft and thread.issue.state == "none":
            label = str(context.setting("issue.label"))
            body: IssueOpenedBody = {
                "forge": forge_of(context, thread).name,
                "number": "",
                "title": title_of(thread),
                "state": "draft",
            }
            context.append(topic, "issue-opened", {**body, "labels": [label]})
        thread = context.store.thread(topic)
    call = _Call(context, topic, create and not draft, retitle)
    if thread.issue.state in ("none", "draft") and not call.to_open(thread):
        return _answer(call, thread)
    met = outbox.resting(context, topic, asked_for)
    if met is not None:
        call.why = met
        call.waits = [o.what for o in call.expected(thread)]
        return _answer(call, thread)
    try:
        call.carry_out()
        outbox.forget(context, topic)
    except ForgeFailed as failed:
        call.why = outbox.note_trouble(context, topic, call.step, failed.error)
    return _answer(call, context.store.thread(topic))


def dry_run(
    context: Context, topic: str, wishes: dict[str, Any] | None = None, create: bool = False
) -> dict[str, Any]:
    """The operations that ``bring_up_to_date`` would carry out now, in order, after reading what is
    there; nothing is written. When the forge cannot be asked, those that the record tells, and
    why."""
    thread = copy.copy(context.store.thread(topic))
    if wishes:
        thread.issue = copy.copy(thread.issue)
        thread.issue.wanted = {**thread.issue.wanted, **{k: v for k, v in wishes.items() if v}}
    call = _Call(context, topic, create, False)
    why: dict[str, Any] | None = None
    operations: list[Operation] = []
    if thread.issue.state not in ("none", "draft") or call.to_open(thread):
        try:
            remote = call.read(thread)
            operations = _plan_with_edit(context, thread, remote)
        except ForgeFailed as failed:
            why = {
                "at": "",
                "step": "read the issue",
                "tries": 0,
                "retry_at": "",
                **failed.error.as_dict(),
            }
            operations = call.expected(thread)
    return {
        "operations": [{"kind": o.kind, "what": o.what, "marker": o.marker} for o in operations],
        "why": why,
        "state": thread.issue.state,
        "forge": forge_of(context, thread).name,
    }


def _plan_with_edit(
    context: Context, thread: Thread, remote: RemoteIssue | None
) -> list[Operation]:
    """The plan where a change by hand is kept first, and shown in the body that is derived then."""
    there = remote.body if remote is not None else ""
    operations = plan(thread.issue, wanted_of(context, thread, there), remote)
    keeping = [o for o in operations if o.kind == "keep-edit"]
    if not keeping:
        return operations
    thread = copy.copy(thread)
    thread.issue = copy.copy(thread.issue)
    edits = thread.issue.person_edits
    new = {
        "id": f"E{len(edits) + 1}",
        "at": context.now(),
        "text": keeping[0].text,
        "base": block_of(thread.issue.body),
    }
    thread.issue.person_edits = [*edits, {**new, "uid": "", "settled": "", "why": ""}]
    return [*keeping, *plan(thread.issue, wanted_of(context, thread, there), remote)]


class _Call:
    """One call: what it found, did and left."""

    def __init__(self, context: Context, topic: str, create: bool, retitle: bool) -> None:
        self.context, self.topic, self.create, self.retitle = context, topic, create, retitle
        self.step = "read the issue"
        self.done: list[str] = []
        self.comments: list[str] = []
        self.waits: list[str] = []
        self.warnings: list[str] = []
        self.drift: list[dict[str, str]] = []
        self.body = "not posted"
        self.person_edit = False
        self.why: dict[str, Any] | None = None
        self.forge: Any = None

    def to_open(self, thread: Thread) -> bool:
        return self.create or thread.issue.wanted.get("state") == "open"

    def read(self, thread: Thread) -> RemoteIssue | None:
        """What the forge has of it; None while there is nothing."""
        context, kind = self.context, forge_of(self.context, thread)
        self.forge = ask(kind, lambda: context.forge_for(self.topic))
        if thread.issue.state not in ("none", "draft"):
            return read_issue(self.forge, thread, kind)
        number, forge = str(thread.issue.wanted.get("number") or ""), self.forge
        return ask(kind, lambda: forge.issue(number)) if number else None

    def expected(self, thread: Thread) -> list[Operation]:
        """The plan as far as the record tells what is there."""
        issue = thread.issue
        remote = RemoteIssue(
            issue.number, issue.url, issue.title, issue.body, issue.state, list(issue.labels)
        )
        remote.comments = [Comment(c["id"], c["marker"], c["text"]) for c in issue.comments]
        fresh = issue.state in ("none", "draft")
        return plan(issue, wanted_of(self.context, thread), None if fresh else remote)

    def carry_out(self) -> None:
        thread = self.context.store.thread(self.topic)
        self.waits = [o.what for o in self.expected(thread)]
        remote = self.read(thread)
        if remote is not None and thread.issue.state not in ("none", "draft"):
            self.drift = [d._asdict() for d in drift(thread.issue, remote)]
        operations = self._planned(thread, remote)
        for operation in operations:
            if operation.kind == "keep-edit":
                self.context.append(
                    self.topic,
                    "issue-edited",
                    {"person_edit": operation.text, "person_base": block_of(thread.issue.body)},
                )
                self.person_edit = True
                self.done.append(operation.what)
        if self.person_edit:  # it is shown in the body that is derived now
            thread = self.context.store.thread(self.topic)
            operations = self._planned(thread, remote)
        operations = [o for o in operations if o.kind != "keep-edit"]
        self.body = "unchanged"
        while operations:
            operation = operations.pop(0)
            self.step, self.waits = operation.what, [operation.what, *(o.what for o in operations)]
            self._do(operation)
            self.done.append(operation.what)
        self.waits = []
        self.warnings = list(getattr(self.forge, "warnings", []))

    def _planned(self, thread: Thread, remote: RemoteIssue | None) -> list[Operation]:
        wanted = wanted_of(self.context, thread, remote.body if remote is not None else "")
        if remote is not None and not may_retitle(thread.issue, wanted.title, remote):
            if self.retitle and thread.issue.state not in ("none", "draft"):
                thread = copy.copy(thread)
                thread.issue = copy.copy(thread.issue)
                thread.issue.title_sent = remote.title
                self.drift = [d for d in self.drift if d["code"] != "title-changed"]
            elif thread.issue.title != remote.title and thread.issue.state not in ("none", "draft"):
                self.context.append(self.topic, "issue-edited", {"person_title": remote.title})
        operations = plan(thread.issue, wanted, remote)
        self.waits = [o.what for o in operations]
        return operations

    # -- one operation -----------------------------------------------------------------------------
    def _do(self, operation: Operation) -> None:
        {
            "open": self._open,
            "adopt": self._adopt,
            "edit": self._edit,
            "keep-body": self._keep_body,
            "comment": self._comment,
            "keep-comment": self._comment,
            "grow": self._grow,
            "close": self._close,
            "keep-closed": self._close,
        }[operation.kind](operation)

    def _ask(self, act: Callable[[], _T]) -> _T:
        return ask(self.context.forge_kind(self.forge.name), act)

    def _thread(self) -> Thread:
        return self.context.store.thread(self.topic)

    def _wanted(self) -> Wanted:
        return wanted_of(self.context, self._thread(), "")

    def _open(self, operation: Operation) -> None:
        wanted, forge = self._wanted(), self.forge
        opened = self._ask(
            lambda: forge.open_issue(
                operation.title,
                operation.text,
                wanted.labels,
                f"experiment:{self.topic}",
                milestone=wanted.milestone,
                assignees=wanted.assignees,
            )
        )
        self._add_to_parent(opened.number, wanted.parent)
        self._keep_opened(opened, {})

    def _add_to_parent(self, number: str, parent: str) -> None:
        """Before the opening is kept: a process that ends here finds the issue again by its marker,
        and comes back."""
        forge = self.forge
        if parent:
            self._ask(lambda: forge.add_to_parent(number, parent))

    def _adopt(self, operation: Operation) -> None:
        wanted, forge = self._wanted(), self.forge
        there = self._ask(lambda: forge.issue(wanted.number))
        labels = [*there.labels, *(label for label in wanted.labels if label not in there.labels)]
        edited = self._ask(
            lambda: forge.edit_issue(
                wanted.number,
                body=operation.text,
                labels=labels if labels != there.labels else None,
                milestone=wanted.milestone or None,
                assignees=[*there.assignees, *wanted.assignees] if wanted.assignees else None,
            )
        )
        self._add_to_parent(edited.number, wanted.parent)
        self._keep_opened(edited, {"adopted": True})

    def _keep_opened(self, remote: RemoteIssue, more: IssueOpenedBody) -> None:
        self.body = "posted"
        if self._thread().issue.state not in ("none", "draft"):
            return  # the local forge: it is a record already
        body: IssueOpenedBody = {
            "forge": self.forge.name,
            "number": remote.number,
            "url": remote.url,
            "title": remote.title,
        }
        warned: IssueOpenedBody = (
            {"without": list(self.forge.warnings)} if self.forge.warnings else {}
        )
        self.context.append(
            self.topic,
            "issue-opened",
            {**body, "labels": remote.labels, "body": remote.body, **warned, **more},
        )

    def _edit(self, operation: Operation) -> None:
        issue, forge = self._thread().issue, self.forge
        edited = self._ask(
            lambda: forge.edit_issue(
                issue.number, title=operation.title or None, body=operation.text or None
            )
        )
        sent = {"body": edited.body} if operation.text else {}
        if operation.title:
            sent["title"] = edited.title
        self._keep_edited(sent)
        self.body = "posted"

    def _keep_body(self, operation: Operation) -> None:
        """It is there already: sent by a process that died, or by another machine."""
        self._keep_edited(
            {"body": operation.text, **({"title": operation.title} if operation.title else {})}
        )

    def _keep_edited(self, sent: dict[str, str]) -> None:
        issue = self._thread().issue
        if changed := {k: v for k, v in sent.items() if v != getattr(issue, k)}:
            self.context.append(self.topic, "issue-edited", cast("IssueEditedBody", changed))

    def _comment(self, operation: Operation) -> None:
        thread = self._thread()
        text = comment_text(self.context, thread, operation.marker, operation.text)
        forge, number = self.forge, thread.issue.number
        comment = self._ask(
            lambda: forge.comment(number, text, operation.marker, operation.comment_kind)
        )
        if all(c["marker"] != operation.marker for c in self._thread().issue.comments):
            self.context.append(
                self.topic,
                "issue-commented",
                {
                    "comment": comment.id,
                    "marker": operation.marker,
                    "text": comment.text,
                    "kind": operation.comment_kind,
                },
            )
        self.comments.append(comment.id)

    def _grow(self, operation: Operation) -> None:
        thread = self._thread()
        text = comment_text(self.context, thread, operation.marker, operation.text)
        why, forge, number = "the same status goes on", self.forge, thread.issue.number
        comment = self._ask(lambda: forge.edit_comment(number, operation.comment, text, why))
        keep_comment_edit(self.context, self.topic, comment, why)
        self.comments.append(comment.id)

    def _close(self, operation: Operation) -> None:
        issue, forge = self._thread().issue, self.forge
        reason = operation.text or "completed"
        remote = self._ask(
            (lambda: forge.close_issue(issue.number, reason))
            if operation.kind == "close"
            else (lambda: forge.issue(issue.number))
        )
        if self._thread().issue.state != "closed":
            self.context.append(
                self.topic, "issue-closed", {"reason": remote.closed_reason or reason}
            )


def keep_comment_edit(context: Context, topic: str, comment: Comment, why: str) -> None:
    """On the local forge the edit is in the record already."""
    for known in context.store.thread(topic).issue.comments:
        if known["id"] == comment.id and known["text"] != comment.text:
            context.append(
                topic,
                "issue-comment-edited",
                {
                    "comment": comment.id,
                    "marker": known["marker"],
                    "text": comment.text,
                    "why": why,
                },
            )


def _answer(call: _Call, thread: Thread) -> dict[str, Any]:
    issue = thread.issue
    return {
        "state": issue.state,
        "number": issue.number,
        "url": issue.url,
        "forge": issue.forge or forge_of(call.context, thread).name,
        "body": call.body,
        "comments": call.comments,
        "waiting": len(comments_to_post(thread)),
        "waits": call.waits,
        "why": call.why,
        "done": call.done,
        "warnings": call.warnings,
        "drift": call.drift,
        "person_edit": call.person_edit,
    }


def next_of(issue: dict[str, Any]) -> list[str]:
    """What to run for what waits: what mends it, where it does not pass by itself."""
    why = issue.get("why") or {}
    return list(why.get("next") or []) or ["leadline issue sync"]


def waiting_lines(issue: dict[str, Any]) -> list[str]:
    """What waits, for a person: nothing when nothing does."""
    if not issue.get("why"):
        return []
    waits = issue["waits"]
    shown = "; ".join(waits[:4]) + (f"; and {len(waits) - 4} more" if len(waits) > 4 else "")
    return [f"waiting: {shown or issue['why'].get('step', '')}: {outbox.line(issue['why'])}"]

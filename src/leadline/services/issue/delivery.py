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

from leadline.core.errors import LeadlineError
from leadline.core.issue.comments import comments_to_post, title_of
from leadline.core.issue.identity import is_foreign, markers_of
from leadline.core.issue.plan import (
    Operation,
    RemoteChange,
    Wanted,
    drift,
    may_retitle,
    plan,
)
from leadline.core.issue.remote import Comment, RemoteIssue
from leadline.core.managed_block import block_of
from leadline.core.record.thread import PersonEdit, Thread
from leadline.core.typed import TYPE_CHECKING, Protocol, TypeVar, cast
from leadline.core.values import dataclass
from leadline.ports.forge import Forge
from leadline.services.branch.copies import compare_with_copies
from leadline.services.branch.exchange import REFUSALS, records_refused
from leadline.services.context import Context
from leadline.services.issue import outbox
from leadline.services.issue.ask import ForgeFailed, ask, forge_of, is_taken, read_issue
from leadline.services.issue.content import comment_text, wanted_of
from leadline.services.issue.heard import hear
from leadline.services.issue.outbox import Trouble
from leadline.services.refusal import altered_error

if TYPE_CHECKING:
    from leadline.core.record.bodies import IssueEditedBody, IssueOpenedBody, IssueWantedBody

WAITS_SHOWN = 4
WITHOUT_LINKS = (
    "posted without links: the remote did not take the records; `leadline sync` by somebody who may "
    "push, then `leadline issue sync` here, completes what was posted"
)
_T = TypeVar("_T")


@dataclass(frozen=True)
class Opening:
    """The issue is to be opened (or its draft posted) where there is none. A ``draft`` is kept in
    the record and posted nowhere; ``wishes`` with a ``number`` adopt that issue instead."""

    draft: bool = False
    wishes: IssueWantedBody | None = None


@dataclass(frozen=True)
class Delivery:
    """What became of the issue in one call. ``why``: what keeps the rest from being done."""

    state: str
    number: str
    url: str
    forge: str
    body: str  # posted | unchanged | not posted
    comments: list[str]  # ids of those posted or grown now
    waiting: int  # comments not posted
    waits: list[str]  # what is still to be done, in words
    why: Trouble | None
    done: list[str]
    warnings: list[str]
    drift: list[RemoteChange]  # what others changed
    person_edit: bool  # a change by hand was kept in the record now

    def as_dict(self) -> dict[str, object]:
        return {**self.__dict__, "drift": [change._asdict() for change in self.drift]}


@dataclass(frozen=True)
class Planned:
    """The operations that would be carried out, after reading what is there. ``why``: the forge
    could not be asked, and they are those that the record tells."""

    operations: list[Operation]
    why: Trouble | None
    state: str
    forge: str

    def as_dict(self) -> dict[str, object]:
        shown = [{"kind": o.kind, "what": o.what, "marker": o.marker} for o in self.operations]
        return {**self.__dict__, "operations": shown}


def want(context: Context, topic: str, state: str, wishes: IssueWantedBody | None = None) -> None:
    """Record that the issue is to be opened, adopted or kept a draft, before anything is asked of a
    forge."""
    thread, asked_now = context.store.view(topic), given(wishes)
    asked = thread.issue.wanted
    new = {**{k: v for k, v in asked.items() if k != "state"}, **asked_now, "state": state}
    in_record = not forge_of(context, thread).outside
    opens_at_once = in_record and not asked_now and state == "open"
    if new != asked and not opens_at_once:
        context.append(topic, "issue-wanted", cast("IssueWantedBody", new))


def given(wishes: IssueWantedBody | None) -> dict[str, object]:
    """The wishes that say something."""
    return {name: wish for name, wish in (wishes or {}).items() if wish}


# ---- the whole -----------------------------------------------------------------------------------


def bring_up_to_date(
    context: Context,
    topic: str,
    opening: Opening | None = None,
    *,
    asked_for: bool = False,
    retitle: bool = False,
) -> Delivery:
    """Make the issue say what the record says: body, title, comments that are not there yet, state.

    ``asked_for``: somebody wants it sent now (``outbox.resting``). ``retitle``: take the title back
    from whoever changed it.
    """
    thread = context.store.view(topic)
    # The wish is a record before a forge is asked.
    if opening is not None and thread.issue.state in ("none", "draft"):
        want(context, topic, "draft" if opening.draft else "open", opening.wishes)
        if opening.draft and thread.issue.state == "none":
            _keep_draft(context, thread)
        thread = context.store.view(topic)
    call = _Call(context, topic, opening is not None and not opening.draft, retitle)
    if thread.issue.state in ("none", "draft") and not call.to_open(thread):
        return _answer(call, thread)
    # Nothing is told over a record that is not as it was written.
    compare_with_copies(context, topic)
    if (error := altered_error(context.store.view(topic))) is not None:
        call.why = outbox.unread(error)
        call.waits = [o.what for o in call.expected(thread)]
        return _answer(call, thread)
    # A forge that was away a moment ago is not asked again by a verb of other business.
    met = outbox.resting(context, topic, asked_for)
    if met is not None:
        call.why = met
        call.waits = [o.what for o in call.expected(thread)]
        return _answer(call, thread)
    try:
        call.carry_out_linked()
        outbox.forget(context, topic)
    except ForgeFailed as failed:
        call.why = outbox.note_trouble(context, topic, call.step, failed.error)
    return _answer(call, context.store.view(topic))


def _keep_draft(context: Context, thread: Thread) -> None:
    body: IssueOpenedBody = {
        "forge": forge_of(context, thread).name,
        "number": "",
        "title": title_of(thread),
        "state": "draft",
        "labels": [str(context.setting("issue.label"))],
    }
    context.append(thread.topic, "issue-opened", body)


def dry_run(
    context: Context, topic: str, wishes: IssueWantedBody | None = None, create: bool = False
) -> Planned:
    """What ``bring_up_to_date`` would carry out now, in order; nothing is written."""
    thread = copy.copy(context.store.view(topic))
    if wishes:
        thread.issue = copy.copy(thread.issue)
        wanted = {**thread.issue.wanted, **given(wishes)}
        thread.issue.wanted = cast("IssueWantedBody", wanted)
    call = _Call(context, topic, create, False)
    why: Trouble | None = None
    operations: list[Operation] = []
    if thread.issue.state not in ("none", "draft") or call.to_open(thread):
        try:
            remote = call.read(thread)
            operations = _plan_with_edit(context, thread, remote)
        except ForgeFailed as failed:
            why = outbox.unread(failed.error)
            operations = call.expected(thread)
    return Planned(operations, why, thread.issue.state, forge_of(context, thread).name)


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
    new: PersonEdit = {
        "id": f"E{len(edits) + 1}",
        "uid": "",
        "at": context.now(),
        "text": keeping[0].text,
        "base": block_of(thread.issue.body),
        "settled": "",
        "why": "",
    }
    thread.issue.person_edits = [*edits, new]
    return [*keeping, *plan(thread.issue, wanted_of(context, thread, there), remote)]


class _Call:
    """One call: what it found, did and left."""

    def __init__(self, context: Context, topic: str, create: bool, retitle: bool) -> None:
        self.context, self.topic, self.create, self.retitle = context, topic, create, retitle
        self.step = outbox.READING
        self.done: list[str] = []
        self.comments: list[str] = []
        self.waits: list[str] = []
        self.warnings: list[str] = []
        self.drift: list[RemoteChange] = []
        self.body = "not posted"
        self.person_edit = False
        self.why: Trouble | None = None
        self.forge: Forge

    def to_open(self, thread: Thread) -> bool:
        return self.create or bool(thread.issue.wanted.get("state") == "open")

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

    def carry_out_linked(self) -> None:
        """Where the remote takes no records from here, what links to them goes without the links."""
        linked = not records_refused(self.context)
        try:
            self._carry_out()
        except ForgeFailed as failed:
            if not linked or failed.error.code not in REFUSALS:
                raise
            self._carry_out()

    def _carry_out(self) -> None:
        thread = self.context.store.view(self.topic)
        try:
            remote = self.read(thread)
            if remote is not None and thread.issue.state not in ("none", "draft"):
                self.drift = drift(thread.issue, remote)
                self.done += hear(self.context, thread, remote)
        except ForgeFailed:  # derived only where it has to wait: it costs a whole body of the issue
            self.waits = [o.what for o in self.expected(thread)]
            raise
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
            thread = self.context.store.view(self.topic)
            operations = self._planned(thread, remote)
        operations = [o for o in operations if o.kind != "keep-edit"]
        self.body = "unchanged"
        while operations:
            operation = operations.pop(0)
            self.step, self.waits = operation.what, [operation.what, *(o.what for o in operations)]
            self._do(operation)
            self.done.append(operation.what)
        self.waits = []
        self.warnings = list(self.forge.warnings)

    def _planned(self, thread: Thread, remote: RemoteIssue | None) -> list[Operation]:
        wanted = wanted_of(self.context, thread, remote.body if remote is not None else "")
        if remote is not None and not may_retitle(thread.issue, wanted.title, remote):
            if self.retitle and thread.issue.state not in ("none", "draft"):
                thread = copy.copy(thread)
                thread.issue = copy.copy(thread.issue)
                thread.issue.title_sent = remote.title
                self.drift = [d for d in self.drift if d.code != "title-changed"]
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
        return self.context.store.view(self.topic)

    def _wanted(self) -> Wanted:
        return wanted_of(self.context, self._thread(), "")

    def _open(self, operation: Operation) -> None:
        wanted, forge = self._wanted(), self.forge
        opened = self._ask(
            lambda: forge.open_issue(
                operation.title,
                operation.text,
                wanted.labels,
                markers_of(self._thread())[0],
                milestone=wanted.milestone,
                assignees=wanted.assignees,
            )
        )
        self._add_to_parent(opened.number, wanted.parent)
        self._keep_opened(opened)

    def _add_to_parent(self, number: str, parent: str) -> None:
        """Before the opening is kept: a process that ends here finds the issue again by its marker,
        and comes back."""
        forge = self.forge
        if parent:
            self._ask(lambda: forge.add_to_parent(number, parent))

    def _adopt(self, operation: Operation) -> None:
        wanted, forge = self._wanted(), self.forge
        there = self._ask(lambda: forge.issue(wanted.number))
        thread = self._thread()
        if is_foreign(there.marker, thread):
            raise ForgeFailed(is_taken(thread, there))
        # what is there already is not set again, and nothing that is there is taken away
        more = [label for label in wanted.labels if label not in there.labels]
        labels = [*there.labels, *more] if more else None
        assignees = [*there.assignees, *wanted.assignees] if wanted.assignees else None
        edited = self._ask(
            lambda: forge.edit_issue(
                wanted.number,
                body=operation.text,
                labels=labels,
                milestone=wanted.milestone or None,
                assignees=assignees,
                marker=markers_of(thread)[0],
            )
        )
        self._add_to_parent(edited.number, wanted.parent)
        self._keep_opened(edited, adopted=True)

    def _keep_opened(self, remote: RemoteIssue, adopted: bool = False) -> None:
        self.body = "posted"
        if self._thread().issue.state not in ("none", "draft"):
            return  # the local forge: it is a record already
        body: IssueOpenedBody = {
            "forge": self.forge.name,
            "number": remote.number,
            "url": remote.url,
            "title": remote.title,
            "labels": remote.labels,
            "body": remote.body,
        }
        if self.forge.warnings:
            body["without"] = list(self.forge.warnings)
        if adopted:
            body["adopted"] = True
        self.context.append(self.topic, "issue-opened", body)

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
        text = self._worded(thread, operation)
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

    def _worded(self, thread: Thread, operation: Operation) -> str:
        """The text of a seal links what the record branch holds; where that cannot be written now,
        the comment waits as it does for a forge."""
        try:
            return comment_text(self.context, thread, operation.marker, operation.text)
        except LeadlineError as error:
            raise ForgeFailed(error) from error

    def _grow(self, operation: Operation) -> None:
        thread = self._thread()
        text = self._worded(thread, operation)
        why, forge, number = operation.why, self.forge, thread.issue.number
        comment = self._ask(lambda: forge.edit_comment(number, operation.comment, text, why))
        keep_comment_edit(self.context, self.topic, comment, why)
        self.comments.append(comment.id)

    def _close(self, operation: Operation) -> None:
        issue, forge = self._thread().issue, self.forge
        reason = operation.text or "completed"
        if operation.kind == "close":
            remote = self._ask(lambda: forge.close_issue(issue.number, reason))
        else:
            remote = self._ask(lambda: forge.issue(issue.number))
        if self._thread().issue.state != "closed":
            self.context.append(
                self.topic, "issue-closed", {"reason": remote.closed_reason or reason}
            )


def keep_comment_edit(context: Context, topic: str, comment: Comment, why: str) -> None:
    """On the local forge the edit is in the record already."""
    for known in context.store.view(topic).issue.comments:
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


def _answer(call: _Call, thread: Thread) -> Delivery:
    issue = thread.issue
    if call.done and records_refused(call.context):
        call.warnings.append(WITHOUT_LINKS)
    return Delivery(
        state=issue.state,
        number=issue.number,
        url=issue.url,
        forge=issue.forge or forge_of(call.context, thread).name,
        body=call.body,
        comments=call.comments,
        waiting=len(comments_to_post(thread)),
        waits=call.waits,
        why=call.why,
        done=call.done,
        warnings=call.warnings,
        drift=call.drift,
        person_edit=call.person_edit,
    )


# ---- what waits, in words ------------------------------------------------------------------------


class Waits(Protocol):
    """An answer that says what of the issue is still to be done, and why."""

    @property
    def waits(self) -> list[str]: ...

    @property
    def why(self) -> Trouble | None: ...


def next_of(issue: Waits) -> list[str]:
    """What to run for what waits: what mends it, where it does not pass by itself."""
    told = issue.why["next"] if issue.why else []
    return list(told) or ["leadline issue sync"]


def waiting_lines(issue: Waits) -> list[str]:
    """What waits, for a person: nothing when nothing does."""
    if not issue.why:
        return []
    shown = issue.waits[:WAITS_SHOWN]
    if more := len(issue.waits) - len(shown):
        shown.append(f"and {more} more")
    what = "; ".join(shown) or issue.why["step"]
    return [f"waiting: {what}: {outbox.line(issue.why)}"]

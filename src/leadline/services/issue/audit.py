"""What others changed on the issue, and how its body differs from what the record says: asked of
the forge now."""

from __future__ import annotations

from leadline.core.issue.comments import title_of
from leadline.core.issue.plan import RemoteChange, difference, drift
from leadline.core.issue.remote import RemoteIssue
from leadline.core.managed_block import block_of
from leadline.core.record.thread import PersonEdit
from leadline.core.values import dataclass
from leadline.services.context import Context
from leadline.services.issue import outbox
from leadline.services.issue.ask import ForgeFailed, ask, forge_of, read_issue
from leadline.services.issue.content import derived_body
from leadline.services.issue.delivery import dry_run
from leadline.services.issue.outbox import Trouble, waiting


@dataclass(frozen=True)
class Status:
    """``asked`` False: the forge could not be asked, ``trouble`` says why, and ``waits`` is what the
    record tells."""

    state: str
    number: str
    url: str
    forge: str
    title: str
    drift: list[RemoteChange]
    person_edits: list[PersonEdit]
    trouble: Trouble | None
    asked: bool
    milestone: str
    assignees: list[str]
    waits: list[str]
    state_there: str = ""

    def as_dict(self) -> dict[str, object]:
        shown = {**self.__dict__, "drift": [change._asdict() for change in self.drift]}
        return {k: v for k, v in shown.items() if k != "state_there" or self.asked}


@dataclass(frozen=True)
class BodyDifference:
    """What bringing the body up to date would change in its derived part, as the lines of a unified
    difference. ``asked`` False: against what was posted last, since the forge cannot be asked."""

    lines: list[str]
    asked: bool
    why: str
    posted_at: str

    def as_dict(self) -> dict[str, object]:
        return dict(self.__dict__)


def status(context: Context, topic: str) -> Status:
    thread = context.store.view(topic)
    issue, kind = thread.issue, forge_of(context, thread)
    trouble = outbox.trouble(context, topic)

    def answer(remote: RemoteIssue | None, met: Trouble | None, waits: list[str]) -> Status:
        title, changes = issue.title or title_of(thread), list[RemoteChange]()
        milestone, assignees, state_there = "", list[str](), ""
        if remote is not None:
            title, changes = remote.title, drift(issue, remote)
            milestone, assignees = remote.milestone, remote.assignees
            state_there = remote.state
        return Status(
            state=issue.state,
            number=issue.number,
            url=issue.url,
            forge=kind.name,
            title=title,
            drift=changes,
            person_edits=[e for e in issue.person_edits if not e["settled"]],
            trouble=met,
            asked=remote is not None,
            milestone=milestone,
            assignees=assignees,
            waits=waits,
            state_there=state_there,
        )

    if issue.state in ("none", "draft"):
        return answer(None, trouble, waiting(context, thread))
    try:
        forge = ask(kind, lambda: context.forge_for(topic))
        remote = read_issue(forge, thread, kind)
    except ForgeFailed as failed:
        met = trouble or outbox.unread(failed.error, context.now())
        return answer(None, met, waiting(context, thread))
    if trouble and trouble["step"] == outbox.READING:  # it was read just now
        trouble = None
    return answer(remote, trouble, [o.what for o in dry_run(context, topic).operations])


def body_difference(context: Context, topic: str) -> BodyDifference:
    thread = context.store.view(topic)
    body, asked = thread.issue.body, False
    kind = forge_of(context, thread)
    why = ""
    if thread.issue.state not in ("none", "draft"):
        try:
            forge = ask(kind, lambda: context.forge_for(topic))
            body, asked = read_issue(forge, thread, kind).body, True
        except ForgeFailed as failed:
            why = failed.error.what
    lines = difference(block_of(body), derived_body(context, thread, body))
    return BodyDifference(lines, asked, why, thread.issue.body_at)

"""The verbs of the experiment issue: open it, adopt one, show it, fix the form of a comment, answer
a change by hand.

What the issue is to be: ``services/issue/content.py``. Bringing it there:
``services/issue/delivery.py``. What others changed: ``services/issue/audit.py``.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from leadline.core.errors import conflict, not_found, refused, usage
from leadline.core.issue.comments import comments_to_post, title_of
from leadline.core.issue.identity import is_foreign
from leadline.core.managed_block import holds
from leadline.core.record.thread import IssueComment, PersonEdit, Thread
from leadline.core.text.lint import fix_format
from leadline.core.text.wording import first_difference
from leadline.core.typed import TYPE_CHECKING
from leadline.core.values import dataclass
from leadline.services.context import Context
from leadline.services.issue import outbox
from leadline.services.issue.ask import ForgeFailed, ask, forge_of, is_taken, read_issue
from leadline.services.issue.content import derived_body
from leadline.services.issue.delivery import (
    Delivery,
    Opening,
    bring_up_to_date,
    keep_comment_edit,
)
from leadline.services.issue.outbox import Trouble, waiting

if TYPE_CHECKING:
    from leadline.core.record.bodies import IssueOpenedBody, IssueWantedBody


@dataclass(frozen=True)
class Shown:
    """The issue as it is and as the record would have it. ``body``: derived now; ``current``:
    whether what was posted says that."""

    title: str
    state: str
    forge: str
    number: str
    url: str
    labels: list[str]
    body: str
    current: bool
    posted_body: str
    posted_at: str
    comments: list[IssueComment]
    waiting: int
    waits: list[str]
    why: Trouble | None
    person_edits: list[PersonEdit]
    closed_reason: str

    def as_dict(self) -> dict[str, object]:
        return dict(self.__dict__)


@dataclass(frozen=True)
class Settled:
    edit: PersonEdit
    issue: Delivery

    def as_dict(self) -> dict[str, object]:
        return {**self.edit, "issue": self.issue.as_dict()}


@dataclass(frozen=True)
class Fixed:
    """``text``: of the comment as it is now; ``was``: before, where it changed."""

    comment: str
    changed: bool
    text: str
    was: str = ""

    def as_dict(self) -> dict[str, object]:
        return {k: v for k, v in self.__dict__.items() if k != "was" or self.changed}


_NUMBER = re.compile(r"#?(\d+)\Z")
_ISSUE_PAGE = re.compile(r"/(?P<repository>[\w.-]+/[\w.-]+)/(?:-/)?issues/(?P<number>\d+)/?\Z")


def open_issue(
    context: Context, topic: str, draft: bool = False, wishes: IssueWantedBody | None = None
) -> Delivery:
    """Open the issue, or post the draft. Raises LeadlineError(conflict) when it is open (or a
    draft) already.

    An issue of the local forge is opened anew on the forge that is configured since.
    """
    thread = context.store.view(topic)
    state = thread.issue.state
    if state in ("open", "closed") and _may_move(context, thread):
        _leave(context, thread, "a forge was configured")
        return bring_up_to_date(context, topic, Opening(False, wishes), asked_for=True)
    if state not in ("none", "draft") or (draft and state == "draft"):
        raise conflict(
            "issue-exists",
            f"the experiment issue of {topic} is {state} already",
            why=thread.issue.url,
            do="leadline issue sync" if state != "draft" else "leadline issue open",
        )
    return bring_up_to_date(context, topic, Opening(draft, wishes), asked_for=True)


def _may_move(context: Context, thread: Thread) -> bool:
    return thread.issue.in_record and context.forge_kind(context.chosen_forge).outside


def _leave(context: Context, thread: Thread, why: str) -> None:
    """The issue so far is left; the thread has none until the next is opened or adopted."""
    issue = thread.issue
    body: IssueOpenedBody = {
        "forge": "",
        "number": "",
        "title": title_of(thread),
        "state": "none",
        "why": why,
    }
    context.append(
        thread.topic, "issue-opened", {**body, "instead_of": f"{issue.forge}#{issue.number}"}
    )


def issue_number(context: Context, topic: str, named: str) -> str:
    """The number of ``1234``, ``#1234`` or the address of an issue's page.

    Raises LeadlineError(usage): neither; or a page of another server or repository than the one
    that is configured.
    """
    if found := _NUMBER.match(named.strip()):
        return found[1]
    page = _ISSUE_PAGE.search(urlsplit(named.strip()).path)
    if page is None:
        raise usage(
            "not-an-issue",
            f"{named!r} is no issue",
            why="a number, or the address of its page: https://github.com/OWNER/NAME/issues/1234",
            do="leadline issue adopt 1234",
        )
    forge = context.forge_for(topic)
    repository, ours, theirs = (
        str(forge.repository),
        _host(str(forge.web_url)),
        _host(named.strip()),
    )
    if ours and theirs and ours != theirs:
        raise usage(
            "another-server",
            f"the issue is on {theirs}, and this repository's issues are on {ours}",
            why="a number means another issue there; the settings forge.api_url and forge.web_url say where they are",
            do=[
                f"leadline issue adopt {page['number']}  (the one in {repository} on {ours})",
                "leadline init --help",
            ],
        )
    if page["repository"].lower() != repository.lower():
        the_one = f"leadline issue adopt {page['number']}  (the one in {repository})"
        raise usage(
            "another-repository",
            f"the issue is in {page['repository']}, and this repository's issues are in {repository or 'the record'}",
            why="the setting forge.repository says where they are",
            do=the_one if repository else "leadline init --help",
        )
    return page["number"]


def _host(address: str) -> str:
    """Host, and port where one is named, of a page's address, also without its scheme; "" for a
    path alone."""
    parts = urlsplit(address if "://" in address or address.startswith("/") else f"//{address}")
    found = parts.netloc.lower().rpartition("@")[2].removeprefix("www.")
    return found.removesuffix({"https": ":443", "http": ":80"}.get(parts.scheme, ""))


def adopt(
    context: Context,
    topic: str,
    named: str,
    wishes: IssueWantedBody | None = None,
    instead: str = "",
) -> Delivery:
    """Make an issue that exists the experiment issue: its title, text and labels stay, the derived
    block comes below.

    ``instead``: why it takes the place of the issue the thread has. Raises LeadlineError: usage;
    conflict (the thread has an issue, another thread has that one, it is a pull request);
    not_found; remote.
    """
    thread = context.store.view(topic)
    _must_be_elsewhere(context)
    number = issue_number(context, topic, named)
    state = thread.issue.state
    same = number == thread.issue.number and not thread.issue.in_record
    if state in ("open", "closed") and same and not instead.strip():
        return bring_up_to_date(context, topic, asked_for=True)
    if state in ("open", "closed") and not instead.strip() and not _may_move(context, thread):
        raise conflict(
            "issue-exists",
            f"thread {topic} has issue {thread.issue.number} ({state})",
            why="an issue that was deleted, transferred or opened by mistake is replaced with a reason",
            do=f"leadline issue adopt {number} --instead 'WHY'",
        )
    check_adoptable(context, topic, number)
    if state in ("open", "closed"):
        _leave(context, thread, instead.strip() or "a forge was configured")
    named_wishes: IssueWantedBody = {**(wishes or {}), "number": number}
    return bring_up_to_date(context, topic, Opening(False, named_wishes), asked_for=True)


def to_adopt(context: Context, topic: str, named: str) -> str:
    """The number of an issue that a thread about to start is to adopt. Raises as ``adopt``; a forge
    that is away is no reason, the issue is adopted when it is back."""
    _must_be_elsewhere(context)
    number = issue_number(context, topic, named)
    check_adoptable(context, topic, number, offline_too=True)
    return number


def _must_be_elsewhere(context: Context) -> None:
    if not context.forge_kind(context.chosen_forge).outside:
        raise usage(
            "no-forge",
            "this repository's issues are local: there is none to adopt",
            why="a forge is chosen with the setting `forge`",
            do="leadline init --help",
        )


def check_adoptable(context: Context, topic: str, number: str, offline_too: bool = False) -> None:
    """Raises LeadlineError when the issue cannot be this thread's: it is not there, is a pull
    request, or belongs to another thread. ``offline_too``: a forge that cannot be asked is no
    reason; it is looked at when it can."""
    for other in context.store.topics():
        issue = context.store.view(other).issue
        taken = (
            issue.number
            if issue.state in ("open", "closed")
            else str(issue.wanted.get("number") or "")
        )
        if other != topic and taken == number and not issue.in_record:
            raise conflict(
                "issue-taken",
                f"issue #{number} is that of thread {other}",
                do=f"leadline brief --thread {other}",
            )
    try:
        kind = context.forge_kind(context.chosen_forge)
        forge = ask(kind, lambda: context.forge_for(topic))
        remote = ask(kind, lambda: forge.issue(number))
    except ForgeFailed as failed:
        if offline_too and failed.error.kind in ("remote", "environment"):
            return
        raise failed.error from None
    thread = context.store.view(topic) if context.store.exists(topic) else Thread(topic)
    if is_foreign(remote.marker, thread):
        raise is_taken(thread, remote)


def show(context: Context, topic: str) -> Shown:
    thread = context.store.view(topic)
    issue, derived = thread.issue, derived_body(context, thread)
    title = title_of(thread)
    # A title that a person gave stays; the one that was sent from here follows the record.
    theirs = bool(issue.title_sent) and issue.title != issue.title_sent
    title_stands = theirs or not issue.title_sent or issue.title == title
    return Shown(
        title=issue.title if theirs else title,
        state=issue.state,
        forge=issue.forge,
        number=issue.number,
        url=issue.url,
        labels=issue.labels or [str(context.setting("issue.label"))],
        body=derived,
        current=holds(issue.body, derived) and title_stands,
        posted_body=issue.body,
        posted_at=issue.body_at,
        comments=issue.comments,
        waiting=len(comments_to_post(thread)),
        waits=waiting(context, thread),
        why=outbox.trouble(context, topic),
        person_edits=issue.person_edits,
        closed_reason=issue.closed_reason,
    )


def settle(context: Context, topic: str, edit: str, why: str) -> Settled:
    """Say what became of a change that somebody made inside the derived block; it leaves the body,
    never the record.

    Raises LeadlineError: usage (no reason), not_found, conflict (answered already).
    """
    if not why.strip():
        raise usage(
            "no-reason",
            "--why needs the answer",
            why="it stays in the record",
            do=f"leadline issue settle {edit} --why '…'",
        )
    edits = {e["id"]: e for e in context.store.view(topic).issue.person_edits}
    found = edits.get(edit.upper())
    if found is None:
        raise not_found(
            "no-edit",
            f"there is no change {edit}",
            why=f"changes by hand: {', '.join(edits) or 'none'}",
            do="leadline issue edits",
        )
    if found["settled"]:
        raise conflict(
            "settled",
            f"{found['id']} was answered on {found['settled'][:10]}",
            why=found["why"],
            do="leadline issue edits",
        )
    context.append(
        topic,
        "issue-edit-settled",
        {"edit": found["id"], "edit_uid": found["uid"], "why": why.strip()},
    )
    return Settled(found, bring_up_to_date(context, topic))


def _must_be_posted(thread: Thread) -> None:
    if thread.issue.state in ("none", "draft"):
        what = "is a draft" if thread.issue.state == "draft" else "has not been opened"
        raise conflict(
            "issue-not-open",
            f"the experiment issue of {thread.topic} {what}",
            why="a comment needs an issue to stand on",
            do=f"leadline issue open --thread {thread.topic}",
        )


def fix_comment(context: Context, topic: str, comment: str, text: str | None, why: str) -> Fixed:
    """Change the form of a posted comment: spaces, Markdown, escapes. The old text stays in the
    record.

    ``text`` None: the rewrites of ``core.text.lint.fix_format``. Raises LeadlineError: not_found;
    refused (``not-a-format-fix``) when words or numbers would change; conflict (``comment-edited``)
    when somebody else edited it on the forge since; what the forge raises.
    """
    thread = context.store.view(topic)
    _must_be_posted(thread)
    known = {c["id"]: c for c in thread.issue.comments}
    if comment not in known:
        raise not_found(
            "no-comment",
            f"the issue has no comment {comment}",
            why=f"comments: {', '.join(known) or 'none'}",
            do="leadline issue comments",
        )
    before = known[comment]["text"]
    after = fix_format(before if text is None else text)
    difference = first_difference(before, after)
    if difference is not None:
        raise refused(
            "not-a-format-fix",
            f"this changes what comment {comment} says, not only its form",
            why=f"'{difference[0]}' would become '{difference[1]}'; comments are append-only, so say it in a new one",
            do=[
                "leadline update --change '…'",
                f"leadline correct ID FIELD=VALUE --thread {topic}",
            ],
            details={"was": difference[0], "would_be": difference[1]},
        )
    if after == before:
        return Fixed(comment, False, before)
    forge = context.forge_for(topic)
    try:
        there = {
            c.id: c.text for c in read_issue(forge, thread, forge_of(context, thread)).comments
        }
    except ForgeFailed as failed:
        raise failed.error from None
    if there.get(comment) not in (before, after):
        became = "edited" if comment in there else "deleted"
        raise conflict(
            f"comment-{became}",
            f"somebody {became} comment {comment} on the forge",
            why="what people did there is left as it is",
            do="leadline issue status",
        )
    edited = forge.edit_comment(thread.issue.number, comment, after, why)
    keep_comment_edit(context, topic, edited, why)
    return Fixed(comment, True, after, before)

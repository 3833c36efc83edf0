"""What people say on the experiment issue, taken in when it is read.

A comment of somebody who may write to the repository, or whom this machine names, is a directive:
quoted with its author, and owed an acknowledgement. Anybody can comment on a public issue, so that
all other comments are listed, a bounded number of them, and owed nothing. What stood there before the
thread began is the issue's own past. A comment that was edited takes the place of what it said before,
and is owed an answer of its own: what was acknowledged was said otherwise. One that was deleted is
withdrawn, and owed no more; what was acknowledged stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from leadline.core.issue.remote import PROGRAM, WRITER, Comment, RemoteIssue
from leadline.core.plain import plain
from leadline.core.record.thread import Item, Thread
from leadline.core.timestamps import epoch_ms
from leadline.core.typed import TYPE_CHECKING
from leadline.services.context import Context, refs_for
from leadline.services.write.correct import supersede

if TYPE_CHECKING:
    from leadline.core.record.bodies import DirectiveBody, RetractionBody

MOST_CHARS = 4000
LISTED_CHARS = 500
MOST_LISTED = 100


def hear(context: Context, thread: Thread, issue: RemoteIssue) -> list[str]:
    """Record the comments that are new, edited or gone; what was taken in, in words."""
    directives = thread.of_kind("directive")
    told = _withdraw_deleted(context, thread, directives, issue)
    heard = {str(item.body.get("comment", "")): item for item in directives if not _was_gone(item)}
    own = {comment["id"] for comment in thread.issue.comments}
    listed = sum(bool(item.body.get("listed")) for item in directives)
    named = {str(login).lower() for login in context.setting("issue.directed_by")}
    for comment in issue.comments:
        before = heard.get(comment.id)
        if comment.id in own or not _is_of_a_person(comment) or _is_past(comment, thread):
            continue
        if before is not None and not before.stands:
            continue  # withdrawn here: whoever did it knows why
        directs = comment.of == WRITER or comment.author.lower() in named
        if not directs and listed >= MOST_LISTED and before is None:
            continue
        text = plain(comment.text).strip()
        most = MOST_CHARS if directs else LISTED_CHARS
        if len(text) > most:
            text = f"{text[: most - 1]}…"
        if before is not None and before.text == text:
            continue
        body: DirectiveBody = {
            "text": text,
            "by": comment.author,
            "url": comment.url,
            "comment": comment.id,
            "said_at": comment.at,
            "refs": {},
        }
        if not directs:
            body["listed"] = True
            listed += 1
        shown = context.append_item(thread, "directive", body)
        told.append(f"take in {shown}, a comment of {comment.author}")
        if before is not None:
            supersede(context, thread.topic, before.id, shown, "the comment was edited")
            told[-1] = f"take in {shown}, as {comment.author} edited {before.id}"
    return told


def _withdraw_deleted(
    context: Context,
    thread: Thread,
    directives: Sequence[Item[DirectiveBody]],
    issue: RemoteIssue,
) -> list[str]:
    """Of this issue alone: a thread may have had another one before."""
    there = {comment.id for comment in issue.comments}
    told = []
    for item in directives:
        comment, url = item.body.get("comment", ""), item.body.get("url", "")
        if not comment or comment in there or not url.startswith(f"{issue.url}#"):
            continue
        if not item.stands or item.body.get("acknowledged"):
            continue
        body: RetractionBody = {
            "target": item.id,
            "why": "its comment was deleted on the issue; by whom, the forge does not tell",
            "comment": comment,
            "refs": refs_for(thread, [item.id]),
        }
        context.append(thread.topic, "retraction", body)
        told.append(f"withdraw {item.id}, a comment of {item.body.get('by')} that was deleted")
    return told


def _was_gone(item: Item[DirectiveBody]) -> bool:
    """Withdrawn because its comment was not there: one that is there after all is heard again."""
    return any(
        later["kind"] == "retraction" and "comment" in later["body"] for later in item.history
    )


def _is_of_a_person(comment: Comment) -> bool:
    return bool(comment.text.strip() and comment.of not in ("", PROGRAM) and not comment.marker)


def _is_past(comment: Comment, thread: Thread) -> bool:
    try:
        return epoch_ms(comment.at) + 1000 < epoch_ms(thread.started_at)
    except ValueError:
        return False

"""What people say on the experiment issue, taken in when it is read.

A comment of somebody who may write to the repository, or whom this machine names, is a directive:
quoted with its author, and owed an acknowledgement. Anybody can comment on a public issue, so that
all other comments are listed, a bounded number of them, and owed nothing. What stood there before the
thread began is the issue's own past. A comment that was edited takes the place of what it said before,
and is owed an answer of its own: what was acknowledged was said otherwise.
"""

from __future__ import annotations

from leadline.core.issue.remote import PROGRAM, WRITER, Comment, RemoteIssue
from leadline.core.plain import plain
from leadline.core.record.thread import Thread
from leadline.core.timestamps import epoch_ms
from leadline.core.typed import TYPE_CHECKING
from leadline.services.context import Context
from leadline.services.write.correct import supersede

if TYPE_CHECKING:
    from leadline.core.record.bodies import DirectiveBody

MOST_CHARS = 4000
LISTED_CHARS = 500
MOST_LISTED = 100


def hear(context: Context, thread: Thread, issue: RemoteIssue) -> list[str]:
    """Record the comments that are new or edited; what was taken in, in words."""
    directives = thread.of_kind("directive")
    heard = {str(item.body.get("comment", "")): item for item in directives}
    own = {comment["id"] for comment in thread.issue.comments}
    listed = sum(bool(item.body.get("listed")) for item in directives)
    named = {str(login).lower() for login in context.setting("issue.directed_by")}
    told: list[str] = []
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


def _is_of_a_person(comment: Comment) -> bool:
    return bool(comment.text.strip() and comment.of not in ("", PROGRAM) and not comment.marker)


def _is_past(comment: Comment, thread: Thread) -> bool:
    try:
        return epoch_ms(comment.at) + 1000 < epoch_ms(thread.started_at)
    except ValueError:
        return False

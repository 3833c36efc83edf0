"""Which comments are to be on the issue of a thread, and its title."""

from __future__ import annotations

from leadline.core.plain import plain
from leadline.core.record.thread import Item, Thread
from leadline.core.values import dataclass


@dataclass
class PendingComment:
    """A comment that the record says is to be on the issue. ``name``: of the thing it tells
    (``P-U3``)."""

    marker: str
    kind: str
    text: str
    may_change: bool = False  # a span of heartbeats grows in place
    name: str = ""
    written: str = ""  # as its record has it, with the ids of that time
    why: str = "the same status goes on"  # of a change


def title_of(thread: Thread) -> str:
    return f"Experiment: {' '.join(plain(thread.title).split())}"


def all_comments(thread: Thread) -> list[PendingComment]:
    """Every comment that is to be on the issue: updates, heartbeats, seals and the end, oldest
    first. The text of a seal is made when it is sent, since it links what the record branch holds
    then."""
    found: list[tuple[str, PendingComment]] = []
    spans: dict[str, PendingComment] = {}
    for update in thread.of_kind("update"):
        span = spans.get(thread.shown(str(update.body.get("continues", "")), update.refs))
        if span is not None:
            span.text, span.may_change = _today(thread, update), True
            span.written = update.text
            continue
        marker = str(update.body.get("marker") or f"update:{update.uid}")
        due = PendingComment(
            marker, str(update.body.get("form", "update")), _today(thread, update), name=update.id
        )
        due.written = update.text
        spans[update.id] = due
        found.append((update.uid, due))
    for snapshot in thread.of_kind("snapshot"):
        found.append(
            (snapshot.uid, PendingComment(f"snapshot:{snapshot.uid}", "seal", "", name=snapshot.id))
        )
    for finish in thread.finishes:
        if finish.get("text"):
            found.append(
                (
                    finish["uid"],
                    PendingComment(f"finish:{finish['uid']}", "final", str(finish["text"])),
                )
            )
    return [due for _, due in sorted(found, key=lambda pair: pair[0])]


def _today(thread: Thread, update: Item) -> str:
    return thread.ids_shown(update.text, update.refs)


def comments_to_post(thread: Thread) -> list[PendingComment]:
    """Comments the record has and the issue lacks, or has in an older form; oldest first."""
    posted = {c["marker"]: c for c in thread.issue.comments}

    def lacks(due: PendingComment) -> bool:
        there = posted.get(due.marker)
        if there is None:
            return True
        # a format fix came after it
        forms = [there["text"], *(edit["was"] for edit in there["edits"])]
        return due.may_change and due.text not in forms

    return [due for due in all_comments(thread) if lacks(due)]

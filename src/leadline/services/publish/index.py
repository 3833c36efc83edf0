"""``leadline index``: every thread, by category; and which nobody has placed."""

from __future__ import annotations

from leadline.core.evidence.known import labels_for
from leadline.core.record.finding import NOTE, Finding
from leadline.core.record.thread import Thread
from leadline.core.typed import TYPE_CHECKING, TypedDict
from leadline.services.context import Context

if TYPE_CHECKING:  # `verify` needs none of the rendering
    from leadline.render.branch.index import Entry


def index(context: Context) -> tuple[str, str, list[Entry]]:
    """(for a terminal, as the page of the record branch, the entries in the order of both)."""
    from leadline.render.branch.index import (  # noqa: PLC0415  start-up: 2 ms
        entry_of,
        grouped,
        render_index,
        render_index_text,
    )

    threads = [context.store.view(topic) for topic in context.store.topics()]
    entries = [entry_of(thread, labels_for(thread)) for thread in threads]
    ordered = [entry for _, members in grouped(entries) for entry in members]
    return render_index_text(entries), render_index(entries), ordered


class LeftOut(TypedDict):
    code: str
    topic: str
    what: str
    mend: str


def left_out(entries: list[Entry]) -> list[LeftOut]:
    """The threads that nobody has placed, each with the command that does."""
    return [
        {
            "code": "uncategorised",
            "topic": e.topic,
            "what": f"{e.topic} has no category and no reason",
            "mend": _mend(e.topic),
        }
        for e in entries
        if e.left_out
    ]


def _mend(topic: str) -> str:
    return f"leadline correct {topic} category='…'"


def placed(context: Context, thread: Thread) -> list[Finding]:
    """For ``verify``: a thread among others that has no category and no reason. One thread alone
    needs no index."""
    if (
        len(context.store.topics()) < 2
        or thread.about.get("category")
        or thread.about.get("uncategorised")
    ):
        return []
    what = "no category, and no reason for that: the index of all threads lists it last"
    return [Finding(thread.topic, NOTE, "uncategorised", thread.topic, what, _mend(thread.topic))]

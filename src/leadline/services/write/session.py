"""Stretches of work: opened, closed, handed over; and a person's words to who works.

An agent's first record opens a session by itself (``adapters/store/event_log.py``); what is here is
for who says it. A session that nobody closed is closed by the next one, when its process is gone.
"""

from __future__ import annotations

from leadline.core.errors import conflict, not_found, usage
from leadline.core.record.thread import Item, Thread, is_a
from leadline.core.typed import TYPE_CHECKING
from leadline.services.bound_text import checked_text
from leadline.services.context import Context, refs_for
from leadline.services.lookup import slice_of
from leadline.services.write.note import note

if TYPE_CHECKING:
    from leadline.core.record.bodies import (
        AcknowledgementBody,
        DirectiveBody,
        SessionBody,
        SessionEndedBody,
        Transcript,
    )


def start_session(context: Context, topic: str) -> tuple[str, bool]:
    """The id of the open session of who works here, and whether it is a new one."""
    current = context.sessions.current(topic)
    if current is not None:
        return current.id, False
    with context.store.transaction(topic) as writing:
        shown = writing.open_session()
    if not shown:
        raise not_found(
            "no-prefix",
            f"no session can be opened in thread {topic}",
            why="its first record is not here",
            do="leadline sync",
        )
    return shown, True


def end_session(
    context: Context,
    topic: str,
    named: str = "",
    by: str = "said",
    why: str = "",
    transcript: Transcript | None = None,
) -> str:
    """Close the session of who works here, or the one ``named``; returns its id. Raises
    LeadlineError(not_found | usage | conflict)."""
    current = context.sessions.current(topic)
    if not named and current is None:
        raise not_found(
            "no-session",
            "no session is open here",
            why="the first record of an agent opens one; a person says so",
            do="leadline session start",
        )
    shown = named or (current.id if current is not None else "")
    thread = slice_of(context, topic, [shown])
    item = the_session(thread, shown)
    if item.body.get("ended", {}).get("by", "seen") != "seen":
        raise conflict("session-ended", f"{item.id} has ended", do="leadline session list")
    body: SessionEndedBody = {"session": item.id, "by": by, "refs": {item.id: item.uid}}
    if why:
        body["why"] = why
    if transcript:
        body["transcript"] = transcript
    context.append(topic, "session-ended", body)
    for found in (*context.sessions.alive(topic), *context.sessions.gone(topic)):
        if found.uid == item.uid:
            context.sessions.closed(topic, found.key)
    return item.id


def the_session(thread: Thread, display: str) -> Item[SessionBody]:
    """What an id names. Raises LeadlineError(not_found | usage)."""
    item = thread.find(display)
    if not is_a(item, "session"):
        raise usage("not-a-session", f"{display} is no session", do="leadline session list")
    return item


def hand_over(
    context: Context,
    topic: str,
    state: str,
    tried: str = "",
    next_step: str = "",
    reported: str | None = None,
) -> list[str]:
    """Write the last word of a session: a note, and the next step as a note of its own; returns
    their ids. Raises LeadlineError as ``note`` does."""
    text = checked_text(state, "handoff")
    if tried.strip():
        text += f"\nTried: {tried.strip()}"
    made = [note(context, topic, text, [], "handoff", reported=reported)[0]]
    if next_step.strip():
        made.append(note(context, topic, next_step, [], "next")[0])
    return made


def direct(context: Context, topic: str, text: str, by: str = "") -> tuple[str, DirectiveBody]:
    """Record a person's word to who works on the thread; returns its id and body."""
    said = checked_text(text, "direct")
    thread = slice_of(context, topic, [], [said])
    body: DirectiveBody = {
        "text": said,
        "by": by or context.actor(),
        "refs": refs_for(thread, [], [said]),
    }
    return context.append_item(thread, "directive", body), body


def acknowledge(context: Context, topic: str, display: str, text: str) -> AcknowledgementBody:
    """Record that a directive was read, and what is done about it. Raises LeadlineError(not_found |
    usage | conflict)."""
    said = checked_text(text, "ack")
    thread = slice_of(context, topic, [display], [said])
    item = thread.find(display)
    if not is_a(item, "directive"):
        raise usage("not-a-directive", f"{item.id} is no directive", do="leadline brief")
    if before := item.body.get("acknowledged"):
        raise conflict(
            "acknowledged",
            f"{item.id} was acknowledged by {before['actor']}: {before['note']}",
            do=f"leadline show {item.id}",
        )
    refs = refs_for(thread, [item.id], [said])
    body: AcknowledgementBody = {"directive": item.id, "note": said, "refs": refs}
    context.append(topic, "acknowledgement", body)
    return body

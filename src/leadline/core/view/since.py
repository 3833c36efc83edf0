"""What happened in a thread since an agent's last session: for the first line that its next one reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from leadline.core.issue.due import records_since
from leadline.core.record.event import Record
from leadline.core.record.kinds import KINDS
from leadline.core.record.thread import Item, Thread
from leadline.core.timestamps import minute, plural
from leadline.core.typed import Any, NamedTuple

LOOKED_AT = 40  # sessions: who comes back after so many others reads the whole brief anyway
WORDS = {
    "run-ended": "run",
    "claim": "claim",
    "decision": "decision",
    "hypothesis": "hypothesis",
    "baseline": "baseline",
    "retraction": "retraction",
    "correction": "correction",
    "note": "note",
    "directive": "directive",
    "update": "update",
    "snapshot": "snapshot",
}


class Last(NamedTuple):
    """A session that is over, and the last record of it. ``left``: what it recorded, where it ran
    something and left no last word: nothing else says where it stood."""

    session: Item[Any]
    uid: str
    at: str
    left: list[str]


def last_session(thread: Thread, agent: str, current: str) -> Last | None:
    """The last session of ``agent`` before the ``current`` one (a ULID, or "")."""
    sessions: Sequence[Item[Any]] = thread.of_kind("session")
    for item in islice(reversed(sessions), LOOKED_AT):
        if item.uid != current and str(item.body.get("agent", "")) == agent:
            return end_of(thread, item)
    return None


def end_of(thread: Thread, item: Item[Any]) -> Last:
    """Its last record; one that only found it to be over is not of it."""
    own = [r for r in records_since(thread, item.uid) if r.session == item.uid]
    ran = any(r.kind == "run-ended" for r in own)
    silent = ran and not any(r.body.get("role") == "handoff" for r in own)
    uid, at = (own[-1].id, own[-1].at) if own else (item.uid, item.at)
    return Last(item, uid, at, counted(own) if silent else [])


def counted(records: Iterable[Record]) -> list[str]:
    """``4 runs``, ``1 claim``: what records come to, of the kinds that are worth a word."""
    counts = dict.fromkeys(WORDS, 0)
    for record in records:
        if record.kind in counts:
            counts[record.kind] += 1
    return [f"{n} {plural(n, WORDS[kind])}" for kind, n in counts.items() if n]


def since_line(thread: Thread, agent: str, current: str) -> str:
    """What others (and this agent, outside a session) did since its last session; "" for who has
    none behind."""
    last = last_session(thread, agent, current)
    if last is None:
        return ""
    news = [r for r in records_since(thread, last.uid) if not current or r.session != current]
    told = counted(news)
    left = f"; it left no last word: {', '.join(last.left)}" if last.left else ""
    named = f"since your last session {last.session.id} (until {minute(last.at)} UTC{left})"
    if not told:
        return f"{named}: nothing new"
    actors = dict.fromkeys(r.actor for r in news if r.kind in KINDS and r.kind in WORDS)
    return f"{named}: {', '.join(told)}, by {', '.join(list(actors)[:4])}"

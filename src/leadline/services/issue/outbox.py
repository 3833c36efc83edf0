"""Why something waits to be sent to the forge, and when it is tried again.

What waits is not kept: it is what the record says and the forge lacks, computed anew each time, so
it cannot be lost or sent twice. Kept is only what the last attempt met, in ``outbox/<topic>.json``;
without the file the next attempt is made at once. A verb whose business is something else does not
try again before the time has come, so that work without a network pays for the network once; a
server that said when to come back is not asked before.
"""

from __future__ import annotations

import json
import os

from leadline.core.errors import LeadlineError
from leadline.core.record.thread import Thread
from leadline.core.timestamps import epoch_ms, rfc3339
from leadline.core.typed import TypedDict, cast
from leadline.job.disk import discard
from leadline.services.context import Context
from leadline.services.out_path import object_at, write_whole

FIRST_PAUSE_S, LONGEST_PAUSE_S = 60, 3600
READING = "read the issue"  # the first step of every call
_TEXTS = ("at", "step", "code", "what", "why", "retry_at")
_UNDER_WAY = ("forge-unreachable", "forge-failing", "forge-lags", "rate-limited")


class Trouble(TypedDict):
    """What the last attempt met. ``retry_at``: before that it is not tried again by itself; ""
    where the next attempt may be made at once."""

    at: str
    step: str
    code: str
    what: str
    why: str
    next: list[str]
    tries: int
    retry_at: str


class Unread(Trouble):
    """A forge that could not be asked just now, by somebody who only looks."""

    kind: str
    details: dict[str, object]


def unread(error: LeadlineError, at: str = "") -> Unread:
    return {
        "at": at,
        "step": READING,
        "tries": 0,
        "retry_at": "",
        "kind": error.kind,
        "code": error.code,
        "what": error.what,
        "why": error.why,
        "next": error.next,
        "details": error.details,
    }


def _path(context: Context, topic: str) -> str:
    return os.path.join(context.root, "outbox", f"{topic}.json")


def trouble(context: Context, topic: str) -> Trouble | None:
    """What the last attempt met; None when nothing went wrong."""
    found = object_at(_path(context, topic))
    texts = all(isinstance(found.get(name), str) for name in _TEXTS)
    fits = texts and isinstance(found.get("next"), list) and isinstance(found.get("tries"), int)
    return cast("Trouble", found) if fits else None


def note_trouble(context: Context, topic: str, step: str, error: LeadlineError) -> Trouble:
    """Remember why ``step`` was not done, and when to try again."""
    before, now_ms = trouble(context, topic), context.clock.now_ms()
    same = before is not None and before["code"] == error.code
    tries = int(before["tries"]) + 1 if before is not None and same else 1
    pause = (
        min(FIRST_PAUSE_S * 2 ** (tries - 1), LONGEST_PAUSE_S) if error.code in _UNDER_WAY else 0
    )
    asked = error.details.get("retry_after_s")
    if isinstance(asked, (int, float)):
        pause = min(float(asked), 24 * 3600.0)
    met: Trouble = {
        "at": rfc3339(now_ms),
        "step": step,
        "code": error.code,
        "what": error.what,
        "why": error.why,
        "next": error.next,
        "tries": tries,
        "retry_at": rfc3339(now_ms + int(pause * 1000)) if pause else "",
    }
    try:
        shown = context.redactor.value(met)  # a server's words may hold an address with a token
        write_whole(_path(context, topic), json.dumps(shown).encode())
    except OSError:
        pass  # the next attempt is made sooner, no more
    return met


def forget(context: Context, topic: str) -> None:
    """Everything was sent."""
    discard(_path(context, topic))


def resting(context: Context, topic: str, asked_for: bool) -> Trouble | None:
    """The trouble whose pause is not over. ``asked_for``: somebody wants it sent now, so that only
    a pause that the server itself named counts. A clock that jumped makes no pause longer than the
    longest one."""
    met = trouble(context, topic)
    if met is None or not met["retry_at"] or (asked_for and met["code"] != "rate-limited"):
        return None
    try:
        left_ms = epoch_ms(met["retry_at"]) - context.clock.now_ms()
    except ValueError:
        return None
    return met if 0 < left_ms <= 24 * 3_600_000 else None


def line(met: Trouble) -> str:
    """The reason in one line, with the time of the next attempt."""
    again = f"; next try {met['retry_at'][11:16]} UTC" if met["retry_at"] else ""
    return f"{met['what']}{again}"


def waiting(context: Context, thread: Thread) -> list[str]:
    """What is to be sent as far as the record tells, without asking anybody: comments, opening,
    closing, and the body when it is known to wait."""
    from leadline.core.issue import comments  # noqa: PLC0415  start-up: 0.2 ms

    issue = thread.issue
    found = [
        f"post comment {due.kind} {due.name}".strip() for due in comments.comments_to_post(thread)
    ]
    if issue.state in ("none", "draft"):
        if issue.wanted.get("state") != "open":
            return []
        number = issue.wanted.get("number")
        return [
            f"adopt issue #{number}" if number else f"open issue “{comments.title_of(thread)}”",
            *found,
        ]
    if trouble(context, thread.topic) is not None:
        found.insert(0, "edit body")
    if thread.finished and issue.state == "open":
        found.append("close")
    return found

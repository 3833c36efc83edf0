"""``leadline brief``: what the next session needs, within a budget of characters."""

from __future__ import annotations

from leadline.core.errors import LeadlineError, usage
from leadline.core.evidence.known import labels_for
from leadline.core.record.thread import Item, Thread
from leadline.core.timestamps import epoch_ms, minute, rfc3339
from leadline.core.ulid import first_at
from leadline.core.view.page import page_of
from leadline.core.view.since import end_of, since_line
from leadline.render.page import owed_of
from leadline.render.terminal.brief import render_brief, render_since
from leadline.services.context import Context
from leadline.services.look.next import due_now, next_actions, waits_of
from leadline.services.look.open_runs import ask_open_runs, rows_of_open
from leadline.services.look.told_today import remember, told_today

SECONDS_OF = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def brief(
    context: Context, named: str | None, budget_chars: int, since: str = ""
) -> tuple[str, dict[str, object]]:
    """The text, at most ``budget_chars`` characters, and its parts as data. ``since``: as
    ``moment_of`` reads it; the text has only what changed behind that then.

    Raises LeadlineError(usage): a ``since`` that is nothing of the thread and no time."""
    return context.look(named, lambda thread: _brief(context, thread, budget_chars, since))


def _brief(
    context: Context, thread: Thread, budget_chars: int, since: str
) -> tuple[str, dict[str, object]]:
    now = due_now(context, thread)
    running = ask_open_runs(context, thread)
    waits = waits_of(context, thread)
    last = since_last(context, thread)
    evidence_of = labels_for(thread)
    page = page_of(thread, evidence_of, running)
    if since:
        from leadline.core.view.news import news_behind  # noqa: PLC0415  start-up: 1 ms

        uid, told = moment_of(thread, since, context.now())
        news = news_behind(thread, uid)
        text = render_since(thread, page, news, told, evidence_of, budget_chars)
    else:
        asked = told_today(context, thread)
        text = render_brief(thread, evidence_of, now, page, budget_chars, waits, last, asked)
        remember(context, thread, [one.key for one in owed_of(thread, page, now, waits)])
    data = {
        "topic": thread.topic,
        "text": text,
        "characters": len(text),
        "since": last,
        "due": now,
        "open_runs": rows_of_open(running),
        "waiting": waits,
        "next": next_actions(thread, now, running, page.step, page.uninterpreted, waits),
    }
    return text, data


def since_last(context: Context, thread: Thread) -> str:
    """What happened since the last session of the agent that asks; "" where no session ever was."""
    if not thread.of_kind("session"):
        return ""
    current = context.sessions.current(thread.topic)
    agent = context.sessions.agent()
    return since_line(thread, agent, current.uid if current is not None else "")


def moment_of(thread: Thread, text: str, now_at: str) -> tuple[str, str]:
    """The ULID behind which things are new, and the moment in words: an id of the thread (of a session
    that is over, its end), a day, a time of it (UTC), or how long ago (``2h``, ``3d``).

    Raises LeadlineError(usage)."""
    try:
        at_ms = _time_ms(text, epoch_ms(now_at))
    except ValueError:
        try:
            thing = thread.find(text)
        except LeadlineError as error:
            raise usage(
                "bad-since",
                f"{text!r} is neither an id of this thread nor a time",
                why=error.what,
                do=["leadline brief --since 1d", "leadline brief --since 2026-11-23"],
            ) from None
        if isinstance(thing, Item) and thing.kind == "session" and "ended" in thing.body:
            return end_of(thread, thing).uid, thing.id
        return thing.uid, thing.id
    return first_at(max(0, at_ms)), f"{minute(rfc3339(at_ms))} UTC"


def _time_ms(text: str, now_ms: int) -> int:
    """Raises ValueError."""
    if text[-1:] in SECONDS_OF and text[:-1].isdecimal():
        return now_ms - int(text[:-1]) * SECONDS_OF[text[-1]] * 1000
    whole = text.strip().replace(" ", "T").removesuffix("Z")
    return epoch_ms(whole + "T00:00:00"[len(whole) - 10 :] if 10 <= len(whole) < 19 else whole)

"""``leadline brief``: what the next session needs, within a budget of characters."""

from __future__ import annotations

from leadline.core.evidence.of_thread import labels_for
from leadline.core.record.thread import Thread
from leadline.core.view.since import since_line
from leadline.render.terminal.brief import render_brief
from leadline.services.context import Context
from leadline.services.look.next import due_now, next_actions, waits_of
from leadline.services.look.open_runs import ask_open_runs, rows_of_open


def brief(context: Context, named: str | None, budget_chars: int) -> tuple[str, dict[str, object]]:
    """The text, at most ``budget_chars`` characters, and its parts as data."""
    return context.look(named, lambda thread: _brief(context, thread, budget_chars))


def _brief(context: Context, thread: Thread, budget_chars: int) -> tuple[str, dict[str, object]]:
    now = due_now(context, thread)
    running = ask_open_runs(context, thread)
    waits = waits_of(context, thread)
    since = since_last(context, thread)
    text = render_brief(thread, labels_for(thread), now, running, budget_chars, waits, since)
    data = {
        "topic": thread.topic,
        "text": text,
        "characters": len(text),
        "since": since,
        "due": now,
        "open_runs": rows_of_open(running),
        "waiting": waits,
        "next": next_actions(context, thread, now, running),
    }
    return text, data


def since_last(context: Context, thread: Thread) -> str:
    """What happened since the last session of the agent that asks; "" where no session ever was."""
    if not thread.of_kind("session"):
        return ""
    current = context.sessions.current(thread.topic)
    agent = context.sessions.agent()
    return since_line(thread, agent, current.uid if current is not None else "")

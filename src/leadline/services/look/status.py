"""``leadline status``: every thread in a line, and how this one stands."""

from __future__ import annotations

from leadline.core.evidence.known import labels_for
from leadline.core.issue.due import due_key
from leadline.core.record.thread import Thread
from leadline.core.view.facts import runs_counted
from leadline.render.terminal.listing import ThreadRow, threads_table
from leadline.render.terminal.status import render_status
from leadline.services.context import Context
from leadline.services.look.next import due_now, waits_of
from leadline.services.look.open_runs import ask_open_runs, rows_of_open
from leadline.services.look.told_today import remember, told_today


def status(context: Context, named: str | None) -> tuple[str, dict[str, object], dict[str, int]]:
    return context.look(named, lambda thread: _status(context, thread))


def _status(context: Context, thread: Thread) -> tuple[str, dict[str, object], dict[str, int]]:
    topics = context.store.topics()
    running = ask_open_runs(context, thread)
    lines, rows = [], []
    if len(topics) > 1:
        own = _thread_row(thread)
        rows = [own if t == thread.topic else context.store.look(t, _thread_row) for t in topics]
        lines.append(threads_table(rows, thread.topic))
    now = due_now(context, thread)
    asked = None
    if now["due"] and due_key(now) not in told_today(context, thread):
        asked = now
        remember(context, thread, [due_key(now)])
    lines.append(render_status(thread, labels_for(thread), asked))
    waits = waits_of(context, thread)
    if waits:
        lines.append(f"waiting: {'; '.join(waits[1:5]) or 'the issue'}: {waits[0]}")
    counts = {
        "threads": len(topics),
        "experiments": len(thread.experiments),
        "runs": runs_counted(thread),
        "claims": len(thread.claims),
        "hypotheses": len(thread.hypotheses),
        "records": thread.record_count,
    }
    data = {
        "topic": thread.topic,
        "prefix": thread.prefix,
        "goal": thread.about.get("goal"),
        "open_runs": rows_of_open(running),
        "baseline": thread.baseline.id if thread.baseline else None,
        "finished": thread.finished,
        "waiting": waits,
        "threads": rows or [_thread_row(thread)],
    }
    return "\n\n".join(lines), data, counts


def _thread_row(thread: Thread) -> ThreadRow:
    return {
        "topic": thread.topic,
        "prefix": thread.prefix,
        "title": thread.title,
        "last_at": thread.last_at,
        "experiments": len(thread.experiments),
        "state": "finished" if thread.finished else "open",
    }

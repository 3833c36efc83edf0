"""End what was left open: runs whose watcher died get the ending their run directory tells."""

from __future__ import annotations

from leadline.core.record.event import Record
from leadline.services.context import Context
from leadline.services.run.ending import end_run


def recover_runs(context: Context) -> list[str]:
    """End every abandoned run that is over; returns the ids ended. A run still going is left alone,
    and said."""
    ended = []
    open_runs = {uid: topic for topic, uid in context.open_runs.listed() if topic}
    for topic in set(open_runs.values()):
        if not context.store.exists(topic):
            continue
        known = {uid for _, uid in context.read_model.open_runs(topic)}
        for uid in [u for u, t in open_runs.items() if t == topic]:
            with context.open_runs.abandoned(uid) as free:
                if not free:
                    continue
                if uid not in known:
                    _drop_unless_open(context, topic, uid)
                elif (name := _end(context, topic, uid)) is not None:
                    ended.append(name)
    return ended


def _drop_unless_open(context: Context, topic: str, uid: str) -> None:
    """A marker without an open run: its plan was never written, or its ending was and the marker
    stayed."""
    if uid not in {u for _, u in context.read_model.open_runs(topic)}:
        context.open_runs.closed(uid)


def _end(context: Context, topic: str, uid: str) -> str | None:
    if uid not in {u for _, u in context.read_model.open_runs(topic)}:  # somebody else was quicker
        return None
    planned = planned_record(context, topic, uid)
    if planned is None:
        return None
    attempt = context.run_folder(uid)
    state = context.executor.poll([(attempt, {})])[attempt]
    if state not in ("finished", "gone", "queued", "unknown"):
        context.warn(
            f"{planned.body['id']} of {topic} goes on without the command that started it ({state}): "
            "the first command after its end records it"
        )
        return None
    ended = end_run(context, topic, uid, planned.body, by="reconcile", say=context.warn)
    context.warn(f"{planned.body['id']} was left open; its run directory says: {ended['state']}")
    return str(planned.body["id"])


def planned_record(context: Context, topic: str, uid: str) -> Record | None:
    return next((r for r in context.store.records(topic) if r.id == uid), None)

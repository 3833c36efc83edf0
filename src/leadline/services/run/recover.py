"""End what was left open: runs whose watcher died get the ending their run directory tells."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from leadline.core.errors import LeadlineError
from leadline.core.record.run import USUAL_EXECUTOR
from leadline.core.tracker.run_folder import RESULT
from leadline.core.typed import TYPE_CHECKING
from leadline.ports.executor import HERE, ORPHANED, OVER
from leadline.services.context import Context
from leadline.services.run.attempt import handle_of, planned_of, states, waited
from leadline.services.run.ending import end_run
from leadline.services.run.planning import RunPlan
from leadline.services.run.retry import retried
from leadline.services.run.spec import spec_of

if TYPE_CHECKING:
    from leadline.core.record.bodies import RunPlannedBody
    from leadline.ports.attempt import Spec


def recover_runs(context: Context, unmarked: bool = False, ask: bool = False) -> list[str]:
    """End every abandoned run that is over; returns the ids ended. A run still going is left alone,
    and said unless it was meant to go on by itself. ``unmarked``: those too whose marker is gone, if
    their folder is here. ``ask``: engines and other machines are asked as well; every verb looks at
    what lies here, and none waits for a machine that may be away."""
    ended = []
    open_runs = {uid: topic for topic, uid in context.open_runs.listed()}
    if open_runs.pop("", None) is not None:
        unmarked = True
        context.open_runs.closed("")
    if unmarked or "" in open_runs.values():  # a marker that a power cut emptied
        of_record = {uid: topic for topic, uid in context.read_model.open_runs()}
        for uid in [uid for uid, topic in open_runs.items() if not topic]:
            open_runs[uid] = of_record.get(uid, "")
        if unmarked:
            here = {u: t for u, t in of_record.items() if os.path.isdir(context.run_folder(u))}
            open_runs = {**here, **open_runs}
        for uid in [uid for uid, topic in open_runs.items() if not topic]:
            del open_runs[uid]
            with context.open_runs.abandoned(uid) as free:
                if free:
                    context.open_runs.closed(uid)
    now = _asked_together(context, open_runs) if ask else {}
    for topic in set(open_runs.values()):
        if not context.store.exists(topic):
            continue
        known = {uid for _, uid in context.read_model.open_runs(topic)}
        plans: list[RunPlannedBody] = []
        for uid in [u for u, t in open_runs.items() if t == topic]:
            with context.open_runs.abandoned(uid) as free:
                if not free:
                    continue
                if uid not in known:
                    _drop_unless_open(context, topic, uid)
                elif (plan := _end_whatever_it_meets(context, topic, uid, now)) is not None:
                    plans.append(plan)
        if plans:
            from leadline.services.run.command_end import left_open  # noqa: PLC0415  start-up: 0.1 ms

            left_open(context, topic, plans)
        ended += [plan["id"] for plan in plans]
    return ended


def _drop_unless_open(context: Context, topic: str, uid: str) -> None:
    """A marker without an open run: its plan was never written, or its ending was and the marker
    stayed."""
    if uid not in {u for _, u in context.read_model.open_runs(topic)}:
        context.open_runs.closed(uid)


def _end_whatever_it_meets(
    context: Context, topic: str, uid: str, now: Mapping[str, str]
) -> RunPlannedBody | None:
    """As ``_end``; what it meets is said, and no other run and no verb waits for this one. A store
    that cannot be written concerns all of them."""
    try:
        return _end(context, topic, uid, now)
    except Exception as error:
        if isinstance(error, LeadlineError) and error.kind == "environment":
            raise
        what = str(error)
        if not isinstance(error, (OSError, LeadlineError)):
            what = f"{type(error).__name__}: {error}"
        context.warn(f"the run {uid} of {topic} could not be ended yet: {what[:200]}")
        return None


def _end(context: Context, topic: str, uid: str, now: Mapping[str, str]) -> RunPlannedBody | None:
    if uid not in {u for _, u in context.read_model.open_runs(topic)}:  # somebody else was quicker
        return None
    folder = context.run_folder(uid)
    spec = spec_of(folder)  # what goes on by itself costs no look into the record
    if spec and _goes_on_alone(context, uid, folder, spec, now):
        return None
    body = planned_of(context, topic, uid)
    if body is None:
        return None
    run = RunPlan(topic, uid, body, folder)
    name = body.get("executor") or USUAL_EXECUTOR
    state = _state(context, uid, name, now)
    if state == ORPHANED:
        waited(context.executor_for(name), [(folder, handle_of(folder))], 0.0)
        state = _state(context, uid, name, {})
    if state not in OVER:
        context.warn(
            f"{body['id']} of {topic} goes on without the command that started it ({state}): "
            "the first command after its end records it"
        )
        return None
    if retried(context, run):
        return None
    ended = end_run(context, run, by="reconcile", say=context.warn)
    if body.get("detached"):
        context.warn(f"{body['id']} is over: {ended['state']}")
    else:
        context.warn(f"{body['id']} was left open; its run directory says: {ended['state']}")
    return body


def _asked_together(context: Context, uids: Iterable[str]) -> dict[str, str]:
    """How the runs stand that go on by themselves or elsewhere, by uid: one exchange with each
    executor."""
    asked = []
    for uid in uids:
        spec = spec_of(context.run_folder(uid))
        if spec and (spec.get("detached") or not _is_here(context, _executor_in(spec))):
            asked.append((uid, _executor_in(spec)))
    return states(context, asked)


def _is_here(context: Context, executor: str) -> bool:
    """True of one that is not installed: nobody can be asked."""
    try:
        return context.executor_for(executor).place == HERE
    except LeadlineError:
        return True


def _state(context: Context, uid: str, executor: str, now: Mapping[str, str]) -> str:
    return now.get(uid) or states(context, [(uid, executor)])[uid]


def _executor_in(spec: Spec) -> str:
    return spec.get("executor") or USUAL_EXECUTOR


def _goes_on_alone(
    context: Context, uid: str, folder: str, spec: Spec, now: Mapping[str, str]
) -> bool:
    """Whether there is nothing to record or to say of it now."""
    name, detached = _executor_in(spec), bool(spec.get("detached"))
    try:
        here = context.executor_for(name).place == HERE
    except LeadlineError:
        return detached
    if not here and uid not in now:  # nobody elsewhere was asked
        return not os.path.exists(os.path.join(folder, RESULT))
    return detached and _state(context, uid, name, now) not in (*OVER, ORPHANED)

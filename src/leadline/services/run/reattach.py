"""Detached runs that another clone started, found again by what the record says of their launch.

The record holds the handle, plain JSON, and where the executor's jobs run. A clone that knows an
executor of that name on that very host makes a folder of its own for the run, and from there on the
run is as one of its own: asked for, stopped, brought here, recorded when it is over. Two clones that
do so while apart write two ends of one run; the record keeps the first.
"""

from __future__ import annotations

import json
import os

from leadline.core.errors import LeadlineError
from leadline.core.tracker.run_folder import ABOUT, about_planned
from leadline.core.typed import TYPE_CHECKING, cast
from leadline.job.disk import make_folders
from leadline.ports.executor import HERE
from leadline.services.out_path import write_whole
from leadline.services.run.attempt import keep_handle

if TYPE_CHECKING:
    from leadline.core.record.bodies import RunLaunchedBody, RunPlannedBody
    from leadline.core.record.event import Record
    from leadline.ports.attempt import Handle, Spec
    from leadline.services.context import Context
    from leadline.services.run.planning import RunPlan

SPEC = "spec.json"


def tell_launched(context: Context, run: RunPlan, handle: Handle) -> None:
    """Record how another machine finds a detached run; nothing of one that only this machine sees."""
    name = str(run.body["executor"])
    if not run.body.get("detached") or context.executor_for(name).place == HERE:
        return
    setup = context.executors.find(name)
    if setup is None:  # one that needs no declaration is this machine's own
        return
    body: RunLaunchedBody = {
        "run": run.body["id"],
        "attempt": int(os.path.basename(run.attempt).removeprefix("attempt-") or 1),
        "executor": name,
        "kind": setup.kind,
        "host": setup.host,
        "handle": {k: v for k, v in handle.items() if isinstance(v, str)},
        "refs": {run.body["id"]: run.uid},
    }
    context.append(run.topic, "run-launched", body)


def reattach(context: Context, topic: str | None = None) -> list[str]:
    """Takes up the open runs of the record whose folder is not here; returns their ids. Those of an
    executor that is not declared here, or is another one, stay with who has it."""
    absent: dict[str, list[str]] = {}
    for its_topic, uid in context.read_model.open_runs(topic):
        if not os.path.isdir(os.path.dirname(context.run_folder(uid))):
            absent.setdefault(its_topic, []).append(uid)
    found = []
    for its_topic, uids in absent.items():
        records = list(context.store.records(its_topic))
        plans = {r.id: r for r in records if r.id in uids}
        launched = {
            str((r.body.get("refs") or {}).get(r.body.get("run"))): r
            for r in records
            if r.kind == "run-launched"
        }
        for uid in uids:
            if uid in plans and uid in launched:
                body = cast("RunPlannedBody", plans[uid].body)
                if _taken_up(context, its_topic, uid, body, launched[uid]):
                    found.append(body["id"])
    return found


def _taken_up(context: Context, topic: str, uid: str, plan: RunPlannedBody, record: Record) -> bool:
    said = cast("RunLaunchedBody", record.body)
    setup = context.executors.find(said["executor"])
    try:
        executor = context.executor_for(said["executor"])
    except LeadlineError:
        return False
    if (
        executor.place == HERE
        or setup is None
        or (setup.kind, setup.host) != (said["kind"], said["host"])
    ):
        return False
    folder = context.run_folder(uid, said["attempt"])
    spec: Spec = {
        "v": 1,
        "run": plan["id"],
        "attempt": said["attempt"],
        "argv": list(plan.get("argv") or []),
        "cwd": plan.get("cwd") or ".",
        "env": {},
        "timeout_s": plan.get("timeout_s"),
        "grace_s": 5.0,
        "cookie": uid,
        "max_output_bytes": None,
        "executor": said["executor"],
        "detached": True,
        "borrowed": True,
    }
    make_folders(folder)
    write_whole(os.path.join(folder, ABOUT), about_planned(uid, topic, plan).encoded())
    write_whole(os.path.join(folder, SPEC), json.dumps(spec).encode())
    keep_handle(folder, {"v": 1, **said["handle"], "executor": said["executor"]})
    with context.open_runs.watching(uid, topic):  # leaves the marker by which its end is looked for
        return True

"""A further attempt of a run that was lost: its machine, its engine or its job program died, and it
did not fail.

As often as its executor is declared to (``--limit retries=N``), each attempt in a folder of its own.
What failed, ran out of time or was cancelled is never run again by itself: a result is not tried
until it pleases.
"""

from __future__ import annotations

import json
import os

from leadline.core.errors import LeadlineError
from leadline.core.record.run import USUAL_EXECUTOR
from leadline.core.tracker.run_folder import ABOUT
from leadline.job.disk import make_folders
from leadline.services.context import Context
from leadline.services.out_path import write_whole
from leadline.services.run.attempt import executor_of, handle_of, keep_handle
from leadline.services.run.pilots import resources_of
from leadline.services.run.planning import RunPlan
from leadline.services.run.spec import SEALED, SPEC, spec_of

LAST = "LEADLINE_LAST_ATTEMPT"


def retried(context: Context, run: RunPlan) -> RunPlan | None:
    """The run with its next attempt, under way; None where it is to be ended as it is. The caller
    holds the run's marker and knows the attempt to be over."""
    declared = context.executors.find(run.body.get("executor") or USUAL_EXECUTOR)
    most = int(declared.limits.get("retries", 0)) if declared else 0
    number = number_of(run.attempt)
    if number > most or not _was_lost(context, run):
        return None
    spec = spec_of(run.attempt)
    if spec is None or spec.get("borrowed") or "[redacted:" in json.dumps(spec):
        return None  # what the job was told in private is kept nowhere, or not here
    from shutil import copyfile  # noqa: PLC0415  start-up: 5 ms

    folder, handle = context.run_folder(run.uid, number + 1), handle_of(run.attempt)
    last = str(handle.get("folder") or run.attempt)
    again = {**spec, "attempt": number + 1, "env": {**spec["env"], LAST: last}}
    make_folders(folder)
    for name in (ABOUT, SEALED):
        if os.path.exists(os.path.join(run.attempt, name)):
            copyfile(os.path.join(run.attempt, name), os.path.join(folder, name))
    write_whole(os.path.join(folder, SPEC), json.dumps(again).encode(), on_disk=True)
    try:
        handed = executor_of(context, run.body).submit(folder, resources_of(context, run))
        keep_handle(folder, handed)
    except LeadlineError as error:
        context.warn(f"{run.body['id']} was lost and could not be tried again: {error.what}")
    else:
        context.warn(f"{run.body['id']} was lost: attempt {number + 1} of {most + 1} is under way")
    return RunPlan(run.topic, run.uid, run.body, folder, run.request, run.seen)


def number_of(attempt: str) -> int:
    text = os.path.basename(attempt).removeprefix("attempt-")
    return int(text) if text.isdigit() else 1


def _was_lost(context: Context, run: RunPlan) -> bool:
    """Nothing lives, there is no result, and it had been taken: what could not be started here is an
    error of ours, and the same again."""
    executor = executor_of(context, run.body)
    if executor.result(run.attempt) is not None:
        return False
    try:
        refused = os.path.getsize(os.path.join(run.attempt, "supervisor.err")) > 0
    except OSError:
        refused = False
    state = executor.poll([(run.attempt, handle_of(run.attempt))])[run.attempt]
    return state == "gone" and not refused and bool(handle_of(run.attempt))

"""What a run cost besides the time of its command: attempts that were lost, and waiting to be started.

The clocks are those of the file system that holds the attempts, so that a machine whose clock is off
changes nothing: when an attempt was asked for, was taken, and was last written to.
"""

from __future__ import annotations

import os

from leadline.core.typed import TYPE_CHECKING
from leadline.ports.executor import HERE
from leadline.services.run.attempt import executor_of
from leadline.services.run.retry import number_of
from leadline.services.run.spec import SPEC

if TYPE_CHECKING:
    from leadline.core.record.bodies import RunEndedBody
    from leadline.services.context import Context
    from leadline.services.run.planning import RunPlan

TAKEN, OWNER = "alive.lock", "owner.json"
OUTPUT = ("stdout.log", "stderr.log", "metrics.jsonl", "series")
LEAST_QUEUED_S = 1.0  # less is starting a process


def note_cost(context: Context, run: RunPlan, body: RunEndedBody) -> None:
    """Into the ending, where there is something to say."""
    last = number_of(run.attempt)
    folders = [context.run_folder(run.uid, number) for number in range(1, last + 1)]
    # In a pilot it waits for its neighbours, which is no cost of its own.
    waits = executor_of(context, run.body).place != HERE and not body.get("pilot")
    queued_s = sum(map(_queued_s, folders)) if waits else 0.0
    if queued_s >= LEAST_QUEUED_S:
        body["queued_s"] = round(queued_s, 3)
    if last > 1:
        body["attempts"] = last
        body["lost_s"] = round(sum(map(_ran_s, folders[:-1])), 3)


def _queued_s(folder: str) -> float:
    """From the time it was asked for until its supervisor had it; 0 where that is not known here."""
    asked, taken = _at(folder, SPEC), _at(folder, TAKEN)
    return max(0.0, taken - asked) if asked and taken else 0.0


def _ran_s(folder: str) -> float:
    """How long an attempt that was lost is known to have run: to the last that it wrote."""
    taken = _at(folder, TAKEN) or _at(folder, OWNER)  # the lock stays where the run was
    wrote = max(_at(folder, name) for name in OUTPUT)
    return max(0.0, wrote - taken) if taken else 0.0


def _at(folder: str, name: str) -> float:
    try:
        return os.stat(os.path.join(folder, name)).st_mtime
    except OSError:
        return 0.0

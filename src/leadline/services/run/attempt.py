"""Who runs an attempt, how it is found again, and how it stands.

The handle is written when the executor has returned it, by rename and without a wait for the disk:
where a crash takes it, the folder itself says how the attempt stands (see ``ports/executor.py``).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence

from leadline.core.errors import LeadlineError
from leadline.core.record.run import USUAL_EXECUTOR
from leadline.core.typed import TYPE_CHECKING, cast
from leadline.ports.executor import ORPHANED
from leadline.services.context import Context
from leadline.services.out_path import object_at, write_if_it_can

if TYPE_CHECKING:
    from leadline.core.record.bodies import RunPlannedBody
    from leadline.ports.attempt import Handle
    from leadline.ports.executor import Executor

HANDLE = "handle.json"


def executor_of(context: Context, planned: RunPlannedBody) -> Executor:
    """The executor of a recorded run. Raises LeadlineError when it is not installed here."""
    return context.executor_for(planned.get("executor") or USUAL_EXECUTOR)


def planned_of(context: Context, topic: str, uid: str) -> RunPlannedBody | None:
    """The plan of a run, as recorded."""
    newest_first = reversed(context.store.view(topic).records)
    found = next((r.body for r in newest_first if r.id == uid), None)
    return cast("RunPlannedBody | None", found)


def keep_handle(attempt: str, handle: Handle) -> None:
    """So that another process finds the attempt. A disk that does not take it costs nothing now."""
    write_if_it_can(os.path.join(attempt, HANDLE), json.dumps(handle).encode())


def handle_of(attempt: str) -> Handle:
    """The handle as it was kept; empty where its launcher died before."""
    return cast("Handle", object_at(os.path.join(attempt, HANDLE)))


def waited(
    executor: Executor, attempts: Sequence[tuple[str, Handle]], timeout_s: float
) -> dict[str, str]:
    """As ``Executor.wait``. What a command left behind is ended where its supervisor died before it
    could: how that command ended nobody knows any more, so there is nothing to wait for."""
    found = executor.wait(attempts, timeout_s)
    for attempt, handle in attempts:
        if found[attempt] == ORPHANED:
            executor.cancel(attempt, handle)
    return found


def states(context: Context, runs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """How the runs stand now, as ``Executor.poll`` has it, by uid; they are given as (uid, name of
    the executor). One exchange with each executor; what one that is not installed here runs is
    ``unknown``."""
    by_executor: dict[str, list[str]] = {}
    for uid, name in runs:
        by_executor.setdefault(name, []).append(uid)
    found: dict[str, str] = {}
    for name, uids in by_executor.items():
        folders = {context.run_folder(uid): uid for uid in uids}
        try:
            executor = context.executor_for(name)
        except LeadlineError:
            found |= dict.fromkeys(uids, "unknown")
            continue
        polled = executor.poll([(folder, handle_of(folder)) for folder in folders])
        found |= {uid: polled[folder] for folder, uid in folders.items()}
    return found

"""Many short runs inside a few jobs of an engine: a sweep's cells, or two commands in turns.

An engine takes a tenth of a second to some seconds to start a job. So where there are more runs than
places, one job a place is asked for (a pilot), and the runs are handed out in it, one after the
other, on the device that it holds. What ran a run does not change the run: the same job program, the
same folder, the same record.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from leadline.core.typed import TYPE_CHECKING, cast
from leadline.services.context import Context
from leadline.services.run.device import place_kept

if TYPE_CHECKING:
    from leadline.ports.executor import Executor, Piloted
    from leadline.services.run.planning import RunPlan

PILOTS = "pilots"
MOST_AHEAD = 400


@contextmanager
def piloted(
    context: Context, executor: Executor, uid: str, slots: int, runs: int
) -> Iterator[Mapping[str, object]]:
    """What each attempt is launched with (``resources``): the queue of ``slots`` pilots; nothing where
    the executor has none, or none would help. ``uid``: of what is run.

    At the end nothing more is handed out; what waits is still run. Raises LeadlineError: the engine
    takes no job.
    """
    if kept := place_kept(context, executor.name):
        yield kept
        return
    if not hasattr(executor, "open_pilots") or runs <= slots:
        yield {}
        return
    with_pilots = cast("Piloted", executor)
    queue = os.path.join(context.root, PILOTS, f"{uid}-{os.urandom(2).hex()}")
    with_pilots.open_pilots(queue, slots)
    try:
        yield {"pilot": queue}
    finally:
        with_pilots.close_pilots(queue)


def resources_of(context: Context, run: RunPlan) -> Mapping[str, object]:
    """What an attempt of a run is launched with: the pilots of its command, one device and no job of
    its own to wait for; else the job that keeps its device for this repository."""
    own = run.request.resources if run.request else {}
    return own or place_kept(context, str(run.body["executor"]))


def ahead(resources: Mapping[str, object], slots: int, by_itself: bool = False) -> int:
    """How many runs are to be under way at a time: with pilots some wait for the next free one, and
    of a sweep that goes on ``by_itself`` all, so that a client which sleeps or dies holds nothing up.
    (Each costs an open file.)"""
    if not resources:
        return slots
    return MOST_AHEAD if by_itself else 2 * slots + 2

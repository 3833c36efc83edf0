"""How the runs under way stand now."""

from __future__ import annotations

from leadline.core.record.run import Run
from leadline.core.record.thread import Thread
from leadline.core.typed import TypedDict
from leadline.core.view.facts import runs_open
from leadline.services.context import Context
from leadline.services.run.attempt import states
from leadline.services.run.progress import progress_in


class OpenRun(TypedDict):
    id: str
    planned_at: str
    state: str
    argv: list[str]


def ask_open_runs(context: Context, thread: Thread) -> list[Run]:
    """Runs planned and not ended; their ``state`` becomes what their run directory says now
    (``running``, ...), or ``stalled`` where a running one's own signal stands still."""
    open_runs = [run for run in runs_open(thread) if run.state in ("planned", "running")]
    now = states(context, [(run.uid, run.executor) for run in open_runs])
    for run in open_runs:
        run.state = now[run.uid]
        if run.state == "running":
            progress = progress_in(context, context.run_folder(run.uid))
            run.state = "stalled" if progress and progress["stalled"] else run.state
    return open_runs


def rows_of_open(runs: list[Run]) -> list[OpenRun]:
    return [
        {"id": r.id, "planned_at": r.planned_at, "state": r.state, "argv": r.argv} for r in runs
    ]

"""How the runs under way stand now."""

from __future__ import annotations

from leadline.core.record.run import Run
from leadline.core.record.thread import Thread
from leadline.core.typed import Any
from leadline.services.context import Context


def ask_open_runs(context: Context, thread: Thread) -> list[Run]:
    """Runs planned and not ended; their ``state`` becomes what their run directory says now
    (``running``, ...)."""
    open_runs = [run for run in thread.runs if run.state in ("planned", "running")]
    for run in open_runs:
        attempt = context.run_folder(run.uid)
        run.state = context.executor.poll([(attempt, {})])[attempt]
    return open_runs


def rows_of_open(runs: list[Run]) -> list[dict[str, Any]]:
    return [
        {"id": r.id, "planned_at": r.planned_at, "state": r.state, "argv": r.argv} for r in runs
    ]

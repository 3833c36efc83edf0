"""How the runs under way stand now."""

from __future__ import annotations

from leadline.core.record.run import Run
from leadline.core.record.thread import Thread
from leadline.core.typed import TYPE_CHECKING, TypedDict
from leadline.core.view.facts import runs_open
from leadline.services.context import Context

if TYPE_CHECKING:
    from leadline.core.view.progress import Progress

LINE_SHOWN = 100


class OpenRun(TypedDict):
    id: str
    planned_at: str
    state: str
    reason: str  # of one that is stalled
    argv: list[str]


def ask_open_runs(context: Context, thread: Thread) -> list[Run]:
    """Runs planned and not ended; their ``state`` becomes what their run directory says now
    (``running``, ...), or ``stalled`` where a running one's own signal stands still."""
    open_runs = [run for run in runs_open(thread) if run.state in ("planned", "running")]
    if not open_runs:
        return []
    from leadline.services.run.attempt import states  # noqa: PLC0415  start-up: 0.7 ms
    from leadline.services.run.progress import progress_in  # noqa: PLC0415  start-up: 0.7 ms

    now = states(context, [(run.uid, run.executor) for run in open_runs])
    for run in open_runs:
        run.state = now[run.uid]
        if run.state == "running":
            folder = context.run_folder(run.uid)
            progress = progress_in(context, folder)
            if progress and progress["stalled"]:
                run.state, run.reason = "stalled", _standing_still(context, folder, progress)
    return open_runs


def _standing_still(context: Context, folder: str, progress: Progress) -> str:
    """For how long, and the last line that it wrote."""
    from leadline.core.plain import plain  # noqa: PLC0415  start-up: who stands still
    from leadline.core.timestamps import duration  # noqa: PLC0415  start-up: who stands still
    from leadline.services.run.jobs import last_line  # noqa: PLC0415  start-up: who stands still

    line = plain(context.redactor.text(last_line(folder)))[:LINE_SHOWN]
    still = f"no advance for {duration(progress['still_s'])}"
    return f"{still}, last line: {line}" if line else still


def rows_of_open(runs: list[Run]) -> list[OpenRun]:
    return [
        {
            "id": r.id,
            "planned_at": r.planned_at,
            "state": r.state,
            "reason": r.reason or "",
            "argv": r.argv,
        }
        for r in runs
    ]

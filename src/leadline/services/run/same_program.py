"""Whether the work tree still holds the program of an experiment: asked before each repeat."""

from __future__ import annotations

import os
from collections.abc import Sequence

from leadline.core.design.changed_program import changed_program
from leadline.core.errors import LeadlineError, conflict
from leadline.core.record.run import Run
from leadline.core.timestamps import epoch_ms
from leadline.core.typed import TYPE_CHECKING
from leadline.services.context import Context

if TYPE_CHECKING:
    from leadline.core.record.bodies import CodeState

NAMED = 3


def changed_files(
    context: Context, before: CodeState, now: CodeState, argv: Sequence[str], runs: Sequence[Run]
) -> list[str]:
    """The files that make the code state ``now`` another program than ``before``; ``runs``: whose
    outputs make none. A code state that is not here any more tells nothing."""
    old, new = before.get("tree"), now.get("tree")
    if not old or not new or old == new:
        return []
    try:
        paths = context.vcs.changed_between(str(old), str(new))
    except LeadlineError:
        return ["a code state that is not on this machine"]
    spans = [
        (epoch_ms(run.started_at) / 1000, epoch_ms(run.ended_at) / 1000)
        for run in runs
        if run.started_at and run.ended_at
    ]

    def written(path: str) -> bool:
        try:
            at_s = os.stat(os.path.join(context.vcs.toplevel or "", path)).st_mtime
        except OSError:
            return False
        return any(begun <= at_s <= ended for begun, ended in spans)

    return changed_program(paths, argv, written)


def check_repeat(context: Context, runs: Sequence[Run], now: CodeState) -> None:
    """Raises LeadlineError(conflict, program-changed) when the work tree holds another program than
    the last of an experiment's ``runs`` ran."""
    last = runs[-1]
    changed = changed_files(context, last.code, now, last.argv, runs)
    if changed:
        raise conflict(
            "program-changed",
            f"{said(changed)} changed since {last.id}",
            why="its repeats would pool two programs under one experiment",
            do=f"leadline run {_again(last)}",
        )


def check_ruler(last: Run, changed: Sequence[str]) -> None:
    """Raises LeadlineError(conflict, ruler-changed) when what measures is other than in the ``last``
    run of the experiment."""
    if changed:
        raise conflict(
            "ruler-changed",
            f"what measures changed since {last.id}: {said(changed)}",
            why="runs that were measured by two rulers are never repeats of one experiment",
            do=["leadline measure again", f"leadline run {_again(last)}"],
        )


def said(changed: Sequence[str]) -> str:
    more = f" and {len(changed) - NAMED} more" if len(changed) > NAMED else ""
    return ", ".join(changed[:NAMED]) + more


def _again(run: Run) -> str:
    import shlex  # noqa: PLC0415  start-up: 0.5 ms

    sets = "".join(f"--set {shlex.quote(f'{key}={value}')} " for key, value in run.config.items())
    return f"{sets}-- {shlex.join(run.argv)}"

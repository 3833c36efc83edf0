"""A tracker whose runs are run folders (``TrackerKind.by_folder``): where they are put, and what of
a run goes there."""

from __future__ import annotations

import os
from collections.abc import Mapping

from leadline.core.errors import not_found, usage
from leadline.core.record.run import Run
from leadline.core.tracker.run_folder import about_planned
from leadline.ports.tracker import Push
from leadline.services.artifact.artifacts import where_made
from leadline.services.context import Context

NAME_BYTES = 200  # of a project, which is a folder: file systems take 255


def check_name(tracker: str, project: str) -> None:
    """Raises LeadlineError(usage) for a project that makes no good folder."""
    if project.startswith(".") or len(project.encode()) > NAME_BYTES:
        raise usage(
            "bad-project",
            f"{project[:140]!r} is no name for a project of run folders",
            why=f"it becomes a folder: no dot at its beginning, at most {NAME_BYTES} bytes",
            do=f"leadline tracker set {tracker} my-project",
        )


def shared_folder(context: Context, tracker: str, at: str, live: bool = False) -> str:
    """The folder that run folders are put into, as the record keeps it.

    Raises LeadlineError(usage): an address, or ``live``.
    """
    if "://" in at or live:
        raise usage(
            "no-server",
            "--live asks for a server" if live else f"{at} is no folder",
            why="run folders are put into a shared folder when a run has ended; a job writes into its own",
            do=f"leadline tracker set {tracker} my-project --at /mnt/team/runs",
        )
    return at if not at or at.startswith("~") else os.path.normpath(os.path.join(context.cwd, at))


def as_folder(
    context: Context, topic: str, run: Run, plan: Mapping[str, object], pushing: Push
) -> None:
    """What goes into a shared folder: the run's own folder, and all that the record says of it.

    Raises LeadlineError(not_found, ``run-elsewhere``): only the machine that has its points can put
    it there.
    """
    pushing.path = context.run_folder(run.uid)
    if not os.path.exists(os.path.join(pushing.path, "spec.json")):
        raise not_found(
            "run-elsewhere",
            f"the folder of {run.id} is not on this machine",
            why=f"its points are on {where_made(run)}, and it is sent from there",
            do="leadline tracker sync",
        )
    pushing.about = about_planned(run.uid, topic, plan)
    pushing.metrics |= {name: float(word) for name, word in run.nonfinite.items()}

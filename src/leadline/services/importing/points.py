"""The points of runs that are being imported, from the source to the folder of the run.

They wait on the disk: an import of a hundred trainings holds the points of one at a time. The
record comes first; a crash in between leaves runs without points here, and importing the source
again brings them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from leadline.core.record.run import Run
from leadline.core.tracker.imported import FoundRun
from leadline.core.tracker.run_folder import FETCHED
from leadline.job.disk import make_folders
from leadline.services.context import Context
from leadline.services.series.series import is_here

PREFIX = "import-"
ABANDONED_S = 86_400.0


class Waiting:
    """Where points wait. ``folder`` "": nothing is to be kept, they are only let go."""

    def __init__(self, context: Context, folder: str) -> None:
        self.context, self.folder, self.count = context, folder, 0

    def take(self, run: FoundRun, writer: str) -> None:
        """Let go of ``run.series``, which ``run.points_at`` then holds. LeadlineError(environment):
        a full disk."""
        series, run.series = run.series, {}
        run.points = sum(map(len, series.values()))
        if not self.folder or not series:
            return
        self.count += 1
        run.points_at = os.path.join(self.folder, str(self.count))
        for name in self.context.series.keep(run.points_at, writer, series, run.odd):
            what = f"the points of {name[:60]!r}… are not kept: the name has {len(name)} characters"
            run.problems.append(
                {"source": writer, "code": "name-too-long", "what": what, "blocking": False}
            )

    def settle(self, run: FoundRun, uid: str) -> None:
        """Give the points to the run of the record. LeadlineError(environment)."""
        if run.points_at:
            self.context.series.move(
                run.points_at, os.path.join(self.context.run_folder(uid), FETCHED)
            )

    def missing(self, run: FoundRun, held: Run) -> bool:
        """Whether the record has ``run`` and this machine has not its points: another clone
        imported it."""
        same = held.tracker.get("digest") == run.tracker.get("digest")
        return bool(run.points) and same and not is_here(self.context, held)


@contextmanager
def waiting_points(context: Context, keep: bool) -> Iterator[Waiting]:
    """A place for the points of one import, gone at its end. What an import that was killed left
    goes a day later."""
    if not keep:
        yield Waiting(context, "")
        return
    top = os.path.join(context.root, "tmp")
    make_folders(top)
    for name in os.listdir(top):
        old = os.path.join(top, name)
        if name.startswith(PREFIX) and time.time() - os.path.getmtime(old) > ABANDONED_S:
            shutil.rmtree(old, ignore_errors=True)
    folder = tempfile.mkdtemp(prefix=PREFIX, dir=top)
    try:
        yield Waiting(context, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)

"""A run that is a stretch of the Python program which asks for it: planned, recorded and ended as any
other, with no command started between."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack

from leadline.core.errors import LeadlineError
from leadline.core.record.run import IN_PROCESS
from leadline.core.timestamps import few
from leadline.core.typed import TYPE_CHECKING, cast
from leadline.job import probe
from leadline.services.context import Context
from leadline.services.run.ending import end_run
from leadline.services.run.lifecycle import launch, plan
from leadline.services.run.outcome import RunOutcome, outcome_of
from leadline.services.run.repeats import ready
from leadline.services.run.request import RunRequest

if TYPE_CHECKING:
    from leadline.ports.executor import InProcess


class InProcessRun:
    """Begun, and on record, when it is made. ``before``: the same of this process, which it repeats
    where neither its program nor its ruler became another. Raises LeadlineError: nothing was begun."""

    def __init__(
        self, context: Context, request: RunRequest, before: RunOutcome | None = None
    ) -> None:
        self._context = context
        context.on = IN_PROCESS
        request.resources = {"process": os.getpid()}
        command = request.command
        told_apart = bool(command.config) or command.argv != sys.orig_argv
        if before is not None:
            request.experiment, request.design = before.experiment, {"together": before.uid}
        try:
            facts, seen = ready(context, request, context.warn, told_apart)
        except LeadlineError as error:
            if before is None or error.kind not in ("conflict", "refused"):
                raise
            context.warn(f"this is another experiment than {before.experiment}: {error.what}")
            request.experiment = request.design = None
            facts, seen = ready(context, request, context.warn, told_apart)
        self._edited = edited_since_start(context.toplevel)
        self._held = ExitStack()
        with ExitStack() as held:
            self._run = held.enter_context(plan(context, request, facts, seen))
            launch(context, self._run)
            self._held = held.pop_all()

    def end(self, state: str, reason: str) -> RunOutcome:
        """Records that it is over. Raises LeadlineError, OSError: what lies in its folder stays, and
        the next command records the end."""
        context, run = self._context, self._run
        executor = cast("InProcess", context.executor_for(IN_PROCESS))
        with self._held:
            executor.finish(run.attempt, state, reason)
            ended = end_run(
                context, run, say=context.warn, check_code=True, code_changed=self._edited
            )
        return outcome_of(run, ended)


def edited_since_start(top: str) -> str:
    """The loaded files of the work tree that were written after this process began, so that what
    runs may be what they were; "" where none was, or this system does not say when it began."""
    ticks = probe.start_ticks(os.getpid())
    if ticks is None:
        return ""
    age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    began_s = time.time() - age_s
    found = []
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None) or ""
        if not path.startswith(top + os.sep) or f"{os.sep}site-packages{os.sep}" in path:
            continue
        try:
            if os.stat(path).st_mtime > began_s + 1:  # ticks are hundredths; clocks are set
                found.append(os.path.relpath(path, top))
        except OSError:
            continue
    return few(sorted(found), 3)

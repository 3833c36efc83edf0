"""The sides of a measurement in turns, each at the code that its experiment was run with.

A side whose program is not the one in the work tree runs where its code state is unpacked, as a
reproduction does, so that two versions of one program take turns without the user checking one out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from leadline.core.errors import refused
from leadline.core.typed import TYPE_CHECKING
from leadline.services.context import Context
from leadline.services.run.facts import capture_code
from leadline.services.run.reproduce import command_at, plan_again, unpacked
from leadline.services.run.same_program import changed_files

if TYPE_CHECKING:
    from leadline.services.run.request import RunRequest


@contextmanager
def at_own_code(context: Context, request: RunRequest, place: int) -> Iterator[RunRequest]:
    """``request`` repeats an experiment; ``place`` tells its folder from that of another side.

    Raises LeadlineError: an unknown experiment; another program than in the work tree whose code
    state cannot be had here.
    """
    thread = context.store.thread(request.topic)
    experiment = thread.experiment(str(request.experiment))
    runs = [run for run in experiment.runs if run.code.get("tree")]
    now = capture_code(context)
    if not runs or not changed_files(context, runs[-1].code, now, runs[-1].argv, runs):
        yield request
        return
    plan = plan_again(context, thread, experiment, set(), [])
    if plan.blocked:
        raise refused(
            "other-code-not-here",
            f"{experiment.id} was run with another program, which cannot be had here",
            why=plan.blocked,
            do=f"leadline show {experiment.id}",
        )
    with unpacked(context, plan.run, str(plan.run.code["commit"]), place) as folder:
        request.command, _ = command_at(context, plan, folder, plan.run.code)
        request.terms.extract = request.terms.extract or list(plan.record.get("extract") or [])
        yield request

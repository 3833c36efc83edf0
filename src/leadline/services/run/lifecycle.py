"""The life of a run, top to bottom: plan, launch, watch, end.

One command, a sweep, two commands in turns and a reproduction take these four steps, and recovery
takes the last one for a process that died. ``leadline run`` comes here through ``repeats.py``. What
each does when something goes wrong stands beside it: hard before (what cannot be recorded is not
run), soft during (the job goes on without a watcher, and the next command records its end), loud
after (an extraction that fails its check says so and publishes nothing).
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # without the enums of `signal`
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from leadline.core.errors import LeadlineError
from leadline.core.typed import TYPE_CHECKING
from leadline.ports.executor import MAYBE_STARTED
from leadline.services.context import Context
from leadline.services.run.attempt import executor_of, handle_of, keep_handle
from leadline.services.run.ending import end_run
from leadline.services.run.inputs import with_inputs
from leadline.services.run.outcome import RunOutcome, outcome_of
from leadline.services.run.pilots import resources_of
from leadline.services.run.planning import RunPlan, planned_body
from leadline.services.run.reattach import tell_launched
from leadline.services.run.request import RunRequest
from leadline.services.run.retry import retried
from leadline.services.run.ruler import another_experiment, changes, ruler_of
from leadline.services.run.spec import prepare_folder
from leadline.services.run.where import note_folder

if TYPE_CHECKING:
    from leadline.ports.attempt import Handle
    from leadline.ports.executor import Executor
    from leadline.services.run.facts import PlanFacts

#: Shows an attempt's output until it is over; True when the user interrupted it.
Watcher = Callable[["Executor", str, "Handle"], bool]
Say = Callable[[str], None]


def run_one(
    context: Context,
    request: RunRequest,
    facts: PlanFacts,
    watcher: Watcher,
    say: Say,
    seen: Sequence[str] = (),
    launched: Callable[[RunPlan], None] = lambda run: None,
) -> RunOutcome:
    """One execution with the given ``facts`` (see ``gather`` in ``facts.py``)."""
    with plan(context, request, facts, seen) as run, _until_watched():
        handle = launch(context, run)
        launched(run)
        interrupted = watch(context, run, handle, watcher)
        while not interrupted and (again := retried(context, run)):
            run, interrupted = again, watch(context, again, handle_of(again.attempt), watcher)
        return end(context, run, say, interrupted)


def let_go(context: Context, request: RunRequest, facts: PlanFacts, seen: list[str]) -> RunPlan:
    """One execution that nobody watches: whoever comes next records its end (``recover.py``)."""
    with plan(context, request, facts, seen) as run, _until_watched():
        launch(context, run)
    return run


@contextmanager
def _until_watched() -> Iterator[None]:
    """Holds Ctrl-C back until a watcher can make a cancellation of it: nobody would know of the job."""
    before = _signal.pthread_sigmask(_signal.SIG_BLOCK, (_signal.SIGINT,))
    try:
        yield
    finally:
        _signal.pthread_sigmask(_signal.SIG_SETMASK, before)


@contextmanager
def plan(
    context: Context, request: RunRequest, facts: PlanFacts, seen: Sequence[str] = ()
) -> Iterator[RunPlan]:
    """The durable record of what will run. Inside, this process holds the run: nobody else ends it.

    Hard: whatever fails here is raised, and neither record nor process is left.
    """
    named = [request.experiment] if request.experiment else []
    thread = context.slice(request.topic, [*named, *request.hypotheses])
    context.executor_for(facts["executor"])
    facts = {**facts, "ruler": ruler_of(context, thread, request.command, facts)}
    own = request.command.folder is None
    found = changes(context, thread, facts["ruler"]) if own else []
    if own and (other := another_experiment(context, thread, request, facts["ruler"])):
        context.warn(f"{other} changed: the runs from here on are another experiment")
        request.experiment = request.design = None
    if thread.tracker:
        from leadline.services.run.job_tracker import planned_tracker  # noqa: PLC0415  start-up: 2 ms

        facts = {**facts, "tracker": planned_tracker(context, thread)}
    facts = with_inputs(context, request, thread, facts)
    if request.title:
        facts = {**facts, "title": context.hiding("the title").text(request.title)}
    with ExitStack() as held:
        with context.store.transaction(request.topic) as writing:
            uid = writing.new_uid()
            body = planned_body(thread, request, facts, seen, writing, uid)
            note_folder(context, request, body, context.run_folder(uid))
            # Before the record: a run that is planned and unheld would be ended by anybody.
            held.enter_context(context.open_runs.watching(uid, request.topic))
            planned = writing.add("run-planned", body)
            body = planned.body
            for change in found:
                shown = body["experiment"]
                refs = {shown: body["experiment_uid"]}
                writing.add("ruler", {**change, "experiment": shown, "refs": refs})
        yield RunPlan(request.topic, uid, body, context.run_folder(uid), request, seen)


def launch(context: Context, run: RunPlan, wait_until_up: bool = True) -> Handle:
    """Hands the job to its executor. ``wait_until_up=False`` lets the next one start meanwhile. Hard,
    and truthful: its ending says that it was not started, or it stays open where nobody knows."""
    executor = executor_of(context, run.body)
    try:
        prepare_folder(context, run)
        start = executor.submit if wait_until_up else executor.begin
        handle = start(run.attempt, resources_of(context, run))
    except (LeadlineError, OSError) as error:
        if getattr(error, "code", "") != MAYBE_STARTED:
            end_run(context, run, not_started=getattr(error, "what", str(error)))
        raise
    keep_handle(run.attempt, handle)
    tell_launched(context, run, handle)
    return handle


def watch(context: Context, run: RunPlan, handle: Handle, watcher: Watcher) -> bool:
    """Until the attempt is over; True when the user interrupted it.

    Soft: nothing here reaches the job. When this process dies, the next command ends it."""
    context.collectors.prepare()
    return watcher(executor_of(context, run.body), run.attempt, handle)


def end(
    context: Context, run: RunPlan, say: Say, interrupted: bool = False, check_code: bool = True
) -> RunOutcome:
    """Records what the folder tells, once the attempt is over. Loud: what could not be read or does
    not pass its check is said, and stands in the record."""
    ended = end_run(context, run, say=say, check_code=check_code and not run.body.get("folder"))
    return outcome_of(run, ended, interrupted)

"""One command as often as it is asked for: what ``leadline run`` and a reproduction do.

Before the first run it says what is worth knowing first: that this was run before, that the machine
is busy, that the thread was finished. Each repeat has the code that it ran: where that became another
program, it is another experiment.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack

from leadline.core.record.rows import RunRow
from leadline.core.record.run import IN_PROCESS, program_of, run_key
from leadline.core.record.thread import Thread
from leadline.core.timestamps import counted, duration
from leadline.ports.executor import not_needed
from leadline.services.context import Context
from leadline.services.run.command_end import command_ended
from leadline.services.run.facts import PlanFacts, code_there, gather, preflight, program_state
from leadline.services.run.lifecycle import Say, Watcher, let_go, run_one
from leadline.services.run.loose_files import FilesNow, check_beside
from leadline.services.run.outcome import RunOutcome
from leadline.services.run.planning import RunPlan
from leadline.services.run.request import RunRequest, complete
from leadline.services.run.ruler import ruler_of, since_last
from leadline.services.run.same_program import changed_files, check_repeat, check_ruler, said
from leadline.services.run.several import Begun, Going, going
from leadline.services.run.where import is_here

IDS_NAMED = 4
PROGRESS_EVERY_S = 10.0


def execute(
    context: Context,
    request: RunRequest,
    watcher: Watcher,
    say: Say = lambda text: None,
    at_end: Callable[[list[RunOutcome]], None] | None = None,
    begun: Begun | None = None,
) -> list[RunOutcome]:
    """Run ``request.repeat`` times, one after the other, and return what became of each. Stops after
    an interruption, and when the program crashed. ``at_end``: what is still to be said of them before
    their end is recorded. ``begun``: they go on by themselves, and this tells who asked for them.
    Raises LeadlineError before anything ran."""
    request.detached = begun is not None
    request.later = request.detached and request.repeat > 1
    facts, seen = ready(context, request, say)
    # Else it is run again at a code state of its own, or at that of the time it was asked for.
    own = request.command.code is None and not request.later
    if (request.repeat > 1 or at_end) and request.entry == "run":
        request.entry = "command"
    outcomes: list[RunOutcome] = []
    said_at = time.monotonic()
    with ExitStack() as held:
        here: list[Going] = []

        def launched(run: RunPlan) -> None:
            if (request.repeat > 1 or begun) and not here:
                about = (run.body["experiment"], run.uid, run.topic, "run")
                name = run.body["executor"]
                one = held.enter_context(going(context, about, request.repeat, name, begun))
                here.append(one)
                one.launched()

        for number in range(request.repeat):
            if number:
                if is_here(context, request.topic):
                    facts["hygiene"] = preflight(context, request)
                if own:
                    _look_at_code(context, request, facts, outcomes, say)
            outcome = run_one(context, request, facts, watcher, say, seen, launched)
            outcomes.append(outcome)
            request.experiment = outcome.experiment
            request.design = request.design or {"together": outcome.uid}
            for one in here:
                one.tick(len(outcomes), sum(o.state != "done" for o in outcomes))
            if outcome.interrupted or any(one.stop_asked() for one in here):
                break
            if outcome.crashed and (left := request.repeat - len(outcomes)):
                say(
                    f"{outcome.id} was ended by {outcome.signal}: {counted(left, 'repeat')} not run"
                )
                break
            if time.monotonic() - said_at >= PROGRESS_EVERY_S and len(outcomes) < request.repeat:
                said_at = time.monotonic()
                say(_progress(outcomes, request.repeat))
        if at_end is not None:
            at_end(outcomes)
        if request.entry == "command":
            _record_end(context, request, outcomes)
    return outcomes


def start(context: Context, request: RunRequest, say: Say = lambda text: None) -> RunPlan:
    """Start it once and return at once. Raises LeadlineError before anything ran."""
    request.detached = True
    facts, seen = ready(context, request, say)
    return let_go(context, request, facts, seen)


def ready(
    context: Context, request: RunRequest, say: Say, told_apart: bool = True
) -> tuple[PlanFacts, list[str]]:
    """The facts of a request that may run, and the ids of runs of the same key; what is worth
    knowing first is said. ``told_apart``: its command and config say what it does, so that another
    of the same key is the same. Raises LeadlineError: it may not run."""
    try:
        return _ready(context, request, say, told_apart)
    except BaseException:
        not_needed(context.executor_for(context.executor_name(request.topic)))
        raise


def _ready(
    context: Context, request: RunRequest, say: Say, told_apart: bool
) -> tuple[PlanFacts, list[str]]:
    threads: list[Thread] = []
    facts = gather(context, request, first=lambda: threads.append(complete(context, request)))
    thread = threads[0]
    own = request.command.code is None  # else it is run again at a code state of its own
    repeated = list(thread.runs_of(request.experiment)) if request.experiment and own else []
    if repeated:
        check_repeat(context, repeated, facts["code"])
        ruler = ruler_of(context, thread, request.command, facts)
        check_beside(context, repeated[-1], ruler.get("beside", {}))
        check_ruler(repeated[-1], since_last(thread, request, ruler))
    if thread.finished:
        say(f"{thread.finish_told}: this comes after its end")
    if facts["hygiene"].get("contended"):
        say(f"the machine is busy: {'; '.join(facts['hygiene'].get('reasons', [])[:2])}")
    new = request.experiment is None and told_apart
    seen = _seen(context, request, facts["key"]) if new else []
    if seen:
        say(_seen_before(context, seen, thread))
    return facts, [row.id for row in seen]


def _seen(context: Context, request: RunRequest, key: str) -> list[RunRow]:
    """The runs of the same key, but those of this thread whose files beside the code were others."""
    rows = context.read_model.same_key(key)
    of_thread = [row.experiment for row in rows if row.thread == request.topic]
    if not of_thread:
        return rows
    slice_ = context.slice(request.topic, of_thread)
    runs = {run.id: run for name in dict.fromkeys(of_thread) for run in slice_.runs_of(name)}
    now = FilesNow(context, request.command.folder or context.cwd)
    return [
        row
        for row in rows
        if row.thread != request.topic or row.id not in runs or now.same(runs[row.id])
    ]


def _record_end(context: Context, request: RunRequest, outcomes: list[RunOutcome]) -> None:
    """One of each experiment that the repeats belong to."""
    left = request.repeat - len(outcomes)
    firsts = {outcome.experiment: outcome for outcome in reversed(outcomes)}
    for experiment, first in firsts.items():
        why = f"{counted(left, 'run')} left" if left else ""
        command_ended(context, request.topic, experiment, first.uid, why=why)


def _look_at_code(
    context: Context,
    request: RunRequest,
    facts: PlanFacts,
    outcomes: list[RunOutcome],
    say: Say,
) -> None:
    """The code as it is now; another program than the last repeat ran opens another experiment."""
    code = code_there(context, request.topic, program_state(context, facts["argv"]))
    before, facts["code"] = facts["code"], code
    if program_of(code) == program_of(before):
        return
    facts["key"] = run_key(facts["argv"], facts["cwd"], facts["config"], program_of(code))
    slice_ = context.slice(request.topic, [outcomes[-1].experiment])
    runs = slice_.runs_of(outcomes[-1].experiment)
    if changed := changed_files(context, before, code, facts["argv"], runs):
        say(f"{said(changed)} changed: the repeats from here on are another experiment")
        request.experiment = None
        request.design = None


def _progress(outcomes: list[RunOutcome], total: int) -> str:
    walls = [o.wall_s for o in outcomes if o.wall_s is not None]
    left = (total - len(outcomes)) * sum(walls) / len(walls) if walls else None
    last = outcomes[-1]
    said = f"{len(outcomes)}/{total} {last.id} {last.state} in {duration(last.wall_s)}"
    return f"{said}, about {duration(left)} left" if left else said


def _seen_before(context: Context, seen: list[RunRow], thread: Thread) -> str:
    """That the same was run before, and how to add a repeat to what still stands of it."""
    by_state: dict[str, list[str]] = {}
    for row in seen:
        by_state.setdefault(row.retracted or row.state, []).append(row.id)
    listed = []
    for state, ids in by_state.items():
        more = " …" if len(ids) > IDS_NAMED else ""
        listed.append(f"{state}: {', '.join(ids[:IDS_NAMED])}{more}")
    said = f"this command, config and code were run before ({'; '.join(listed)})"
    standing = [row for row in seen if not row.retracted]
    if standing:
        last = next((row for row in reversed(standing) if row.state == "done"), standing[-1])
        named = {"experiment": last.experiment}
        if last.thread != thread.topic:
            named["thread"] = last.thread
        again = " ".join(["leadline run", *(f"--{k} {v}" for k, v in named.items())])
        if context.on == IN_PROCESS:
            again = f"ll.run({', '.join(f'{k}={v!r}' for k, v in named.items())})"
        said += f"; to add a repeat instead: {again}"
    return said

"""Run a design: a record of what is meant first, then one experiment a cell, resumable because only
the record counts.

Several jobs are under way at a time without threads: the jobs are processes, and the record has one
writer anyway. What is done is looked up by command, config and code, so that a sweep goes on after
any ending, and never runs twice what a person ran by hand. Runs beside each other disturb each
other: that is written down as contention.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import leadline.core.design.cells as plans
from leadline.core.design.done import done_of, find_sweep, runs_of_cells
from leadline.core.errors import conflict, usage
from leadline.core.ids import named_id
from leadline.core.record.run import program_of
from leadline.core.record.thread import Item, Thread
from leadline.core.timestamps import counted
from leadline.core.typed import TYPE_CHECKING
from leadline.core.values import dataclass
from leadline.ports.executor import HERE, OVER, not_needed
from leadline.services.context import Context, refs_for
from leadline.services.run.attempt import handle_of, waited
from leadline.services.run.command_end import command_ended
from leadline.services.run.facts import (
    code_there,
    facts_of_cell,
    gather,
    preflight,
    program_state,
    title_of_config,
)
from leadline.services.run.lifecycle import Say, end, launch, plan
from leadline.services.run.loose_files import FilesNow
from leadline.services.run.outcome import RunOutcome
from leadline.services.run.pilots import ahead, piloted
from leadline.services.run.planning import RunPlan
from leadline.services.run.request import Command, RunRequest, Terms
from leadline.services.run.retry import retried
from leadline.services.run.several import Begun, Going, going
from leadline.services.run.sweep_plan import (
    SweepRequest,
    check_interaction,
    check_told_apart,
    planned_sweep,
)
from leadline.services.run.where import take_terms

if TYPE_CHECKING:
    from leadline.core.record.bodies import CodeState, SweepBody
    from leadline.ports.attempt import Handle

WAIT_S = 0.2  # at most so long until an interruption is seen
LOOK_AT_CODE_AFTER_S = 2.0
_SAME = (
    "design",
    "axes",
    "cells",
    "argv",
    "cwd",
    "config",
    "variables",
    "extract",
    "artifacts",
    "inputs",
    "stdin",
    "again",
    "tree",
)


@dataclass
class Hands:
    """What the command line lends: what was interrupted, and telling how far it is: a run has ended,
    and again and again what is under way. ``begun``: the sweep goes on by itself, and this tells who
    asked for it."""

    interrupted: Callable[[], bool]
    tick: Callable[[int, int, float | None, RunOutcome], None]
    begun: Begun | None = None
    look: Callable[[int, int, Sequence[str]], None] = lambda done, total, attempts: None


@dataclass(frozen=True)
class SweepOutcome:
    """``cells``: how many the sweep has. ``skipped``: runs that were done before; ``left``: not run."""

    id: str
    uid: str
    cells: int
    runs: list[dict[str, object]]
    states: dict[str, int]
    skipped: int
    left: int
    interrupted: bool
    stopped: bool

    def as_dict(self) -> dict[str, object]:
        return dict(self.__dict__)


@dataclass(frozen=True)
class _Underway:
    """A run that was launched. ``held``: its marker, let go when its end is recorded."""

    run: RunPlan
    handle: Handle
    held: ExitStack


def execute(
    context: Context,
    request: SweepRequest,
    hands: Hands,
    say: Say,
    resume: str = "",
    at_end: Callable[[SweepOutcome], None] = lambda outcome: None,
) -> SweepOutcome:
    """Record the sweep (or take up the same one again) and run what is missing.

    ``resume``: the id of a sweep to go on with; the request then needs only topic and jobs.
    ``at_end``: what is still to be said of it before its end is recorded. Raises LeadlineError before
    anything ran.
    """
    thread = context.thread(request.topic)
    code = program_state(context, request.argv)
    item = _resumed(context, thread, request, resume, code) if resume else None
    body: SweepBody = (
        item.body if item else {**planned_sweep(context, request), "tree": program_of(code)}
    )
    if item is None:
        check_interaction(context, thread, body)
        item = _same_sweep(thread, body, request)
    if item is not None:
        uid, shown = item.uid, item.id
        repeat = max(request.repeat, int(item.body.get("repeat", 1)))
        body = {**item.body, "repeat": repeat}
        begun_on, there = body.get("executor"), context.executor_name(request.topic)
        moved = begun_on not in (None, there)
        say(f"{shown} goes on" + (f" on {there}; it was begun on {begun_on}" if moved else ""))
    else:
        uid, shown = _record(context, thread, body)
        say(
            f"{shown}  {plans.extent(body['design'], body['axes'], len(body['cells']))}, "
            f"{body['design']}, order seed {body['seed']}"
        )
    about = (shown, uid, request.topic, "sweep")
    total = body["repeat"] * len(body["cells"])
    where = context.executor_name(request.topic)
    with going(context, about, total, where, hands.begun) as here:
        work = _Sweep(context, request, hands, say, thread, shown, uid, body, code, here)
        outcome = work.work()
        at_end(outcome)
        if outcome.runs:
            work.record_end(outcome)
    return outcome


def _resumed(
    context: Context, thread: Thread, request: SweepRequest, resume: str, code: CodeState
) -> Item[SweepBody]:
    item = find_sweep(thread, resume)
    if item.body.get("tree") != program_of(code):
        raise conflict(
            "code-changed",
            f"the code is not the one {item.id} was started at",
            why="cells at two code states do not make one table, so a sweep at this code is a new one; files that "
            "the command writes belong in .gitignore",
            do=[f"leadline show {item.id}", "git status", "leadline sweep --help"],
        )
    check_told_apart(item.body.get("artifacts") or [], item.body.get("extract") or [], request.jobs)
    here = os.path.relpath(context.cwd, context.toplevel)
    if here != item.body.get("cwd", "."):
        raise usage(
            "other-folder",
            f"{item.id} was started in {item.body.get('cwd')}, not in {here}",
            why="its command would mean something else here",
            do=f"leadline -C {os.path.join(context.toplevel, str(item.body.get('cwd')))} sweep resume {item.id}",
        )
    return item


def _same_sweep(thread: Thread, body: SweepBody, request: SweepRequest) -> Item[SweepBody] | None:
    """The last standing sweep that asks for the very same cells at the very same code, to go on
    with."""
    for item in reversed(thread.of_kind("sweep")):
        same = all(item.body.get(k) == body.get(k) for k in _SAME)
        there = item.body.get("executor", body["executor"]) == body["executor"]
        if item.stands and same and there and request.seed in (None, item.body.get("seed")):
            finished = body["again"] and all(
                done_of(runs) >= body["repeat"]
                for runs in runs_of_cells(thread, item.body, body["tree"], item.uid)
            )
            return None if finished else item
    return None


def _record(context: Context, thread: Thread, body: SweepBody) -> tuple[str, str]:
    with context.store.transaction(thread.topic) as writing:
        shown = named_id(thread.prefix, "sweep", writing.next_number("sweep"))
        each = f"{counted(len(body['cells']), 'cell')}, {counted(body['repeat'], 'run')} each"
        text = f"{body['design']} over {', '.join(body['axes'])}: {each}"
        whole: SweepBody = {**body, "id": shown, "text": text}
        if named := body.get("hypotheses"):
            whole["refs"] = refs_for(thread, named)
        return writing.add("sweep", whole).id, shown


class _Sweep:
    """One go at the missing runs of a sweep."""

    def __init__(
        self,
        context: Context,
        request: SweepRequest,
        hands: Hands,
        say: Say,
        thread: Thread,
        shown: str,
        uid: str,
        body: SweepBody,
        code: CodeState,
        here: Going,
    ) -> None:
        self.context, self.request, self.hands, self.say = context, request, hands, say
        self.here, self.by_itself = here, hands.begun is not None
        self.shown, self.uid, self.body, self.code = shown, uid, body, code
        self.profile = thread.profile
        now = FilesNow(context, context.cwd)
        runs = [
            [run for run in of_cell if now.same(run)]
            for of_cell in runs_of_cells(thread, body, program_of(code), own=uid)
        ]
        counted = runs_of_cells(thread, body, program_of(code), uid) if body["again"] else runs
        self.done = [done_of(of_cell) for of_cell in counted]
        # A cell's repeats go to the experiment that its command, config and code already have.
        self.experiments = {of_cell[-1].key: of_cell[-1].experiment for of_cell in runs if of_cell}
        self.outcomes: list[RunOutcome] = []
        self.running: list[_Underway] = []
        self.over: list[_Underway] = []  # and not recorded yet
        self.stopped = False
        self.crashed: dict[str, str] = {}  # cells of which a run crashed, each to that run

    def queue(self) -> list[int]:
        """The cells to run, in order: whole passes over what is missing, by the recorded seed."""
        missing = [max(0, self.body["repeat"] - n) for n in self.done]
        order = plans.passes(len(missing), max(missing, default=0), self.body["seed"])
        return [cell for number, one in enumerate(order) for cell in one if number < missing[cell]]

    def work(self) -> SweepOutcome:
        try:
            with ExitStack() as held:
                return self._work(held)
        finally:  # what still runs goes on; a later command records its end
            for one in (*self.running, *self.over):
                one.held.close()

    def record_end(self, outcome: SweepOutcome) -> None:
        ran = {o.experiment for o in self.outcomes}
        why = f"{counted(outcome.left, 'run')} left" if outcome.left else ""
        also = [name for name in self.experiments.values() if name not in ran]
        command_ended(self.context, self.request.topic, self.shown, self.uid, also, why)

    def _work(self, held: ExitStack) -> SweepOutcome:
        # What is to run, and what is known of all of it.
        queue = self.queue()
        total, at = len(queue), 0  # without those that need not be tried
        skipped = [min(n, self.body["repeat"]) for n in self.done]
        if sum(skipped):
            done = counted(sum(skipped), "run")
            self.say(f"done at this code state and not run again: {done}; missing: {total}")
        if queue:
            # Its program is a real one, the template's is not.
            self.first = self._request(self.body["cells"][queue[0]])
            self.first.command.code = self.code
            self.facts = gather(self.context, self.first)
            self.executor = self.context.executor_for(self.facts["executor"])
            held.callback(not_needed, self.executor)
            self._looked = time.monotonic()
            self._note_jobs()
            jobs = self.request.jobs
            pilots = piloted(self.context, self.executor, self.uid, jobs, total)
            self.resources = held.enter_context(pilots)
            # The ending of a run may decide whether there is a next one.
            stops = self.body["on_failure"] == "stop"
            self.at_a_time = jobs if stops else ahead(self.resources, jobs, self.by_itself)
        begun = time.monotonic()
        while (at < len(queue) and not self._over()) or self.running or self.over:
            while at < len(queue) and len(self.running) < self.at_a_time and not self._over():
                cell = self.body["cells"][queue[at]]
                at += 1
                if plans.title_of(cell) in self.crashed:
                    total -= 1  # its other repeats would crash alike
                    continue
                self._start(cell)
                self.here.launched()
            # The ends of the last turn, while the new ones come up.
            outcomes = self._finish()
            if self.running:
                self._wait()
                under_way = [one.run.attempt for one in self.running]
                self.hands.look(len(self.outcomes), total, under_way)
            if not self._side_by_side:
                outcomes += self._finish()
            for outcome in outcomes:
                spent = time.monotonic() - begun
                left = max(0, total - len(self.outcomes)) * spent / len(self.outcomes)
                self.hands.tick(len(self.outcomes), total, left, outcome)
            self.here.tick(len(self.outcomes), self._not_done(), total)
        return SweepOutcome(
            id=self.shown,
            uid=self.uid,
            cells=len(self.body["cells"]),
            runs=[o.as_dict() for o in self.outcomes],
            states=dict(Counter(o.state for o in self.outcomes)),
            skipped=sum(skipped),
            left=len(queue) - len(self.outcomes),
            interrupted=self._interrupted(),
            stopped=self.stopped,
        )

    def _over(self) -> bool:
        return self.stopped or self._interrupted()

    def _interrupted(self) -> bool:
        return self.hands.interrupted() or self.here.stop_asked()

    def _not_done(self) -> int:
        return sum(outcome.state != "done" for outcome in self.outcomes)

    def _request(self, cell: plans.Cell) -> RunRequest:
        variables = {
            v: plans.shown(cell[a]) for a, v in self.body["variables"].items() if a in cell
        }
        code = None if cell else self.code
        request = RunRequest(
            topic=self.request.topic,
            command=Command(
                argv=plans.fill(self.body["argv"], cell),
                config={**self.body["config"], **cell},
                set_environment=dict(variables),
                code=code,
            ),
            terms=Terms(
                extract=plans.read_from(self.body["extract"], cell),
                inputs=plans.fill(self.body.get("inputs") or [], cell),
                stdin=self.body.get("stdin") or "",
                artifacts=plans.fill(self.body.get("artifacts") or [], cell),
                timeout_s=self.body["timeout_s"],
                progress=self.body.get("progress") or "",
                stall_kill_s=self.body.get("stall_kill_s"),
            ),
            title=title_of_config(
                {k: plans.shown(v) for k, v in {**cell, **self.body["config"], **cell}.items()}
            ),
            hypotheses=list(self.body.get("hypotheses") or []),
            design={"sweep": self.uid, "cell": cell},
            entry="command",
            profile=self.profile,
            detached=self.by_itself,
            later=self.by_itself,
        )
        take_terms(self.context, request)
        return request

    def _note_jobs(self) -> None:
        jobs = self.request.jobs
        if jobs > 1:
            hygiene = self.facts["hygiene"]
            reasons = [
                *hygiene.get("reasons", []),
                f"{jobs} runs of {self.shown} went on at the same time",
            ]
            self.facts["hygiene"] = {**hygiene, "contended": True, "reasons": reasons}

    def _look_again(self) -> None:
        """The code and the machine as they are now, when the last look is old enough for them to
        have changed. One that goes on by itself has the code of the time it was asked for."""
        if self.by_itself or time.monotonic() - self._looked < LOOK_AT_CODE_AFTER_S:
            return
        code = program_state(self.context, self.facts["argv"])
        code = code_there(self.context, self.request.topic, code)
        if program_of(code) != program_of(self.facts["code"]):
            self.say(
                f"the code changed during {self.shown}: the cells from here on are recorded with the new state"
            )
        self.facts["code"] = code
        # beside jobs of our own, it would only find those
        if self.request.jobs == 1 and self.executor.place == HERE:
            self.facts["hygiene"] = preflight(self.context, self.first)
        self._looked = time.monotonic()

    def _start(self, cell: plans.Cell) -> None:
        self._look_again()
        request = self._request(cell)
        command = request.command
        facts = facts_of_cell(self.facts, command.argv, command.config)
        facts["environment"] = {**facts["environment"], **command.set_environment}
        request.experiment = self.experiments.get(facts["key"])
        request.resources = self.resources
        with ExitStack() as held:
            run = held.enter_context(plan(self.context, request, facts))
            self.experiments[facts["key"]] = run.body["experiment"]
            handle = launch(self.context, run, wait_until_up=False)
            self.running.append(_Underway(run, handle, held.pop_all()))

    @property
    def _side_by_side(self) -> bool:
        """Whether an ending may be recorded while the next run comes up: not where that would
        disturb a run that is meant to be alone, nor where the ending decides whether there is a
        next one."""
        return self.request.jobs > 1 and self.body["on_failure"] != "stop"

    def _wait(self) -> None:
        """Until one is over, or it is time to look for an interruption; takes out of ``running``
        what is over."""
        attempts = [(one.run.attempt, one.handle) for one in self.running]
        states = waited(self.executor, attempts, WAIT_S)
        if self._interrupted():
            for attempt, handle in attempts:
                self.executor.cancel(attempt, handle)
        self.over += [one for one in self.running if states[one.run.attempt] in OVER]
        self.running = [one for one in self.running if states[one.run.attempt] not in OVER]

    def _finish(self) -> list[RunOutcome]:
        """Records the endings of runs that are over."""
        ended = []
        while self.over:
            one, cut = self.over[0], self._interrupted()
            if not cut and (again := retried(self.context, one.run)):
                del self.over[0]
                self.running.append(_Underway(again, handle_of(again.attempt), one.held))
                continue
            with one.held:
                # What changes the code between cells is seen by the next look.
                outcome = end(
                    self.context, one.run, self.say, cut, check_code=self.request.jobs == 1
                )
            del self.over[0]
            self.outcomes.append(outcome)
            ended.append(outcome)
            if outcome.crashed:
                cell = one.run.body.get("design", {}).get("cell", {})
                self.crashed[plans.title_of(cell)] = outcome.id
            if outcome.state != "done" and not cut:
                self.say(
                    f"{outcome.id} {outcome.state}: {outcome.reason or 'see leadline show ' + outcome.id}"
                )
                self.stopped = self.stopped or self.body["on_failure"] == "stop"
        return ended

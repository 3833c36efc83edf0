"""Run a design: a record of what is meant first, then one experiment a cell, resumable because only
the record counts.

Several jobs are under way at a time without threads: the jobs are processes, and the record has one
writer anyway. What is done is looked up by command, config and code, so that a sweep goes on after
any ending, and never runs twice what a person ran by hand. Runs beside each other disturb each
other: that is written down as contention.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence

import leadline.core.design.cells as plans
from leadline.core.design.done import done_of, find_sweep, runs_of_cells
from leadline.core.errors import conflict, usage
from leadline.core.ids import named_id
from leadline.core.record.thread import Item, Thread
from leadline.core.timestamps import counted
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.core.values import dataclass
from leadline.services.context import Context
from leadline.services.run.facts import capture_code, environment_of, facts_of_cell, gather
from leadline.services.run.lifecycle import ENDED, RunOutcome, Started, finish_one, start_one
from leadline.services.run.request import RunRequest
from leadline.services.run.sweep_plan import SweepRequest, check_interaction, check_told_apart, plan

if TYPE_CHECKING:
    from leadline.core.record.bodies import SweepBody

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
    "again",
    "tree",
)


@dataclass
class Hands:
    """What the command line lends: waiting, what was interrupted, and telling how far it is."""

    wait: Callable[[Sequence[Started]], None]
    interrupted: Callable[[], bool]
    tick: Callable[[int, int, float | None, RunOutcome], None]


def execute(
    context: Context,
    request: SweepRequest,
    hands: Hands,
    say: Callable[[str], None],
    resume: str = "",
) -> dict[str, Any]:
    """Record the sweep (or take up the same one again) and run what is missing.

    ``resume``: the id of a sweep to go on with; the request then needs only topic and jobs. Returns
    {id, uid, body, outcomes, skipped, interrupted, stopped, left}. Raises LeadlineError before
    anything ran.
    """
    thread = context.thread(request.topic)
    code = capture_code(context)
    item = _resumed(context, thread, request, resume, code) if resume else None
    body: SweepBody = item.body if item else {**plan(context, request), "tree": code.get("tree")}
    if item is None:
        check_interaction(context, thread, body)
        item = _same_sweep(thread, body, request)
    if item is not None:
        uid, shown = item.uid, item.id
        repeat = max(request.repeat, int(item.body.get("repeat", 1)))
        body = {**item.body, "repeat": repeat}
        say(f"{shown} goes on")
    else:
        uid, shown = _record(context, thread, body)
        say(
            f"{shown}  {counted(len(body['cells']), 'cell')}, {body['design']}, order seed {body['seed']}"
        )
    with _only_one(context, uid, shown):
        return _Sweep(context, request, hands, say, thread, shown, uid, body, code).work()


def _resumed(
    context: Context, thread: Thread, request: SweepRequest, resume: str, code: dict[str, Any]
) -> Item[SweepBody]:
    item = find_sweep(thread, resume)
    if item.body.get("tree") != code.get("tree"):
        raise conflict(
            "code-changed",
            f"the code is not the one {item.id} was started at",
            why="cells at two code states do not make one table; files that the command writes belong in .gitignore",
            do=[
                f"leadline show {item.id}",
                "git status",
                "leadline sweep … -- CMD  (a new sweep at this code)",
            ],
        )
    check_told_apart(item.body.get("artifacts") or [], request.jobs)
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
        if item.stands and same and request.seed in (None, item.body.get("seed")):
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
        return writing.add("sweep", {"id": shown, "text": text, **body}).id, shown


class _only_one:
    """Holds the sweep's lock: two processes would each run what the other runs."""

    def __init__(self, context: Context, uid: str, shown: str) -> None:
        folder = os.path.join(context.root, "sweeps")
        os.makedirs(folder, exist_ok=True)
        self.fd, self.shown = (
            os.open(os.path.join(folder, uid), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644),
            shown,
        )

    def __enter__(self) -> None:
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self.fd)
            raise conflict(
                "sweep-is-running",
                f"{self.shown} is being run by another process",
                do="leadline status",
            ) from None

    def __exit__(self, *error: object) -> None:
        os.close(self.fd)


class _Sweep:
    """One go at the missing runs of a sweep."""

    def __init__(
        self,
        context: Context,
        request: SweepRequest,
        hands: Hands,
        say: Callable[[str], None],
        thread: Thread,
        shown: str,
        uid: str,
        body: SweepBody,
        code: dict[str, Any],
    ) -> None:
        self.context, self.request, self.hands, self.say = context, request, hands, say
        self.shown, self.uid, self.body, self.code = shown, uid, body, code
        runs = runs_of_cells(thread, body, code.get("tree"))
        counted = runs_of_cells(thread, body, code.get("tree"), uid) if body["again"] else runs
        self.done = [done_of(of_cell) for of_cell in counted]
        # A cell's repeats go to the experiment that its command, config and code already have.
        self.experiments = {of_cell[-1].key: of_cell[-1].experiment for of_cell in runs if of_cell}
        self.outcomes: list[RunOutcome] = []
        self.running: list[tuple[Started, RunRequest]] = []
        self.stopped = False

    def queue(self) -> list[int]:
        """The cells to run, in order: whole passes over what is missing, by the recorded seed."""
        missing = [max(0, self.body["repeat"] - n) for n in self.done]
        order = plans.passes(len(missing), max(missing, default=0), self.body["seed"])
        return [cell for number, one in enumerate(order) for cell in one if number < missing[cell]]

    def work(self) -> dict[str, Any]:
        queue = self.queue()
        total, at = len(queue), 0
        skipped = [min(n, self.body["repeat"]) for n in self.done]
        if sum(skipped):
            done = counted(sum(skipped), "run")
            self.say(f"done at this code state and not run again: {done}; missing: {total}")
        if queue:
            # its program is a real one, the template's is not
            first = self._request(self.body["cells"][queue[0]])
            first.code = self.code
            self.environ = environment_of(self.context, first)
            self.facts = gather(self.context, first)
            self._looked = time.monotonic()
            self._note_jobs()
        begun = time.monotonic()
        ended: list[tuple[Started, RunRequest]] = []
        while (at < total and not self._over()) or self.running or ended:
            while at < total and len(self.running) < self.request.jobs and not self._over():
                self._start(self.body["cells"][queue[at]])
                at += 1
            outcomes = self._finish(ended)  # while the new ones come up
            ended = []
            if self.running:
                self.hands.wait([started for started, _ in self.running])
                if self.hands.interrupted():
                    for started, _ in self.running:
                        self.context.executor.cancel(started.attempt, started.handle)
                ended = self._ended()
            if not self._side_by_side:
                outcomes += self._finish(ended)
                ended = []
            for outcome in outcomes:
                spent = time.monotonic() - begun
                left = (total - len(self.outcomes)) * spent / len(self.outcomes)
                self.hands.tick(len(self.outcomes), total, left, outcome)
        return {
            "id": self.shown,
            "uid": self.uid,
            "cells": len(self.body["cells"]),
            "runs": [o.as_dict() for o in self.outcomes],
            "states": dict(Counter(o.state for o in self.outcomes)),
            "skipped": sum(skipped),
            "left": total - len(self.outcomes),
            "interrupted": self.hands.interrupted(),
            "stopped": self.stopped,
        }

    def _over(self) -> bool:
        return self.stopped or self.hands.interrupted()

    def _request(self, cell: plans.Cell) -> RunRequest:
        variables = {
            v: plans.shown(cell[a]) for a, v in self.body["variables"].items() if a in cell
        }
        return RunRequest(
            argv=plans.fill(self.body["argv"], cell),
            topic=self.request.topic,
            title=plans.title_of(cell),
            config={**self.body["config"], **cell},
            extract=list(self.body["extract"]),
            artifacts=plans.fill(self.body.get("artifacts") or [], cell),
            timeout_s=self.body["timeout_s"],
            set_environment=dict(variables),
            code=None if cell else self.code,
            design={"sweep": self.uid, "cell": cell},
        )

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
        have changed."""
        if time.monotonic() - self._looked < LOOK_AT_CODE_AFTER_S:
            return
        code = capture_code(self.context)
        if code.get("tree") != self.facts["code"].get("tree"):
            self.say(
                f"the code changed during {self.shown}: the cells from here on are recorded with the new state"
            )
        self.facts["code"] = {k: v for k, v in code.items() if k != "cwd"}
        if self.request.jobs == 1:  # beside jobs of our own, it would only find those
            self.facts["hygiene"] = self.context.collectors.preflight(self.environ)
        self._looked = time.monotonic()

    def _start(self, cell: plans.Cell) -> None:
        self._look_again()
        request = self._request(cell)
        facts = facts_of_cell(self.facts, request.argv, request.config)
        facts["environment"] = {**facts["environment"], **request.set_environment}
        experiment = self.experiments.get(facts["key"])
        started = start_one(self.context, request, facts, experiment, [], wait_until_up=False)
        self.experiments[facts["key"]] = started.body["experiment"]
        self.running.append((started, request))

    @property
    def _side_by_side(self) -> bool:
        """Whether an ending may be recorded while the next run comes up: not where that would
        disturb a run that is meant to be alone, nor where the ending decides whether there is a
        next one."""
        return self.request.jobs > 1 and self.body["on_failure"] != "stop"

    def _ended(self) -> list[tuple[Started, RunRequest]]:
        """Takes out of ``running`` what is over."""
        states = self.context.executor.poll(
            [(started.attempt, started.handle) for started, _ in self.running]
        )
        found = [r for r in self.running if states[r[0].attempt] in ENDED]
        self.running = [r for r in self.running if r not in found]
        return found

    def _finish(self, over: list[tuple[Started, RunRequest]]) -> list[RunOutcome]:
        """Records the endings of runs that are over."""
        ended = []
        for started, request in over:
            cut = self.hands.interrupted()
            # What changes the code between cells is seen by the next look.
            outcome = finish_one(
                self.context, request, started, [], cut, self.say, check_code=self.request.jobs == 1
            )
            self.outcomes.append(outcome)
            ended.append(outcome)
            if outcome.state != "done" and not cut:
                self.say(
                    f"{outcome.id} {outcome.state}: {outcome.reason or 'see leadline show ' + outcome.id}"
                )
                self.stopped = self.stopped or self.body["on_failure"] == "stop"
        return ended

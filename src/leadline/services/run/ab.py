"""Measure two commands in turns until the answer is known: what makes a comparison hold on a noisy
machine.

Every execution is a full run of the record; the two sides are two experiments and the block of each
run stands with it, so that ``compare`` and claims pair them too. The stopping rule looks after
every block and keeps its error rate (``core/stats/sequential.py``). The price is time: a verdict
needs seven blocks, four runs each.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from leadline.core.design.blocks import WALL, definition_of, held_to_draws, judge, progress
from leadline.core.design.interleave import ORDERS, schedule
from leadline.core.errors import usage
from leadline.core.ids import named_id
from leadline.core.record.run import MetricDef
from leadline.core.record.thread import Thread
from leadline.core.stats.sequential import FEWEST_BLOCKS, METHOD
from leadline.core.timestamps import counted, few
from leadline.core.typed import TYPE_CHECKING, cast
from leadline.core.values import dataclass, field
from leadline.services.context import Context, refs_for
from leadline.services.run.command_end import command_ended
from leadline.services.run.facts import gather, preflight, program_state
from leadline.services.run.lifecycle import Say, Watcher, run_one
from leadline.services.run.outcome import RunOutcome
from leadline.services.run.pilots import piloted
from leadline.services.run.request import RunRequest, complete
from leadline.services.run.same_program import changed_files
from leadline.services.run.same_program import said as said_of_files
from leadline.services.run.several import Begun, Going, going
from leadline.services.run.where import is_here

if TYPE_CHECKING:
    from leadline.core.design.blocks import MeasuredNow
    from leadline.core.record.bodies import BlocksJudged, InterleavingBody, InterleavingEndedBody
    from leadline.services.run.facts import PlanFacts

MOST_FAILED_BLOCKS = 3
OTHER_ITEMS = "its {metric} is over other items than that of the first run: see leadline compare"


@dataclass
class AbRequest:
    """``a`` is the reference. ``metric``: "" takes the thread's first with a better direction, else
    the only one that both sides give in the warm-up, else the wall time of the run. ``precision``,
    ``equivalent``: shares (0.01 is 1 %); see ``_reason_to_stop``. ``null``: both are one command,
    and measure the ruler."""

    a: RunRequest
    b: RunRequest
    metric: str = ""
    alpha: float = 0.05
    precision: float | None = None
    equivalent: float | None = None
    most_blocks: int = 50
    time_limit_s: float | None = None
    warmup: int = 1
    seed: int = 0
    order: str = "abba"
    null: bool = False
    expected: str = ""


@dataclass
class _State:
    """What was measured so far. ``metric``: "" until the warm-up has told. ``blocks``: the values of
    each whole block by side."""

    metric: str
    blocks: list[dict[str, list[float]]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    experiments: dict[str, str | None] = field(default_factory=lambda: {"a": None, "b": None})
    interrupted: bool = False
    items: str | None = None  # the items of the first run; None before it


def measure(
    context: Context,
    request: AbRequest,
    watcher: Watcher,
    say: Say = lambda text: None,
    stop_asked: Callable[[], object] = lambda: False,
    at_end: Callable[[MeasuredNow], None] = lambda measured: None,
    begun: Begun | None = None,
) -> MeasuredNow:
    """Run both sides in turns; returns the result (see ``judge``) with ``id``, ``experiments`` and
    ``why_stopped``. ``stop_asked`` is asked between runs: what was measured so far is judged then,
    as after an interrupted run. ``at_end``: what is still to be said of it before the end of the
    command is recorded. ``begun``: it goes on by itself, and this tells who asked for it.

    Raises LeadlineError before anything ran: a request that makes no sense, a secret in a command;
    after the warm-up: a metric that no run gives.
    """
    _check(request)
    if request.most_blocks < FEWEST_BLOCKS:
        say(f"--blocks {request.most_blocks} bounds no ratio: seven are the fewest")
    thread, a, b = complete(context, request.a), request.a, request.b
    complete(context, b)
    metric = request.metric or _ranked(thread)
    sides = {"a": a, "b": b}
    for asked in sides.values():
        asked.detached = asked.later = begun is not None
    facts = {side: gather(context, asked) for side, asked in sides.items()}
    shown, uid = _record_start(context, thread, request, facts, metric)
    state = _State(metric, experiments={side: asked.experiment for side, asked in sides.items()})
    started_s = time.monotonic()
    executor = context.executor_for(facts["a"]["executor"])  # one device for both sides
    most = 2 * (request.warmup + request.most_blocks)
    about = (shown, uid, a.topic, "ab")
    with going(context, about, 0, executor.name, begun) as here:
        with piloted(context, executor, uid, 1, most) as resources:
            a.resources = b.resources = resources
            runs = _Runs(context, sides, facts, uid, watcher, stop_asked, state, request.null, here)
            _warm_up(runs, request, say)
            definition = definition_of(context.slice(a.topic), state.metric)
            why = _in_turns(runs, request, definition, started_s, say)
        measured = _measured(context, request, state, definition, why, shown, uid, started_s)
        at_end(measured)
        if not request.null:  # what that says of the ruler is told with the ruler
            why = "interrupted" if state.interrupted else ""
            command_ended(context, a.topic, shown, uid, why=why)
    return measured


def _measured(
    context: Context,
    request: AbRequest,
    state: _State,
    definition: MetricDef,
    why: str,
    shown: str,
    uid: str,
    started_s: float,
) -> MeasuredNow:
    """Judged, and recorded."""
    experiments = {side: name for side, name in state.experiments.items() if name}
    thread = context.slice(request.a.topic, experiments.values())
    runs = {side: thread.runs_of(name) for side, name in experiments.items()}
    judged = judge(state.blocks, definition, request.alpha, request.equivalent)
    held_to_draws(judged, runs, definition)
    measured: MeasuredNow = {
        "id": shown,
        **judged,
        "why_stopped": why,
        "failed_blocks": list(state.failed),
        "experiments": experiments,
        "interrupted": state.interrupted,
        "wall_s": round(time.monotonic() - started_s, 3),
    }
    said = {name: value for name, value in measured.items() if name != "id"}
    refs = {shown: uid, **refs_for(thread, experiments.values())}
    body = cast("InterleavingEndedBody", {"interleaving": shown, **said, "refs": refs})
    context.append(request.a.topic, "interleaving-ended", body)
    return measured


def _check(request: AbRequest) -> None:
    problems = [
        ("bad-precision", "precision", request.precision, 0.0, 1.0),
        ("bad-margin", "equivalent", request.equivalent, 0.0, 1.0),
        ("bad-alpha", "alpha", request.alpha, 0.0, 0.5),
    ]
    for code, option, value, low, high in problems:
        if value is not None and not low < value < high:
            raise usage(
                code,
                f"--{option} {value} lies not between {low:g} and {high:g}",
                why="1% and 0.01 are the same",
                do="leadline ab --help",
            )
    for option, count, least in (("blocks", request.most_blocks, 1), ("warmup", request.warmup, 0)):
        if count < least:
            raise usage(
                f"bad-{option}", f"--{option} {count} is below {least}", do="leadline ab --help"
            )
    if request.order not in ORDERS:
        raise usage(
            "bad-order",
            f"{request.order!r} is no order of a block",
            why=f"there are: {', '.join(ORDERS)}",
            do="leadline ab --help",
        )


def _ranked(thread: Thread) -> str:
    """The thread's first metric with a better direction; "" without one."""
    ranked = (m.name for m in thread.metrics.values() if m.direction in ("lower", "higher"))
    return next(ranked, "")


def _record_start(
    context: Context,
    thread: Thread,
    request: AbRequest,
    facts: dict[str, PlanFacts],
    metric: str,
) -> tuple[str, str]:
    """The record of what will be measured and when it stops, before anything runs: (shown id, uid)."""
    a, b = facts["a"], facts["b"]
    body: InterleavingBody = {
        "a": {"argv": a["argv"], "config": a["config"]},
        "b": {"argv": b["argv"], "config": b["config"]},
        "order": request.order,
        "seed": request.seed,
        "alpha": request.alpha,
        "method": METHOD,
        "warmup": request.warmup,
        "stop": {
            "precision": request.precision,
            "equivalent": request.equivalent,
            "blocks": request.most_blocks,
            "time_s": request.time_limit_s,
        },
    }
    if metric:
        body["metric"] = metric
    body["entry"] = "elsewhere" if request.null else "command"
    if request.null:
        body["null"] = True
    if request.expected:
        body["expected"] = request.expected
    with context.store.transaction(thread.topic) as writing:
        shown = named_id(thread.prefix, "interleaving", writing.next_number("interleaving"))
        uid = writing.add("interleaving", {"id": shown, **body}).id
    return shown, uid


class _Runs:
    """Executes one side's command as a recorded run, as a repeat of that side's experiment."""

    def __init__(
        self,
        context: Context,
        sides: dict[str, RunRequest],
        facts: dict[str, PlanFacts],
        uid: str,
        watcher: Watcher,
        stop_asked: Callable[[], object],
        state: _State,
        null: bool,
        here: Going,
    ) -> None:
        self.context, self.sides, self.facts, self.uid = context, sides, facts, uid
        self.null, self.here = null, here
        self.watcher, self.stop_asked, self.state = watcher, stop_asked, state
        self.made = self.not_done = 0

    def changed(self) -> list[str]:
        """The files of the work tree that make another program than the sides began with; what runs
        wrote is taken for the state of the next ones."""
        found: list[str] = []
        for side, request in self.sides.items():
            if request.command.code is None and not request.later:
                facts = self.facts[side]
                before, now = facts["code"], program_state(self.context, facts["argv"])
                found += changed_files(self.context, before, now, facts["argv"], ())
                facts["code"] = now
        return sorted(set(found))

    def one(self, side: str, block: int, position: int, warmup: bool = False) -> RunOutcome:
        request = self.sides[side]
        request.entry = "elsewhere" if self.null else "command"
        request.design = {
            "interleaving": self.uid,
            "side": side,
            "block": block,
            "position": position,
            "warmup": warmup,
        }
        if self.null:
            request.design["null"] = True
        request.experiment = self.state.experiments[side]
        facts: PlanFacts = {**self.facts[side]}
        if is_here(self.context, request.topic):
            facts["hygiene"] = preflight(self.context, request)
        outcome = run_one(
            self.context,
            request,
            facts,
            self.watcher,
            self.context.warn,
            launched=lambda run: self.here.launched(),
        )
        self.state.experiments[side] = outcome.experiment
        stop = bool(self.stop_asked()) or self.here.stop_asked()
        self.state.interrupted = self.state.interrupted or outcome.interrupted or stop
        self.made, self.not_done = self.made + 1, self.not_done + (outcome.state != "done")
        self.here.tick(self.made, self.not_done)
        return outcome


def _warm_up(runs: _Runs, request: AbRequest, say: Say) -> None:
    """Runs that do not count. Where nobody chose a metric, the only one that all of them gave is
    taken: by its name, before a value counts."""
    state, given = runs.state, list[set[str]]()
    for number in range(request.warmup):
        for side in "ab":
            if not state.interrupted:
                outcome = runs.one(side, 0, number, warmup=True)
                given.append(set(outcome.metrics))
                if outcome.state != "done":
                    state.failed.append(
                        f"the warm-up {outcome.id}: {outcome.reason or outcome.state}"
                    )
    if state.metric:
        return
    both = sorted(set.intersection(*given)) if given else []
    state.metric = both[0] if len(both) == 1 else WALL
    if len(both) > 1:
        say(f"{WALL} is compared; both sides give {few(both, 5)}: --metric {both[0]} compares that")


def _in_turns(
    runs: _Runs,
    request: AbRequest,
    definition: MetricDef,
    started_s: float,
    say: Say,
) -> str:
    """Measures block after block; returns why it ended."""
    state, why = runs.state, ""
    last_said_s = started_s
    for number, order in enumerate(schedule(request.seed, request.order), 1):
        why = why or _limit(request, state, started_s)
        if why:
            break
        measured_before = len(state.blocks)
        _block(runs, number, order, state)
        if changed := runs.changed():
            del state.blocks[measured_before:]  # nobody knows which of its runs had which program
            why = f"{said_of_files(changed)} changed: what was measured before stands"
            break
        result = judge(state.blocks, definition, request.alpha, request.equivalent)
        why = _reason_to_stop(request, result)
        if time.monotonic() - last_said_s > 2.0:
            last_said_s = time.monotonic()
            say(f"block {number} of at most {request.most_blocks}: {progress(result)}")
    return why


def _value(outcome: RunOutcome, metric: str) -> float | None:
    return (
        outcome.wall_s
        if metric == WALL and WALL not in outcome.metrics
        else outcome.metrics.get(metric)
    )


def _block(runs: _Runs, number: int, order: str, state: _State) -> None:
    """One block. A run that fails, or gives no value, ends it: the block is left out and said to
    be."""
    values: dict[str, list[float]] = {"a": [], "b": []}
    for position, side in enumerate(order):
        outcome = runs.one(side, number, position)
        if state.interrupted:
            return
        value = _value(outcome, state.metric)
        items = outcome.item_sets.get(state.metric, "")
        state.items = items if state.items is None else state.items
        if outcome.state == "done" and value is not None and items != state.items:
            state.failed.append(
                f"block {number}: {outcome.id}: {OTHER_ITEMS.format(metric=state.metric)}"
            )
            return
        if outcome.state != "done" or value is None:
            why = (
                outcome.reason or outcome.state if outcome.state != "done" else f"no {state.metric}"
            )
            if state.metric in outcome.nonfinite:
                why = f"{state.metric} was {outcome.nonfinite[state.metric]}"
            state.failed.append(f"block {number}: {outcome.id}: {why}")
            return
        values[side].append(value)
    state.blocks.append(values)


def _limit(request: AbRequest, state: _State, started_s: float) -> str:
    if state.interrupted:
        return "interrupted"
    if len(state.failed) >= MOST_FAILED_BLOCKS:
        return f"{len(state.failed)} blocks failed"
    if len(state.blocks) + len(state.failed) >= request.most_blocks:
        return f"the limit of {counted(request.most_blocks, 'block')}"
    if request.time_limit_s is not None and time.monotonic() - started_s >= request.time_limit_s:
        return f"the limit of {request.time_limit_s:g} s"
    return ""


def _reason_to_stop(request: AbRequest, result: BlocksJudged) -> str:
    """Why no further block is needed, "" when one is. A declared precision is waited for; a margin
    of equivalence ends it as soon as the interval lies within or wholly outside; else a shown
    difference does."""
    low, high = result["low"], result["high"]
    if request.precision is not None:
        if low is None or high is None or not result["as_ratio"]:
            return ""
        reach = 0.5 * (math.log(high) - math.log(low))
        return (
            f"the precision of {request.precision:.3g} is reached"
            if reach <= math.log1p(request.precision)
            else ""
        )
    if request.equivalent is not None:
        return {
            "within": "the interval lies within the margin",
            "outside": "it lies outside the margin",
        }.get(result["margin"], "")
    return "a difference is shown" if result["shown"] else ""


# ---- showing -------------------------------------------------------------------------------------

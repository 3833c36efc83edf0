"""Run a command over a designed set of configs, resumably."""

from __future__ import annotations

import argparse
import signal
import time

from leadline.cli import by_itself
from leadline.cli.answer import Answer
from leadline.cli.how_far import NowAndThen, line_of
from leadline.cli.parsing import (
    artifact_option,
    extraction,
    input_option,
    on_option,
    progress,
    progress_options,
    seconds,
    settings,
    several,
    words_beside,
)
from leadline.core.errors import usage
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leadline.services.context import Context
    from leadline.services.run.outcome import RunOutcome
    from leadline.services.run.sweep_plan import SweepRequest

ANSWER = "services.run.sweep:SweepOutcome"
TAKES_COMMAND = True
MOST_SHOWN = 3  # of the cells under way
DESCRIPTION = """Run a command over a design: one axis at a time around the baseline (the default), an interaction of
axes that were varied alone before, a full factorial, or the cells of a file. {axis} in the command is the value; {{ and
}} are braces. Each cell is an experiment, its repeats are whole passes in a shuffled, recorded order.

What is done at this code state is not run again, so the same command goes on after any interruption. Exit codes: 0 all
done, 6 a cell failed, 130 interrupted.

  leadline sweep show [ID]     the table: best first, with the difference from the baseline
  leadline sweep list          all sweeps of the thread
  leadline sweep resume ID     run what is missing"""
EXAMPLES = [
    "leadline sweep --axis block=64,128,256 --axis dtype=bf16,fp32 --repeat 5 -- ./bench {block} {dtype}",
    "leadline sweep --axis block=64,128 --axis dtype=bf16,fp32 --design interaction --plan -- ./bench {block} {dtype}",
    "leadline sweep --axis lr=1e-3,3e-4 --artifact 'curves/{lr}.svg' -- python train.py --lr {lr}",
    "leadline sweep --matrix cells.toml --on-failure stop -- ./bench {block}",
    "leadline sweep --axis k=1,2 --why 'more is faster' --note 'to {{best.time_ms}}' -- ./bench {k}",
    "leadline sweep resume P-W1",
    "leadline sweep --on hpc --detach --axis lr=1e-3,3e-4 -- python train.py --lr {lr}",
]
PLANNED = 1000


def configure(parser: argparse.ArgumentParser) -> None:
    parser.usage = (
        "leadline sweep [options] -- COMMAND {axis}  |  leadline sweep show|list|resume [ID]"
    )
    parser.add_argument("what", nargs="*", metavar="show|list|resume ID", help=argparse.SUPPRESS)
    add = parser.add_argument
    several(parser, "--axis", "K=A,B", "a name and the values it takes", dest="axes")
    add(
        "--design",
        choices=("one-axis", "interaction", "factorial", "list"),
        help="default: one-axis",
    )
    add(
        "--full",
        dest="design",
        action="store_const",
        const="factorial",
        help="every combination of the axes (--design factorial)",
    )
    add("--matrix", metavar="FILE", help="axes, or explicit cells, from a TOML, YAML or JSON file")
    several(parser, "--hypothesis", "ID", "a hypothesis its cells bear on", dest="hypotheses")
    words_beside(parser, "{{best.METRIC}} is its best cell's")
    add("--repeat", type=int, default=1, metavar="N", help="runs of each cell")
    add(
        "--jobs",
        type=int,
        default=1,
        metavar="N",
        help="how many at a time (they disturb each other: it is recorded)",
    )
    add("--seed", type=int, metavar="N", help="of the order (default: drawn, and recorded)")
    several(parser, "--set", "K=V", "a config value of all cells", dest="sets")
    several(parser, "--env-axis", "AXIS[=NAME]", "hand an axis over as a variable")
    add("--timeout", type=seconds, metavar="SECONDS", help="end a run after that long (90, 5m, 2h)")
    several(parser, "--metrics", "SPEC", "metrics from a file, as for run")
    several(parser, "--pattern", "NAME=REGEX", "a metric from the output")
    on_option(parser)
    progress_options(parser)
    input_option(parser)
    artifact_option(
        parser, "keep this file, or what matches, of each run; {axis} in it is the value"
    )
    add(
        "--metric",
        default="",
        metavar="NAME",
        help="show: the metric of the table (default: the first one)",
    )
    add(
        "--on-failure",
        choices=("continue", "stop"),
        default="continue",
        help="what a failed cell does",
    )
    add("--max-cells", type=int, default=10_000, metavar="N", help="the limit of a design (10000)")
    add(
        "--because",
        default="",
        metavar="WHY",
        help="run an interaction before its axes; the reason is recorded",
    )
    add("--again", action="store_true", help="run although it is done at this code state")
    add("--plan", action="store_true", help="show the matrix and the estimated time; run nothing")
    by_itself.options(parser)


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.cli.commands.run import check_words, own_stdin, words_before

    check_words(args)
    resumes = args.what[:1] == ["resume"]
    if not args.plan and (resumes or not args.what):
        own_stdin(context, args, several=True)
    if args.detach and args.tell_fd is None and not args.plan and (resumes or not args.what):
        return by_itself.started(args)
    topic = context.topic(args.thread)
    if args.what:
        return _named(context, topic, args)
    request = _request(args, topic)
    if args.plan:
        from leadline.render.terminal.sweep import render_plan
        from leadline.services.run import sweep_plan

        found = sweep_plan.preview(context, request)
        cells = len(found.body["cells"])
        counts = {"cells": cells, "shown": min(cells, PLANNED), "to_run": found.to_run}
        return Answer(render_plan(found), found.as_dict(PLANNED), counts, truncated=cells > PLANNED)
    request.hypotheses, request.expected = words_before(context, args, topic)
    return _execute(context, args, request, "")


def _named(context: Context, topic: str, args: argparse.Namespace) -> Answer:
    verb, *ids = args.what
    if verb not in ("show", "list", "resume") or len(ids) > 1 or (verb == "list" and ids):
        raise usage(
            "bad-arguments",
            f"`leadline sweep {' '.join(args.what)}` is not known",
            why="the command stands after --",
            do="leadline sweep --help",
        )
    if verb == "resume":
        from leadline.services.run.sweep_plan import SweepRequest

        if not ids:
            raise usage("which-sweep", "resume needs the id of a sweep", do="leadline sweep list")
        request = SweepRequest([], topic, repeat=args.repeat, jobs=args.jobs)
        return _execute(context, args, request, ids[0])
    from leadline.core.values import as_dict
    from leadline.core.view import sweep_table
    from leadline.render.terminal.sweep import render_list, render_table

    thread = context.thread(topic)
    if verb == "list":
        rows = sweep_table.listing(thread)
        return Answer(
            render_list(rows),
            {"sweeps": rows[-50:]},
            {"sweeps": len(rows)},
            truncated=len(rows) > 50,
        )
    found = sweep_table.table_of(thread, ids[0] if ids else "", args.metric)
    return Answer(render_table(found), as_dict(found), {"cells": len(found.cells)})


def _request(args: argparse.Namespace, topic: str) -> SweepRequest:
    from leadline.cli.commands.run import _read_config
    from leadline.core.design.cells import parse_axes, read_matrix
    from leadline.services.run.sweep_plan import SweepRequest

    axes, design = parse_axes(args.axes), args.design
    listed: list[dict[str, object]] = []
    if args.matrix:
        if axes:
            raise usage(
                "two-matrices", "--axis and --matrix exclude each other", do="leadline sweep --help"
            )
        named, axes, listed = read_matrix(_read_config(args.matrix, "sweep"))
        design = design or named
    config = settings(args.sets, "--set", "sweep")
    variables = {a: n or a for a, _, n in (text.partition("=") for text in args.env_axis)}
    return SweepRequest(
        argv=args.command,
        topic=topic,
        axes=axes,
        design=design or "one-axis",
        listed=listed,
        repeat=args.repeat,
        jobs=args.jobs,
        seed=args.seed,
        config=config,
        variables=variables,
        extract=extraction(args),
        artifacts=args.artifacts,
        inputs=args.inputs,
        stdin=args.stdin,
        timeout_s=args.timeout,
        progress=progress(args),
        stall_kill_s=args.stall_kill_s,
        on_failure=args.on_failure,
        because=args.because,
        hypotheses=list(args.hypotheses),
        again=args.again,
        max_cells=args.max_cells,
    )


def _execute(
    context: Context, args: argparse.Namespace, request: SweepRequest, resume: str
) -> Answer:
    from leadline.cli.commands.run import After
    from leadline.cli.live import interruptions
    from leadline.core.view.sweep_table import table_of
    from leadline.render.terminal.sweep import render_table
    from leadline.services.run import sweep

    after = After(context, args, request.topic)

    def say_of(done: sweep.SweepOutcome) -> None:
        if args.note.strip():
            full = [r for r in table_of(context.thread(request.topic), done.id).cells if r.n]
            best = {"best": full[0].experiments[-1]} if full else {}
            after.note(done.id, best, bool(full))

    with interruptions((signal.SIGINT, signal.SIGTERM, signal.SIGHUP)) as interrupted:
        begun = by_itself.teller(context, args)
        far = _Progress(context)
        hands = sweep.Hands(lambda: bool(interrupted), far.tick, begun, far.look)
        done = sweep.execute(context, request, hands, context.warn, resume, say_of)

    states = ", ".join(f"{n} {state}" for state, n in done.states.items())
    tail = f"; {done.left} not run" if done.left else ""
    context.warn(f"{done.id}  {states or 'nothing was missing'}; {done.skipped} done before{tail}")
    bad = any(state != "done" for state in done.states)
    failed = 6 if bad or done.stopped else 0
    go_on = [f"leadline sweep resume {done.id}"] if done.left or bad else []
    table = table_of(context.thread(request.topic), done.id)
    return Answer(
        render_table(table),
        {**done.as_dict(), "note": after.noted},
        {"runs": len(done.runs), "skipped": done.skipped, "left": done.left},
        next=[*go_on, *after.left],
        exit_code=130 if done.interrupted else failed,
    )


class _Progress:
    def __init__(self, context: Context) -> None:
        self.context, self.slowly, self.began_s = context, NowAndThen(), time.monotonic()

    def tick(self, done: int, total: int, left_s: float | None, outcome: RunOutcome) -> None:
        last = done == total
        if last or self.slowly.due():
            self._say(done, total, left_s, f"{outcome.id} {outcome.state}", last)

    def look(self, done: int, total: int, attempts: Sequence[str]) -> None:
        """One long cell says how far it is itself, as it would alone."""
        if not attempts or not self.slowly.due():
            return
        of_cells = [words for attempt in attempts if (words := line_of(self.context, attempt))]
        more = len(of_cells) - MOST_SHOWN
        told = "; ".join(of_cells[:MOST_SHOWN]) + (f"; {more} more" if more > 0 else "")
        self._say(done, total, None, told or f"{len(attempts)} under way")

    def _say(
        self, done: int, total: int, left_s: float | None, text: str, last: bool = False
    ) -> None:
        from leadline.core.view.progress import of_count
        from leadline.render.terminal.jobs import progress_text

        far = of_count(done, total, time.monotonic() - self.began_s, goes_on=True)
        far["left_s"] = left_s if done < total else None
        self.slowly.say(f"{progress_text(far)}  {text}", last)

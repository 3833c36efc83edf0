"""Measure two commands in turns."""

from __future__ import annotations

import argparse
import signal
import sys
from contextlib import ExitStack

from leadline.cli import by_itself
from leadline.cli.answer import Answer
from leadline.cli.parsing import (
    artifact_option,
    baseline_option,
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
    from leadline.core.design.blocks import Measured, MeasuredNow
    from leadline.services.context import Context
    from leadline.services.run.request import RunRequest

TAKES_COMMAND = True
DESCRIPTION = """Measure A and B in turns, in blocks A B B A or B A A B by a recorded coin, until the answer is known.
What drifts or bursts on the machine meets both sides; the stopping rule looks after every block and keeps its error
rate. Every execution is a full run of the record; the sides are two experiments. `leadline ab ID ID` repeats two that
are there, each at its own code, which is what settles a comparison of runs that did not take turns.

It stops when a difference is shown; with --precision when the ratio's interval is that narrow; with --equivalent when
it lies within that margin or outside; or at --blocks or --time. The metric is --metric, else the thread's first with
a better direction, else the only one that both sides give, else the wall time of the run. `leadline ab show ID`
computes a result again from its runs. Exit 6 when no comparison was made, since no block was whole."""
EXAMPLES = [
    "leadline ab -- ./bench-old -- ./bench-new",
    "leadline ab --a block=64 --b block=128 -- ./bench {block}",
    "leadline ab --equivalent 1% --metric time_ms -- ./bench v1 -- ./bench v2",
    "leadline ab --why 'new is faster' --note 'it takes {{this.ratio}} of it' -- ./old -- ./new",
    "leadline ab P-001 P-002",
    "leadline ab show P-I1",
]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.usage = (
        "leadline ab [options] -- A -- B  |  leadline ab --a K=V --b K=V -- TEMPLATE  |  "
        "leadline ab [options] ID ID  |  leadline ab show ID"
    )
    parser.add_argument(
        "words", nargs="*", metavar="ID", help="two experiments, or show and a measurement"
    )
    for side in "ab":
        several(
            parser,
            f"--{side}",
            "K=V",
            f"config of side {side.upper()}; {{K}} in the command stands for V",
            dest=f"config_{side}",
        )
    several(parser, "--set", "K=V", "config of both sides", dest="sets")
    several(parser, "--hypothesis", "ID", "a hypothesis this bears on", dest="hypotheses")
    words_beside(parser, "{{this.ratio}}, {{a.METRIC}} and {{b.METRIC}} are its own")
    baseline_option(parser, "B is the baseline then, if the evidence bears it")
    parser.add_argument("--metric", default="", metavar="NAME", help="what is compared")
    parser.add_argument(
        "--precision",
        type=_share,
        metavar="SHARE",
        help="stop when the ratio is known to +- this (1%%)",
    )
    parser.add_argument(
        "--equivalent",
        type=_share,
        metavar="SHARE",
        help="stop when shown to be the same within this",
    )
    parser.add_argument(
        "--alpha", type=float, default=0.05, metavar="P", help="the error rate (default 0.05)"
    )
    parser.add_argument(
        "--blocks", type=int, default=50, metavar="N", help="at most N blocks (default 50)"
    )
    parser.add_argument(
        "--time",
        type=seconds,
        metavar="SECONDS",
        help="begin no block after that long (90, 5m, 2h)",
    )
    parser.add_argument(
        "--warmup",
        type=int,
        default=1,
        metavar="N",
        help="runs a side that do not count (default 1)",
    )
    parser.add_argument(
        "--order", default="abba", metavar="abba|ab", help="what a block is (default abba)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of the coin that orders the blocks"
    )
    several(parser, "--metrics", "SPEC", "as for `leadline run`")
    several(parser, "--pattern", "NAME=REGEX", "as for `leadline run`")
    on_option(parser)
    progress_options(parser)
    input_option(parser)
    artifact_option(
        parser, "keep this file, or what matches, of each run; {K} in it as in the command"
    )
    parser.add_argument(
        "--timeout", type=seconds, metavar="SECONDS", help="end a run after that long"
    )
    parser.add_argument("--show-output", action="store_true", help="show what the commands print")
    by_itself.options(parser)


def _share(text: str) -> float:
    try:
        value = float(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
    except ValueError:
        value = float("nan")
    if not 0.0 < value < 1.0:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no share between 0 and 1, such as 1% or 0.01"
        )
    return value


def run(context: Context, args: argparse.Namespace) -> Answer:
    again = len(args.words) == 2 and args.words[0] != "show" and not args.command
    if args.words and not again:
        return _show(context, args)
    from leadline.cli.commands.run import After, check_words, own_stdin, words_before
    from leadline.cli.how_far import teller
    from leadline.cli.live import Watching, interruptions
    from leadline.services.run.ab import AbRequest, measure
    from leadline.services.run.own_code import at_own_code

    check_words(args)
    own_stdin(context, args, several=True)
    if args.detach and args.tell_fd is None:
        return by_itself.started(args)
    topic = context.topic(args.thread)
    shown = sys.stderr if args.json else sys.stdout
    watcher = Watching(
        shown if args.show_output else None, how_far=teller(context, args.show_output)
    )
    if again:
        a, b = (_request(args, topic, [], {}, args.artifacts) for _ in args.words)
        a.experiment, b.experiment = args.words
    else:
        a, b = (_request(args, topic, *side) for side in _sides(args))
    request = AbRequest(
        a,
        b,
        metric=args.metric,
        alpha=args.alpha,
        precision=args.precision,
        equivalent=args.equivalent,
        most_blocks=args.blocks,
        time_limit_s=args.time,
        warmup=args.warmup,
        seed=args.seed,
        order=args.order,
    )
    hypotheses, request.expected = words_before(context, args, topic)
    a.hypotheses, b.hypotheses = hypotheses, hypotheses
    after = After(context, args, topic)

    def say_of(result: MeasuredNow) -> None:
        after.note(result["id"], dict(result["experiments"]), bool(result["n_blocks"]))

    with ExitStack() as sides, interruptions((signal.SIGINT, signal.SIGTERM)) as asked:
        for place, side in enumerate((a, b) if again else ()):
            sides.enter_context(at_own_code(context, side, place))
        begun = by_itself.teller(context, args)
        result = measure(context, request, watcher, context.warn, asked.__len__, say_of, begun)
    answer = _answer(result, 130 if result["interrupted"] else 0)
    if side_b := dict(result["experiments"]).get("b"):
        one, other = a.command.config, b.command.config
        differing = [k for k in {**one, **other} if one.get(k) != other.get(k)]
        after.baseline(side_b, result["metric"], differing)
    answer.data = {**answer.data, "note": after.noted, "baseline": after.moved}
    answer.next += after.left
    return answer


def _answer(result: Measured, code: int = 0) -> Answer:
    """Without a whole block no comparison was made: 6, as ``leadline compare`` says it."""
    from leadline.core.errors import EXIT_CODES
    from leadline.render.terminal.ab import result_text

    nothing = not result["n_blocks"]
    shown = (
        [f"leadline show {name}" for name in dict(result["experiments"]).values()]
        if nothing
        else []
    )
    code = code or (EXIT_CODES["check_failed"] if nothing else 0)
    return Answer(
        result_text(result), result, {"blocks": result["n_blocks"]}, next=shown, exit_code=code
    )


def _show(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.core.design.blocks import result_of

    if args.words[0] != "show" or len(args.words) != 2 or args.command:
        raise usage(
            "bad-ab",
            f"`leadline ab {' '.join(args.words)}` is not understood",
            why="commands stand after --",
            do=["leadline ab -- A -- B", "leadline ab ID ID", "leadline ab show ID"],
        )
    thread = context.thread(args.thread)
    return _answer(result_of(thread, thread.find(args.words[1])))


def _sides(args: argparse.Namespace) -> list[tuple[list[str], dict[str, object], list[str]]]:
    """(argv, config, artifacts) of both sides: two commands, or one template with two configs."""
    from leadline.core.design.cells import fill, placeholders, with_values

    both = settings(args.sets, "--set", "ab")
    configs = [
        {**both, **settings(args.config_a, "--a", "ab")},
        {**both, **settings(args.config_b, "--b", "ab")},
    ]
    words, artifacts = list(args.command), [args.artifacts, args.artifacts]
    if "--" in words:
        at = words.index("--")
        commands = [with_values(words[:at], configs[0]), with_values(words[at + 1 :], configs[1])]
        artifacts = [with_values(args.artifacts, config) for config in configs]
    elif args.config_a or args.config_b:
        known = set(configs[0]) & set(configs[1])
        unknown = [name for name in placeholders([*words, *args.artifacts]) if name not in known]
        if unknown:
            raise usage(
                "unknown-placeholder",
                f"{{{unknown[0]}}} has no value on both sides",
                why=f"given on both: {', '.join(sorted(known)) or 'none'}",
                do=f"leadline ab --a {unknown[0]}=V --b {unknown[0]}=V -- ...",
            )
        commands = [fill(words, config) for config in configs]
        artifacts = [fill(args.artifacts, config) for config in configs]
    else:
        commands = [words, []]
    if not all(commands):
        raise usage(
            "one-command",
            "two commands are needed, or one and two configs",
            why="each stands behind a -- of its own",
            do=[
                "leadline ab -- A -- B",
                "leadline ab --a block=64 --b block=128 -- ./bench {block}",
            ],
        )
    return list(zip(commands, configs, artifacts, strict=True))


def _request(
    args: argparse.Namespace,
    topic: str,
    argv: list[str],
    config: dict[str, object],
    artifacts: list[str],
) -> RunRequest:
    from leadline.core.design.cells import fill
    from leadline.services.run.request import Command, RunRequest, Terms

    inputs = fill(args.inputs, config) if args.inputs else []
    terms = Terms(extraction(args), artifacts, inputs, timeout_s=args.timeout, stdin=args.stdin)
    terms.progress, terms.stall_kill_s = progress(args), args.stall_kill_s
    return RunRequest(topic, Command(argv, config), terms)

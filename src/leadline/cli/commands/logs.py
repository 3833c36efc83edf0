"""What a run prints."""

from __future__ import annotations

import argparse
import sys

from leadline.cli.answer import Answer
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context
    from leadline.services.run.jobs import Open

DESCRIPTION = """The output of a run, byte for byte, from the files that it writes: while it goes on, and after. -f
follows until it is over; Ctrl-C ends the looking and not the run. --rank N: of several processes of one run (torchrun,
srun, mpirun) what that one printed."""
EXAMPLES = [
    "leadline logs P-003-r1",
    "leadline logs P-003-r1 -f",
    "leadline logs P-003 --stderr --rank 1",
]
KIB = 1024


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="a run, or an experiment: its last run")
    parser.add_argument("-f", "--follow", action="store_true", help="until the run is over")
    parser.add_argument("--stderr", action="store_true", help="that stream and not stdout")
    parser.add_argument("--rank", type=int, metavar="N", help="of that process of several")
    parser.add_argument(
        "--tail", type=int, metavar="KIB", help="of what is there, the last so much"
    )


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.cli.live import follow
    from leadline.services.run import jobs

    topic = context.topic(args.thread)
    one = jobs.log_of(context, topic, args.id)
    stream = "stderr" if args.stderr else "stdout"
    if args.rank is not None:
        return _of_rank(context, args, one, stream)
    if args.json:
        from leadline.services.look.show import show_output

        _, data = show_output(context, context.thread(topic), one.id, stream)
        return Answer("", data)
    executor = context.executor_for(one.executor) if args.follow else None
    tail = None if args.tail is None else args.tail * KIB
    follow(executor, one.folder, one.handle, sys.stdout, f"{stream}.log", tail)
    return Answer("", {"run": one.id})


def _of_rank(context: Context, args: argparse.Namespace, one: Open, stream: str) -> Answer:
    from leadline.cli.live import follow
    from leadline.services.run import rank_output

    path, text = rank_output.of_rank(one, args.rank, stream)
    data: dict[str, object] = {"run": one.id, "rank": args.rank, "stream": stream}
    if args.json:
        kept = text[-KIB * (args.tail or 64) :]
        return Answer("", {**data, "text": kept, "size_bytes": len(text.encode())})
    if not path:
        return Answer(text.rstrip("\n"), data)
    executor = context.executor_for(one.executor) if args.follow else None
    tail = None if args.tail is None else args.tail * KIB
    follow(executor, one.folder, one.handle, sys.stdout, path, tail)
    return Answer("", data)

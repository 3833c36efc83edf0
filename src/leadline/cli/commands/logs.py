"""What a run prints."""

from __future__ import annotations

import argparse
import sys

from leadline.cli.answer import Answer
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """The output of a run, byte for byte, from the files that it writes: while it goes on, and after. -f
follows until it is over; Ctrl-C ends the looking and not the run."""
EXAMPLES = ["leadline logs P-003-r1", "leadline logs P-003-r1 -f", "leadline logs P-003 --stderr"]
KIB = 1024


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="a run, or an experiment: its last run")
    parser.add_argument("-f", "--follow", action="store_true", help="until the run is over")
    parser.add_argument("--stderr", action="store_true", help="that stream and not stdout")
    parser.add_argument(
        "--tail", type=int, metavar="KIB", help="of what is there, the last so much"
    )


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.cli.live import follow
    from leadline.services.run import jobs

    topic = context.topic(args.thread)
    one = jobs.log_of(context, topic, args.id)
    if args.json:
        from leadline.services.look.show import show_output

        stream = "stderr" if args.stderr else "stdout"
        _, data = show_output(context, context.thread(topic), one.id, stream)
        return Answer("", data)
    executor = context.executor_for(one.executor) if args.follow else None
    tail = None if args.tail is None else args.tail * KIB
    follow(executor, one.folder, one.handle, sys.stdout, args.stderr, tail)
    return Answer("", {"run": one.id})

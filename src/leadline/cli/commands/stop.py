"""End runs."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Ends runs and everything that they started, wherever they run: SIGTERM, the grace period of the run,
SIGKILL. What they left is read and recorded as always. Exit 6 when one ended otherwise before, or cannot be reached."""
EXAMPLES = ["leadline stop P-003-r1", "leadline stop P-W1"]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", nargs="+", metavar="ID", help="runs, experiments, sweeps")


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.cli.commands.wait import ended_answer
    from leadline.services.run import jobs

    topic = context.topic(args.thread)
    found, before = jobs.meant(context, topic, args.ids)
    return ended_answer([*before, *jobs.stop(context, found)], "cancelled")

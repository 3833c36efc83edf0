"""End runs."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Ends runs and everything that they started, wherever they run: SIGTERM, the grace period of the run,
SIGKILL. What they left is read and recorded as always. Of a sweep, a measurement in turns or repeats nothing more
starts. Exit 6 when one ended otherwise before, or cannot be reached."""
EXAMPLES = ["leadline stop P-003-r1", "leadline stop P-W1"]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "ids", nargs="+", metavar="ID", help="runs, experiments, sweeps, measurements in turns"
    )


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.cli.commands.wait import ended_answer
    from leadline.services.run import jobs

    topic = context.topic(args.thread)
    commands = jobs.commands_meant(context, topic, args.ids)
    whole = jobs.stop_commands(context, commands) if commands else []
    others = [
        i for i in args.ids if all(i not in (c.about["id"], c.about["uid"]) for c in commands)
    ]
    if commands and not others:
        names = ", ".join(one.about["id"] for one in commands)
        answer = ended_answer(whole, "cancelled")
        answer.text = f"{names} stopped" + (f"\n{answer.text}" if whole else "")
        return answer
    found, before = jobs.meant(context, topic, others)
    return ended_answer([*whole, *before, *jobs.stop(context, found)], "cancelled")

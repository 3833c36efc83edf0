"""The last word of a session."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Say where things stand for whoever goes on: the state, what was tried, what comes next. The next
session's brief shows it. A number may be a citation, {{P-003.time_ms}}: as it is now."""
EXAMPLES = [
    "leadline handoff 'block 128 is best so far' --tried 'blocks 64 and 256' --next 'repeat P-003 five times'",
]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", metavar="STATE")
    parser.add_argument("--tried", default="", metavar="TEXT", help="what was tried")
    parser.add_argument("--next", dest="next_step", default="", metavar="TEXT", help="what is next")
    parser.add_argument(
        "--reported", metavar="SOURCE", help="its numbers come from elsewhere; never evidence"
    )


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.services.write.session import hand_over

    topic = context.topic(args.thread)
    made = hand_over(context, topic, args.text, args.tried, args.next_step, args.reported)
    return Answer(f"{made[0]}  handed over", {"ids": made})

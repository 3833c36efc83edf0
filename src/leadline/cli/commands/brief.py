"""What the next session needs to know."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Everything a new session needs to go on, most important first, within a budget of characters: goal,
stop criteria, baseline, claims with labels, open hypotheses, unfinished runs, results, negative
results, what is due, next. With --since only what changed behind an id or a time."""
EXAMPLES = ["leadline brief", "leadline brief --budget 1500", "leadline brief --since 1d"]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--budget", type=int, default=4000, metavar="CHARS", help="at most this long (default 4000)"
    )
    parser.add_argument(
        "--since",
        default="",
        metavar="ID|TIME",
        help="only what changed: behind an id, a day, a time (UTC), or so long ago (2h, 3d)",
    )


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.core.errors import usage
    from leadline.services.look.brief import brief

    if args.budget < 200:
        raise usage(
            "bad-budget",
            f"--budget {args.budget} is too small to say anything",
            why="200 characters is the least",
            do="leadline brief --budget 1000",
        )
    text, data = brief(context, args.thread, args.budget, args.since)
    return Answer(text, data)

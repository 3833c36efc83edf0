"""The next action and what is waiting."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

EXAMPLES = ["leadline next"]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=int, default=10, metavar="N", help="at most N (default 10)")


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.core.plain import plain
    from leadline.services.look.next import actions_of

    actions = context.look(args.thread, lambda thread: actions_of(context, thread))
    shown = actions[: args.limit]
    text = "\n".join(
        f"{i}. {plain(a['what'])}\n   {plain(a['command'])}" for i, a in enumerate(shown, 1)
    )
    return Answer(
        text, shown, {"actions": len(actions), "shown": len(shown)}, len(shown) < len(actions)
    )

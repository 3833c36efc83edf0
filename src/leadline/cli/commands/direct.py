"""A person's word to who works on the thread."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Say something to the session that works on the thread. `brief`, `next` and the agent's hooks show it
until it is acknowledged (`leadline ack ID --note …`)."""
EXAMPLES = ["leadline direct 'stop the fp8 line, look at block 192'"]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", metavar="TEXT")
    parser.add_argument("--by", default="", metavar="NAME", help="who says it (default: you)")


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.services.write.session import direct

    shown, body = direct(context, context.topic(args.thread), args.text, args.by)
    return Answer(f"{shown}  directive by {body['by']}", {"id": shown, "by": body["by"]})

"""Acknowledge a directive."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Say that a directive was read, and what is done about it."""
EXAMPLES = ["leadline ack P-G1 --note 'fp8 stopped after P-007; block 192 is next'"]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID")
    parser.add_argument("--note", required=True, metavar="TEXT", help="what is done about it")


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.services.write.session import acknowledge

    body = acknowledge(context, context.topic(args.thread), args.id, args.note)
    shown = body["directive"]
    return Answer(f"{shown}  acknowledged", {"directive": shown, "note": body["note"]})

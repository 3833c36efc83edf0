"""Withdraw a run, an experiment, a claim or anything else that was recorded."""

from __future__ import annotations

import argparse

from leadline.cli.answer import LISTED, Answer, rested_lines
from leadline.core.plain import as_rows
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Withdraw something. It stays in the record with the reason and counts as evidence no more; what rested
on it is listed: claims with their labels before and after, decisions, hypotheses, baselines, texts that cite it."""
EXAMPLES = ["leadline retract P-003-r2 --why 'another job shared the GPU'"]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", metavar="ID")
    parser.add_argument("--why", default="", metavar="TEXT", help="the reason (needed)")


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.core.values import as_dict
    from leadline.services.write.retract import retract

    done = retract(context, context.topic(args.thread), args.target, args.why)
    rests = done.rests
    lines = [f"{done.target} is retracted: {done.why}"]
    lines += rested_lines(rests)
    return Answer(as_rows(lines), as_dict(done), {"rests": len(rests)}, len(rests) > LISTED)

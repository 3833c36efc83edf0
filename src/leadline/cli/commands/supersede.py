"""Say that a later thing replaces an earlier one."""

from __future__ import annotations

import argparse

from leadline.cli.answer import LISTED, Answer, rested_lines
from leadline.core.plain import as_rows
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Say that one thing replaces another of its kind. Both stay in the record; the earlier one counts no
more."""
EXAMPLES = ["leadline supersede P-C1 --by P-C4 --why 'the same over three seeds'"]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", metavar="ID")
    parser.add_argument("--by", required=True, metavar="ID", help="what replaces it")
    parser.add_argument("--why", default="", metavar="TEXT")


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.core.values import as_dict
    from leadline.services.write.correct import supersede

    done = supersede(context, context.topic(args.thread), args.target, args.by, args.why)
    lines = [f"{done.target} is superseded by {done.by}"]
    lines += rested_lines(done.rests) if done.rests else []
    counts = {"rests": len(done.rests)}
    return Answer(as_rows(lines), as_dict(done), counts, len(done.rests) > LISTED)

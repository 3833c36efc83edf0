"""Say that a later thing replaces an earlier one."""

from __future__ import annotations

import argparse

from leadline.cli.answer import LISTED, Answer, rested_lines
from leadline.core.errors import usage
from leadline.core.plain import as_rows
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Say that one thing replaces another of its kind. Both stay in the record; the earlier one counts no
more."""
EXAMPLES = ["leadline supersede P-C1 P-C4 --why 'the same over three seeds'"]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", metavar="ID")
    parser.add_argument("replacement", nargs="?", metavar="BY", help="what replaces it")
    parser.add_argument("--by", metavar="ID", help="the same")
    parser.add_argument("--why", default="", metavar="TEXT")


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.core.values import as_dict
    from leadline.services.write.correct import supersede

    by = args.by or args.replacement
    if not by or (args.by and args.replacement):
        raise usage(
            "replaced-by-what",
            f"what replaces {args.target} is to be said once",
            do=f"leadline supersede {args.target} --by ID",
        )
    done = supersede(context, context.topic(args.thread), args.target, by, args.why)
    lines = [f"{done.target} is superseded by {done.by}"]
    lines += rested_lines(done.rests) if done.rests else []
    counts = {"rests": len(done.rests)}
    return Answer(as_rows(lines), as_dict(done), counts, len(done.rests) > LISTED)

"""Carry out a small real research thread in a temporary repository."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

NEEDS_REPOSITORY = False
DESCRIPTION = """Carry out a complete research thread on compression, through this command line, in a temporary git
repository: every number is measured on this machine. Ends by naming the report, the logbook and where to look."""
EXAMPLES = ["leadline demo", "leadline demo --echo --into /tmp/study"]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--into", metavar="FOLDER", help="make the repository there (default: a temporary folder)"
    )
    parser.add_argument("--echo", action="store_true", help="print each command as it is given")


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.demo.study import main

    return Answer(exit_code=main(args.into, args.echo))

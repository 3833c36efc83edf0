"""The permanent address of something in the record."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """The permanent address of a section of the research logbook, a file of a sealed snapshot, an artifact or
a code state: pinned to a commit, and only when the remote has that commit with that file in it. Where the remote has no
pages, the commit and the path are printed instead."""
ANSWER = "services.publish.link:Link"
EXAMPLES = [
    "leadline link P-003",
    "leadline link P-S1 --file table.csv",
    "leadline link P-003-r2 --code",
]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        nargs="?",
        default="",
        metavar="ID",
        help="an id, or sha256:… of an artifact (default: the logbook)",
    )
    parser.add_argument(
        "--code", action="store_true", help="the code of the run instead of its section"
    )
    parser.add_argument(
        "--file", default="bundle.md", metavar="NAME", help="of a snapshot (default: bundle.md)"
    )
    parser.add_argument(
        "--offline",
        action="store_true",
        help="do not ask the remote; use what it had when last seen",
    )


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.services.publish.link import link

    made = link(
        context,
        context.topic(args.thread),
        args.what,
        code=args.code,
        file=args.file,
        offline=args.offline,
    )
    return Answer(made.url or made.text, made.as_dict())

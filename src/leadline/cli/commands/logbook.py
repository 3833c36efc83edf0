"""Print the research logbook."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """The research logbook as it is rendered from the records now, in Markdown. The copy in the work tree
and on the record branch is the same text; nothing is ever typed into it (`leadline adopt` takes hand edits in)."""
ANSWER = "services.branch.logbook:Logbook"
EXAMPLES = ["leadline logbook | less", "leadline logbook --out logbook.md"]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", metavar="FILE", help="write it there instead")
    parser.add_argument("--force", action="store_true", help="replace FILE, whatever it is")


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.core.plain import plain
    from leadline.services.branch.logbook import logbook

    made = logbook(context, context.topic(args.thread), args.out, args.force)
    text = plain(made.text)
    if made.path:
        text = f"{made.entries} entries written to {made.path}"
    return Answer(text, made.as_dict(), {"entries": made.entries})

"""Write the one-file HTML report."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Write the whole thread as one HTML file: conclusion, claims with their labels, results and every
run as a dot, hypotheses, decisions, negative results, the timeline with commands and code states. The file needs no
network and holds no script; it follows the reader's dark mode and prints."""
ANSWER = "services.publish.report:Written"
EXAMPLES = ["leadline report", "leadline report --out report.html"]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", metavar="FILE", help="default: beside the records, outside the work tree"
    )
    parser.add_argument("--force", action="store_true", help="replace FILE, whatever it is")


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.core.timestamps import size
    from leadline.services.publish.report import report

    made = report(context, context.topic(args.thread), args.out, args.force)
    counts = f"{made.experiments} experiments, {made.runs} runs"
    return Answer(f"{made.path}  ({size(made.bytes)}, {counts})", made.as_dict())

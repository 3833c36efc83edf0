"""The server for agents that speak the Model Context Protocol."""

from __future__ import annotations

import argparse
import os

from leadline.cli.answer import Answer
from leadline.cli.parsing import seconds

NEEDS_REPOSITORY = False
ANSWER_WITHIN_S = 45.0  # the SDK for TypeScript and mcporter wait 60 s if nobody says otherwise
DESCRIPTION = """Serve the Model Context Protocol on standard input and output: tools with the names and arguments of
the verbs, results in their envelope, resources leadline://brief, thread/TOPIC, experiment/ID and
logbook/TOPIC, prompts for kickoff, update and finish. An agent's program starts it (leadline agent install).
A run that takes longer than the client waits for an answer goes on by itself: the answer has its id. So it does
when the client ends; only a call that is cancelled ends its run."""
EXAMPLES = ["leadline mcp", "leadline mcp --read-only"]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--read-only", action="store_true", help="tools that write nothing, alone")
    parser.add_argument(
        "--answer-within",
        type=seconds,
        default=ANSWER_WITHIN_S,
        metavar="SECONDS",
        help="what takes longer goes on by itself (default: 45; clients have limits from a minute up)",
    )


def run(context: None, args: argparse.Namespace) -> Answer:
    from leadline.mcp.server import serve

    serve(os.path.abspath(args.folder or os.getcwd()), args.read_only, args.answer_within)
    return Answer()

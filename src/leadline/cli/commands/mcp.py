"""The server for agents that speak the Model Context Protocol."""

from __future__ import annotations

import argparse
import os

from leadline.cli.answer import Answer

NEEDS_REPOSITORY = False
DESCRIPTION = """Serve the Model Context Protocol on standard input and output: tools with the names and arguments of
the verbs, results in their envelope, resources leadline://brief, thread/TOPIC, experiment/ID and
logbook/TOPIC, prompts for kickoff, update and finish. An agent's program starts it (leadline agent install)."""
EXAMPLES = ["leadline mcp", "leadline mcp --read-only"]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--read-only", action="store_true", help="tools that write nothing, alone")


def run(context: None, args: argparse.Namespace) -> Answer:
    from leadline.mcp.server import serve

    serve(os.path.abspath(args.folder or os.getcwd()), args.read_only)
    return Answer()

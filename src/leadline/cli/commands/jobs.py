"""Runs under way, whoever started them."""

from __future__ import annotations

import argparse
import sys
import time

from leadline.cli.answer import Answer, put, tell
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Runs that the record does not know to be over, of all threads or of --thread: how each stands by its
executor, and the last line that it wrote; and commands that make several of them, `left` where their process died.
Those that are over are recorded first. `unknown` is a run whose machine
cannot be reached; it goes on. --watch shows it again until nothing is under way."""
EXAMPLES = ["leadline jobs", "leadline jobs --watch", "leadline jobs --json"]
LOOK_EVERY_S = 2.0


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--watch", action="store_true", help="show it again until all are over")


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.render.terminal.jobs import jobs_table
    from leadline.services.run import jobs

    topic = context.topic(args.thread) if args.thread else None
    found = jobs.listed(context, topic)
    shown = ""
    while args.watch and found and not args.json:
        text = jobs_table(found, context.now())
        if sys.stdout.isatty():
            put("\n" * bool(shown) + text)
        elif [row.split()[:3] for row in text.split("\n")] != [
            row.split()[:3] for row in shown.split("\n")
        ]:
            tell(text)  # a log keeps what changed
        shown = text
        time.sleep(LOOK_EVERY_S)
        found = jobs.listed(context, topic)
    follow = []
    if found and found[0]["state"] == "left":
        verb = "sweep resume" if found[0]["verb"] == "sweep" else "stop"
        follow = [f"leadline {verb} {found[0]['id']}" + " --detach" * (verb != "stop")]
    elif found and found[0]["state"] == "unknown":
        follow = [f"leadline executor check {found[0]['executor']}"]
    elif found and found[0]["verb"] != "run":
        follow = [f"leadline wait {found[0]['id']}", f"leadline stop {found[0]['id']}"]
    elif found:
        follow = [f"leadline logs {found[0]['id']} -f", f"leadline wait {found[0]['id']}"]
    told = jobs_table(found, context.now()) or "nothing is under way"
    return Answer(told, found, {"jobs": len(found)}, next=follow)

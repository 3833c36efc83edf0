"""Watch a run that was started elsewhere."""

from __future__ import annotations

import argparse
import sys

from leadline.cli.answer import Answer
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Shows what a run under way prints until it is over, and records its end, as if it was started here.
Ctrl-C lets go of it: the run goes on (`leadline stop` ends one)."""
EXAMPLES = ["leadline attach P-003-r1"]
SHOWN_BYTES = 16 * 1024


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="a run, or the experiment of one under way")


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.cli.commands.wait import ended_line
    from leadline.cli.live import Watching
    from leadline.services.run import jobs

    topic = context.topic(args.thread)
    found, before = jobs.meant(context, topic, [args.id])
    if not found:
        shown = f"leadline logs {before[0]['id']}"
        return Answer(f"{before[0]['id']} is over: {before[0]['state']}", before[0], next=[shown])
    one = found[-1]
    target = sys.stderr if args.json else sys.stdout
    watching = Watching(target, lets_go=True, tail_bytes=SHOWN_BYTES)
    if watching(context.executor_for(one.executor), one.folder, one.handle):
        go_on = [f"leadline attach {one.id}", f"leadline stop {one.id}"]
        return Answer("", {"id": one.id, "state": "running"}, next=go_on)
    [ended] = jobs.wait(context, [one])
    context.warn(ended_line(ended))
    return Answer("", ended, exit_code=0 if ended["state"] == "done" else 6)

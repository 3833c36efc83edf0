"""One thing in full, by id."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.core.record.thread import Thread
    from leadline.services.context import Context

DESCRIPTION = """Everything the record holds about one id: an experiment, a run, a claim, a hypothesis, a decision, a
baseline, a snapshot, a note, an update. --log and --errors print a run's output, --packages its packages."""
EXAMPLES = ["leadline show P-003", "leadline show P-003-r2 --log", "leadline show P-C1 --json"]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID")
    parser.add_argument("--all", action="store_true", help="with every line of its long lists")
    parser.add_argument("--log", action="store_true", help="the run's stdout (its last 64 KiB)")
    parser.add_argument("--errors", action="store_true", help="the run's stderr (its last 64 KiB)")
    parser.add_argument("--packages", action="store_true", help="the run's installed packages")


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.services.look.show import show, show_output, show_packages

    def told(thread: Thread) -> tuple[str, dict[str, object]]:
        if args.log or args.errors:
            return show_output(context, thread, args.id, "stdout" if args.log else "stderr")
        if args.packages:
            return show_packages(context, thread, args.id)
        return show(context, thread, args.id, args.all)

    text, data = context.look(args.thread, told)
    return Answer(text, data)

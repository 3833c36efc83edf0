"""Run a sealed or recorded experiment again."""

from __future__ import annotations

import argparse
import sys

from leadline.cli.answer import Answer
from leadline.cli.parsing import artifact_option, on_option
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Run an experiment, or all that a snapshot's table holds, again: the exact code state is unpacked (also
when its files were never committed, or deleted since), the same command runs with the recorded variables, and the
numbers are judged by a named rule. The runs are kept as repeats. Exit 0 when the numbers agree, 6 when they do not or
cannot be compared, with the reason.

The artifacts of the original are kept again, and each is said to be equal, different or missing by its digest. That
decides nothing, since many files hold a time or an unordered set; with --same-artifacts it does."""
EXAMPLES = ["leadline reproduce P-003 --repeat 3", "leadline reproduce first-answer --only P-001"]


def configure(parser: argparse.ArgumentParser) -> None:
    from leadline.core.stats.agreement import DEFAULT_TOLERANCE

    parser.add_argument(
        "target", metavar="ID", help="experiment, run, baseline, snapshot (id, name or tag)"
    )
    parser.add_argument(
        "--repeat", type=int, default=1, metavar="N", help="run each N times (default 1)"
    )
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="ID", help="of a snapshot, these experiments alone"
    )
    parser.add_argument(
        "--timeout", type=float, metavar="SECONDS", help="default: that of the original"
    )
    parser.add_argument(
        "--tolerance",
        type=float,
        default=DEFAULT_TOLERANCE,
        metavar="SHARE",
        help="where one original run shows no spread (default 0.1: within 10 %%)",
    )
    on_option(parser)
    artifact_option(
        parser, "keep this file, or what matches, too; what the original kept is kept anyway"
    )
    parser.add_argument(
        "--same-artifacts",
        action="store_true",
        help="an artifact that differs, or is missing, disagrees (exit 6)",
    )
    parser.add_argument("--keep", action="store_true", help="keep the unpacked code and say where")
    parser.add_argument("--quiet", action="store_true", help="do not show the command's output")


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.cli.how_far import teller
    from leadline.cli.live import Watching
    from leadline.services.run.reproduce import reproduce

    topic = context.topic(args.thread)
    shown = None if args.quiet else sys.stderr
    watcher = Watching(shown, how_far=teller(context, not args.quiet))
    done = reproduce(
        context,
        topic,
        args.target,
        repeat=args.repeat,
        only=args.only,
        timeout_s=args.timeout,
        keep=args.keep,
        tolerance=args.tolerance,
        artifacts=args.artifacts,
        same_artifacts=args.same_artifacts,
        watcher=watcher,
        say=context.warn,
    )
    from leadline.core.plain import plain
    from leadline.render.terminal.reproduction import render_files, render_table

    lines = [f"{done['id']}  {done['target']}: {done['verdict']}", *render_table(done["table"])]
    lines += [plain(line) for line in render_files(done.get("artifacts"))]
    if done["verdict"] != "agrees":
        lines.append(f"why   {done['why']}")
    lines += [f"note  {note}" for note in done["notes"]]
    return Answer(
        "\n".join(lines),
        done,
        {"runs": len(done["runs"])},
        next=[f"leadline show {done['id']}"],
        exit_code=0 if done["verdict"] == "agrees" else 6,
    )

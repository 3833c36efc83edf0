"""Devices of the machines that executors run on."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.cli.parsing import override_option, seconds, subverbs
from leadline.core.plain import as_rows
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

TAKES_COMMAND = True
DESCRIPTION = """One device, one job. A run of an executor that was declared with --device NAME holds that device
as long as any of its processes lives; a second one is refused, with the name of the holder. `reserve` keeps a device
for this repository until --for is over; `exec` runs a command that is not worth a record while it holds one. A device
is named EXECUTOR:DEVICE; of `local`, it is one of this machine; of Slurm, what --gres takes (hpc:gpu:1): a job
keeps it, and the runs of this repository that need it go into that job."""
EXAMPLES = [
    "leadline executor add dev --kind ssh --host dev1 --device gpu0",
    "leadline device reserve dev:gpu0 --for 2h --why 'timing the fused kernel'",
    "leadline device exec dev:gpu0 -- nvidia-smi",
    "leadline device list dev",
    "leadline device release dev:gpu0",
]


def configure(parser: argparse.ArgumentParser) -> None:
    verbs = subverbs(parser)
    keep = verbs.add_parser("reserve", help="keep it for this repository")
    keep.add_argument("place", metavar="EXECUTOR:DEVICE")
    keep.add_argument(
        "--for", dest="for_s", type=seconds, default=7200.0, metavar="SECONDS", help="default: 2h"
    )
    keep.add_argument("--why", default="", metavar="TEXT", help="what others are told")
    keep.add_argument(
        "--within",
        dest="within_s",
        type=seconds,
        default=10.0,
        metavar="SECONDS",
        help="so long the queue of an engine is waited for (default: 10s)",
    )
    shown = verbs.add_parser("list", help="who has what")
    shown.add_argument("executor", nargs="?", default="local", help="default: local")
    release = verbs.add_parser("release", help="end a reservation")
    release.add_argument("place", metavar="EXECUTOR:DEVICE")
    override_option(release, "end one of another repository: reserved-by-another WHY")
    run_ = verbs.add_parser("exec", help="a command that holds it, unrecorded")
    run_.add_argument("place", metavar="EXECUTOR:DEVICE")


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.services.run import device

    if args.subverb == "list":
        rows = device.listed(context, args.executor)
        lines = [row["told"] or f"{row['device']} is free" for row in rows]
        return Answer(
            as_rows(lines) or "no device was ever leased here", rows, {"devices": len(rows)}
        )
    if args.subverb == "reserve":
        asked = (args.place, args.for_s, args.why, args.within_s)
        held = device.reserve(context, context.topic(args.thread), *asked)
        let_go = [f"leadline device release {args.place}"]
        return Answer(f"{args.place} is reserved", held, next=let_go)
    if args.subverb == "release":
        because = next((why for code, why in args.override if code == "reserved-by-another"), "")
        said = device.release(context, args.place, because)
        return Answer(said, {"device": device.named(args.place)[1]})
    return _exec(context, args)


def _exec(context: Context, args: argparse.Namespace) -> Answer:
    import sys

    from leadline.cli.live import Watching
    from leadline.core.errors import usage
    from leadline.services.run.executor_check import unrecorded

    if not args.command:
        raise usage(
            "no-command",
            "there is no command to run",
            why="it stands after --",
            do="leadline device exec EXECUTOR:DEVICE -- nvidia-smi",
        )
    watching = Watching(sys.stderr if args.json else sys.stdout)
    result = unrecorded(context, args.place, args.command, watching)
    code = result.get("exit_code")
    return Answer("", result, exit_code=code if code is not None else 1)

"""Wait for runs."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.cli.parsing import seconds
from leadline.core.plain import as_rows
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context
    from leadline.services.run.jobs import Ended

DESCRIPTION = """Until runs are over and recorded: those of the ids (runs, experiments, sweeps), or all of the thread
that are under way. Exit 6 when one of them is not done, or --for is over before them."""
EXAMPLES = ["leadline wait P-003-r1", "leadline wait P-W1 --for 2h", "leadline wait"]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", nargs="*", metavar="ID", help="default: all under way")
    parser.add_argument(
        "--for", dest="for_s", type=seconds, metavar="SECONDS", help="at most so long (90, 5m, 2h)"
    )


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.services.run import jobs

    topic = context.topic(args.thread)
    found, before = jobs.meant(context, topic, args.ids)

    def tick(done: int, total: int) -> None:
        if total > 1:
            context.warn(f"{done}/{total} over")

    return ended_answer([*before, *jobs.wait(context, found, args.for_s, tick)], "done")


def ended_line(one: Ended) -> str:
    return f"{one['id']} {one['state']}" + f"  ({one['why']})" * bool(one["why"])


def ended_answer(ended: list[Ended], wanted: str) -> Answer:
    """Exit 6 unless all of them are what was ``wanted``."""
    from leadline.core.record.run import TERMINAL_STATES

    lines = [ended_line(one) for one in ended]
    left = [one["id"] for one in ended if one["state"] not in TERMINAL_STATES]
    bad = any(one["state"] != wanted for one in ended)
    follow = [f"leadline logs {left[0]}"] if left else []
    return Answer(
        as_rows(lines) or "nothing is under way",
        ended,
        {"runs": len(ended), "left": len(left)},
        next=follow,
        exit_code=6 if bad else 0,
    )

"""Wait for runs."""

from __future__ import annotations

import argparse
import time

from leadline.cli.answer import Answer
from leadline.cli.parsing import seconds
from leadline.core.plain import as_rows
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context
    from leadline.services.run.jobs import Ended
    from leadline.services.run.several import About

DESCRIPTION = """Until runs are over and recorded: those of the ids (runs, experiments, sweeps, measurements in
turns), or all of the thread that are under way. Exit 6 when one of them is not done, or --for is over before them."""
EXAMPLES = ["leadline wait P-003-r1", "leadline wait P-W1 --for 2h", "leadline wait"]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", nargs="*", metavar="ID", help="default: all under way")
    parser.add_argument(
        "--for", dest="for_s", type=seconds, metavar="SECONDS", help="at most so long (90, 5m, 2h)"
    )


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.services.run import jobs
    from leadline.services.run.several import named

    topic = context.topic(args.thread)
    began_s = time.monotonic()
    commands = jobs.commands_meant(context, topic, args.ids)

    def told(about: About) -> None:
        of = f"/{about['total']}" if about["total"] else ""
        context.warn(f"{about['id']}  {about['done']}{of} over")

    going_on = jobs.wait_for(context, commands, args.for_s, told)
    if going_on:
        still: list[Ended] = [
            {"id": one.about["id"], "state": "running", "why": "not over yet"} for one in going_on
        ]
        return ended_answer(still, "done")
    found, before = jobs.meant(context, topic, args.ids)
    left_s = None if args.for_s is None else max(0.0, args.for_s - (time.monotonic() - began_s))

    def tick(done: int, total: int) -> None:
        if total > 1:
            context.warn(f"{done}/{total} over")

    answer = ended_answer([*before, *jobs.wait(context, found, left_s, tick)], "done")
    for one in commands:
        if named(context, topic, one.about["uid"]):
            context.warn(f"{one.about['id']} was left: its process died before its end")
            answer.next.append(left_command(one.about))
            answer.exit_code = 6
    return answer


def left_command(about: About) -> str:
    """What to do with a command whose process died."""
    if about["verb"] == "sweep":
        return f"leadline sweep resume {about['id']} --detach"
    return f"leadline stop {about['id']}"


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

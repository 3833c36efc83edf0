"""Withdraw a run, an experiment, a claim or anything else that was recorded."""

from __future__ import annotations

import argparse

from leadline.cli.answer import LISTED, Answer, rested_lines
from leadline.core.plain import as_rows
from leadline.core.timestamps import counted
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Withdraw something; with a sweep its experiments. It stays in the record with the reason and counts as
evidence no more; what rested on it is listed: claims with their labels before and after, decisions, hypotheses,
baselines, texts that cite it."""
EXAMPLES = [
    "leadline retract P-003-r2 --why 'another job shared the GPU'",
    "leadline retract P-W1 --why 'the timer was the wall clock' --negative invalid-test",
]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("targets", nargs="+", metavar="ID")
    parser.add_argument("--why", default="", metavar="TEXT", help="the reason (needed)")
    parser.add_argument(
        "--negative",
        default="",
        metavar="REASON",
        help="the reason is a negative result as well, of this class (`note --negative`)",
    )


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.core.values import as_dict
    from leadline.services.write.retract import retract, with_parts

    topic = context.topic(args.thread)
    targets = with_parts(context.store.view(topic), args.targets)
    if args.negative and args.why.strip():
        from leadline.services.write.note import note

        # While they stand, so that what it cites of them can be read.
        note(context, topic, args.why, args.targets, "negative", args.negative)
    done = [retract(context, topic, target, args.why, whole) for target, whole in targets.items()]
    rests = {r["id"]: r for each in reversed(done) for r in each.rests if r["id"] not in targets}
    if len(done) == 1:
        told, data = f"{done[0].target} is retracted: {done[0].why}", as_dict(done[0])
        rested = done[0].rests
    else:
        told = f"{counted(len(done), 'thing')} retracted: {', '.join([*targets][:LISTED])}"
        data, rested = {"retracted": [as_dict(each) for each in done]}, list(rests.values())
    return Answer(
        as_rows([told, *rested_lines(rested)]),
        data,
        {"retracted": len(done), "rests": len(rested)},
        len(rested) > LISTED,
    )

"""Correct a recorded field."""

from __future__ import annotations

import argparse

from leadline.cli.answer import LISTED, Answer, rested_lines
from leadline.core.plain import as_rows
from leadline.core.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Correct a field of a run, experiment, note, claim, decision, hypothesis or of the thread's kickoff. The
old value stays in the record. What a run measured cannot be corrected by typing: retract the run and make it again."""
EXAMPLES = [
    "leadline correct P-003-r1 config.batch=64 --why 'the flag was read from the environment'",
    "leadline correct P-N4 text='the gather, not the sort' --why 'wrong word'",
    "leadline correct my-topic stop='3 runs a side and a difference above 5 %'",
    "leadline correct my-topic stop+='or two weeks without progress'",
]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "target", metavar="ID", help="an id, or the topic of the thread for its kickoff"
    )
    parser.add_argument(
        "assignments", nargs="+", metavar="FIELD=VALUE", help="FIELD+=VALUE adds to a kickoff list"
    )
    parser.add_argument(
        "--why",
        default="",
        metavar="TEXT",
        help="the reason (needed when something was said before)",
    )


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.core.values import as_dict
    from leadline.services.write.correct import correct

    topics = context.store.topics()
    topic = args.target if args.target in topics and not args.thread else context.topic(args.thread)
    done = correct(context, topic, args.target, args.assignments, args.why)
    lines = [
        f"{c.target}  {c.field}: {_short(c.was)} -> {_short(c.now)}" for c in done.changes[:20]
    ]
    if len(done.changes) > 20:
        lines.append(f"… {len(done.changes) - 20} more")
    lines += [f"{name} is reported from now on: {why}" for name, why in done.reported.items()]
    lines += rested_lines(done.rests) if done.reported or done.rests else []
    counts = {"changes": len(done.changes), "rests": len(done.rests)}
    return Answer(as_rows(lines), as_dict(done), counts, len(done.rests) > LISTED)


def _short(value: Any) -> str:
    text = "(not said)" if value in (None, "", []) else str(value)
    return text if len(text) <= 80 else text[:79] + "…"

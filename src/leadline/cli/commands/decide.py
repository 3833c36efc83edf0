"""Record a decision."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.cli.parsing import override_option
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Record a decision with what it rests on: experiments, runs (failed ones as well), claims, hypotheses or
notes. Numbers in the text are citations, {{P-003.time_ms}}."""
EXAMPLES = [
    "leadline decide 'use block 128' --evidence P-003 P-C1",
    "leadline decide 'keep block 128' --evidence P-003 --next 'try block 256'",
    "leadline decide 'stop the fp8 line' --evidence P-007-r1 --owner ada",
]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", nargs="?", default="", metavar="TEXT")
    parser.add_argument(
        "--evidence", nargs="+", action="extend", default=[], metavar="ID", help="what it rests on"
    )
    parser.add_argument(
        "--no-evidence",
        default="",
        metavar="WHY",
        help="it rests on nothing recorded; stays visible",
    )
    parser.add_argument(
        "--why", default="", metavar="TEXT", help="the reason, where it is not said"
    )
    parser.add_argument(
        "--owner", default="", metavar="NAME", help="who decided (default: who records it)"
    )
    parser.add_argument(
        "--supersedes", metavar="ID", help="the decision that it takes the place of"
    )
    parser.add_argument(
        "--next", default="", metavar="TEXT", dest="next_action", help="what to do now"
    )
    parser.add_argument(
        "--reported", metavar="SOURCE", help="its numbers come from elsewhere; never evidence"
    )
    override_option(parser, "record it although its words say more than its evidence")


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.cli.commands.note import in_place_of, split_words
    from leadline.services.refusal import Overrides
    from leadline.services.write.note import decide, note

    # `--evidence P-003 TEXT`: the option has swallowed the text
    evidence, tail = split_words(args.evidence)
    if args.text and tail:
        evidence, tail = args.evidence, ""
    topic = context.topic(args.thread)
    if args.supersedes:
        from leadline.services.write.correct import check_replaceable, supersede

        check_replaceable(context, topic, args.supersedes, "decision")
    shown, made = decide(
        context,
        topic,
        args.text or tail,
        evidence,
        args.owner,
        args.no_evidence,
        args.reported,
        Overrides(args.override),
        args.why,
    )
    if args.supersedes:
        supersede(context, topic, args.supersedes, shown, made["text"])
    follows = ""
    if args.next_action.strip():
        instead = in_place_of(context, topic)
        step, _ = note(context, topic, args.next_action, [shown], "next")
        follows = f"\n{step}  next action about {shown}{instead}"
    rests = ", ".join(made["evidence"]) or f"nothing recorded ({made['no_evidence']})"
    marked = "\nits numbers are reported, not evidence" if args.reported else ""
    return Answer(
        f"{shown}  decided by {made['owner']}, resting on {rests}{marked}{follows}",
        {"id": shown, **{k: v for k, v in made.items() if k != "refs"}},
    )

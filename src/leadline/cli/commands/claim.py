"""State what the runs show."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.cli.parsing import override_option, several
from leadline.core.plain import as_rows
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context
    from leadline.services.evidence.claim import ClaimMade

DESCRIPTION = """State what the runs show, in words and in a checkable form. The label (exploratory, replicated,
stable) is computed from the runs; asking for a higher one than they bear is refused with what is missing and the
commands that get it.

PREDICATE: METRIC(SUBJECT) OP [NUMBER *] METRIC(SUBJECT) or a number; OP is < <= > >= or ~= ... +- 2%; several joined by
`and`. SUBJECT: an id, `baseline`, or config values (block=128). Numbers in TEXT are citations, {{P-003.time_ms}}."""
EXAMPLES = [
    "leadline claim 'block 128 is faster (n={{P-003.time_ms.n}})' --that 'time_ms(P-003) < time_ms(baseline)'",
    "leadline claim 'holds over seeds' --that 'loss(arm=new) < loss(arm=old)' --across seed=1,2,3 --label stable",
]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", metavar="TEXT")
    parser.add_argument("--that", default="", metavar="PREDICATE", help="the checkable form")
    several(parser, "--across", "AXIS=v1,v2", "values over which it holds (needed for stable)")
    several(
        parser,
        "--axis",
        "KEY",
        "what the two sides differ in (default: the one thing they do)",
        dest="axes",
    )
    several(parser, "--nuisance", "KEY", "a difference known not to matter; stays visible")
    parser.add_argument(
        "--label", default="", metavar="LABEL", help="refuse unless it reaches this label"
    )
    parser.add_argument(
        "--path", default="", metavar="EXECUTOR", help="the execution path it is to be confirmed on"
    )
    parser.add_argument("--supersedes", metavar="ID", help="the claim that it takes the place of")
    parser.add_argument(
        "--reported", metavar="SOURCE", help="its numbers come from elsewhere; never evidence"
    )
    parser.add_argument(
        "--holdout",
        action="store_true",
        help="look at the sealed holdout for it (leadline measure holdout); each look is counted",
    )
    override_option(
        parser, "record it with its computed label all the same; the reason stays visible"
    )


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.cli.commands.claims import claim_lines
    from leadline.services.evidence.claim import ClaimRequest, claim, parse_across
    from leadline.services.refusal import Overrides

    topic = context.topic(args.thread)
    if args.supersedes:
        from leadline.services.write.correct import check_replaceable, supersede

        check_replaceable(context, topic, args.supersedes, "claim")
    if args.holdout:
        from leadline.services.run.holdout import check_holdout

        check_holdout(context, topic)  # before the claim: the look comes after it
    row = claim(
        context,
        topic,
        ClaimRequest(
            args.text,
            args.that,
            args.label,
            parse_across(args.across),
            args.axes,
            args.nuisance,
            args.path,
            args.reported,
            Overrides(args.override),
        ),
    )
    if args.supersedes:
        supersede(context, topic, args.supersedes, row["id"], row["text"])
    if args.holdout:
        row = _with_holdout(context, topic, row)
    lines = claim_lines(row)
    lines += [f"    advice: {f['what']} ({f['mend']})" for f in row["lint"]]
    return Answer(
        as_rows(lines), row, next=[f"leadline claims --why {row['id']}"] if row["missing"] else []
    )


def _with_holdout(context: Context, topic: str, row: ClaimMade) -> ClaimMade:
    """The claim as it stands after a look at the holdout for it."""
    import sys

    from leadline.cli.live import Watching
    from leadline.services.evidence.claims import row_now
    from leadline.services.run.holdout import look

    look(context, topic, row["id"], Watching(sys.stderr), context.warn)
    return {**row_now(context.store.view(topic), row["id"]), "lint": row["lint"]}

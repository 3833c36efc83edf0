"""What measures, apart from what is measured."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.cli.parsing import subverbs
from leadline.core.plain import as_rows
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context
    from leadline.services.run.declare_ruler import RulerRow

DESCRIPTION = """The ruler: the files and data that measure, declared apart from the code that they measure. Every run
records its digest. Two sides with different rulers are not compared, whatever the axis; what an old ruler measured is
measured again by the new one.

Where nothing is declared, the files that a command names are taken for it when they load other code of the
repository."""
EXAMPLES = [
    "leadline measure protect bench.py 'data/val/**' --metric loss",
    "leadline measure none --why 'one file, timed from outside'",
    "leadline measure show",
]


def configure(parser: argparse.ArgumentParser) -> None:
    verbs = subverbs(parser)
    verbs.add_parser("show", help="what measures now, and where it changed")
    protect = verbs.add_parser("protect", help="these files, folders or patterns measure")
    protect.add_argument("patterns", nargs="+", metavar="PATTERN", help="** means all folders")
    protect.add_argument("--metric", default="", metavar="NAME", help="this one (default: all)")
    protect.add_argument("--why", default="", metavar="TEXT")
    none = verbs.add_parser("none", help="nothing measures apart from the code")
    none.add_argument("--metric", default="", metavar="NAME", help="this one (default: all)")
    none.add_argument("--why", default="", metavar="TEXT", help="the reason (needed)")


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.services.run import declare_ruler

    topic = context.topic(args.thread)
    if args.subverb == "show":
        rows = declare_ruler.rulers_of(context, context.store.thread(topic))
        lines = [line for row in rows for line in _lines(row)]
        told = (
            as_rows(lines) or "nothing is declared: the files that commands name are taken for it"
        )
        proposed = [] if rows else ["leadline measure protect FILE"]
        return Answer(told, rows, {"rulers": len(rows)}, next=proposed)
    if args.subverb == "none":
        row = declare_ruler.protect_nothing(context, topic, args.why, args.metric)
    else:
        row = declare_ruler.protect(context, topic, args.patterns, args.metric, args.why)
    return Answer(as_rows(_lines(row)), row)


def _lines(row: RulerRow) -> list[str]:
    of = row["metric"] or "every metric"
    if not row["patterns"]:
        return [f"{of}: nothing measures apart from the code ({row['why']})"]
    lines = [f"{of} is measured by {', '.join(row['patterns'])}: {row['files']} files"]
    if row["beside"]:
        lines.append(f"  known by their digests alone, in no code state: {_few(row['beside'])}")
    if row["changed_at"]:
        lines.append(f"  changed at {row['changed_at']}: {_few(row['changed'])}")
    if row["unknown"]:
        lines.append(f"  not known of the runs before it in {_few(row['unknown'])}")
    return lines


def _few(names: list[str]) -> str:
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return ", ".join(names[:8]) + more

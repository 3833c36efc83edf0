"""The thread at a glance, and the list of runs."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer, JsonLines
from leadline.cli.parsing import several
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

DESCRIPTION = """Without options: every thread in one line, and the present one at a glance. With --runs, --where or
--sort: its runs, filtered and sorted (columns: id experiment state wall_s exit_code started_at, config.KEY,
metrics.NAME)."""
DASHED_VALUES = ("--sort",)
EXAMPLES = [
    "leadline status",
    "leadline status --runs --where config.level=6 --sort -metrics.mb_s --limit 20",
]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--runs", action="store_true", help="list runs")
    several(parser, "--where", "COLUMN=VALUE", "only these runs")
    parser.add_argument("--sort", metavar="[-]COLUMN", help="order of the runs; - for descending")
    parser.add_argument(
        "--limit", type=int, default=50, metavar="N", help="at most N rows (default 50)"
    )
    parser.add_argument("--all-threads", action="store_true", help="runs of every thread")


def run(context: Context, args: argparse.Namespace) -> Answer:
    if args.runs or args.where or args.sort or args.all_threads:
        return _runs(context, args)
    from leadline.services.look.status import status

    return Answer(*status(context, args.thread))


def _runs(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.core.errors import usage
    from leadline.render.terminal.listing import runs_table

    where = {}
    for text in args.where:
        column, equals, value = text.partition("=")
        if not equals:
            raise usage(
                "bad-where",
                f"--where {text!r} is not COLUMN=VALUE",
                do="leadline status --where state=failed",
            )
        # as the listing words it
        where[column] = "planned" if (column, value) == ("state", "running") else value
    if args.limit < 1:
        raise usage(
            "bad-limit",
            f"--limit {args.limit} shows nothing",
            why="at least 1",
            do="leadline status --runs --limit 50",
        )
    topic = None if args.all_threads else context.topic(args.thread)
    asked, text = (topic, where, args.sort or "uid", args.limit), ""
    if args.json:
        lines, total = context.read_model.run_lines(*asked)
        shown = len(lines)
    else:
        rows, total = context.read_model.run_rows(*asked)
        lines, shown, text = [], len(rows), runs_table(rows)
    cut = total > shown
    if cut:
        text += f"\n{shown} of {total} runs"
    return Answer(
        text or "no runs",
        JsonLines(lines),
        {"runs": total, "shown": shown},
        cut,
        [f"leadline status --runs --limit {total}"] if cut else [],
    )

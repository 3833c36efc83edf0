"""The series of a run: what was logged, and the points."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.core.plain import as_rows, shell_word
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from leadline.core.record.thread import Thread
    from leadline.core.series.store import SeriesListed, SeriesPoints
    from leadline.services.context import Context
    from leadline.services.series.series import CompactedRun

DESCRIPTION = """The series that a run logged by ll.log or $LEADLINE_METRICS: its metrics, or the points of one. A run
that is still going is read as far as it has written. Long series are thinned so that every extreme is kept
(--method minmax) or that the shape is (--method lttb); the full count is always said, and --csv gives every point.
Where several processes wrote a metric, the points are in the order of their clocks and a column names the writer.

`leadline series compact RUN...` packs the segments of ended runs into Parquet: read back and verified by digest before
anything is removed, and only where that is smaller."""
EXAMPLES = [
    "leadline series P-003",
    "leadline series P-003-r2 loss --points 200",
    "leadline series P-003 loss --csv > loss.csv",
    "leadline series compact P-003-r1",
]
SHOWN = 40
METRICS_SHOWN = 100


def configure(parser: argparse.ArgumentParser) -> None:
    parser.usage = "leadline series RUN [METRIC] [options]\n       leadline series compact RUN..."
    parser.add_argument(
        "words",
        metavar="RUN [METRIC]",
        nargs="+",
        help="a run (or experiment: its last run), a metric",
    )
    parser.add_argument(
        "--points", type=int, metavar="N", help=f"show about N points (default {SHOWN}; 0: all)"
    )
    parser.add_argument(
        "--method", choices=("minmax", "lttb"), default="minmax", help="how points are left out"
    )
    parser.add_argument(
        "--writer", default="", metavar="NAME", help="the points of one process: its name or rank"
    )
    parser.add_argument(
        "--csv",
        action="store_true",
        help="step,value,time_s(,writer) on stdout; all points unless --points",
    )


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.core.errors import usage
    from leadline.services.look.show import the_run
    from leadline.services.series.series import listed, points_of_metric

    thread = context.thread(args.thread)
    if args.words[0] == "compact":
        return _compact(context, thread, args.words[1:])
    if len(args.words) > 2 or (args.points is not None and args.points < 0):
        what = (
            "a run and at most one metric are taken"
            if len(args.words) > 2
            else "--points is a count"
        )
        raise usage("bad-arguments", what, do="leadline series --help")
    the_one = the_run(thread, args.words[0])
    if len(args.words) == 1:
        if args.csv:
            raise usage(
                "which-metric",
                "--csv needs a metric",
                do=f"leadline series {the_one.id} METRIC --csv",
            )
        return _metrics(thread, listed(context, the_one))
    most = args.points
    if most is None and not args.csv:
        most = SHOWN
    found = points_of_metric(
        context, the_one, args.words[1], most=most or None, writer=args.writer, method=args.method
    )
    return _points(thread, found, args)


def _metrics(thread: Thread, found: SeriesListed) -> Answer:
    from leadline.core.timestamps import size
    from leadline.render.terminal.series import render_metrics

    rows = found["metrics"]
    data: SeriesListed = {**found, "metrics": rows[:METRICS_SHOWN]}
    counts = {"metrics": len(rows), "points": found["points"], "writers": len(found["writers"])}
    text = render_metrics(thread, data, len(rows), size(found["size_bytes"]))
    following = [f"leadline series {found['run']} {shell_word(rows[0]['metric'])}"] if rows else []
    return Answer(text, data, counts, len(rows) > METRICS_SHOWN, following)


def _points(thread: Thread, found: SeriesPoints, args: argparse.Namespace) -> Answer:
    from leadline.render.terminal.series import render_csv, render_points

    shown, total = len(found["points"]), found["total"]
    if args.csv:
        return Answer(render_csv(found), found, {"points": total}, shown < total)
    again = (
        [f"leadline series {found['run']} {shell_word(found['metric'])} --csv"]
        if shown < total
        else []
    )
    return Answer(
        render_points(thread, found), found, {"points": total, "shown": shown}, shown < total, again
    )


def _compact(context: Context, thread: Thread, ids: list[str]) -> Answer:
    from leadline.core.errors import usage
    from leadline.core.timestamps import size
    from leadline.services.series.series import compact

    if not ids:
        raise usage("no-run", "no run is named", do="leadline series compact RUN")
    done = [compact(context, one) for display in ids for one in thread.runs_of(display)]
    counts = {"runs": len(done), "compacted": sum(row["segments"] > 0 for row in done)}
    return Answer(as_rows(f"{row['run']}: {_compacted(row, size)}" for row in done), done, counts)


def _compacted(row: CompactedRun, size: Callable[[int], str]) -> str:
    """What became of one run, and what there was no need or no way to pack."""
    if row["segments"]:
        text = f"{row['points']:,} points, {size(row['bytes_before'])} before, {size(row['bytes_after'])} now"
    elif row["larger_bytes"]:
        text = f"{row['points']:,} points stay as they are: {size(row['bytes_after'])}, a compacted file would have "
        text += size(row["larger_bytes"])
    elif row["points"]:
        kept = f"{row['points']:,} points in {size(row['bytes_after'])}"
        text = f"compacted already: {kept}, verified again; nothing is left to do"
    else:
        text = "ll.log wrote no point here; nothing to compact"
    many = "metric stands" if row["lines"] == 1 else "metrics stand"
    return text + (
        f" ({row['lines']} {many} as JSON lines, which are not packed)" if row["lines"] else ""
    )

"""The series of a run, whoever wrote them: by ``ll.log`` in segments, as JSON lines in their file or
on stdout, compacted, or by a tracker.

What the job's tracker or an import handed over is kept beside the run, so that it can be looked at
when the tracker's files are gone and its server is not there. The price is a second copy, 32 bytes
a point.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from leadline.core.errors import conflict, not_found
from leadline.core.record.run import TERMINAL_STATES, Run, has_printed_series
from leadline.core.secrets.quick import may_hold
from leadline.core.series.downsample import lttb, minmax
from leadline.core.series.points import Points
from leadline.core.series.store import (
    MetricSeries,
    SeriesListed,
    SeriesPoints,
    Store,
    Writer,
    merged_with_origin,
    summary,
)
from leadline.core.timestamps import few
from leadline.core.tracker.reading import Reading
from leadline.core.tracker.run_folder import FETCHED, LINES
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.services.context import Context

PRINTED = "stdout.log"

if TYPE_CHECKING:
    from leadline.core.record.bodies import Problem
    from leadline.ports.series import Compacted

    class CompactedRun(Compacted):
        run: str
        lines: int  # metrics that are JSON lines, which stay as they are


def series_of(context: Context, run: Run) -> dict[str, Points]:
    """Metric to its points, those of several processes merged by their clocks. Empty when the run
    logged none.

    A run that is still going gives what it wrote so far. Raises LeadlineError (environment,
    ``no-pyarrow``).
    """
    store = store_of(context, run)
    return {metric: store.merged(metric) for metric in store.metrics}


def store_of(context: Context, run: Run) -> Store:
    """The same by writer. Of a metric that was written in several ways the one from ``ll.log``
    counts, then the lines, then those of stdout, then the tracker, as in the record."""
    attempt = context.run_folder(run.uid)
    store = context.series.read(attempt)
    lines = {LINES: context.series.read_lines(os.path.join(attempt, LINES))}
    if run.state != "done" or has_printed_series(run):  # else it need not be read
        lines[PRINTED] = context.series.read_printed(os.path.join(attempt, PRINTED))
    for writer_name, series in lines.items():
        known = set(store.metrics)
        rest = {name: points for name, points in series.items() if name not in known}
        if rest:
            store.writers[writer_name] = Writer(writer_name, rest)
    fetched = context.series.read(os.path.join(attempt, FETCHED))
    known = set(store.metrics)
    for name, writer in fetched.writers.items():
        writer.series = {
            metric: points for metric, points in writer.series.items() if metric not in known
        }
        store.writers[name] = writer
    store.problems += fetched.problems
    store.torn_bytes += fetched.torn_bytes
    store.cuts += fetched.cuts
    if any(may_hold(metric) for metric in store.metrics):
        hide = context.redactor.text  # a job writes its files itself
        for writer in store.writers.values():
            writer.series = {hide(metric): points for metric, points in writer.series.items()}
    return store


def keep_fetched(context: Context, attempt: str, reading: Reading) -> list[str]:
    """Keep the points of a tracker's run beside ours. Returns names too long to be kept.
    LeadlineError(environment)."""
    hide = context.hiding("the metrics of a tracker").text
    series = {hide(metric): points for metric, points in reading.series.items()}
    odd = {hide(metric): count for metric, count in reading.odd.items()}
    return context.series.keep(os.path.join(attempt, FETCHED), reading.run.tracker, series, odd)


def bringing(run: Run) -> str:
    """The command that brings the points of a run from its tracker, "" when none has them."""
    about = run.tracker  # one whose job made no run there has nothing to bring
    return (
        f"leadline tracker fetch {run.id}"
        if about.get("tracker") and about.get("state") != "none"
        else ""
    )


def is_here(context: Context, run: Run) -> bool:
    """Whether points that came from elsewhere are kept on this machine."""
    return context.series.has(os.path.join(context.run_folder(run.uid), FETCHED))


def _folders(context: Context, run: Run) -> list[str]:
    attempt = context.run_folder(run.uid)
    return [attempt, os.path.join(attempt, FETCHED)]


def listed(context: Context, run: Run) -> SeriesListed:
    """The metrics of a run with their summaries."""
    store = store_of(context, run)
    rows: list[MetricSeries] = [
        {"metric": metric, **summary(store.merged(metric)), "writers": store.writers_of(metric)}
        for metric in store.metrics
    ]
    return {
        "run": run.id,
        "provisional": run.state not in TERMINAL_STATES,
        "elsewhere": "" if rows else bringing(run),
        "metrics": rows,
        "points": store.points,
        "writers": [
            {"name": w.name, "rank": w.rank, "points": sum(map(len, w.series.values()))}
            for _, w in sorted(store.writers.items())
        ],
        "not_numbers": store.odd,
        "problems": [*store.problems, *_cuts(context, run, store)],
        "torn_bytes": store.torn_bytes,
        "size_bytes": sum(map(context.series.size_bytes, _folders(context, run))),
    }


def problems_of(context: Context, run: Run) -> list[Problem]:
    """What is damaged or missing of the series of a run."""
    store = store_of(context, run)
    return [*store.problems, *_cuts(context, run, store)]


def _cuts(context: Context, run: Run, store: Store) -> list[Problem]:
    """What is missing of the series of a run that is over: at the end of a segment, or of what was
    there when the run ended."""
    if run.state not in TERMINAL_STATES:
        return []
    logged = sum(
        s.get("rows") or 0 for s in run.extraction.get("sources") or [] if s.get("kind") == "series"
    )
    here = sum(
        len(points)
        for name, writer in store.writers.items()
        if name not in (LINES, PRINTED)
        for points in writer.series.values()
    ) + sum(store.odd.values())
    gone: list[Problem] = []
    if here < logged and (here or os.path.isdir(context.run_folder(run.uid))):
        what = f"{logged:,} points were there when the run ended, {here:,} are now: a segment was cut since"
        gone.append({"code": "cut-since", "what": what})
    return [*store.cuts, *gone]


def points_of_metric(
    context: Context,
    run: Run,
    metric: str,
    *,
    most: int | None,
    writer: str = "",
    method: str = "minmax",
) -> SeriesPoints:
    """The points of one metric, thinned to about ``most`` (None: all). ``writer``: of one process (its name, or
    its rank). Where several processes wrote it and none is chosen, ``writers`` names them, and each
    point has the name of its own as a fourth element.

    Raises LeadlineError: no such metric, no such writer (not_found).
    """
    store = store_of(context, run)
    names = store.writers_of(metric)
    if not names:
        near = few(store.metrics, 12)
        what = f"{run.id} logged no series on this machine"
        why = "series stay where the run was; ll.log, $LEADLINE_METRICS and JSON lines with a step on stdout make them"
        do = bringing(run) or f"leadline show {run.id}"
        if store.metrics:
            what, why = f"{run.id} logged no {metric!r}", f"it logged: {near}"
            do = f"leadline series {run.id}"
        raise not_found("no-series", what, why=why, do=do)
    origin: list[int] = []
    if writer:
        ranks = {str(w.rank): name for name, w in store.writers.items() if w.rank is not None}
        chosen = writer if writer in names else ranks.get(writer.removeprefix("rank"), "")
        if chosen not in names:
            raise not_found(
                "no-such-writer",
                f"{writer!r} did not write {metric} in {run.id}",
                why=f"its writers: {', '.join(names[:12])}",
                do=f"leadline series {run.id}",
            )
        points = store.writers[chosen].series[metric]
    elif len(names) > 1:
        points, origin = merged_with_origin([store.writers[name].series[metric] for name in names])
    else:
        points = store.merged(metric)
    kept: Iterable[int] = range(len(points))
    if most is not None and len(points) > most:
        kept = (
            lttb(points.steps, points.values, most) if method == "lttb" else _minmax(points, most)
        )
    rows: list[list[Any]] = [
        [
            _or_none(points.steps[k]),
            points.values[k],
            _or_none(points.times[k]),
            *([names[origin[k]]] if origin else []),
        ]
        for k in kept
    ]
    shown_by = "" if len(rows) == len(points) else method
    return {
        "run": run.id,
        "metric": metric,
        "total": len(points),
        "shown_by": shown_by,
        "writers": names if origin else [],
        "points": rows,
    }


def _minmax(points: Points, most: int) -> list[int]:
    return minmax(points.values, max(1, (most - 2) // 2))


def _or_none(value: float) -> float | None:
    return None if value != value else value


def compact(context: Context, run: Run) -> CompactedRun:
    """Replace the segments of a run that has ended by a verified Parquet file, and those fetched by
    another.

    Raises LeadlineError: ``still-running`` (conflict), and what
    ``SeriesStore.compact`` raises.
    """
    if run.state not in TERMINAL_STATES:
        raise conflict(
            "still-running",
            f"{run.id} has not ended",
            why="its processes still write to the segments",
            do="leadline status --runs",
        )
    own, *others = _folders(context, run)
    done = [context.series.compact(own)]
    done += [context.series.compact(other) for other in others if context.series.has(other)]
    lines = context.series.read_lines(os.path.join(own, LINES))
    return {
        "run": run.id,
        "segments": sum(one["segments"] for one in done),
        "points": sum(one["points"] for one in done),
        "bytes_before": sum(one["bytes_before"] for one in done),
        "bytes_after": sum(one["bytes_after"] for one in done),
        "larger_bytes": sum(one["larger_bytes"] for one in done),
        "digest": done[0]["digest"],
        "lines": len(lines),
    }

"""Series of one metric side by side: which runs are meant, what they hold, as few points as the eye
needs."""

from __future__ import annotations

import math
from array import array

from leadline.core.errors import LeadlineError, not_found, usage
from leadline.core.record.run import TERMINAL_STATES, Run
from leadline.core.record.thread import Experiment, Thread
from leadline.core.series.downsample import minmax
from leadline.core.series.points import Points
from leadline.core.series.store import Store
from leadline.core.typed import Any
from leadline.core.values import as_dict, dataclass, field
from leadline.services.context import Context
from leadline.services.series.series import bringing, store_of

LINES_SHOWN = 12
REPORT_COLUMNS = 240  # places in a plot of the report
# in a whole report, some 6 KB each, so that a page of many experiments stays a page
REPORT_LINES = 300
PANELS_SHOWN = 12  # unless metrics are named
WRITER_COLUMNS = 16  # at least, of each of many processes


@dataclass(slots=True)
class Line:
    """One run's points as drawn. ``xs``: steps, or seconds since the run's first point; ``pieces``:
    the drawn points as (x, value), one list for each stretch of one process without a gap.
    ``points``: how many the series has; ``left_out``: how many cannot stand on the axes, which is
    ``not_finite`` (NaN, infinities), ``not_positive`` (of the others, on a logarithmic axis) and
    ``without_time`` (of the others, over the time) together. ``without_step``: how many stand at
    their place in the series because they have no step. ``writers``: how many processes wrote."""

    run: str
    title: str = ""
    pieces: list[list[tuple[float, float]]] = field(default_factory=list)
    points: int = 0
    left_out: int = 0
    not_finite: int = 0
    not_positive: int = 0
    without_time: int = 0
    without_step: int = 0
    provisional: bool = False
    writers: int = 1

    @property
    def shown(self) -> int:
        return sum(map(len, self.pieces))


@dataclass(slots=True)
class Panel:
    """One metric of all runs. ``without``: runs that have no such series; ``untimed``: runs whose
    points have no times where those are asked for. ``more``: how many ``more_runs`` are beyond the
    cap. ``more_metrics``: on the last panel, metrics beyond the cap."""

    metric: str
    unit: str
    x: str
    logarithmic: bool
    lines: list[Line] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    untimed: list[str] = field(default_factory=list)
    more: int = 0
    more_runs: list[str] = field(default_factory=list)
    more_metrics: int = 0

    def as_dict(self) -> dict[str, object]:
        data: dict[str, object] = as_dict(self)
        return data


def panels(
    context: Context,
    thread: Thread,
    ids: list[str],
    metrics: list[str],
    *,
    x: str = "step",
    logarithmic: bool = False,
    columns: int = 400,
) -> list[Panel]:
    """A panel for each metric; without ``metrics`` the thread's primary ones that have a series,
    else the first ``PANELS_SHOWN`` that have.

    ``ids``: runs, or experiments for all their runs. ``columns``: about how many places there are
    to draw in; of each the least and the greatest value are kept.

    Raises LeadlineError: not_found (an unknown id; ``no-series``: no run meant has a series, or not
    of this name; ``no-times``: its points have none, and ``x`` asks for them).
    """
    runs = _runs(thread, ids)
    stores = {run.id: store_of(context, run) for run in runs}
    names = sorted({name for store in stores.values() for name in store.metrics})
    if not names:
        raise not_found(
            "no-series",
            f"{', '.join(ids[:4])} logged no series on this machine",
            why="a plot needs values over steps; one value a run is what compare and report show",
            do=[step for step in map(bringing, runs) if step][:2]
            or [
                "leadline show " + ids[0],
                "in the job: import leadline as ll; ll.log(step=step, loss=loss)",
            ],
        )
    for metric in metrics:
        if metric not in names:
            from difflib import get_close_matches  # noqa: PLC0415  start-up: 0.9 ms

            near = get_close_matches(metric, names, 5, 0.4) or names[:8]
            of_all = f" (of {len(names)})" if len(names) > len(near) else ""
            raise not_found(
                "no-such-series",
                f"no run meant has a series {metric!r}",
                why=f"there are: {', '.join(near)}{of_all}",
                do=f"leadline plot {' '.join(ids[:3])} --metric {near[0]}",
            )
    chosen = metrics or [name for name in thread.metrics if name in names] or names
    shown = chosen if metrics else chosen[:PANELS_SHOWN]
    found = [panel_of(thread, runs, stores, metric, x, logarithmic, columns) for metric in shown]
    found[-1].more_metrics = len(chosen) - len(shown)
    return found


def panels_of_experiments(context: Context, thread: Thread) -> dict[str, list[Panel]]:
    """Experiment to a panel for each defined metric that its runs logged over steps, for the
    report: the newest experiments first where there are too many. Runs whose series cannot be read
    here are named as without."""
    found: dict[str, list[Panel]] = {}
    left = REPORT_LINES
    for experiment in reversed(thread.experiments.values()):
        standing = (
            [run for run in experiment.runs if not run.retracted] if experiment.stands else []
        )
        runs = standing[:LINES_SHOWN]
        stores: dict[str, Store] = {}
        for run in runs:
            try:
                stores[run.id] = store_of(context, run)
            # compacted, and no reader of Parquet here: `leadline series` says so
            except LeadlineError:
                stores[run.id] = Store()
        metrics = [
            m for m in thread.metrics if any(_is_series(store, m) for store in stores.values())
        ]
        made = [panel_of(thread, runs, stores, m, "step", False, REPORT_COLUMNS) for m in metrics]
        for panel in made:
            panel.more_runs = [run.id for run in standing[LINES_SHOWN:]]
            panel.more = len(panel.more_runs)
        left -= sum(len(panel.lines) for panel in made)
        if left < 0:
            break
        if made:
            found[experiment.id] = made
    return found


def _is_series(store: Store, metric: str) -> bool:
    """One value is no series."""
    return any(len(store.writers[name].series[metric]) > 1 for name in store.writers_of(metric))


def _runs(thread: Thread, ids: list[str]) -> list[Run]:
    found: dict[str, Run] = {}
    for display in ids:
        thing = thread.find(display)
        if isinstance(thing, Experiment):
            found.update((run.uid, run) for run in thing.runs)
        elif isinstance(thing, Run):
            found[thing.uid] = thing
        else:
            raise usage(
                "not-a-run", f"{display} is not a run or an experiment", do="leadline status --runs"
            )
    return list(found.values())


def panel_of(
    thread: Thread,
    runs: list[Run],
    stores: dict[str, Store],
    metric: str,
    x: str,
    logarithmic: bool,
    columns: int,
) -> Panel:
    """``metric`` of ``runs``, whose points are in ``stores`` by run id; the first ``LINES_SHOWN``
    that have it."""
    definition = thread.metrics.get(metric)
    panel = Panel(metric, definition.unit if definition else "", x, logarithmic)
    parts = {
        run.id: [store.writers[name].series[metric] for name in store.writers_of(metric)]
        for run in runs
        for store in [stores[run.id]]
    }
    having = [run for run in runs if any(map(len, parts[run.id]))]
    panel.without = [run.id for run in runs if run not in having]
    if x == "time":
        panel.untimed = [
            r.id for r in having if not any(t == t for one in parts[r.id] for t in one.times)
        ]
        if having and len(panel.untimed) == len(having):
            raise not_found(
                "no-times",
                f"the points of {metric!r} have no times",
                why="whoever wrote them gave none; ll.log does",
                do=f"leadline plot {having[0].id} --metric {metric}",
            )
        having = [run for run in having if run.id not in panel.untimed]
    panel.more_runs = [run.id for run in having[LINES_SHOWN:]]
    panel.more = len(panel.more_runs)
    for run in having[:LINES_SHOWN]:
        line = _line(parts[run.id], x, logarithmic, columns)
        experiment = thread.experiments.get(run.experiment)
        line.run, line.title = run.id, experiment.title if experiment else ""
        line.provisional = run.state not in TERMINAL_STATES
        panel.lines.append(line)
    return panel


def _line(parts: list[Points], x: str, logarithmic: bool, columns: int) -> Line:
    """Each process's points by themselves: joined by their clocks, those of eight would be one
    zigzag."""
    line = Line("", "", points=sum(map(len, parts)), writers=len(parts))
    start = min((t for points in parts for t in points.times if t == t), default=math.nan)
    for points in parts:
        _add(
            line,
            points,
            _places(points, x, start),
            x == "time",
            logarithmic,
            max(WRITER_COLUMNS, columns // len(parts)),
        )
    return line


def _add(line: Line, points: Points, xs: Any, timed: bool, logarithmic: bool, columns: int) -> None:
    values = points.values
    before = line.left_out
    line.not_finite += _without(values)
    if logarithmic:
        line.not_positive += sum(-math.inf < value <= 0 for value in values)
        values = array("d", (value if value > 0 else math.nan for value in values))
    if not math.isfinite(sum(xs)):  # points without a time
        line.without_time += sum(
            at != at and value - value == 0 for at, value in zip(xs, values, strict=True)
        )
        values = array(
            "d", (value if at == at else math.nan for at, value in zip(xs, values, strict=True))
        )
    line.left_out = line.not_finite + line.not_positive + line.without_time
    steps = points.steps
    stepless = 0 if timed else _without(steps)
    line.without_step += stepless
    _join(
        line,
        xs,
        values,
        steps if 0 < stepless < len(steps) else None,
        minmax(values, columns),
        line.left_out > before,
    )


def _without(numbers: Any) -> int:
    """How many of these are no finite number."""
    return 0 if math.isfinite(sum(numbers)) else sum(number - number != 0 for number in numbers)


def _join(line: Line, xs: Any, values: Any, steps: Any, kept: Any, gaps: bool) -> None:
    """The points ``kept`` as pieces. ``steps`` where some have none: those are not joined to the
    others, since their places are of two kinds."""
    piece: list[tuple[float, float]] = []
    before = -1
    for at in kept:
        apart = (
            piece
            and steps is not None
            and (steps[at] == steps[at]) != (steps[before] == steps[before])
        )
        if apart or (piece and gaps and any(v - v != 0 for v in values[before + 1 : at])):
            line.pieces.append(piece)  # a gap is a gap
            piece = []
        piece.append((xs[at], values[at]))
        before = at
    if piece:
        line.pieces.append(piece)


def _places(points: Points, x: str, start: float) -> Any:
    """Where each point stands: its step, its position where no step is known; or seconds since
    ``start``."""
    if x == "time":
        return [t - start if t == t else math.nan for t in points.times]
    steps = points.steps
    if len(steps) and math.isfinite(sum(steps)):
        return steps
    return [float(at) if step != step else step for at, step in enumerate(steps)]

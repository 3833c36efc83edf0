"""Series of one metric side by side: which runs are meant, what they hold, as few points as the eye needs."""

from __future__ import annotations

import math
from array import array
from typing import Any

from leadline.core.downsample import minmax
from leadline.core.errors import LeadlineError
from leadline.core.run import Run
from leadline.core.thread import Experiment, Thread
from leadline.core.tracker import Points
from leadline.core.values import dataclass, field
from leadline.services.context import Context

LINES_SHOWN = 12
REPORT_COLUMNS = 240  # places in a plot of the report
REPORT_LINES = 300  # in a whole report, some 6 KB each, so that a page of many experiments stays a page
X_AXES = ("step", "time")


@dataclass(slots=True)
class Line:
    """One run's points as drawn. ``xs``: steps, or seconds since the run's first point; ``pieces``: the drawn points
    as (x, value), one list for each stretch without a gap. ``points``: how many the series has; ``left_out``: how many
    cannot stand on the axis (no finite number, or not above 0 on a logarithmic one)."""

    run: str
    title: str = ""
    pieces: list[list[tuple[float, float]]] = field(default_factory=list)
    points: int = 0
    left_out: int = 0
    provisional: bool = False

    @property
    def shown(self) -> int:
        return sum(map(len, self.pieces))


@dataclass(slots=True)
class Panel:
    """One metric of all runs. ``without``: runs that have no such series; ``untimed``: runs whose points have
    no times where those are asked for. ``more``: runs beyond the cap."""

    metric: str
    unit: str
    x: str
    logarithmic: bool
    lines: list[Line] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    untimed: list[str] = field(default_factory=list)
    more: int = 0

    def as_dict(self) -> dict[str, Any]:
        from leadline.core.values import as_dict

        data: dict[str, Any] = as_dict(self)
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
    """A panel for each metric; without ``metrics`` the thread's primary ones that have a series, else all that have.

    ``ids``: runs, or experiments for all their runs. ``columns``: about how many places there are to draw in; of each
    the least and the greatest value are kept.

    Raises LeadlineError: not_found (an unknown id; ``no-series``: no run meant has a series, or not of this name;
    ``no-times``: its points have none, and ``x`` asks for them).
    """
    from leadline.services.series import series_of

    runs = _runs(thread, ids)
    series = {run.id: series_of(context, run) for run in runs}
    names = sorted({name for of_run in series.values() for name in of_run})
    if not names:
        raise LeadlineError(
            "not_found",
            "no-series",
            f"{', '.join(ids[:4])} logged no series",
            "a plot needs values over steps; one value a run is what compare and report show",
            ["leadline show " + ids[0], "in the job: import leadline as ll; ll.log(step=step, loss=loss)"],
        )
    for metric in metrics:
        if metric not in names:
            from difflib import get_close_matches

            near = get_close_matches(metric, names, 5, 0.4) or names[:8]
            raise LeadlineError(
                "not_found",
                "no-such-series",
                f"no run meant has a series {metric!r}",
                f"there are: {', '.join(near)}" + (f" (of {len(names)})" if len(names) > len(near) else ""),
                f"leadline plot {' '.join(ids[:3])} --metric {near[0]}",
            )
    chosen = metrics or [name for name in thread.metrics if name in names] or names
    return [_panel(thread, runs, series, metric, x, logarithmic, columns) for metric in chosen]


def panels_of_experiments(context: Context, thread: Thread) -> dict[str, list[Panel]]:
    """Experiment to a panel for each defined metric that its runs logged over steps, for the report: the newest
    experiments first where there are too many. Runs whose series cannot be read here are named as without."""
    from leadline.services.series import series_of

    found: dict[str, list[Panel]] = {}
    left = REPORT_LINES
    for experiment in reversed(list(thread.experiments.values())):
        standing = [run for run in experiment.runs if not run.retracted] if experiment.stands else []
        runs = standing[:LINES_SHOWN]
        series: dict[str, dict[str, Points]] = {}
        for run in runs:
            try:
                series[run.id] = series_of(context, run)
            except LeadlineError:  # compacted, and no reader of Parquet here: `leadline series` says so
                series[run.id] = {}
        metrics = [m for m in thread.metrics if any(len(of_run.get(m, ())) > 1 for of_run in series.values())]
        made = [_panel(thread, runs, series, m, "step", False, REPORT_COLUMNS) for m in metrics]
        for panel in made:
            panel.more = len(standing) - len(runs)
        left -= sum(len(panel.lines) for panel in made)
        if left < 0:
            break
        if made:
            found[experiment.id] = made
    return found


def _runs(thread: Thread, ids: list[str]) -> list[Run]:
    found: dict[str, Run] = {}
    for display in ids:
        thing = thread.find(display)
        if isinstance(thing, Experiment):
            found.update((run.uid, run) for run in thing.runs)
        elif isinstance(thing, Run):
            found[thing.uid] = thing
        else:
            raise LeadlineError(
                "usage", "not-a-run", f"{display} is not a run or an experiment", "", "leadline status --runs"
            )
    return list(found.values())


def _panel(
    thread: Thread,
    runs: list[Run],
    series: dict[str, dict[str, Points]],
    metric: str,
    x: str,
    logarithmic: bool,
    columns: int,
) -> Panel:
    definition = thread.metrics.get(metric)
    panel = Panel(metric, definition.unit if definition else "", x, logarithmic)
    having = [run for run in runs if len(series[run.id].get(metric, ()))]
    panel.without = [run.id for run in runs if run not in having]
    if x == "time":
        panel.untimed = [r.id for r in having if not any(t == t for t in series[r.id][metric].times)]
        if having and len(panel.untimed) == len(having):
            raise LeadlineError(
                "not_found",
                "no-times",
                f"the points of {metric!r} have no times",
                "whoever wrote them gave none; ll.log does",
                f"leadline plot {having[0].id} --metric {metric}",
            )
        having = [run for run in having if run.id not in panel.untimed]
    panel.more = max(0, len(having) - LINES_SHOWN)
    for run in having[:LINES_SHOWN]:
        line = _line(series[run.id][metric], x, logarithmic, columns)
        experiment = thread.experiments.get(run.experiment)
        line.run, line.title = run.id, experiment.title if experiment else ""
        line.provisional = run.state in ("planned", "running")
        panel.lines.append(line)
    return panel


def _line(points: Points, x: str, logarithmic: bool, columns: int) -> Line:
    values = points.values
    xs = _places(points, x)
    if logarithmic:
        values = array("d", (value if value > 0 else math.nan for value in values))
    if x == "time" and not math.isfinite(sum(xs)):
        values = array("d", (value if at == at else math.nan for at, value in zip(xs, values, strict=True)))
    line = Line("", "", points=len(values))
    kept = minmax(values, columns)
    finite = len(values) if len(kept) == len(values) else sum(value - value == 0 for value in values)
    line.left_out = len(values) - finite
    piece: list[tuple[float, float]] = []
    before = -1
    for at in kept:
        if piece and line.left_out and any(v - v != 0 for v in values[before + 1 : at]):
            line.pieces.append(piece)  # a gap is a gap
            piece = []
        piece.append((xs[at], values[at]))
        before = at
    if piece:
        line.pieces.append(piece)
    return line


def _places(points: Points, x: str) -> Any:
    """Where each point stands: its step, its position where no step is known; or seconds since the first."""
    if x == "time":
        start = min(t for t in points.times if t == t)
        return [t - start if t == t else math.nan for t in points.times]
    steps = points.steps
    if len(steps) and math.isfinite(sum(steps)):
        return steps
    return [float(at) if step != step else step for at, step in enumerate(steps)]

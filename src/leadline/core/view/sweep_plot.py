"""What a picture of a sweep or of a measurement in turns shows: a panel for each axis, one plane for
two axes that were varied together; of each cell its median, its runs and the interval of its mean."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

from leadline.core.errors import not_found
from leadline.core.record.thread import Experiment, Thread, is_a
from leadline.core.values import dataclass, field
from leadline.core.view import facts
from leadline.core.view.sweep_table import cell_runs
from leadline.core.view.together import Arm, Row, Together, rows, together

POINTS_SHOWN = 40
METRICS_SHOWN = 4


@dataclass(slots=True)
class Point:
    """A cell. ``low`` and ``high``: of the 95 % interval of the mean, None where there is none."""

    label: str
    experiment: str
    median: float | None
    values: list[float]
    low: float | None = None
    high: float | None = None
    mark: str = ""


@dataclass(slots=True)
class AxisPanel:
    """The cells that differ in one axis. ``at``: where the others stand; ``left_out``: cells beyond the
    cap; ``reference``: median and id of what they are held against."""

    metric: str
    unit: str
    direction: str
    axis: str
    at: str
    points: list[Point]
    reference: float | None = None
    reference_id: str = ""
    left_out: int = 0


@dataclass(slots=True)
class PlanePanel:
    """Two axes varied together: ``cells`` by row and column, None where nothing ran."""

    metric: str
    unit: str
    direction: str
    x_axis: str
    y_axis: str
    xs: list[str]
    ys: list[str]
    cells: list[list[Point | None]] = field(default_factory=list)


SweepPanel = AxisPanel | PlanePanel


def panels_of(thread: Thread, name: str, metrics: Sequence[str] = ()) -> list[SweepPanel]:
    """Without ``metrics`` the first that its runs measured.

    Raises LeadlineError(not_found): nothing of it ran, or it has no such metric.
    """
    item = thread.items.get(name)
    also: set[str] = set()
    if is_a(item, "sweep"):  # cells that were run before, and elsewhere, are of its table too
        also = {r.experiment for runs in cell_runs(thread, item.uid, item.body) for r in runs}
    one = together(thread, name, also=sorted(also))
    if one is not None and one.axes:  # of two experiments of a cell the sweep's own comes first
        cells = {repr(sorted(arm.values.items())): arm for arm in reversed(one.arms)}
        kept = {arm.experiment.id for arm in cells.values()}
        arms = [arm for arm in one.arms if arm.experiment.id in kept]
        one = Together(one.name, one.item, one.axes, arms)
    known = one.metrics(thread) if one is not None else []
    if one is None or not known:
        raise not_found(
            "nothing-to-plot", f"no run of {name} has a metric", do=f"leadline show {name}"
        )
    for metric in metrics:
        if metric not in known:
            raise not_found(
                "no-such-metric",
                f"no run of {name} has {metric!r}",
                why=f"there are: {', '.join(known[:8])}",
                do=f"leadline plot {name} --metric {known[0]}",
            )
    found: list[SweepPanel] = []
    for metric in metrics[:METRICS_SHOWN] or known[:1]:
        found += _of_metric(thread, one, metric)
    return found


def _of_metric(thread: Thread, one: Together, metric: str) -> list[SweepPanel]:
    base = thread.baseline_experiment
    found = rows(thread, one, metric, base)
    if not any(row.ratio is not None and not row.differs for row in found):
        base = None  # it differs in more than the axes: no line for these cells
    by_name = {row.arm.experiment.id: row for row in found}
    points = {arm.experiment.id: _point(by_name[arm.experiment.id], metric) for arm in one.arms}
    varied = [a for a in one.axes if len({str(arm.values.get(a)) for arm in one.arms}) > 1]
    definition = facts.definition(thread, metric)
    facts_of_it = (metric, definition.unit, definition.direction)
    if len(varied) == 2 and (plane := _plane(one, points, varied, facts_of_it)) is not None:
        return [plane]
    groups = [(a, _around(one, a)) for a in varied] if len(varied) > 1 else []
    star = [(axis, arms) for axis, arms in groups if len(arms) > 1]
    if not star or sum(len(arms) - 1 for _, arms in star) + 1 < len(one.arms):
        star = [(", ".join(varied) or "run", one.arms)]
    return [_along(arms, axis, points, facts_of_it, one, base) for axis, arms in star]


def _around(one: Together, axis: str) -> list[Arm]:
    """Of a star the arms along one axis: those that share the commonest values of the others."""
    by_rest: dict[str, list[Arm]] = {}
    for arm in one.arms:
        rest = repr(sorted((k, str(v)) for k, v in arm.values.items() if k != axis))
        by_rest.setdefault(rest, []).append(arm)
    return max(by_rest.values(), key=len)


def _along(
    arms: Sequence[Arm],
    axis: str,
    points: dict[str, Point],
    facts_of_it: tuple[str, str, str],
    one: Together,
    base: Experiment | None,
) -> AxisPanel:
    shown = []
    for arm in arms[:POINTS_SHOWN]:
        point = copy(points[arm.experiment.id])
        values = [arm.values[axis]] if axis in arm.values else list(arm.values.values())
        point.label = ", ".join(map(str, values)) or arm.experiment.title
        shown.append(point)
    others = {k: v for k, v in arms[0].values.items() if k != axis and axis in arms[0].values}
    at = ", ".join(f"{k}={v}" for k, v in {**one.constant, **others}.items())
    metric, unit, direction = facts_of_it
    panel = AxisPanel(metric, unit, direction, axis, at, shown)
    panel.left_out = max(0, len(arms) - POINTS_SHOWN)
    if base is not None:
        panel.reference, panel.reference_id = facts.sample_of(base.runs, metric).median, base.id
    return panel


def _plane(
    one: Together, points: dict[str, Point], axes: list[str], facts_of_it: tuple[str, str, str]
) -> PlanePanel | None:
    """None where fewer than three of four places were run: that is a star."""
    by, across = axes
    values: dict[str, list[str]] = {
        axis: list(dict.fromkeys(str(arm.values.get(axis)) for arm in one.arms)) for axis in axes
    }
    at = {(str(arm.values.get(by)), str(arm.values.get(across))): arm for arm in one.arms}
    if (
        4 * len(at) < 3 * len(values[by]) * len(values[across])
        or max(map(len, values.values())) > POINTS_SHOWN
    ):
        return None
    cells: list[list[Point | None]] = [
        [points[at[y, x].experiment.id] if (y, x) in at else None for x in values[across]]
        for y in values[by]
    ]
    return PlanePanel(*facts_of_it, across, by, values[across], values[by], cells)


def _point(row: Row, metric: str) -> Point:
    runs = [r for r in row.arm.runs if r.is_evidence and metric in r.metrics]
    point = Point("", row.arm.experiment.id, row.sample.median, [r.metrics[metric] for r in runs])
    if row.interval is not None:
        point.low, point.high = row.interval.low, row.interval.high
    point.mark = "; ".join(row.marks)
    return point

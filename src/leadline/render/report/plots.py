"""The plots of the report: which runs go into which, and the SVG of each."""

from __future__ import annotations

import json
import math
from base64 import b64encode

from leadline.core.canonical import canonical_json
from leadline.core.errors import LeadlineError
from leadline.core.record.thread import Experiment, Thread
from leadline.core.timestamps import number, plural
from leadline.core.typed import TYPE_CHECKING, Any, NamedTuple
from leadline.core.view import facts
from leadline.core.view.sweep_plot import panels_of
from leadline.render.plot import series as series_plot
from leadline.render.plot import svg as plot
from leadline.render.plot import sweep as sweep_plot
from leadline.render.report.parts import CONFIG_SHOWN, Cell, cell, changes, decimals_of

if TYPE_CHECKING:
    from collections.abc import Iterable

STRIPS_SHOWN, SWEEPS_SHOWN, PICTURES_SHOWN = 40, 8, 24
PICTURE_PX, POINTS_SHOWN = 440, 600
SWEEP_FROM = 3  # values of an axis that make a sweep
_SEED_WORDS = ("seed", "repeat", "trial", "run")


class StripRow(NamedTuple):
    experiment: Experiment
    svg: str
    median: Cell
    n: int
    is_baseline: bool
    changes: list[str]


class Strips(NamedTuple):
    """One metric: a row of dots for each experiment. ``left_out``: rows beyond the cap."""

    metric: str
    unit: str
    better: str
    rows: list[StripRow]
    axis: str
    logarithmic: bool
    left_out: int


def strips(thread: Thread, metric: str) -> Strips | None:
    definition = facts.definition(thread, metric)
    base = thread.baseline_experiment
    sign = -1.0 if definition.direction == "higher" else 1.0
    found = sorted(
        (sign * median, shown)
        for shown, spans in facts.spans(thread)
        if metric in spans and (median := spans[metric][0]) is not None
    )
    drawn = [
        thread.experiments[name]
        for i, (_, name) in enumerate(found)
        if i < STRIPS_SHOWN or (base is not None and name == base.id)
    ]
    if not drawn:
        return None
    shown = [(e, facts.sample_of(e.runs, metric)) for e in drawn]
    dots = {
        e.id: [plot.Dot(r.id, r.metrics[metric]) for r in e.evidence_runs if metric in r.metrics]
        for e, _ in shown
    }
    scale = plot.axis([d.value for of_one in dots.values() for d in of_one])
    reference = facts.sample_of(base.runs, metric).median if base else None
    if reference is not None and (base is None or base.id not in dots):
        reference = None
    places = decimals_of([sample for _, sample in shown])
    rows = []
    for e, sample in shown:
        words = (
            f"{e.id} {metric}: {sample.n} {plural(sample.n, 'run')}, "
            f"median {number(sample.median)}, "
            f"from {number(sample.minimum)} to {number(sample.maximum)} {definition.unit}"
        )
        is_base = base is not None and e.id == base.id
        svg = plot.strip(dots[e.id], scale, sample.median, reference, words=words)
        rows.append(
            StripRow(e, svg, cell(sample.median, places), sample.n, is_base, changes(base, e))
        )
    better = {"lower": "lower is better", "higher": "higher is better"}.get(
        definition.direction, ""
    )
    return Strips(
        metric,
        definition.unit,
        better,
        rows,
        plot.strip_axis(scale),
        scale.logarithmic,
        len(found) - len(shown),
    )


class Sweep(NamedTuple):
    metric: str
    unit: str
    axis: str
    svg: str
    y_labels: str
    legend: list[tuple[str, str]]  # (mark, name)
    fixed: list[str]
    logarithmic: tuple[bool, bool]
    left_out: int
    runs_left_out: int


class _Point(NamedTuple):
    """Of a run that counts what a sweep draws."""

    id: str
    config: dict[str, Any]
    metrics: dict[str, float]


def sweeps(thread: Thread, metrics: list[str]) -> list[Sweep]:
    """For each metric and each numeric config key with three values or more: the runs over that
    key, one series for each combination of everything else."""

    def tell(experiments: Iterable[Experiment]) -> str:
        runs = (r for e in experiments if e.stands for r in e.evidence_runs)
        return json.dumps([(r.id, r.config, r.metrics) for r in runs])

    told = map(json.loads, thread.told_in_parts("points", facts.TOLD_AT_ONCE, tell))
    runs = [_Point(*point) for part in told for point in part]
    found = []
    for metric in metrics:
        for key in _numeric_axes([r for r in runs if metric in r.metrics]):
            made = _sweep(
                thread,
                metric,
                key,
                [r for r in runs if metric in r.metrics and _is_number(r.config.get(key))],
            )
            if made is not None:
                found.append(made)
    return found[:SWEEPS_SHOWN]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _numeric_axes(runs: list[_Point]) -> list[str]:
    values: dict[str, set[float]] = {}
    for run in runs:
        for key, value in run.config.items():
            if _is_number(value) and not any(
                word in key.lower().split("_") for word in _SEED_WORDS
            ):
                values.setdefault(key, set()).add(float(value))
    return sorted(key for key, seen in values.items() if len(seen) >= SWEEP_FROM)


def _numbers_first(value: Any) -> tuple[bool, float, str]:
    """Sorts numbers by size before all else, which goes by its text."""
    is_number = _is_number(value)
    return (not is_number, value if is_number else 0, str(value))


def _sweep(thread: Thread, metric: str, key: str, runs: list[_Point]) -> Sweep | None:
    groups: dict[str, list[_Point]] = {}
    for run in runs:
        rest = {k: v for k, v in run.config.items() if k != key and k.lower() not in _SEED_WORDS}
        groups.setdefault(canonical_json(rest), []).append(run)
    kept = [g for g in groups.values() if len({float(r.config[key]) for r in g}) >= SWEEP_FROM]
    if not kept:
        return None
    kept.sort(key=lambda g: [_numbers_first(v) for k, v in sorted(g[0].config.items()) if k != key])
    varying = {
        k
        for g in kept
        for k in g[0].config
        if k != key and len({canonical_json(h[0].config.get(k)) for h in kept}) > 1
    }
    groups_shown = kept[: plot.SERIES_SHOWN]
    drawn = [
        plot.thinned(
            sorted(g, key=lambda r: float(r.config[key])), POINTS_SHOWN // len(groups_shown)
        )
        for g in groups_shown
    ]
    series = [_one_series(g, metric, key, sorted(varying)) for g in drawn]
    every = [r for g in drawn for r in g]
    x = plot.axis_at([float(r.config[key]) for r in every])
    y = plot.axis([r.metrics[metric] for r in every])
    base = thread.baseline_experiment
    reference = facts.sample_of(base.runs, metric).median if base else None
    unit = facts.definition(thread, metric).unit
    words = f"{metric} over {key}, {len(every)} runs at {len({float(r.config[key]) for r in every})} values"
    fixed = [
        f"{k}={v}" for k, v in sorted(kept[0][0].config.items()) if k != key and k not in varying
    ]
    return Sweep(
        metric,
        unit,
        key,
        plot.line_plot(series, x, y, reference, words),
        plot.y_labels(y),
        [(plot.key(i), s.name) for i, s in enumerate(series)] if len(series) > 1 else [],
        fixed[:CONFIG_SHOWN],
        (x.logarithmic, y.logarithmic),
        len(kept) - len(series),
        sum(map(len, groups_shown)) - len(every),
    )


def _one_series(runs: list[_Point], metric: str, key: str, varying: list[str]) -> plot.Series:
    at: dict[float, list[plot.Dot]] = {}
    for run in runs:
        at.setdefault(float(run.config[key]), []).append(plot.Dot(run.id, run.metrics[metric]))
    config = runs[0].config
    name = ", ".join(f"{k}={config[k]}" if k in config else f"no {k}" for k in varying)
    return plot.Series(name, tuple((x, tuple(at[x])) for x in sorted(at)))


class SweepPicture(NamedTuple):
    """A sweep as a picture: the address holds all of it, so that its styles meet no others."""

    id: str
    title: str
    address: str


def pictures_of_sweeps(thread: Thread) -> list[SweepPicture]:
    """The newest sweeps that measured something, the newest first."""
    found: list[SweepPicture] = []
    for item in reversed(thread.of_kind("sweep")):
        if len(found) == PICTURES_SHOWN:
            break
        if not item.stands:
            continue
        try:
            panels = panels_of(thread, item.id)
        except LeadlineError:  # nothing of it was measured
            continue
        drawn = b64encode(sweep_plot.svg(panels[:2], PICTURE_PX, PICTURE_PX * 5 // 8).encode())
        address = f"data:image/svg+xml;base64,{drawn.decode()}"
        found.append(SweepPicture(item.id, sweep_plot.title_of(panels[0]), address))
    return found


class SeriesPlot(NamedTuple):
    """One metric of an experiment over its steps, the runs in one picture."""

    metric: str
    unit: str
    svg: str
    y_labels: str
    legend: list[tuple[str, str]]  # (mark, run)
    logarithmic: bool
    notes: list[str]


def series_plots(panels: list[Any]) -> list[SeriesPlot]:
    """``panels``: as ``leadline plot`` draws them, with few points."""
    found = []
    for panel in panels:
        x, y = series_plot.scales(panel)
        lines = [plot.Curve(line.run, line.pieces) for line in panel.lines]
        words = f"{panel.metric} over {panel.x}s of {', '.join(line.name for line in lines)}"
        found.append(
            SeriesPlot(
                panel.metric,
                panel.unit,
                plot.curves(lines, x, y, series_plot.x_labels(panel, x), words),
                plot.y_labels(y, plot.CURVES_PX),
                [(plot.curve_key(i), line.name) for i, line in enumerate(lines)],
                y.logarithmic,
                series_plot.notes(panel),
            )
        )
    return found

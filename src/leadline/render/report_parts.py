"""What the report shows, as plain values: tables, plots and lists computed from the thread, nothing formatted as HTML but
the plots. Text stays as it was recorded; the template escapes it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from leadline.core.canonical import canonical_json
from leadline.core.citation import render as cited
from leadline.core.compare import Comparison, MetricComparison, compare
from leadline.core.run import Run
from leadline.core.stats import Sample
from leadline.core.thread import Experiment, Item, Thread
from leadline.core.timestamps import number
from leadline.render import facts, plot
from leadline.render.facts import EvidenceOf

STRIPS_SHOWN, SWEEPS_SHOWN, CONFIG_SHOWN = 40, 8, 16
SWEEP_FROM = 3  # values of an axis that make a sweep
_SEED_WORDS = ("seed", "repeat", "trial", "run")
VERDICTS = {
    "better": "better",
    "worse": "worse",
    "different": "differs",
    "no difference shown": "no difference shown",
    "inside the baseline's own spread": "inside the baseline's spread",
    "exploratory only": "one run a side",
    "cannot be compared": "not comparable",
}


class Cell(NamedTuple):
    """A number split at its decimal point, so that a column of them lines up; ``fraction`` holds the point too."""

    whole: str
    fraction: str = ""


class Difference(NamedTuple):
    """Against the baseline: mean difference, its interval, in per cent, and what may be said of it."""

    value: Cell
    interval: str
    percent: str
    verdict: str


class MetricCells(NamedTuple):
    median: Cell
    spread: str
    difference: Difference | None


class ResultRow(NamedTuple):
    experiment: Experiment
    n: int
    is_baseline: bool
    changes: list[str]
    cells: list[MetricCells | None]
    confounds: list[str]
    doubts: list[str]
    claims: list[str]


# ---- numbers --------------------------------------------------------------------------------------------------------


def cell(value: float | None, decimals: int | None = None, signed: bool = False) -> Cell:
    if value is None:
        return Cell("–")
    text = number(value) if decimals is None else f"{value:.{decimals}f}"
    if signed and value > 0:
        text = f"+{text}"
    whole, point, fraction = text.replace("-", "−").partition(".")
    return Cell(whole, point + fraction)


def decimals_of(samples: Sequence[Sample]) -> int | None:
    """Decimal places for a column: two digits of the typical spread, else five digits of the largest value; None when
    the values are too far apart for one number of places."""
    medians = [abs(s.median) for s in samples if s.median]
    if not medians:
        return 0
    spreads = sorted(s.sd for s in samples if s.sd)
    finest = spreads[len(spreads) // 2] / 10 if spreads else max(medians) / 1e4
    places = max(0, min(8, -math.floor(math.log10(finest)))) if finest > 0 else 0
    if min(medians) < 10.0**-places or max(medians) >= 1e9:
        return None
    return min(
        places, max(len(number(v).partition(".")[2]) for s in samples for v in (s.median, s.mean) if v is not None)
    )


# ---- results --------------------------------------------------------------------------------------------------------


def results(thread: Thread, metrics: list[str], evidence_of: EvidenceOf | None) -> list[ResultRow]:
    """Standing experiments with evidence, best first, each against the current baseline."""
    base = thread.baseline_experiment
    ranked = facts.ranked(thread)
    samples = {(e.id, m): facts.sample_of(e.runs, m) for e in ranked for m in metrics}
    places = {m: decimals_of([samples[e.id, m] for e in ranked]) for m in metrics}
    labels = _claims_by_experiment(thread, evidence_of)
    rows = []
    for e in ranked:
        comparison = _against(thread, base, e, metrics)
        compared = {m.metric: m for m in comparison.metrics} if comparison else {}
        changed = changes(base, e)
        cells = [_metric_cells(samples[e.id, m], places[m], compared.get(m), len(changed)) for m in metrics]
        confounds = (
            []
            if comparison is None
            else list(
                dict.fromkeys(
                    row.name for row in comparison.diff.of_role("confound") + comparison.diff.of_role("unknown")
                )
            )
        )
        doubts = (
            []
            if comparison is None
            else list(
                dict.fromkeys(
                    r["what"] for r in comparison.refusals if r["code"] not in ("confounded-axis", "unknown-difference")
                )
            )
        )
        rows.append(
            ResultRow(
                e,
                max((samples[e.id, m].n for m in metrics), default=len(e.evidence_runs)),
                e is base,
                changed,
                cells,
                confounds,
                doubts,
                labels.get(e.id, []),
            )
        )
    return rows


def places_of(rows: list[ResultRow]) -> list[int]:
    """For each metric's column: characters behind the decimal point, the point counted."""
    columns = zip(*(row.cells for row in rows), strict=True) if rows else ()
    return [max((len(c.median.fraction) for c in column if c), default=0) for column in columns]


def _against(thread: Thread, base: Experiment | None, experiment: Experiment, metrics: list[str]) -> Comparison | None:
    """Config and command may differ, that is the experiment; everything else that differs is named."""
    if base is None or base is experiment:
        return None
    axes = ["command", *{key for r in (*base.runs, *experiment.runs) for key in r.config}]
    return compare(
        base.runs,
        experiment.runs,
        axes=sorted(axes),
        metric_defs=thread.metrics,
        metrics=metrics,
        a_name=base.id,
        b_name=experiment.id,
    )


def _metric_cells(
    sample: Sample, places: int | None, compared: MetricComparison | None, axes: int = 1
) -> MetricCells | None:
    """``axes``: how many config keys differ from the baseline's; above one there is no verdict, only the numbers."""
    if not sample.n:
        return None
    spread = (
        ""
        if sample.n < 2 or sample.minimum is None
        else "all equal"
        if sample.is_constant
        else f"{_text(cell(sample.minimum, places))} to {_text(cell(sample.maximum, places))}"
    )
    difference = None
    if compared is not None and compared.test.difference is not None:
        interval = compared.test.interval
        shown = (
            f"{_text(cell(interval.low, places, True))} to {_text(cell(interval.high, places, True))}"
            if interval.known and not compared.deterministic
            else ""
        )
        reference = compared.a.mean
        percent = (
            f"{compared.test.difference / abs(reference):+.1%}".replace("-", "−").replace("%", " %")
            if reference
            else ""
        )
        unit = f" {compared.unit}" if shown and compared.unit else ""
        verdict = VERDICTS.get(compared.verdict, compared.verdict) if axes <= 1 else f"{axes} axes differ"
        difference = Difference(cell(compared.test.difference, places, True), shown + unit, percent, verdict)
    return MetricCells(cell(sample.median, places), spread, difference)


def _text(value: Cell) -> str:
    return value.whole + value.fraction


def changes(base: Experiment | None, experiment: Experiment) -> list[str]:
    """What its config changes against the baseline's (or what it is, without a baseline)."""
    if not experiment.runs or base is experiment:
        return []
    mine = experiment.runs[0].config
    theirs = base.runs[0].config if base and base.runs else {}
    return [
        f"{k}={mine[k]}" if k in mine else f"no {k}" for k in sorted({*mine, *theirs}) if mine.get(k) != theirs.get(k)
    ]


def _claims_by_experiment(thread: Thread, evidence_of: EvidenceOf | None) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for claim in thread.claims:
        for experiment in facts.experiments_of(claim, thread) if claim.stands else ():
            found.setdefault(experiment.id, []).append(claim.id)
    return found


# ---- plots ----------------------------------------------------------------------------------------------------------


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
    found = [(e, facts.sample_of(e.runs, metric)) for e in thread.experiments.values() if e.stands]
    found = sorted((pair for pair in found if pair[1].n), key=lambda pair: (sign * (pair[1].median or 0.0), pair[0].id))
    shown = [pair for i, pair in enumerate(found) if i < STRIPS_SHOWN or pair[0] is base]
    if not shown:
        return None
    dots = {e.id: [plot.Dot(r.id, r.metrics[metric]) for r in e.evidence_runs if metric in r.metrics] for e, _ in shown}
    scale = plot.axis([d.value for of_one in dots.values() for d in of_one])
    reference = facts.sample_of(base.runs, metric).median if base else None
    if reference is not None and (base is None or base.id not in dots):
        reference = None
    places = decimals_of([sample for _, sample in shown])
    rows = [
        StripRow(
            e,
            plot.strip(
                dots[e.id],
                scale,
                sample.median,
                reference,
                words=(
                    f"{e.id} {metric}: {sample.n} run{'s' if sample.n > 1 else ''}, median {number(sample.median)}, "
                    f"from {number(sample.minimum)} to {number(sample.maximum)} {definition.unit}"
                ),
            ),
            cell(sample.median, places),
            sample.n,
            e is base,
            changes(base, e),
        )
        for e, sample in shown
    ]
    better = {"lower": "lower is better", "higher": "higher is better"}.get(definition.direction, "")
    return Strips(
        metric, definition.unit, better, rows, plot.strip_axis(scale), scale.logarithmic, len(found) - len(shown)
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


def sweeps(thread: Thread, metrics: list[str]) -> list[Sweep]:
    """For each metric and each numeric config key with three values or more: the runs over that key, one series for
    each combination of everything else."""
    runs = [r for e in thread.experiments.values() if e.stands for r in e.evidence_runs]
    found = []
    for metric in metrics:
        for key in _numeric_axes([r for r in runs if metric in r.metrics]):
            made = _sweep(
                thread, metric, key, [r for r in runs if metric in r.metrics and _is_number(r.config.get(key))]
            )
            if made is not None:
                found.append(made)
    return found[:SWEEPS_SHOWN]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _numeric_axes(runs: list[Run]) -> list[str]:
    values: dict[str, set[float]] = {}
    for run in runs:
        for key, value in run.config.items():
            if _is_number(value) and not any(word in key.lower().split("_") for word in _SEED_WORDS):
                values.setdefault(key, set()).add(float(value))
    return sorted(key for key, seen in values.items() if len(seen) >= SWEEP_FROM)


def _sweep(thread: Thread, metric: str, key: str, runs: list[Run]) -> Sweep | None:
    groups: dict[str, list[Run]] = {}
    for run in runs:
        rest = {k: v for k, v in run.config.items() if k != key and k.lower() not in _SEED_WORDS}
        groups.setdefault(canonical_json(rest), []).append(run)
    kept = [g for g in groups.values() if len({float(r.config[key]) for r in g}) >= SWEEP_FROM]
    if not kept:
        return None
    kept.sort(
        key=lambda g: [
            (not _is_number(v), v if _is_number(v) else 0, str(v)) for _, v in sorted(g[0].config.items()) if _ != key
        ]
    )
    varying = {
        k for g in kept for k in g[0].config if k != key and len({canonical_json(h[0].config.get(k)) for h in kept}) > 1
    }
    series = [_one_series(g, metric, key, sorted(varying)) for g in kept[: plot.SERIES_SHOWN]]
    every = [r for g in kept[: plot.SERIES_SHOWN] for r in g]
    x = plot.axis_at([float(r.config[key]) for r in every])
    y = plot.axis([r.metrics[metric] for r in every])
    base = thread.baseline_experiment
    reference = facts.sample_of(base.runs, metric).median if base else None
    unit = facts.definition(thread, metric).unit
    words = f"{metric} over {key}, {len(every)} runs at {len({float(r.config[key]) for r in every})} values"
    fixed = [f"{k}={v}" for k, v in sorted(kept[0][0].config.items()) if k != key and k not in varying]
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
    )


def _one_series(runs: list[Run], metric: str, key: str, varying: list[str]) -> plot.Series:
    at: dict[float, list[plot.Dot]] = {}
    for run in runs:
        at.setdefault(float(run.config[key]), []).append(plot.Dot(run.id, run.metrics[metric]))
    name = ", ".join(f"{k}={runs[0].config.get(k)}" for k in varying)
    return plot.Series(name, tuple((x, tuple(at[x])) for x in sorted(at)))


# ---- lists ----------------------------------------------------------------------------------------------------------


def said(item: Item, thread: Thread, name: str = "text") -> str:
    """A text of an item with its numbers as they are now."""
    return cited(str(item.body.get(name) or ""), thread, item.refs)


def shown_ids(item: Item, thread: Thread, name: str) -> list[str]:
    return [thread.shown(i, item.refs) for i in facts.listed(item.body.get(name))]


def timeline(thread: Thread) -> list[dict[str, Any]]:
    """Experiments and everything written down, oldest first."""
    entries: list[dict[str, Any]] = []
    for experiment in thread.experiments.values():
        run = experiment.runs[0]
        entries.append(
            {
                "at": experiment.at,
                "kind": "experiment",
                "id": experiment.id,
                "title": experiment.title,
                "experiment": experiment,
                "command": facts.command(run),
                "cwd": run.cwd,
                "code": _code(run),
                "config": [f"{k}={v}" for k, v in sorted(experiment.config.items())],
                "machine": facts.machine_text(run),
                "runs": [_run_row(r, thread) for r in experiment.runs],
                "interpretation": [said(n, thread) for n in experiment.notes_in("interpretation")],
                "next": [said(n, thread) for n in experiment.notes_in("next")],
            }
        )
    roles = {"negative": "negative result", "": "note"}
    for item in thread.items.values():
        role = str(item.body.get("role") or "")
        if item.kind in ("claim", "hypothesis", "decision", "update") or role in ("interpretation", "next"):
            continue
        if item.kind == "baseline":
            text = (
                f"Baseline is now {thread.shown(str(item.body['experiment']), item.refs)}. {item.body.get('why') or ''}"
            )
        elif item.kind == "snapshot":
            text = f"Sealed as {item.body.get('tag') or item.id}"
        elif item.kind == "reproduction":
            text = f"Reproduction: {item.body.get('verdict') or 'no verdict'}"
        else:
            text = said(item, thread)
        kind = roles.get(role, role) if item.kind == "note" else item.kind
        entries.append(
            {
                "at": item.at,
                "kind": kind,
                "id": item.id,
                "text": text,
                "retracted": item.retracted,
                "superseded": item.superseded_by,
            }
        )
    return sorted(entries, key=lambda e: (e["at"], e["id"]))


def _code(run: Run) -> dict[str, Any]:
    code = run.code
    return {
        "commit": str(code.get("commit") or ""),
        "head": str(code.get("head") or ""),
        "dirty": bool(code.get("dirty")),
        "changed": bool(code.get("changed_during_run")),
        "gaps": [str(g.get("path", "")) if isinstance(g, dict) else str(g) for g in code.get("gaps") or []],
    }


def _run_row(run: Run, thread: Thread) -> dict[str, Any]:
    names = facts.metric_order(thread, list(run.metrics))
    return {
        "id": run.id,
        "state": "retracted" if run.retracted else run.state,
        "outcome": facts.outcome(run),
        "why": run.retracted or run.reason,
        "started": run.started_at or run.planned_at,
        "metrics": [
            (n, facts.with_unit(run.metrics[n], facts.definition(thread, n).unit)) for n in names[: facts.METRICS_SHOWN]
        ],
        "metrics_left_out": max(0, len(names) - facts.METRICS_SHOWN),
        "contended": run.hygiene.get("contended"),
    }

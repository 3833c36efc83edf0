"""What the report shows, as plain values: results against the baseline, and the lists.

Text stays as it was recorded; the template escapes it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from leadline.core.compare.compare import Comparison, MetricComparison, compare
from leadline.core.record import artifact
from leadline.core.record.artifact import Artifact
from leadline.core.record.kinds import kind_of
from leadline.core.record.reaches import tell_tags
from leadline.core.record.run import Run
from leadline.core.record.thread import Experiment, Item, Thread, is_a
from leadline.core.stats.inference import Sample
from leadline.core.text.citation import render as cited
from leadline.core.timestamps import fixed, number, size
from leadline.core.typed import Any, NamedTuple
from leadline.core.view import facts
from leadline.core.view.facts import EvidenceOf
from leadline.render import words

#: What the template sees of one thing: its names, with their values.
Shown = Mapping[str, object]

CONFIG_SHOWN = 16
ARTIFACTS_SHOWN = 8
RESULTS_SHOWN = 150
TIMELINE_SHOWN = 300
RUNS_SHOWN = 30  # of an experiment
PICTURES_PER_RUN = 4
NOTES = {"negative": "negative result", "": "note"}
VERDICTS = {
    "better": "better",
    "worse": "worse",
    "different": "differs",
    "no difference shown": "no difference shown",
    "inside the baseline's own spread": "inside the baseline's spread",
    "exploratory only": "no verdict yet",
    "cannot be compared": "not comparable",
}


class Cell(NamedTuple):
    """A number split at its decimal point, so that a column of them lines up; ``fraction`` holds
    the point too."""

    whole: str
    fraction: str = ""


class DifferenceCell(NamedTuple):
    """Against the baseline: mean difference, its interval, in per cent, and what may be said of it."""

    value: Cell
    interval: str
    percent: str
    verdict: str


class MetricCells(NamedTuple):
    median: Cell
    spread: str
    difference: DifferenceCell | None
    lost: str = ""


class ResultRow(NamedTuple):
    experiment: Experiment
    n: int
    is_baseline: bool
    changes: list[str]
    cells: list[MetricCells | None]
    confounds: list[str]
    doubts: list[str]
    claims: list[str]
    headline: bool = False


# ---- numbers -------------------------------------------------------------------------------------


def cell(value: float | None, decimals: int | None = None, signed: bool = False) -> Cell:
    if value is None:
        return Cell("–")
    text = number(value) if decimals is None else fixed(value, decimals)
    if signed and value > 0:
        text = f"+{text}"
    whole, point, fraction = text.replace("-", "−").partition(".")
    return Cell(whole, point + fraction)


def decimals_of(samples: Sequence[Sample]) -> int | None:
    """Decimal places for a column: two digits of the typical spread, else five digits of the
    largest value; None when the values are too far apart for one number of places."""
    medians = [abs(s.median) for s in samples if s.median]
    if not medians:
        return 0
    spreads = sorted(s.sd for s in samples if s.sd)
    finest = spreads[len(spreads) // 2] / 10 if spreads else max(medians) / 1e4
    places = max(0, min(8, -math.floor(math.log10(finest)))) if finest > 0 else 0
    written = (number(v).partition(".")[2] for s in samples for v in (s.median, s.mean) if v)
    places = min(places, max(map(len, written), default=0))
    # a column of few places would show a small number by one digit, or as zero
    apart = min(medians) < 10.0 ** (1 - places) and min(medians) < 1
    return None if apart or max(medians) >= 1e9 else places


# ---- results -------------------------------------------------------------------------------------


def results(
    thread: Thread, metrics: list[str], evidence_of: EvidenceOf | None
) -> tuple[list[ResultRow], int]:
    """Standing experiments with evidence, best first, each against the current baseline: the best
    ones, and those that the answer rests on; and how many are left out."""
    base = thread.baseline_experiment
    every = facts.ranked_ids(thread, len(thread.experiments))
    needed = {e.id for e in facts.headlines(thread)}
    ranked = [
        thread.experiments[shown]
        for n, shown in enumerate(every)
        if n < RESULTS_SHOWN or shown in needed
    ]
    samples = {(e.id, m): facts.sample_of(e.runs, m) for e in ranked for m in metrics}
    places = {m: decimals_of([samples[e.id, m] for e in ranked]) for m in metrics}
    claims = facts.claims_by_experiment(thread, evidence_of, {e.id for e in ranked})
    rows = []
    for e in ranked:
        comparison = _against(thread, base, e, metrics)
        compared = {m.metric: m for m in comparison.metrics} if comparison else {}
        changed = changes(base, e)
        cells = [
            _metric_cells(
                samples[e.id, m],
                places[m],
                compared.get(m),
                len(changed),
                facts.words_for_lost(e.runs, m),
            )
            for m in metrics
        ]
        confounds = (
            []
            if comparison is None
            else list(
                dict.fromkeys(
                    row.name
                    for row in comparison.diff.of_role("confound")
                    + comparison.diff.of_role("unknown")
                )
            )
        )
        doubts = (
            []
            if comparison is None
            else list(
                dict.fromkeys(
                    r["what"]
                    for r in comparison.refusals
                    if r["code"] not in ("confounded-axis", "unknown-difference")
                )
            )
        )
        rows.append(
            ResultRow(
                e,
                max((samples[e.id, m].n for m in metrics), default=len(e.evidence_runs)),
                base is not None and e.id == base.id,
                changed,
                cells,
                confounds,
                doubts,
                [claim.id for claim in claims.get(e.id, ())],
                e.id in needed,
            )
        )
    return rows, len(every) - len(ranked)


def places_of(rows: list[ResultRow]) -> list[int]:
    """For each metric's column: characters behind the decimal point, the point counted."""
    columns = zip(*(row.cells for row in rows), strict=True) if rows else ()
    return [max((len(c.median.fraction) for c in column if c), default=0) for column in columns]


def _against(
    thread: Thread, base: Experiment | None, experiment: Experiment, metrics: list[str]
) -> Comparison | None:
    """Config and command may differ, that is the experiment; everything else that differs is named."""
    if base is None or base.id == experiment.id:
        return None
    tell_tags(thread, [*base.runs, *experiment.runs])  # as ``leadline compare``
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
    sample: Sample,
    places: int | None,
    compared: MetricComparison | None,
    axes: int = 1,
    lost: str = "",
) -> MetricCells | None:
    """``axes``: how many config keys differ from the baseline's; above one there is no verdict,
    only the numbers. ``lost``: what was measured in place of numbers."""
    if not sample.n:
        return (
            MetricCells(Cell(lost), "", None, facts.lost_text(sample)) if sample.nonfinite else None
        )
    spread = _spread(sample, places)
    # The difference to the baseline, with its interval; no verdict where several axes differ.
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
        verdict = (
            VERDICTS.get(compared.verdict, compared.verdict) if axes <= 1 else f"{axes} axes differ"
        )
        difference = DifferenceCell(
            cell(compared.test.difference, places, True), shown + unit, percent, verdict
        )
    return MetricCells(cell(sample.median, places), spread, difference, facts.lost_text(sample))


def _spread(sample: Sample, places: int | None) -> str:
    if sample.n < 2 or sample.minimum is None:
        return ""
    if sample.is_constant:
        return "all equal"
    return f"{_text(cell(sample.minimum, places))} to {_text(cell(sample.maximum, places))}"


def _text(value: Cell) -> str:
    return value.whole + value.fraction


def changes(base: Experiment | None, experiment: Experiment) -> list[str]:
    """What its config changes against the baseline's (or what it is, without a baseline)."""
    if not experiment.runs or (base and base.id == experiment.id):
        return []
    mine = experiment.runs[0].config
    theirs = base.runs[0].config if base and base.runs else {}
    return [
        f"{k}={mine[k]}" if k in mine else f"no {k}"
        for k in sorted({*mine, *theirs})
        if mine.get(k) != theirs.get(k)
    ]


# ---- lists ---------------------------------------------------------------------------------------


def said(item: Item, thread: Thread, name: str = "text") -> str:
    """A text of an item with its numbers as they are now."""
    return cited(str(item.body.get(name) or ""), thread, item.refs)


def shown_ids(item: Item, thread: Thread, name: str) -> list[str]:
    return [thread.shown(i, item.refs) for i in facts.listed(item.body.get(name))]


def timeline(
    thread: Thread, images: dict[str, str] | None = None, series: dict[str, list[Any]] | None = None
) -> tuple[list[Shown], int]:
    """Experiments and everything written down, oldest first: the newest of it, and what the answer
    rests on; and how many are left out. ``images``: digest to ``data:`` address of what is shown as
    a picture; ``series``: the plots of an experiment's series."""
    every = [
        (shown, kind)
        for _, shown, kind, role in facts.by_time(thread)
        if kind == "experiment" or _in_timeline(kind, role)
    ]
    needed = {e.id for e in facts.headlines(thread)}
    first = max(0, len(every) - TIMELINE_SHOWN)
    entries = [one for n, one in enumerate(every) if n >= first or one[0] in needed]
    shown = [
        _written(thread.items[shown], thread)
        if kind != "experiment"
        else _measured(
            thread.experiments[shown], thread, images or {}, (series or {}).get(shown, [])
        )
        for shown, kind in entries
    ]
    return shown, len(every) - len(entries)


def _measured(
    experiment: Experiment, thread: Thread, images: dict[str, str], series: list[Any]
) -> Shown:
    run = experiment.runs[0]
    tell_tags(thread, [run])
    return {
        "at": experiment.at,
        "kind": "experiment",
        "id": experiment.id,
        "title": experiment.title,
        "experiment": experiment,
        "command": words.command(run),
        "origin": words.origin_text(run),
        "cwd": run.cwd,
        "code": _code(run),
        "config": _beside_title(experiment),
        "machine": words.machine_text(run),
        "series": series,
        "runs": [_run_row(r, thread, images) for r in experiment.runs[-RUNS_SHOWN:]],
        "runs_left_out": max(0, len(experiment.runs) - RUNS_SHOWN),
        "interpretation": [said(n, thread) for n in experiment.notes_in("interpretation")],
        "next": [said(n, thread) for n in experiment.notes_in("next")],
    }


def _in_timeline(kind: str, role: str) -> bool:
    beside_a_run = role in ("interpretation", "next")
    return kind_of(kind).timeline and not beside_a_run


def _written(item: Item, thread: Thread) -> Shown:
    if is_a(item, "baseline"):
        text = (
            f"Baseline is now {thread.shown(str(item.body['experiment']), item.refs)}. "
            f"{item.body.get('why') or ''}"
        )
    elif item.kind == "snapshot":
        text = f"Sealed as {item.body.get('tag') or item.id}"
    elif item.kind == "reproduction":
        text = f"Reproduction: {item.body.get('verdict') or 'no verdict'}"
    else:
        text = said(item, thread)
    role = str(item.body.get("role") or "")
    kind = NOTES.get(role, role) if item.kind == "note" else item.kind
    return {
        "at": item.at,
        "kind": kind,
        "id": item.id,
        "text": text,
        "retracted": item.retracted,
        "superseded": item.superseded_by,
    }


def _beside_title(experiment: Experiment) -> list[str]:
    """The config, unless the title is made of it and says all of it."""
    told = words.told_config(experiment.runs[0], experiment.config) if experiment.runs else {}
    pairs = [f"{k}={v}" for k, v in sorted(told.items())]
    title = f" {experiment.title} "
    return [] if all(f" {pair}," in title or f" {pair} " in title for pair in pairs) else pairs


def _code(run: Run) -> Shown:
    code = run.code
    return {
        "commit": str(code.get("commit") or ""),
        "head": str(code.get("head") or ""),
        "dirty": bool(code.get("dirty")),
        "changed": bool(code.get("changed_during_run")),
        "gaps": [
            str(g.get("path", "")) if isinstance(g, dict) else str(g)
            for g in code.get("gaps") or []
        ],
    }


def pictured(run: Run) -> list[Artifact]:
    """The artifacts that the report shows as pictures where it can: the last version of each image
    name."""
    return [a for a in artifact.latest(artifact.listed(run)) if a.kind == "image"][
        :PICTURES_PER_RUN
    ]


def _run_row(run: Run, thread: Thread, images: dict[str, str]) -> Shown:
    names = facts.metric_order(thread, [*run.metrics, *run.nonfinite])
    return {
        "id": run.id,
        "state": "retracted" if run.retracted else facts.state(run),
        "outcome": facts.outcome(run),
        "why": run.retracted or run.reason,
        "started": run.begun,
        "metrics": [
            (n, words.value_text(run, n, facts.definition(thread, n).unit))
            for n in names[: facts.METRICS_SHOWN]
        ],
        "metrics_left_out": max(0, len(names) - facts.METRICS_SHOWN),
        "contended": run.hygiene.get("contended"),
        "artifacts": [(a, size(a.size_bytes)) for a in artifact.listed(run)[:ARTIFACTS_SHOWN]],
        "artifacts_left_out": max(0, artifact.total(run) - ARTIFACTS_SHOWN),
        "artifact_gaps": artifact.gaps(run)[:ARTIFACTS_SHOWN],
        "artifact_gaps_left_out": max(0, artifact.gaps_total(run) - ARTIFACTS_SHOWN),
        "pictures": [(a, images[a.digest]) for a in pictured(run) if a.digest in images],
    }

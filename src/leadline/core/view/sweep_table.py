"""What a sweep showed: cells with their runs, best first, each held against the baseline.

The p values of all cells are corrected together (Holm), because the best of many cells looks better
than it is. The label is that of a claim (``core/evidence/evidence.py``), one cell at a time; the
correction stands beside it and is not in it.
"""

from __future__ import annotations

import leadline.core.design.cells as plans
from leadline.core.compare.difference import difference
from leadline.core.design.done import find_sweep, runs_of_cells
from leadline.core.evidence.of_thread import evidence_over
from leadline.core.evidence.predicate import Clause, Predicate, Subject
from leadline.core.metric.contract import contracts_differ, contracts_of
from leadline.core.metric.items import on_shared_items
from leadline.core.record.run import MetricDef, Run, program_of
from leadline.core.record.thread import Experiment, Thread
from leadline.core.stats.inference import Interval, mean_interval, summarise
from leadline.core.stats.multiplicity import holm
from leadline.core.typed import TYPE_CHECKING, Any, TypedDict
from leadline.core.values import dataclass, field
from leadline.core.view import facts

if TYPE_CHECKING:
    from leadline.core.record.bodies import SweepBody

ALPHA = 0.05


class SweepListed(TypedDict):
    """A sweep in the list of all."""

    id: str
    at: str
    design: str
    axes: dict[str, list[Any]]
    repeat: int
    seed: int
    cells: int
    cells_done: int  # with all their runs


@dataclass
class CellRow:
    """A cell, its runs, and how far it is from the baseline; None where nothing can be said.

    ``label`` is that of ``statement``; both are "" where the row says nothing of the baseline.
    ``beyond``: the limits that a run of it does not keep.
    """

    cell: plans.Cell
    experiments: list[str]
    n: int
    median: float | None
    mean: float | None
    sd: float | None
    interval: Interval | None
    state: str
    trees: list[str]
    difference: float | None = None
    difference_interval: Interval | None = None
    ratio: float | None = None
    p: float | None = None
    rule: str | None = None
    items: str | None = None
    is_baseline: bool = False
    p_holm: float | None = None
    beyond: list[str] = field(default_factory=list)
    label: str = ""
    statement: str = ""
    label_why: list[str] = field(default_factory=list)
    label_missing: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class BaselineOfTable:
    id: str
    experiment: str


@dataclass(frozen=True)
class SweepTable:
    """``cells`` best first, then those beyond a limit, those without the metric last. ``tests``: how
    many of them were held against the baseline; ``contended``: how many runs were on a busy
    machine."""

    id: str
    design: str
    axes: dict[str, list[Any]]
    repeat: int
    seed: int
    because: str
    metric: str
    unit: str
    direction: str
    baseline: BaselineOfTable | None
    tests: int
    code_states: int
    contended: int
    cells: list[CellRow]


def listing(thread: Thread) -> list[SweepListed]:
    """One row a sweep, oldest first."""
    rows: list[SweepListed] = []
    for item in thread.of_kind("sweep"):
        body: SweepBody = item.body
        cells = cell_runs(thread, item.uid, body)
        full = sum(sum(r.is_evidence for r in runs) >= body["repeat"] for runs in cells)
        rows.append(
            {
                "id": item.id,
                "at": item.at,
                "design": body["design"],
                "axes": body["axes"],
                "repeat": body["repeat"],
                "seed": body["seed"],
                "cells": len(cells),
                "cells_done": full,
            }
        )
    return rows


def cell_runs(thread: Thread, uid: str, body: SweepBody) -> list[list[Run]]:
    """For each cell its runs: those of the sweep, and those of the same command, config and code
    run elsewhere."""
    own: dict[str, list[Run]] = {}
    for run in thread.runs:
        if run.design.get("sweep") == uid:
            own.setdefault(plans.title_of(run.design.get("cell", {})), []).append(run)
    found = []
    for cell, runs in zip(
        body["cells"], runs_of_cells(thread, body, body.get("tree")), strict=True
    ):
        both = {run.uid: run for run in [*runs, *own.get(plans.title_of(cell), [])]}
        found.append(sorted(both.values(), key=lambda run: run.uid))
    return found


def table_of(thread: Thread, shown: str = "", metric: str = "") -> SweepTable:
    """The table of a sweep (the last one when not named)."""
    item = find_sweep(thread, shown)
    body = item.body
    cells = cell_runs(thread, item.uid, body)
    runs_of_all = [run for runs in cells for run in runs]
    names = list(dict.fromkeys(m for run in runs_of_all for m in run.metrics))
    metric = metric or next(
        (m for m in facts.primary_metrics(thread) if m in names), names[0] if names else ""
    )
    definition = facts.definition(thread, metric)
    baseline = thread.baseline_experiment
    rows = [
        _row(cell, runs, definition, baseline, body["repeat"])
        for cell, runs in zip(body["cells"], cells, strict=True)
    ]
    # The best of many cells looks better than it is: first the correction, then what the label is.
    for row, runs, p in zip(rows, cells, holm([r.p for r in rows]), strict=True):
        row.p_holm = p
        _label(thread, row, runs, metric, body)
    sign = -1 if definition.direction == "higher" else 1
    for row, runs in zip(rows, cells, strict=True):
        row.beyond = facts.beyond_limits(thread, runs)
    rows.sort(key=lambda r: (r.median is None, bool(r.beyond), sign * (r.median or 0.0)))
    held = None
    if thread.baseline and baseline:
        held = BaselineOfTable(thread.baseline.id, baseline.id)
    return SweepTable(
        id=item.id,
        design=body["design"],
        axes=body["axes"],
        repeat=body["repeat"],
        seed=body["seed"],
        because=body.get("because", ""),
        metric=metric,
        unit=definition.unit,
        direction=definition.direction,
        baseline=held,
        tests=sum(r.p is not None for r in rows),
        code_states=len({program for run in runs_of_all if (program := program_of(run.code))}),
        contended=sum(bool(run.hygiene.get("contended")) for run in runs_of_all),
        cells=rows,
    )


def _row(
    cell: plans.Cell,
    runs: list[Run],
    definition: MetricDef,
    baseline: Experiment | None,
    repeat: int,
) -> CellRow:
    metric = definition.name
    used = [r for r in runs if r.is_evidence and metric in r.metrics]
    sample = summarise(r.metrics[metric] for r in used)
    row = CellRow(
        cell=cell,
        experiments=list(dict.fromkeys(r.experiment for r in runs)),
        n=sample.n,
        median=sample.median,
        mean=sample.mean,
        sd=sample.sd,
        interval=mean_interval(sample) if sample.n > 1 else None,
        state=_state(runs, used, metric, repeat),
        trees=sorted({program for r in runs if (program := program_of(r.code))}),
        is_baseline=baseline is not None and any(r.experiment == baseline.id for r in runs),
    )
    theirs = baseline.runs if baseline else []
    apart = contracts_differ(contracts_of([*used, *theirs], definition))
    if apart:
        row.state += f"; measured under different contracts: {'; '.join(apart)}"
    elif baseline and used and not row.is_baseline:
        theirs, mine, shared = on_shared_items(theirs, used, metric)
        if shared is not None and not shared.same:
            row.items = shared.words(baseline.id, "this cell")
            row.state += f"; items {row.items}" + (f": {shared.reason}" if shared.reason else "")
            if shared.reason:
                return row
        found = difference(theirs, mine, metric, definition)
        row.difference, row.difference_interval = found.test.difference, found.test.interval
        row.ratio, row.p, row.rule = found.test.ratio, found.test.p_two, found.rule
    return row


def _state(runs: list[Run], used: list[Run], metric: str, repeat: int) -> str:
    if not runs:
        return "not run"
    states = [r.state for r in runs if not r.is_evidence]
    words = [f"{states.count(s)} {s}" for s in dict.fromkeys(states)]
    lacking = sum(r.is_evidence for r in runs) - len(used)
    words += [f"{lacking} without {metric or 'a metric'}"] if lacking else []
    left = repeat - sum(r.is_evidence for r in runs)
    return ", ".join(words + ([f"{left} missing"] if left > 0 else [])) or "done"


def _label(thread: Thread, row: CellRow, runs: list[Run], metric: str, body: SweepBody) -> None:
    """The label of what a reader takes from the row, "this cell is below (or above) the baseline",
    by the very rule of claims; no more than ``exploratory`` when the difference does not survive
    the correction for the number of cells. Nothing where the row says no such thing: no value, no
    baseline, the baseline itself, no difference."""
    baseline = thread.baseline_experiment
    if baseline is None or not row.difference:
        return
    cell, reference = Subject("cell"), Subject("baseline")
    clause = Clause(
        metric, cell, "<" if row.difference < 0 else ">", right_metric=metric, right=reference
    )
    sides = {cell: runs, reference: baseline.runs}
    found = evidence_over(
        thread, Predicate((clause,)), sides.__getitem__, {"axes": list(body["axes"])}
    )
    row.label, row.statement = found.label, clause.format()
    row.label_why, row.label_missing = found.why, list(found.missing)
    if row.label in ("replicated", "stable") and row.p_holm is not None and row.p_holm > ALPHA:
        row.label = "exploratory"
        row.label_missing.append(
            f"the difference does not survive Holm's correction for the number of cells (p {row.p_holm:.2g})"
        )

"""What a sweep showed: cells with their runs, best first, each held against the baseline.

The p values of all cells are corrected together (Holm), because the best of many cells looks better
than it is. The label is that of a claim (``core/evidence/evidence.py``), one cell at a time; the
correction stands beside it and is not in it.
"""

from __future__ import annotations

from leadline.core.compare.difference import difference
from leadline.core.design.cells import title_of
from leadline.core.design.done import find_sweep, runs_of_cells
from leadline.core.evidence.of_thread import evidence_over
from leadline.core.evidence.predicate import Clause, Predicate, Subject
from leadline.core.metric.contract import contracts_differ, contracts_of
from leadline.core.metric.items import on_shared_items
from leadline.core.record.run import Run
from leadline.core.record.thread import Thread
from leadline.core.stats.inference import mean_interval, summarise
from leadline.core.stats.multiplicity import holm
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.core.view import facts
from leadline.services.context import Context

if TYPE_CHECKING:
    from leadline.core.record.bodies import SweepBody

ALPHA = 0.05


def listing(context: Context, topic: str) -> list[dict[str, Any]]:
    """One row a sweep: id, design, axes, how many cells have all their runs."""
    thread = context.thread(topic)
    rows = []
    for item in thread.of_kind("sweep"):
        cells = cell_runs(thread, item.uid, item.body)
        full = sum(sum(r.is_evidence for r in runs) >= item.body["repeat"] for runs in cells)
        row = {k: item.body[k] for k in ("design", "axes", "repeat", "seed")}
        rows.append({"id": item.id, "at": item.at, **row, "cells": len(cells), "cells_done": full})
    return rows


def cell_runs(thread: Thread, uid: str, body: SweepBody) -> list[list[Run]]:
    """For each cell its runs: those of the sweep, and those of the same command, config and code
    run elsewhere."""
    own: dict[str, list[Run]] = {}
    for run in thread.runs:
        if run.design.get("sweep") == uid:
            own.setdefault(title_of(run.design["cell"]), []).append(run)
    found = []
    for cell, runs in zip(
        body["cells"], runs_of_cells(thread, body, body.get("tree")), strict=True
    ):
        both = {run.uid: run for run in [*runs, *own.get(title_of(cell), [])]}
        found.append(sorted(both.values(), key=lambda run: run.uid))
    return found


def table_of(context: Context, topic: str, shown: str = "", metric: str = "") -> dict[str, Any]:
    """The table of a sweep (the last one when not named). ``cells`` best first, those without the
    metric last."""
    thread = context.thread(topic)
    item = find_sweep(thread, shown)
    cells = cell_runs(thread, item.uid, item.body)
    names = list(dict.fromkeys(m for runs in cells for run in runs for m in run.metrics))
    metric = metric or next(
        (m for m in facts.primary_metrics(thread) if m in names), names[0] if names else ""
    )
    definition = facts.definition(thread, metric)
    baseline = thread.baseline_experiment
    rows = [
        _row(thread, cell, runs, metric, baseline, item.body["repeat"])
        for cell, runs in zip(item.body["cells"], cells, strict=True)
    ]
    for row, runs, p in zip(rows, cells, holm([r["p"] for r in rows]), strict=True):
        row["p_holm"] = p
        row |= _label(thread, row, runs, metric, item.body)
    sign = -1 if definition.direction == "higher" else 1
    rows.sort(key=lambda r: (r["median"] is None, sign * (r["median"] or 0.0)))
    trees = {run.code.get("tree") for runs in cells for run in runs if run.code.get("tree")}
    return {
        "id": item.id,
        "design": item.body["design"],
        "axes": item.body["axes"],
        "repeat": item.body["repeat"],
        "seed": item.body["seed"],
        "because": item.body.get("because", ""),
        "metric": metric,
        "unit": definition.unit,
        "direction": definition.direction,
        "baseline": {"id": thread.baseline.id, "experiment": baseline.id}
        if thread.baseline and baseline
        else None,
        "tests": sum(r["p"] is not None for r in rows),
        "code_states": len(trees),
        "contended": sum(bool(run.hygiene.get("contended")) for runs in cells for run in runs),
        "cells": rows,
    }


def _row(
    thread: Thread, cell: dict[str, Any], runs: list[Run], metric: str, baseline: Any, repeat: int
) -> dict[str, Any]:
    used = [r for r in runs if r.is_evidence and metric in r.metrics]
    sample = summarise(r.metrics[metric] for r in used)
    row: dict[str, Any] = {
        "cell": cell,
        "experiments": list(dict.fromkeys(r.experiment for r in runs)),
        "n": sample.n,
        "median": sample.median,
        "mean": sample.mean,
        "sd": sample.sd,
        "interval": mean_interval(sample).as_dict() if sample.n > 1 else None,
        "state": _state(runs, used, metric, repeat),
        "trees": sorted({str(r.code["tree"]) for r in runs if r.code.get("tree")}),
        **dict.fromkeys(("difference", "difference_interval", "ratio", "p", "rule", "items")),
        "is_baseline": bool(baseline and any(r.experiment == baseline.id for r in runs)),
    }
    definition = facts.definition(thread, metric)
    apart = contracts_differ(
        contracts_of([*used, *(baseline.runs if baseline else [])], definition)
    )
    if apart:
        row["state"] += f"; measured under different contracts: {'; '.join(apart)}"
    elif baseline and used and not row["is_baseline"]:
        theirs, mine, shared = on_shared_items(baseline.runs, used, metric)
        if shared is not None and not shared.same:
            row["items"] = shared.words(baseline.id, "this cell")
            row["state"] += f"; items {row['items']}" + (
                f": {shared.reason}" if shared.reason else ""
            )
            if shared.reason:
                return row
        found = difference(theirs, mine, metric, definition)
        row |= {
            "difference": found.test.difference,
            "ratio": found.test.ratio,
            "p": found.test.p_two,
        }
        row |= {"difference_interval": found.test.interval.as_dict(), "rule": found.rule}
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


def _label(
    thread: Thread, row: dict[str, Any], runs: list[Run], metric: str, body: SweepBody
) -> dict[str, Any]:
    """The label of what a reader takes from the row, "this cell is below (or above) the baseline",
    by the very rule of claims; no more than ``exploratory`` when the difference does not survive
    the correction for the number of cells. Empty where the row says no such thing: no value, no
    baseline, the baseline itself, no difference."""
    baseline = thread.baseline_experiment
    if baseline is None or not row["difference"]:
        return {"label": "", "statement": "", "label_why": [], "label_missing": []}
    cell, reference = Subject("cell"), Subject("baseline")
    clause = Clause(
        metric, cell, "<" if row["difference"] < 0 else ">", right_metric=metric, right=reference
    )
    sides = {cell: runs, reference: baseline.runs}
    found = evidence_over(
        thread, Predicate((clause,)), sides.__getitem__, {"axes": list(body["axes"])}
    )
    label, missing = found.label, list(found.missing)
    if label in ("replicated", "stable") and row["p_holm"] is not None and row["p_holm"] > ALPHA:
        label = "exploratory"
        missing.append(
            f"the difference does not survive Holm's correction for the number of cells (p {row['p_holm']:.2g})"
        )
    return {
        "label": label,
        "statement": clause.format(),
        "label_why": found.why,
        "label_missing": missing,
    }

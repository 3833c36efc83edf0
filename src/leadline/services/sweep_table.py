"""What a sweep showed: cells with their runs, best first, each held against the baseline.

The p values of all cells are corrected together (Holm), because the best of many cells looks better than it is.
"""

from __future__ import annotations

from typing import Any

from leadline.core.design import title_of
from leadline.core.metric import contracts_differ, contracts_of
from leadline.core.run import Run
from leadline.core.thread import Thread
from leadline.services.context import Context
from leadline.services.sweep import find_sweep, runs_of_cells

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


def cell_runs(thread: Thread, uid: str, body: dict[str, Any]) -> list[list[Run]]:
    """For each cell its runs: those of the sweep, and those of the same command, config and code run elsewhere."""
    own: dict[str, list[Run]] = {}
    for run in thread.runs:
        if run.design.get("sweep") == uid:
            own.setdefault(title_of(run.design["cell"]), []).append(run)
    found = []
    for cell, runs in zip(body["cells"], runs_of_cells(thread, body, body.get("tree")), strict=True):
        both = {run.uid: run for run in [*runs, *own.get(title_of(cell), [])]}
        found.append(sorted(both.values(), key=lambda run: run.uid))
    return found


def table_of(context: Context, topic: str, shown: str = "", metric: str = "") -> dict[str, Any]:
    """The table of a sweep (the last one when not named). ``cells`` best first, those without the metric last."""
    from leadline.core.multiplicity import holm
    from leadline.render import facts

    thread = context.thread(topic)
    item = find_sweep(thread, shown)
    cells = cell_runs(thread, item.uid, item.body)
    names = list(dict.fromkeys(m for runs in cells for run in runs for m in run.metrics))
    metric = metric or next((m for m in facts.primary_metrics(thread) if m in names), names[0] if names else "")
    definition = facts.definition(thread, metric)
    baseline = thread.baseline_experiment
    rows = [
        _row(thread, cell, runs, metric, baseline, item.body["repeat"])
        for cell, runs in zip(item.body["cells"], cells, strict=True)
    ]
    by_cell = {title_of(cell): runs for cell, runs in zip(item.body["cells"], cells, strict=True)}
    for row, p in zip(rows, holm([r["p"] for r in rows]), strict=True):
        row["p_holm"] = p
        row["label"] = _label(row, thread, metric, by_cell[title_of(row["cell"])], baseline)
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
        "baseline": {"id": thread.baseline.id, "experiment": baseline.id} if thread.baseline and baseline else None,
        "tests": sum(r["p"] is not None for r in rows),
        "code_states": len(trees),
        "contended": sum(bool(run.hygiene.get("contended")) for runs in cells for run in runs),
        "cells": rows,
    }


def _row(
    thread: Thread, cell: dict[str, Any], runs: list[Run], metric: str, baseline: Any, repeat: int
) -> dict[str, Any]:
    from leadline.core.difference import difference
    from leadline.core.stats import mean_interval, summarise
    from leadline.render import facts

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
        **dict.fromkeys(("difference", "difference_interval", "ratio", "p", "rule")),
        "is_baseline": bool(baseline and any(r.experiment == baseline.id for r in runs)),
    }
    definition = facts.definition(thread, metric)
    apart = contracts_differ(contracts_of([*used, *(baseline.runs if baseline else [])], definition))
    if apart:
        row["state"] += f"; measured under different contracts: {'; '.join(apart)}"
    elif baseline and used and not row["is_baseline"]:
        found = difference(baseline.runs, used, metric, definition)
        row |= {"difference": found.test.difference, "ratio": found.test.ratio, "p": found.test.p_two}
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


def _label(row: dict[str, Any], thread: Thread, metric: str, runs: list[Run], baseline: Any) -> str:
    """The label that "this cell differs from the baseline so" bears, by the one rule for claims; no more than
    ``exploratory`` when the difference does not survive the correction for the number of cells."""
    from leadline.core.evidence import evidence
    from leadline.core.predicate import Clause, Predicate, Subject

    if not row["n"]:
        return ""
    if not row["difference"] or baseline is None:
        return "exploratory"
    sides = {"cell": runs, "baseline": list(baseline.runs)}
    clause = Clause(metric, Subject("cell"), "<" if row["difference"] < 0 else ">", 1.0, metric, Subject("baseline"))
    found = evidence(Predicate((clause,)), lambda subject: sides[subject.name], metric_defs=thread.metrics)
    survives = row["p_holm"] is None or row["p_holm"] <= ALPHA
    return found.label if found.label in ("none", "exploratory") or survives else "exploratory"

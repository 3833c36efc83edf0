"""Sweeps as text: the plan before, the table after, the list of all."""

from __future__ import annotations

from leadline.core.design.cells import extent, title_of
from leadline.core.plain import as_rows
from leadline.core.timestamps import counted, duration, minute, rounded, with_unit
from leadline.core.typed import TYPE_CHECKING
from leadline.render.table import table
from leadline.render.words import joined

if TYPE_CHECKING:
    from leadline.core.design.done import Preview
    from leadline.core.view.sweep_table import CellRow, SweepListed, SweepTable

ROWS_SHOWN = 50


def render_plan(plan: Preview) -> str:
    body, jobs = plan.body, plan.jobs
    cells = list(zip(body["cells"], plan.done, plan.missing, strict=True))
    seconds = plan.estimate["seconds"]
    took = "unknown: nothing like it was run" if seconds is None else f"about {duration(seconds)}"
    if seconds is not None:
        took += f" (from {plan.estimate['from_runs']} past runs)"
    shown = table(
        ["cell", "done", "to run"],
        [[title_of(c), d, m] for c, d, m in cells[:ROWS_SHOWN]],
        right=(1, 2),
    )
    lines = [
        f"{body['design']} over {', '.join(body['axes'])}: "
        f"{extent(body['design'], body['axes'], len(cells))}, {counted(body['repeat'], 'run')} each",
        f"to run: {plan.to_run:,}, {jobs} at a time; time: {took}",
        *shown.split("\n"),
        *([f"… and {len(cells) - ROWS_SHOWN:,} more cells"] if len(cells) > ROWS_SHOWN else []),
    ]
    if plan.one_axis_missing:
        lines.append(
            f"would be refused without --because: no one-axis result of {', '.join(plan.one_axis_missing)}"
        )
    return as_rows(lines)


def render_table(data: SweepTable, shown: int = ROWS_SHOWN) -> str:
    unit, baseline = data.unit, data.baseline
    rows = [
        [
            title_of(row.cell),
            ",".join(row.experiments) or "–",
            row.n,
            with_unit(row.median, unit),
            rounded(row.sd),
            _against(row),
            rounded(row.p_holm, 2),
            row.label or "–",
            joined([row.state, *(f"beyond {limit}" for limit in row.beyond)], "; "),
        ]
        for row in data.cells
    ]
    head = [
        "cell",
        "experiment",
        "n",
        data.metric or "metric",
        "sd",
        "x baseline",
        "p (Holm)",
        "label",
        "state",
    ]
    left = len(rows) - shown
    lines = [
        f"{data.id}  {data.design} over {', '.join(data.axes)}: "
        f"{extent(data.design, data.axes, len(data.cells))}, order seed {data.seed}",
        table(head, rows[:shown], right=range(2, 7)),
        *([f"… and {left} more cells: leadline show {data.id} --all"] if left > 0 else []),
    ]
    if baseline:
        lines.append(
            f"x baseline: of {baseline.id} ({baseline.experiment}); "
            f"p corrected for {data.tests} cells (Holm)."
        )
    else:
        lines.append(
            "No baseline is registered: nothing to differ from (leadline baseline set ID)."
        )
    if data.because:
        lines.append(f"Run before its axes were varied alone, because: {data.because}")
    if data.code_states > 1:
        lines.append(f"The runs have {data.code_states} code states: cells are not all comparable.")
    if data.contended:
        lines.append(f"{data.contended} runs were on a busy machine (or beside each other).")
    return "\n".join(lines)


def _against(row: CellRow) -> str:
    if row.is_baseline:
        return "baseline"
    return rounded(row.ratio)


def render_list(rows: list[SweepListed]) -> str:
    if not rows:
        return "No sweep yet: leadline sweep --axis NAME=A,B -- COMMAND {NAME}"
    lines = [
        [
            r["id"],
            minute(r["at"]),
            r["design"],
            ", ".join(r["axes"]),
            f"{r['cells_done']}/{r['cells']}",
            r["repeat"],
        ]
        for r in rows[-ROWS_SHOWN:]
    ]
    left = len(rows) - len(lines)
    shown = table(
        ["sweep", "started", "design", "axes", "cells done", "repeats"], lines, right=(5,)
    )
    return shown + (f"\n… and {left} earlier ones: leadline sweep list --json" if left else "")

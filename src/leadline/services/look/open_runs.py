"""Rows of runs, and how the ones under way stand now."""

from __future__ import annotations

from leadline.core.record.run import Run
from leadline.core.record.thread import Thread
from leadline.core.typed import Any
from leadline.services.context import Context


def ask_open_runs(context: Context, thread: Thread) -> list[Run]:
    """Runs planned and not ended; their ``state`` becomes what their run directory says now
    (``running``, ...)."""
    open_runs = [run for run in thread.runs if run.state in ("planned", "running")]
    for run in open_runs:
        attempt = context.run_folder(run.uid)
        run.state = context.executor.poll([(attempt, {})])[attempt]
    return open_runs


def run_rows(
    context: Context, topic: str | None, where: dict[str, Any], order: str, limit: int
) -> tuple[list[dict[str, Any]], int]:
    """Rows of runs and how many there are, derived metrics among them. The index has none, so that
    where the order is by one all rows are asked for and sorted here."""
    topics = [topic] if topic else context.store.topics()
    kinds = ("thread-started", "metric-defined")
    formulas = {
        t: {n for n, d in context.store.slice(t, [], kinds).metrics.items() if d.formula}
        for t in topics
    }
    named = order.lstrip("-").removeprefix("metrics.")
    by_formula = order.lstrip("-").startswith("metrics.") and any(
        named in names for names in formulas.values()
    )
    rows, total = context.store.run_rows(
        topic, where, "uid" if by_formula else order, -1 if by_formula else limit
    )
    for name in {row["thread"] for row in rows if formulas.get(row["thread"])}:
        found = {run.uid: run for run in context.store.thread(name).runs}
        for row in rows:
            if row["thread"] == name and (run := found.get(row["uid"])) is not None:
                for field, found_now in (("metrics", run.metrics), ("nonfinite", run.nonfinite)):
                    row[field] = {
                        **{k: v for k, v in row[field].items() if k not in formulas[name]},
                        **{k: v for k, v in found_now.items() if k in formulas[name]},
                    }
    if by_formula:
        sign = -1.0 if order.startswith("-") else 1.0
        rows.sort(
            key=lambda row: (named not in row["metrics"], sign * row["metrics"].get(named, 0.0))
        )
        rows = rows[:limit]
    return rows, total


def rows_of_open(runs: list[Run]) -> list[dict[str, Any]]:
    return [
        {"id": r.id, "planned_at": r.planned_at, "state": r.state, "argv": r.argv} for r in runs
    ]

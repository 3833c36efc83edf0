"""A run whose rows in a table are its items: the questions of an evaluation, the cases of a suite."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from leadline.core.metric.items import MOST_ITEMS, REDUCE, facts_of, reduced
from leadline.core.tracker.imported import CellNotTaken, Findings, FoundRun


class RunOfItems:
    """``run``: described by its first row. ``where``: the row of each item; ``left``: cells that are
    no value, whose items are missing."""

    def __init__(self, run: FoundRun) -> None:
        self.run, self.where, self.left = run, dict[str, str](), list[CellNotTaken]()
        self._values: dict[str, dict[str, float]] = {}
        self._missing: dict[str, int] = {}

    def add(self, item: str, told: FoundRun, measured: FoundRun, metrics: Iterable[str]) -> None:
        """The values of one row; ``told``: what it says of the run."""
        run = self.run
        run.started_at = min(filter(None, (run.started_at, told.started_at)), default="")
        run.ended_at = max(run.ended_at, told.ended_at)
        for metric in metrics:
            if metric in measured.metrics:
                self._values.setdefault(metric, {})[item] = measured.metrics[metric]
            else:
                self._missing[metric] = self._missing.get(metric, 0) + 1

    def reduce(self, by: list[str], rules: Mapping[str, str], found: Findings) -> None:
        """The value of each metric over its items: by its own rule where that asks for no order, else
        their mean."""
        run = self.run
        run.where, run.name = f"from {run.where}", ""
        for metric, values in self._values.items():
            rule = rules.get(metric, "")
            rule = rule if rule in REDUCE else "mean"
            run.metrics[metric] = reduced(rule, values.values())
            if len(values) > MOST_ITEMS:
                found.note(run.where, f"{metric} has more than {MOST_ITEMS} items: none is kept")
                continue
            facts = facts_of(by, rule, values, self._missing.get(metric, 0))
            run.items[metric] = {**facts, "values": values}

"""Of how many values each run's one was made. More draws reach further, whatever was drawn from, and
more make a larger sum: two sides that differ in their number are not judged by it where that favours
what was found. Of an average it is said: what one side left out may be what was hard.
"""

from __future__ import annotations

from collections.abc import Sequence

from leadline.core.extract.how_read import reduced_by
from leadline.core.metric.contract import contract_in
from leadline.core.metric.inputs import with_inputs
from leadline.core.record.run import MetricDef, Run
from leadline.core.timestamps import number
from leadline.core.typed import NamedTuple

ALIKE = 1.1  # a tenth more evaluations of a curve moves no minimum
FAR_APART = 2.0
EXTREMES = ("min", "max")
COUNTED = (*EXTREMES, "sum", "mean", "median")


class Draws(NamedTuple):
    """``rule``: one of ``COUNTED``, of ``a`` and ``b`` values a run of each side, on average. ``derived``:
    of an input, which a formula may turn round. ``other``: how the one value came about of the side that
    did not (``last``), "" where both did."""

    rule: str
    a: float
    b: float
    derived: bool = False
    other: str = ""

    @property
    def words(self) -> str:
        if self.other:
            said = [f"{self.rule} of {number(max(self.a, self.b))} values", self.other]
            return " against ".join(said if self.b > self.a else said[::-1])
        return f"{self.rule} of {number(self.b)} values against {self.rule} of {number(self.a)}"

    def decides(self, difference: float | None) -> bool:
        """Whether the number of values alone could have moved b away from a as ``difference`` says."""
        if self.rule not in EXTREMES:
            return self.rule == "sum"
        if max(self.a, self.b) < FAR_APART * min(self.a, self.b):
            return False
        lower = (self.rule == "min") == (self.b > self.a)
        return self.derived or not difference or (difference < 0) == lower

    @property
    def why(self) -> str:
        return (
            f"{self.words}: the more, the further, whatever is measured; take as many on both sides"
        )


def unequal_draws(
    a_runs: Sequence[Run],
    b_runs: Sequence[Run],
    metric: str,
    b_metric: str,
    definition: MetricDef,
) -> Draws | None:
    """The numbers of values behind the one of each side, where they differ by more than a tenth, or one
    side has a single one; of a derived metric, behind the first input that has such."""
    own = definition.name
    for name in sorted(with_inputs([own], {own: definition})):
        a = _behind(a_runs, metric if name == own else name, definition)
        b = _behind(b_runs, b_metric if name == own else name, definition)
        for rule in COUNTED:
            if not a or not b or rule not in {**a, **b}:
                continue
            on_a, on_b = a.get(rule, 1.0), b.get(rule, 1.0)
            if max(on_a, on_b) > ALIKE * min(on_a, on_b):
                other = next((r for side in (a, b) if rule not in side for r in side), "")
                return Draws(rule, on_a, on_b, name != own, other)
    return None


def _behind(runs: Sequence[Run], metric: str, definition: MetricDef) -> dict[str, float]:
    """By rule, how many values a run has behind it on average: one where it took one of them."""
    counts: dict[str, list[int]] = {}
    known = definition if metric == definition.name else MetricDef(metric)
    for run in runs:
        if not run.is_evidence or metric not in run.metrics:
            continue
        if metric in (run.extraction.get("items") or {}):
            continue
        rule = reduced_by(run.extract, metric) or contract_in(run, known).get("reduce", "")
        series = (run.extraction.get("series") or {}).get(metric) or {}
        points = series.get("points", 1) if rule in COUNTED else 1
        counts.setdefault(rule, []).append(points)
    return {rule: sum(points) / len(points) for rule, points in counts.items()}

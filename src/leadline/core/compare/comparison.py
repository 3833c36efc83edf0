"""What a comparison answers, as values: ``core/compare/compare.py`` fills them, renderers and
services read them.

Apart from the judging, so that whoever only shows a comparison loads no statistics that it does not
need.
"""

from __future__ import annotations

import math

from leadline.core.compare.config_diff import ConfigDiff
from leadline.core.compare.looks import FEWEST
from leadline.core.compare.over_items import OverItems
from leadline.core.stats.equivalence import EquivalenceTold
from leadline.core.stats.inference import Sample, TestResult, TestTold
from leadline.core.timestamps import with_unit
from leadline.core.typed import TypedDict
from leadline.core.values import dataclass, field


@dataclass(frozen=True)
class Size:
    """A size of difference that somebody declared: a number in the metric's unit, or a share of the
    reference (``relative``: 0.02 for 2 %)."""

    value: float
    relative: bool = False

    @property
    def text(self) -> str:
        return f"{number(100 * self.value)} %" if self.relative else number(self.value)


class OutliersOfSide(TypedDict):
    runs: list[str]
    method: str
    limit: float | None
    n: int
    reason: str


class Detectable(TypedDict, total=False):
    """Whether the runs would have shown a difference of a declared ``size`` (``bears``), and how
    many ``counted`` would."""

    size: str
    difference: float | None
    n_needed: int | None
    bears: bool | None
    reason: str
    counted: str


class AgainstTarget(TypedDict):
    target: float
    met: bool | None
    test: TestTold


class EquivalenceAsked(EquivalenceTold, total=False):
    """For a declared ``size``; ``p_adjusted`` is Holm's over all that were asked."""

    size: str
    p_adjusted: float | None


class SharedItems(TypedDict):
    """The items of both sides: what the figures are on all of a side's own, and on those ``both``
    have. ``uneven``: the sides whose runs differ in their items."""

    by: list[str]
    rule: str
    a_items: int
    b_items: int
    both: int
    same: bool
    uneven: list[str]
    a_own: float | None
    b_own: float | None
    a_shared: float | None
    b_shared: float | None
    over_items: OverItems | None
    reason: str
    words: str


class MissingMetric(TypedDict):
    metric: str
    missing_on: list[str]


class HygieneOfSide(TypedDict):
    """Runs by what is known of the machine while they ran."""

    contended: list[str]
    throttled: list[str]
    unknown: int
    clean: int
    reasons: list[str]


@dataclass(slots=True)
class MetricComparison:
    """One metric on both sides. ``verdict``: "better", "worse" and their like ("different": shown to
    differ, but the metric has no better direction). ``rule`` names the method of ``test`` and why it
    applies; ``pairs`` is 0 without pairs. ``mean_difference`` is mean(b) - mean(a);
    ``test.difference`` is what the method estimates, which is another number where it leaves out
    runs without a partner. ``withheld``: why no verdict may rest on the numbers ("" when one may).
    ``looks``: how often the sides could be looked at; ``choices``: how many comparisons this one was
    chosen from (``choice`` in words); ``p_counted``: the p value after both. ``p_adjusted`` is Holm's of it over the
    ``judged`` metrics. ``detectable`` is the smallest true difference that these runs would have shown.
    ``outliers``: run ids of each side; ``out_of_turn``: those in no
    figure, since they took no turns with the other side. ``moved_by_machine``: True for times and rates, False for
    results, None where nobody said. ``apart``: in what the contracts of the runs differ; there is
    no difference then, and ``side_units`` has the unit of each."""

    metric: str
    unit: str
    direction: str
    a: Sample
    b: Sample
    test: TestResult
    verdict: str
    sentence: str
    rule: str = ""
    pairs: int = 0
    detectable: float | None = None
    deterministic: bool = False
    out_of_turn: list[list[str]] = field(default_factory=lambda: [[], []])  # of a, of b
    inside_baseline_spread: bool | None = None
    target: AgainstTarget | None = None
    p_adjusted: float | None = None
    judged: int = 1
    outliers: dict[str, OutliersOfSide] = field(default_factory=dict)
    detect: Detectable | None = None
    equivalence: EquivalenceAsked | None = None
    moved_by_machine: bool | None = None
    items: SharedItems | None = None
    notes: list[str] = field(default_factory=list)
    apart: list[str] = field(default_factory=list)
    side_units: list[str] = field(default_factory=list)
    withheld: str = ""
    looks: int = 0
    choices: int = 1
    choice: str = ""
    p_counted: float | None = None

    @property
    def bears_a_verdict(self) -> bool:
        """Enough runs a side, taken so that a test can tell the sides from their moments."""
        return not self.withheld and (self.deterministic or min(self.runs_of_each) >= FEWEST)

    @property
    def runs_of_each(self) -> tuple[int, int]:
        """Of a and of b, those in no figure too."""
        return self.a.n + len(self.out_of_turn[0]), self.b.n + len(self.out_of_turn[1])

    @property
    def mean_difference(self) -> float | None:
        if self.apart or self.a.mean is None or self.b.mean is None:
            return None
        return self.b.mean - self.a.mean

    @property
    def estimates_means(self) -> bool:
        """Whether the method estimates the plain difference of the means: not where runs without a
        partner are left out, or rounds are of unequal size."""
        means, estimate = self.mean_difference, self.test.difference
        if means is None or estimate is None:
            return True
        return math.isclose(means, estimate, rel_tol=1e-9, abs_tol=1e-12 * abs(self.a.mean or 0.0))

    @property
    def p(self) -> float | None:
        """The p value that the verdict rests on: after looks, choice, and the metrics judged at once."""
        return self.p_adjusted if self.judged > 1 else self.p_counted

    def as_dict(self) -> dict[str, object]:
        return {
            "metric": self.metric,
            "unit": self.unit,
            "direction": self.direction,
            "verdict": self.verdict,
            "sentence": self.sentence,
            "rule": self.rule,
            "pairs": self.pairs,
            "a": self.a.as_dict(),
            "b": self.b.as_dict(),
            "difference": self.test.difference,
            "mean_difference": self.mean_difference,
            "ratio": self.test.ratio,
            "test": self.test.as_dict(),
            "p": self.test.p,
            "p_counted": self.p_counted,
            "looks": self.looks,
            "chosen_from": self.choices,
            "withheld": self.withheld,
            "p_adjusted": self.p_adjusted,
            "metrics_judged": self.judged,
            "minimum_detectable_difference": self.detectable,
            "detect": self.detect,
            "equivalence": self.equivalence,
            "outliers": self.outliers,
            "moved_by_machine": self.moved_by_machine,
            "deterministic": self.deterministic,
            "inside_baseline_spread": self.inside_baseline_spread,
            "target": self.target,
            "items": self.items,
            "notes": list(self.notes),
            "side_units": list(self.side_units),
        }


@dataclass(slots=True)
class Comparison:
    """The answer of ``compare``. ``refusals`` hold ``code``, ``what``, ``arithmetic`` and the
    ``honest`` sentence. ``moved_baseline``: a side that once was the registered baseline ({was,
    experiment, now, moved_at}). ``settle``: by metric, the command that gets what a verdict lacks."""

    a_name: str
    b_name: str
    baseline_id: str
    alpha: float
    diff: ConfigDiff
    a_runs: list[str] = field(default_factory=list)
    b_runs: list[str] = field(default_factory=list)
    left_out: list[dict[str, str]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)  # the sides of which everything was reported
    refusals: list[dict[str, str]] = field(default_factory=list)
    metrics: list[MetricComparison] = field(default_factory=list)
    missing_metrics: list[MissingMetric] = field(default_factory=list)
    hygiene: dict[str, HygieneOfSide] = field(default_factory=dict)
    moved_baseline: dict[str, str] | None = None
    notes: list[str] = field(default_factory=list)
    settle: dict[str, str] = field(default_factory=dict)
    over: list[str] = field(default_factory=list)

    @property
    def apples_to_apples(self) -> bool:
        """Both sides have runs, and nothing but declared axes and nuisances differs."""
        return bool(self.a_runs and self.b_runs) and self.diff.clean

    def as_dict(self) -> dict[str, object]:
        return {
            "diff": self.diff.as_dict(),
            "apples_to_apples": self.apples_to_apples,
            "refusals": list(self.refusals),
            "a_name": self.a_name,
            "b_name": self.b_name,
            "baseline_id": self.baseline_id,
            "alpha": self.alpha,
            "a_runs": list(self.a_runs),
            "b_runs": list(self.b_runs),
            "left_out": list(self.left_out),
            "metrics": [m.as_dict() for m in self.metrics],
            "missing_metrics": list(self.missing_metrics),
            "hygiene": self.hygiene,
            "moved_baseline": self.moved_baseline,
            "notes": list(self.notes),
            "settle": dict(self.settle),
            "over": list(self.over),
        }


def number(value: float | None, unit: str = "") -> str:
    """A number for a sentence, with its unit."""
    return "unknown" if value is None else with_unit(value, unit)


def refusal(code: str, what: str, arithmetic: str, honest: str) -> dict[str, str]:
    return {"code": code, "what": what, "arithmetic": arithmetic, "honest": honest}

"""What runs say about the clauses of a predicate: do the means satisfy it, does the interval bear
it, does that last.

The method of each clause is the one that a comparison of the same runs gets
(``core/compare/difference.py``), so that a label and a comparison never contradict each other.
Whether a clause holds is read from the plain means, whether it is supported from the interval; a
drift can let the first be true and the second not.
"""

from __future__ import annotations

from collections.abc import Callable

from leadline.core.compare.choice import NO_CHOICE, Choice
from leadline.core.compare.comparison import number
from leadline.core.compare.difference import NO_SPREAD, TURNED, Difference, difference
from leadline.core.compare.looks import FEWEST, Looks, LooksTold, take_looks
from leadline.core.evidence.predicate import Clause, Predicate, Subject
from leadline.core.extract.draws import Draws
from leadline.core.metric.contract import moved_by_machine
from leadline.core.metric.items import on_shared_items
from leadline.core.record.run import MetricDef, Run
from leadline.core.stats.inference import (
    Interval,
    IntervalTold,
    Sample,
    TestResult,
    one_sample,
    scaled,
    summarise,
    with_names,
)
from leadline.core.stats.precision import distance
from leadline.core.typed import TypedDict
from leadline.core.values import dataclass, field

AGAINST_A_NUMBER = "one-sample t: against a fixed number"


class ClauseTold(TypedDict):
    """A clause with its arithmetic; ``left``, ``right`` and ``interval`` as statistics say them."""

    clause: str
    holds: bool | None
    supported: bool | None
    contradicted: bool
    left: dict[str, object]
    right: dict[str, object] | None
    interval: IntervalTold
    arithmetic: str
    deterministic: bool
    left_runs: list[str]
    right_runs: list[str]
    method: str
    notes: list[str]
    looks: LooksTold
    withheld: str


@dataclass(slots=True)
class ClauseResult:
    """What the runs say about one clause.

    ``holds``: of the means; None without values. ``supported``: the interval of left - factor *
    right excludes the margin in the claimed direction; None when there is no interval. It is the 95
    % interval, and for ``~=`` the 90 % interval within the tolerance: two one-sided tests at 5 %
    (Schuirmann 1987). ``contradicted``: it lies wholly on the other side. ``looks``: whether that
    survives being looked at after every repeat. ``method`` names the test and why it was chosen.
    ``withheld``: why no more than ``exploratory`` may rest on it, whatever the numbers.
    ``judged``: the left side as it was judged, over shared items where those of the sides differ.
    ``out_of_turn``: the runs of left and of right that took no turns with the other side, and are in no
    figure.
    ``meaningless``: why the clause asks for something that these values do not have. ``draws``: of how
    many values an extreme was taken, where the sides differ in it.
    """

    clause: Clause
    holds: bool | None
    supported: bool | None
    contradicted: bool
    left: Sample
    right: Sample | None
    interval: Interval
    arithmetic: str
    deterministic: bool = False
    left_runs: list[str] = field(default_factory=list)
    right_runs: list[str] = field(default_factory=list)
    tolerance: float = 0.0
    method: str = ""
    notes: list[str] = field(default_factory=list)
    looks: Looks = field(default_factory=Looks)
    withheld: str = ""
    judged: list[Run] = field(default_factory=list)
    out_of_turn: tuple[list[Run], list[Run]] = field(default_factory=lambda: ([], []))
    meaningless: str = ""
    draws: Draws | None = None

    @property
    def lasting(self) -> bool:
        """Supported now, and shown at a look whose level counts the other looks."""
        return bool(self.supported) and self.looks.shown_at > 0 and not self.withheld

    @property
    def sizes(self) -> str:
        """``n = 3 against 5``"""
        return f"n = {self.left.n}" + (f" against {self.right.n}" if self.right else "")

    def as_dict(self) -> ClauseTold:
        return {
            "clause": self.clause.format(),
            "holds": self.holds,
            "supported": self.supported,
            "contradicted": self.contradicted,
            "left": self.left.as_dict(),
            "right": self.right.as_dict() if self.right else None,
            "interval": self.interval.as_dict(),
            "arithmetic": self.arithmetic,
            "deterministic": self.deterministic,
            "left_runs": list(self.left_runs),
            "right_runs": list(self.right_runs),
            "method": self.method,
            "notes": list(self.notes),
            "looks": self.looks.as_dict(),
            "withheld": self.withheld,
        }


def distance_holds(op: str, apart: float, tolerance: float = 0.0) -> bool:
    """Whether left - right = ``apart`` satisfies ``op``."""
    if op == "~=":
        return abs(apart) <= tolerance
    return {"<": apart < 0, "<=": apart <= 0, ">": apart > 0, ">=": apart >= 0}[op]


def _excludes(op: str, interval: Interval, tolerance: float) -> tuple[bool | None, bool]:
    """(supported, contradicted) by an interval of left - right."""
    if interval.low is None or interval.high is None:
        return None, False
    low, high = interval.low, interval.high
    if op == "~=":
        return -tolerance <= low and high <= tolerance, low > tolerance or high < -tolerance
    worst, best = (high, low) if op in ("<", "<=") else (low, high)
    return distance_holds(op, worst), not distance_holds(op, best)


def confidence_for(op: str) -> float:
    """The two-sided confidence whose interval has to exclude the margin."""
    return 0.90 if op == "~=" else 0.95


def _test(
    clause: Clause, left: list[Run], right: list[Run], definition: MetricDef, confidence: float
) -> Difference:
    if clause.right is None:
        sample = summarise(_values(left, clause.metric))
        test = one_sample(sample, clause.bound, confidence=confidence)
        no_spread = NO_SPREAD if sample.is_constant and moved_by_machine(definition) else ""
        return Difference(Sample(0), sample, test, AGAINST_A_NUMBER, withheld=no_spread)
    got = difference(
        right,
        left,
        clause.right_metric,
        definition,
        b_metric=clause.metric,
        factor=clause.factor,
        confidence=confidence,
    )
    if clause.op == "~=" and got.draws is not None and got.draws.decides(None):
        got.withheld = got.withheld or got.draws.why  # which could as well hide a difference
    return got


def _distances(clause: Clause, test: TestResult, against: float) -> Interval:
    """The interval of left - right. A tolerance in per cent of the right side takes the ratio's
    interval where there is one, since the right side is itself an estimate: (ratio - 1) * right."""
    ratio = test.ratio_interval
    if not (
        clause.op == "~="
        and clause.relative
        and ratio
        and ratio.low is not None
        and ratio.high is not None
    ):
        return test.interval
    return Interval(
        (ratio.low - 1.0) * against, (ratio.high - 1.0) * against, ratio.confidence, ratio.method
    )


def _values(runs: list[Run], metric: str) -> list[float]:
    return [run.metrics[metric] for run in runs if metric in run.metrics]


@dataclass(frozen=True)
class Chosen:
    """How a clause came to be asked. ``choice``: from how many comparisons it was chosen, asked only
    where that matters. ``named``: how many predictions like it were there before their runs, itself one
    of them; 0 where it was not;
    ``is_fresh``: whether a run was begun after the record that asked."""

    choice: Callable[[], Choice] = lambda: NO_CHOICE
    named: int = 0
    is_fresh: Callable[[Run], bool] = lambda run: False


# (clause, left, right) -> how it came to be asked
Choosing = Callable[[Clause, list[Run], list[Run]], Chosen]


def _look(
    result: ClauseResult,
    sides: tuple[list[Run], list[Run]],
    definition: MetricDef,
    against: float,
    chosen: Chosen,
) -> Looks:
    """The looks at one clause, by the rule that chose its method. A clause that was asked after its
    runs is judged by the runs begun since, once there are enough; until then it pays for the
    choice."""
    clause = result.clause

    def interval_of(a: list[Run], b: list[Run], confidence: float) -> Interval:
        got = _test(clause, a, b, definition, confidence)
        return _distances(clause, got.test, against)

    def bears(a: list[Run], b: list[Run]) -> bool:
        return _test(clause, a, b, definition, 0.95).bears_a_test

    def excludes(interval: Interval) -> bool | None:
        return _excludes(clause.op, interval, result.tolerance)[0]

    def looks_at(a: list[Run], b: list[Run], choices: int, named: bool) -> Looks:
        other = None if clause.right is None else b
        one_sided = named or clause.op == "~="
        return take_looks(a, other, interval_of, excludes, choices, one_sided, bears)

    left, right = sides
    looks = looks_at(left, right, max(1, chosen.named), bool(chosen.named))
    if chosen.named or not looks.shown_at:
        return looks
    choice = chosen.choice()
    fresh, other = ([r for r in side if chosen.is_fresh(r)] for side in sides)
    if choice.reference_fixed and not other:
        other = right
    if len(fresh) >= FEWEST and (clause.right is None or len(other) >= FEWEST):
        return looks_at(fresh, other, 1, True)
    return looks_at(left, right, choice.count, False) if choice.count > 1 else looks


def evaluate_clause(
    clause: Clause,
    left_runs: list[Run],
    right_runs: list[Run],
    definition: MetricDef | None = None,
    choosing: Choosing | None = None,
    looks: bool = True,
) -> ClauseResult:
    """One clause over the runs given for its two operands; only evidence with the metric is taken.
    ``choosing``: how it came to be asked; without it, as if its sides had been the only ones.
    ``looks``: whether to ask how often it was looked at."""
    known = definition or MetricDef(clause.metric)
    left_used = [run for run in left_runs if run.is_evidence and clause.metric in run.metrics]
    right_used = [
        run for run in right_runs if run.is_evidence and clause.right_metric in run.metrics
    ]
    left_used, right_used, apart, items = _on_shared_items(clause, left_used, right_used)
    left = summarise(_values(left_used, clause.metric))
    right = (
        None
        if clause.right is None
        else scaled(summarise(_values(right_used, clause.right_metric)), clause.factor)
    )
    result = ClauseResult(
        clause, None, None, False, left, right, Interval(None, None, 0.95, "none"), ""
    )
    result.left_runs, result.right_runs = (
        sorted(r.id for r in left_used),
        sorted(r.id for r in right_used),
    )
    result.judged = left_used
    against = clause.bound if right is None else right.mean
    if apart:
        result.arithmetic = apart
        return result
    if meaningless := _no_share(clause, right_used):
        result.arithmetic = result.meaningless = meaningless
        return result
    if left.mean is None or against is None:
        empty = (
            clause.subject.format() if left.mean is None else (clause.right or Subject()).format()
        )
        result.arithmetic = f"no counting run of {empty} has a value"
        return result
    got = _test(clause, left_used, right_used, known, confidence_for(clause.op))
    result.method, result.notes, result.withheld = got.rule, got.notes, got.withheld
    result.draws = got.draws
    holds_with_all = _holds(clause, left, against)
    if any(got.out_of_turn):
        _keep_in_turn(result, got, left_used)
        left, against = got.b, got.a.mean or 0.0
    result.tolerance = _tolerance(clause, against)
    result.holds = _holds(clause, left, against)
    if result.holds and not holds_with_all:
        result.withheld = result.withheld or TURNED
    result.interval = _distances(clause, got.test, against)
    result.deterministic = left.is_constant and (right is None or right.is_constant)
    result.supported, result.contradicted = _excludes(clause.op, result.interval, result.tolerance)
    if looks:
        chosen = choosing(clause, left_used, right_used) if choosing else Chosen()
        result.looks = _look(result, (left_used, right_used), known, against, chosen)
    result.arithmetic = items + _sentence(result, against, known.unit)
    return result


def _tolerance(clause: Clause, against: float) -> float:
    return abs(against) * clause.tolerance / 100.0 if clause.relative else clause.tolerance


def _holds(clause: Clause, left: Sample, against: float) -> bool:
    return distance_holds(
        clause.op, distance(left.mean or 0.0, against), _tolerance(clause, against)
    )


def _keep_in_turn(result: ClauseResult, got: Difference, left: list[Run]) -> None:
    """Take what stands in no figure out of the result. One of these made alone can still be contrary; one made in the
    company of a third side says as much of its moment."""
    result.left, result.right = got.b, got.a
    result.out_of_turn = got.out_of_turn[1], got.out_of_turn[0]
    apart = {run.id for side in result.out_of_turn for run in side}
    result.left_runs = [name for name in result.left_runs if name not in apart]
    result.right_runs = [name for name in result.right_runs if name not in apart]
    result.judged = [r for r in left if r.id not in apart or not _in_company(r)]


def _in_company(run: Run) -> bool:
    return bool(run.design.get("interleaving") or run.design.get("sweep"))


def _no_share(clause: Clause, right: list[Run]) -> str:
    """Why a factor or a percentage of the reference means nothing ("" when it does): a share needs
    a scale with a true zero. 0.9 times -10 is the larger number, and 5 % of 0 is no margin."""
    values = _values(right, clause.right_metric)
    if clause.right is None or not values or min(values) > 0.0:
        return ""
    of = f"{clause.right_metric} of {clause.right.format()} is zero or negative in some runs"
    if clause.op == "~=" and clause.relative:
        return (
            f"{of}: a percentage of it is no margin (name one in the metric's unit: ~= ... +- 0.1)"
        )
    if clause.factor != 1.0:
        return f"{of}: {number(clause.factor)} times it has no meaning (compare with it as it is, or with a number)"
    return ""


def _on_shared_items(
    clause: Clause, left: list[Run], right: list[Run]
) -> tuple[list[Run], list[Run], str, str]:
    """Both sides over the items they share; why they cannot be judged ("" when they can), and what
    is to be said."""
    if clause.right is None:
        return left, right, "", ""
    right, left, shared = on_shared_items(right, left, clause.right_metric, clause.metric)
    if shared is None or shared.same:
        return left, right, "", ""
    said = shared.words(clause.right.format(), clause.subject.format())
    if shared.reason:
        return left, right, f"{clause.metric} {said}: {shared.reason}", ""
    return left, right, "", f"over the shared items, {said}: "


def _sentence(result: ClauseResult, against: float, unit: str) -> str:
    clause, left, right, interval = result.clause, result.left, result.right, result.interval
    times = f", {number(clause.factor)} times" if clause.factor != 1.0 else ""
    reference = "" if right is None else f" (mean of {right.n}{times})"
    if interval.known:
        spread = (
            f"the {100 * interval.confidence:g} % interval of the difference is "
            f"{number(interval.low)} to {number(interval.high)} ({result.method})"
        )
    else:
        other = clause.right.format() if clause.right else ""
        spread = with_names(interval.reason, other, clause.subject.format())
    allowed = f" +- {number(result.tolerance)}" if clause.op == "~=" else ""
    compared = f"{number(left.mean, unit)} (mean of {left.n}) {clause.op} {number(against, unit)}"
    truth = "true" if result.holds else "false"
    return f"{compared}{reference}{allowed} is {truth}; {spread}"


def evaluate(
    predicate: Predicate,
    resolve: Callable[[Subject], list[Run]],
    metric_defs: dict[str, MetricDef] | None = None,
) -> list[ClauseResult]:
    """Each clause over the runs that ``resolve`` gives for its subjects."""
    return [
        evaluate_clause(
            clause,
            resolve(clause.subject),
            resolve(clause.right) if clause.right is not None else [],
            (metric_defs or {}).get(clause.metric),
        )
        for clause in predicate.clauses
    ]

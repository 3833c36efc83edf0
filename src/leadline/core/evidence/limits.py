"""What is beside a claim about results that are inadmissible: fast, and wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from leadline.core.evidence.found import Evidence
from leadline.core.evidence.marks import Mark
from leadline.core.evidence.predicate import Predicate, Subject
from leadline.core.metric.limit import within
from leadline.core.profile import unguarded
from leadline.core.record.run import MetricDef, Run
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.core.record.bodies import ProfileBody


def mark_limits(
    out: Evidence,
    predicate: Predicate,
    resolve: Callable[[Subject], list[Run]],
    metrics: Mapping[str, MetricDef],
) -> None:
    """Runs beyond the limit of a metric that the claim is not about itself."""
    claimed = {metric for clause in predicate.clauses for metric, _ in clause.sides}
    limits = [m for m in metrics.values() if m.limit and m.name not in claimed]
    if not limits:
        return
    subjects = {s.name: s for clause in predicate.clauses for _, s in clause.sides}
    for shown, subject in subjects.items():
        runs = [run for run in resolve(subject) if run.is_evidence]
        for metric in limits:
            beyond = [run.id for run in runs if not _keeps(metric, run)]
            if not beyond:
                continue
            what = f"{metric.name} {metric.limit}"
            full = (
                f"{len(beyond)} of {len(runs)} runs of {shown} lie beyond the limit {what}, "
                "and are inadmissible however good they are otherwise"
            )
            out.mark(Mark("beyond-limit", f"{shown} beyond {what}", full, "exploratory"))


def mark_unguarded(out: Evidence, profile: ProfileBody, runs: Iterable[Run]) -> None:
    """Results of which nothing says whether they are right, where the profile wants that measured."""
    if not profile.get("guards"):
        return
    without = {r.uid for r in runs if unguarded(profile, [*r.metrics, *r.nonfinite])}
    if without:
        guards = " or ".join(profile["guards"])
        full = f"profile {profile['name']}: {len(without)} runs measured no {guards}"
        out.mark(Mark("unguarded", "not measured: whether it is right", full))


def _keeps(metric: MetricDef, run: Run) -> bool:
    """A value that was not finite keeps no limit; one that was not measured breaks none."""
    if metric.name in run.nonfinite:
        return False
    return metric.name not in run.metrics or within(metric.limit, run.metrics[metric.name])

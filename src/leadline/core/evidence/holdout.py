"""What a look at the sealed holdout says of a claim: one value a side, beside the runs that bear it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from leadline.core.evidence.evaluate import distance_holds
from leadline.core.evidence.found import Evidence
from leadline.core.evidence.marks import Mark
from leadline.core.evidence.predicate import Predicate
from leadline.core.timestamps import number
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.core.record.bodies import HoldoutBody


def holds(predicate: Predicate, values: Mapping[str, float]) -> bool:
    """Whether every clause is true of the ``values``, by ``metric(subject)``."""
    for clause in predicate.clauses:
        (metric, subject), *right = clause.sides
        against = clause.bound
        if right:
            against = values[f"{right[0][0]}({right[0][1].format()})"]
        against *= clause.factor
        tolerance = clause.tolerance
        if clause.relative:
            tolerance *= abs(against) / 100.0
        left = values[f"{metric}({subject.format()})"]
        if not distance_holds(clause.op, left - against, tolerance):
            return False
    return True


def mark_holdout(out: Evidence, holdouts: Sequence[HoldoutBody], uid: str) -> None:
    """The last look that was taken for the claim recorded as ``uid``."""
    looks = [
        said
        for said in holdouts
        if "look" in said and uid and said.get("refs", {}).get(said.get("claim", "")) == uid
    ]
    if not looks:
        return
    last = looks[-1]
    total = sum("look" in said for said in holdouts)
    values = ", ".join(f"{name} {number(v)}" for name, v in last.get("values", {}).items())
    where = f"look {last['look']} of {total} at the holdout"
    if last.get("why"):
        text = f"{where} gave no answer: {last['why']}"
        out.mark(Mark("holdout-failed", "the holdout gave no answer", text, "exploratory"))
    elif last.get("holds"):
        text = f"{where} says the same: {values}"
        out.mark(Mark("holdout", f"holdout agrees, look {last['look']}", text))
    else:
        text = f"{where} says otherwise: {values}"
        out.mark(Mark("holdout-contrary", "the holdout says otherwise", text, "exploratory"))
        out.missing.append("a claim that the holdout does not contradict")

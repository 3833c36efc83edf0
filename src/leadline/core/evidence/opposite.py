"""The opposite of what was predicted, held against the same runs."""

from __future__ import annotations

from leadline.core.evidence.found import SHOWN
from leadline.core.evidence.of_thread import evidence_of
from leadline.core.evidence.predicate import Clause, Predicate, predicate_of
from leadline.core.record.thread import Item, Thread
from leadline.core.typed import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from leadline.core.record.bodies import HypothesisBody

OPPOSITE = {"<": ">", "<=": ">", ">": "<", ">=": "<"}


def opposite_shown(item: Item[Any], thread: Thread) -> bool:
    """Whether the runs replicate the opposite of a clause of its prediction."""
    predicate = predicate_of(item)
    for clause in predicate.clauses if predicate is not None else ():
        if (op := OPPOSITE.get(clause.op)) is None:
            continue
        other = Clause(
            clause.metric,
            clause.subject,
            op,
            clause.factor,
            clause.right_metric,
            clause.right,
            clause.bound,
        )
        form = Predicate((other,)).format()
        body = cast("HypothesisBody", {**item.body, "predicate": form})
        if evidence_of(thread, body, item.uid).label in SHOWN:
            return True
    return False

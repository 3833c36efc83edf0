"""The state of a hypothesis, and whose word it is.

One that carries a prediction is decided by its runs: supported when they replicate it, falsified when they replicate
the opposite of one of its clauses. No difference shown decides nothing, and is what was found all the same: nobody
has to judge it by hand besides. Everything else was judged by hand.
"""

from __future__ import annotations

from leadline.core.evidence.of_thread import evidence_of as judge
from leadline.core.evidence.of_thread import predicate_of
from leadline.core.evidence.predicate import Clause, Predicate
from leadline.core.record.ranks import DECIDED_STATES, state_of
from leadline.core.record.thread import Item, Thread
from leadline.core.typed import TYPE_CHECKING, Any, cast
from leadline.core.view.facts import EvidenceOf

if TYPE_CHECKING:
    from leadline.core.record.bodies import HypothesisBody

RUNS_LOOKED_AT = 40
SHOWN = ("replicated", "stable")
RUNS_SAY = ("active", "proposed")  # states that say nothing which runs do not say better
OPPOSITE = {"<": ">", "<=": ">", ">": "<", ">=": "<"}


def decided_by_runs(item: Item[Any], thread: Thread, evidence_of: EvidenceOf) -> str:
    """``supported``, ``falsified``, or "" where the runs decide nothing."""
    if not item.body.get("predicate"):
        return ""
    label = evidence_of(item).label
    if label in SHOWN:
        return "supported"
    return "falsified" if label == "refuted" and _opposite_shown(item, thread) else ""


def is_tested(item: Item[Any], evidence_of: EvidenceOf) -> bool:
    """Whether it carries a prediction that runs bear on: its state follows from them, whatever it is."""
    return bool(item.body.get("predicate") and evidence_of(item).counted)


def _opposite_shown(item: Item[Any], thread: Thread) -> bool:
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
        if judge(thread, body, item.uid).label in SHOWN:
            return True
    return False


def judged_state(item: Item[Any], thread: Thread, evidence_of: EvidenceOf | None) -> str:
    """In words: ``falsified by its prediction``, ``supported, judged by hand``, ``undecided so far``, ``active``."""
    state = state_of(item)
    by_hand = f"{state}, judged by hand" if state in DECIDED_STATES else state
    if not item.body.get("predicate") or evidence_of is None:
        return by_hand
    found = decided_by_runs(item, thread, evidence_of)
    runs = thread.runs_named(evidence_of(item).counted[:RUNS_LOOKED_AT])
    before = bool(runs) and all(run.uid < item.uid for run in runs)  # a reference may be older
    late = "written after runs of it" if before else ""
    if not found and runs and state in RUNS_SAY:
        against = evidence_of(item).label == "refuted"
        by_hand = "not borne out so far" if against else "undecided so far"
    if not found:
        return f"{by_hand}, its prediction {late}" if late else by_hand
    if (state, found) == ("promoted", "supported"):
        found = state
    told = f"{found} by its prediction"
    other = f"; {by_hand}" if state in DECIDED_STATES and state != found else ""
    return f"{told}, {late}{other}" if late else f"{told}{other}"

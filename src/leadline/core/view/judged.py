"""The state of a hypothesis, and whose word it is.

One that carries a prediction is decided by its runs: supported when they replicate it, falsified when they replicate
the opposite of one of its clauses. No difference shown decides nothing, and is what was found all the same: nobody
has to judge it by hand besides. Everything else was judged by hand.
"""

from __future__ import annotations

from leadline.core.evidence.found import SHOWN
from leadline.core.record.ranks import DECIDED_STATES, state_of
from leadline.core.record.thread import Item, Thread
from leadline.core.typed import Any
from leadline.core.view.facts import EvidenceOf

RUNS_LOOKED_AT = 40
RUNS_SAY = ("active", "proposed")  # states that say nothing which runs do not say better

BY_HAND = "judged by hand"


def decided_by_runs(item: Item[Any], thread: Thread, evidence_of: EvidenceOf) -> str:
    """``supported``, ``falsified``, or "" where the runs decide nothing."""
    if not item.body.get("predicate"):
        return ""
    label = evidence_of(item).label
    if label in SHOWN:
        return "supported"
    if label != "refuted":
        return ""
    from leadline.core.evidence.opposite import opposite_shown  # noqa: PLC0415  start-up: 8 ms

    return "falsified" if opposite_shown(item, thread) else ""


def is_tested(item: Item[Any], evidence_of: EvidenceOf) -> bool:
    """Whether it carries a prediction that runs bear on: its state follows from them, whatever it is."""
    return bool(item.body.get("predicate") and evidence_of(item).counted)


def judged_state(item: Item[Any], thread: Thread, evidence_of: EvidenceOf | None) -> str:
    """In words: ``falsified by its prediction``, ``supported, judged by hand``, ``undecided so far``, ``active``."""
    state = state_of(item)
    by_hand = f"{state}, {BY_HAND}" if state in DECIDED_STATES else state
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

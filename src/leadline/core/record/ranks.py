"""The two orders that rank what a thread says: labels of claims, and states of hypotheses.

Whoever lists, picks the strongest, or tells a rise from a fall asks here.
"""

from __future__ import annotations

from leadline.core.record.thread import Item
from leadline.core.typed import Any

# From what bears nothing to the strongest.
LABELS = ("none", "refuted", "exploratory", "replicated", "stable")
EARNED = LABELS[2:]
# What is worked on first.
HYPOTHESIS_STATES = ("active", "proposed", "blocked", "supported", "promoted", "falsified")
OPEN_STATES, DECIDED_STATES = HYPOTHESIS_STATES[:3], HYPOTHESIS_STATES[3:]


def rank(label: str) -> int:
    """1 to 3 for a label that runs earned a claim; 0 for all else."""
    return EARNED.index(label) + 1 if label in EARNED else 0


def state_of(hypothesis: Item[Any]) -> str:
    return str(hypothesis.body.get("state") or "proposed")


def stands_at(item: Item[Any]) -> str:
    """What items of a kind are picked by: the state of a hypothesis, the role of a note, whether a
    directive or a session is still ``open`` (a comment that directs nobody: ``listed``)."""
    if item.kind == "hypothesis":
        return state_of(item)
    if item.kind == "directive":
        if "acknowledged" in item.body:
            return "acknowledged"
        return "listed" if item.body.get("listed") else "open"
    if item.kind == "session":
        return "ended" if "ended" in item.body else "open"
    return str(item.body.get("role", ""))


def queue_place(state: str) -> int:
    """Where a hypothesis in ``state`` stands among others; what is none of the states comes last."""
    return (*HYPOTHESIS_STATES, state).index(state)

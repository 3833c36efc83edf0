"""What a claim may not rest on: config keys that reach no command (``core/record/reaches.py``)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from leadline.core.evidence.found import Evidence
from leadline.core.evidence.marks import Mark
from leadline.core.evidence.predicate import Predicate, Subject
from leadline.core.record.run import Run

TAGS_NAMED = 3


def tags_of(predicate: Predicate, resolve: Callable[[Subject], list[Run]]) -> frozenset[str]:
    """The keys that reach no command of the runs that the claim is about."""
    claimed = (run for clause in predicate.clauses for run in resolve(clause.subject))
    return frozenset(key for run in claimed if run.is_evidence for key in run.tags)


def mark_tags(
    out: Evidence, predicate: Predicate, axes: Sequence[str], tags: Collection[str]
) -> None:
    """Say of an axis that it is none, and of runs that were picked by what their command never saw
    that they are some of its repeats."""
    if none := [axis for axis in axes if axis in tags]:
        named = _named(none)
        full = f"{named} reaches no command: no axis that the claim could hold over"
        out.mark(Mark("tag-axis", f"{named} reaches no command", full))
        out.missing.append(f"runs whose command takes {named}, or a claim over another axis")
    picked = {key for c in predicate.clauses for _, s in c.sides for key, _ in s.selectors}
    if chosen := sorted(picked & set(tags)):
        named = _named(chosen)
        full = f"picked by {named}, which reaches no command: some repeats of one command, not all"
        out.mark(Mark("picked-by-tag", f"picked by {named}, a tag", full, "exploratory"))
        out.missing.append(f"a claim that does not select by {named}")


def _named(keys: list[str]) -> str:
    left = len(keys) - TAGS_NAMED
    return ", ".join(keys[:TAGS_NAMED]) + (f" and {left} more" if left > 0 else "")

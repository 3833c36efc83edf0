"""Labels that an upgrade changed: a claim that was labelled by earlier rules and is labelled otherwise by these.

Each is listed until an update under these rules has told of it. New runs may have moved the label as well as the new
rules; both are what a reader has to know, and the reason tells them apart.
"""

from __future__ import annotations

from leadline.core.evidence.found import RULES, Evidence
from leadline.core.evidence.known import evidence_for
from leadline.core.issue.due import last_update
from leadline.core.record.thread import Item, Thread
from leadline.core.typed import TYPE_CHECKING, NamedTuple
from leadline.core.view.facts import EvidenceOf

if TYPE_CHECKING:
    from leadline.core.record.bodies import ClaimBody

FIRST_RULES = 1  # of records that name none


class Relabelled(NamedTuple):
    claim: str
    was: str
    rules: int
    now: str
    why: str

    @property
    def text(self) -> str:
        now = "no evidence" if self.now == "none" else self.now
        why = f": {self.why}" if self.why else ""
        return f"{self.claim} was {self.was} by rules {self.rules}, is {now} by rules {RULES}{why}"


def relabelled_one(claim: Item[ClaimBody], found: Evidence) -> Relabelled | None:
    """None for a claim whose label is as it was, or was given by these rules."""
    body = claim.body
    was, rules = body.get("label", ""), body.get("rules", FIRST_RULES)
    if not claim.stands or not was or was == found.label or rules >= RULES:
        return None
    why = [mark.full for mark in found.marks if mark.caps] or found.missing[:1]
    return Relabelled(claim.id, was, rules, found.label, "; ".join(why))


def relabelled(thread: Thread, evidence_of: EvidenceOf | None) -> list[Relabelled]:
    """In the order of the claims; none once an update has told of them."""
    last = last_update(thread)
    told = last is not None and last.body.get("rules", FIRST_RULES) >= RULES
    if evidence_of is None or told:
        return []
    if thread.kept is not None:
        return [Relabelled(*row) for row in thread.kept.relabelled()]
    earlier = (claim for claim in thread.claims if claim.body.get("rules", FIRST_RULES) < RULES)
    whole = evidence_of if thread.told is None else evidence_for(thread)  # the marks, too
    found = (relabelled_one(claim, whole(claim)) for claim in earlier)
    return [one for one in found if one is not None]

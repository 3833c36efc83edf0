"""What is missing before an experiment's issue closes: one item for each, with what mends it.

The items are the gate of ``finish`` too, so that a check that passes and a verb that refuses cannot
disagree. Nothing is judged that could be computed instead: there is no item "the table is out of
date".
"""

from __future__ import annotations

from collections.abc import Mapping

from leadline.core.check.missing import Missing, missing
from leadline.core.evidence.found import Evidence
from leadline.core.evidence.known import evidence_for
from leadline.core.record.ranks import OPEN_STATES, state_of
from leadline.core.record.thread import Thread
from leadline.core.view import facts
from leadline.core.view.judged import is_tested

FINISH_FIELDS = (
    ("worked", "no-what-worked", "what worked is not said", "--worked 'TEXT'"),
    ("failed", "no-what-failed", "what did not work is not said", "--failed 'TEXT'"),
    (
        "limits",
        "no-limits",
        "confidence and limits are not said",
        "--confidence 'TEXT' --limits 'TEXT'",
    ),
    (
        "conclusion",
        "no-conclusion",
        "there is no conclusion: the decision or outcome, and why",
        "--conclusion 'TEXT'",
    ),
    (
        "next_steps",
        "no-next-steps",
        "there are no next steps: small, concrete, ordered",
        "--next 'TEXT'",
    ),
)
# Done by the record; the forge is to follow.
QUEUED_CODES = ("no-issue", "tldr-not-current", "final-tag-not-linked")
ISSUE_SYNC, ISSUE_OPEN = "leadline issue sync", "leadline issue open"


def check_close(
    thread: Thread,
    *,
    proposal: Mapping[str, object] | None = None,
    body_is_current: bool | None = None,
    tag_needed: bool = True,
    queued: str = "",
) -> list[Missing]:
    """What is missing before the issue closes, the most important first (W26-W28, W41).

    ``proposal``: the finish about to be recorded (worked, failed, limits, conclusion, next_steps);
    without it the last recorded one. ``body_is_current``: whether the issue body says what the
    record says (None: not asked). ``tag_needed`` False: the caller is about to seal. ``queued``:
    why the forge could not be brought up to date; what the record has done and only the forge lacks
    carries this reason as ``queued``: it is no gap, and it is to be shown.
    """
    recorded: Mapping[str, object] = thread.finishes[-1] if thread.finishes else {}
    finish = recorded if proposal is None else proposal
    said = [
        (code, what, flag)
        for name, code, what, flag in FINISH_FIELDS
        if not _said(finish.get(name))
    ]
    known = evidence_for(thread)
    together = "leadline finish " + " ".join(flag for _, _, flag in said)  # asked for at once
    items = [
        missing("open-run", f"{run.id} is {run.state}", f"leadline show {run.id}", id=run.id)
        for run in facts.open_runs(thread)
    ]
    items += [missing(code, what, together) for code, what, _ in said]
    items += [
        missing(
            "open-hypothesis",
            f"{h.id} is {state_of(h)}: {h.text[:80]}",
            f"leadline hypothesis falsify {h.id} --evidence ID  (or: support, block)",
            id=h.id,
        )
        for h in facts.standing(thread, "hypothesis", OPEN_STATES)
        if not is_tested(h, known)
    ]
    items += _unexplained(thread)
    if tag_needed:
        items += _final_tag(thread)
    if thread.issue.state == "none":
        items.append(missing("no-issue", "there is no experiment issue", ISSUE_OPEN))
    elif body_is_current is False:
        items.append(
            missing(
                "tldr-not-current", "the issue body does not say what the record says", ISSUE_SYNC
            )
        )
    for item in items:
        if queued and item["code"] in QUEUED_CODES:
            item["queued"], item["mend"] = queued, ISSUE_SYNC
    return items + _unconfirmed(thread, known)


def _unexplained(thread: Thread) -> list[Missing]:
    """Experiments that the answer rests on and nobody said the meaning of. One that the machine ended
    says nothing of what it tested: the class of its failure is enough."""
    headlines = facts.headlines(thread)
    silent = facts.uninterpreted(thread, headlines)
    mend = f"leadline note --interpretation {' '.join(e.id for e in silent)} 'TEXT'"
    items = [
        missing("no-interpretation", f"{e.id} has no interpretation", mend, id=e.id) for e in silent
    ]
    for e in headlines:
        if facts.ended_by_machine(e) and not e.notes_in("negative"):
            what = f"{e.id} ended by no fault of what it tested ({e.state}), and nothing says which it was"
            mend = (
                f"leadline note {e.id} --negative implementation-failure 'TEXT'  (or: invalid-test)"
            )
            items.append(missing("no-reason-class", what, mend, id=e.id))
    return items


def _said(value: object) -> bool:
    if isinstance(value, list):
        return any(str(v).strip() for v in value)
    return bool(str(value or "").strip())


def _final_tag(thread: Thread) -> list[Missing]:
    """A snapshot younger than the last result, and linked from the issue."""
    snapshots = [s for s in thread.of_kind("snapshot") if s.stands]
    if not snapshots:
        return [missing("no-final-tag", "no snapshot is sealed", "leadline seal")]
    last = snapshots[-1]
    newer = [r.id for r in thread.runs if r.ended_at > last.at] + [
        c.id for c in thread.claims if c.uid > last.uid
    ]
    tag = str(last.body.get("tag") or last.id)
    if newer:
        what = f"{last.id} ({tag}) was sealed before {', '.join(newer[:3])}"
        return [missing("final-tag-old", what, "leadline seal")]
    texts = [thread.issue.body, *(str(c["text"]) for c in thread.issue.comments)]
    if thread.issue.state != "none" and not any(tag in text for text in texts):
        return [
            missing("final-tag-not-linked", f"the issue does not name the tag {tag}", ISSUE_SYNC)
        ]
    return []


def _unconfirmed(thread: Thread, known: facts.EvidenceOf) -> list[Missing]:
    path = thread.about.get("production-path")
    items = []
    for claim in thread.claims:
        wanted = claim.body.get("path") or path
        if not wanted or not claim.stands or not claim.body.get("predicate"):
            continue
        found: Evidence = known(claim)
        if found.confirmed_path is False:
            experiments = [
                thread.shown(str(e), claim.refs) for e in claim.body.get("experiments", [])
            ]
            what = f"{claim.id} was not confirmed on the production path ({wanted})"
            mend = f"leadline run --on {wanted} --experiment {(experiments or ['ID'])[0]}"
            items.append(missing("claim-not-confirmed", what, mend, id=claim.id))
    return items

"""Withdraw a thing, and say what rested on it: a retraction that nobody notices leaves its conclusions standing."""

from __future__ import annotations

from typing import Any

from leadline.core.citation import recompute
from leadline.core.errors import LeadlineError
from leadline.core.run import Run
from leadline.core.thread import Experiment, Item, Thread
from leadline.services.context import Context, refs_for
from leadline.services.evidence_of import evidence_for
from leadline.services.lookup import kind_of
from leadline.services.write import checked_text

_CITING = ("note", "claim", "decision", "update")


def retract(context: Context, topic: str, target: str, why: str) -> dict[str, Any]:
    """Retract ``target``; returns {target, kind, why, rests}: what rested on it, see ``what_rests_on``.

    Raises LeadlineError: unknown id, no reason, retracted already.
    """
    before = context.store.thread(topic)
    thing = before.find(target)
    if not why.strip():
        raise LeadlineError(
            "usage",
            "missing-field",
            "retract needs --why",
            "the next session reads the reason, not the number",
            f"leadline retract {target} --why 'WHY'",
        )
    if thing.retracted:
        raise LeadlineError(
            "conflict",
            "already-retracted",
            f"{thing.id} was retracted: {thing.retracted}",
            "",
            f"leadline show {thing.id}",
        )
    body = {"target": thing.id, "why": checked_text(why, "retract")}
    context.append(topic, "retraction", {**body, "refs": refs_for(before, [thing.id], [why])})
    after = context.store.thread(topic)
    return {**body, "kind": kind_of(thing), "rests": what_rests_on(before, after, thing)}


def what_rests_on(before: Thread, after: Thread, thing: Experiment | Run | Item) -> list[dict[str, str]]:
    """One {id, kind, before, after} for each standing claim, decision, hypothesis, baseline and cited number that the
    withdrawal of ``thing`` touches, directly or through a claim or hypothesis."""
    its_runs = thing.runs if isinstance(thing, Experiment) else [thing] if isinstance(thing, Run) else []
    runs = {run.id for run in its_runs}
    touched = {thing.id} | runs
    if isinstance(thing, Run):
        experiment = after.experiments[thing.experiment]
        if not experiment.evidence_runs:
            touched.add(experiment.id)
    rests: list[dict[str, str]] = []
    was, now = evidence_for(before), evidence_for(after)
    for claim in after.claims:
        old = before.items[claim.id]
        if not old.stands or claim.id == thing.id:
            continue
        first, then = was(old), now(claim)
        if runs & set(first.counted) or first.label != then.label:
            rests.append({"id": claim.id, "kind": "claim", "before": first.label, "after": then.label})
            touched.add(claim.id)
    for kind, words in (("hypothesis", "state"), ("decision", ""), ("hypothesis", "state")):
        for item in after.of_kind(kind):
            if not item.stands or item.id == thing.id or item.id in touched:
                continue
            named = {after.shown(i, item.refs) for i in [*item.body.get("evidence", []), item.body.get("decision", "")]}
            if hit := sorted(named & touched):
                state = str(item.body.get(words) or "stands")
                rests.append(
                    {
                        "id": item.id,
                        "kind": kind,
                        "before": state,
                        "after": f"{state}, but it rests on {', '.join(hit)}: look again",
                    }
                )
                touched.add(item.id)
    rests += _baselines(after, thing)
    seen = {row["id"] for row in rests} | {thing.id}
    return rests + [row for row in _citing(before, after) if row["id"] not in seen]


def _baselines(after: Thread, thing: Experiment | Run | Item) -> list[dict[str, str]]:
    baseline, experiment = after.baseline, after.baseline_experiment
    if baseline is None or experiment is None:
        return []
    touches = experiment.id == thing.id or (isinstance(thing, Run) and thing.experiment == experiment.id)
    left = len(experiment.evidence_runs)
    return (
        [
            {
                "id": baseline.id,
                "kind": "baseline",
                "before": f"{experiment.id}",
                "after": f"{experiment.id} with {left} counting runs",
            }
        ]
        if touches
        else []
    )


def _citing(before: Thread, after: Thread) -> list[dict[str, str]]:
    """Texts whose bound numbers are others now, or hold no longer."""
    rows = []
    for item in after.items.values():
        if item.kind not in _CITING or not item.stands or not item.body.get("bound"):
            continue
        known = {c[0] for c in recompute(before.items[item.id], before)}
        for expression, stored, now in recompute(item, after):
            if expression not in known:
                rows.append(
                    {
                        "id": item.id,
                        "kind": item.kind,
                        "before": f"{{{{{expression}}}}} = {stored:.6g}",
                        "after": "no longer holds" if now is None else f"{now:.6g}",
                    }
                )
                break
    return rows

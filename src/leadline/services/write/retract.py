"""Withdraw a thing, and say what rested on it: a retraction that nobody notices leaves its
conclusions standing."""

from __future__ import annotations

from leadline.core.errors import conflict, usage
from leadline.core.evidence.of_thread import evidence_for, predicate_of
from leadline.core.record.run import Run
from leadline.core.record.thread import Experiment, Item, Thread, is_a
from leadline.core.text.citation import recompute
from leadline.core.timestamps import plural
from leadline.core.typed import TYPE_CHECKING, cast
from leadline.core.values import dataclass
from leadline.services.bound_text import checked_text
from leadline.services.context import Context, refs_for
from leadline.services.lookup import kind_of, runs_of

if TYPE_CHECKING:
    from leadline.core.record.bodies import DecisionBody, HypothesisBody, RetractionBody

_CITING = ("note", "claim", "decision", "update")


@dataclass(frozen=True)
class Retracted:
    """``rests``: what rested on it, see ``what_rests_on``."""

    target: str
    why: str
    kind: str
    rests: list[dict[str, str]]


def with_parts(thread: Thread, targets: list[str]) -> dict[str, str]:
    """The ids to retract, each with the sweep that it is a part of or "": a sweep brings the
    experiments that ran for it alone and stand.

    Raises LeadlineError: an unknown id."""
    found: dict[str, str] = {}
    for target in targets:
        thing = thread.find(target)
        found[thing.id] = ""
        if is_a(thing, "sweep"):
            for e in thread.experiments.values():
                mine = e.runs and all(r.design.get("sweep") == thing.uid for r in e.runs)
                if e.stands and mine:
                    found.setdefault(e.id, thing.id)
    return found


def retract(context: Context, topic: str, target: str, why: str, part_of: str = "") -> Retracted:
    """Retract ``target``; ``part_of``: the sweep retracted with it, beside which it is not told of its
    own. Raises LeadlineError: unknown id, no reason, retracted already."""
    before = context.store.thread(topic)
    thing = before.find(target)
    if not why.strip():
        raise usage(
            "missing-field",
            "retract needs --why",
            why="the next session reads the reason, not the number",
            do="leadline retract … --why 'WHY'",
        )
    if thing.retracted:
        raise conflict(
            "already-retracted",
            f"{thing.id} was retracted: {thing.retracted}",
            do=f"leadline show {thing.id}",
        )
    body: RetractionBody = {"target": thing.id, "why": checked_text(why, "retract")}
    named = [thing.id]
    if part_of:
        body["part_of"] = part_of
        named.append(part_of)
    context.append(topic, "retraction", {**body, "refs": refs_for(before, named, [why])})
    after = context.store.thread(topic)
    rests = what_rests_on(before, after, thing)
    return Retracted(thing.id, body["why"], kind_of(thing), rests)


def what_rests_on(
    before: Thread, after: Thread, thing: Experiment | Run | Item
) -> list[dict[str, str]]:
    """One {id, kind, before, after} for each standing claim, decision, hypothesis, baseline and
    cited number that the withdrawal of ``thing`` touches, directly or through a claim or
    hypothesis."""
    runs = {run.id for run in runs_of(thing)}
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
        against = _is_against(after, claim, thing)
        if runs & set(first.counted) or first.label != then.label or against:
            label = (
                f"{then.label}, but its baseline was withdrawn: look again"
                if against
                else then.label
            )
            rests.append({"id": claim.id, "kind": "claim", "before": first.label, "after": label})
            touched.add(claim.id)
    for kind, words in (("hypothesis", "state"), ("decision", ""), ("hypothesis", "state")):
        for item in cast("list[Item[HypothesisBody | DecisionBody]]", after.of_kind(kind)):
            if not item.stands or item.id == thing.id or item.id in touched:
                continue
            named = {
                after.shown(i, item.refs)
                for i in [*item.body.get("evidence", []), str(item.body.get("decision", ""))]
            }
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
    rests += _baselines(before, after, thing, touched)
    seen = {row["id"] for row in rests} | {thing.id}
    return rests + [row for row in _citing(before, after) if row["id"] not in seen]


def _is_against(after: Thread, claim: Item, thing: Experiment | Run | Item) -> bool:
    """Whether the claim's checkable form compares with the baseline that ``thing`` is."""
    predicate = predicate_of(claim)
    if not is_a(thing, "baseline") or predicate is None:
        return False
    subjects = [
        s for c in predicate.clauses for s in (c.subject, c.right) if s is not None and s.name
    ]
    by_name = any(
        after.shown(s.name, claim.refs) == thing.id for s in subjects if s.name != "baseline"
    )
    by_role = any(s.name == "baseline" for s in subjects)
    return by_name or (by_role and claim.refs.get("baseline") == thing.uid)


def _baselines(
    before: Thread, after: Thread, thing: Experiment | Run | Item, touched: set[str]
) -> list[dict[str, str]]:
    """Baselines whose runs were withdrawn, that moved on evidence which was, and what comes after a
    withdrawn one."""
    rows = []
    for item in after.of_kind("baseline"):
        if item.id == thing.id:
            current = before.baseline
            if current is not None and current.id == item.id:
                now = (
                    f"{after.baseline.id} is the baseline again"
                    if after.baseline
                    else "no baseline is registered"
                )
                rows.append(
                    {"id": item.id, "kind": "baseline", "before": "the baseline", "after": now}
                )
            continue
        if not item.stands:
            continue
        display = after.shown(item.body["experiment"], item.refs)
        evidence = {after.shown(i, item.refs) for i in item.body.get("evidence") or []}
        experiment = after.experiments.get(display)
        its_run = isinstance(thing, Run) and thing.experiment == display
        if experiment is not None and (display == thing.id or its_run):
            left = len(experiment.evidence_runs) if experiment.stands else 0
            state = f"{display} with {left} counting {plural(left, 'run')}"
            rows.append({"id": item.id, "kind": "baseline", "before": display, "after": state})
        elif hit := sorted(evidence & (touched | _experiment_of(thing))):
            state = f"{display}, registered on {', '.join(hit)}: look again"
            rows.append({"id": item.id, "kind": "baseline", "before": display, "after": state})
    return rows


def _experiment_of(thing: Experiment | Run | Item) -> set[str]:
    return {thing.experiment} if isinstance(thing, Run) else set()


def _citing(before: Thread, after: Thread) -> list[dict[str, str]]:
    """Texts whose bound numbers are others now, or hold no longer."""
    rows = []
    for item in after.items.values():
        if item.kind not in _CITING or not item.stands or not item.body.get("bound"):
            continue
        known = {c[0] for c in recompute(before.items[item.id], before)}
        for expression, stored, now in recompute(item, after):
            if expression not in known:
                was = f"{{{{{expression}}}}} = {stored:.6g}"
                today = "no longer holds" if now is None else f"{now:.6g}"
                rows.append({"id": item.id, "kind": item.kind, "before": was, "after": today})
                break
    return rows

"""Withdraw a thing, and say what rested on it: a retraction that nobody notices leaves its
conclusions standing."""

from __future__ import annotations

from leadline.core.errors import conflict, usage
from leadline.core.evidence.known import labels_of_claims
from leadline.core.evidence.predicate import predicate_of
from leadline.core.record.run import Run
from leadline.core.record.thread import Experiment, Item, Thread, is_a
from leadline.core.timestamps import plural
from leadline.core.typed import TYPE_CHECKING, NamedTuple, cast
from leadline.core.values import dataclass
from leadline.core.view.facts import moved_numbers
from leadline.services.bound_text import checked_text
from leadline.services.context import Context, refs_for
from leadline.services.lookup import kind_of, runs_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from leadline.core.record.bodies import DecisionBody, HypothesisBody, RetractionBody
    from leadline.core.view.facts import MovedNumbers

_CITING = ("note", "claim", "decision", "update")


@dataclass(frozen=True)
class Retracted:
    """``rests``: what rested on it, see ``what_rests_on``."""

    target: str
    why: str
    kind: str
    rests: list[dict[str, str]]


class Borne(NamedTuple):
    """What could be said before something was taken back. ``labels``: of each standing claim its
    label, and whether a run of the thing counted; ``baseline``: its id, "" without one; ``moved``:
    the cited numbers that were others already."""

    labels: dict[str, tuple[str, bool]]
    baseline: str
    moved: MovedNumbers


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
    thread = context.store.view(topic)
    thing = thread.find(target)
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
    refs, before = refs_for(thread, named, [why]), borne(thread, thing)
    context.append(topic, "retraction", {**body, "refs": refs})
    rests = what_rests_on(before, context.store.view(topic), thing)
    return Retracted(thing.id, body["why"], kind_of(thing), rests)


def borne(thread: Thread, thing: Experiment | Run | Item) -> Borne:
    """To be asked before ``thing`` is taken back."""
    runs = {run.id for run in runs_of(thing)}
    labels = {
        shown: (found.label, not runs.isdisjoint(found.counted))
        for shown, found in labels_of_claims(thread)
    }
    baseline = thread.baseline
    return Borne(labels, "" if baseline is None else baseline.id, moved_numbers(thread))


def what_rests_on(
    before: Borne, after: Thread, thing: Experiment | Run | Item
) -> list[dict[str, str]]:
    """One {id, kind, before, after} for each standing claim, decision, hypothesis, baseline and
    cited number that the withdrawal of ``thing`` touches, directly or through a claim or
    hypothesis."""
    touched = {thing.id} | {run.id for run in runs_of(thing)}
    if isinstance(thing, Run):
        experiment = after.experiments[thing.experiment]
        if not experiment.evidence_runs:
            touched.add(experiment.id)
    rests: list[dict[str, str]] = []
    against = _against(after, thing)
    for shown, now in labels_of_claims(after):
        if shown == thing.id or shown not in before.labels:
            continue
        label, counted = before.labels[shown]
        if counted or label != now.label or shown in against:
            then = now.label
            if shown in against:
                then += ", but its baseline was withdrawn: look again"
            rests.append({"id": shown, "kind": "claim", "before": label, "after": then})
            touched.add(shown)
    for kind, words in (("hypothesis", "state"), ("decision", ""), ("hypothesis", "state")):
        found = cast("Sequence[Item[HypothesisBody | DecisionBody]]", _naming(after, kind, touched))
        for item in found:
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


def _naming(thread: Thread, kind: str, ids: Collection[str]) -> Sequence[Item]:
    """The items of a kind that may rest on one of ``ids``."""
    return thread.of_kind(kind) if thread.kept is None else thread.kept.resting_on(kind, ids)


def _against(after: Thread, thing: Experiment | Run | Item) -> set[str]:
    """The claims whose checkable form compares with the baseline that ``thing`` is."""
    if not is_a(thing, "baseline"):
        return set()
    claims = _naming(after, "claim", [thing.id])
    return {claim.id for claim in claims if _is_against(after, claim, thing)}


def _is_against(after: Thread, claim: Item, baseline: Item) -> bool:
    predicate = predicate_of(claim)
    if predicate is None:
        return False
    subjects = [
        s for c in predicate.clauses for s in (c.subject, c.right) if s is not None and s.name
    ]
    by_name = any(
        after.shown(s.name, claim.refs) == baseline.id for s in subjects if s.name != "baseline"
    )
    by_role = any(s.name == "baseline" for s in subjects)
    return by_name or (by_role and claim.refs.get("baseline") == baseline.uid)


def _baselines(
    before: Borne, after: Thread, thing: Experiment | Run | Item, touched: set[str]
) -> list[dict[str, str]]:
    """Baselines whose runs were withdrawn, that moved on evidence which was, and what comes after a
    withdrawn one."""
    rows = []
    for item in after.of_kind("baseline"):
        if item.id == thing.id:
            if before.baseline == item.id:
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


def _citing(before: Borne, after: Thread) -> list[dict[str, str]]:
    """Texts whose bound numbers are others now, or hold no longer."""
    rows = []
    for shown, moved in moved_numbers(after).items():
        known = {expression for expression, _, _ in before.moved.get(shown, [])}
        item = after.items[shown]
        for expression, stored, now in moved:
            if expression not in known and item.kind in _CITING:
                was = f"{{{{{expression}}}}} = {stored:.6g}"
                today = "no longer holds" if now is None else f"{now:.6g}"
                rows.append({"id": shown, "kind": item.kind, "before": was, "after": today})
                break
    return rows

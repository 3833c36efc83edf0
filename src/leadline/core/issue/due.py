"""Whether the people who follow a thread should hear of it now, and why (W16, W17).

A milestone is something that somebody will want to find later. Six hours of active work without one
deserve a post as well: an update when anything was learnt, a short heartbeat when not; a heartbeat
that would repeat the one before is folded into it. Working time is what the record shows: gaps
below half an hour between records. The price: hours spent thinking without a record do not count.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping

from leadline.core.record.kept import Since
from leadline.core.record.kinds import KINDS, TABLE
from leadline.core.record.ranks import DECIDED_STATES, rank
from leadline.core.record.thread import is_a
from leadline.core.timestamps import epoch_ms, minute, plural
from leadline.core.typed import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from leadline.core.record.bodies import UpdateBody
    from leadline.core.record.event import Record
    from leadline.core.record.thread import Item, Thread

ACTIVE_HOURS = 6.0
LONGEST_GAP_MINUTES = 30
_MILESTONES = tuple(kind.name for kind in TABLE if kind.milestone)
_LEARNT = tuple(kind.name for kind in TABLE if kind.learnt)


class Milestone(TypedDict):
    at: str
    kind: str
    what: str


class Due(TypedDict):
    """``form``: update | heartbeat | none. ``since``: from when on it counts, which is the last update
    for milestones, else the last post (the start without one). ``fold_into``: the heartbeat to be
    edited in place of a new one, or ""."""

    due: bool
    why: str
    since: str
    active_hours: float
    milestones: list[Milestone]
    form: str
    fold_into: str


def due(thread: Thread, now_at: str, evidence_of: Callable[[Item], Any] | None = None) -> Due:
    """What is due at ``now_at`` (RFC 3339 UTC). With ``evidence_of`` a claim's label is compared
    with the one that the last update showed (``labels`` in its body)."""
    last, told = last_post(thread), last_update(thread)
    uid, since = (told.uid, told.at) if told else ("", thread.started_at)
    new = _since(thread, uid, since if uid else "")
    milestones = [*_milestones(thread, new.milestones), *_label_rises(thread, evidence_of, now_at)]
    learnt, hours = new.learnt, new.hours
    form, why, fold_into = "none", f"nothing since {minute(since)} that has to be told", ""
    if milestones:
        form = "update"
        n = len(milestones)
        why = f"{n} {plural(n, 'milestone')} since {minute(since)}: {milestones[0]['what']}"
        why += f" and {n - 1} more" if n > 1 else ""
    elif last is not None and last is not told:  # a heartbeat tells nothing, and starts the clock
        since, hours = last.at, _since(thread, last.uid, last.at).hours
    if not milestones and hours >= ACTIVE_HOURS:
        form = "update" if learnt else "heartbeat"
        why = f"{hours:.1f} h of active work since {minute(since)}"
    elif (
        not milestones
        and since
        and _waiting(thread)
        and epoch_ms(now_at) - epoch_ms(since) >= ACTIVE_HOURS * 3_600_000
    ):
        form, why = "heartbeat", f"runs are under way and nothing was said since {minute(since)}"
    if form == "heartbeat" and last and last.body.get("form") == "heartbeat" and not learnt:
        fold_into = last.id
        why += f"; nothing changed since {last.id}, which is edited in place"
    return {
        "due": form != "none",
        "why": why,
        "since": since,
        "active_hours": round(hours, 2),
        "milestones": milestones,
        "form": form,
        "fold_into": fold_into,
    }


def last_post(thread: Thread) -> Item[UpdateBody] | None:
    """The last update or heartbeat."""
    posts = thread.of_kind("update")
    return posts[-1] if posts else None


def last_update(thread: Thread) -> Item[UpdateBody] | None:
    """The last update that was not a mere heartbeat."""
    posts = reversed(thread.of_kind("update"))
    return next((u for u in posts if u.body.get("form") != "heartbeat"), None)


def records_since(thread: Thread, uid: str) -> list[Record]:
    """Records behind ``uid`` in the order of the record; all of them for ""."""
    if thread.kept is not None:
        return thread.kept.records_behind(uid)
    return (
        thread.records[bisect_right([r.id for r in thread.records], uid) :]
        if uid
        else list(thread.records)
    )


def _since(thread: Thread, uid: str, first_at: str) -> Since:
    """What happened behind ``uid``; the hours from ``first_at`` on, where one is given."""
    if thread.kept is not None:
        return thread.kept.since(uid, first_at, _MILESTONES, _LEARNT)
    new = records_since(thread, uid)
    return Since(
        [r for r in new if r.kind in _MILESTONES],
        any(r.kind in _LEARNT and r.body.get("role") != "status" for r in new),
        active_hours([*([first_at] if first_at else []), *(r.at for r in new)]),
    )


def active_hours(times: list[str]) -> float:
    """Hours in gaps of less than half an hour between ``times`` (RFC 3339, any order)."""
    moments = sorted(epoch_ms(t) for t in times if t)
    gaps = (later - moments[i] for i, later in enumerate(moments[1:]))
    return sum(g for g in gaps if g < LONGEST_GAP_MINUTES * 60_000) / 3_600_000


def _waiting(thread: Thread) -> bool:
    experiments = thread.experiments.values() if thread.kept is None else thread.kept.open()
    return any(e.state == "running" for e in experiments)


def _milestones(thread: Thread, new: list[Record]) -> list[Milestone]:
    """What has to be told and was not: a seal and a finish tell it themselves, in a comment of
    their own."""
    baselines = [b.uid for b in thread.of_kind("baseline")]
    found: list[Milestone] = []
    for record in new:
        body, what, refs = record.body, "", record.body.get("refs")
        shown = thread.uids.get((record.kind, record.id), str(body.get("id", "")))
        if record.kind == "baseline":
            first = bool(baselines) and baselines[0] == record.id
            where = thread.shown(str(body.get("experiment", "")), refs)
            what = (
                f"first baseline {shown} ({where})"
                if first
                else f"the baseline moved to {shown} ({where})"
            )
        elif record.kind == "hypothesis-changed" and body.get("state") in DECIDED_STATES:
            what = f"{thread.shown(str(body.get('hypothesis', '')), refs)} {body['state']}"
        elif record.kind == "claim":
            what = f"result claimed: {shown}"
        elif record.kind == "retraction" and not body.get("part_of"):
            target = thread.shown(str(body.get("target", "")), refs)
            what = f"{target} retracted" if _tells(thread.items.get(target)) else ""
        if what:
            found.append({"at": record.at, "kind": record.kind, "what": what})
    return found


def _tells(withdrawn: Item[Any] | None) -> bool:
    """A person's word to who works is no result, and neither is that it was taken back."""
    return withdrawn is None or KINDS[withdrawn.kind].news


def _label_rises(
    thread: Thread, evidence_of: Callable[[Item], Any] | None, now_at: str
) -> list[Milestone]:
    update = last_update(thread)
    told = (update.body.get("labels") or {}) if update else {}
    if evidence_of is None or not told:
        return []
    found: list[Milestone] = []
    ranks = {name: rank(str(label)) for name, label in told.items() if label is not None}
    for claim in _standing(thread, ranks):
        before = told[claim.id]
        label = str(evidence_of(claim).label)
        if rank(label) > ranks[claim.id]:
            found.append(
                {"at": now_at, "kind": "label", "what": f"{claim.id} rose from {before} to {label}"}
            )
        elif rank(label) < ranks[claim.id]:
            found.append(
                {"at": now_at, "kind": "label", "what": f"{claim.id} fell from {before} to {label}"}
            )
    return found


def _standing(thread: Thread, ranks: Mapping[str, int]) -> Iterable[Item[Any]]:
    """The standing claims named in ``ranks``, in order; of a kept thread only those that have another
    rank now."""
    if thread.kept is not None:
        return thread.kept.ranked_otherwise(ranks)
    named = [item for name in ranks if is_a(item := thread.items.get(name), "claim")]
    return sorted((claim for claim in named if claim.stands), key=lambda claim: claim.uid)


def due_key(due: Due) -> str:
    """The same as long as the same is due, whatever the words."""
    return f"{due['form']} since {due['since']}"

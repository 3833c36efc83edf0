"""Find what a command line names, at a cost that does not grow with the thread."""

from __future__ import annotations

from collections.abc import Iterable

from leadline.core.errors import LeadlineError, usage
from leadline.core.ids import parse_id, shadowed_by
from leadline.core.record.run import TERMINAL_STATES, Run, why_not_evidence
from leadline.core.record.thread import Experiment, Item, Thread
from leadline.core.typed import TYPE_CHECKING
from leadline.services.context import Context

if TYPE_CHECKING:
    from leadline.core.record.bodies import SnapshotBody


def slice_of(
    context: Context, topic: str, ids: Iterable[str] = (), texts: Iterable[str] = ()
) -> Thread:
    """The part of the thread that ``ids`` and ``texts`` need; all ``ids`` (but ``baseline``) are in
    it.

    Raises LeadlineError(not_found) for an id that the thread does not have, naming the nearest.
    """
    wanted = [i for i in ids if i != "baseline"]
    thread = context.slice(topic, [*wanted, *(i.upper() for i in wanted)], texts)
    for display in wanted:
        try:
            thread.find(display)
        except LeadlineError:
            # for the nearest ids, or for one that a clash renamed
            whole = context.store.thread(topic)
            whole.find(display)
            return whole
    return thread


def name_its_thread(context: Context, error: LeadlineError) -> None:
    """Where an id that was not found has the prefix of another thread, ``error`` says so and how to
    ask that one."""
    parsed = parse_id(str(error.details.get("id", "")))
    if parsed is None:
        return
    try:
        other = context.topic(parsed.prefix)
    except LeadlineError:  # no thread has that prefix
        return
    if other != error.details["thread"]:
        error.why = f"{parsed.prefix} is the prefix of thread {other}"
        error.next = [f"leadline … --thread {other}"]


def refuse_shadow(name: str, what: str, prefixes: Iterable[str], do: str) -> None:
    """Raises LeadlineError(usage) for a name of ``what`` that would hide an id, or a word for
    something else, where ids are asked for. ``do``: the command with another name."""
    if shadow := shadowed_by(name, prefixes):
        raise usage(
            "name-shadows-id",
            f"{name!r} cannot name a {what}: {shadow}",
            why="whoever asks for one of them would get the other",
            do=do,
        )


def snapshot_named(thread: Thread, target: str) -> Item[SnapshotBody] | None:
    """The snapshot that a tag or a name means. An id, and the word for the baseline, mean what they
    mean everywhere: a seal of such a name (they were given once) is meant by its tag."""
    said = ("tag",) if shadowed_by(target, [thread.prefix]) else ("name", "tag")
    found = (s for s in thread.of_kind("snapshot") if target in [s.body.get(n) for n in said])
    return next(found, None)


def kind_of(thing: Experiment | Run | Item) -> str:
    if isinstance(thing, Run):
        return "run"
    return "experiment" if isinstance(thing, Experiment) else thing.kind


def runs_of(thing: Experiment | Run | Item) -> list[Run]:
    """The runs that a thing is: those of an experiment, a run itself, none of anything else."""
    if isinstance(thing, Run):
        return [thing]
    return thing.runs if isinstance(thing, Experiment) else []


def withdrawn(thing: Experiment | Run | Item) -> str:
    """Why a thing does not stand any more, in words; empty when it does."""
    if thing.retracted:
        return f"{thing.id} was retracted: {thing.retracted}"
    return f"{thing.id} was superseded by {thing.superseded_by}" if thing.superseded_by else ""


def no_evidence(thing: Experiment | Run) -> str:
    """Why an experiment or run bears nothing; empty when it does."""
    if isinstance(thing, Run):
        reason = why_not_evidence(thing)
        return f"{thing.id} is no evidence: {reason}" if reason else ""
    if gone := withdrawn(thing):
        return gone
    if thing.evidence_runs:
        return ""
    reasons = "; ".join(dict.fromkeys(why_not_evidence(r) for r in thing.runs)) or "it has no runs"
    return f"no run of {thing.id} counts as evidence: {reasons}"


def unfinished(thing: Experiment | Run | Item) -> str:
    """Why nothing can be said of a run or experiment yet; empty when it has ended."""
    runs = runs_of(thing)
    still = [r.id for r in runs if r.state not in TERMINAL_STATES]
    return f"{', '.join(still)} has not ended" if runs and len(still) == len(runs) else ""

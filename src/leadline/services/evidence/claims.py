"""A claim with the label that the runs bear now."""

from __future__ import annotations

from leadline.core.errors import usage
from leadline.core.evidence.evaluate import ClauseTold
from leadline.core.evidence.found import Evidence
from leadline.core.evidence.next_runs import commands_for
from leadline.core.evidence.of_thread import evidence_of, preregistered
from leadline.core.record.thread import Item, Thread, is_a
from leadline.core.text.citation import render
from leadline.core.typed import TYPE_CHECKING, Any, TypedDict, cast
from leadline.services.lookup import kind_of

if TYPE_CHECKING:
    from leadline.core.record.bodies import ClaimBody


class ClaimRow(TypedDict):
    """A claim: its label and the computed ``sentence`` that the label stands for; ``text`` is the
    author's gloss. ``n`` is that of its smallest side; ``missing`` is for the next label; ``paths``
    executed the runs that count; ``state``: standing, retracted or superseded; ``reported`` names
    the source.

    ``--why`` gives one claim with its ``clauses`` and the ``commands`` that get the next label.
    """

    id: str
    label: str
    sentence: str
    sentence_short: str
    label_when_recorded: str
    n: int
    n_sides: list[str]
    text: str
    predicate: str
    across: dict[str, list[Any]]
    missing: list[str]
    why: list[str]
    counted: list[str]
    not_counted: dict[str, str]
    contrary: list[str]
    confirmed_on_production_path: bool | None
    paths: list[str]
    preregistered: str
    reported: str
    asked: str
    override: str
    state: str
    withdrawn: str
    at: str
    actor: str


class ClaimInFull(ClaimRow):
    """``said``: the statements of its ``sentence``."""

    said: list[str]
    clauses: list[ClauseTold]
    commands: list[str]


def row_of(thread: Thread, item: Item[ClaimBody], found: Evidence) -> ClaimRow:
    sizes = [side.n for c in found.clauses for side in (c.left, c.right) if side is not None]
    body = item.body
    return {
        "id": item.id,
        "label": found.label,
        "sentence": found.sentence.full,
        "sentence_short": found.sentence.short,
        "label_when_recorded": body.get("label", ""),
        "n": min(sizes, default=0),
        "n_sides": [c.sizes for c in found.clauses],
        "text": render(item.text, thread, item.refs),
        "predicate": body.get("predicate", ""),
        "across": body.get("across", {}),
        "missing": list(found.missing),
        "why": list(found.why),
        "counted": list(found.counted),
        "not_counted": dict(found.not_counted),
        "contrary": list(found.contrary),
        "confirmed_on_production_path": found.confirmed_path,
        "paths": sorted({r.executor for r in thread.runs_named(found.counted)}),
        "preregistered": preregistered(thread, item, found.counted),
        "reported": body.get("reported", ""),
        "asked": body.get("label_asked", ""),
        "override": body.get("override", ""),
        "state": item.gone or "standing",
        "withdrawn": item.retracted or item.superseded_by,
        "at": item.at,
        "actor": item.actor,
    }


def row_now(thread: Thread, shown: str) -> ClaimRow:
    """One claim as its evidence is now."""
    item = cast("Item[ClaimBody]", thread.items[shown])
    return row_of(thread, item, evidence_of(thread, item.body, item.uid))


def one(thread: Thread, display: str) -> ClaimInFull:
    """One claim in full, with its clauses and the commands that get the next label. ``C3`` is taken
    for ``P-C3``."""
    short = display.strip().upper()
    if thread.prefix and short[:1] == "C" and short[1:2].isdigit():
        display = f"{thread.prefix}-{short}"
    thing = thread.find(display)
    if not is_a(thing, "claim"):
        raise usage(
            "not-a-claim", f"{display} is a {kind_of(thing)}, not a claim", do="leadline claims"
        )
    found = evidence_of(thread, thing.body, thing.uid)
    commands = (
        commands_for(thread, thing.body, found)
        if thing.body.get("predicate") and thing.stands
        else []
    )
    return {
        **row_of(thread, thing, found),
        "said": list(found.sentence.parts),
        "clauses": [c.as_dict() for c in found.clauses],
        "commands": commands,
    }

"""What every text goes through before it is recorded: it is not empty, and its numbers are bound.

A number in a result is bound to the recorded metric or it is refused: typed numbers are how records
and reality part. What has no record here (a paper's figure) is said with ``--reported`` and stays
marked for ever.
"""

from __future__ import annotations

from leadline.core.errors import LeadlineError, refused, usage
from leadline.core.record.thread import Thread
from leadline.core.text.citation import bind
from leadline.core.text.citation import find as citations
from leadline.core.text.unbound import UnboundNumber, unbound_numbers
from leadline.core.typed import TYPE_CHECKING
from leadline.services.context import Context, refs_for

if TYPE_CHECKING:
    from leadline.core.record.bodies import Bound

NUMBERS_NAMED = 5


def checked_text(text: str, verb: str) -> str:
    """``text`` stripped and valid UTF-8. Raises LeadlineError(usage, empty-text)."""
    cleaned = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").strip()
    if not cleaned:
        raise usage(
            "empty-text",
            f"`leadline {verb}` got an empty text",
            why="there is nothing to record",
            do=f"leadline {verb} --help",
        )
    return cleaned


def bound_body(
    context: Context,
    thread: Thread,
    text: str,
    *,
    strict: bool,
    reported: str | None = None,
    predicate: str = "",
    ids: list[str] | None = None,
) -> Bound:
    """``refs``, ``bound`` (and ``reported``) of a text about to be recorded.

    Raises LeadlineError(refused, unbound-number) naming each typed number and the citation to write
    instead, and whatever a citation that does not hold raises.
    """
    if text.count("{{") != len(citations(text)) or text.count("}}") != len(citations(text)):
        raise usage(
            "malformed-citation",
            "a citation in the text is not closed or not opened",
            why="one is written {{P-003.time_ms.median}}",
            do="leadline note --help",
        )
    body = bind(text, thread)
    body["refs"] = {**refs_for(thread, ids or [], [text]), **body["refs"]}
    if not body["bound"]:
        del body["bound"]
    if reported is not None:
        body["reported"] = checked_text(reported, "note --reported")
    elif strict and unbound_numbers(text, thread, body["refs"], predicate):
        whole = context.store.view(thread.topic)
        found = _unbound_beside(text, whole, body["refs"], predicate, ids or [])
        if found:
            raise unbound_number(text, found)
    return body


def _unbound_beside(
    text: str, thread: Thread, refs: dict[str, str], predicate: str, ids: list[str]
) -> list[UnboundNumber]:
    """Unbound numbers of ``text``, where the config values of all that it is about count as names,
    not measurements."""
    cited, left = dict.fromkeys(ids), list(ids)
    while left:
        item = thread.items.get(left.pop())
        for name in ("experiments", "evidence", "about", "decision") if item is not None else ():
            value = item.body.get(name) or []  # type: ignore[union-attr]
            for display in value if isinstance(value, list) else [value]:
                if display not in cited:
                    cited[str(display)] = None
                    left.append(str(display))
    return unbound_numbers(f"{text}\n{' '.join(cited)}", thread, refs, predicate)


def unbound_number(text: str, found: list[UnboundNumber]) -> LeadlineError:
    """The refusal of a text whose numbers nobody measured, with what to write instead of each."""
    named = [
        f"{f['number']} (write {f['suggestion']})" if f["suggestion"] else str(f["number"])
        for f in found
    ]
    shown = ", ".join(named[:NUMBERS_NAMED]) + (
        f" and {len(named) - NUMBERS_NAMED} more" if len(named) > NUMBERS_NAMED else ""
    )
    mended = text
    for f in sorted(found, key=lambda f: -f["position"]):
        if f["suggestion"]:
            start = mended.rfind(f["number"], 0, f["position"] + len(f["number"]))
            if start >= 0:
                mended = mended[:start] + f["suggestion"] + mended[start + len(f["number"]) :]
    steps = (
        [f"write: {mended}"]
        if mended != text
        else ["leadline status  (the recorded metrics by id)"]
    )
    numbers = f"{len(found)} numbers are" if len(found) > 1 else "1 number is"
    return refused(
        "unbound-number",
        f"{numbers} not bound to a recorded metric: {shown}",
        why="a typed number goes stale or was never measured; `{{P-003.time_ms}}` is filled in and rechecked",
        do=[
            *steps,
            "leadline note 'TEXT' --reported 'SOURCE'  (note, claim and decide take numbers from elsewhere: marked, "
            "never evidence)",
        ],
        details={"numbers": found},
    )


def last_experiment(context: Context, topic: str) -> str:
    """The experiment last planned, for examples in errors."""
    experiments = list(context.store.view(topic).experiments)
    return experiments[-1] if experiments else "P-001"

"""Write down: notes, decisions, metric definitions; and what every written text goes through.

A number in a result is bound to the recorded metric or it is refused: typed numbers are how records
and reality part. What has no record here (a paper's figure) is said with ``--reported`` and stays
marked for ever.
"""

from __future__ import annotations

from leadline.core.errors import LeadlineError, refused, usage
from leadline.core.record.thread import Thread
from leadline.core.text.citation import bind
from leadline.core.text.citation import find as citations
from leadline.core.text.unbound import unbound_numbers
from leadline.core.typed import Any
from leadline.services.context import Context, refs_for
from leadline.services.lookup import kind_of, slice_of, unfinished, withdrawn

ROLES = (
    "note",
    "interpretation",
    "next",
    "result",
    "negative",
    "observation",
    "takeaway",
    "blocker",
)
BOUND_ROLES = ("interpretation", "result", "negative", "takeaway")
REASON_CLASSES = (
    "valid-negative",
    "invalid-test",
    "implementation-failure",
    "insufficient-signal",
    "trade-off",
)
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
) -> dict[str, Any]:
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
    body: dict[str, Any] = dict(bind(text, thread))
    body["refs"] = {**refs_for(thread, ids or [], [text]), **body["refs"]}
    if not body["bound"]:
        del body["bound"]
    if reported is not None:
        body["reported"] = checked_text(reported, "note --reported")
    elif strict and unbound_numbers(text, thread, body["refs"], predicate):
        whole = context.store.thread(thread.topic)
        found = _unbound_beside(text, whole, body["refs"], predicate, ids or [])
        if found:
            raise unbound_number(text, found)
    return body


def _unbound_beside(
    text: str, thread: Thread, refs: dict[str, str], predicate: str, ids: list[str]
) -> list[dict[str, Any]]:
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


def unbound_number(text: str, found: list[dict[str, Any]]) -> LeadlineError:
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
    return refused(
        "unbound-number",
        f"{len(found)} number{'s are' if len(found) > 1 else ' is'} not bound to a recorded metric: {shown}",
        why="a typed number goes stale or was never measured; `{{P-003.time_ms}}` is filled in and rechecked",
        do=[
            *steps,
            "leadline note 'TEXT' --reported 'SOURCE'  (note, claim and decide take numbers from elsewhere: marked, "
            "never evidence)",
        ],
        details={"numbers": found},
    )


# ---- notes ---------------------------------------------------------------------------------------


def note(
    context: Context,
    topic: str,
    text: str,
    about: list[str],
    role: str = "note",
    reason_class: str = "",
    reported: str | None = None,
) -> dict[str, Any]:
    """Record a note; returns its body with the id. Raises LeadlineError: empty text, unknown id,
    unbound number."""
    text = checked_text(text, "note")
    if role == "negative" and reason_class not in REASON_CLASSES:
        raise usage(
            "bad-reason-class",
            f"{reason_class!r} is no reason class",
            why=f"one of {', '.join(REASON_CLASSES)}",
            do="leadline note --help",
        )
    thread = slice_of(context, topic, about, [text])
    if role == "interpretation" and not about:
        raise usage(
            "about-what",
            "an interpretation is about an experiment, and none is named",
            do=f"leadline note --interpretation {last_experiment(context, topic)} 'TEXT'",
        )
    named = [thread.find(i).id for i in about]
    body: dict[str, Any] = {"text": text, "role": role, "about": named}
    if role == "negative":
        body["reason_class"] = reason_class
    body.update(
        bound_body(context, thread, text, strict=role in BOUND_ROLES, reported=reported, ids=named)
    )
    return {"id": context.append_item(thread, "note", body), **body}


def last_experiment(context: Context, topic: str) -> str:
    """The experiment last planned, for examples in errors."""
    experiments = list(context.store.thread(topic).experiments)
    return experiments[-1] if experiments else "P-001"


# ---- decisions -----------------------------------------------------------------------------------


def decide(
    context: Context,
    topic: str,
    text: str,
    evidence: list[str],
    owner: str = "",
    no_evidence: str = "",
    reported: str | None = None,
) -> dict[str, Any]:
    """Record a decision. Its evidence is anything recorded that stands, a failed run as well.

    Raises LeadlineError: empty text, no evidence given, unknown id, evidence that was withdrawn or
    has not ended.
    """
    text = checked_text(text, "decide")
    if not evidence and not no_evidence.strip():
        raise usage(
            "no-evidence-named",
            "a decision names what it rests on: --evidence ID",
            why="an experiment, run, claim, hypothesis or note; --no-evidence WHY when there is none",
            do=f"leadline decide '{text[:60]}' --evidence {last_experiment(context, topic)}",
        )
    thread = slice_of(context, topic, evidence, [text])
    named = []
    for display in evidence:
        thing = thread.find(display)
        if problem := withdrawn(thing) or unfinished(thing):
            raise refused(
                "evidence-withdrawn" if withdrawn(thing) else "not-ended",
                problem,
                why=f"a {kind_of(thing)} in that state bears no decision",
                do=f"leadline show {thing.id}",
            )
        named.append(thing.id)
    body: dict[str, Any] = {"text": text, "evidence": named, "owner": owner or context.actor()}
    if no_evidence.strip():
        body["no_evidence"] = no_evidence.strip()
    body.update(bound_body(context, thread, text, strict=True, reported=reported, ids=named))
    return {"id": context.append_item(thread, "decision", body), **body}


# ---- metrics -------------------------------------------------------------------------------------

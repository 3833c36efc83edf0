"""Write down notes and decisions.

A note says what a person or agent makes of the record; a decision says what follows and what it
rests on. Which roles of a note hold results, and so bind their numbers, stands here.
"""

from __future__ import annotations

from leadline.core.errors import refused, usage
from leadline.core.typed import TYPE_CHECKING
from leadline.services.bound_text import bound_body, checked_text, last_experiment
from leadline.services.context import Context
from leadline.services.lookup import kind_of, slice_of, unfinished, withdrawn

if TYPE_CHECKING:
    from leadline.core.record.bodies import DecisionBody, NoteBody
    from leadline.services.refusal import Overrides

ROLES = (
    "note",
    "interpretation",
    "next",
    "done",
    "result",
    "negative",
    "observation",
    "takeaway",
    "blocker",
    "handoff",
)
BOUND_ROLES = ("interpretation", "result", "negative", "takeaway")
REASON_CLASSES = (
    "valid-negative",
    "invalid-test",
    "implementation-failure",
    "insufficient-signal",
    "trade-off",
)
UNCLASSIFIED = "unclassified"


# ---- notes ---------------------------------------------------------------------------------------


def note(
    context: Context,
    topic: str,
    text: str,
    about: list[str],
    role: str = "note",
    reason_class: str = "",
    reported: str | None = None,
) -> tuple[str, NoteBody]:
    """Record a note; returns its id and body. Raises LeadlineError: empty text, unknown id,
    unbound number."""
    text = checked_text(text, "note")
    if role == "negative":
        check_reason_class(reason_class)
    thread = slice_of(context, topic, about, [text])
    if role == "interpretation" and not about:
        raise usage(
            "about-what",
            "an interpretation is about an experiment, and none is named",
            do=f"leadline note --interpretation {last_experiment(context, topic)} 'TEXT'",
        )
    named = [thread.find(i).id for i in about]
    body: NoteBody = {"text": text, "role": role, "about": named}
    if role == "negative":
        body["reason_class"] = reason_class
    strict = role in BOUND_ROLES
    bound = bound_body(context, thread, text, strict=strict, reported=reported, ids=named)
    body = {**body, **bound}
    return context.append_item(thread, "note", body), body


def check_reason_class(name: str) -> None:
    """Raises LeadlineError(usage)."""
    if name not in (*REASON_CLASSES, UNCLASSIFIED):
        raise usage(
            "bad-reason-class",
            f"{name!r} is no reason class",
            why=f"one of {', '.join(REASON_CLASSES)}",
            do="leadline note --help",
        )


# ---- decisions -----------------------------------------------------------------------------------


def decide(
    context: Context,
    topic: str,
    text: str,
    evidence: list[str],
    owner: str = "",
    no_evidence: str = "",
    reported: str | None = None,
    override: Overrides | None = None,
    why: str = "",
) -> tuple[str, DecisionBody]:
    """Record a decision; returns its id and body. Its evidence is anything recorded that stands, a failed run as well.

    Raises LeadlineError: empty text, no evidence given, unknown id, evidence that was withdrawn or
    has not ended; refused for words that say more than the claims it rests on.
    """
    from leadline.services.gloss import check_gloss  # noqa: PLC0415  start-up: `note` does without
    from leadline.services.refusal import Overrides  # noqa: PLC0415  start-up: `note` does without

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
    body: DecisionBody = {"text": text, "evidence": named, "owner": owner or context.actor()}
    if no_evidence.strip():
        body["no_evidence"] = no_evidence.strip()
    said = {"text": text}
    if why.strip():
        said["why"] = body["why"] = checked_text(why, "decide")
    words = "\n".join(said.values())
    bound = bound_body(context, thread, words, strict=False, reported=reported, ids=named)
    body = {**body, **bound}
    override = override or Overrides()
    check_gloss(
        context,
        thread,
        "decide",
        said,
        override,
        refs=body["refs"],
        ids=named,
        reported=reported is not None,
    )
    if override.used:
        body["override"], body["overridden"] = override.why, override.used
    return context.append_item(thread, "decision", body), body

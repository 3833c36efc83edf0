"""Refusals: what the evidence does not bear, said with its arithmetic and the sentence that would
be honest.

A refusal is a record too: that something was asked and not borne is worth knowing later. The same
refusal asked for again is not written twice, so that a verb that only reads can be repeated freely.
"""

from __future__ import annotations

from leadline.core.errors import LeadlineError, refused
from leadline.core.record.thread import Thread
from leadline.core.typed import TYPE_CHECKING
from leadline.services.context import Context, refs_for

if TYPE_CHECKING:
    from leadline.core.record.bodies import RefusalBody


def record_refusal(
    context: Context,
    thread: Thread,
    code: str,
    what: str,
    *,
    statement: str = "",
    arithmetic: str = "",
    honest: str = "",
    predicate: str = "",
) -> bool:
    """Write the refusal unless the thread holds the very same one; whether it was written."""
    body: RefusalBody = {
        "code": code,
        "what": what,
        "statement": statement,
        "arithmetic": arithmetic,
        "honest": honest,
    }
    if predicate:
        body["predicate"] = predicate
    if any(all(r.get(k) == v for k, v in body.items()) for r in thread.refusals):
        return False
    body["refs"] = refs_for(thread, texts=[statement, what, honest, predicate])
    context.append(thread.topic, "refusal", body)
    return True


def refuse(
    context: Context,
    thread: Thread,
    code: str,
    what: str,
    *,
    statement: str,
    arithmetic: str,
    honest: str,
    missing: list[str],
    next: list[str],
    predicate: str = "",
) -> LeadlineError:
    """Record the refusal and return the error to raise (kind ``refused``, exit code 5)."""
    record_refusal(
        context,
        thread,
        code,
        what,
        statement=statement,
        arithmetic=arithmetic,
        honest=honest,
        predicate=predicate,
    )
    lacking = "; missing: " + "; ".join(missing) if missing else ""
    return refused(
        code,
        what,
        why=f"{arithmetic}{lacking}. What can be said: {honest}",
        do=next,
        details={
            "statement": statement,
            "arithmetic": arithmetic,
            "honest": honest,
            "missing": missing,
        },
    )

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
from leadline.core.timestamps import few
from leadline.core.typed import TYPE_CHECKING
from leadline.services.context import Context, refs_for
from leadline.services.draft import keep_draft

if TYPE_CHECKING:
    from leadline.core.record.bodies import Bound
    from leadline.core.text.unbound import UnboundNumber

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
    elif strict:
        from leadline.core.text.unbound import unbound_numbers  # noqa: PLC0415  start-up: 4 ms

        if unbound_numbers(text, thread, body["refs"]):
            whole = context.store.view(thread.topic)  # what it is about may lie beside this part
            found = unbound_numbers(text, whole, body["refs"], beside=" ".join(ids or []))
            if found:
                raise unbound_number(context, text, found)
    return body


def unbound_number(context: Context, text: str, found: list[UnboundNumber]) -> LeadlineError:
    """The refusal of a text whose numbers nobody measured, with what to write instead of each."""
    from leadline.core.text.unbound import replaced  # noqa: PLC0415  start-up: 4 ms

    named = [
        f"{f['number']} (write {f['suggestion']})" if f["suggestion"] else str(f["number"])
        for f in found
    ]
    shown = few(named, NUMBERS_NAMED)
    mended = replaced(text, [(f["position"], f["number"], f["suggestion"]) for f in found])
    draft = keep_draft(context, "note", text)
    steps, instead = ["leadline status"], {}
    if mended != text:
        steps, instead = ["leadline note …"], {text: mended}
    steps.append("leadline note … --reported 'SOURCE'")
    if draft:
        steps.append(f"cat {draft}")
    numbers = f"{len(found)} numbers are" if len(found) > 1 else "1 number is"
    return refused(
        "unbound-number",
        f"{numbers} not bound to a recorded metric: {shown}",
        why="a typed number goes stale or was never measured; `{{P-003.time_ms}}` is filled in and rechecked",
        do=steps,
        details={"numbers": found, "draft": draft, "instead": instead},
    )


def last_experiment(context: Context, topic: str) -> str:
    """The experiment last planned, for examples in errors."""
    experiments = list(context.store.view(topic).experiments)
    return experiments[-1] if experiments else "P-001"

"""The words that come with the command that runs: what is expected, written before; what was found,
attached when the command has ended.

Expectations are never refused. What was found is an interpretation like any other, and where it is
refused the runs stay recorded and the words stay as a draft: no run fails for a note.
"""

from __future__ import annotations

from collections.abc import Mapping

from leadline.core.errors import LeadlineError, usage
from leadline.core.patterns import later
from leadline.core.plain import shell_word
from leadline.core.text.citation import find as citations
from leadline.core.typed import TypedDict
from leadline.services.context import Context
from leadline.services.draft import keep_draft
from leadline.services.evidence import hypothesis
from leadline.services.write.note import note

_HEAD = later(r"(?<![\w.-])(this|best|a|b)(?=\.)")


class Beside(TypedDict, total=False):
    """What became of the note: its ``id``; or why it is none (``refused``: the code, ``what``), where
    its text is kept, and the command that records it."""

    id: str
    refused: str
    what: str
    draft: str
    do: str


def expectation(context: Context, topic: str, why: str, predicate: str) -> list[str]:
    """The hypothesis that an expectation with a prediction is, active from here on; its id.

    Raises LeadlineError(usage): a prediction without words, or that cannot be read.
    """
    if not predicate:
        return []
    if not why.strip():
        raise usage(
            "prediction-without-words",
            "--predict is the checkable form of --why, and --why is missing",
            do="leadline run --why 'TEXT' --predict 'METRIC(SUBJECT) < NUMBER' -- COMMAND",
        )
    made = hypothesis.add(context, topic, why, predicate)["id"]
    hypothesis.change(context, topic, made, "active")
    return [made]


def found(
    context: Context, topic: str, text: str, about: str, names: Mapping[str, str], anything: bool
) -> Beside:
    """Attach ``text`` to what was recorded as ``about``. ``names``: what ``this``, ``best``, ``a``
    and ``b`` stand for in its citations; ``anything``: whether a run of it is done."""
    text = with_ids(text, {"this": about, **names})
    if not anything:
        what, code = f"no run of {about} is done", "nothing-done"
        mended = text
    else:
        try:
            shown, _ = note(context, topic, text, [about], "interpretation")
            return {"id": shown}
        except LeadlineError as error:
            what, code = error.what, error.code
            instead = error.details.get("instead")
            mended = str(instead.get(text, text)) if isinstance(instead, dict) else text
    do = f"leadline note {about} --interpretation {shell_word(mended)}"
    return {
        "refused": code,
        "what": what,
        "draft": keep_draft(context, "note", text),
        "do": do,
    }


def with_ids(text: str, names: Mapping[str, str]) -> str:
    """``text`` with the ids in its citations that were not known when it was typed.

    >>> with_ids("{{b.time_ms / a.time_ms}} of a.b", {"a": "P-001", "b": "P-002"})
    '{{P-002.time_ms / P-001.time_ms}} of a.b'
    """
    for cite in reversed(citations(text)):
        inside = _HEAD.sub(lambda m: names.get(m[1], m[1]), text[cite.start : cite.end])
        text = text[: cite.start] + inside + text[cite.end :]
    return text

"""The words that come with the command that runs: what is expected, written before; what follows from
it, recorded when it has ended.

Expectations are never refused. What was found is held to the record like any other note or claim, a
baseline to its evidence; where one is refused the runs stay recorded, the words stay as a draft, and
the command that records them is said: no run fails for words.
"""

from __future__ import annotations

from collections.abc import Mapping

from leadline.core.errors import LeadlineError, usage
from leadline.core.patterns import later
from leadline.core.plain import shell_words
from leadline.core.text.citation import find as citations
from leadline.core.typed import TypedDict
from leadline.core.values import dataclass
from leadline.services.context import Context
from leadline.services.draft import keep_draft
from leadline.services.evidence import hypothesis
from leadline.services.evidence.baseline import move_baseline, set_baseline
from leadline.services.evidence.claim import ClaimRequest, claim
from leadline.services.write.note import note

_CITED = later(r"(?<![\w.-])(this|best|a|b)(?=\.)")
_SUBJECT = later(r"(?<=\()\s*(this|best|a|b)\s*(?=\))")


class Beside(TypedDict, total=False):
    """What became of it: the ``id`` of what was recorded; or why nothing was (``refused``: the code,
    ``what``), where the text is kept, and the command that records it."""

    id: str
    refused: str
    what: str
    draft: str
    do: str


@dataclass(frozen=True)
class Finding:
    """What was found: an interpretation; with ``predicate``, its checkable form, a claim; with
    ``negative``, its class, a negative result."""

    text: str
    predicate: str = ""
    negative: str = ""

    @property
    def kind(self) -> str:
        if self.predicate:
            return "claim"
        return "negative result" if self.negative else "interpretation"


def expectation(context: Context, topic: str, why: str, predicate: str) -> str:
    """The hypothesis that an expectation with a prediction is, active from here on; its id.

    Raises LeadlineError(usage): a prediction without words, or that cannot be read.
    """
    if not why.strip():
        raise usage(
            "prediction-without-words",
            "--predict is the checkable form of --why, and --why is missing",
            do="leadline … --why 'TEXT'",
        )
    made = hypothesis.add(context, topic, why, predicate)["id"]
    hypothesis.change(context, topic, made, "active", entry="elsewhere")
    return made


def found(
    context: Context,
    topic: str,
    said: Finding,
    about: str,
    names: Mapping[str, str],
    anything: bool,
) -> Beside:
    """Record what was ``said`` of what was recorded as ``about``. ``names``: what ``this``,
    ``best``, ``a`` and ``b`` stand for in it; ``anything``: whether a run of it is done."""
    names = {"this": about, **names}
    text = with_ids(said.text, names)
    predicate = _SUBJECT.sub(lambda m: names.get(m[1], m[1]), said.predicate)
    code, what, mended = "nothing-done", f"no run of {about} is done", text
    if anything:
        try:
            return {"id": _recorded(context, topic, text, predicate, said.negative, about)}
        except LeadlineError as error:
            code, what = error.code, error.what
            instead = error.details.get("instead")
            mended = str(instead.get(text, text)) if isinstance(instead, dict) else text
    if predicate:
        words = ["claim", mended, "--that", predicate]
    else:
        role = ["--negative", said.negative] if said.negative else ["--interpretation"]
        words = ["note", about, *role, mended]
    draft = keep_draft(context, words[0], text)
    return {"refused": code, "what": what, "draft": draft, "do": f"leadline {shell_words(words)}"}


def _recorded(
    context: Context, topic: str, text: str, predicate: str, negative: str, about: str
) -> str:
    if predicate:
        return claim(context, topic, ClaimRequest(text, predicate))["id"]
    role = "negative" if negative else "interpretation"
    return note(context, topic, text, [about], role, negative)[0]


def as_baseline(
    context: Context, topic: str, experiment: str, why: str, metric: str, axes: list[str]
) -> Beside:
    """Make ``experiment`` the first baseline, or the next one if the evidence bears the move."""
    try:
        if context.slice(topic).baseline is None:
            return {"id": set_baseline(context, topic, experiment, why)["id"]}
        moved = move_baseline(context, topic, experiment, why, axes=axes, metric=metric)
        return {"id": moved["id"]}
    except LeadlineError as error:
        words = ["baseline", "move", experiment, "--why", why]
        for axis in axes:
            words += ["--axis", axis]
        words += ["--metric", metric] if metric else []
        do = f"leadline {shell_words(words)} --override {error.code} 'WHY'"
        runs = [step for step in error.next if step.startswith("leadline run ")]
        missing = error.details.get("missing")
        lacks = f"; missing: {'; '.join(map(str, missing))}" if isinstance(missing, list) else ""
        return {"refused": error.code, "what": error.what + lacks, "do": runs[0] if runs else do}


def with_ids(text: str, names: Mapping[str, str]) -> str:
    """``text`` with the ids in its citations that were not known when it was typed.

    >>> with_ids("{{b.time_ms / a.time_ms}} of a.b", {"a": "P-001", "b": "P-002"})
    '{{P-002.time_ms / P-001.time_ms}} of a.b'
    """
    for cite in reversed(citations(text)):
        inside = _CITED.sub(lambda m: names.get(m[1], m[1]), text[cite.start : cite.end])
        text = text[: cite.start] + inside + text[cite.end :]
    return text

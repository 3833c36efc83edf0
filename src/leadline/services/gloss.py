"""The words of a claim, a decision, an update or a summary against the record, before they are
recorded: what says more is refused, word by word, with what can be said instead.

Texts that say what is meant to be (hypotheses, plans, goals, reasons) do not come here: they are
shown as expected, not as found. A refused text is kept as a draft.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from leadline.core.errors import LeadlineError
from leadline.core.evidence.found import Evidence
from leadline.core.evidence.gloss import Borne, Overclaim, overclaims
from leadline.core.evidence.known import evidence_for
from leadline.core.evidence.of_thread import runs_of_subject
from leadline.core.evidence.predicate import Subject, parse
from leadline.core.ids import ID_IN_TEXT
from leadline.core.record.run import Run
from leadline.core.record.thread import Thread
from leadline.core.text.quantity import quantities
from leadline.core.text.strong_words import strong_words
from leadline.core.text.unbound import UnboundNumber, replaced, unbound_numbers
from leadline.core.timestamps import few
from leadline.core.typed import TYPE_CHECKING, Any, NamedTuple
from leadline.services.context import Context
from leadline.services.draft import keep_draft
from leadline.services.refusal import Overrides, error_of, record_refusal

if TYPE_CHECKING:
    from leadline.core.record.bodies import JudgedBody

_NAMED = 6


class Bearing(NamedTuple):
    """What the words may lean on, and in one sentence each what it says."""

    forms: list[Borne]
    sentences: list[str]
    named: bool = True  # by the text, or its own; else all that stand
    own: bool = False

    @property
    def predicates(self) -> str:
        """The checkable forms with their axes: their numbers may be said again."""
        return "\n".join(f"{form.predicate.format()} {form.axes}" for form in self.forms)

    @property
    def samples(self) -> set[int]:
        """How many runs their sides have."""
        clauses = [clause for form in self.forms for clause in form.evidence.clauses]
        return {side.n for c in clauses for side in (c.left, c.right) if side is not None}

    def overclaims(self, text: str, thread: Thread) -> list[Overclaim]:
        return overclaims(text, self.forms, lambda: thread.runs, self.named, self.own)


def check_gloss(
    context: Context,
    thread: Thread,
    verb: str,
    texts: Mapping[str, str],
    override: Overrides,
    *,
    refs: dict[str, str],
    ids: Sequence[str] = (),
    judged: tuple[JudgedBody, Evidence] | None = None,
    reported: bool = False,
    typed: Mapping[str, str] | None = None,
) -> None:
    """``texts``: field to text. ``ids``: what they are about. ``judged``: the form and evidence of
    a claim itself; other texts lean on the claims that they name, else on all that stand.
    ``reported``: their numbers come from elsewhere, and are marked. ``typed``: all that was typed,
    which a refusal keeps as a draft.

    Raises LeadlineError(refused, ``overclaim`` | ``unbound-number``) unless ``override`` covers it;
    that of a claim's words is recorded.
    """
    said = {name: text for name, text in texts.items() if text.strip()}
    if not any(quantities(t) or strong_words(t) or overclaims(t, (), tuple) for t in said.values()):
        return
    whole = context.store.view(thread.topic)
    named = "\n".join([*said.values(), *ids])
    bearing = _own(whole, judged, refs) if judged else _of_named(whole, named)
    numbers: list[tuple[str, UnboundNumber]] = []
    words: list[tuple[str, Overclaim]] = []
    for text in said.values():
        if not reported:
            found = unbound_numbers(text, whole, refs, bearing.predicates, bearing.samples, named)
            numbers += [(text, number) for number in found]
        words += [(text, word) for word in bearing.overclaims(text, whole)]
    code = "overclaim" if words else "unbound-number"
    if (words or numbers) and not override.covers(code):
        instead = {
            text: _mended(text, whole, refs, bearing, named, judged)
            for text in {t: None for t, _ in [*numbers, *words]}
        }
        kept = {name: text for name, text in (typed or said).items() if text.strip()}
        draft = keep_draft(context, verb.split()[0], as_draft(kept))
        error = _refusal(verb, said, code, numbers, words, instead, bearing, draft)
        if judged and words:
            record_refusal(
                context,
                whole,
                code,
                error.what,
                statement="\n\n".join(said.values()),
                arithmetic=str(error.details["arithmetic"]),
                honest=str(error.details["honest"]),
            )
        raise error


# ---- what bears words ----------------------------------------------------------------------------


def _own(thread: Thread, judged: tuple[JudgedBody, Evidence], refs: dict[str, str]) -> Bearing:
    body, found = judged
    form = _form(thread, body, found, refs)
    return Bearing([form], [found.sentence.short], own=True) if form else Bearing([], [])


def _of_named(thread: Thread, named: str) -> Bearing:
    """Claims named by ids in ``named``, or all that stand where none is."""
    standing = [claim for claim in thread.claims if claim.stands]
    ids = {m[0] for m in ID_IN_TEXT.finditer(named)}
    meant = [claim for claim in standing if claim.id in ids]
    known = evidence_for(thread)
    forms, sentences = [], []
    for claim in meant or standing:
        found = known(claim)
        form = _form(thread, claim.body, found, claim.refs)
        if form is None:
            continue
        forms.append(form)
        if meant:
            sentences.append(f"{claim.id}: {found.sentence.short}")
    return Bearing(forms, sentences, bool(meant))


def _form(thread: Thread, body: Any, found: Evidence, refs: dict[str, str] | None) -> Borne | None:
    try:
        predicate = parse(str(body.get("predicate") or ""))
    except LeadlineError:
        return None

    def resolve(subject: Subject) -> list[Run]:
        return runs_of_subject(thread, subject, refs)

    return Borne(predicate, found, resolve, dict(body.get("across") or {}), thread.metrics)


# ---- the refusal ---------------------------------------------------------------------------------


def _refusal(
    verb: str,
    texts: Mapping[str, str],
    code: str,
    numbers: list[tuple[str, UnboundNumber]],
    words: list[tuple[str, Overclaim]],
    instead: dict[str, str],
    bearing: Bearing,
    draft: str,
) -> LeadlineError:
    typed = [
        f"{n['number']} (write {n['suggestion']})" if n["suggestion"] else n["number"]
        for _, n in numbers
    ]
    parts = [word.why for _, word in words[:_NAMED]]
    if typed:
        parts.append(f"not bound to a recorded metric: {few(typed, _NAMED)}")
    honest = list(dict.fromkeys(word.honest for _, word in words))
    if typed:
        honest.append(
            "cite a number where it was measured, {{P-003.time_ms}}: it is filled in and rechecked"
        )
    do = [f"leadline {verb} …"] if all(instead.values()) else []
    if verb in ("claim", "decide") and not words:
        do.append(f"leadline {verb} … --reported 'SOURCE'")
    if verb != "correct":  # what stands may be superseded by one that is let through
        do.append(f"leadline {verb} … --override {code} 'WHY'")
    if draft:
        do.append(f"cat {draft}")
    error = error_of(
        code,
        "; ".join(parts),
        statement="\n\n".join(texts.values()),
        arithmetic="; ".join(bearing.sentences[:3]) or "no claim is named that bears these words",
        honest="; ".join(honest),
        missing=[],
        next=do,
    )
    error.details |= {
        "numbers": [n for _, n in numbers],
        "words": [word.word for _, word in words],
        "instead": {text: mended for text, mended in instead.items() if mended},
        "draft": draft,
    }
    return error


def as_draft(texts: Mapping[str, str]) -> str:
    """Each under its name, as `finish --from` reads them; the text of a verb that has but one as it
    is."""
    if list(texts) == ["text"]:
        return texts["text"]
    return "\n\n".join(f"## {name}\n\n{text}" for name, text in texts.items())


def _mended(
    text: str,
    thread: Thread,
    refs: dict[str, str],
    bearing: Bearing,
    named: str,
    judged: tuple[JudgedBody, Evidence] | None,
) -> str:
    """``text`` with citations for its numbers; where words of it are not borne, what is borne in its
    place: to leave words out may say something else. "" where nothing of that passes."""

    def findings(of: str) -> list[tuple[int, str, str]]:
        numbers = unbound_numbers(of, thread, refs, bearing.predicates, bearing.samples, named)
        found = [(n["position"], n["number"], n["suggestion"]) for n in numbers]
        return found + [(w.position, w.word, "") for w in bearing.overclaims(of, thread)]

    found = findings(text)
    if all(suggestion for _, _, suggestion in found):
        mended = replaced(text, found)
        if not findings(mended):
            return mended
    form = bearing.forms[0].predicate.format() if judged and bearing.forms else ""
    return f"{form} in the runs so far" if form else ""

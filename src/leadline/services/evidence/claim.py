"""State what the runs show. The label is computed; a higher one than the evidence bears is refused.

A claim has a checkable form (``core/evidence/predicate.py``) beside its words, so that it is judged
again whenever a run is added, corrected or retracted. The price is that what cannot be computed
cannot be claimed, only noted or reported.
"""

from __future__ import annotations

from leadline.core.config import parse_value
from leadline.core.errors import not_found, usage
from leadline.core.evidence.found import RULES, Evidence
from leadline.core.evidence.next_runs import commands_for
from leadline.core.evidence.of_thread import (
    evidence_of,
    read_predicate,
    runs_of_subject,
)
from leadline.core.evidence.predicate import Predicate, parse
from leadline.core.plain import shell_word, shell_words
from leadline.core.record.ranks import EARNED
from leadline.core.record.run import Run
from leadline.core.record.thread import Item, Thread
from leadline.core.text.lint import lint
from leadline.core.typed import TYPE_CHECKING, Any, cast
from leadline.core.values import dataclass, field
from leadline.core.view.facts import measured
from leadline.services.artifact.raw_files import record_disputed
from leadline.services.bound_text import bound_body, checked_text
from leadline.services.context import Context, refs_of_predicate
from leadline.services.evidence.claims import ClaimRow, row_of
from leadline.services.gloss import check_gloss
from leadline.services.refusal import Overrides, refuse

if TYPE_CHECKING:
    from leadline.core.record.bodies import ClaimBody, JudgedBody


class ClaimMade(ClaimRow):
    """A claim as recorded; ``lint`` is what its words leave to be mended."""

    lint: list[dict[str, str]]


@dataclass
class ClaimRequest:
    """What is asked to be claimed. ``across``: axis to the values over which it is to hold."""

    text: str
    predicate: str = ""
    label: str = ""
    across: dict[str, list[Any]] = field(default_factory=dict)
    axes: list[str] = field(default_factory=list)
    nuisance: list[str] = field(default_factory=list)
    path: str = ""
    reported: str | None = None
    override: Overrides = field(default_factory=Overrides)


def claim(context: Context, topic: str, request: ClaimRequest) -> ClaimMade:
    """Record the claim with its computed label; returns its row and ``lint`` findings.

    Raises LeadlineError: empty text, no checkable form, unknown ids or metrics, unbound numbers;
    refused when the runs do not bear the label asked for (or any label), or the words say more than
    the label. Refusals are recorded.
    """
    text = checked_text(request.text, "claim")
    if not request.predicate and request.reported is None:
        raise usage(
            "missing-field",
            "a claim needs --that PREDICATE, its checkable form",
            why="for example: --that 'time_ms(P-002) < time_ms(baseline)'; what was measured elsewhere is "
            "claimed with --reported SOURCE",
            do="leadline claim --help",
        )
    if request.label and request.label not in EARNED:
        raise usage(
            "bad-label",
            f"{request.label!r} is no label",
            why=", ".join(EARNED),
            do="leadline claim --help",
        )
    thread = context.store.view(topic)
    body = _body(context, thread, text, request)
    if record_disputed(context, topic, _named(thread, body)):
        thread = context.store.view(topic)
    found = evidence_of(thread, body)
    body["label"], body["rules"] = found.label, RULES
    body["sentence"] = found.sentence.short
    override = request.override
    if request.predicate:
        _check_label(context, thread, request, body, found)
    _check_words(context, thread, body, found, override)
    if override.used:
        body["override"], body["overridden"] = override.why, override.used
        if request.label and request.label != found.label:
            body["label_asked"] = request.label
    findings = lint(text, thread, "claim", body["refs"], request.predicate)
    shown = context.append_item(thread, "claim", body)
    after = context.store.view(topic)
    return {
        **row_of(after, cast("Item[ClaimBody]", after.items[shown]), found),
        "lint": [f._asdict() for f in findings],
    }


def _named(thread: Thread, body: ClaimBody) -> list[Run]:
    predicate = parse(body["predicate"]) if body.get("predicate") else None
    clauses = predicate.clauses if predicate is not None else ()
    refs = body.get("refs")
    return [r for c in clauses for _, s in c.sides for r in runs_of_subject(thread, s, refs)]


def _body(context: Context, thread: Thread, text: str, request: ClaimRequest) -> ClaimBody:
    body: ClaimBody = {"text": text}
    words = ""
    if request.predicate:
        predicate = read_predicate(request.predicate)
        words = body["predicate"] = predicate.format()
        _check_subjects(thread, predicate)
        runs = [
            r
            for c in predicate.clauses
            for s in (c.subject, c.right)
            if s is not None
            for r in runs_of_subject(thread, s)
        ]
        body["experiments"] = list(dict.fromkeys(r.experiment for r in runs))
    asked: JudgedBody = {
        "across": request.across,
        "axes": request.axes,
        "path": request.path,
        "nuisance": [*request.nuisance, *context.setting("run.nuisance")],
    }
    body = {**body, **cast("JudgedBody", {name: value for name, value in asked.items() if value})}
    bound = bound_body(
        context,
        thread,
        text,
        strict=False,
        reported=request.reported,
        ids=body.get("experiments", []),
    )
    body = {**body, **bound}
    body["refs"].update(refs_of_predicate(thread, words))
    return body


def _check_subjects(thread: Thread, predicate: Predicate) -> None:
    """Every id is there and has runs, every metric was measured or defined."""
    known = {*measured(thread), *thread.metrics}
    for clause in predicate.clauses:
        for metric, subject in clause.sides:
            if subject.name:
                thread.experiment(subject.name)
            if metric not in known:
                from difflib import get_close_matches  # noqa: PLC0415  start-up: 0.9 ms

                near = get_close_matches(metric, known, 3) or sorted(known)[:10]
                raise not_found(
                    "no-such-metric",
                    f"no run has a metric {metric!r}",
                    why=f"there are: {', '.join(near) or 'none'}",
                    do="leadline metric",
                )


def parse_across(texts: list[str]) -> dict[str, list[Any]]:
    """``AXIS=v1,v2`` options. Raises LeadlineError(usage)."""
    across: dict[str, list[Any]] = {}
    for text in texts:
        axis, equals, values = text.partition("=")
        listed = [parse_value(v.strip()) for v in values.split(",") if v.strip()]
        if not equals or not axis.strip() or not listed:
            raise usage(
                "bad-across", f"--across {text!r} is not AXIS=v1,v2", do="leadline claim --help"
            )
        across.setdefault(axis.strip(), []).extend(listed)
    return across


# ---- refusals ------------------------------------------------------------------------------------


def _check_label(
    context: Context, thread: Thread, request: ClaimRequest, body: ClaimBody, found: Evidence
) -> None:
    asked = request.label or "exploratory"
    if found.label in EARNED and EARNED.index(found.label) >= EARNED.index(asked):
        return
    code = {
        "none": found.blocked_code or "no-evidence",
        "refuted": "evidence-says-otherwise",
    }.get(found.label, "label-too-high")
    what = {
        "none": found.blocked or "no counting run bears on this claim",
        "refuted": "the runs say the opposite of this claim",
    }.get(found.label, f"the evidence bears {found.label}, not {asked}")
    if request.override.covers(code):
        return
    commands = commands_for(thread, body, found)
    if found.label == "none":
        commands.append(
            f"leadline hypothesis add {shell_word(body['text'])} --predict {shell_word(body['predicate'])}"
        )
    elif found.label != "refuted":
        commands.append(_without_label(request))
    commands.append(f"leadline claim … --override {code} 'WHY'")
    raise refuse(
        context,
        thread,
        code,
        what,
        statement=f"{asked}: {body['text']}",
        arithmetic="; ".join(found.why[:5]),
        honest=found.sentence.short,
        missing=list(found.missing),
        next=commands,
        predicate=body["predicate"],
    )


def _without_label(request: ClaimRequest) -> str:
    """The command that records it with the label that it has."""
    words = ["leadline", "claim", request.text, "--that", request.predicate]
    for axis, values in request.across.items():
        words += ["--across", f"{axis}={','.join(map(str, values))}"]
    words += [word for key in request.axes for word in ("--axis", key)]
    words += [word for key in request.nuisance for word in ("--nuisance", key)]
    return shell_words(words)


def _check_words(
    context: Context, thread: Thread, body: ClaimBody, found: Evidence, override: Overrides
) -> None:
    check_gloss(
        context,
        thread,
        "claim",
        {"text": body["text"]},
        override,
        refs=body["refs"],
        ids=body.get("experiments", []),
        judged=(body, found),
        reported="reported" in body,
    )

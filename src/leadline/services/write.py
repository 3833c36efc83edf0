"""Write down: notes, decisions, metric definitions; and what every written text goes through.

A number in a result is bound to the recorded metric or it is refused: typed numbers are how records and reality part.
What has no record here (a paper's figure) is said with ``--reported`` and stays marked for ever.
"""

from __future__ import annotations

from typing import Any

from leadline.core.citation import bind
from leadline.core.citation import find as citations
from leadline.core.errors import LeadlineError
from leadline.core.run import DIRECTIONS
from leadline.core.thread import Thread
from leadline.core.unbound import unbound
from leadline.services.context import Context, refs_for
from leadline.services.lookup import kind_of, slice_of, unfinished, withdrawn

ROLES = ("note", "interpretation", "next", "result", "negative", "observation")
BOUND_ROLES = ("interpretation", "result", "negative")
REASON_CLASSES = ("valid-negative", "invalid-test", "implementation-failure", "insufficient-signal", "trade-off")
REDUCTIONS = ("last", "first", "min", "max", "mean", "median", "sum")
NUMBERS_NAMED = 5


def checked_text(text: str, verb: str) -> str:
    """``text`` stripped and valid UTF-8. Raises LeadlineError(usage, empty-text)."""
    cleaned = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").strip()
    if not cleaned:
        raise LeadlineError(
            "usage",
            "empty-text",
            f"`leadline {verb}` got an empty text",
            "there is nothing to record",
            f"leadline {verb} --help",
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

    Raises LeadlineError(refused, unbound-number) naming each typed number and the citation to write instead, and
    whatever a citation that does not hold raises.
    """
    if text.count("{{") != len(citations(text)) or text.count("}}") != len(citations(text)):
        raise LeadlineError(
            "usage",
            "malformed-citation",
            "a citation in the text is not closed or not opened",
            "one is written {{P-003.time_ms.median}}",
            "leadline note --help",
        )
    body: dict[str, Any] = dict(bind(text, thread))
    body["refs"] = {**refs_for(thread, ids or [], [text]), **body["refs"]}
    if not body["bound"]:
        del body["bound"]
    if reported is not None:
        body["reported"] = checked_text(reported, "note --reported")
    elif strict and unbound(text, thread, body["refs"], predicate):
        whole = context.store.thread(thread.topic)
        found = _unbound_beside(text, whole, body["refs"], predicate, ids or [])
        if found:
            raise unbound_number(text, found)
    return body


def _unbound_beside(
    text: str, thread: Thread, refs: dict[str, str], predicate: str, ids: list[str]
) -> list[dict[str, Any]]:
    """Unbound numbers of ``text``, where the config values of all that it is about count as names, not measurements."""
    cited, left = dict.fromkeys(ids), list(ids)
    while left:
        item = thread.items.get(left.pop())
        for name in ("experiments", "evidence", "about", "decision") if item is not None else ():
            value = item.body.get(name) or []  # type: ignore[union-attr]
            for display in value if isinstance(value, list) else [value]:
                if display not in cited:
                    cited[str(display)] = None
                    left.append(str(display))
    return unbound(f"{text}\n{' '.join(cited)}", thread, refs, predicate)


def unbound_number(text: str, found: list[dict[str, Any]]) -> LeadlineError:
    """The refusal of a text whose numbers nobody measured, with what to write instead of each."""
    named = [f"{f['number']} (write {f['suggestion']})" if f["suggestion"] else str(f["number"]) for f in found]
    shown = ", ".join(named[:NUMBERS_NAMED]) + (
        f" and {len(named) - NUMBERS_NAMED} more" if len(named) > NUMBERS_NAMED else ""
    )
    mended = text
    for f in sorted(found, key=lambda f: -f["position"]):
        if f["suggestion"]:
            start = mended.rfind(f["number"], 0, f["position"] + len(f["number"]))
            if start >= 0:
                mended = mended[:start] + f["suggestion"] + mended[start + len(f["number"]) :]
    steps = [f"write: {mended}"] if mended != text else ["leadline status  (the recorded metrics by id)"]
    return LeadlineError(
        "refused",
        "unbound-number",
        f"{len(found)} number{'s are' if len(found) > 1 else ' is'} not bound to a recorded metric: {shown}",
        "a typed number goes stale or was never measured; `{{P-003.time_ms}}` is filled in and rechecked",
        [
            *steps,
            "leadline note 'TEXT' --reported 'SOURCE'  (note, claim and decide take numbers from elsewhere: marked, "
            "never evidence)",
        ],
        {"numbers": found},
    )


# ---- notes ----------------------------------------------------------------------------------------------------------


def note(
    context: Context,
    topic: str,
    text: str,
    about: list[str],
    role: str = "note",
    reason_class: str = "",
    reported: str | None = None,
) -> dict[str, Any]:
    """Record a note; returns its body with the id. Raises LeadlineError: empty text, unknown id, unbound number."""
    text = checked_text(text, "note")
    if role == "negative" and reason_class not in REASON_CLASSES:
        raise LeadlineError(
            "usage",
            "bad-reason-class",
            f"{reason_class!r} is no reason class",
            f"one of {', '.join(REASON_CLASSES)}",
            "leadline note --help",
        )
    thread = slice_of(context, topic, about, [text])
    if role == "interpretation" and not about:
        raise LeadlineError(
            "usage",
            "about-what",
            "an interpretation is about an experiment, and none is named",
            "",
            f"leadline note --interpretation {last_experiment(context, topic)} 'TEXT'",
        )
    named = [thread.find(i).id for i in about]
    body: dict[str, Any] = {"text": text, "role": role, "about": named}
    if role == "negative":
        body["reason_class"] = reason_class
    body.update(bound_body(context, thread, text, strict=role in BOUND_ROLES, reported=reported, ids=named))
    return {"id": context.append_item(thread, "note", body), **body}


def last_experiment(context: Context, topic: str) -> str:
    """The experiment last planned, for examples in errors."""
    experiments = list(context.store.thread(topic).experiments)
    return experiments[-1] if experiments else "P-001"


# ---- decisions ------------------------------------------------------------------------------------------------------


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

    Raises LeadlineError: empty text, no evidence given, unknown id, evidence that was withdrawn or has not ended.
    """
    text = checked_text(text, "decide")
    if not evidence and not no_evidence.strip():
        raise LeadlineError(
            "usage",
            "no-evidence-named",
            "a decision names what it rests on: --evidence ID",
            "an experiment, run, claim, hypothesis or note; --no-evidence WHY when there is none",
            f"leadline decide '{text[:60]}' --evidence {last_experiment(context, topic)}",
        )
    thread = slice_of(context, topic, evidence, [text])
    named = []
    for display in evidence:
        thing = thread.find(display)
        if problem := withdrawn(thing) or unfinished(thing):
            raise LeadlineError(
                "refused",
                "evidence-withdrawn" if withdrawn(thing) else "not-ended",
                problem,
                f"a {kind_of(thing)} in that state bears no decision",
                f"leadline show {thing.id}",
            )
        named.append(thing.id)
    body: dict[str, Any] = {"text": text, "evidence": named, "owner": owner or context.actor()}
    if no_evidence.strip():
        body["no_evidence"] = no_evidence.strip()
    body.update(bound_body(context, thread, text, strict=True, reported=reported, ids=named))
    return {"id": context.append_item(thread, "decision", body), **body}


# ---- metrics --------------------------------------------------------------------------------------------------------


def define_metric(
    context: Context,
    topic: str,
    name: str,
    *,
    unit: str | None = None,
    direction: str | None = None,
    reduce: str | None = None,
    description: str | None = None,
    observed: str | None = None,
    per: str | None = None,
    formula: str | None = None,
    redefine: bool = False,
) -> dict[str, Any]:
    """Define a metric, or add to its definition. What was said before is changed only with ``redefine``: runs measured
    under the old words would change their meaning.

    ``formula`` makes it a derived metric. Raises LeadlineError: bad name, direction, reduction or formula (usage),
    another definition (conflict), a formula that cannot be computed (refused).
    """
    import re

    from leadline.core.metric import OBSERVED

    if not re.fullmatch(r"[A-Za-z_][\w./@:-]*", name):
        raise LeadlineError(
            "usage",
            "bad-metric",
            f"{name!r} is no metric name",
            "letters, digits, _ . / @ : -, starting with a letter",
            "leadline metric --help",
        )
    for value, allowed, what in (
        (direction, DIRECTIONS, "direction"),
        (reduce, REDUCTIONS, "reduction"),
        (observed, OBSERVED, "kind of observation"),
    ):
        if value is not None and value not in allowed:
            raise LeadlineError(
                "usage", "bad-metric", f"{value!r} is no {what}", ", ".join(allowed), "leadline metric --help"
            )
    thread = context.slice(topic)
    old = thread.metrics.get(name)
    wanted = {"unit": unit, "direction": direction, "reduce": reduce, "description": description}
    wanted |= {k: v for k, v in (("observed", observed), ("per", per), ("formula", formula)) if v is not None}
    if formula is not None:
        _check_formula(context, topic, name, formula)
    given = {k: v for k, v in wanted.items() if v is not None}
    if old is not None:
        plain = {"direction": "none", "reduce": "last"}
        other = [k for k, v in given.items() if k != "description" and getattr(old, k) not in (v, plain.get(k, ""))]
        if other and not redefine:
            words = ", ".join(f"{k} {getattr(old, k)!r}, now {given[k]!r}" for k in other)
            raise LeadlineError(
                "conflict",
                "metric-defined-otherwise",
                f"{name} is defined already: {words}",
                "what was measured under the old definition would change its meaning",
                [f"leadline metric {name} --redefine ...", f"leadline metric {name}_2 ..."],
            )
        kept = {k: v for k in ("observed", "per", "formula") if (v := getattr(old, k))}
        given = {k: getattr(old, k) for k in wanted} | kept | given
        if all(getattr(old, k) == v for k, v in given.items()):
            return {"name": name, **given, "changed": False}
    context.append(topic, "metric-defined", {"name": name, **given})
    return {"name": name, **given, "changed": True}


def _check_formula(context: Context, topic: str, name: str, text: str) -> None:
    """Raises LeadlineError when ``text`` can give ``name`` no value, or when runs measured ``name`` themselves."""
    from leadline.core.derive import formulas_of, in_order
    from leadline.core.formula import parse

    formula, thread = parse(text), context.store.thread(topic)
    seen = {n for run in thread.runs for n in (*run.metrics, *run.nonfinite)}
    old = thread.metrics.get(name)
    if name in seen and not (old and old.formula):
        raise LeadlineError(
            "conflict",
            "metric-is-measured",
            f"runs have measured {name}: a formula would replace what they said",
            "a derived metric has a name of its own",
            f"leadline metric {name}_derived --formula '{text}'",
        )
    if name in in_order({**formulas_of(thread.metrics), name: formula})[1]:
        raise LeadlineError(
            "refused",
            "formula-in-a-circle",
            f"{name} would be computed from itself: {text}",
            "a formula rests on metrics that can be computed before it",
            "leadline metric",
        )
    unknown = [n for n in formula.needs if n not in seen and n not in thread.metrics]
    if unknown:
        raise LeadlineError(
            "not_found",
            "no-such-metric",
            f"no run has {', '.join(unknown)}, and it is not defined",
            "a formula names metrics of runs; a config value is config.KEY",
            ["leadline metric", f"leadline metric {unknown[0]} --unit UNIT"],
        )


def metrics_of(thread: Thread) -> list[dict[str, Any]]:
    """Every metric defined or seen, with the number of runs that have it."""
    counts: dict[str, int] = {}
    for run in thread.runs:
        for metric in (*run.metrics, *run.nonfinite):
            counts[metric] = counts.get(metric, 0) + 1
    rows = []
    for name in dict.fromkeys([*thread.metrics, *sorted(counts)]):
        m = thread.metrics.get(name)
        rows.append(
            {
                "name": name,
                "unit": m.unit if m else "",
                "direction": m.direction if m else "none",
                "reduce": m.reduce if m else "last",
                "description": m.description if m else "",
                **({k: v for k in ("observed", "per", "formula") if (v := getattr(m, k))} if m else {}),
                "defined": m is not None,
                "runs": counts.get(name, 0),
            }
        )
    return rows

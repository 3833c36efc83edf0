"""The queue of hypotheses: proposed, active, blocked, falsified, supported, promoted; each with
what its state needs.

A hypothesis may carry a prediction in checkable form. Written before its runs it is a
pre-registration, and then the runs have a say in whether it is called supported or falsified.
"""

from __future__ import annotations

from leadline.core.errors import conflict, refused, usage
from leadline.core.evidence.evaluate import ClauseResult, evaluate
from leadline.core.evidence.found import Sentence
from leadline.core.evidence.known import labels_for
from leadline.core.evidence.of_thread import (
    bound_refs,
    evidence_of,
    read_predicate,
    runs_of_subject,
)
from leadline.core.evidence.predicate import Predicate, Subject, predicate_of
from leadline.core.record.ranks import EARNED, state_of
from leadline.core.record.run import Run
from leadline.core.record.thread import Experiment, Item, Thread, is_a
from leadline.core.typed import TYPE_CHECKING, TypedDict, cast
from leadline.core.view.facts import gone_evidence, tested_in
from leadline.core.view.judged import judged_state
from leadline.services.bound_text import bound_body, checked_text
from leadline.services.context import Context, refs_of_predicate
from leadline.services.lookup import kind_of, no_evidence, runs_of, withdrawn
from leadline.services.refusal import Overrides, refuse

if TYPE_CHECKING:
    from leadline.core.record.bodies import DecisionBody, HypothesisBody, HypothesisChangedBody

MOVES: dict[str, tuple[str, ...]] = {
    "proposed": ("active", "blocked", "falsified", "supported"),
    "active": ("blocked", "falsified", "supported"),
    "blocked": ("active", "falsified", "supported"),
    "supported": ("promoted", "falsified", "active"),
    "falsified": ("active",),
    "promoted": ("falsified",),
}
VERB_OF = {
    "active": "activate",
    "blocked": "block",
    "falsified": "falsify",
    "supported": "support",
    "promoted": "promote",
}


class Proposed(TypedDict, total=False):
    id: str
    text: str
    state: str
    predicate: str
    bound: dict[str, float]
    refs: dict[str, str]


class Changed(TypedDict, total=False):
    """A change of state, and what the new state rests on."""

    id: str
    text: str
    was: str
    hypothesis: str
    entry: str
    state: str
    evidence: list[str]
    resume_condition: str
    decision: str
    why: str
    override: str
    overridden: list[str]
    refs: dict[str, str]
    bound: dict[str, float]


class HypothesisRow(TypedDict):
    """``prediction``: the label that its runs give the ``predicate`` now, ``sentence``: in words; ``judged``: the
    state, and whose word it is; ``until``: when a blocked one goes on."""

    id: str
    state: str
    judged: str
    text: str
    predicate: str
    prediction: str
    sentence: str
    sentence_short: str
    evidence: list[str]
    evidence_gone: list[str]
    until: str
    decision: str
    why: str
    experiments: list[str]


def add(context: Context, topic: str, text: str, predicate: str = "") -> Proposed:
    """Record a proposed hypothesis. Raises LeadlineError: empty text, a prediction that cannot be
    read."""
    text = checked_text(text, "hypothesis add")
    body: HypothesisBody = {"text": text, "state": "proposed"}
    if predicate:
        body["predicate"] = read_predicate(predicate).format()
    thread = context.slice(topic, [], [text, predicate])
    body = {**body, **bound_body(context, thread, text, strict=False)}
    body["refs"].update(refs_of_predicate(thread, body.get("predicate", "")))
    return cast("Proposed", {"id": context.append_item(thread, "hypothesis", body), **body})


def change(
    context: Context,
    topic: str,
    display: str,
    state: str,
    *,
    evidence: list[str] | None = None,
    why: str = "",
    until: str = "",
    decision: str = "",
    override: Overrides | None = None,
    entry: str = "state",
) -> Changed:
    """Move a hypothesis to ``state``. ``entry``: of the logbook, ``elsewhere`` where another tells it.

    Raises LeadlineError: the field its state needs is missing (usage), no such move (conflict),
    evidence that does not stand, that says the opposite of the prediction, or that shows nothing
    either way where the prediction is to be false (refused).
    """
    thread = context.store.thread(topic)
    item = _hypothesis(thread, display)
    _check_move(item, state)
    _check_needed(item, state, evidence or [], until, decision)
    body: HypothesisChangedBody = {"hypothesis": item.id, "state": state, "entry": entry}
    measured = [name for display in evidence or [] for name in _measured(thread, display)]
    named = [_standing(thread, name, item, state) for name in measured]
    if named:
        body["evidence"] = named
    if state == "blocked":
        body["resume_condition"] = checked_text(until, "hypothesis block")
    if state == "promoted":
        body["decision"] = _decision(thread, decision).id
    if why.strip():
        body["why"] = checked_text(why, "hypothesis")
    override = override or Overrides()
    if named:
        _check_prediction(context, thread, item, state, named, override)
    if override.used:
        body["override"], body["overridden"] = override.why, override.used
    words = "\n".join([str(body.get("why", "")), str(body.get("resume_condition", ""))])
    named += [body["decision"]] if "decision" in body else []
    bound = bound_body(context, thread, words, strict=False, ids=[item.id, *named])
    body |= {"refs": bound["refs"]}
    if "bound" in bound:
        body["bound"] = bound["bound"]
    context.append(topic, "hypothesis-changed", body)
    return {"id": item.id, "text": item.text, "was": state_of(item), **body}


def listing(thread: Thread) -> list[HypothesisRow]:
    """Every hypothesis with its state, what the state rests on, and what its prediction's runs say
    now."""
    known = labels_for(thread)
    tested = tested_in(thread)
    rows: list[HypothesisRow] = []
    for item in thread.hypotheses:
        body = item.body
        state, prediction, until, decision = state_of(item), "", "", ""
        sentence = Sentence()
        if body.get("predicate"):
            prediction, sentence = known(item).label, known(item).sentence
        if state == "blocked":
            until = body.get("resume_condition", "")
        if body.get("decision"):
            decision = thread.shown(body["decision"], item.refs)
        rows.append(
            {
                "id": item.id,
                "state": item.gone or state,
                "judged": item.gone or judged_state(item, thread, known),
                "text": item.text,
                "predicate": body.get("predicate", ""),
                "prediction": prediction,
                "sentence": sentence.full,
                "sentence_short": sentence.short,
                "evidence": [thread.shown(i, item.refs) for i in body.get("evidence", [])],
                "evidence_gone": gone_evidence(item, thread),
                "until": until,
                "decision": decision,
                "why": body.get("why", ""),
                "experiments": tested.get(item.id, []),
            }
        )
    return rows


def _hypothesis(thread: Thread, display: str) -> Item[HypothesisBody]:
    thing = thread.find(display)
    if not is_a(thing, "hypothesis"):
        raise usage(
            "not-a-hypothesis",
            f"{display} is a {kind_of(thing)}, not a hypothesis",
            do="leadline hypothesis list",
        )
    if gone := withdrawn(thing):
        raise conflict(
            "withdrawn",
            gone,
            why="its state does not change any more",
            do=f"leadline show {thing.id}",
        )
    return thing


def _check_move(item: Item[HypothesisBody], state: str) -> None:
    now = state_of(item)
    if state not in MOVES.get(now, ()):
        legal = ", ".join(f"{VERB_OF[s]}" for s in MOVES.get(now, ())) or "none"
        raise conflict(
            "illegal-move",
            f"{item.id} is {now} and cannot become {state}",
            why=f"from {now}: {legal}",
            do=[f"leadline hypothesis {VERB_OF[s]} {item.id}" for s in MOVES.get(now, ())[:2]],
        )


def _check_needed(
    item: Item[HypothesisBody], state: str, evidence: list[str], until: str, decision: str
) -> None:
    needed = {
        "blocked": ("--until", until.strip(), "--until 'CONDITION'"),
        "falsified": ("--evidence", evidence, "--evidence ID"),
        "supported": ("--evidence", evidence, "--evidence ID"),
        "promoted": ("--decision", decision, "--decision ID"),
    }.get(state)
    if needed and not needed[1]:
        says = "when to go on" if state == "blocked" else "what that rests on"
        raise usage(
            "missing-field",
            f"`hypothesis {VERB_OF[state]}` needs {needed[0]}",
            why=f"a {state} hypothesis says {says}",
            do=f"leadline hypothesis {VERB_OF[state]} {item.id} {needed[2]}",
        )


def _measured(thread: Thread, display: str) -> list[str]:
    """The sides of what was measured in turns; of anything else itself."""
    thing = thread.find(display)
    if not is_a(thing, "interleaving"):
        return [display]
    sides = thing.body.get("ended", {}).get("experiments", {})
    return [thread.shown(name, thing.refs) for name in sides.values()] or [display]


def _standing(thread: Thread, display: str, item: Item[HypothesisBody], state: str) -> str:
    """The id of evidence that stands. Raises LeadlineError(usage | refused)."""
    thing = thread.find(display)
    if isinstance(thing, (Experiment, Run)):
        problem = no_evidence(thing)
    elif is_a(thing, "claim"):
        problem = withdrawn(thing)
        if not problem and (label := evidence_of(thread, thing.body, thing.uid).label) in (
            "none",
            "refuted",
        ):
            problem = f"{thing.id} bears nothing itself: its label is {label}"
    else:
        raise usage(
            "not-evidence",
            f"{display} is no evidence by itself: it is of the kind {thing.kind}",
            why="evidence is an experiment, a run, a claim or what was measured in turns",
            do=f"leadline show {display}",
        )
    if problem:
        do = [f"leadline show {thing.id}"]
        if isinstance(thing, Experiment):
            do.append(f"leadline run --experiment {thing.id}")
        raise refused(
            "evidence-does-not-stand",
            problem,
            why=f"{item.id} cannot be called {state} by it",
            do=do,
        )
    return thing.id


def _decision(thread: Thread, display: str) -> Item[DecisionBody]:
    thing = thread.find(display)
    if not is_a(thing, "decision"):
        raise usage(
            "not-a-decision",
            f"{display} is a {kind_of(thing)}, not a decision",
            do="leadline decide 'TEXT' --evidence ID",
        )
    if gone := withdrawn(thing):
        raise refused("evidence-does-not-stand", gone, do=f"leadline show {thing.id}")
    return thing


def _check_prediction(
    context: Context,
    thread: Thread,
    item: Item[HypothesisBody],
    state: str,
    named: list[str],
    override: Overrides,
) -> None:
    """Its own prediction must not say the opposite of the new state, over the runs there are nor over
    those that are cited; and a difference that did not show is none the other way."""
    predicate = predicate_of(item)
    if predicate is None or state not in ("supported", "falsified"):
        return
    found = evidence_of(thread, item.body, item.uid)
    code, do = "prediction-says-otherwise", ""
    if state == "falsified":
        says = "holds over the runs there are" if found.label in EARNED else ""
        do = f"leadline hypothesis support {item.id} --evidence {named[0]}"
        if not says and _no_difference(found.clauses):
            code, says = "no-difference-shown", "is not shown to be false: no difference was shown"
            verb = "block" if "blocked" in MOVES[state_of(item)] else "activate"
            until = " --until 'runs that show it, or the opposite'" if verb == "block" else ""
            do = f"leadline hypothesis {verb} {item.id}{until}"
    elif found.label == "refuted":
        says = "does not hold over the runs there are"
    else:
        against = [r for r in _over_cited(thread, item, predicate, named) if r.holds is False]
        says = "does not hold over the runs cited" if against else ""
        found.why[:0] = [result.arithmetic for result in against]
    if not says or override.covers(code):
        return
    raise refuse(
        context,
        thread,
        code,
        f"the prediction of {item.id} {says}",
        statement=f"{item.id} {state} by {', '.join(named)}",
        arithmetic="; ".join(found.why[:3]),
        honest=found.sentence.short,
        missing=[],
        next=[
            do or f"leadline hypothesis falsify {item.id} --evidence {named[0]}",
            f"leadline hypothesis … --override {code} 'WHY'",
        ],
    )


def _no_difference(results: list[ClauseResult]) -> bool:
    """Whether what came out false did so by less than its interval, where a test could tell."""
    false = [result for result in results if result.holds is False]
    return bool(false) and all(
        r.interval.known and not r.contradicted and not r.withheld for r in false
    )


def _over_cited(
    thread: Thread, item: Item[HypothesisBody], predicate: Predicate, named: list[str]
) -> list[ClauseResult]:
    """The clauses of the prediction over those of their runs that the evidence is, or counted."""
    cited = set[str]()
    for thing in map(thread.find, named):
        if is_a(thing, "claim"):
            counted = evidence_of(thread, thing.body, thing.uid).counted
            cited |= {run.uid for run in thread.runs_named(counted)}
        elif isinstance(thing, (Experiment, Run)):
            cited |= {run.uid for run in runs_of(thing)}

    refs = bound_refs(thread, item.body, item.uid)

    def resolve(subject: Subject) -> list[Run]:
        runs = runs_of_subject(thread, subject, refs)
        return [run for run in runs if run.uid in cited] or runs

    return evaluate(predicate, resolve, thread.metrics)

"""What is true of a thread now, computed once for whoever shows it or judges by it: what its metrics
are, which experiment is best, what did not work, what nobody has said yet, what comes next.

How it is worded for a page is render's; the texts here are those of the record itself, with what a
reader must not miss about them.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from leadline.core.evidence.evidence import Evidence
from leadline.core.plain import one_line
from leadline.core.record.run import TERMINAL_STATES, MetricDef, Run
from leadline.core.record.thread import Experiment, Item, Thread, is_a
from leadline.core.stats.inference import Sample, summarise
from leadline.core.text.citation import render as cited
from leadline.core.timestamps import duration, minute
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.core.record.bodies import ClaimBody

EvidenceOf = Callable[[Item], Evidence]
METRICS_SHOWN = 12
PRIMARY_SHOWN = 3
# Not lost: nobody saw such a run end, so it shows nothing.
NEGATIVE_STATES = ("failed", "timeout", "cancelled")


def says(item: Item, thread: Thread, as_written: bool = False) -> str:
    """An item's text with its citations filled in; ``as_written``: with the numbers it was recorded
    with.

    What was let through against a refusal says so wherever the text stands.
    """
    bound = item.body.get("bound") or {}
    return cited(item.text, thread, item.refs, bound if as_written else None) + "".join(marks(item))


def marks(item: Item) -> list[str]:
    """`` [reported, not measured: …]`` and the like: what a reader must not miss about an item."""
    body, found = item.body, []
    if body.get("reported"):
        found.append(f" [reported, not measured: {body['reported']}]")
    if body.get("override"):
        label = is_a(item, "claim") and item.body.get("label_asked")
        asked = f" asked as {label};" if label else ""
        found.append(f" [override:{asked} {body['override']}]")
    if is_a(item, "decision") and item.body.get("no_evidence"):
        found.append(f" [without evidence: {item.body['no_evidence']}]")
    return found


def sample_of(runs: list[Run], metric: str) -> Sample:
    """Over the runs that count. A value that was not finite enters no statistics and is counted in
    ``nonfinite``."""
    counted = [r for r in runs if r.is_evidence and (metric in r.metrics or metric in r.nonfinite)]
    return summarise(r.metrics.get(metric, math.nan) for r in counted)


def lost_text(sample: Sample) -> str:
    """``1 of 3 not finite``; "" when all were numbers."""
    return (
        f"{sample.nonfinite} of {sample.n + sample.nonfinite} not finite"
        if sample.nonfinite
        else ""
    )


def words_for_lost(runs: list[Run], metric: str) -> str:
    """``NaN``, or ``NaN, Infinity``: what was measured in place of numbers."""
    return ", ".join(
        dict.fromkeys(r.nonfinite[metric] for r in runs if r.is_evidence and metric in r.nonfinite)
    )


def definition(thread: Thread, metric: str) -> MetricDef:
    return thread.metrics.get(metric) or MetricDef(metric)


def primary_metrics(thread: Thread) -> list[str]:
    """The metrics that tables show: those with a better direction in the order of their definition,
    then what else is defined, then what runs measured besides."""
    return list(dict.fromkeys([*declared_metrics(thread), *thread.metrics, *measured(thread)]))[
        :PRIMARY_SHOWN
    ]


def declared_metrics(thread: Thread) -> list[str]:
    """The metrics that the thread is about: those declared with a better direction; where none is,
    all declared ones. What runs measured besides is not among them."""
    return [m.name for m in thread.metrics.values() if m.direction != "none"] or list(
        thread.metrics
    )


def measured(thread: Thread) -> list[str]:
    """Every metric that a run has, in the order met."""
    return list(
        dict.fromkeys(name for run in thread.runs for name in (*run.metrics, *run.nonfinite))
    )


def metric_order(thread: Thread, names: list[str]) -> list[str]:
    first = [n for n in thread.metrics if n in names]
    return first + sorted(n for n in names if n not in first)


def state(run: Run) -> str:
    return state_word(run.state)


def state_word(state: str) -> str:
    """A run that was planned and has not ended is running: whatever reads ends those first that are
    over."""
    return "running" if state == "planned" else state


def outcome(run: Run) -> str:
    """``done in 61 s``, ``failed after 12 s: exit code 1``"""
    text = state(run)
    if run.wall_s is not None:
        preposition = "in" if run.state == "done" else "after"
        text += f" {preposition} {duration(run.wall_s)}"
    return f"{text}: {one_line(run.reason)}" if run.reason else text


def ranked(thread: Thread) -> list[Experiment]:
    """Standing experiments with evidence, best of the first primary metric first, then those
    without it."""
    primary = primary_metrics(thread)
    with_runs = [e for e in thread.experiments.values() if e.stands and e.evidence_runs]
    if not primary:
        return with_runs
    sign = -1.0 if definition(thread, primary[0]).direction == "higher" else 1.0

    def place(experiment: Experiment) -> tuple[bool, float]:
        median = sample_of(experiment.runs, primary[0]).median
        return (median is None, sign * median if median is not None else 0.0)

    return sorted(with_runs, key=place)


def open_runs(thread: Thread) -> list[Run]:
    return [r for r in thread.runs if r.state not in TERMINAL_STATES and not r.retracted]


def label_of(item: Item, evidence_of: EvidenceOf | None) -> str:
    """The label that the evidence bears now; without ``evidence_of`` the one recorded, or
    ``unlabelled``."""
    if item.retracted:
        return "retracted"
    if item.superseded_by:
        return f"superseded by {item.superseded_by}"
    if evidence_of is None:
        return str(item.body.get("label") or "unlabelled")
    label = evidence_of(item).label
    return "no evidence" if label == "none" else label


def runs_behind(
    item: Item[ClaimBody], thread: Thread, evidence_of: EvidenceOf | None
) -> int | None:
    """n of a claim: the runs that count, else the evidence runs of the experiments it names."""
    if evidence_of is not None:
        return len(evidence_of(item).counted) if evidence_of(item).label != "none" else None
    named = [
        thread.experiments.get(thread.here(str(e), item.refs))
        for e in item.body.get("experiments") or []
    ]
    return sum(len(e.evidence_runs) for e in named if e is not None) if named else None


def experiments_of(item: Item, thread: Thread) -> list[Experiment]:
    """Experiments an item names in its fields, its predicate or its text (through the ids bound to
    it)."""
    names: list[str] = []
    for name in ("about", "experiments", "evidence"):
        value = item.body.get(name)
        names += [str(v) for v in value] if isinstance(value, list) else []
    names += list(item.refs)
    found = [thread.experiments.get(thread.here(n.partition("-r")[0], item.refs)) for n in names]
    return list({e.id: e for e in found if e is not None}.values())


def not_done_runs(thread: Thread) -> list[Run]:
    return [
        r
        for r in thread.runs
        if r.state in (*NEGATIVE_STATES, "lost") and not r.retracted and not r.superseded_by
    ]


def reason_class(item: Item) -> str:
    """Why a negative note is negative, as it was classed; records from before the classes say
    ``unclassified``."""
    found = str(item.body.get("reason_class") or "")
    return found if found.replace("-", "").isalpha() and found.isascii() else "unclassified"


def negatives(thread: Thread) -> list[tuple[str, str, str]]:
    """(id, at, why) of what did not work, oldest first: falsified hypotheses, negative notes (with
    their class), experiments of which no run ended well, retractions."""
    found: list[tuple[str, str, str]] = []
    for item in thread.items.values():
        if item.kind == "hypothesis" and item.body.get("state") == "falsified" and item.stands:
            changed = [h["at"] for h in item.history if h["kind"] == "hypothesis-changed"]
            why = cited(str(item.body.get("why") or ""), thread, item.refs)
            because = f" ({why})" if why else ""
            at = [item.at, *changed][-1]
            found.append((item.id, at, f"falsified: {says(item, thread)}{because}"))
        elif item.kind == "note" and item.body.get("role") == "negative" and item.stands:
            found.append((item.id, item.at, f"{reason_class(item)}: {says(item, thread)}"))
        elif item.retracted:
            at = item.history[-1]["at"] if item.history else item.at
            found.append((item.id, at, f"retracted: {item.retracted}"))
    for experiment in thread.experiments.values():
        bad = [r for r in experiment.runs if r.state in NEGATIVE_STATES and not r.retracted]
        if experiment.retracted:
            at = experiment.history[-1]["at"] if experiment.history else experiment.at
            found.append((experiment.id, at, f"retracted: {experiment.retracted}"))
        elif bad and not experiment.evidence_runs and experiment.stands:
            times = f", {len(bad)} times" if len(bad) > 1 else ""
            found.append(
                (experiment.id, bad[-1].ended_at, f"{experiment.title}: {outcome(bad[-1])}{times}")
            )
    return sorted(found, key=lambda f: (f[1], f[0]))


def ended_by_machine(experiment: Experiment) -> bool:
    """Whether every run that ended was lost or cancelled: no result, so there is nothing to
    interpret."""
    ended = [r for r in experiment.runs if r.state in TERMINAL_STATES and not r.retracted]
    return bool(ended) and all(r.state in ("lost", "cancelled") for r in ended)


def missing_words(thread: Thread) -> dict[str, list[str]]:
    """Ended experiments that nobody has interpreted, or drawn a next action from, by what is
    missing."""
    missing: dict[str, list[str]] = {"interpretation": [], "next action": []}
    for experiment in thread.experiments.values():
        if not experiment.stands or not any(r.state in TERMINAL_STATES for r in experiment.runs):
            continue
        for role, name in (("interpretation", "interpretation"), ("next", "next action")):
            if role == "interpretation" and ended_by_machine(experiment):
                continue
            if not experiment.notes_in(role):
                missing[name].append(experiment.id)
    return missing


def next_action(thread: Thread) -> str:
    """The last recorded next action, with the experiment it followed from."""
    notes = [n for n in thread.of_kind("note") if n.body.get("role") == "next" and n.stands]
    if thread.finishes:
        steps = thread.finishes[-1].get("next_steps") or []
        return str(steps[0]) if steps else ""
    if not notes:
        return ""
    about = ", ".join(e.id for e in experiments_of(notes[-1], thread)[:2])
    after = f" (after {about}, {minute(notes[-1].at)})" if about else ""
    return says(notes[-1], thread) + after


def listed(value: object) -> list[str]:
    """A kickoff or finish field as a list of texts."""
    if value is None or value == "":
        return []
    return [str(v) for v in value] if isinstance(value, list) else [str(value)]

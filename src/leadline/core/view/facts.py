"""What is true of a thread now, computed once for whoever shows it or judges by it: what its metrics
are, which experiment is best, what did not work, what nobody has said yet, what comes next.

How it is worded for a page is render's; the texts here are those of the record itself, with what a
reader must not miss about them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import groupby

from leadline.core.evidence.found import Evidence
from leadline.core.ids import experiment_of
from leadline.core.metric.limit import within
from leadline.core.plain import one_line
from leadline.core.record.kinds import KINDS
from leadline.core.record.ranks import queue_place, rank, stands_at
from leadline.core.record.run import TERMINAL_STATES, MetricDef, Run, is_reported, told_runs
from leadline.core.record.thread import Experiment, Item, Thread, is_a
from leadline.core.stats.inference import Sample, mean_interval, middle, summarise
from leadline.core.text.citation import recompute
from leadline.core.text.citation import render as cited
from leadline.core.timestamps import duration
from leadline.core.typed import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from leadline.core.record.bodies import ClaimBody, NoteBody

EvidenceOf = Callable[[Item], Evidence]
Span = tuple[float | None, float | None, float | None]  # median, least, largest
MovedNumbers = dict[
    str, list[tuple[str, float, float | None]]
]  # of an item: as ``recompute`` tells
METRICS_SHOWN = 12
PRIMARY_SHOWN = 3
HEADLINES = 50  # of the newest claims, decisions and baselines
SOUND_RUNS = 3  # of a result that stands against a luckier one
NOTES_LOOKED_AT = 200
TOLD_AT_ONCE = 256  # experiments (``Thread.told_in_parts``)
CITING = ("claim", "note", "decision", "hypothesis")  # whose cited numbers are looked at
# Not lost: nobody saw such a run end, so it shows nothing.
NEGATIVE_STATES = ("failed", "timeout", "cancelled")


def words_of(item: Item, thread: Thread, as_written: bool = False) -> str:
    """An author's words with their citations filled in; ``as_written``: with the numbers they were
    recorded with."""
    bound = item.body.get("bound") or {}
    return cited(item.text, thread, item.refs, bound if as_written else None)


def says(item: Item, thread: Thread, as_written: bool = False) -> str:
    """``words_of``, and what was let through against a refusal says so wherever they stand."""
    text = words_of(item, thread, as_written) + "".join(marks(item))
    gone = [] if as_written or not item.stands else gone_evidence(item, thread)
    return f"{text} [evidence withdrawn: {'; '.join(gone)}]" if gone else text


def tested_in(thread: Thread) -> dict[str, list[str]]:
    """Of each hypothesis that experiments test, their ids, oldest first."""
    if thread.kept is not None:
        return thread.kept.tested()
    return tested_by(thread.experiments.values())


def tested_by(experiments: Iterable[Experiment]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for experiment in sorted(experiments, key=lambda e: e.runs[0].uid):
        for name in experiment.hypotheses:
            found.setdefault(name, []).append(experiment.id)
    return found


def gone_evidence(item: Item, thread: Thread) -> list[str]:
    """What a decision, or the state of a hypothesis, rests on that was taken back since, in words."""
    if item.kind not in ("hypothesis", "decision"):
        return []
    names = [*listed(item.body.get("evidence")), str(item.body.get("decision") or "")]
    found = (_gone(thread.here(name, item.refs), thread) for name in names if name)
    return [words for words in found if words]


def _gone(shown: str, thread: Thread) -> str:
    named = thread.runs_named([shown])
    thing = named[0] if named else thread.experiments.get(shown) or thread.items.get(shown)
    if thing is None:
        return ""
    if thing.retracted:
        return f"{shown} was retracted: {thing.retracted}"
    if thing.superseded_by:
        return f"{shown} was superseded by {thing.superseded_by}"
    if isinstance(thing, Run):
        why = thing.disputed or thing.typed_over
        return f"{shown} is {thing.apart}: {why}" if why else ""
    runs = thing.runs if isinstance(thing, Experiment) else []
    gone = sum(bool(r.retracted or r.superseded_by or r.disputed or r.typed_over) for r in runs)
    return f"{gone} of {len(runs)} runs of {shown}" if gone else ""


def sentence_of(item: Item, evidence_of: EvidenceOf | None) -> str:
    """What the runs say of a claim, or of a hypothesis with a checkable form, its label first: it
    stands before the author's words wherever they stand. Without ``evidence_of`` the form itself."""
    label = label_of(item, evidence_of)
    form = str(item.body.get("predicate") or "")
    said = form if evidence_of is None else evidence_of(item).sentence.brief
    return f"{label}: {said}" if said else label


def claim_text(item: Item, thread: Thread, evidence_of: EvidenceOf | None) -> str:
    """``replicated: t of B is …. Author: “B is faster”``, in plain text."""
    gloss = words_of(item, thread)
    author = f". Author: “{gloss}”" if gloss else ""
    return f"{sentence_of(item, evidence_of)}{''.join(marks(item))}{author}"


def expected_text(item: Item, thread: Thread, evidence_of: EvidenceOf | None) -> str:
    """What the runs say of a hypothesis that can be computed, and what was expected, in plain text."""
    expected = f"expected: {says(item, thread)}"
    if not item.body.get("predicate"):
        return expected
    return f"{sentence_of(item, evidence_of)}; {expected}"


def rests_on(item: Item, thread: Thread, evidence_of: EvidenceOf | None) -> list[str]:
    """What a decision, or the state of a hypothesis, rests on: ids, and of a claim what the runs say."""
    found = []
    for name in listed(item.body.get("evidence")):
        claim = thread.items.get(thread.here(name, item.refs))
        said = thread.shown(name, item.refs)
        if claim is not None and claim.kind == "claim":
            said += f" {sentence_of(claim, evidence_of)}"
        found.append(said)
    return found


def marks(item: Item) -> list[str]:
    """`` [reported, not measured: …]`` and the like: what a reader must not miss about an item."""
    body, found = item.body, []
    if body.get("reported"):
        found.append(f" [reported, not measured: {body['reported']}]")
    if body.get("override"):
        label = is_a(item, "claim") and item.body.get("label_asked")
        asked = f" asked as {label};" if label else ""
        codes = "".join(f" {code}" for code in body.get("overridden") or ())
        found.append(f" [override{codes}:{asked} {body['override']}]")
    if is_a(item, "decision") and item.body.get("no_evidence"):
        found.append(f" [without evidence: {item.body['no_evidence']}]")
    return found


def sample_of(runs: list[Run], metric: str) -> Sample:
    """Over the runs that count. A value that was not finite enters no statistics and is counted in
    ``nonfinite``."""
    counted = [r for r in runs if r.is_evidence and (metric in r.metrics or metric in r.nonfinite)]
    return summarise(r.metrics.get(metric, math.nan) for r in counted)


def described(runs: Sequence[Run]) -> list[Run]:
    """The runs whose numbers are shown: all, or where none counts what was reported, as if it did."""
    return told_runs(runs) if is_reported(runs) else list(runs)


def state_of(experiment: Experiment) -> str:
    """How an experiment stands; ``reported`` where nothing more is known of it."""
    if experiment.state == "done" and is_reported(experiment.runs):
        return "reported"
    return experiment.state


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
    then what else is defined, then what runs measured besides. What has a limit is a guard, and shown
    where it is broken, unless nothing else is measured."""
    names = dict.fromkeys([*declared_metrics(thread), *thread.metrics, *measured(thread)])
    return ([n for n in names if not definition(thread, n).limit] or list(names))[:PRIMARY_SHOWN]


def guards(thread: Thread) -> list[MetricDef]:
    """The metrics that have a limit."""
    return [m for m in thread.metrics.values() if m.limit]


def declared_metrics(thread: Thread) -> list[str]:
    """The metrics that the thread is about: those declared with a better direction; where none is,
    all declared ones. What runs measured besides is not among them."""
    return [m.name for m in thread.metrics.values() if m.direction != "none"] or list(
        thread.metrics
    )


def measured(thread: Thread) -> list[str]:
    """Every metric that a run has, in the order met."""
    if thread.kept is not None:
        return thread.kept.measured()
    return list(
        dict.fromkeys(name for run in thread.runs for name in (*run.metrics, *run.nonfinite))
    )


def metric_order(thread: Thread, names: list[str]) -> list[str]:
    first = [n for n in thread.metrics if n in names]
    return first + sorted(n for n in names if n not in first)


def state(run: Run) -> str:
    return state_word(run.state, run.apart)


def state_word(state: str, apart: str) -> str:
    """A run that was planned and has not ended is running: whatever reads ends those first that are
    over. One that is ``apart`` is not merely done, whatever its command came to."""
    if state == "done" and apart:
        return apart
    return "running" if state == "planned" else state


def outcome(run: Run) -> str:
    """``done in 61 s``, ``failed after 12 s: exit code 1``"""
    text = state(run)
    if run.wall_s is not None:
        preposition = "in" if run.state == "done" else "after"
        text += f" {preposition} {duration(run.wall_s)}"
    return f"{text}: {one_line(run.reason)}" if run.reason else text


def ranked(thread: Thread) -> Sequence[Experiment]:
    """Standing experiments with evidence, best of the first primary metric first, then those
    without it."""
    if thread.kept is not None:
        return thread.kept.ranked()
    with_runs = [e for e in thread.experiments.values() if e.stands and e.evidence_runs]
    return best_first(with_runs, order_of(thread))


def ranked_ids(thread: Thread, most: int) -> list[str]:
    """The ids of the first of ``ranked``."""
    if thread.kept is not None:
        return thread.kept.ranked_ids(most)
    return [e.id for e in ranked(thread)[:most]]


def best_first(experiments: list[Experiment], by: Order) -> list[Experiment]:
    """In their order where there is nothing to rank them by; those without a worth last."""
    if not by.metric:
        return experiments

    def place(experiment: Experiment) -> tuple[bool, float]:
        worth = by.worth(spans_of(experiment.runs))
        return (worth is None, worth or 0.0)

    return sorted(experiments, key=place)


class Order(NamedTuple):
    """What experiments are ranked by: a metric, which way is better, and (metric, limit) of each guard."""

    metric: str = ""
    direction: str = ""
    limits: tuple[tuple[str, str], ...] = ()

    def worth(self, spans: Mapping[str, Span]) -> float | None:
        """The less, the better; None without the metric, and beyond a limit."""
        median = spans[self.metric][0] if self.metric in spans else None
        if median is None or self.broken(spans):
            return None
        return -median if self.direction == "higher" else median

    def broken(self, spans: Mapping[str, Span]) -> list[tuple[str, str]]:
        """The limits that a run does not keep; a value that was not finite keeps none."""
        return [
            (name, limit)
            for name, limit in self.limits
            if name in spans
            and not all(value is not None and within(limit, value) for value in spans[name][1:])
        ]


def order_of(thread: Thread) -> Order:
    first = next(iter(primary_metrics(thread)), "")
    if not first:
        return Order()
    limits = tuple((m.name, m.limit) for m in guards(thread))
    return Order(first, definition(thread, first).direction, limits)


def spans_of(runs: Sequence[Run]) -> dict[str, Span]:
    """By metric the median, the least and the largest value over the runs that count; None where one
    was not finite."""
    found: dict[str, Span] = {}
    counted = [run for run in runs if run.is_evidence]
    for name in dict.fromkeys(n for r in counted for n in (*r.metrics, *r.nonfinite)):
        values = [r.metrics[name] for r in counted if name in r.metrics]
        lost = any(name in r.nonfinite for r in counted)
        low, high = (None, None) if lost else (min(values), max(values))
        known = sorted(float(v) for v in values if math.isfinite(v))
        found[name] = (middle(known) if known else None, low, high)
    return found


def spans(thread: Thread) -> Iterable[tuple[str, Mapping[str, Span]]]:
    """The id and ``spans_of`` of every experiment, in order; of one that is not ``ranked`` none."""
    if thread.kept is not None:
        return thread.kept.spans()
    experiments = thread.experiments.values()
    return ((e.id, spans_of(e.runs) if e.stands else {}) for e in experiments)


def by_time(thread: Thread) -> list[tuple[str, str, str, str]]:
    """(at, id, kind, ``stands_at``) of every experiment and item, oldest first."""
    if thread.kept is not None:
        return sorted(thread.kept.by_time())
    experiments = [(e.at, e.id, "experiment", e.state) for e in thread.experiments.values()]
    items = [(i.at, i.id, i.kind, stands_at(i)) for i in thread.items.values()]
    return sorted(experiments + items)


def is_there(thread: Thread, shown: str) -> bool:
    """Whether it is the id of an experiment or an item."""
    if thread.kept is not None:
        return bool(thread.kept.uid(shown))
    return shown in thread.experiments or shown in thread.items


def beyond_limits(thread: Thread, runs: Sequence[Run]) -> list[str]:
    """The limits of guards that one of the runs does not keep: ``max_err <=0.001``."""
    limits = tuple((m.name, m.limit) for m in guards(thread))
    broken = Order(limits=limits).broken(spans_of(runs)) if limits else []
    return [f"{name} {limit}" for name, limit in broken]


def recent(thread: Thread) -> Sequence[Experiment]:
    """As ``ranked``, those first that ended last."""
    if thread.kept is not None:
        return thread.kept.recent()
    return sorted(ranked(thread), key=ended_last, reverse=True)


def ended_last(experiment: Experiment) -> str:
    return max(r.ended_at for r in experiment.evidence_runs)


def ranked_first(thread: Thread) -> Sequence[Experiment]:
    """Every experiment: as ``ranked``, those without evidence behind them."""
    if thread.kept is not None:
        return thread.kept.ranked_first()
    ordered = list(ranked(thread))
    known = {e.id for e in ordered}
    return ordered + [e for e in thread.experiments.values() if e.id not in known]


def open_runs(thread: Thread) -> list[Run]:
    return [r for r in runs_open(thread) if r.state not in TERMINAL_STATES and not r.retracted]


def runs_counted(thread: Thread) -> int:
    return sum(1 for _ in thread.runs) if thread.kept is None else thread.kept.counts().runs


def runs_open(thread: Thread) -> list[Run]:
    """Every run that may not have ended, among others of its experiment."""
    return [run for experiment in experiments_open(thread) for run in experiment.runs]


def experiments_open(thread: Thread) -> Iterable[Experiment]:
    """Those of which a run may not have ended, among others."""
    return thread.experiments.values() if thread.kept is None else thread.kept.open()


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


def with_gone_evidence(thread: Thread) -> list[tuple[str, list[str]]]:
    """(id, ``gone_evidence``) of every standing decision and hypothesis that has any."""
    if thread.kept is not None:
        return thread.kept.with_gone_evidence()
    items = (i for i in thread.items.values() if i.stands)
    return [(item.id, gone) for item in items if (gone := gone_evidence(item, thread))]


def standing(
    thread: Thread, kind: str, states: Sequence[str] = (), newest_first: bool = False
) -> Sequence[Item]:
    """The standing items of a kind; with ``states`` those in one of them, hypotheses in the order of
    work."""
    if thread.kept is not None:
        return thread.kept.standing(kind, states, newest_first)
    found = [item for item in thread.of_kind(kind) if item.stands]
    if states:
        found = [item for item in found if stands_at(item) in states]
        if len(states) > 1:
            found.sort(key=lambda item: queue_place(stands_at(item)))
    return found[::-1] if newest_first else found


def claims_by_label(thread: Thread, evidence_of: EvidenceOf | None) -> Sequence[Item[ClaimBody]]:
    """Standing ones first, the stronger label before the weaker."""
    if thread.kept is not None:
        return thread.kept.claims_by_label()
    labelled = [(label_of(claim, evidence_of), claim) for claim in thread.claims]
    labelled.sort(key=lambda pair: (not pair[1].stands, -rank(pair[0])))
    return [claim for _, claim in labelled]


def experiments_of(item: Item, thread: Thread) -> list[Experiment]:
    """Experiments an item names in its fields, its predicate or its text (through the ids bound to
    it)."""
    found = [thread.experiments.get(name) for name in experiments_named(item, thread)]
    return [e for e in found if e is not None]


def experiments_named(item: Item, thread: Thread) -> list[str]:
    """What of ``experiments_of`` are the ids, and others that are none of experiments."""
    names: list[str] = []
    for name in ("about", "experiments", "evidence"):
        value = item.body.get(name)
        names += [str(v) for v in value] if isinstance(value, list) else []
    names += list(item.refs)
    return list(dict.fromkeys(thread.here(n.partition("-r")[0], item.refs) for n in names))


def claims_naming(thread: Thread, wanted: Collection[str]) -> Iterable[Item[ClaimBody]]:
    """The claims that name one of the experiments ``wanted``, in order."""
    told = thread.told_of("claim", "names", lambda c: " ".join(experiments_named(c, thread)))
    naming = [shown for shown, names in told if not set(wanted).isdisjoint(names.split())]
    return (cast("Item[ClaimBody]", thread.items[shown]) for shown in naming)


def withdrawn(thread: Thread) -> Sequence[Experiment]:
    """Experiments that do not stand, or a run of which was retracted."""
    if thread.kept is not None:
        return thread.kept.withdrawn()
    return [
        e for e in thread.experiments.values() if not e.stands or any(r.retracted for r in e.runs)
    ]


def retracted_with(experiment: Experiment) -> str:
    """The sweep, as it was called then, that was retracted with the experiment, and "" for one that
    was retracted for itself."""
    last = experiment.history[-1:] if experiment.retracted else []
    return "".join(str(one["body"].get("part_of") or "") for one in last)


def moved_numbers(thread: Thread) -> MovedNumbers:
    """Of every standing item with a cited number that is another one now: as ``recompute`` tells."""
    if thread.kept is not None:
        moved = thread.kept.differing()
    else:
        standing = [i for i in thread.items.values() if i.stands and i.kind in CITING]
        moved = [(item.id, recompute(item, thread)) for item in standing]
    return {shown: found for shown, found in moved if found}


def repeated_notes(thread: Thread) -> list[tuple[Item, Item, int]]:
    """Notes that were said again without change: the first and the last of them, and how often."""
    if thread.kept is not None:
        return thread.kept.repeated_notes()
    groups = [list(group) for _, group in groupby(thread.of_kind("note"), said_in)]
    return [(said[0], said[-1], len(said)) for said in groups if len(said) > 1]


def said_in(note: Item) -> str:
    return repr((note.text, note.body.get("about")))


def with_numbers(thread: Thread) -> tuple[Sequence[Experiment], Sequence[str]]:
    """Of ``ranked`` those that measured something, and the ids of the others."""
    if thread.kept is not None:
        return thread.kept.with_numbers()
    best: list[Experiment] = []
    silent: list[str] = []
    for e in ranked(thread):
        if any(run.metrics or run.nonfinite for run in e.evidence_runs):
            best.append(e)
        else:
            silent.append(e.id)
    return best, silent


def claims_by_experiment(
    thread: Thread, evidence_of: EvidenceOf | None, wanted: Collection[str]
) -> dict[str, list[Item[ClaimBody]]]:
    """Each experiment ``wanted`` to the standing claims that it bears on: one whose runs lie outside
    of what is claimed shares no label with those inside."""
    found: dict[str, list[Item[ClaimBody]]] = {}
    for claim in claims_naming(thread, wanted):
        if not claim.stands:
            continue
        counted = evidence_of(claim).counted if evidence_of is not None else []
        bearing = {experiment_of(run) for run in counted}
        for experiment in experiments_named(claim, thread):
            if experiment in wanted and (not bearing or experiment in bearing):
                found.setdefault(experiment, []).append(claim)
    return found


def runs_that_count(thread: Thread) -> tuple[int, int]:
    """How many runs are evidence, and how many ``not_done``."""

    def tell(experiments: Iterable[Experiment]) -> str:
        runs = [run for e in experiments for run in e.runs]
        return f"{sum(r.is_evidence for r in runs)} {sum(map(_not_done, runs))}"

    told = [part.split() for part in thread.told_in_parts("runs that count", TOLD_AT_ONCE, tell)]
    return sum(int(counted) for counted, _ in told), sum(int(others) for _, others in told)


def _not_done(run: Run) -> bool:
    ended_badly = run.state in (*NEGATIVE_STATES, "lost")
    return ended_badly and not run.retracted and not run.superseded_by


def reason_class(item: Item) -> str:
    """Why a negative note is negative, as it was classed; records from before the classes say
    ``unclassified``."""
    found = str(item.body.get("reason_class") or "")
    return found if found.replace("-", "").isalpha() and found.isascii() else "unclassified"


def negatives_newest_first(thread: Thread) -> Sequence[Item | Experiment]:
    """What did not work: falsified hypotheses, negative notes, experiments of which no run ended
    well, retractions. ``negative`` words each."""
    if thread.kept is not None:
        return thread.kept.negatives_newest_first()
    things: list[Item | Experiment] = [*thread.items.values(), *thread.experiments.values()]
    found = [(at, thing.id, thing) for thing in things if (at := negative_at(thing)) is not None]
    found.sort(key=lambda f: f[:2], reverse=True)
    return [thing for _, _, thing in found]


def negative_at(thing: Item | Experiment) -> str | None:
    """When it turned out not to work; None for what did not."""
    if isinstance(thing, Experiment):
        if retracted_with(thing):
            return None  # its sweep tells it
        if thing.retracted:
            return thing.history[-1]["at"] if thing.history else thing.at
        bad = _ended_badly(thing)
        return bad[-1].ended_at if bad and not thing.evidence_runs and thing.stands else None
    if thing.kind == "hypothesis" and thing.body.get("state") == "falsified" and thing.stands:
        changed = [h["at"] for h in thing.history if h["kind"] == "hypothesis-changed"]
        return [thing.at, *changed][-1]
    if thing.kind == "note" and thing.body.get("role") == "negative" and thing.stands:
        return thing.at
    if thing.retracted and KINDS[thing.kind].news:  # a person's word was no attempt
        return thing.history[-1]["at"] if thing.history else thing.at
    return None


def _ended_badly(experiment: Experiment) -> list[Run]:
    return [r for r in experiment.runs if r.state in NEGATIVE_STATES and not r.retracted]


def negative(thing: Item | Experiment, thread: Thread) -> tuple[str, str, str]:
    """(id, at, why) of a thing that has a ``negative_at``."""
    at = negative_at(thing) or ""
    if thing.retracted:
        why = f"retracted: {thing.retracted}"
    elif isinstance(thing, Experiment):
        bad = _ended_badly(thing)
        times = f", {len(bad)} times" if len(bad) > 1 else ""
        why = f"{thing.title}: {outcome(bad[-1])}{times}"
    elif thing.kind == "note":
        why = f"{reason_class(thing)}: {says(thing, thread)}"
    else:
        because = cited(str(thing.body.get("why") or ""), thread, thing.refs)
        reason = f" ({because})" if because else ""
        why = f"falsified: {says(thing, thread)}{reason}"
    return thing.id, at, why


def ended_by_machine(experiment: Experiment) -> bool:
    """Whether every run that ended was lost or cancelled: no result, so there is nothing to
    interpret."""
    ended = [r for r in experiment.runs if r.state in TERMINAL_STATES and not r.retracted]
    return bool(ended) and all(r.state in ("lost", "cancelled") for r in ended)


class Leading(NamedTuple):
    """The result that stands as the best, and the one that reads better and does not stand."""

    best: Experiment | None
    ahead: Experiment | None = None


def leading(thread: Thread) -> Leading:
    """The best of the first primary metric. Of many the luckiest reads best: while the answer rests on
    one with ``SOUND_RUNS`` runs, another does not stand that has fewer, or where the mean of either lies
    within the interval of the other. What reads no better than the baseline to beat is no answer."""
    return thread.asked_once("leading", lambda: _leading(thread))


def _leading(thread: Thread) -> Leading:
    first = next(iter(ranked(thread)), None)
    order = order_of(thread)
    if first is None or not order.metric or order.worth(spans_of(first.runs)) is None:
        return Leading(first)
    present = _moved_baseline(thread)
    to_beat = {e.id: e for e in _baselines(thread) if e is not present}
    worths = [order.worth(spans_of(e.runs)) for e in to_beat.values() if present is None]
    bar = min((worth for worth in worths if worth is not None), default=math.inf)
    of_the_answer = [present] if present is not None else []
    for kind in ("claim", "decision"):
        for item in standing(thread, kind, newest_first=True)[:HEADLINES]:
            of_the_answer += experiments_of(item, thread)
    sound: list[tuple[float, Experiment]] = []
    for e in of_the_answer:
        alike = present is None or e.config.keys() <= present.config.keys()
        counts = alike and e.stands and e.id not in to_beat
        if counts and sample_of(e.runs, order.metric).n >= SOUND_RUNS:
            worth = order.worth(spans_of(e.runs))
            sound += [(worth, e)] if worth is not None and worth < bar else []
    answer = min(sound, key=lambda one: one[0], default=(0.0, first))[1]
    if answer.id == first.id:
        return Leading(first)
    reading, known = (sample_of(e.runs, order.metric) for e in (first, answer))
    if reading.n < SOUND_RUNS or _within(known, reading) or _within(reading, known):
        return Leading(answer, first)
    return Leading(first)


def _within(one: Sample, other: Sample) -> bool:
    """Whether the mean of ``one`` may be that of ``other``, by the interval of that alone."""
    interval = mean_interval(other)
    if one.mean is None or interval.low is None or interval.high is None:
        return False
    return interval.low <= one.mean <= interval.high


def _baselines(thread: Thread) -> list[Experiment]:
    """The newest ones, in the order in which they were set."""
    moves = [b for b in thread.of_kind("baseline") if not b.retracted][-HEADLINES:]
    named = (thread.here(str(b.body["experiment"]), b.refs) for b in moves)
    return [thread.experiments[name] for name in named if name in thread.experiments]


def _moved_baseline(thread: Thread) -> Experiment | None:
    """The present baseline where it is a result: not the first, nor that one measured again."""
    found, first = thread.baseline_experiment, next(iter(_baselines(thread)), None)
    if found is None or found is first:
        return None
    return None if any(run.measures_again for run in found.evidence_runs) else found


def headlines(thread: Thread, first: Leading | None = None) -> list[Experiment]:
    """The experiments that the thread's answer rests on: the best, the baselines, and those of the
    newest claims and decisions that stand. ``first``: what leads, where that is known."""
    best = leading(thread).best if first is None else first.best
    said = [
        *standing(thread, "claim", newest_first=True)[:HEADLINES],
        *standing(thread, "decision", newest_first=True)[:HEADLINES],
    ]
    found = {e.id: e for e in (*([] if best is None else [best]), *_baselines(thread))}
    found |= {e.id: e for item in said for e in experiments_of(item, thread)}
    return [found[name] for name in sorted(found) if found[name].stands]


def _of_the_ruler(experiment: Experiment) -> bool:
    """Whether its runs say something of what measures, and nothing of what is measured."""
    return all(r.design.get("null") or r.design.get("holdout") for r in experiment.runs)


def uninterpreted(thread: Thread, of: Sequence[Experiment] | None = None) -> list[Experiment]:
    """The headline experiments that ended and of which nobody said what they mean: in a note on it or
    on a sweep or measurement in turns that it is of, or in a claim that it bears. ``of``: the
    headlines, where they are known."""
    asked = [
        e
        for e in (headlines(thread) if of is None else of)
        if any(r.state in TERMINAL_STATES for r in e.runs)
        and not ended_by_machine(e)
        and not e.notes_in("interpretation")
        and not _of_the_ruler(e)
    ]
    if not asked:
        return []
    claims = standing(thread, "claim", newest_first=True)[:HEADLINES]
    claimed = {e.id for claim in claims for e in experiments_of(claim, thread)}
    designs = {e.id: designs_of(thread, e.runs) for e in asked if e.id not in claimed}
    told = _told_of(thread) if any(designs.values()) else set[str]()
    return [e for e in asked if e.id in designs and not told & designs[e.id]]


def _told_of(thread: Thread) -> set[str]:
    """What the newest notes say the meaning of."""
    return {
        thread.here(str(name), note.refs)
        for role in ("interpretation", "negative")
        for note in notes_in(thread, role)[:NOTES_LOOKED_AT]
        for name in note.body.get("about", [])
    }


def design_of(thread: Thread, experiment: Experiment) -> str:
    """The id of the sweep or measurement in turns that an experiment began in, "" without one."""
    return next(iter(designs_of(thread, experiment.runs[:1])), "")


def designs_of(thread: Thread, runs: Sequence[Run]) -> set[str]:
    """The ids of the sweeps and measurements in turns that runs are of."""
    named = {
        (kind, str(uid))
        for run in runs
        for kind in ("sweep", "interleaving")
        if (uid := run.design.get(kind))
    }
    return {thread.uids.get(name, "") for name in named}


def sweeps_of(thread: Thread, runs: Sequence[Run]) -> set[str]:
    """The ids of the sweeps that runs are of."""
    uids = {("sweep", str(run.design.get("sweep"))) for run in runs if run.design.get("sweep")}
    return {thread.uids[one] for one in uids if one in thread.uids}


def notes_in(thread: Thread, role: str) -> Sequence[Item[NoteBody]]:
    """The standing notes in a role, the newest first."""
    if thread.kept is not None:
        return thread.kept.standing("note", (role,), newest_first=True)
    notes = [n for n in thread.of_kind("note") if n.body.get("role") == role and n.stands]
    return notes[::-1]


def listed(value: object) -> list[str]:
    """A kickoff or finish field as a list of texts."""
    if value is None or value == "":
        return []
    return [str(v) for v in value] if isinstance(value, list) else [str(value)]

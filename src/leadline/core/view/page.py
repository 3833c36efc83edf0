"""The page: what a thread knows, in the order in which a reader wants it. Every output words it for its place.

State (the best admissible result, and from where), how to run, what is known, what did not work, what is open, what
comes next. Each list is drawn as far as it is looked at, so that the page of a long thread costs what is shown of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from leadline.core.metric.items import on_shared_items
from leadline.core.metric.ruler import of_several
from leadline.core.plain import shell_words
from leadline.core.record.drawn import Drawn
from leadline.core.record.ranks import OPEN_STATES
from leadline.core.record.reaches import tell_tags
from leadline.core.record.run import Run
from leadline.core.record.thread import Experiment, Item, Thread
from leadline.core.stats.inference import Interval, Sample, mean_interval
from leadline.core.typed import Any, NamedTuple
from leadline.core.values import dataclass
from leadline.core.view import facts
from leadline.core.view.step import Step, next_step

LOOKED_AT = 40  # experiments whose commands say what of a command varies
VALUES_SHOWN = 6


class Effect(NamedTuple):
    """The result as a multiple of a baseline's; ``over``: how many items both have, None for all."""

    baseline: str
    experiment: str
    ratio: float
    over: int | None


class Guard(NamedTuple):
    """A limit that the best result keeps, and the value nearest to it."""

    metric: str
    limit: str
    nearest: float


@dataclass(frozen=True)
class Best:
    """The best result that keeps every limit, by the first primary metric. ``effects``: against the
    first baseline and the present one. ``ahead``: what reads better and does not stand."""

    experiment: Experiment
    metric: str
    sample: Sample
    interval: Interval
    effects: list[Effect]
    guards: list[Guard]
    claim: Item[Any] | None
    ahead: Experiment | None

    @property
    def run(self) -> Run:
        return self.experiment.evidence_runs[-1]


@dataclass(frozen=True)
class Page:
    """``known``: claims, decisions and interpretations, the newest first. ``barred``: how many results
    lie beyond a limit."""

    best: Best | None
    command: str  # with what varies in it; "" where nothing ran
    known: Sequence[Item[Any]]
    dead_ends: Sequence[Item[Any] | Experiment]
    hypotheses: Sequence[Item[Any]]
    running: Sequence[Run]
    step: Step | None
    uninterpreted: list[Experiment]  # of those that the answer rests on


def page_of(
    thread: Thread, evidence_of: facts.EvidenceOf | None, running: Sequence[Run] | None = None
) -> Page:
    """``running``: runs not ended as the caller last saw them (default: as the record has them)."""
    found = facts.leading(thread)
    best = best_of(thread, evidence_of, found)
    if best is not None:  # its config is shown, and whoever looks first would see tags as keys
        tell_tags(thread, best.experiment.evidence_runs[-1:])
    return Page(
        best=best,
        command=command_of(thread, best),
        known=known_of(thread),
        dead_ends=dead_ends_of(thread),
        hypotheses=facts.standing(thread, "hypothesis", OPEN_STATES),
        running=facts.open_runs(thread) if running is None else running,
        step=next_step(thread),
        uninterpreted=facts.uninterpreted(thread, facts.headlines(thread, found)),
    )


# ---- the best ------------------------------------------------------------------------------------


def best_of(
    thread: Thread, evidence_of: facts.EvidenceOf | None, found: facts.Leading
) -> Best | None:
    """None where no result of the first primary metric keeps the limits, or none way is better.
    ``found``: what leads."""
    order = facts.order_of(thread)
    experiment, ahead = found
    if experiment is None or not order.metric or order.direction not in ("lower", "higher"):
        return None
    spans = facts.spans_of(experiment.runs)
    if order.worth(spans) is None:
        return None
    sample = facts.sample_of(experiment.runs, order.metric)
    guards = [
        Guard(name, limit, nearest)
        for name, limit in order.limits
        if name in spans and (nearest := spans[name][2 if limit.startswith("<") else 1]) is not None
    ]
    return Best(
        experiment=experiment,
        metric=order.metric,
        sample=sample,
        interval=mean_interval(sample),
        effects=effects_of(thread, experiment, order.metric),
        guards=guards,
        claim=claim_on(thread, experiment, order.metric, evidence_of),
        ahead=ahead,
    )


def effects_of(thread: Thread, experiment: Experiment, metric: str) -> list[Effect]:
    """Against the first baseline and the present one, where these are others, measured by one
    ruler, and bear a ratio."""
    first = next((b for b in thread.of_kind("baseline") if not b.retracted), None)
    found: list[Effect] = []
    for item in (first, thread.baseline):
        if item is None:
            continue
        base = thread.experiments.get(thread.here(str(item.body["experiment"]), item.refs))
        if base is None or base.id == experiment.id or base.id in {e.experiment for e in found}:
            continue
        if of_several([*base.evidence_runs, *experiment.evidence_runs], [metric]):
            continue
        theirs, mine, shared = on_shared_items(base.runs, experiment.runs, metric)
        if shared is not None and shared.reason:
            continue
        reference = facts.sample_of(theirs, metric).median
        value = facts.sample_of(mine, metric).median
        if value is not None and reference is not None and reference > 0:
            over = None if shared is None or shared.same else shared.n
            found.append(Effect(item.id, base.id, value / reference, over))
    return found


def claim_on(
    thread: Thread, experiment: Experiment, metric: str, evidence_of: facts.EvidenceOf | None
) -> Item[Any] | None:
    """The strongest standing claim on the metric that counts a run of the experiment, of equals the
    newest."""
    if evidence_of is None:
        return None
    runs = {run.id for run in experiment.runs}
    found: Item[Any] | None = None
    for claim in facts.claims_by_label(thread, evidence_of)[:LOOKED_AT]:
        weaker = found is not None and evidence_of(claim).label != evidence_of(found).label
        if weaker or not claim.stands:
            break
        if _names(claim, metric) and runs.intersection(evidence_of(claim).counted):
            found = claim
    return found


def _names(claim: Item[Any], metric: str) -> bool:
    before = str(claim.body.get("predicate") or "").split("(")[:-1]
    return any(part.rstrip('" ').endswith(metric) for part in before)


# ---- how to run ----------------------------------------------------------------------------------


_PROGRAM_IN_A_WORD = ("-c", "-lc", "-ec", "-e")


def command_of(thread: Thread, best: Best | None) -> str:
    """The command of the best (else of the last) run, with the values that its options took in other
    experiments: ``python3 bench.py --opt O2|O3 [--mean 0|100]``."""
    runs = [e.evidence_runs[-1] for e in facts.recent(thread)[:LOOKED_AT]]
    if best is not None:
        runs.insert(0, best.run)
    runs = [run for run in runs if run.argv and not run.shell]
    if not runs:
        return ""
    model = runs[0].argv
    begin, options = _options(model)
    others = [o for run in runs[1:] if (o := _options(run.argv))[0] == begin]
    taken: dict[str, list[str]] = {name: [value] for name, value in options.items()}
    for _, given in others:
        for name, value in given.items():
            values = taken.setdefault(name, [])
            if value not in values:
                values.append(value)
    parts = [shell_words(begin)]
    for name, values in taken.items():
        shown = "|".join(shell_words([v]) for v in values[:VALUES_SHOWN] if v)
        more = "|…" if len(values) > VALUES_SHOWN else ""
        text = f"{name}{shown}{more}"
        parts.append(text if name in options else f"[{text}]")
    return " ".join(part for part in parts if part)


def _options(argv: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """What the command begins with, and from the first option on each with its value: ``--lr `` or
    ``--lr=`` or ``lr=`` to its text. A program given in a word (``sh -c …``) is none: it is all of it."""
    if len(argv) > 2 and argv[1] in _PROGRAM_IN_A_WORD:
        return tuple(argv), {}
    at = next((i for i, word in enumerate(argv) if _is_option(word)), len(argv))
    found: dict[str, str] = {}
    rest = list(argv[at:])
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if equals:
            found[f"{name}="] = value
        elif word.startswith("-") and rest and not _is_option(rest[0]):
            found[f"{word} "] = rest.pop(0)
        else:
            found[word] = ""
    return tuple(argv[:at]), found


def _is_option(word: str) -> bool:
    """``-x``, ``--lr``, ``lr=0.1``; a negative number is a value."""
    if word.startswith("-"):
        return not word[1:2].isdigit() and len(word) > 1
    return "=" in word and word.partition("=")[0].isidentifier()


# ---- what is known, and what did not work --------------------------------------------------------


def known_of(thread: Thread) -> Sequence[Item[Any]]:
    """Standing claims, decisions, interpretations and what was measured in turns, the newest
    first."""
    lists: list[Sequence[Item[Any]]] = [
        facts.standing(thread, "claim", newest_first=True),
        facts.standing(thread, "decision", newest_first=True),
        facts.notes_in(thread, "interpretation"),
        _in_turns(thread),
    ]
    from heapq import merge  # noqa: PLC0415  start-up: 0.3 ms

    merged = merge(*lists, key=_uid, reverse=True)
    return Drawn(sum(map(len, lists)), merged)


def _in_turns(thread: Thread) -> Sequence[Item[Any]]:
    """The newest measurements in turns that came to an answer, of sides that stand, and of which nobody
    said what they mean; but those of the ruler itself."""
    measured: Sequence[Item[Any]] = facts.standing(thread, "interleaving", newest_first=True)
    ended = [i for i in measured[:LOOKED_AT] if i.body.get("ended", {}).get("n_blocks")]
    notes = facts.notes_in(thread, "interpretation")[:LOOKED_AT]
    told = {thread.here(str(name), n.refs) for n in notes for name in n.body.get("about", [])}
    return [
        item
        for item in ended
        if not item.body.get("null") and item.id not in told and _sides_stand(thread, item)
    ]


def _sides_stand(thread: Thread, item: Item[Any]) -> bool:
    names = item.body["ended"].get("experiments", {}).values()
    sides = (thread.experiments.get(thread.here(str(name), item.refs)) for name in names)
    return all(side is None or side.stands for side in sides)


def _uid(item: Item[Any]) -> str:
    return item.uid


def dead_ends_of(thread: Thread) -> Sequence[Item[Any] | Experiment]:
    """As ``facts.negatives_newest_first``, each once: an experiment that a negative note explains is
    left to the note, and what was withdrawn for one reason is one line."""
    found = facts.negatives_newest_first(thread)
    return _EachOnce(found)


class _EachOnce(Sequence[Any]):
    """``source`` without what is said already. Its length is that of the source less what was left
    out so far: of what nobody looked at, nobody knows."""

    def __init__(self, source: Sequence[Item[Any] | Experiment]) -> None:
        self._source, self._looked, self._kept = source, 0, list[Item[Any] | Experiment]()
        self._reasons: set[str] = set()

    def __len__(self) -> int:
        return len(self._source) - self._looked + len(self._kept)

    def __getitem__(self, at: Any) -> Any:
        stop = at.stop if isinstance(at, slice) else at + 1
        while self._looked < len(self._source) and (stop is None or len(self._kept) < stop):
            thing = self._source[self._looked]
            self._looked += 1
            if not self._is_said(thing):
                self._kept.append(thing)
        return self._kept[at]

    def _is_said(self, thing: Item[Any] | Experiment) -> bool:
        if thing.retracted:
            said = thing.retracted in self._reasons
            self._reasons.add(thing.retracted)
            return said
        return isinstance(thing, Experiment) and bool(thing.notes_in("negative"))

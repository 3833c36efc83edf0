"""Where a thread stands, for a session that knows nothing of it, in a fixed number of characters.

The most important comes first and items are cut as a whole, each list saying how many more there
are and which command shows them. Every section first gets a few items, then the room that is left
is given out in order of importance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from leadline.core.plain import as_rows, one_line
from leadline.core.record.drawn import Drawn
from leadline.core.record.ranks import OPEN_STATES, state_of
from leadline.core.record.run import Run
from leadline.core.record.thread import Experiment, Item, Thread
from leadline.core.timestamps import minute
from leadline.core.typed import TYPE_CHECKING, Any, NamedTuple
from leadline.core.view import facts
from leadline.core.view.facts import EvidenceOf
from leadline.render import words
from leadline.render.markdown import cut

if TYPE_CHECKING:
    from leadline.core.record.bodies import HypothesisBody

ITEM_CHARS = 220


class _Items:
    """What a section lists, put in words when it is shown: most of a long list never is."""

    def __init__(self, things: Sequence[Any], say: Callable[[Any], str] = str) -> None:
        self._things, self._say, self._said = things, say, list[str]()

    def __len__(self) -> int:
        return len(self._things)

    def first(self, count: int) -> list[str]:
        for thing in self._things[len(self._said) : count]:
            self._said.append(cut(one_line(self._say(thing)), ITEM_CHARS))
        return self._said[:count]


class _Section(NamedTuple):
    title: str
    items: _Items
    first: int  # items it gets before others get more
    verb: str


def render_brief(
    thread: Thread,
    evidence_of: EvidenceOf | None = None,
    due: Any = None,
    open_runs: Sequence[Run] | None = None,
    budget_chars: int = 4000,
    waiting: Sequence[str] = (),
) -> str:
    """At most ``budget_chars`` characters. ``due``: the answer of ``core.issue.due``; ``open_runs``:
    runs not ended as the caller last saw them (default: as the record has them); ``waiting``: what
    is to be sent to a forge, and why it was not."""
    sections = [s for s in _sections(thread, evidence_of, due, open_runs) if s.items]
    if waiting:
        at = next(
            (i for i, s in enumerate(sections) if s.title in ("Claims", "Open hypotheses")),
            len(sections),
        )
        sections.insert(
            at, _Section("Waiting to be sent", _Items(waiting), 2, "leadline issue status")
        )
    shown, parts = [0] * len(sections), [""] * len(sections)
    order = [(i, s.first) for i, s in enumerate(sections)] + [
        (i, len(s.items)) for i, s in enumerate(sections)
    ]
    head = one_line(
        f"{thread.topic} ({thread.prefix}): {thread.title}; as of {minute(thread.last_at)} UTC"
    )
    used = len(head)
    for i, wanted in order:
        while shown[i] < min(wanted, len(sections[i].items)):
            part = "\n" + _lines(sections[i], shown[i] + 1)
            if used + len(part) - len(parts[i]) > budget_chars:
                break
            used += len(part) - len(parts[i])
            shown[i], parts[i] = shown[i] + 1, part
    return cut(head + "".join(parts), budget_chars)


def _lines(section: _Section, shown: int) -> str:
    left, items = len(section.items) - shown, section.items.first(shown)
    tail = [f"  … and {left} more: {section.verb}"] if left else []
    if len(section.items) == 1:
        return f"{section.title}: {items[0]}"
    return as_rows([f"{section.title}:", *(f"  {item}" for item in items), *tail])


def _sections(
    thread: Thread, evidence_of: EvidenceOf | None, due: Any, open_runs: Sequence[Run] | None
) -> list[_Section]:
    def make(title: str, items: Sequence[str] | _Items, first: int, verb: str) -> _Section:
        return _Section(title, items if isinstance(items, _Items) else _Items(items), first, verb)

    running = list(open_runs) if open_runs is not None else facts.open_runs(thread)
    action = facts.next_action(thread)
    owed = [f"{due['form']}: {due['why']}"] if due and due["due"] else []
    return [
        make("Goal", facts.listed(thread.about.get("goal")), 1, "leadline logbook"),
        make(
            "Conclusion",
            [str(f.get("conclusion", "")) for f in thread.finishes[-1:]],
            1,
            "leadline logbook",
        ),
        make("Stop criteria", facts.listed(thread.about.get("stop")), 3, "leadline logbook"),
        make("Baseline", _baseline(thread), 1, "leadline status"),
        make("Next action", facts.listed(action), 1, "leadline next"),
        make(
            "Not ended",
            [
                f"{r.id} {facts.state(r)} since {minute(r.planned_at)}: {words.command(r)}"
                for r in running
            ],
            3,
            "leadline status",
        ),
        make("Claims", _claims(thread, evidence_of), 4, "leadline claims"),
        make("Open hypotheses", _hypotheses(thread), 4, "leadline hypothesis list"),
        make("Best and recent results", _results(thread), 4, "leadline status"),
        make(
            "Did not work",
            _Items(facts.negatives_newest_first(thread), lambda t: _negative(t, thread)),
            4,
            "leadline logbook",
        ),
        make("Due", owed, 1, "leadline due"),
        make("Missing", words.missing_lines(thread), 2, "leadline status"),
        make("Tracker", _tracker(thread), 2, "leadline tracker status"),
        make("Constraints", facts.listed(thread.about.get("constraint")), 2, "leadline logbook"),
        make(
            "Decisions",
            _Items(
                facts.standing(thread, "decision", newest_first=True),
                lambda d: f"{d.id}: {facts.says(d, thread)}",
            ),
            2,
            "leadline logbook",
        ),
    ]


def _tracker(thread: Thread) -> list[str]:
    chosen = str(thread.about.get("tracker-project") or "")
    links = [
        f"{link['title']}: {link['url']}" if link["title"] else link["url"]
        for link in thread.tracker_links
    ]
    return [*([chosen] if chosen else []), *reversed(links)]


def _baseline(thread: Thread) -> list[str]:
    item, experiment = thread.baseline, thread.baseline_experiment
    if item is None or experiment is None:
        return ["none registered: leadline baseline set ID"] if thread.experiments else []
    numbers = _numbers(thread, experiment, facts.primary_metrics(thread))
    return [f"{item.id} = {experiment.id} {experiment.title}: {numbers or 'no evidence run yet'}"]


def _numbers(thread: Thread, experiment: Any, metrics: list[str]) -> str:
    shown = []
    for metric in metrics:
        sample = facts.sample_of(experiment.runs, metric)
        if sample.n:
            relation = words.relation(thread, experiment, metric)
            against = f", {relation} vs baseline" if relation not in ("", "baseline") else ""
            shown.append(
                f"{metric} {words.metric_text(sample, facts.definition(thread, metric).unit)}{against}"
            )
    return "; ".join(shown)


def _negative(thing: Item | Experiment, thread: Thread) -> str:
    shown, _, why = facts.negative(thing, thread)
    return f"{shown}: {why}"


def _claims(thread: Thread, evidence_of: EvidenceOf | None) -> _Items:
    return _Items(
        facts.claims_by_label(thread, evidence_of),
        lambda claim: (
            f"{claim.id} [{words.labelled(claim, thread, evidence_of)}] {facts.says(claim, thread)}"
        ),
    )


def _hypotheses(thread: Thread) -> _Items:
    def say(h: Item[HypothesisBody]) -> str:
        resume = h.body.get("resume_condition")
        later = f" (resume when {resume})" if resume else ""
        return f"{h.id} [{state_of(h)}] {facts.says(h, thread)}{later}"

    return _Items(facts.standing(thread, "hypothesis", OPEN_STATES), say)


def _results(thread: Thread) -> _Items:
    best, recent = facts.ranked(thread), facts.recent(thread)
    base, metrics = thread.baseline_experiment, facts.primary_metrics(thread)
    count = len(best) - (base is not None and base.stands and bool(base.evidence_runs))
    return _Items(
        Drawn(count, _in_turns(best, recent, "" if base is None else base.id)),
        lambda e: f"{e.id} {e.title}: {_numbers(thread, e, metrics) or 'no primary metric'}",
    )


def _in_turns(
    best: Iterable[Experiment], recent: Iterable[Experiment], but: str
) -> Iterator[Experiment]:
    """One of the best, one of the last, and so on, each once."""
    seen = {but}
    for pair in zip(best, recent, strict=True):
        for experiment in pair:
            if experiment.id not in seen:
                seen.add(experiment.id)
                yield experiment

"""Where a thread stands, for a session that knows nothing of it, in a fixed number of characters.

The most important comes first and items are cut as a whole, each list saying how many more there
are and which command shows them. Every section first gets a few items, then the room that is left
is given out in order of importance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from leadline.core.plain import one_line
from leadline.core.record.ranks import OPEN_STATES, queue_place, rank, state_of
from leadline.core.record.run import Run
from leadline.core.record.thread import Thread
from leadline.core.timestamps import minute
from leadline.core.typed import Any, NamedTuple
from leadline.core.view import facts
from leadline.core.view.facts import EvidenceOf
from leadline.render import words
from leadline.render.markdown import cut

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
    return "\n".join([f"{section.title}:", *(f"  {item}" for item in items), *tail])


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
            [f"{i}: {why}" for i, _, why in reversed(facts.negatives(thread))],
            4,
            "leadline logbook",
        ),
        make("Due", owed, 1, "leadline due"),
        make("Missing", words.missing_lines(thread), 2, "leadline status"),
        make("Tracker", _tracker(thread), 2, "leadline tracker status"),
        make("Constraints", facts.listed(thread.about.get("constraint")), 2, "leadline logbook"),
        make(
            "Decisions",
            [
                f"{d.id}: {facts.says(d, thread)}"
                for d in reversed(thread.of_kind("decision"))
                if d.stands
            ],
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


def _claims(thread: Thread, evidence_of: EvidenceOf | None) -> list[str]:
    labelled = [(facts.label_of(c, evidence_of), c) for c in thread.claims]
    labelled.sort(key=lambda pair: (not pair[1].stands, -rank(pair[0])))
    return [
        f"{claim.id} [{words.labelled(claim, thread, evidence_of)}] {facts.says(claim, thread)}"
        for _, claim in labelled
    ]


def _hypotheses(thread: Thread) -> list[str]:
    queue = [h for h in thread.hypotheses if h.stands and state_of(h) in OPEN_STATES]
    queue.sort(key=lambda h: queue_place(state_of(h)))
    return [
        f"{h.id} [{state_of(h)}] {facts.says(h, thread)}"
        + (f" (resume when {h.body['resume_condition']})" if h.body.get("resume_condition") else "")
        for h in queue
    ]


def _results(thread: Thread) -> _Items:
    best = facts.ranked(thread)
    recent = sorted(best, key=lambda e: max(r.ended_at for r in e.evidence_runs), reverse=True)
    mixed = [e for pair in zip(best, recent, strict=True) for e in pair]
    base, metrics = thread.baseline_experiment, facts.primary_metrics(thread)
    shown = [e for e in {e.id: e for e in mixed}.values() if e is not base]
    return _Items(
        shown, lambda e: f"{e.id} {e.title}: {_numbers(thread, e, metrics) or 'no primary metric'}"
    )

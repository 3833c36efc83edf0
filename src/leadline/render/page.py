"""The page of a thread (``core/view/page.py``) in words: its parts in order, each a list of lines of
plain text that are worded when they are looked at. A place cuts and escapes them as it must."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from leadline.core.evidence.found import RULES
from leadline.core.issue.due import Due, due_key
from leadline.core.metric.ruler import is_outdated
from leadline.core.plain import one_line
from leadline.core.record.run import Run
from leadline.core.record.thread import Experiment, Item, Thread, is_a
from leadline.core.stats.inference import Interval, mean_interval
from leadline.core.text.citation import render as cited
from leadline.core.timestamps import counted, few, minute, number, rounded, with_unit
from leadline.core.typed import TYPE_CHECKING, Any, NamedTuple
from leadline.core.view import facts
from leadline.core.view.facts import EvidenceOf
from leadline.core.view.judged import judged_state
from leadline.core.view.page import Best, Effect, Page
from leadline.core.view.relabelled import relabelled
from leadline.core.view.stop import stop_readings
from leadline.render import words
from leadline.render.directive import directive_line
from leadline.render.markdown import cut

if TYPE_CHECKING:
    from leadline.core.record.bodies import HypothesisBody, InterleavingBody, NoteBody
    from leadline.core.view.news import News, Result, Told

LINE_CHARS = 240
CONFIG_SHOWN = 12
OWED = 3
IDS_SHOWN = 8


class Lines:
    """What a part lists, put in words when it is shown: most of a long list never is."""

    def __init__(
        self, things: Sequence[Any], say: Callable[[Any], str] = str, width: int = LINE_CHARS
    ) -> None:
        self._things, self._say, self._width, self._said = things, say, width, list[str]()

    def __len__(self) -> int:
        return len(self._things)

    def first(self, count: int) -> list[str]:
        for thing in self._things[len(self._said) : count]:
            self._said.append(cut(one_line(self._say(thing)), self._width))
        return self._said[:count]

    def has(self, count: int) -> bool:
        return len(self.first(count)) == count


class Part(NamedTuple):
    """``first``: the lines that it gets before others get more; ``verb`` shows all of it."""

    title: str
    lines: Lines
    first: int
    verb: str


def parts_of(
    thread: Thread, page: Page, evidence_of: EvidenceOf | None, owed: Sequence[str] = ()
) -> list[Part]:
    """Those that have something to say."""

    def part(
        title: str, lines: Sequence[str] | Lines, first: int, verb: str, width: int = LINE_CHARS
    ) -> Part:
        return Part(
            title, lines if isinstance(lines, Lines) else Lines(lines, width=width), first, verb
        )

    about = thread.about
    found = [
        part(
            "Directed, and not acknowledged (leadline ack ID --note …)",
            Lines(facts.standing(thread, "directive", ("open",)), directive_line, 600),
            3,
            "leadline next",
        ),
        part("Goal", facts.listed(about.get("goal")), 1, "leadline logbook"),
        part("Stop", stop_lines(thread, page), 3, "leadline logbook"),
        part("Constraints", facts.listed(about.get("constraint")), 2, "leadline logbook"),
        part("Conclusion", _conclusion(thread), 1, "leadline logbook"),
        part(
            "Handed over, in its author's words",
            _handed_over(thread),
            1,
            "leadline session list",
            600,
        ),
        part(
            f"Labelled otherwise by rules {RULES}, until an update tells it",
            [one.text for one in relabelled(thread, evidence_of)],
            2,
            "leadline update",
        ),
        part("State", state_lines(thread, page, evidence_of), 4, "leadline status", 600),
        part("How to run", how_lines(page), 2, "leadline show baseline", 500),
        part(
            "What we know, newest first",
            Lines(page.known, lambda item: known_line(item, thread, evidence_of)),
            6,
            "leadline claims",
        ),
        part(
            "Dead ends",
            Lines(page.dead_ends, lambda thing: dead_end_line(thing, thread)),
            5,
            "leadline logbook",
        ),
        part("Running", Lines(page.running, running_line), 3, "leadline status"),
        part(
            "Open",
            Lines(page.hypotheses, lambda h: open_line(h, thread, evidence_of)),
            4,
            "leadline hypothesis list",
        ),
        part("Next", _next_lines(page), 1, "leadline next", 500),
        part("Owed", owed, OWED, "leadline next"),
        part(
            "Said on the issue by others: nobody owes an answer",
            Lines(
                facts.standing(thread, "directive", ("listed",), newest_first=True),
                directive_line,
            ),
            2,
            "leadline issue comments",
        ),
        part("Tracker", _tracker(thread), 2, "leadline tracker status"),
    ]
    return [p for p in found if len(p.lines)]


def news_parts(
    thread: Thread, page: Page, news: News, evidence_of: EvidenceOf | None
) -> list[Part]:
    """What changed, in the order of the page; what now is the best and what comes next beside it."""
    found = [
        Part(
            "State",
            Lines(state_lines(thread, page, evidence_of)[:2], width=600),
            2,
            "leadline status",
        ),
        Part(
            "New results, best first",
            Lines(news.results, lambda r: result_line(r, thread)),
            6,
            "leadline status",
        ),
        Part(
            "Claims",
            Lines(news.claims, lambda c: known_line(c, thread, evidence_of)),
            4,
            "leadline claims",
        ),
        Part("Said", Lines(news.notes, lambda n: note_line(n, thread)), 4, "leadline logbook"),
        Part(
            "Without a result",
            Lines(news.silent, lambda e: dead_end_line(e, thread)),
            4,
            "leadline status --runs",
        ),
        Part(
            "Changed",
            Lines(news.told, lambda one: told_line(one, thread, evidence_of)),
            6,
            "leadline logbook",
        ),
        Part("Running", Lines(page.running, running_line), 3, "leadline status"),
        Part("Next", Lines(_next_lines(page), width=500), 1, "leadline next"),
    ]
    return [p for p in found if len(p.lines)] if news.records else []


def result_line(result: Result, thread: Thread) -> str:
    """``P-W1: P-003 k=2, best of 3 cells: time_ms 1 ms (n=1), -88.9 % against baseline``"""
    best = result.best
    told = words.joined([result_text(result, thread), _numbers(thread, best)], ": ")
    relation = ""
    for metric in facts.primary_metrics(thread)[:1]:
        relation = words.relation(thread, best, metric)
    if relation[-1:] in ("×", "%"):
        relation += " against baseline"
    return words.joined([f"{result.name} {told}", relation], ", ")


def result_text(result: Result, thread: Thread) -> str:
    """What a result is of: of a sweep its best cell, of a measurement in turns what it said."""
    best, design = result.best, result.design
    if design is None:
        return best.title
    told = f"{best.id} {best.title}"
    if is_a(design, "interleaving"):
        return words.joined([told, turns_text(design, thread)], ", ")
    n = len(result.experiments)
    return f"{told}, best of {n} cells" if n > 1 else told


def stop_lines(thread: Thread, page: Page) -> list[str]:
    """The criteria, and behind the first two what the best result says to what can be read of them."""
    lines = facts.listed(thread.about.get("stop"))
    told = [
        f"{one.bound.metric} {one.bound.limit} in {one.kept} of {counted(one.n, 'run')}"
        for one in stop_readings(thread, page.best)
    ]
    if page.best is not None and told:
        lines.insert(2, f"so far, by {page.best.experiment.id}: {'; '.join(told)}")
    return lines


def _conclusion(thread: Thread) -> list[str]:
    return [
        f"{cited(str(f.get('conclusion') or ''), thread, f.get('refs'))} (finished {f['at'][:10]})"
        for f in thread.finishes[-1:]
    ]


def _next_lines(page: Page) -> list[str]:
    if page.step is None:
        return []
    ends = "; if it is done: leadline note --done 'TEXT'" if page.step.decided else ""
    return [f"{page.step.words}{ends}"]


def _handed_over(thread: Thread) -> list[str]:
    found = facts.notes_in(thread, "handoff")[:1]
    return [f"{minute(n.at)}, {n.actor}: “{facts.says(n, thread)}”" for n in found]


class Owed(NamedTuple):
    """``key``: the same as long as the same is owed, whatever the words."""

    key: str
    text: str


def owed_of(thread: Thread, page: Page, due: Due | None, waiting: Sequence[str]) -> list[Owed]:
    """What is due, what waits to be sent and why, what words are missing; at most three lines."""
    found = [Owed(due_key(due), f"{due['form']}: {due['why']}")] if due and due["due"] else []
    if waiting:
        more = f" (and {len(waiting) - 2} more)" if len(waiting) > 2 else ""
        text = f"to be sent: {'; '.join(waiting[:2])}{more}: leadline issue status"
        found.append(Owed(f"to be sent: {waiting[0]}", text))
    if ids := [e.id for e in page.uninterpreted]:
        earlier = f" and {len(ids) - IDS_SHOWN} earlier" if len(ids) > IDS_SHOWN else ""
        text = f"interpretation of {', '.join(ids[-IDS_SHOWN:])}{earlier}"
        found.append(Owed(f"interpretation {' '.join(ids)}", text))
    if thread.experiments and not thread.finishes and page.step is None:
        found.append(Owed("next step", "the next step: leadline note --next-action 'TEXT'"))
    return found[:OWED]


def owed_lines(owed: Sequence[Owed], told: Collection[str]) -> list[str]:
    """What of it is not ``told`` yet, and where the rest stands."""
    new = [one.text for one in owed if one.key not in told]
    if owed and not new:
        return ["as told today: leadline next"]
    return new


def _tracker(thread: Thread) -> list[str]:
    chosen = str(thread.about.get("tracker-project") or "")
    links = [words.joined([link["title"], link["url"]], ": ") for link in thread.tracker_links]
    return [*([chosen] if chosen else []), *reversed(links)]


# ---- state ---------------------------------------------------------------------------------------


def state_lines(thread: Thread, page: Page, evidence_of: EvidenceOf | None) -> list[str]:
    """The best result with what it is held against, its command and its whole config; then the
    baseline, and what measures."""
    lines = []
    if page.best is not None:
        lines = [best_line(page.best, thread, evidence_of), f"$ {words.command(page.best.run)}"]
        hidden = hidden_config(page.best.experiment)
        lines += [f"config: {hidden}"] if hidden else []
        lines += [] if page.best.ahead is None else [ahead_line(page.best, page.best.ahead, thread)]
    elif thread.experiments:
        lines.append(f"no result to call the best: {_why_no_best(thread)}")
    base, item = thread.baseline_experiment, thread.baseline
    if item is not None and base is not None:
        told = f"{base.title}: {_numbers(thread, base)}"
        if page.best is not None and page.best.experiment.id == base.id:
            told = "the best itself"
        lines.append(f"baseline {item.id} = {base.id}, {told}")
    elif any(True for _ in facts.ranked(thread)):
        lines.append("no baseline is registered: leadline baseline set ID")
    lines += words.formula_lines(thread, facts.primary_metrics(thread))
    lines += [f"metric redefined: {line}" for line in words.redefined_lines(thread)]
    return [*lines, *(f"measured: {line}" for line in words.ruler_lines(thread))]


def _why_no_best(thread: Thread) -> str:
    order = facts.order_of(thread)
    if not order.metric:
        return "no run has a metric"
    if order.direction not in ("lower", "higher"):
        return f"leadline metric {order.metric} --direction lower|higher"
    if order.limits:
        return f"none has {order.metric} and keeps {', '.join(' '.join(x) for x in order.limits)}"
    return f"no run that counts has {order.metric}"


def _numbers(thread: Thread, experiment: Experiment) -> str:
    shown = []
    for metric in facts.primary_metrics(thread)[:1]:
        sample = facts.sample_of(experiment.runs, metric)
        if sample.n:
            unit = facts.definition(thread, metric).unit
            shown.append(f"{metric} {words.metric_text(sample, unit)}")
    return "; ".join(shown) or "no run that counts"


def best_line(best: Best, thread: Thread, evidence_of: EvidenceOf | None) -> str:
    """``best LS-076 kern=tree: speedup 13.9 (median, n=4; mean 13.2 to 14.5), 13.9x baseline LS-001``"""
    unit = facts.definition(thread, best.metric).unit
    value = with_unit(best.sample.median, unit)
    label = (
        "" if best.claim is None else f"[{best.claim.id} {facts.label_of(best.claim, evidence_of)}]"
    )
    kept = [f"{g.metric} {number(g.nearest)} keeps {g.limit}" for g in best.guards]
    parts = [
        f"{best.metric} {value} (median, n={best.sample.n}{interval_text(best.interval)})",
        *(effect_text(effect) for effect in best.effects),
        *kept,
    ]
    if is_outdated(best.run, thread.rulers, best.metric):
        parts.append(f"by an older ruler: leadline measure again {best.experiment.id}")
    name = f"best {best.experiment.id} {best.experiment.title}"
    return words.joined([f"{name}: {', '.join(parts)}", label])


def ahead_line(best: Best, ahead: Experiment, thread: Thread) -> str:
    """``not confirmed: LS-054 mean=10 reads speedup 13.9 in a single run: leadline run --experiment …``"""
    sample = facts.sample_of(ahead.runs, best.metric)
    value = with_unit(sample.median, facts.definition(thread, best.metric).unit)
    named = f"{ahead.id} {ahead.title}"
    left = facts.SOUND_RUNS - sample.n
    if left <= 0:
        spread = words.aside(interval_text(mean_interval(sample)).removeprefix(", "))
        settled_by = f"leadline ab {best.experiment.id} {ahead.id}"
        return f"no better shown: {named} reads {best.metric} {value}{spread}: {settled_by}"
    times = "a single run" if sample.n == 1 else f"{sample.n} runs"
    more = f"leadline run --experiment {ahead.id} --repeat {left}"
    return f"not confirmed: {named} reads {best.metric} {value} in {times}: {more}"


def interval_text(interval: Interval) -> str:
    if not interval.known:
        return ""
    return f", mean {rounded(interval.low, 4)} to {rounded(interval.high, 4)}"


def effect_text(effect: Effect) -> str:
    over = "" if effect.over is None else f" on {effect.over} shared items"
    return f"{rounded(effect.ratio)}x baseline {effect.experiment}{over}"


def hidden_config(experiment: Experiment) -> str:
    """The config that neither the title nor the command shows, and tags, which are named as such."""
    run = experiment.evidence_runs[-1]
    told = {experiment.title, *experiment.title.split(", "), *run.argv}
    told |= {f"{a.lstrip('-')}={b}" for a, b in zip(run.argv, run.argv[1:], strict=False)}
    told |= {word.lstrip("-") for word in run.argv}
    shown = words.told_config(run, experiment.config)
    pairs = zip(experiment.config.items(), shown, strict=True)
    left = [f"{name}={v}" for (k, v), name in pairs if f"{k}={v}" not in told or k in run.tags]
    return few(left, CONFIG_SHOWN)


def how_lines(page: Page) -> list[str]:
    """The command with what varies in it, and on which machine the best was measured."""
    if not page.command:
        return []
    where = words.machine_text(page.best.run) if page.best is not None else ""
    return [page.command, *([f"on {where}"] if where else [])]


# ---- the lists -----------------------------------------------------------------------------------


def known_line(item: Item[Any], thread: Thread, evidence_of: EvidenceOf | None) -> str:
    if is_a(item, "claim"):
        return f"{item.id} {facts.claim_text(item, thread, evidence_of)}"
    if is_a(item, "interleaving"):
        return in_turns_line(item, thread)
    if is_a(item, "decision"):
        rests = "; ".join(facts.rests_on(item, thread, evidence_of))
        rests = words.aside(rests and f"rests on {rests}")
        return f"{item.id} decided: {facts.says(item, thread)}{rests}"
    return interpretation_line(item, thread)


def in_turns_line(item: Item[InterleavingBody], thread: Thread) -> str:
    """``P-I1 in turns: time_ms of P-002 against P-001 better, ratio 0.83 (0.78 to 0.9), 9 blocks``"""
    return f"{item.id} {turns_text(item, thread)}"


def turns_text(item: Item[InterleavingBody], thread: Thread) -> str:
    ended = item.body.get("ended", {})
    sides = {
        side: thread.shown(name, item.refs) for side, name in ended.get("experiments", {}).items()
    }
    what = f"{ended.get('metric', '')} of {sides.get('b', 'B')} against {sides.get('a', 'A')}"
    kind = "ratio" if ended.get("as_ratio") else "difference"
    size = ""
    if ended.get("estimate") is not None and ended.get("low") is not None:
        ends = f"{rounded(ended['low'], 4)} to {rounded(ended.get('high'), 4)}"
        size = f", {kind} {rounded(ended['estimate'], 4)} ({ends})"
    blocks = counted(ended.get("n_blocks", 0), "block")
    return f"in turns: {what}: {ended.get('verdict', '')}{size}, {blocks}"


def interpretation_line(note: Item[NoteBody], thread: Thread) -> str:
    names = [thread.here(str(name), note.refs) for name in note.body.get("about", [])[:3]]
    about = [thread.items[name] for name in names if name in thread.items]
    if len(names) == 1 and about and is_a(about[0], "interleaving"):
        return f"{in_turns_line(about[0], thread)}. “{facts.says(note, thread)}”"
    return f"{', '.join(names) or note.id}: {facts.says(note, thread)}"


def dead_end_line(thing: Item[Any] | Experiment, thread: Thread) -> str:
    shown, _, why = facts.negative(thing, thread)
    if is_a(thing, "note"):
        about = ", ".join(str(name) for name in thing.body.get("about", [])[:3])
        return f"{about or shown} ({facts.reason_class(thing)}): {facts.says(thing, thread)}"
    return f"{shown} {why}"


def note_line(note: Item[NoteBody], thread: Thread) -> str:
    if note.body.get("role") == "negative":
        return f"did not work: {dead_end_line(note, thread)}"
    return interpretation_line(note, thread)


def told_line(one: Told, thread: Thread, evidence_of: EvidenceOf | None) -> str:
    """A change in words, with its reason: ``Retracted P-004: the seed was fixed``"""
    item, line = one.item, f"{one.verb} {one.name}"
    if one.kind == "baseline" and item is not None:
        line += f" is {thread.shown(str(item.body.get('experiment', '')), item.refs)}"
    elif one.kind == "hypothesis-changed" and is_a(item, "hypothesis"):
        line += (
            f" is {judged_state(item, thread, evidence_of)}: {cut(facts.says(item, thread), 160)}"
        )
    elif item is not None:
        rests = "; ".join(facts.rests_on(item, thread, evidence_of))
        line += f": {facts.says(item, thread)}" + words.aside(rests and f"rests on {rests}")
    return words.joined([line, one.why], ": ")


def running_line(run: Run) -> str:
    """Of one that stands still, also for how long and what it said last."""
    line = f"{run.id} {facts.state(run)} since {minute(run.planned_at)}: {words.command(run)}"
    return line + words.aside(run.reason)


def open_line(h: Item[HypothesisBody], thread: Thread, evidence_of: EvidenceOf | None) -> str:
    resume = h.body.get("resume_condition")
    later = f" (resume when {resume})" if resume else ""
    state = judged_state(h, thread, evidence_of)
    return f"{h.id} [{state}] {facts.expected_text(h, thread, evidence_of)}{later}"

"""The current part of a logbook and of an issue: scope, baseline, links, claims, hypotheses, what
is open.

It is made anew each time, so it may say what entries cannot: that a number moved, or that a run was
retracted.
"""

from __future__ import annotations

from itertools import groupby

from leadline.core.ids import parse_id
from leadline.core.record.ranks import queue_place, state_of
from leadline.core.record.reaches import tell_tags
from leadline.core.record.thread import Experiment, Item, Thread
from leadline.core.record.written import told
from leadline.core.timestamps import counted, minute, number, plural
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.core.view import facts
from leadline.core.view.facts import EvidenceOf, MovedNumbers
from leadline.core.view.judged import judged_state
from leadline.render import words
from leadline.render.logbook.links import link_lines
from leadline.render.markdown import code, data, prose_line

if TYPE_CHECKING:
    from leadline.core.record.bodies import HypothesisBody

SECTIONS = ("Scope", "Baseline", "Links", "Claims", "Hypotheses", "Open")


def render_header(thread: Thread, evidence_of: EvidenceOf | None) -> str:
    """Scope, baseline, links, claims, hypotheses and what is open, as they are now."""
    parts = [
        "_Made from the record by Leadline: entries are only ever added. To say more, record more "
        "(`leadline note`, `leadline correct`)._"
    ]
    if altered := told(thread.altered):
        parts.append(f"**{prose_line(altered)}**")
    moved = facts.moved_numbers(thread)
    for name, lines in zip(
        SECTIONS,
        (
            scope_lines(thread),
            baseline_lines(thread),
            link_lines(thread),
            claim_lines(thread, evidence_of, moved),
            hypothesis_lines(thread, evidence_of),
            open_lines(thread, moved),
        ),
        strict=True,
    ):
        parts.append(f"## {name}\n\n" + ("\n".join(lines) or "None yet."))
    return "\n\n".join(parts)


def scope_lines(thread: Thread) -> list[str]:
    about = thread.about
    fields: list[tuple[str, list[str]]] = [
        ("Goal", facts.listed(about.get("goal"))),
        ("Primary metrics", []),
        ("Constraints", facts.listed(about.get("constraint"))),
        ("Stop criteria", facts.listed(about.get("stop"))),
    ]
    lines = []
    for name, values in fields:
        if name == "Primary metrics":
            shown = [
                words.metric_line(facts.definition(thread, m))
                for m in facts.declared_metrics(thread)
            ]
            shown += [prose_line(v) for v in facts.listed(about.get("success"))]
        else:
            shown = [prose_line(v) for v in values]
        if shown or name in ("Goal", "Stop criteria"):
            lines.append(f"- **{name}:** {'; '.join(shown) or 'not given'}")
    if profile := thread.profile:
        kind = words.aside(prose_line(profile.get("about", "")))
        lines.append(f"- **Profile:** {code(profile['name'])}{kind}")
    if rulers := words.ruler_lines(thread):
        lines.append(f"- **Measured:** {'; '.join(map(prose_line, rulers))}")
    return lines + [
        f"- **Metric redefined:** {prose_line(line)}" for line in words.redefined_lines(thread)
    ]


def baseline_lines(thread: Thread) -> list[str]:
    item, experiment = thread.baseline, thread.baseline_experiment
    if item is None or experiment is None:
        case = str(thread.about.get("baseline-case") or "")
        return [f"None registered yet. Fixed case: {prose_line(case)}"] if case else []
    earlier = [b for b in thread.of_kind("baseline") if b is not item]
    moved = ""
    if earlier:
        times = len(earlier)
        moved = f"moved {times} {plural(times, 'time')}, from {earlier[-1].id}"
    marks = prose_line("".join(facts.marks(item)))
    tell_tags(thread, (experiment.evidence_runs or experiment.runs)[:1])
    since = f"- **{item.id}** since {minute(item.at)}{words.aside(moved)}"
    return [words.joined((since, marks)), *case_lines(experiment, thread)]


def case_lines(experiment: Experiment, thread: Thread) -> list[str]:
    """What was measured as a baseline: case, code, numbers."""
    run = (experiment.evidence_runs or experiment.runs)[0]
    names = facts.metric_order(
        thread, list({n: 1 for r in experiment.evidence_runs for n in r.metrics})
    )
    numbers = [
        f"{code(n)} "
        + prose_line(
            words.metric_text(facts.sample_of(experiment.runs, n), facts.definition(thread, n).unit)
        )
        for n in names[:6]
    ]
    case = f"- **Case:** {experiment.id} {data(experiment.title)}"
    return [
        words.joined((case, words.config_text(words.told_config(run))), ", "),
        f"- **Code:** {words.code_text(run.code)}",
        f"- **Numbers:** {'; '.join(numbers) or 'no evidence run yet'}",
    ]


def claim_lines(
    thread: Thread, evidence_of: EvidenceOf | None, moved_numbers: MovedNumbers
) -> list[str]:
    def tell(claim: Item[Any]) -> str:
        return words.claim_line(claim, thread, evidence_of, in_full=True)

    lines = []
    for shown, line in thread.told_of("claim", f"in full, {evidence_of is None}", tell):
        lines.append(f"- {line}")
        lines += [_moved_line(*moved) for moved in moved_numbers.get(shown, [])]
    return lines


def _moved_line(expression: str, stored: float, now: float | None) -> str:
    """A number in a claim that is another one today."""
    today = "no longer holds" if now is None else number(now)
    return f"  - {code(expression)} was {number(stored)} when it was written, now {today}"


def hypothesis_lines(thread: Thread, evidence_of: EvidenceOf | None) -> list[str]:
    """What was expected, and what the runs say of it where that can be computed."""

    def tell(h: Item[Any]) -> str:
        if not h.stands:
            return ""
        return f"{queue_place(state_of(h))}{_hypothesis_line(h, thread, evidence_of)}"

    told = thread.told_of("hypothesis", f"line, {evidence_of is None}", tell)
    placed = sorted((text for _, text in told if text), key=lambda text: text[0])
    return [text[1:] for text in placed]


def _hypothesis_line(
    h: Item[HypothesisBody], thread: Thread, evidence_of: EvidenceOf | None
) -> str:
    more = ""
    if h.body.get("state") == "blocked" and h.body.get("resume_condition"):
        more = f" (resume when {prose_line(str(h.body['resume_condition']))})"
    elif h.body.get("evidence"):
        more = f" (evidence: {'; '.join(map(data, facts.rests_on(h, thread, evidence_of)))})"
    measured = ""
    if h.body.get("predicate"):
        measured = f"{data(facts.sentence_of(h, evidence_of))}. "
    expected = f"Expected: “{prose_line(facts.says(h, thread))}”{more}"
    return f"- **{h.id}** ({data(judged_state(h, thread, evidence_of))}): {measured}{expected}"


def open_lines(thread: Thread, moved_numbers: MovedNumbers) -> list[str]:
    withdrawn = facts.withdrawn(thread)
    lines = [
        f"- **Not ended:** {r.id} ({data(facts.state(r))} since {minute(r.planned_at)})"
        for r in facts.open_runs(thread)
    ]
    parts = [e for e in withdrawn if facts.retracted_with(e)]
    for name, alike in groupby(parts, facts.retracted_with):
        cells = list(alike)
        n = counted(len(cells), "experiment")
        lines.append(f"- **{name}** was retracted with its {n}: {prose_line(cells[0].retracted)}")
    lines += [
        f"- **{e.id}** was "
        + (
            f"retracted: {prose_line(e.retracted)}"
            if e.retracted
            else f"superseded by {e.superseded_by}"
        )
        for e in withdrawn
        if not e.stands and not facts.retracted_with(e)
    ]
    lines += [
        f"- **{run.id}** was retracted: {prose_line(run.retracted)}"
        for owner in withdrawn
        for run in owner.runs
        if run.retracted and not owner.retracted
    ]
    return lines + _moved_numbers(moved_numbers) + _repeated_notes(thread)


def _moved_numbers(moved_numbers: MovedNumbers) -> list[str]:
    lines = []
    for shown, moved in moved_numbers.items():
        parsed = parse_id(shown)
        for expression, stored, now in moved if parsed and parsed.kind != "claim" else ():
            became = "no longer holds" if now is None else f"is now {number(now)}"
            lines.append(f"- **{shown}** cites {code(expression)} as {number(stored)}; it {became}")
    return lines


def _repeated_notes(thread: Thread) -> list[str]:
    return [
        f"- **{first.id}** was said {times} times without change, last {minute(last.at)}"
        for first, last, times in facts.repeated_notes(thread)
    ]

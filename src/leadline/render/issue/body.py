"""The body of the experiment issue, from records alone. Its comments: ``render/issue/comments.py``.

The body is one managed block; what people write around it is theirs. Nothing in it is typed twice,
so nothing in it can go stale; the price is that its wording is plain.

``links`` maps a name to an address: ``logbook`` (a permalink, entries are linked by anchor),
``tag``, ``tracker``, ``data``, ``bundle``, or any other word. They are given by the caller, since
only it knows what was pushed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from leadline.core.issue.plan import difference
from leadline.core.record.thread import Experiment, Thread
from leadline.core.record.written import told
from leadline.core.text.citation import render as cited
from leadline.core.timestamps import minute, plural, rounded, with_unit
from leadline.core.view import facts
from leadline.core.view.facts import EvidenceOf
from leadline.core.view.page import Best, best_of, dead_ends_of
from leadline.core.view.step import next_action
from leadline.render import words
from leadline.render.logbook.entries import log_entries
from leadline.render.logbook.header import baseline_lines, hypothesis_lines, scope_lines
from leadline.render.logbook.links import page_lines
from leadline.render.markdown import cell_code, code, cut, data, fence, prose, prose_line, table
from leadline.render.page import best_line, interpretation_line
from leadline.render.table import filled

LINK_NAMES = {
    "logbook": "Research logbook",
    "tag": "Tag",
    "tracker": "Tracker",
    "data": "Data browser",
    "bundle": "Repro bundle",
    "commit": "Commit",
    "issue": "Issue",
}
MARKER = "_Posted by Leadline._"
RESULTS_SHOWN, DECISIONS_SHOWN, NEGATIVES_SHOWN, LEARNED_SHOWN = 10, 10, 10, 8
HYPOTHESES_SHOWN, LINE_CHARS = 10, 500
PICTURES_NAMED = 3
BARS_SHOWN, BASELINES_SHOWN, CLAIMS_SHOWN, LOOKED_AT = 12, 6, 15, 2000
Links = Mapping[str, str]


def body_sections(
    thread: Thread, evidence_of: EvidenceOf | None = None, links: Links | None = None
) -> list[tuple[str, str]]:
    """The sections of the body that have something to say, as (heading, text): the answer first, what
    is asked next, then what it rests on."""
    sections = [
        ("Not as it was written", told(thread.altered)),
        ("TL;DR", tldr(thread, evidence_of)),
        ("Description", _description(thread)),
        ("Results", results(thread, evidence_of, links or {})),
        ("Claims", claim_list(thread, evidence_of)),
        ("Hypotheses", _hypotheses(thread, evidence_of)),
        ("What we learned", _learned(thread)),
        ("Dead ends", negative_list(thread, links or {})),
        ("Decision log", _decisions(thread, evidence_of)),
        ("Baseline", _baselines(thread)),
        ("Scope and its changes", _scope(thread)),
        ("Reproduce", _reproduce(thread)),
        ("Links", "\n".join(link_lines(thread, links or {}))),
        ("For non-specialists", _takeaways(thread)),
        ("Conclusion", conclusion(thread)),
        ("Changes made here by hand", edit_notices(thread)),
    ]
    return [(name, text) for name, text in sections if text]


EDIT_LINES_SHOWN = 40


def edit_notices(thread: Thread) -> str:
    """What people changed inside the derived part, shown until somebody says what became of it."""
    shown = []
    for edit in thread.issue.person_edits:
        if edit.get("settled"):
            continue
        lines = difference(str(edit.get("base") or ""), str(edit["text"]), 0)
        lines = [line for line in lines if not line.startswith("@@")]
        more = (
            [f"… and {len(lines) - EDIT_LINES_SHOWN} more lines"]
            if len(lines) > EDIT_LINES_SHOWN
            else []
        )
        said = fence("\n".join([*lines[:EDIT_LINES_SHOWN], *more]), "diff")
        shown.append(
            f"Somebody changed this derived part before {minute(edit['at'])} UTC. It is derived from records, so the "
            f"change stands here and in the record ({edit['id']}), not above, until somebody answers it: "
            f"`leadline issue settle {edit['id']} --why '…'`. Text outside this part is never touched.\n\n{said}"
        )
    return "\n\n".join(shown)


def _description(thread: Thread) -> str:
    about = thread.about
    parts = [str(about.get(n) or "") for n in ("description", "problem", "motivation")]
    return "\n\n".join(prose(p) for p in parts if p)


def _hypotheses(thread: Thread, evidence_of: EvidenceOf | None) -> str:
    """What is worked on first."""
    lines = [cut(line, LINE_CHARS) for line in hypothesis_lines(thread, evidence_of)]
    return "\n".join(
        words.capped(lines, HYPOTHESES_SHOWN, "hypotheses", "leadline hypothesis list")
    )


def _learned(thread: Thread) -> str:
    """The newest interpretations; a sweep's stand for its cells."""
    notes = facts.notes_in(thread, "interpretation")
    shown = [interpretation_line(note, thread) for note in notes[:LEARNED_SHOWN]]
    left = len(notes) - len(shown)
    more = [f"- … and {left} more: `leadline logbook`"] if left > 0 else []
    return "\n".join([*(f"- {prose_line(line, 300)}" for line in shown), *more])


def tldr(thread: Thread, evidence_of: EvidenceOf | None = None) -> str:
    """The answer in prose: what was asked, what was concluded or decided, the best result with what
    bounds it, what comes next; then a picture of the results."""
    best = best_of(thread, evidence_of, facts.leading(thread))
    decided = facts.standing(thread, "decision", newest_first=True)[:1]
    said = [prose_line(f"{d.id}: {facts.says(d, thread)}", 300) for d in decided]
    if thread.finishes:
        said = [prose_line(_finish_text(thread, "conclusion"), 400)]
    answer = words.joined([*said, data(best_line(best, thread, evidence_of)) if best else ""], ". ")
    parts = [
        ("Question", prose_line(str(thread.about.get("goal") or ""))),
        ("Answer", answer),
        ("Caveat", _caveat(best, evidence_of)),
        ("Next", prose_line(next_action(thread), 300)),
    ]
    lines = [f"**{name}:** {text}" for name, text in parts if text]
    return "\n\n".join([*lines, *_picture(thread)]) or "No experiment yet."


def _caveat(best: Best | None, evidence_of: EvidenceOf | None) -> str:
    """What bounds the answer: the claim that it rests on, else that there is none."""
    if best is None:
        return ""
    if best.claim is not None:
        return data(f"{best.claim.id} {facts.sentence_of(best.claim, evidence_of)}") + "."
    busy = sum(bool(r.hygiene.get("contended")) for r in best.experiment.evidence_runs)
    on_busy = f", {busy} of {best.sample.n} on a busy machine" if busy else ""
    return f"nothing is claimed on it, so it is exploratory{on_busy}."


def _picture(thread: Thread) -> list[str]:
    """Bars of the first primary metric, the best first, as GitHub draws them from text; none where
    the numbers are no bars from zero, or two rows of the table say it as well."""
    order = facts.order_of(thread)
    if order.direction not in ("lower", "higher"):
        return []
    bars = [
        (e.id, f"{sample.median:.5g}")
        for e in facts.ranked(thread)[:BARS_SHOWN]
        if (sample := facts.sample_of(e.runs, order.metric)).median is not None
    ]
    if len(bars) < 3 or any("e" in value or value.startswith("-") for _, value in bars):
        return []
    names = ", ".join(f'"{name}"' for name, _ in bars)
    unit = facts.definition(thread, order.metric).unit
    title = re.sub(r"[^\w /%.()-]", "", words.joined([order.metric, words.aside(unit)]))
    top = max(float(value) for _, value in bars)
    chart = [
        "xychart-beta",
        f"  x-axis [{names}]",
        f'  y-axis "{title}" 0 --> {top:.5g}',
        f"  bar [{', '.join(value for _, value in bars)}]",
    ]
    return [fence("\n".join(chart), "mermaid")]


def _baselines(thread: Thread) -> str:
    """Each baseline in a line, the present one first; what was fixed, where none is registered."""
    moves = [b for b in thread.of_kind("baseline") if not b.retracted][::-1]
    if not moves:
        return "\n".join(baseline_lines(thread))
    lines = []
    for item in moves[:BASELINES_SHOWN]:
        base = thread.experiments.get(thread.here(str(item.body["experiment"]), item.refs))
        if base is None:
            continue
        numbers = [
            f"{m} {words.metric_text(sample, facts.definition(thread, m).unit)}"
            for m in facts.primary_metrics(thread)[:1]
            if (sample := facts.sample_of(base.runs, m)).n
        ]
        marks = "".join(facts.marks(item))
        told = words.joined([f"{base.id} {base.title}", *numbers], ": ")
        lines.append(f"- **{item.id}** since {item.at[:10]}: {data(told)}{prose_line(marks)}")
    lines += words.more_of(len(moves), BASELINES_SHOWN, "baselines", "leadline baseline show")
    return "\n".join(lines)


def _reproduce(thread: Thread) -> str:
    """A fold with what is needed to do the best result again: command, config, code, machine."""
    best = facts.leading(thread).best
    if best is None:
        return ""
    run = best.evidence_runs[-1]
    lines = [
        fence(f"leadline reproduce {best.id}\n{words.command(run)}", "sh"),
        words.joined(["- **Config:**", words.config_text(run.config)]) if run.config else "",
        f"- **Code:** {words.code_text(run.code)}",
        f"- **Machine:** {data(words.machine_text(run))}",
    ]
    shown = "\n".join(line for line in lines if line)
    return f"<details>\n<summary>{best.id}</summary>\n\n{shown}\n\n</details>"


def _scope(thread: Thread) -> str:
    lines = scope_lines(thread)
    elsewhere = ("- **Goal:**", "- **Stop criteria:** not given")  # the first stands on top
    lines = [line for line in lines if not line.startswith(elsewhere)]
    for change in thread.changes:
        value = (
            "; ".join(facts.listed(change.get("value"))) if change.get("field") != "start" else ""
        )
        why = f" ({prose_line(str(change['why']))})" if change.get("why") else ""
        lines.append(
            f"- {minute(str(change['at']))}: {data(change.get('field', ''))} changed: {prose_line(value)}{why}"
        )
    changed = [said for said in thread.rulers if "changed" in said]
    for said in changed:
        files = prose_line(", ".join(said["changed"]))
        lines.append(f"- {minute(said['at'])}: {words.ruler_changed(said, thread)}: {files}")
    return "\n".join(lines)


def link_lines(thread: Thread, links: Links) -> list[str]:
    lines = [
        f"- **{LINK_NAMES.get(name, name.capitalize())}:** {url}"
        for name, url in links.items()
        if url
    ]
    for name, title in (
        ("code", "Code"),
        ("reference", "References"),
        ("tracker-project", "Tracker project"),
    ):
        values = facts.listed(thread.about.get(name))
        if values:
            shown = (code(v) if name == "code" else prose_line(v) for v in values)
            lines.append(f"- **{title}:** {'; '.join(shown)}")
    lines += page_lines(thread)
    lines += [
        f"- **Snapshot {s.id}:** tag {code(s.body.get('tag', ''))} at {code(str(s.body.get('commit', ''))[:12])}"
        for s in thread.of_kind("snapshot")
    ]
    return lines


def results(
    thread: Thread,
    evidence_of: EvidenceOf | None = None,
    links: Links | None = None,
    shown: int = RESULTS_SHOWN,
) -> str:
    """The main table: the best and what the answer rests on, best first, medians with n and spread,
    difference to the baseline, evidence label; the rest counted."""
    primary = facts.primary_metrics(thread)
    ranked, silent = facts.with_numbers(thread)
    without = ""
    if silent:
        more = f" and {len(silent) - 10} more" if len(silent) > 10 else ""
        without = f"Without any metric: {', '.join(silent[:10])}{more}."
    if not ranked:
        return without
    # One row an experiment, best first; a number that nobody measured is a dash.
    best, where = _of_the_answer(thread, ranked, shown), logbook_sections(thread, links or {})
    labels = labels_by_experiment(thread, evidence_of, best)
    headers = ["experiment", "what", "n", *map(cell_code, primary), "vs baseline", "evidence"]
    rows = []
    for e in best:
        n = max((facts.sample_of(e.runs, m).n for m in primary), default=0) or len(e.evidence_runs)
        relation = words.relation(thread, e, primary[0]) if primary else ""
        evidence = labels.get(e.id, "exploratory" if n else "–")
        if beyond := facts.beyond_limits(thread, e.runs):
            evidence = words.joined(["beyond", *beyond])
        numbers = [number_text(thread, e, m) for m in primary]
        name = linked(e.id, where) if where else e.id
        rows.append([name, _what(thread, e), str(n), *numbers, relation or "–", evidence])
    text = table(*filled(headers, rows, range(2, 4 + len(primary))))
    left = len(ranked) - len(best)
    more = f"\n\n… and {left} more: `leadline status`" if left else ""
    notes = ["Medians ± standard deviation, best first."] if primary else []
    if others := len([m for m in facts.measured(thread) if m not in primary]):
        notes.append(f"{others} more {plural(others, 'metric')}: `leadline metric`.")
    sweeps = sorted(facts.sweeps_of(thread, [run for e in best for run in e.runs]))
    if named := ", ".join(f"`leadline plot {name}`" for name in sweeps[-PICTURES_NAMED:]):
        notes.append(f"As pictures: {named}.")
    return f"{text}{more}\n\n{words.joined([*notes, without])}"


def _of_the_answer(
    thread: Thread, ranked: Sequence[Experiment], shown: int
) -> Sequence[Experiment]:
    """All, where there are few; else the best, the baselines, and those of the newest claims and
    decisions, in their order."""
    if len(ranked) <= shown:
        return ranked
    leading, base = facts.leading(thread), thread.baseline_experiment
    ahead = [e for e in (leading.best, base, ranked[0]) if e is not None]
    first = list({e.id: e for e in (*ahead, *facts.headlines(thread, leading))}.values())
    wanted = {e.id for e in first}
    if len(wanted) < shown:
        first += [e for e in ranked[1 : shown + 1] if e.id not in wanted]
    place = {shown: at for at, shown in enumerate(facts.ranked_ids(thread, LOOKED_AT))}
    return sorted(first[:shown], key=lambda e: place.get(e.id, LOOKED_AT))


def _what(thread: Thread, experiment: Experiment) -> str:
    """Its title, and what it changes against the baseline that the title does not say."""
    title = experiment.title
    differs = [
        part
        for part in words.differs_in(thread, experiment).split(", ")
        if part.strip("`") not in title
    ]
    return data(title) + words.aside(", ".join(part for part in differs if part))


def number_text(thread: Thread, experiment: Experiment, metric: str) -> str:
    sample = facts.sample_of(experiment.runs, metric)
    if not sample.n:
        return data(words.median_text(experiment.runs, metric, ""))
    spread = f" ± {rounded(sample.sd)}" if sample.sd is not None else ""
    lost = f" ({facts.lost_text(sample)})" if sample.nonfinite else ""
    return data(with_unit(sample.median, facts.definition(thread, metric).unit)) + spread + lost


def labels_by_experiment(
    thread: Thread, evidence_of: EvidenceOf | None, experiments: Sequence[Experiment]
) -> dict[str, str]:
    """Of each of ``experiments`` the claims that it bears on, each with its label."""
    wanted = {e.id for e in experiments}
    found = {
        experiment: [f"{claim.id} {facts.label_of(claim, evidence_of)}" for claim in claims]
        for experiment, claims in facts.claims_by_experiment(thread, evidence_of, wanted).items()
    }
    if (base := thread.baseline_experiment) is not None:
        found[base.id] = [thread.baseline.id if thread.baseline else "baseline"]
    return {experiment: ", ".join(names[:3]) for experiment, names in found.items()}


def claim_list(thread: Thread, evidence_of: EvidenceOf | None) -> str:
    """The strongest first; one that was taken back says why."""
    claims = facts.claims_by_label(thread, evidence_of)
    lines = []
    for claim in claims[:CLAIMS_SHOWN]:
        why = words.aside(prose_line(claim.retracted) if claim.retracted else "")
        lines.append(f"- {words.claim_line(claim, thread, evidence_of)}{why}")
    lines += words.more_of(len(claims), CLAIMS_SHOWN, "claims", "leadline claims")
    return "\n".join(lines)


def _decisions(thread: Thread, evidence_of: EvidenceOf | None) -> str:
    decisions = thread.of_kind("decision")
    if not decisions:
        return ""
    rows = []
    for d in decisions[-DECISIONS_SHOWN:]:
        evidence = "; ".join(map(data, facts.rests_on(d, thread, evidence_of)))
        superseded = f"superseded by {d.superseded_by}" if d.superseded_by else ""
        gone = "retracted" if d.retracted else superseded
        rows.append(
            [
                d.id,
                d.at[:10],
                prose_line(facts.says(d, thread), LINE_CHARS) + words.aside(gone),
                evidence or "none given",
                data(d.body.get("owner") or d.actor),
            ]
        )
    text = table(("id", "date", "decision", "evidence", "owner"), rows)
    left = len(decisions) - DECISIONS_SHOWN
    return text + (f"\n\n… and {left} earlier ones: `leadline logbook`" if left > 0 else "")


def negative_list(thread: Thread, links: Links) -> str:
    found = dead_ends_of(thread)
    where = logbook_sections(thread, links)
    lines = [
        f"- {linked(name, where)} ({at[:10]}): {prose_line(why, 240)}"
        for name, at, why in (facts.negative(thing, thread) for thing in found[:NEGATIVES_SHOWN])
    ]
    lines += words.more_of(len(found), NEGATIVES_SHOWN, "negative results", "leadline logbook")
    return "\n".join(lines)


def logbook_sections(thread: Thread, links: Links) -> dict[str, str]:
    """Id -> address of its newest logbook entry; empty without a logbook address."""
    logbook = links.get("logbook")
    if not logbook:
        return {}
    found: dict[str, str] = {}
    for entry in log_entries(thread):
        parts = entry.heading.partition(" - ")[2].split(" ")
        name = (
            parts[2]
            if len(parts) > 2 and parts[0] in ("Retraction", "Correction", "Supersession")
            else parts[0]
        )
        found[name] = f"{logbook}#{entry.anchor}"
    return found


def linked(name: str, where: Mapping[str, str]) -> str:
    return f"[{name}]({where[name]})" if name in where else f"**{name}**"


def _takeaways(thread: Thread) -> str:
    notes = list(facts.notes_in(thread, "takeaway"))[::-1]
    return "\n".join(f"- {prose_line(facts.says(n, thread))}" for n in notes)


def _finish_text(thread: Thread, name: str) -> str:
    finish = thread.finishes[-1]
    return cited(str(finish.get(name) or ""), thread, finish.get("refs"))


def conclusion(thread: Thread) -> str:
    """The recorded conclusion, what worked and did not, limits and next steps; or that there is
    none yet."""
    if not thread.finishes:
        return ""
    finish = thread.finishes[-1]
    parts = [prose(_finish_text(thread, "conclusion"))]
    for name, title in (
        ("worked", "What worked"),
        ("failed", "What did not"),
        ("limits", "Confidence and limits"),
        ("next_steps", "Next steps"),
    ):
        values = [cited(v, thread, finish.get("refs")) for v in facts.listed(finish.get(name))]
        if values:
            ordered = name == "next_steps"
            marks = [f"{i}." if ordered else "-" for i in range(1, len(values) + 1)]
            lines = [f"{mark} {prose_line(v)}" for mark, v in zip(marks, values, strict=True)]
            parts.append(f"**{title}**\n\n" + "\n".join(lines))
    return "\n\n".join(p for p in parts if p)

"""The body of the experiment issue, from records alone. Its comments: ``render/issue/comments.py``.

The body is one managed block; what people write around it is theirs. Nothing in it is typed twice,
so nothing in it can go stale; the price is that its wording is plain.

``links`` maps a name to an address: ``logbook`` (a permalink, entries are linked by anchor),
``tag``, ``tracker``, ``data``, ``bundle``, or any other word. They are given by the caller, since
only it knows what was pushed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from leadline.core.issue.plan import difference
from leadline.core.record.ranks import rank
from leadline.core.record.thread import Experiment, Thread
from leadline.core.record.written import told
from leadline.core.text.citation import render as cited
from leadline.core.timestamps import minute, plural, with_unit
from leadline.core.view import facts
from leadline.core.view.facts import EvidenceOf
from leadline.core.view.page import best_of, dead_ends_of
from leadline.core.view.step import next_action
from leadline.render import words
from leadline.render.issue.fit import fitted
from leadline.render.logbook.entries import log_entries
from leadline.render.logbook.header import baseline_lines, hypothesis_lines, page_lines, scope_lines
from leadline.render.markdown import cell_code, code, data, fence, prose, prose_line, table
from leadline.render.page import best_line, interpretation_line

BEGIN, END = "<!-- leadline:begin -->", "<!-- leadline:end -->"
MARKER = "_Posted by Leadline._"
LINK_NAMES = {
    "logbook": "Research logbook",
    "tag": "Tag",
    "tracker": "Tracker",
    "data": "Data browser",
    "bundle": "Repro bundle",
    "commit": "Commit",
    "issue": "Issue",
}
RESULTS_SHOWN, DECISIONS_SHOWN, NEGATIVES_SHOWN, LEARNED_SHOWN = 15, 20, 20, 8
Links = Mapping[str, str]


def render_body(
    thread: Thread,
    evidence_of: EvidenceOf | None = None,
    links: Links | None = None,
    marker: str = MARKER,
) -> str:
    """The managed block of the issue body, from its begin marker to its end marker, however long."""
    body = fitted(
        body_sections(thread, evidence_of, links), marker, (links or {}).get("logbook", "")
    )
    return f"{BEGIN}\n{body}\n{END}"


def body_sections(
    thread: Thread, evidence_of: EvidenceOf | None = None, links: Links | None = None
) -> list[tuple[str, str]]:
    """The sections of the body that have something to say, as (heading, text): the answer first, what
    is asked next, then what it rests on."""
    sections = [
        ("Not as it was written", told(thread.altered)),
        ("TL;DR", tldr(thread, evidence_of)),
        ("Description", _description(thread)),
        ("Hypothesis or goal", _hypothesis(thread, evidence_of)),
        ("Results", results(thread, evidence_of)),
        ("Claims", claim_list(thread, evidence_of)),
        ("What we learned", _learned(thread)),
        ("Negative results", negative_list(thread, links or {})),
        ("Decision log", _decisions(thread, evidence_of)),
        ("Current baseline", "\n".join(baseline_lines(thread))),
        ("Scope and its changes", _scope(thread)),
        ("Links", "\n".join(link_lines(thread, links or {}))),
        ("For non-specialists", _takeaways(thread)),
        ("Conclusion", conclusion(thread)),
        ("Changes made here by hand", edit_notices(thread)),
    ]
    sections = [(name, text) for name, text in sections if text]
    return sections


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


def _hypothesis(thread: Thread, evidence_of: EvidenceOf | None) -> str:
    goal = str(thread.about.get("goal") or "")
    lines = [f"**Goal:** {prose_line(goal)}"] if goal else []
    queue = hypothesis_lines(thread, evidence_of)
    return "\n\n".join([*lines, *(["\n".join(queue)] if queue else [])])


def _learned(thread: Thread) -> str:
    """The newest interpretations; a sweep's stand for its cells."""
    notes = facts.notes_in(thread, "interpretation")
    shown = [interpretation_line(note, thread) for note in notes[:LEARNED_SHOWN]]
    left = len(notes) - len(shown)
    more = [f"- … and {left} more in the research logbook."] if left > 0 else []
    return "\n".join([*(f"- {prose_line(line, 300)}" for line in shown), *more])


def tldr(thread: Thread, evidence_of: EvidenceOf | None = None) -> str:
    """State, best result against the baseline, strongest claim, what comes next."""
    lines = [f"- {_counts(thread)}"]
    if thread.finishes:
        lines.append(f"- **Conclusion:** {prose_line(_finish_text(thread, 'conclusion'), 400)}")
    best = best_of(thread, evidence_of)
    if best is not None:
        lines.append(f"- **State:** {data(best_line(best, thread, evidence_of))}")
        lines.append(f"- Command: {code(words.command(best.run))}")
    standing = [
        c for c in thread.claims if c.stands and facts.label_of(c, evidence_of) != "no evidence"
    ]
    if standing:
        strongest = max(standing, key=lambda c: (rank(facts.label_of(c, evidence_of)), c.uid))
        lines.append(f"- Strongest claim: {words.claim_line(strongest, thread, evidence_of, 300)}")
    if step := next_action(thread):
        lines.append(f"- **Next:** {prose_line(step, 300)}")
    return "\n".join(lines)


def _counts(thread: Thread) -> str:
    states = facts.states_counted(thread)
    if not states:
        return "No experiment yet."
    n, runs = sum(states.values()), facts.runs_counted(thread)
    parts = ", ".join(
        f"{count} {state}" for state, count in sorted(states.items(), key=lambda p: (-p[1], p[0]))
    )
    return (
        f"{n} {plural(n, 'experiment')} ({parts}) in {runs} {plural(runs, 'run')}; "
        f"last record {minute(thread.last_at)} UTC."
    )


def _scope(thread: Thread) -> str:
    lines = scope_lines(thread)
    lines = [line for line in lines if not line.startswith("- **Goal:**")]
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
        at = thread.shown(str(said.get("experiment", "")), said.get("refs"))
        files = prose_line(", ".join(said["changed"]))
        lines.append(f"- {minute(said['at'])}: ruler changed at {at}: {files}")
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
    thread: Thread, evidence_of: EvidenceOf | None = None, shown: int = RESULTS_SHOWN
) -> str:
    """The main table: best first, medians with n and spread, difference to the baseline, evidence
    label."""
    primary = facts.primary_metrics(thread)
    best, silent = facts.with_numbers(thread)
    without = ""
    if silent:
        more = ", …" if len(silent) > 10 else ""
        without = f"Without any metric: {', '.join(silent[:10])}{more}."
    if not best:
        return without
    # One row an experiment, best first; a number that nobody measured is a dash.
    labels = labels_by_experiment(thread, evidence_of, best[:shown])
    headers = [
        "experiment",
        "what",
        "n",
        *(cell_code(m) for m in primary),
        "vs baseline",
        "differs in",
        "evidence",
    ]
    rows = []
    for e in best[:shown]:
        n = max((facts.sample_of(e.runs, m).n for m in primary), default=0) or len(e.evidence_runs)
        numbers = [number_text(thread, e, m) for m in primary]
        relation = words.relation(thread, e, primary[0]) if primary else ""
        unclaimed = "exploratory" if n else "–"
        rows.append(
            [
                e.id,
                data(e.title),
                str(n),
                *numbers,
                relation or "–",
                words.differs_in(thread, e) or "–",
                labels.get(e.id, unclaimed),
            ]
        )
    # Without a baseline nothing differs from it, and the column would be empty.
    if thread.baseline is None:
        headers.remove("differs in")
        rows = [[c for i, c in enumerate(r) if i != len(r) - 2] for r in rows]
    text = table(headers, rows, right=range(2, 4 + len(primary)))
    more = f"\n\n… and {len(best) - shown} more: `leadline status`" if len(best) > shown else ""
    notes = []
    if primary:
        notes.append(f"Medians over n runs, ± standard deviation; best {code(primary[0])} first.")
    if others := len([m for m in facts.measured(thread) if m not in primary]):
        notes.append(f"{others} more {plural(others, 'metric')} measured: `leadline metric`.")
    return f"{text}{more}\n\n{words.joined([*notes, without])}"


def number_text(thread: Thread, experiment: Experiment, metric: str) -> str:
    sample = facts.sample_of(experiment.runs, metric)
    if not sample.n:
        return data(words.median_text(experiment.runs, metric, ""))
    spread = f" ± {words.spread_text(sample.sd)}" if sample.sd is not None else ""
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
    lines = []
    for claim in thread.claims:
        lines.append(f"- {words.claim_line(claim, thread, evidence_of)}")
        if claim.stands and evidence_of is not None and (missing := evidence_of(claim).missing):
            lines.append(f"  - for the next label: {prose_line('; '.join(missing), 300)}")
        elif claim.retracted:
            lines.append(f"  - retracted: {prose_line(claim.retracted)}")
    if lines and evidence_of is not None:
        lines += ["", *_in_full(thread, evidence_of)]
    return "\n".join(lines)


def _in_full(thread: Thread, evidence_of: EvidenceOf) -> list[str]:
    """A fold with all there is to say of each standing claim: what did not count, and why."""
    said = [f"- **{c.id}** {data(evidence_of(c).sentence.full)}" for c in thread.claims if c.stands]
    return ["<details>", "<summary>In full</summary>", "", *said, "", "</details>"] if said else []


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
                prose_line(facts.says(d, thread)) + words.aside(gone),
                evidence or "none given",
                data(d.body.get("owner") or d.actor),
            ]
        )
    text = table(("id", "date", "decision", "evidence", "owner"), rows)
    left = len(decisions) - DECISIONS_SHOWN
    return text + (f"\n\n… and {left} earlier ones in the research logbook." if left > 0 else "")


def negative_list(thread: Thread, links: Links) -> str:
    found = dead_ends_of(thread)
    where = logbook_sections(thread, links)
    lines = [
        f"- {linked(name, where)} ({at[:10]}): {prose_line(why, 240)}"
        for name, at, why in (facts.negative(thing, thread) for thing in found[:NEGATIVES_SHOWN])
    ]
    lines += words.more_of(len(found), NEGATIVES_SHOWN, "negative results", "leadline tried")
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

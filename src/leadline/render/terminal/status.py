"""The state of a thread for a person at the terminal."""

from __future__ import annotations

from leadline.core.evidence.found import RULES
from leadline.core.plain import as_rows, one_line
from leadline.core.record.thread import Thread
from leadline.core.typed import Any
from leadline.core.view import facts
from leadline.core.view.facts import EvidenceOf
from leadline.core.view.judged import judged_state
from leadline.core.view.relabelled import relabelled
from leadline.core.view.waiting import waiting_line
from leadline.render import words
from leadline.render.table import left_line, table

CLAIM_CHARS = 260  # a short sentence, and some of the author's words


def render_status(
    thread: Thread, evidence_of: EvidenceOf | None = None, due: Any = None, shown: int = 20
) -> str:
    """State of the thread, experiments best first, claims, hypotheses, what is open and what is
    due."""
    parts = [words.thread_name(thread) + (" [finished]" if thread.finished else "")]
    # Experiments, best first; those without evidence behind them.
    primary = facts.primary_metrics(thread)
    ordered = facts.ranked_first(thread)
    rows = [
        [
            e.id,
            facts.state_of(e),
            max([facts.sample_of(runs, m).n for m in primary], default=len(e.evidence_runs)),
            *(words.median_text(runs, m, facts.definition(thread, m).unit) for m in primary),
            words.relation(thread, e, primary[0]) or "–" if primary else "–",
            e.title,
        ]
        for e in ordered[:shown]
        for runs in (facts.described(e.runs),)
    ]
    if rows:
        text = table(
            ["id", "state", "n", *map(one_line, primary), "vs baseline", "what"],
            rows,
            right=range(2, 4 + len(primary)),
        )
        left = len(ordered) - shown
        more = f"\n… and {left} more: leadline status --runs --limit {left + shown}"
        parts.append(text + (more if left > 0 else ""))
    else:
        parts.append("No experiment yet: leadline run -- COMMAND")
    parts += [one_line(f"measured: {line}") for line in words.ruler_lines(thread)]
    if cost := words.cost_of(thread):
        parts.append(f"all runs: {cost}")
    claims = [[c.id, facts.claim_text(c, thread, evidence_of)] for c in thread.claims[-shown:]]
    if claims:
        text = table(["claim", "what the runs say"], claims, cell_chars=CLAIM_CHARS)
        parts.append(
            text + left_line(thread.claims, shown, "earlier ones", "leadline claims --json")
        )
    if moved := [one.text for one in relabelled(thread, evidence_of)]:
        rest = [f"… and {len(moved) - shown} more: leadline claims"] if len(moved) > shown else []
        told = f"labelled otherwise by rules {RULES}, until an update tells it:"
        parts.append(as_rows([told, *moved[:shown], *rest]))
    hypotheses = facts.standing(thread, "hypothesis")
    queue = [
        [
            h.id,
            judged_state(h, thread, evidence_of),
            facts.expected_text(h, thread, evidence_of),
        ]
        for h in hypotheses[:shown]
    ]
    if queue:
        text = table(["hypothesis", "state", "text"], queue, cell_chars=CLAIM_CHARS)
        every = "leadline hypothesis list --json"
        parts.append(text + left_line(hypotheses, shown, "more", every))
    owed = f"due: {due['form']}, {due['why']}" if due and due["due"] else ""
    return words.joined([*parts, one_line(waiting_line(thread)), owed], "\n\n")

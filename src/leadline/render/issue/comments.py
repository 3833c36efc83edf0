"""Comments on the experiment issue: updates, heartbeats and the final summary, all from records.

``links``: as in ``render/issue/body.py``, which makes what they share with the body.
"""

from __future__ import annotations

import re
from itertools import groupby

from leadline.core.issue.due import last_update
from leadline.core.record.run import Run
from leadline.core.record.thread import Experiment, Thread, is_a
from leadline.core.timestamps import counted, minute, span
from leadline.core.typed import TYPE_CHECKING
from leadline.core.view import facts
from leadline.core.view.facts import EvidenceOf
from leadline.core.view.news import News, news_behind
from leadline.core.view.relabelled import relabelled
from leadline.core.view.step import next_action as recorded_next
from leadline.render import words
from leadline.render.issue.body import (
    LINK_NAMES,
    MARKER,
    Links,
    claim_list,
    conclusion,
    labels_by_experiment,
    link_lines,
    linked,
    logbook_sections,
    negative_list,
    number_text,
    results,
)
from leadline.render.markdown import cell_code, code, data, prose, prose_line, table
from leadline.render.page import note_line, result_line, result_text, told_line

if TYPE_CHECKING:
    from leadline.core.issue.due import Due

LISTED, ROWS_LISTED = 8, 10  # an update is read in one go; the rest is a verb away
HEADING_CHARS = 140
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[^a-z\s])")


def render_update(
    thread: Thread,
    evidence_of: EvidenceOf | None = None,
    links: Links | None = None,
    label: str = "",
    marker: str = MARKER,
    change: str = "",
    confidence: str = "",
    next_action: str = "",
) -> str:
    """The comment since the last update: the finding as its heading, the author's words, one table of
    what changed, the caveat, what else happened, what comes next, where it is.

    ``change``, ``confidence`` and ``next_action`` are the author's words (citations filled in):
    without ``label`` the first sentence of ``change`` is the heading, and ``next_action`` replaces
    the recorded one."""
    last, links = last_update(thread), links or {}
    news = news_behind(thread, last.uid if last else "")
    label, change = label or "", change.strip()
    if not label:
        label, change = _headed(change)
    heading = prose_line(label) or data(_title(thread, news))
    step = next_action or recorded_next(thread)
    since = f"Since {last.id}" if last else "Since the start"
    parts = [
        f"### {heading}",
        prose(change),
        _table(thread, news, evidence_of, links),
        _caveat(thread, news, evidence_of, confidence),
        "\n".join(_also(thread, news, evidence_of)),
        prose_line(f"**Next:** {step}" if step else ""),
        words.joined(
            [f"{since}: {counted(news.records, 'record')}", *_where(thread, news, links)], " · "
        ),
        marker,
    ]
    return "\n\n".join(part for part in parts if part)


def _headed(change: str) -> tuple[str, str]:
    """The first sentence of the author's words and the rest of them; no sentence where they begin
    with a list, a table or the like, or where it is too long for a heading."""
    paragraph, gap, rest = change.partition("\n\n")
    sentence, *others = _SENTENCE_END.split(paragraph, maxsplit=1)
    if not sentence[:1].isalnum() or len(sentence) > HEADING_CHARS or "\n" in sentence:
        return "", change
    return sentence.rstrip("."), "".join([*others, gap, rest]).strip()


def _title(thread: Thread, news: News) -> str:
    """The heading of an update that nobody gave words: what the best result is, else what changed."""
    for result in news.results[:1]:
        return result_line(result, thread)
    for experiment in news.silent[:1]:
        return f"{experiment.id} {experiment.title}: {facts.outcome(experiment.runs[-1])}"
    return f"{news.told[0].verb} {news.told[0].name}" if news.told else "no new run"


def _table(thread: Thread, news: News, evidence_of: EvidenceOf | None, links: Links) -> str:
    """A row for each experiment, sweep and measurement in turns, the best first; a column for each
    primary metric that one of them has."""
    shown = news.results[:ROWS_LISTED]
    if not shown:
        return ""
    where = logbook_sections(thread, links)
    labels = labels_by_experiment(thread, evidence_of, [result.best for result in shown])
    metrics = [
        m
        for m in facts.primary_metrics(thread)
        if any(facts.sample_of(result.best.runs, m).n for result in shown)
    ]
    headers = ["result", "what", "n", *map(cell_code, metrics), "vs baseline", "evidence"]
    rows = []
    for result in shown:
        best = result.best
        relation = words.relation(thread, best, metrics[0]) if metrics else ""
        evidence = labels.get(best.id, "exploratory")
        if beyond := facts.beyond_limits(thread, best.runs):
            evidence = words.joined(["beyond", *beyond])
        n = max((facts.sample_of(best.runs, m).n for m in metrics), default=len(best.evidence_runs))
        numbers = [number_text(thread, best, m) for m in metrics]
        what = data(result_text(result, thread))
        name = linked(result.name, where)
        rows.append([name, what, str(n), *numbers, relation or "–", evidence])
    if all(row[-2] == "–" for row in rows):
        headers, rows = [*headers[:-2], headers[-1]], [[*row[:-2], row[-1]] for row in rows]
    text = table(headers, rows, range(2, len(headers) - 1))
    left = len(news.results) - len(shown)
    return text + (f"\n\n… and {left} more, all behind these: `leadline status`" if left else "")


def _caveat(thread: Thread, news: News, evidence_of: EvidenceOf | None, confidence: str) -> str:
    """What bounds the finding: the author's words, claims as the runs bear them, a busy machine."""
    runs = [run for result in news.results for e in result.experiments for run in e.evidence_runs]
    busy = sum(bool(run.hygiene.get("contended")) for run in runs)
    said = [prose_line(confidence)]
    if runs and not news.claims:
        said.append("Nothing is claimed on these runs: exploratory.")
    if busy:
        said.append(f"{busy} of {counted(len(runs), 'run')} on a busy machine.")
    lines = [f"- {data(one.text)}" for one in relabelled(thread, evidence_of)[:LISTED]]
    claims = [f"- {words.claim_line(c, thread, evidence_of)}" for c in news.claims]
    lines += words.capped(claims, LISTED, "claims", "leadline claims")
    text = words.joined(said)
    return words.joined([f"**Caveat:** {text}" if text else "", "\n".join(lines)], "\n\n")


def _also(thread: Thread, news: News, evidence_of: EvidenceOf | None) -> list[str]:
    """What else happened: what was said of the results, what came to nothing, what was decided, moved
    or taken back, and why."""
    notes = [f"- {prose_line(note_line(note, thread), 240)}" for note in news.notes]
    lines = words.capped(notes, LISTED, "notes", "leadline logbook")
    silent = [
        f"- {e.id} {data(e.title)}: {prose_line(facts.outcome(e.runs[-1]), 240)}"
        for e in news.silent
    ]
    lines += words.capped(silent, LISTED, "experiments", "leadline status --runs")
    for verb, told in groupby(news.told, key=lambda one: one.verb):
        said = [f"- {prose_line(told_line(one, thread, evidence_of), 300)}" for one in told]
        lines += words.capped(said, LISTED, f"of “{verb.rstrip(':')}”", "leadline logbook")
    return lines


def _where(thread: Thread, news: News, links: Links) -> list[str]:
    """Addresses, as far as there are any; else what to type."""
    newest_first = reversed(thread.of_kind("snapshot"))
    tag = next((code(s.body.get("tag", "")) for s in newest_first if s.stands), "")
    found = [
        f"{LINK_NAMES.get(name, name.capitalize())}: {url}" for name, url in links.items() if url
    ]
    if not links.get("logbook"):
        shown = next((e.id for e in news.silent), "")
        shown = news.results[0].name if news.results else shown
        read = f"show {shown}" if shown else f"logbook --thread {thread.topic}"
        found.append(f"Read it: `leadline {read}`")
    swept = [r.name for r in news.results if is_a(r.design, "sweep") and len(r.experiments) > 1]
    found += [f"Picture: `leadline plot {name}`" for name in swept[:1]]
    if tag and not links.get("tag"):
        found.append(f"tag {tag}")
    if not links.get("tracker") and (tracked := _tracked(news.ran)):
        found.append(f"Tracker: {tracked}")
    return found


def _tracked(ran: list[Experiment]) -> str:
    """Where the dense numbers of these experiments are, one run each: its page, or its name in the
    project."""
    last = [e.runs[-1] for e in ran[:LISTED] if e.runs and e.runs[-1].tracker.get("tracker")]
    return "; ".join(_run_page(run) for run in last)


def _run_page(run: Run) -> str:
    """The tracker run in words; an address stays one, since an escape in it would lead elsewhere."""
    text, url = words.tracker_text(run), str(run.tracker.get("url") or "")
    bare = re.fullmatch(
        r"https?://[\w-]+(?:\.[\w-]+)+[^\s<>|`]*", url
    ) is not None and text.endswith(url)
    return data(text.removesuffix(url)) + " " + url if bare else data(text)


def render_heartbeat(
    thread: Thread,
    due: Due,
    now_at: str,
    marker: str = MARKER,
    *,
    status: str = "",
    blockers: str = "",
    eta: str = "",
    since_at: str = "",
    times: int = 1,
) -> str:
    """Status, blockers, the milestones that no update has told, and what comes next, in a few lines.
    The words given replace what the record says.

    ``since_at`` and ``times``: the same status was said before, this often in all, and the comment
    grows in place."""
    running = facts.open_runs(thread)
    said = [f"{r.id} {facts.state(r)} since {minute(r.planned_at)}" for r in running[:5]]
    now = ", ".join(said) or "nothing is running"
    now += f" and {len(running) - 5} more" if len(running) > 5 else ""
    blocked = [
        f"{h.id} until {prose_line(str(h.body.get('resume_condition') or 'not said'))}"
        for h in thread.hypotheses
        if h.body.get("state") == "blocked" and h.stands
    ]
    blocked += [
        prose_line(facts.says(n, thread))
        for n in thread.of_kind("note")[-5:]
        if n.body.get("role") == "blocker"
    ]
    last, untold = last_update(thread), due["milestones"]
    told = f"no milestone since {last.id}" if last else "no milestone"
    if untold:
        more = f" and {len(untold) - 1} more" if len(untold) > 1 else ""
        told = f"an update is due: {untold[0]['what']}{more}"
    when = (
        f"{span(since_at, now_at)} UTC, said {times} times" if since_at else f"{minute(now_at)} UTC"
    )
    lines = [
        ("Blockers", prose_line(blockers) or "; ".join(blocked)),
        ("Next", prose_line(recorded_next(thread))),
        ("Next report", prose_line(eta)),
    ]
    head = f"**Heartbeat, {when}:** {prose_line(status) or data(now)}; {data(told)}."
    rest = "\n".join(f"- **{name}:** {text}" for name, text in lines if text)
    return words.joined([head, rest, marker], "\n\n")


def render_final(
    thread: Thread,
    evidence_of: EvidenceOf | None = None,
    links: Links | None = None,
    marker: str = MARKER,
) -> str:
    """The closing comment: conclusion, claims with labels, the table, the negative results, the
    links."""
    sections = (
        ("Conclusion", conclusion(thread)),
        ("Claims", claim_list(thread, evidence_of)),
        ("Results", results(thread, evidence_of)),
        ("Negative results", negative_list(thread, links or {})),
        ("Links", "\n".join(link_lines(thread, links or {}))),
    )
    return (
        f"## Final summary: {data(thread.title)}\n\n"
        + "\n\n".join(f"### {name}\n\n{text}" for name, text in sections if text)
        + f"\n\n{marker}"
    )

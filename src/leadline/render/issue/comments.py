"""Comments on the experiment issue: updates, heartbeats and the final summary, all from records.

``links``: as in ``render/issue/body.py``, which makes what they share with the body.
"""

from __future__ import annotations

import re

from leadline.core.issue.due import last_update, records_since
from leadline.core.record.kinds import TABLE
from leadline.core.record.run import Run
from leadline.core.record.thread import Experiment, Thread
from leadline.core.timestamps import minute, span
from leadline.core.view import facts
from leadline.core.view.facts import EvidenceOf
from leadline.core.view.relabelled import relabelled
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

LISTED, ROWS_LISTED = 15, 20  # an update is read in one go; the rest is a verb away


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
    """The comment since the last update: label; Change, Result delta, Confidence, Links, Next.

    ``change``, ``confidence`` and ``next_action`` are the author's words (citations filled in);
    they stand first in their section, and ``next_action`` replaces the recorded one."""
    last, links = last_update(thread), links or {}
    new = records_since(thread, last.uid if last else "")
    # The update tells of things as they stand now, so each record is counted for what it names.
    kinds: dict[str, list[str]] = {}
    for r in new:
        name = (
            r.body.get("run")
            or r.body.get("hypothesis")
            or r.body.get("target")
            or r.body.get("id")
            or ""
        )
        if r.kind == "thread-changed":
            name = r.body.get("field") or ""
        shown = thread.uids.get((r.kind, r.id)) or thread.shown(str(name), r.body.get("refs"))
        kinds.setdefault(r.kind, []).append(
            shown.partition("-r")[0] if r.kind == "run-ended" else shown
        )
    ran = [
        thread.experiments[i]
        for i in dict.fromkeys(kinds.get("run-ended", []))
        if i in thread.experiments
    ]
    new_claims, ran_ids = set(kinds.get("claim", [])), {e.id for e in ran}
    # A claim belongs here when it is new, or when what ran bears on it.
    claims = [
        c
        for c in thread.claims
        if c.stands
        and (c.id in new_claims or not ran_ids.isdisjoint(facts.experiments_named(c, thread)))
    ]
    # The words around: which stretch of the thread this is.
    title = label or _title(ran)
    since = (
        f"since {last.id} of {minute(last.at)} UTC"
        if last
        else f"since the start on {minute(thread.started_at)} UTC"
    )
    parts = [
        f"### {data(title)}\n\n{len(new)} records {since}.",
        "**Change**\n\n" + _first(change) + _changes(thread, ran, kinds, evidence_of),
        "**Result delta**\n\n" + _delta(thread, ran, evidence_of),
        "**Confidence**\n\n"
        + _first(confidence)
        + "".join(f"- {data(one.text)}\n" for one in relabelled(thread, evidence_of)[:LISTED])
        + (
            "\n".join(
                words.capped(
                    [f"- {words.claim_line(c, thread, evidence_of)}" for c in claims],
                    LISTED,
                    "claims",
                    "leadline claims",
                )
            )
            or "- Nothing is claimed on these runs: exploratory."
        ),
        "**Links**\n\n" + _update_links(thread, ran, links),
        f"**Next:** {prose_line(next_action or facts.next_action(thread)) or 'not decided yet'}",
        marker,
    ]
    return "\n\n".join(parts)


def _title(ran: list[Experiment]) -> str:
    """What an update is called that nobody gave a name: after the experiments that ran."""
    if not ran:
        return "no new run"
    if len(ran) == 1:
        return f"{ran[0].id} {ran[0].title}"
    return f"{ran[0].id} to {ran[-1].id}"


def _first(text: str) -> str:
    return f"{prose(text)}\n\n" if text.strip() else ""


def _changes(
    thread: Thread,
    ran: list[Experiment],
    kinds: dict[str, list[str]],
    evidence_of: EvidenceOf | None,
) -> str:
    lines = []
    for e in ran[:10]:
        differs = words.differs_in(thread, e)
        command = code(words.command(e.runs[-1])) if e.runs else ""
        differs = words.aside(differs and f"differs from the baseline in {differs}")
        lines.append(f"- {e.id} {data(e.title)}{differs}: {command}")
    if len(ran) > 10:
        lines.append(f"- … and {len(ran) - 10} more experiments")
    for kind, verb in ((k.name, k.told) for k in TABLE if k.told):
        told = []
        for name in dict.fromkeys(n for n in kinds.get(kind, []) if n):
            item = thread.items.get(name)
            said = ""
            if item is not None and kind == "baseline":
                said = f" is {thread.shown(str(item.body.get('experiment', '')), item.refs)}"
            elif item is not None and kind == "hypothesis-changed":
                said = f" is {data(item.body.get('state', ''))}: {prose_line(facts.says(item, thread), 200)}"
            elif item is not None:
                rests = "; ".join(facts.rests_on(item, thread, evidence_of))
                rests = words.aside(rests and f"rests on {data(rests)}")
                said = f": {prose_line(facts.says(item, thread), 200)}{rests}"
            told.append(f"- {verb} {name}{said}")
        lines += words.capped(told, LISTED, f"of “{verb.rstrip(':')}”", "leadline logbook")
    return "\n".join(lines) or "- Nothing but notes."


def _delta(thread: Thread, ran: list[Experiment], evidence_of: EvidenceOf | None) -> str:
    primary, labels, rows, bad = (
        facts.primary_metrics(thread),
        labels_by_experiment(thread, evidence_of, ran),
        list[list[str]](),
        list[str](),
    )
    for e in ran:
        if not e.evidence_runs or not e.stands:
            ended = [r for r in e.runs if r.ended_at]
            came_of_it = facts.outcome(ended[-1]) if ended else e.state
            gone = words.aside("retracted" if e.retracted else "")
            bad.append(f"- {e.id} {data(e.title)}: {prose_line(came_of_it, 240)}{gone}")
            continue
        rows += [
            [
                e.id,
                cell_code(m),
                str(facts.sample_of(e.runs, m).n),
                number_text(thread, e, m),
                words.relation(thread, e, m) or "–",
                labels.get(e.id, "exploratory"),
            ]
            for m in primary
            if facts.sample_of(e.runs, m).n
        ]
    parts = (
        [
            table(
                ("experiment", "metric", "n", "median", "vs baseline", "evidence"),
                rows[:ROWS_LISTED],
                (2, 3, 4),
            )
        ]
        if rows
        else []
    )
    if len(rows) > ROWS_LISTED:
        parts.append(f"… and {len(rows) - ROWS_LISTED} more rows: `leadline status`")
    base = thread.baseline_experiment
    if rows and base is not None and primary:
        shown = "; ".join(
            f"{code(m)} {prose_line(words.metric_text(s, facts.definition(thread, m).unit))}"
            for m in primary
            if (s := facts.sample_of(base.runs, m)).n
        )
        registered = thread.baseline.id if thread.baseline else ""
        parts.append(f"Baseline {registered} ({base.id}): {shown}.")
    parts.append("\n".join(words.capped(bad, LISTED, "experiments", "leadline tried")))
    return words.joined(parts, "\n\n") or "- No run ended."


def _update_links(thread: Thread, ran: list[Experiment], links: Links) -> str:
    where = logbook_sections(thread, links)
    tags = thread.of_kind("snapshot")
    tag = links.get("tag") or (code(tags[-1].body.get("tag", "")) if tags else "none yet")
    sections = ", ".join(linked(e.id, where) for e in ran[:8]) or links.get("logbook", "")
    lines = [f"- Tag: {tag}", f"- Logbook section: {sections or 'none'}"]
    lines += [
        f"- {LINK_NAMES.get(n, n.capitalize())}: {u}"
        for n, u in links.items()
        if n not in ("tag", "logbook") and u
    ]
    if not links.get("tracker"):
        lines.append(f"- Tracker: {_tracked(thread, ran)}")
    return "\n".join(lines)


def _tracked(thread: Thread, ran: list[Experiment]) -> str:
    """Where the dense numbers of these experiments are, one run each: its page, or its name in the
    project."""
    last = [e.runs[-1] for e in ran[:8] if e.runs and e.runs[-1].tracker.get("tracker")]
    if last:
        return "; ".join(_run_page(run) for run in last)
    chosen = thread.tracker
    return (
        data(f"{chosen.get('tracker', '')}, project {chosen.get('project', '')}")
        if chosen
        else "none"
    )


def _run_page(run: Run) -> str:
    """The tracker run in words; an address stays one, since an escape in it would lead elsewhere."""
    text, url = words.tracker_text(run), str(run.tracker.get("url") or "")
    bare = re.fullmatch(
        r"https?://[\w-]+(?:\.[\w-]+)+[^\s<>|`]*", url
    ) is not None and text.endswith(url)
    return data(text.removesuffix(url)) + " " + url if bare else data(text)


def render_heartbeat(
    thread: Thread,
    now_at: str,
    marker: str = MARKER,
    *,
    status: str = "",
    blockers: str = "",
    eta: str = "",
    since_at: str = "",
    times: int = 1,
    after: str = "",
) -> str:
    """Status, blockers and what comes next, in a few lines. The words given replace what the record
    says.

    ``since_at`` and ``times``: the same status was said before, this often in all, and the comment
    grows in place. ``after``: id of the update or heartbeat that stands before this one on the
    issue."""
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
    since = f" since {after}" if after else ""
    when = (
        f"{span(since_at, now_at)} UTC, said {times} times" if since_at else f"{minute(now_at)} UTC"
    )
    next_report = f"- **Next report:** {prose_line(eta)}\n" if eta else ""
    return (
        f"**Heartbeat, {when}:** {prose_line(status) or data(now)}; no milestone{since}.\n\n"
        f"- **Blockers:** {prose_line(blockers) or '; '.join(blocked) or 'none recorded'}\n"
        f"- **Next:** {prose_line(facts.next_action(thread)) or 'not decided yet'}\n"
        f"{next_report}\n{marker}"
    )


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

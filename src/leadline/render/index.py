"""The front page of the record branch (W42): every thread, by category, with its state, label and links.

Derived from the threads alone (no clock, no machine), so that two machines with the same records make the same page and
a sync ends in peace.
"""

from __future__ import annotations

from typing import Any

from leadline.core.thread import Thread
from leadline.render.facts import EvidenceOf, listed
from leadline.render.markdown import code, cut, data

NO_CATEGORY = "Uncategorised"
LABELS = ("stable", "replicated", "exploratory")
BADGES = {"running": "🏃 running", "open": "🟢 open", "finished": "🏁 finished"}


def category_of(thread: Thread) -> str:
    return next(iter(listed(thread.about.get("category"))), "") or NO_CATEGORY


def state_of(thread: Thread) -> str:
    if thread.finished:
        return "finished"
    return "running" if any(e.state == "running" for e in thread.experiments.values()) else "open"


def best_label(thread: Thread, evidence_of: EvidenceOf) -> str:
    """The highest label a standing claim of the thread bears, or ""."""
    labels = {evidence_of(c).label for c in thread.claims if c.stands}
    return next((label for label in LABELS if label in labels), "")


def render_index(threads: list[tuple[Thread, EvidenceOf]]) -> str:
    """``threads`` in any order."""
    groups: dict[str, list[tuple[Thread, EvidenceOf]]] = {}
    for pair in sorted(threads, key=lambda p: p[0].topic):
        groups.setdefault(category_of(pair[0]), []).append(pair)
    names = sorted((g for g in groups if g != NO_CATEGORY), key=str.casefold) + [NO_CATEGORY] * (NO_CATEGORY in groups)
    experiments = sum(len(t.experiments) for t, _ in threads)
    parts = [
        "# Research threads",
        f"{_count(len(threads), 'thread')}, {_count(experiments, 'experiment')}. Made from the record by Leadline; "
        "edits to this page are replaced.",
    ]
    for name in names:
        parts.append(f"## {data(name)}")
        if name == NO_CATEGORY:
            parts.append("No category was given at the start of these: `leadline correct TOPIC category='…'`.")
        parts += [_thread(t, of) for t, of in groups[name]]
    return "\n\n".join(parts) + "\n"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


def _thread(thread: Thread, evidence_of: EvidenceOf) -> str:
    runs = list(thread.runs)
    label = best_label(thread, evidence_of)
    badges = [
        BADGES[state_of(thread)],
        *([f"🔖 {label}"] if label else []),
        _count(len(thread.experiments), "experiment"),
        _count(len(runs), "run"),
    ]
    failed = sum(r.state in ("failed", "timeout", "lost", "cancelled") for r in runs)
    if failed:
        badges.append(f"{failed} ended badly")
    lines = [f"### [{data(thread.title or thread.topic)}]({thread.topic}/logbook.md)", "", " · ".join(badges)]
    goal = " ".join(listed(thread.about.get("goal")))
    if goal:
        lines += ["", data(cut(goal, 300))]
    if thread.finishes:
        lines += ["", f"**Conclusion:** {data(cut(str(thread.finishes[-1].get('conclusion', '')), 300))}"]
    lines += [
        "",
        "Links: " + " · ".join(_links(thread)),
        "",
        f"Last record {data(thread.last_at[:10])}, ids `{thread.prefix}-…`",
    ]
    return "\n".join(lines)


def _links(thread: Thread) -> list[str]:
    issue: Any = thread.issue
    links = [f"[logbook]({thread.topic}/logbook.md)", f"[issue]({thread.topic}/issue.md)"]
    if str(issue.url).startswith(("https://", "http://")):
        links[1] = f"[issue {data(issue.number)}]({issue.url})"
    for snapshot in thread.of_kind("snapshot"):
        folder = f"{thread.topic}/snapshots/{snapshot_folder(snapshot.body)}"
        links.append(f"[{data(snapshot.id)}]({folder}/bundle.md)")
    if thread.about.get("branch"):
        links.append(f"branch {code(thread.about['branch'])}")
    return links


def snapshot_folder(body: dict[str, Any]) -> str:
    """The folder of a snapshot on the record branch: its name, or its id."""
    return str(body.get("name") or body.get("id") or "unnamed")

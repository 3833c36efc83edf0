"""The front page of the record branch: every thread, by category, with its state, label, outcome and
links.

Derived from the threads alone (no clock, no machine), so that two machines with the same records
make the same page and a sync ends in peace.
"""

from __future__ import annotations

from leadline.core.evidence.known import labels_of_claims
from leadline.core.record.ranks import rank
from leadline.core.record.thread import Thread
from leadline.core.text.citation import render as cited
from leadline.core.timestamps import counted
from leadline.core.typed import TYPE_CHECKING
from leadline.core.values import dataclass
from leadline.core.view import facts
from leadline.core.view.facts import EvidenceOf, listed
from leadline.render import words
from leadline.render.branch.badge import badge_path
from leadline.render.markdown import Anchors, code, cut, data, prose_line, table
from leadline.render.table import table as text_table

if TYPE_CHECKING:
    from leadline.core.record.bodies import SnapshotBody

NO_CATEGORY = "Uncategorised"
STATES = ("running", "open", "finished")
HEADLINE_CHARS = 240


@dataclass(slots=True)
class Entry:
    """One thread on the index. ``category`` "" where none was given, ``because`` then why, if
    somebody said so; ``label``: of the strongest claim; ``updated_at``: of the last posted update,
    else of the last record."""

    topic: str
    title: str
    prefix: str
    category: str
    because: str
    state: str
    label: str
    headline: str
    updated_at: str
    posted: bool
    experiments: int
    runs: int
    issue: str
    issue_url: str
    snapshots: list[tuple[str, str]]
    branch: str

    def as_dict(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self.__annotations__}

    @property
    def left_out(self) -> bool:
        """Whether nobody said where it belongs, nor why nowhere."""
        return not self.category and not self.because


def state_of(thread: Thread) -> str:
    if thread.finished:
        return "finished"
    open_now = facts.experiments_open(thread)
    return "running" if any(e.state == "running" for e in open_now) else "open"


def strongest(thread: Thread) -> tuple[str, str]:
    """The highest label that a standing claim of the thread bears and the id of the newest that bears
    it; empty where runs earned none."""
    label, newest = "", ""
    for shown, found in labels_of_claims(thread):
        if rank(found.label) and rank(found.label) >= rank(label):
            label, newest = found.label, shown
    return label, newest


def headline(thread: Thread, evidence_of: EvidenceOf) -> str:
    """What came out so far, in one line of plain text: what the strongest claim's label stands for,
    and the conclusion; else the best result, else what is asked."""
    conclusion = ""
    if thread.finishes:
        finish = thread.finishes[-1]
        conclusion = cited(str(finish.get("conclusion") or ""), thread, finish.get("refs"))
    if named := strongest(thread)[1]:
        claim = thread.items[named]
        if not conclusion:
            return facts.claim_text(claim, thread, evidence_of)
        return f"{facts.sentence_of(claim, evidence_of)}. Conclusion: “{conclusion}”"
    if conclusion:
        return conclusion
    best, primary = facts.leading(thread).best, facts.primary_metrics(thread)
    if best and primary and (sample := facts.sample_of(best.runs, primary[0])).n:
        value = words.metric_text(sample, facts.definition(thread, primary[0]).unit)
        return f"best {primary[0]} so far: {value} ({best.id})"
    return " ".join(listed(thread.about.get("goal"))) or "no goal given"


def entry_of(thread: Thread, evidence_of: EvidenceOf) -> Entry:
    updates = [u for u in thread.of_kind("update") if u.stands]
    issue = str(thread.issue.number) if thread.issue.state != "none" else ""
    url = str(thread.issue.url)
    return Entry(
        topic=thread.topic,
        title=thread.title or thread.topic,
        prefix=thread.prefix,
        category=" ".join(next(iter(listed(thread.about.get("category"))), "").split()),
        because=" ".join(" ".join(listed(thread.about.get("uncategorised"))).split()),
        state=state_of(thread),
        label=strongest(thread)[0],
        headline=" ".join(headline(thread, evidence_of).split()),
        updated_at=[thread.last_at, *(u.at for u in updates)][-1],
        posted=bool(updates),
        experiments=len(thread.experiments),
        runs=facts.runs_counted(thread),
        issue=issue,
        issue_url=url if url.startswith(("https://", "http://")) else "",
        snapshots=[(s.id, snapshot_folder(s.body)) for s in thread.of_kind("snapshot") if s.stands],
        branch=str(thread.about.get("branch") or ""),
    )


def grouped(entries: list[Entry]) -> list[tuple[str, list[Entry]]]:
    """Categories by name, those without one last; within each what runs first, and the newest
    first."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        same = next(
            (g for g in groups if g.casefold() == entry.category.casefold()), entry.category
        )
        groups.setdefault(same, []).append(entry)
    for members in groups.values():
        members.sort(key=lambda e: e.topic)
        members.sort(key=lambda e: e.updated_at, reverse=True)
        members.sort(key=lambda e: STATES.index(e.state))
    return sorted(groups.items(), key=lambda g: (not g[0], g[0].casefold(), g[0]))


def render_index(threads: list[Entry]) -> str:
    """The page, in Markdown; ``threads`` in any order."""
    entries = sorted(threads, key=lambda e: e.topic)
    groups = grouped(entries)
    parts = ["# Research threads", _summary(entries)]
    if len(groups) > 3:
        anchors = Anchors()
        anchors.of("Research threads")
        names = [(g or NO_CATEGORY, len(members)) for g, members in groups]
        parts.append(
            " · ".join(f"[{data(name)}](#{anchors.of(data(name))}) ({n})" for name, n in names)
        )
    for name, members in groups:
        parts.append(f"## {data(name or NO_CATEGORY)}")
        if any(e.left_out for e in members):
            parts.append(
                "Where one belongs: `leadline correct TOPIC category='…'`, or why nowhere: "
                "`leadline correct TOPIC uncategorised='…'`."
            )
        parts.append(
            table(
                ("thread", "state", "what came out", "last update", "links"),
                [_row(e) for e in members],
            )
        )
    return "\n\n".join(parts) + "\n"


def _summary(entries: list[Entry]) -> str:
    states = [f"{n} {state}" for state in STATES if (n := sum(e.state == state for e in entries))]
    left = sum(e.left_out for e in entries)
    told = f"{counted(len(entries), 'thread')} ({', '.join(states)})" if states else "No thread yet"
    return (
        f"{told}, {counted(sum(e.experiments for e in entries), 'experiment')}"
        + (f"; {left} without a category or a reason" if left else "")
        + ". Made from the record by Leadline; edits to this page are replaced."
    )


def _row(entry: Entry) -> list[str]:
    badges = [f"![{name}]({badge_path(name)})" for name in (entry.state, entry.label) if name]
    counts = f"{counted(entry.experiments, 'experiment')}, {counted(entry.runs, 'run')}"
    # a link, no picture from elsewhere
    outcome = prose_line(entry.headline, HEADLINE_CHARS).replace("![", "\\![")
    if entry.because and not entry.category:
        outcome += f"<br>_Listed under no category: {data(cut(entry.because, HEADLINE_CHARS))}_"
    return [
        f"[**{data(entry.title)}**]({entry.topic}/logbook.md)<br>`{entry.prefix}-…` {counts}",
        " ".join(badges),
        outcome,
        data(entry.updated_at[:10]).replace("-", "\u2011")
        + ("" if entry.posted else "<br>(none posted)"),  # one line
        " · ".join(_links(entry)),
    ]


def _links(entry: Entry) -> list[str]:
    links = [f"[logbook]({entry.topic}/logbook.md)"]
    if entry.issue_url:
        links.append(
            f"[issue {data(entry.issue)}]({entry.issue_url.replace('|', '%7C').replace(')', '%29')})"
        )
    else:
        links.append(f"[issue]({entry.topic}/issue.md)")
    for shown, folder in entry.snapshots[-3:]:
        links.append(f"[{data(shown)}]({entry.topic}/snapshots/{folder}/bundle.md)")
    if entry.branch:
        links.append("branch " + code(entry.branch).replace("|", "\\|"))
    return links


def render_index_text(entries: list[Entry]) -> str:
    """For a terminal: one line a thread, categories as headings."""
    parts = [_summary(entries).partition(". Made")[0] + "."]
    for name, members in grouped(entries):
        rows = [
            [
                e.topic,
                e.prefix,
                e.state,
                e.label or "–",
                e.updated_at[:10],
                e.issue or "–",
                cut(e.headline, HEADLINE_CHARS),
            ]
            for e in members
        ]
        head = ("thread", "prefix", "state", "label", "updated", "issue", "what came out")
        parts.append(f"{name or NO_CATEGORY}\n{text_table(head, rows, cell_chars=HEADLINE_CHARS)}")
        parts += [
            f"{e.topic} has no category: {e.because}"
            for e in members
            if e.because and not e.category
        ]
    return "\n\n".join(parts)


def snapshot_folder(body: SnapshotBody) -> str:
    """The folder of a snapshot on the record branch: its name, or its id."""
    return str(body.get("name") or body.get("id") or "unnamed")

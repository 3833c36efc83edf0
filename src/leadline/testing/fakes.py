"""Ports in memory, for tests of services and of whatever is built on them: held to the same contract suites as those
that talk to disks and servers, so that a test on them proves what it says."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterable, Mapping

from leadline.core.errors import not_found, remote, usage
from leadline.core.issue.remote import Comment, RemoteIssue
from leadline.core.timestamps import rfc3339
from leadline.core.tracker.reading import Reading, RunFacts, TrackerRun
from leadline.core.typed import TYPE_CHECKING
from leadline.ports.forge import ForgeCheck
from leadline.ports.tracker import Push
from leadline.ports.tracker_kind import TrackerKind

if TYPE_CHECKING:
    from leadline.core.tracker.rows import Reach


class MemoryForge:
    """A forge outside whose issues are in ``issues``, by number; views of one forge share them. ``away``: no call
    gets an answer, as without a network."""

    name = "memory"
    outside = True
    body_limit_chars = comment_limit_chars = 0
    repository, web_url = "memory/forge", "https://forge.invalid/memory/forge"

    def __init__(self, issues: dict[str, RemoteIssue] | None = None) -> None:
        self.issues = {} if issues is None else issues
        self.warnings: list[str] = []
        self.away = False
        self._lock = _LOCK

    def open_issue(
        self,
        title: str,
        body: str,
        labels: list[str],
        marker: str,
        *,
        milestone: str = "",
        assignees: list[str] | None = None,
    ) -> RemoteIssue:
        self._must_answer()
        with self._lock:
            known = [issue for issue in self.issues.values() if issue.marker == marker]
            if not known:
                number = str(len(self.issues) + 1)
                url = f"{self.web_url}/issues/{number}"
                made = RemoteIssue(number, url, title, body, "open", list(labels), marker=marker)
                made.milestone, made.assignees = milestone, list(assignees or [])
                self.issues[number] = made
                known = [made]
            return copy.deepcopy(known[0])

    def issue(self, number: str) -> RemoteIssue:
        with self._lock:
            return copy.deepcopy(self._held(number))

    def edit_issue(
        self,
        number: str,
        *,
        title: str | None = None,
        body: str | None = None,
        labels: list[str] | None = None,
        milestone: str | None = None,
        assignees: list[str] | None = None,
        marker: str | None = None,
    ) -> RemoteIssue:
        changes = {"title": title, "body": body, "labels": labels, "milestone": milestone}
        with self._lock:
            held = self._held(number)
            for name, value in {**changes, "assignees": assignees, "marker": marker}.items():
                if value is not None:
                    setattr(held, name, value)
            return copy.deepcopy(held)

    def comment(self, number: str, text: str, marker: str, kind: str = "update") -> Comment:
        with self._lock:
            comments = self._held(number).comments
            known = next((c for c in comments if c.marker == marker), None)
            if known is None:
                at = rfc3339(1_700_000_000_000 + 1000 * len(comments))
                known = Comment(str(len(comments) + 1), marker, text, at)
                comments.append(known)
            return copy.deepcopy(known)

    def edit_comment(self, number: str, comment: str, text: str, why: str) -> Comment:
        with self._lock:
            found = next((c for c in self._held(number).comments if c.id == comment), None)
            if found is None:
                raise not_found("no-comment", f"there is no comment {comment}", do="leadline issue")
            found.text = text
            return copy.deepcopy(found)

    def close_issue(self, number: str, reason: str) -> RemoteIssue:
        if reason not in ("completed", "not_planned"):
            raise usage("bad-reason", f"{reason!r} closes nothing", do="leadline finish --help")
        with self._lock:
            held = self._held(number)
            if held.state == "open":
                held.state, held.closed_reason = "closed", reason
            return copy.deepcopy(held)

    def add_to_parent(self, number: str, parent: str) -> None:
        self._held(number)

    def check(self) -> ForgeCheck:
        self._must_answer()
        return {"login": "ada", "repository": self.repository, "may_write": True, "rate_left": 1}

    def _held(self, number: str) -> RemoteIssue:
        self._must_answer()
        if number not in self.issues:
            raise not_found("no-issue", f"there is no issue {number}", do="leadline issue open")
        return self.issues[number]

    def _must_answer(self) -> None:
        if self.away:
            raise remote("forge-unreachable", "the forge does not answer", do="leadline sync")


_LOCK = threading.RLock()  # of every forge in memory: two views of one may be used at a time


class MemoryTracker:
    """A tracker whose runs are in ``runs``, by id, as they would be read. ``away``: its server does not answer."""

    name = "memory"
    kind = TrackerKind(
        "memory", called="a tracker in memory", addresses=("memory",), takes_folder=False
    )
    runs: dict[str, Reading]

    def __init__(
        self, environ: Mapping[str, str], folder: str, runs: dict[str, Reading] | None = None
    ) -> None:
        self.environ, self.folder = environ, folder
        self.runs = {} if runs is None else runs
        self.away = False

    def log(
        self,
        facts: RunFacts,
        config: dict[str, object],
        rows: Iterable[tuple[int, Mapping[str, object]]],
        ended: bool = True,
    ) -> None:
        """What the job of ``facts`` writes by the tracker's own library."""
        run = TrackerRun(self.name, f"m{len(self.runs) + 1}", facts.name, facts.project, facts.uid)
        run.state = "finished" if ended else "running"
        self.runs[run.id] = Reading(run, config, provisional=not ended)
        for step, values in rows:
            for name, value in values.items():
                self.runs[run.id].add(name, step, value)

    def environment(self, facts: RunFacts) -> dict[str, str]:
        return {"MEMORY_PROJECT": facts.project, "MEMORY_NAME": facts.name}

    def find(self, facts: RunFacts) -> list[TrackerRun]:
        return [copy.copy(r.run) for r in self.runs.values() if r.run.uid == facts.uid]

    def read(self, run: TrackerRun, last_only: bool = False) -> Reading:
        self._must_answer()
        if run.id not in self.runs:
            raise not_found("tracker-run-gone", f"there is no run {run.id}", do="leadline tracker")
        return copy.deepcopy(self.runs[run.id])

    def push(self, push: Push, limit_s: float) -> TrackerRun:
        self._must_answer()
        facts = push.facts
        before = self.find(facts)
        run_id = before[0].id if before else f"m{len(self.runs) + 1}"
        run = TrackerRun(self.name, run_id, facts.name, facts.project, facts.uid, "finished")
        run.url = f"https://tracker.invalid/{facts.project}/{run_id}"
        made = copy.deepcopy(push.reading) if push.reading else Reading(run)
        made.run, made.config = run, {**made.config, **facts.config}
        made.summary |= push.metrics
        self.runs[run_id] = made
        return copy.copy(run)

    def listed(self, project: str, at: str, here_only: bool = False) -> list[TrackerRun]:
        if here_only:
            return []
        self._must_answer()
        return [copy.copy(r.run) for r in self.runs.values() if r.run.project == project]

    def stored(self, path: str) -> list[TrackerRun]:
        return []

    def check(self, at: str) -> Reach:
        why = "the tracker does not answer" if self.away else ""
        return {
            "reachable": not self.away and at.startswith("memory:"),
            "where": at or "memory:",
            "version": "1",
            "missing": [],
            "why": why,
        }

    def _must_answer(self) -> None:
        if self.away:
            raise remote("tracker-unreachable", "the tracker does not answer", do="leadline sync")

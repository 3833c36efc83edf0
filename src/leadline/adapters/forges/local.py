"""The local forge: the experiment issue as records of the thread itself. Works offline, travels
with ``leadline sync``.

The first implementation of the forge port; its issue has the number ``local`` and no URL until a
page shows it.
"""

from __future__ import annotations

from leadline.core.errors import not_found, usage
from leadline.core.record.kinds import ISSUE_KINDS
from leadline.core.record.thread import IN_RECORD, Issue
from leadline.core.typed import TYPE_CHECKING
from leadline.ports.forge import Comment, ForgeCheck, RemoteIssue
from leadline.ports.records import RecordLog

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from leadline.core.record.bodies import (
        IssueCommentedBody,
        IssueCommentEditedBody,
        IssueEditedBody,
        IssueOpenedBody,
    )
    from leadline.ports.records import Transaction

NUMBER = "local"


class LocalForge:
    name = IN_RECORD
    outside = False
    body_limit_chars = comment_limit_chars = 0
    repository = web_url = ""

    def __init__(self, store: RecordLog, topic: str) -> None:
        self.store = store
        self.topic = topic
        self.warnings: list[str] = []

    def _issue(self) -> Issue:
        return self.store.slice(self.topic, [], tuple(ISSUE_KINDS)).issue

    @property
    def _writing(self) -> AbstractContextManager[Transaction]:
        return self.store.transaction(self.topic)

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
        issue = self._issue()
        if issue.state in ("none", "draft"):
            opened: IssueOpenedBody = {
                "forge": self.name,
                "number": NUMBER,
                "title": title,
                "labels": labels,
                "body": body,
                "marker": marker,
                "url": f"leadline issue --thread {self.topic}",
            }
            with self._writing as writing:
                writing.add("issue-opened", opened)
        return self.issue(NUMBER)

    def issue(self, number: str) -> RemoteIssue:
        issue = self._issue()
        if issue.state in ("none", "draft") or number != NUMBER:
            raise not_found(
                "no-issue", f"thread {self.topic} has no issue {number}", do="leadline issue open"
            )
        comments = [Comment(c["id"], c["marker"], c["text"], c["at"]) for c in issue.comments]
        return RemoteIssue(
            NUMBER,
            issue.url,
            issue.title,
            issue.body,
            "closed" if issue.state == "closed" else "open",
            list(issue.labels),
            comments,
            issue.closed_reason,
        )

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
        now = self.issue(number)
        changes: IssueEditedBody = {}
        if title not in (None, now.title):
            changes["title"] = title
        if body not in (None, now.body):
            changes["body"] = body
        if labels not in (None, now.labels):
            changes["labels"] = labels
        if changes:
            with self._writing as writing:
                writing.add("issue-edited", changes)
        return self.issue(number)

    def comment(self, number: str, text: str, marker: str, kind: str = "update") -> Comment:
        known = {c.marker: c for c in self.issue(number).comments}
        if marker not in known:
            posted: IssueCommentedBody = {
                "comment": f"c{len(known) + 1}",
                "marker": marker,
                "text": text,
                "kind": kind,
            }
            with self._writing as writing:
                writing.add("issue-commented", posted)
            known = {c.marker: c for c in self.issue(number).comments}
        return known[marker]

    def edit_comment(self, number: str, comment: str, text: str, why: str) -> Comment:
        by_id = {c.id: c for c in self.issue(number).comments}
        if comment not in by_id:
            raise not_found(
                "no-comment",
                f"the issue has no comment {comment}",
                why=f"comments: {', '.join(by_id) or 'none'}",
                do="leadline issue comments",
            )
        if by_id[comment].text != text:
            marker = by_id[comment].marker
            edit: IssueCommentEditedBody = {
                "comment": comment,
                "marker": marker,
                "text": text,
                "why": why,
            }
            with self._writing as writing:
                writing.add("issue-comment-edited", edit)
        return next(c for c in self.issue(number).comments if c.id == comment)

    def close_issue(self, number: str, reason: str) -> RemoteIssue:
        if reason not in ("completed", "not_planned"):
            raise usage(
                "bad-reason",
                f"{reason!r} is no reason to close an issue",
                why="completed or not_planned",
                do="leadline finish --help",
            )
        if self.issue(number).state == "open":
            with self._writing as writing:
                writing.add("issue-closed", {"reason": reason})
        return self.issue(number)

    def add_to_parent(self, number: str, parent: str) -> None:
        self.warnings.append(f"a local issue has no parent: #{parent} is left out")

    def check(self) -> ForgeCheck:
        return {}

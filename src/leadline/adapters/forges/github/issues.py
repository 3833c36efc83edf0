"""The experiment issue on GitHub.

GitHub has no request that is done at most once. So every comment, and the body of an issue that was opened here, ends
with its marker in an HTML comment, and is looked for before it is sent and after an answer was lost. Two machines that
send at the same moment both look once more: the lower number stays on either, and the other is taken back. A marker
counts when its author may write to the repository; anybody else's copy of one changes nothing.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, unquote

from leadline.adapters.forges.github.client import Ambiguous, Client
from leadline.core.errors import LeadlineError
from leadline.ports.forge import Comment, RemoteIssue

LIMIT_CHARS = 65_536
LABEL_COLOUR = "5319e7"
TRIES = 3
_MARKER = re.compile(r"\n*<!-- leadline:([\w:.%~-]+) -->\s*\Z")
_WRITERS = ("OWNER", "MEMBER", "COLLABORATOR")


def marked(text: str, marker: str) -> str:
    return f"{text}\n\n<!-- leadline:{quote(marker, safe=':.~')} -->" if marker else text


def unmarked(text: str) -> tuple[str, str]:
    """(the text without its marker, the marker or "")."""
    text = text.replace("\r\n", "\n")
    found = _MARKER.search(text)
    return (text[: found.start()], unquote(found[1])) if found else (text, "")


class GitHubForge:
    name = "github"
    body_limit_chars = LIMIT_CHARS - 256  # room for the marker
    comment_limit_chars = LIMIT_CHARS - 256

    def __init__(self, client: Client, repository: str, web_url: str) -> None:
        self.client, self.repository, self.web_url = client, repository, web_url
        self.warnings: list[str] = []
        self._login: str | None = None

    @property
    def _path(self) -> str:
        return f"/repos/{self.repository}"

    # -- issues -------------------------------------------------------------------------------------------------
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
        self._check_length(body, "the body")
        if there := self._with_marker(marker, labels):
            return self.issue(str(there[0]["number"]))
        for label in labels:
            self._have_label(label)
        sent: dict[str, Any] = {"title": title, "body": marked(body, marker), "labels": labels}
        if milestone:
            sent["milestone"] = self._milestone(milestone)
        if assignees:
            sent["assignees"] = assignees
        self._create_once(f"{self._path}/issues", sent, lambda: self._with_marker(marker, labels))
        there = self._with_marker(marker, labels)
        if not there:
            raise self._invisible("issue")
        first = str(there[0]["number"])
        for other in there[1:]:  # another machine opened one at the same moment
            if other["state"] == "open" and self._is_mine(other):
                self.client.set_state(
                    "PATCH", f"{self._path}/issues/{other['number']}",
                    {"state": "closed", "state_reason": "not_planned", "body": f"Opened twice at once: see #{first}."},
                )  # fmt: skip
        return self.issue(first)

    def issue(self, number: str) -> RemoteIssue:
        data = self._issue(number)
        comments = [self._comment(c) for c in self.client.pages(f"{self._path}/issues/{number}/comments")]
        return self._remote(data, comments)

    def edit_issue(
        self,
        number: str,
        *,
        title: str | None = None,
        body: str | None = None,
        labels: list[str] | None = None,
        milestone: str | None = None,
        assignees: list[str] | None = None,
    ) -> RemoteIssue:
        now = self._issue(number)
        changes: dict[str, Any] = {}
        if title is not None and title != now["title"]:
            changes["title"] = title
        text, marker = unmarked(now.get("body") or "")
        if body is not None and body != text:
            self._check_length(body, "the body")
            changes["body"] = marked(body, marker)
        if labels is not None and labels != _labels(now):
            for label in labels:
                self._have_label(label)
            changes["labels"] = labels
        if milestone is not None:
            changes["milestone"] = self._milestone(milestone) if milestone else None
        if assignees is not None:
            changes["assignees"] = assignees
        if changes:
            self.client.set_state("PATCH", f"{self._path}/issues/{number}", changes)
        return self.issue(number)

    def close_issue(self, number: str, reason: str) -> RemoteIssue:
        if reason not in ("completed", "not_planned"):
            raise LeadlineError(
                "usage",
                "bad-reason",
                f"{reason!r} is no reason to close an issue",
                "completed or not_planned",
                "leadline finish --help",
            )
        if self._issue(number)["state"] == "open":
            self.client.set_state("PATCH", f"{self._path}/issues/{number}", {"state": "closed", "state_reason": reason})
        return self.issue(number)

    # -- comments -----------------------------------------------------------------------------------------------
    def comment(self, number: str, text: str, marker: str, kind: str = "update") -> Comment:
        self._check_length(text, "the comment")
        self._issue(number)

        def there() -> list[dict[str, Any]]:
            found = self.client.pages(f"{self._path}/issues/{number}/comments")
            return [c for c in found if unmarked(c.get("body") or "")[1] == marker and self._counts(c)]

        if not there():
            made = self._create_once(f"{self._path}/issues/{number}/comments", {"body": marked(text, marker)}, there)
            known = there()
            if not known:
                raise self._invisible("comment")
            if made is not None and made["id"] != known[0]["id"]:
                self.client.set_state("DELETE", f"{self._path}/issues/comments/{made['id']}")
        return self._comment(there()[0])

    def edit_comment(self, number: str, comment: str, text: str, why: str) -> Comment:
        self._check_length(text, "the comment")
        self._issue(number)
        missing = LeadlineError(
            "not_found", "no-comment", f"the issue has no comment {comment}", "", "leadline issue comments"
        )
        if not comment.isdigit():
            raise missing
        where = f"{self._path}/issues/comments/{comment}"
        try:
            now = self.client.get(where)
        except LeadlineError as error:
            raise missing if error.kind == "not_found" else error from None
        before, marker = unmarked(now.get("body") or "")
        if before != text:
            now = self.client.set_state("PATCH", where, {"body": marked(text, marker)})
        return self._comment(now)

    def check(self) -> dict[str, Any]:
        """Who the token belongs to and what it may do on the repository."""
        told = self.client.get(self._path)
        may = told.get("permissions") or {}
        return {
            "login": self._me(),
            "repository": told.get("full_name", self.repository),
            "renamed": told.get("full_name", self.repository).lower() != self.repository.lower(),
            "archived": bool(told.get("archived")),
            "issues": bool(told.get("has_issues", True)),
            "may_write": bool(may.get("push") or may.get("triage") or may.get("admin")),
            "private": bool(told.get("private")),
            "rate_left": self.client.rate_left,
        }

    # -- parts --------------------------------------------------------------------------------------------------
    def _create_once(self, path: str, body: Any, there: Any) -> dict[str, Any] | None:
        """Send it; when the outcome is unknown look whether it is there before sending again. None: it was found."""
        for attempt in range(TRIES):
            try:
                made: dict[str, Any] = self.client.create(path, body)
                return made
            except Ambiguous as lost:
                if there():
                    return None
                if attempt == TRIES - 1:
                    raise LeadlineError(
                        "remote",
                        "forge-failing",
                        f"GitHub did not answer {TRIES} times",
                        f"{lost}; looked each time, and it is not there",
                        "leadline sync",
                    ) from None
        return None

    def _issue(self, number: str) -> dict[str, Any]:
        if not number.isdigit():
            raise LeadlineError(
                "not_found", "no-issue", f"{self.repository} has no issue {number}", "", "leadline issue open"
            )
        data: dict[str, Any] = self.client.get(f"{self._path}/issues/{number}")
        if "pull_request" in data:
            raise LeadlineError(
                "conflict", "is-a-pull-request", f"#{number} is a pull request", "", "leadline issue open"
            )
        return data

    def _with_marker(self, marker: str, labels: list[str]) -> list[dict[str, Any]]:
        """Issues that carry ``marker``, the first one first. Listed, not searched: GitHub's search lags."""
        found = [
            issue
            for issue in self.client.pages(f"{self._path}/issues?state=all&sort=created&direction=desc")
            if unmarked(issue.get("body") or "")[1] == marker and self._counts(issue) and "pull_request" not in issue
        ]
        return sorted(found, key=lambda issue: int(issue["number"]))

    def _counts(self, thing: dict[str, Any]) -> bool:
        return thing.get("author_association") in _WRITERS or self._is_mine(thing)

    def _is_mine(self, thing: dict[str, Any]) -> bool:
        author = thing.get("user") or {}
        me = self._me()
        return author.get("login") == me if me else author.get("type") == "Bot"

    def _me(self) -> str:
        """The login of the token; "" for an app's token, which may not ask."""
        if self._login is None:
            try:
                self._login = str(self.client.get("/user").get("login") or "")
            except LeadlineError as error:
                if error.code not in ("no-permission", "not-on-forge"):
                    raise
                self._login = ""
        return self._login

    def _have_label(self, label: str) -> None:
        where = f"{self._path}/labels"
        try:
            self.client.get(f"{where}/{quote(label, safe='')}")
            return
        except LeadlineError as error:
            if error.kind != "not_found":
                raise
        try:
            self.client.create(where, {"name": label, "color": LABEL_COLOUR})
        except Ambiguous:
            pass  # an issue with a label that is not there makes it too
        except LeadlineError as error:
            if error.code not in ("no-permission", "not-on-forge", "forge-refused"):
                raise
            self.warnings.append(f"the label {label!r} could not be created: {error.what}")

    def _milestone(self, wanted: str) -> int:
        for milestone in self.client.pages(f"{self._path}/milestones?state=all"):
            if wanted in (str(milestone["number"]), milestone["title"]):
                return int(milestone["number"])
        raise LeadlineError(
            "not_found", "no-milestone", f"{self.repository} has no milestone {wanted!r}", "", "leadline issue open"
        )

    def _check_length(self, text: str, what: str) -> None:
        if len(text) > self.body_limit_chars:
            raise LeadlineError(
                "usage",
                "too-long",
                f"{what} has {len(text)} characters; GitHub takes {self.body_limit_chars}",
                "",
                "leadline issue show",
            )

    def _invisible(self, what: str) -> LeadlineError:
        return LeadlineError(
            "remote",
            "forge-lags",
            f"GitHub took the {what} and does not list it",
            "it lags, or the token belongs to somebody who may not write to the repository",
            "leadline sync",
        )

    def _comment(self, data: dict[str, Any]) -> Comment:
        text, marker = unmarked(data.get("body") or "")
        created, updated = str(data.get("created_at") or ""), str(data.get("updated_at") or "")
        return Comment(
            str(data["id"]),
            marker if self._counts(data) else "",
            text,
            created,
            str((data.get("user") or {}).get("login") or ""),
            str(data.get("html_url") or ""),
            updated if updated != created else "",
        )

    def _remote(self, data: dict[str, Any], comments: list[Comment]) -> RemoteIssue:
        return RemoteIssue(
            number=str(data["number"]),
            url=str(data.get("html_url") or ""),
            title=str(data.get("title") or ""),
            body=unmarked(data.get("body") or "")[0],
            state=str(data["state"]),
            labels=_labels(data),
            comments=comments,
            closed_reason=str(data.get("state_reason") or "") if data["state"] == "closed" else "",
            author=str((data.get("user") or {}).get("login") or ""),
            locked=bool(data.get("locked")),
            updated_at=str(data.get("updated_at") or ""),
            milestone=str((data.get("milestone") or {}).get("title") or ""),
            assignees=[str(a.get("login")) for a in data.get("assignees") or []],
        )


def _labels(data: dict[str, Any]) -> list[str]:
    return [str(entry["name"] if isinstance(entry, dict) else entry) for entry in data.get("labels") or []]

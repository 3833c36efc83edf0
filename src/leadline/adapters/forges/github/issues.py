"""The experiment issue on GitHub.

GitHub has no request that is done at most once. So every comment, and the body of an issue that was
opened here, ends with its marker in an HTML comment, and is looked for before it is sent and after
an answer was lost. Two machines that send at the same moment both look once more: the lower number
stays on either, and the other is taken back. A marker counts when its author may write to the
repository; anybody else's copy of one changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import quote

from leadline.adapters.forges.github.client import Ambiguous, Client
from leadline.adapters.forges.github.marker import (
    marked,
    marker_in,
    unmarked,
    with_text,
    without_markers,
)
from leadline.adapters.forges.github.shapes import (
    Issue,
    IssueChanges,
    Milestone,
    Person,
    Repository,
    Written,
)
from leadline.core.errors import LeadlineError, conflict, not_found, remote, usage
from leadline.core.issue.remote import PROGRAM, READER, WRITER
from leadline.ports.forge import Comment, ForgeCheck, RemoteIssue

LIMIT_CHARS = 65_536
LABEL_COLOUR = "5319e7"
TRIES = 3
MOST_BYTES = 262_144  # what its column takes; an edit above that is answered with 200 and not done
_WRITERS = ("OWNER", "MEMBER", "COLLABORATOR")


class GitHubForge:
    name = "github"
    outside = True
    body_limit_chars = LIMIT_CHARS - 256  # room for the marker
    comment_limit_chars = LIMIT_CHARS - 256

    def __init__(self, client: Client, repository: str, web_url: str) -> None:
        self.client, self.repository, self.web_url = client, repository, web_url
        self.warnings: list[str] = []
        self._login: str | None = None

    @property
    def api_url(self) -> str:
        return self.client.api_url

    @property
    def _path(self) -> str:
        return f"/repos/{self.repository}"

    # -- issues ------------------------------------------------------------------------------------
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
        self._check_body(body)
        if there := self._with_marker(marker):
            return self.issue(str(there[0]["number"]))
        for label in labels:
            self._have_label(label)
        sent: IssueChanges = {"title": title, "body": marked(body, marker), "labels": labels}
        if milestone and (found := self._milestone(milestone)):
            sent["milestone"] = found
        if assignees and (known := self._assignable(assignees)):
            sent["assignees"] = known
        self._create_once(f"{self._path}/issues", sent, lambda: self._with_marker(marker))
        there = self._with_marker(marker)
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
        comments = [
            self._comment(c) for c in self.client.pages(f"{self._path}/issues/{number}/comments")
        ]
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
        marker: str | None = None,
    ) -> RemoteIssue:
        now = self._issue(number)
        changes: IssueChanges = {}
        if title is not None and title != now["title"]:
            changes["title"] = title
        raw = now.get("body") or ""
        if body is not None and body != unmarked(raw)[0]:
            self._check_body(body)
            changes["body"] = with_text(raw, body)
        if marker is not None and marker != marker_in(raw):
            changes["body"] = marked(without_markers(raw if body is None else body), marker)
        if labels is not None and labels != _labels(now):
            for label in labels:
                self._have_label(label)
            changes["labels"] = labels
        if milestone is not None:
            found = self._milestone(milestone) if milestone else None
            if found or not milestone:
                changes["milestone"] = found
        if assignees is not None:
            changes["assignees"] = self._assignable(assignees)
        if changes:
            told = self.client.set_state("PATCH", f"{self._path}/issues/{number}", changes)
            if "body" in changes and (told or {}).get("body") == raw != changes["body"]:
                raise remote(
                    "forge-kept-old",
                    "GitHub answered that the body was edited, and kept the old one",
                    why=f"it does so for a body of more than {MOST_BYTES} bytes",
                    do="leadline issue show",
                )
        return self.issue(number)

    def close_issue(self, number: str, reason: str) -> RemoteIssue:
        if reason not in ("completed", "not_planned"):
            raise usage(
                "bad-reason",
                f"{reason!r} is no reason to close an issue",
                why="completed or not_planned",
                do="leadline finish --help",
            )
        if self._issue(number)["state"] == "open":
            self.client.set_state(
                "PATCH",
                f"{self._path}/issues/{number}",
                {"state": "closed", "state_reason": reason},
            )
        return self.issue(number)

    # -- comments ----------------------------------------------------------------------------------
    def comment(self, number: str, text: str, marker: str, kind: str = "update") -> Comment:
        self._check_comment(text)
        self._issue(number)

        def there() -> list[Written]:
            found: Iterator[Written] = self.client.pages(f"{self._path}/issues/{number}/comments")
            return [
                c for c in found if marker_in(c.get("body") or "") == marker and self._counts(c)
            ]

        known = there()
        if not known:
            self._create_once(
                f"{self._path}/issues/{number}/comments", {"body": marked(text, marker)}, there
            )
            known = there()
            if not known:
                raise self._invisible("comment")
        # two machines at the same moment, or one that died before it looked
        for other in known[1:]:
            if self._is_mine(other):
                try:
                    self.client.set_state("DELETE", f"{self._path}/issues/comments/{other['id']}")
                except LeadlineError as error:
                    if error.kind != "not_found":  # the other machine was quicker
                        raise
        return self._comment(known[0])

    def edit_comment(self, number: str, comment: str, text: str, why: str) -> Comment:
        self._check_comment(text)
        self._issue(number)
        missing = not_found(
            "no-comment", f"the issue has no comment {comment}", do="leadline issue comments"
        )
        if not comment.isdigit():
            raise missing
        where = f"{self._path}/issues/comments/{comment}"
        try:
            now = self.client.get(where)
        except LeadlineError as error:
            raise missing if error.kind == "not_found" else error from None
        raw = now.get("body") or ""
        if unmarked(raw)[0] != text:
            now = self.client.set_state("PATCH", where, {"body": with_text(raw, text)})
        return self._comment(now)

    def add_to_parent(self, number: str, parent: str) -> None:
        """Look whether it is one, and make it one. A parent that is not there is said, and the
        issue stands alone."""
        where = f"{self._path}/issues/{parent}/sub_issues"
        try:
            if any(str(child.get("number")) == number for child in self.client.pages(where)):
                return
            child_id = self._issue(number)["id"]
            self.client.create(where, {"sub_issue_id": child_id})
        except Ambiguous:
            if not any(str(child.get("number")) == number for child in self.client.pages(where)):
                raise remote(
                    "forge-failing",
                    "whether the issue got its parent is unknown",
                    do="leadline sync",
                ) from None
        except LeadlineError as error:
            if error.code not in (
                "no-permission",
                "not-on-forge",
                "forge-refused",
                "issue-deleted",
            ):
                raise
            self.warnings.append(f"it was not made a sub-issue of #{parent}: {error.what}")

    def check(self) -> ForgeCheck:
        """Who the token belongs to and what it may do on the repository."""
        told: Repository = self.client.get(self._path)
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

    # -- parts -------------------------------------------------------------------------------------
    def _create_once(
        self, path: str, body: Mapping[str, object], there: Callable[[], Sequence[object]]
    ) -> None:
        """Send it; when the outcome is unknown look whether it is there before sending again."""
        for attempt in range(TRIES):
            try:
                self.client.create(path, body)
                return
            except Ambiguous as lost:
                if there():
                    return
                if attempt == TRIES - 1:
                    raise remote(
                        "forge-failing",
                        f"GitHub did not answer {TRIES} times",
                        why=f"{lost}; looked each time, and it is not there",
                        do="leadline sync",
                    ) from None

    def _issue(self, number: str) -> Issue:
        if not number.isdigit():
            raise not_found(
                "no-issue", f"{self.repository} has no issue {number}", do="leadline issue open"
            )
        data: Issue = self.client.get(f"{self._path}/issues/{number}")
        self._check_place(data, number)
        if "pull_request" in data:
            raise conflict(
                "is-a-pull-request", f"#{number} is a pull request", do="leadline issue open"
            )
        return data

    def _check_place(self, data: Issue, number: str) -> None:
        """A reading is redirected to where a transferred issue or a renamed repository is now;
        nothing is written there unless somebody says so."""
        page = str(data.get("html_url") or "")
        found = re.search(r"/([\w.-]+/[\w.-]+)/(?:issues|pull)/(\d+)\Z", page)
        if found is None or (found[1].lower() == self.repository.lower() and found[2] == number):
            return
        renamed = found[2] == number
        what = (
            f"the repository is {found[1]} now"
            if renamed
            else f"issue #{number} was transferred: it is {page} now"
        )
        code, do = "issue-transferred", f"leadline issue adopt {page} --instead 'transferred'"
        if renamed:
            code, do = "repository-moved", "leadline init --help"
        raise remote(
            code,
            what,
            why=f"the setting forge.repository says {self.repository}; nothing is written where nobody said so",
            do=do,
        )

    def _with_marker(self, marker: str) -> list[Issue]:
        """Issues that carry ``marker``, the first one first. Listed, not searched: GitHub's search
        lags."""
        listed: Iterator[Issue] = self.client.pages(
            f"{self._path}/issues?state=all&sort=created&direction=desc"
        )
        found = [
            issue
            for issue in listed
            if marker_in(issue.get("body") or "") == marker
            and self._counts(issue)
            and "pull_request" not in issue
        ]
        return sorted(found, key=lambda issue: issue["number"])

    def _counts(self, thing: Written) -> bool:
        return thing.get("author_association") in _WRITERS or self._is_mine(thing)

    def _is_mine(self, thing: Written) -> bool:
        author: Person = thing.get("user") or {}
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
        """Its number; 0, with a warning, when there is none: an issue without it is better than no
        issue."""
        listed: Iterator[Milestone] = self.client.pages(f"{self._path}/milestones?state=all")
        for milestone in listed:
            if wanted in (str(milestone["number"]), milestone["title"]):
                return milestone["number"]
        self.warnings.append(f"{self.repository} has no milestone {wanted!r}")
        return 0

    def _assignable(self, logins: list[str]) -> list[str]:
        """Those who may be assigned; of the rest it is said."""
        found = []
        for login in logins:
            try:
                self.client.get(f"{self._path}/assignees/{quote(login, safe='')}")
                found.append(login)
            except LeadlineError as error:
                if error.kind != "not_found":
                    raise
                self.warnings.append(f"{login!r} cannot be assigned in {self.repository}")
        return found

    def _check_body(self, text: str) -> None:
        """What Leadline writes keeps to ``body_limit_chars``; what people wrote beside it may be
        longer, as far as GitHub stores it."""
        if (
            len(text) > self.body_limit_chars
            and len(text.encode("utf-8", "replace")) > MOST_BYTES - 256
        ):
            raise self._too_long("the body", len(text))

    def _check_comment(self, text: str) -> None:
        if len(text) > self.comment_limit_chars:
            raise self._too_long("the comment", len(text))

    def _too_long(self, what: str, length_chars: int) -> LeadlineError:
        return usage(
            "too-long",
            f"{what} has {length_chars} characters; GitHub takes {self.body_limit_chars}",
            do="leadline issue show",
        )

    def _invisible(self, what: str) -> LeadlineError:
        return remote(
            "forge-lags",
            f"GitHub took the {what} and does not list it",
            why="it lags, or the token belongs to somebody who may not write to the repository",
            do="leadline sync",
        )

    def _comment(self, data: Written) -> Comment:
        text = unmarked(data.get("body") or "")[0]
        return Comment(
            str(data["id"]),
            self._marker_of(data),
            text,
            str(data.get("created_at") or ""),
            _login(data.get("user")),
            str(data.get("html_url") or ""),
            _kind_of_author(data),
        )

    def _marker_of(self, data: Written) -> str:
        """The marker in a body, where it stands for anything: written by whom it has to be."""
        return marker_in(data.get("body") or "") if self._counts(data) else ""

    def _remote(self, data: Issue, comments: list[Comment]) -> RemoteIssue:
        milestone, closed = data.get("milestone"), data["state"] == "closed"
        reason = str(data.get("state_reason") or "") if closed else ""
        return RemoteIssue(
            number=str(data["number"]),
            url=str(data.get("html_url") or ""),
            title=str(data.get("title") or ""),
            body=unmarked(data.get("body") or "")[0],
            state=str(data["state"]),
            labels=_labels(data),
            comments=comments,
            closed_reason=reason,
            author=_login(data.get("user")),
            locked=bool(data.get("locked")),
            updated_at=str(data.get("updated_at") or ""),
            milestone=str(milestone["title"] or "") if milestone else "",
            assignees=[str(a.get("login")) for a in data.get("assignees") or []],
            marker=self._marker_of(data),
            closed_by=_login(data.get("closed_by")),
        )


def _labels(data: Issue) -> list[str]:
    labels = data.get("labels") or []
    return [entry if isinstance(entry, str) else entry["name"] for entry in labels]


def _kind_of_author(data: Written) -> str:
    """By what GitHub calls the author: owner, member and collaborator may write."""
    person: Person = data.get("user") or {}
    if person.get("type") == "Bot":
        return PROGRAM
    return WRITER if data.get("author_association") in _WRITERS else READER


def _login(person: Person | None) -> str:
    return str((person or {}).get("login") or "")

"""Where the experiment issue lives: the local forge (records), GitHub, others.

Obligations: every call that writes is idempotent by ``marker`` (a comment) or by content (body,
state), so that a retry after any crash leaves one; nothing a person wrote is overwritten; errors
are LeadlineError(remote) with the reason, and the caller queues. Numbers are text. A forge never
asks a question.
"""

from __future__ import annotations

from leadline.core.issue.remote import Comment, RemoteIssue
from leadline.core.typed import Protocol, TypedDict

__all__ = ["Comment", "Forge", "ForgeCheck", "RemoteIssue"]


class ForgeCheck(TypedDict, total=False):
    login: str
    repository: str
    renamed: bool
    archived: bool
    issues: bool
    may_write: bool
    private: bool
    rate_left: int | None  # requests, before the server wants to be left alone


class Forge(Protocol):
    """One issue tracker, for one thread."""

    name: str
    outside: bool  # whether others see its issues; otherwise the issue is part of the record
    body_limit_chars: int  # 0: none
    comment_limit_chars: int
    repository: str  # "owner/name", "" where there is none
    web_url: str  # of the repository, "" where there is none
    warnings: list[str]  # what was done without: a label that could not be created

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
        """Create it, or return the one that carries ``marker`` already."""
        ...

    def issue(self, number: str) -> RemoteIssue:
        """LeadlineError(not_found) when there is none."""
        ...

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
        """``marker``: it carries this one from now on, whatever it carried."""
        ...

    def comment(self, number: str, text: str, marker: str, kind: str = "update") -> Comment:
        """Post once per ``marker``: a second call returns the comment that is there."""
        ...

    def edit_comment(self, number: str, comment: str, text: str, why: str) -> Comment:
        """Format fixes only; the old text stays in the record."""
        ...

    def close_issue(self, number: str, reason: str) -> RemoteIssue:
        """``reason``: completed | not_planned. Closing a closed issue does nothing."""
        ...

    def add_to_parent(self, number: str, parent: str) -> None:
        """Make it a sub-issue of ``parent``; once it is one, this does nothing."""
        ...

    def check(self) -> ForgeCheck:
        """Who is asking and what may be done. Empty where there is nothing to ask."""
        ...

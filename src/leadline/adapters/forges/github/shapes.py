"""What GitHub answers, as far as it is read here. Any of it may be missing or null where the server
is old, or the token may not see it."""

from __future__ import annotations

from leadline.core.typed import TypedDict


class Person(TypedDict, total=False):
    login: str
    type: str  # User, Bot


class _Written(TypedDict):
    id: int


class Written(_Written, total=False):
    """What an issue and a comment share."""

    body: str | None
    user: Person | None
    author_association: str
    html_url: str
    created_at: str
    updated_at: str


class Label(TypedDict):
    name: str


class Milestone(TypedDict):
    number: int
    title: str


class _Issue(Written):
    number: int
    title: str
    state: str  # open, closed


class Issue(_Issue, total=False):
    state_reason: str | None
    labels: list[Label | str]
    milestone: Milestone | None
    assignees: list[Person]
    locked: bool
    closed_by: Person | None
    pull_request: object  # there: it is one


class Permissions(TypedDict, total=False):
    push: bool
    triage: bool
    admin: bool


class Repository(TypedDict, total=False):
    full_name: str
    permissions: Permissions
    archived: bool
    has_issues: bool
    private: bool


class IssueChanges(TypedDict, total=False):
    """What is sent to make an issue, or to change one."""

    title: str
    body: str
    labels: list[str]
    milestone: int | None
    assignees: list[str]
    state: str
    state_reason: str


class Kept(TypedDict):
    """An answer that was read before, for as long as its ETag holds."""

    url: str
    etag: str
    body: object
    links: str

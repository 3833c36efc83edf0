"""An issue as a forge has it at this moment, and one of its comments."""

from __future__ import annotations

from leadline.core.values import dataclass, field


def agreement(forge: str, api_url: str, repository: str) -> str:
    """How the setting ``forge.agreed`` names a place that may have a token and posts."""
    return " ".join(filter(None, (forge, api_url, repository.lower())))


# Who may write to the repository, a person who may not, and no person.
WRITER, READER, PROGRAM = "writer", "reader", "program"


@dataclass(slots=True)
class Comment:
    id: str
    marker: str
    text: str
    at: str = ""
    author: str = ""
    url: str = ""
    of: str = ""  # its author: WRITER, READER or PROGRAM; "" where the forge does not tell


@dataclass(slots=True)
class RemoteIssue:
    number: str
    url: str
    title: str
    body: str
    state: str  # open | closed
    labels: list[str] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    closed_reason: str = ""
    author: str = ""
    locked: bool = False
    updated_at: str = ""
    milestone: str = ""
    assignees: list[str] = field(default_factory=list)
    marker: str = ""  # under which Leadline opened it; "" for an issue that people opened
    closed_by: str = ""

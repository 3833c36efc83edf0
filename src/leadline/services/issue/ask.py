"""Ask the forge about the issue of a thread, and make sure that it is that issue.

A number alone names nothing: in a fork, or after the setting or the git remote changed, the same
number is somebody else's issue. So what is there is held to the page and the marker in the record
before anything is made of it.
"""

from __future__ import annotations

from collections.abc import Callable

from leadline.core.errors import LeadlineError, environment, remote
from leadline.core.issue.remote import RemoteIssue
from leadline.core.patterns import later
from leadline.core.record.thread import Thread
from leadline.core.typed import TypeVar
from leadline.ports.forge import Forge
from leadline.services.context import Context

_T = TypeVar("_T")
_PLACE = later(r"/(?P<repository>[\w.-]+/[\w.-]+)/(?:-/)?issues/(?P<number>\d+)/?\Z")


class ForgeFailed(Exception):
    """The forge could not be asked, or said no."""

    def __init__(self, error: LeadlineError) -> None:
        super().__init__(error.what)
        self.error = error


def ask(forge_name: str, act: Callable[[], _T]) -> _T:
    """Do something with a forge. What goes wrong there is a ForgeFailed; on the local forge it is
    what it is."""
    try:
        return act()
    except LeadlineError as error:
        if forge_name == "local" and error.kind != "remote":
            raise
        raise ForgeFailed(error) from error
    except ImportError as error:
        raise ForgeFailed(
            environment(
                "no-http-client",
                f"a package is missing: {error.name}",
                why="talking to a forge needs the extra `github`",
                do="pip install 'leadline[github]'",
            )
        ) from error


def forge_name(context: Context, thread: Thread) -> str:
    """The forge that the issue is on, or will be on."""
    opened = thread.issue.state not in ("none", "draft")
    return str((thread.issue.forge if opened else "") or context.settings.get("forge") or "local")


def read_issue(forge: Forge, thread: Thread, name: str) -> RemoteIssue:
    """The issue of ``thread`` as it is now. Raises as ``ask``; ForgeFailed (``another-issue``) when
    what has its number is another one."""
    found = ask(name, lambda: forge.issue(thread.issue.number))
    known, there = (_PLACE.search(issue.url) for issue in (thread.issue, found))
    own = f"experiment:{thread.topic}"
    if found.marker == own or known is None or there is None:
        return found
    if known[0].lower() == there[0].lower() and not found.marker.startswith("experiment:"):
        return found
    moved = known["repository"].lower() != there["repository"].lower()
    raise ForgeFailed(
        remote(
            "another-issue",
            f"{found.url} is not the issue of thread {thread.topic}",
            why=f"the record says {thread.issue.url}"
            + (
                f"; the setting forge.repository, or the git remote, says {there['repository']} now"
                if moved
                else ""
            ),
            do=[
                *([f"leadline init --forge-repository {known['repository']}"] if moved else []),
                f"leadline issue adopt {found.number} --instead 'WHY'"
                if moved and not found.marker.startswith("experiment:")
                else "leadline issue open",
            ],
        )
    )

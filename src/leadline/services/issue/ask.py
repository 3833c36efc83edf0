"""Ask the forge about the issue of a thread, and make sure that it is that issue.

A number alone names nothing: in a fork, or after the setting or the git remote changed, the same
number is somebody else's issue. So what is there is held to the page and the marker in the record
before anything is made of it.
"""

from __future__ import annotations

from collections.abc import Callable

from leadline.core.errors import LeadlineError, conflict, environment, remote
from leadline.core.issue.identity import is_foreign, markers_of, named, owner
from leadline.core.issue.remote import RemoteIssue
from leadline.core.managed_block import block_of
from leadline.core.patterns import later
from leadline.core.record.thread import Thread
from leadline.core.typed import TYPE_CHECKING, TypeVar
from leadline.ports.forge import Forge
from leadline.ports.forge_kind import ForgeKind
from leadline.services.context import Context

if TYPE_CHECKING:
    import re

_T = TypeVar("_T")
_PLACE = later(r"/(?P<repository>[\w.-]+/[\w.-]+)/(?:-/)?issues/(?P<number>\d+)/?\Z")


class ForgeFailed(Exception):
    """The forge could not be asked, or said no."""

    def __init__(self, error: LeadlineError) -> None:
        super().__init__(error.what)
        self.error = error


def ask(kind: ForgeKind, act: Callable[[], _T]) -> _T:
    """Do something with a forge. What goes wrong outside is a ForgeFailed; in the record it is what
    it is."""
    try:
        return act()
    except LeadlineError as error:
        if not kind.outside and error.kind != "remote":
            raise
        raise ForgeFailed(error) from error
    except ImportError as error:
        raise ForgeFailed(
            environment(
                "no-http-client",
                f"a package is missing: {error.name}",
                why=f"talking to the forge {kind.name} needs it",
                do=kind.install or "leadline doctor",
            )
        ) from error


def forge_of(context: Context, thread: Thread) -> ForgeKind:
    """The forge that the issue is on, or will be on."""
    opened = thread.issue.state not in ("none", "draft")
    return context.forge_kind((thread.issue.forge if opened else "") or context.chosen_forge)


def read_issue(forge: Forge, thread: Thread, kind: ForgeKind) -> RemoteIssue:
    """The issue of ``thread`` as it is now. Raises as ``ask``; ForgeFailed (``another-issue``) when
    what has its number is another one."""
    found = ask(kind, lambda: forge.issue(thread.issue.number))
    if found.marker in markers_of(thread):
        return found
    foreign = is_foreign(found.marker, thread)
    known, there = (_PLACE.search(issue.url) for issue in (thread.issue, found))
    if not foreign and (not known or not there or known[0].lower() == there[0].lower()):
        return found
    # Under another name of the repository: ours where it holds what was sent last.
    sent = block_of(thread.issue.body)
    if not foreign and found.marker and sent and block_of(found.body) == sent:
        return found
    raise ForgeFailed(_another(thread, found, known, there, foreign))


def is_taken(thread: Thread, there: RemoteIssue) -> LeadlineError:
    """The issue belongs to another thread, maybe one of another repository."""
    return conflict(
        "issue-taken",
        f"issue #{there.number} is that of thread {owner(there.marker)}, not of {named(thread)}",
        why="Leadline opened or adopted it for that thread; the mark stands at the end of its text",
        do="leadline issue open",
    )


def _another(
    thread: Thread,
    found: RemoteIssue,
    known: re.Match[str] | None,
    there: re.Match[str] | None,
    foreign: bool,
) -> LeadlineError:
    why, do = f"the record says {thread.issue.url}", []
    if foreign:
        why = f"it is marked as that of {owner(found.marker)}; {why}"
    moved = False
    if known and there and known["repository"].lower() != there["repository"].lower():
        moved = True
        setting = "the setting forge.repository, or the git remote"
        why += f"; {setting}, says {there['repository']} now"
        do.append(f"leadline init --forge-repository {known['repository']}")
    if moved and not foreign:
        do.append(f"leadline issue adopt {found.number} --instead 'WHY'")
    else:
        do.append("leadline issue open")
    what = f"{found.url or found.number} is not the issue of thread {named(thread)}"
    return remote("another-issue", what, why=why, do=do)

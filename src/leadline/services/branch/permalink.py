"""Addresses that do not move: pages of a forge pinned to a commit, and what to type where there is
no page.

A text is written before it is sent, so links are made from the remote's URL and the commits that
are here; before it goes to a forge, ``refuse_unreachable`` asks the remote whether it has those
commits. A link that nobody can open is worse than none: people stop clicking.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from leadline.core.errors import LeadlineError, remote, usage
from leadline.core.publish.remote_url import parse
from leadline.core.record.thread import Thread
from leadline.core.text.lint import LintFinding
from leadline.core.typed import NamedTuple
from leadline.services.branch.logbook import logbook_path
from leadline.services.context import Context

_SHA = r"(?P<commit>[0-9a-f]{7,64})"
_PATH = r"(?P<path>[^\s)>\]#?]+)"
_PINNED = re.compile(rf"/(?:-/)?(?:blob|raw|blame|src/commit)/{_SHA}/{_PATH}")
_TREE = re.compile(rf"/(?:-/)?(?:tree|commit|src/commit)/{_SHA}(?![\w/])")
_MOVING = re.compile(
    r"/(?:-/)?(?:blob|raw|blame|tree|src/branch)/(?P<ref>(?![0-9a-f]{7,64}(?:[/\s)>\]#?]|\Z))[^\s)>\]#?]+)"
)
LAYOUTS = ("github", "gitlab", "gitea", "none")


class Pages(NamedTuple):
    """Where a repository is shown. ``layout`` github: GitHub and Enterprise; gitea: Forgejo too."""

    base: str
    layout: str = "github"

    def page(self, commit: str, path: str = "", anchor: str = "") -> str:
        """A file (or, without a path, the tree) at a commit."""
        from urllib.parse import quote  # noqa: PLC0415  start-up: 3.8 ms

        file, tree = {
            "gitlab": ("/-/blob", "/-/tree"),
            "gitea": ("/src/commit", "/src/commit"),
        }.get(self.layout, ("/blob", "/tree"))
        where = f"{file}/{commit}/{quote(path, safe='/~')}" if path else f"{tree}/{commit}"
        return f"{self.base}{where}" + (f"#{anchor}" if anchor else "")


def pages_of(context: Context) -> Pages | None:
    """The pages of the remote, or None where there are none: from ``forge.web_url`` and
    ``forge.repository``, else from the remote's URL. ``forge.pages`` names the layout where the
    host does not tell, or ``none``.

    Raises LeadlineError(usage, ``bad-pages``).
    """
    layout = str(context.settings.get("forge.pages") or "")
    if layout and layout not in LAYOUTS:
        raise usage(
            "bad-pages",
            f"forge.pages = {layout!r} is no layout of pages",
            why=f"known: {', '.join(LAYOUTS)}",
            do="leadline init --pages github",
        )
    remote = parse(context.vcs.remote_url(str(context.setting("remote"))))
    base = remote.web if remote else ""
    if web := str(context.settings.get("forge.web_url") or "").rstrip("/"):
        repository = str(
            context.settings.get("forge.repository") or (remote.path if remote else "")
        )
        base = f"{web}/{repository}" if repository else ""
    if not base or layout == "none":
        return None
    host = base.split("/")[2].lower()
    known = "gitea" if re.search(r"gitea|forgejo|codeberg", host) else "github"
    if "gitlab" in host:
        known = "gitlab"
    return Pages(base, layout or known)


def links_for(context: Context, thread: Thread) -> dict[str, str]:
    """Name to address for an update: ``logbook`` and ``tag`` where the remote has pages, pinned to
    a commit that holds the file; empty otherwise. With a forge outside, a sealed commit that the
    remote is not known to have is left out: only the record branch is sent along with a post."""
    pages = pages_of(context)
    if pages is None:
        return {}
    links: dict[str, str] = {}
    commit, path = _logbook_commit(context, thread)
    if commit:
        links["logbook"] = pages.page(commit, path)
    newest_first = reversed(thread.of_kind("snapshot"))
    sealed = (str(s.body.get("commit") or "") for s in newest_first if s.stands)
    at = next(filter(None, sealed), "")
    if at and linkable(context, thread, at):
        links["tag"] = pages.page(at)
    return links


def linkable(context: Context, thread: Thread, commit: str) -> bool:
    """Whether a text for the thread's forge may link to a commit that is not on the record branch."""
    forge = context.forge_kind(thread.issue.forge or context.chosen_forge)
    return not forge.outside or bool(known_there(context, [commit]))


def _logbook_commit(context: Context, thread: Thread) -> tuple[str, str]:
    """The newest commit that holds the logbook, and where: the record branch first, then the
    research branch."""
    branch = str(context.setting("record_branch"))
    places = [(f"refs/heads/{branch}", f"{thread.topic}/logbook.md")]
    if own := thread.about.get("branch"):
        places.append((f"refs/heads/{own}", logbook_path(context, thread.topic)))
    for ref, path in places:
        commit = context.vcs.ref(ref)
        if commit and context.vcs.file_at(commit, path) is not None:
            return commit, path
    return "", ""


# ---- is it there? --------------------------------------------------------------------------------


def known_there(context: Context, commits: Iterable[str]) -> set[str]:
    """Those of ``commits`` that the remote had when this repository last heard of it. Asks nobody."""
    remote = str(context.setting("remote"))
    heads = {
        *context.vcs.refs(f"refs/remotes/{remote}/").values(),
        *context.vcs.refs(f"refs/leadline/remotes/{remote}/").values(),
    }
    return context.vcs.reached(commits, heads)


def there_now(context: Context, commits: Iterable[str], remote: str | None = None) -> set[str]:
    """Those of ``commits`` that a ref of the remote reaches at this moment. Asks the remote once,
    and fetches a branch that has moved on where a commit cannot be placed otherwise. Raises
    LeadlineError(remote | not_found)."""
    wanted, name = set(commits), remote or str(context.setting("remote"))
    refs = context.vcs.remote_refs(name)
    found = context.vcs.reached(wanted, set(refs.values()))
    for ref, head in refs.items():
        if found == wanted:
            break
        seen = context.vcs.ref(_seen_as(name, ref)) if ref.startswith("refs/heads/") else None
        if (
            not context.vcs.commit_exists(head)
            and seen
            and context.vcs.reached(wanted - found, {seen})
        ):
            into = f"refs/leadline/remotes/{name}/heads/{ref.removeprefix('refs/heads/')}"
            context.vcs.fetch_ref(name, ref, into)
            found |= context.vcs.reached(wanted - found, {head})
    return found


def _seen_as(remote: str, ref: str) -> str:
    return f"refs/remotes/{remote}/{ref.removeprefix('refs/heads/')}"


def unpushed(context: Context, links: dict[str, str]) -> list[str]:
    """Names of links whose commit the remote is not known to have."""
    pinned = {
        n: m[1]
        for n, url in links.items()
        if (m := re.search(r"/([0-9a-f]{40,64})(?=[/#]|\Z)", url))
    }
    there = known_there(context, pinned.values()) if pinned else set()
    return [name for name, commit in pinned.items() if commit not in there]


class Link(NamedTuple):
    """A link of a text into this repository; ``commit`` "" when it is pinned to none."""

    shown: str
    commit: str
    path: str
    line: int


def links_in(context: Context, text: str) -> list[Link]:
    """Every link of ``text`` to a file or a tree of this repository."""
    pages = pages_of(context)
    found: list[Link] = []
    for pattern in (_PINNED, _TREE, _MOVING) if pages else ():
        for match in pattern.finditer(text):
            if text[: match.start()].endswith(str(pages and pages.base)):
                named = match.groupdict()
                line = text.count("\n", 0, match.start()) + 1
                found.append(
                    Link(match[0], named.get("commit") or "", named.get("path") or "", line)
                )
    return found


def without_links(context: Context, text: str, known: bool = False) -> str:
    """``text`` with the words alone of its links into this repository that the remote is not known
    to have (``known``: of those too that it has). Of a bare address the path and the commit stay."""
    pages = pages_of(context)
    if pages is None:
        return text
    address = rf"{re.escape(pages.base)}/[^\s)>\]]+"
    pinned = re.compile(rf"\[(?P<words>[^\]\n]*)\]\((?P<url>{address})\)|<?(?P<bare>{address})>?")
    commits = {link.commit for link in links_in(context, text) if link.commit}
    there = set() if known else known_there(context, commits)

    def words(found: re.Match[str]) -> str:
        link = next(iter(links_in(context, found["url"] or found["bare"])), None)
        if link is None or link.commit in there:
            return found[0]
        if found["bare"]:
            return f"`{link.path or 'tree'}` at `{link.commit[:12] or link.shown}`"
        return found["words"]

    return pinned.sub(words, text)


def refuse_unreachable(context: Context, text: str, verified: set[str] | None = None) -> None:
    """Before ``text`` is sent to a forge: every link into this repository is pinned to a commit
    that holds the file and that the remote has now. ``verified``: commits that were found there
    before; grows.

    Raises LeadlineError(remote): ``link-moves``, ``link-without-file``, ``link-not-on-remote``, or
    what keeps the remote from being asked.
    """
    from urllib.parse import unquote  # noqa: PLC0415  start-up: 3.8 ms

    verified = set() if verified is None else verified
    links = links_in(context, text)
    for link in links:
        if not link.commit:
            raise _unfit(
                "link-moves", f"{link.shown} follows a branch or tag", "what it shows will change"
            )
        problem = _problem(context, link.commit, unquote(link.path))
        if problem:
            raise _unfit("link-without-file", f"{link.shown} leads nowhere", problem)
    commits = {str(context.vcs.ref(f"{link.commit}^{{commit}}")): link for link in links}
    unsure = set(commits) - verified
    verified |= there_now(context, unsure) if unsure else set()
    if missing := sorted(unsure - verified):
        raise not_on_remote(str(context.setting("remote")), missing[0], commits[missing[0]].path)


def _unfit(code: str, what: str, why: str) -> LeadlineError:
    return remote(code, what, why=f"{why}; the text is recorded and waits", do="leadline sync")


def not_on_remote(
    name: str, commit: str, path: str = "", next_command: str = "leadline sync"
) -> LeadlineError:
    at = f" at {commit[:12]}" if commit else ""
    what = f"{path}{at}" if path else f"commit {commit[:12]}"
    return remote(
        "link-not-on-remote",
        f"{name} does not have {what}",
        why="a link to it would lead nowhere",
        do=next_command,
        details={"commit": commit, "path": path},
    )


# ---- in words ------------------------------------------------------------------------------------


def broken_links(context: Context, text: str) -> list[LintFinding]:
    """Links of ``text`` into this repository whose commit is unknown or lacks the file."""
    from urllib.parse import unquote  # noqa: PLC0415  start-up: 3.8 ms

    found = []
    for link in links_in(context, text):
        problem = _problem(context, link.commit, unquote(link.path)) if link.commit else ""
        if problem:
            found.append(
                LintFinding(
                    "link-without-file",
                    f"{problem}: {link.shown}",
                    f"line {link.line}",
                    "link to a commit that holds the file: git log --oneline -- PATH",
                )
            )
    return found


def _problem(context: Context, commit: str, path: str) -> str:
    try:
        if not context.vcs.commit_exists(commit):
            return f"commit {commit[:12]} is not in this repository"
        if not path or context.vcs.file_at(commit, path) is not None:
            return ""
        inside = context.vcs.read_tree_files(commit, path.rstrip("/") + "/")
        return "" if inside else f"commit {commit[:12]} has no such file"
    except LeadlineError:
        return f"commit {commit[:12]} cannot be read"

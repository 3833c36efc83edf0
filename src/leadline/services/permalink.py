"""Addresses that do not move: pages of a forge pinned to a commit, and what to type where there is no page.

Only the remote's URL is looked at, never the network. A commit is linked before it is pushed, since the record is to be
written first; the answer says when `leadline sync` has to follow.
"""

from __future__ import annotations

import re
from typing import Any

from leadline.core.errors import LeadlineError
from leadline.core.lint import Finding
from leadline.core.thread import Thread
from leadline.services.context import Context

IDS_SHOWN = 8
_SCP = re.compile(r"(?:[\w.-]+@)?(?P<host>[\w.-]+):(?!/)(?P<path>[^:]+)\Z")
_URL = re.compile(r"(?:https?|ssh|git)://(?:[^@/]+@)?(?P<host>[\w.-]+)(?::\d+)?/(?P<path>.+)\Z")
_PINNED = re.compile(r"/(?:-/)?(?:blob|raw|blame)/(?P<commit>[0-9a-f]{7,64})/(?P<path>[^\s)>\]#?]+)")


def web_address(remote_url: str | None) -> str | None:
    """The page of a repository: ``git@github.com:o/r.git`` -> ``https://github.com/o/r``; None for a path on disk."""
    found = _URL.match(remote_url or "") or _SCP.match(remote_url or "")
    if found is None or "." not in found["host"]:
        return None
    path = found["path"].strip("/").removesuffix(".git")
    return f"https://{found['host']}/{path}" if path else None


def page(base: str, commit: str, path: str = "") -> str:
    """The page of a file (or, without a path, of the tree) at a commit."""
    dash = "/-" if "gitlab" in base.split("/")[2] else ""
    return f"{base}{dash}/blob/{commit}/{path}" if path else f"{base}{dash}/tree/{commit}"


def links_for(context: Context, thread: Thread) -> dict[str, str]:
    """Name to address for an update: ``logbook`` and ``tag`` where the remote has pages, pinned to a commit that holds
    the file; empty otherwise."""
    base = web_address(context.vcs.remote_url(str(context.setting("remote"))))
    if base is None:
        return {}
    links: dict[str, str] = {}
    commit, path = _logbook_commit(context, thread)
    if commit:
        links["logbook"] = page(base, commit, path)
    snapshots = [s for s in thread.of_kind("snapshot") if s.stands and s.body.get("commit")]
    if snapshots:
        links["tag"] = page(base, str(snapshots[-1].body["commit"]))
    return links


def _logbook_commit(context: Context, thread: Thread) -> tuple[str, str]:
    """The newest commit that holds the logbook, and where: the record branch first, then the research branch."""
    from leadline.services.milestone import logbook_path

    branch = str(context.setting("record_branch"))
    places = [(f"refs/heads/{branch}", f"{thread.topic}/logbook.md")]
    if own := thread.about.get("branch"):
        places.append((f"refs/heads/{own}", logbook_path(context, thread.topic)))
    for ref, path in places:
        commit = context.vcs.ref(ref)
        if commit and context.vcs.file_at(commit, path) is not None:
            return commit, path
    return "", ""


def unpushed(context: Context, links: dict[str, str]) -> list[str]:
    """Names of links whose commit the remote is not known to have."""
    remote = str(context.setting("remote"))
    heads = [
        context.vcs.ref(f"refs/remotes/{remote}/{context.setting('record_branch')}"),
        context.vcs.ref(f"refs/remotes/{remote}/{context.vcs.current_branch() or ''}"),
    ]
    missing = []
    for name, url in links.items():
        pinned = re.search(r"/(?:blob|tree)/([0-9a-f]{40,64})", url)
        if pinned and not any(head and context.vcs.is_ancestor(pinned[1], head) for head in heads):
            missing.append(name)
    return missing


def how_to_read(thread: Thread, ids: list[str]) -> str:
    """What to type where no page can be linked."""
    shown = ", ".join(f"`leadline show {i}`" for i in ids[:IDS_SHOWN])
    return (
        shown + (f" and {len(ids) - IDS_SHOWN} more" if len(ids) > IDS_SHOWN else "")
        or f"`leadline logbook --thread {thread.topic}`"
    )


def broken_links(context: Context, text: str) -> list[Finding]:
    """Links of ``text`` into this repository whose commit is unknown or lacks the file."""
    base = web_address(context.vcs.remote_url(str(context.setting("remote"))))
    found: list[Finding] = []
    for match in _PINNED.finditer(text) if base else ():
        if not text[: match.start()].endswith(str(base)):
            continue
        line = f"line {text.count(chr(10), 0, match.start()) + 1}"
        problem = _problem(context, match["commit"], match["path"])
        if problem:
            found.append(
                Finding(
                    "link-without-file",
                    f"{problem}: {match[0]}",
                    line,
                    "link to a commit that holds the file: git log --oneline -- PATH",
                )
            )
    return found


def _problem(context: Context, commit: str, path: str) -> str:
    try:
        if not context.vcs.commit_exists(commit):
            return f"commit {commit[:12]} is not in this repository"
        return "" if context.vcs.file_at(commit, path) is not None else f"commit {commit[:12]} has no such file"
    except LeadlineError:
        return f"commit {commit[:12]} cannot be read"


def commit_records(context: Context) -> str:
    """Bring the record branch up to date before it is linked to; its commit, or "" where that cannot be done now."""
    try:
        from leadline.services import recordbranch

        return recordbranch.commit_records(context) or ""
    except (LeadlineError, OSError) as error:
        what: Any = error.what if isinstance(error, LeadlineError) else error
        context.warn(f"the record branch was not brought up to date: {what}")
        return ""

"""The choice of a thread's tracker and project: what may be chosen, and what a record of it may
hold."""

from __future__ import annotations

import re

from leadline.core.errors import LeadlineError, conflict, refused, usage
from leadline.core.plain import shell_words
from leadline.core.publish.remote_url import in_clear
from leadline.core.record.run import Run
from leadline.core.timestamps import counted
from leadline.core.tracker.reading import Choice
from leadline.core.typed import TYPE_CHECKING
from leadline.services.context import Context
from leadline.services.run.job_tracker import choice_of, redacted
from leadline.services.tracker.agreed_tracker import agree
from leadline.services.tracker.folder import check_name, shared_folder

if TYPE_CHECKING:
    from leadline.core.record.bodies import TrackerSetBody
    from leadline.core.tracker.rows import Chosen
    from leadline.ports.tracker_kind import TrackerKind

# What begins like one of these is an address, whichever tracker it is given to, and no folder.
SCHEMES = ("http", "https", "file", "sqlite", "ftp", "s3", "gs", "ssh")


def choose(
    context: Context,
    topic: str,
    tracker: str,
    project: str,
    *,
    at: str = "",
    live: bool = False,
    because: str = "",
) -> Chosen:
    """Choose the tracker and project of a thread, as a record. ``tracker`` "none" ends it.

    Raises LeadlineError: no such tracker, a bad name or address (usage); ``project-chosen``
    (conflict) when runs are in another project already and no reason is given.
    """
    thread = context.store.thread(topic)
    body: TrackerSetBody = {"tracker": "" if tracker == "none" else tracker, "project": project}
    if body["tracker"]:
        check_choice(context, tracker, project)
        body["at"] = _checked_address(context, tracker, project, at)
        # a warning: trackers inside a lab's own network are often served so
        if in_clear(body["at"]):
            context.warn(
                f"{body['at']} is not encrypted: numbers, and a key of {tracker} that is set, can be read on the way; "
                "https keeps them"
            )
        body["live"] = live
        by_folder = context.tracker_kind(tracker).by_folder
        if by_folder:
            body["at"] = shared_folder(context, tracker, at, live)
        agree(context, tracker, body["at"])
        asked = context.tracker_for(tracker) if by_folder and body["at"] else None
        if asked is not None and (why := asked.check(body["at"])["why"]):
            context.warn(why)
    now = choice_of(thread)
    before = {k: v for k, v in thread.tracker.items() if v not in ("", False)}
    if before == {k: v for k, v in body.items() if v not in ("", False)}:
        return {**body, "changed": False}
    moved = now is not None and (now.tracker, now.project) != (body["tracker"], project)
    there = [run for run in thread.runs if _is_in(run, now)]
    if moved and there and not because.strip():
        assert now is not None
        are = "is" if len(there) == 1 else "are"
        raise conflict(
            "project-chosen",
            f"{counted(len(there), 'run')} of {topic} {are} in {now.tracker}:{now.project}",
            why="runs that are compared share one project, and a run cannot be moved to another",
            do=_ways_out(topic, tracker, project, at, live),
        )
    if because.strip():
        body["because"] = redacted(context, because.strip())
    context.append(topic, "tracker-set", body)
    return {**body, "changed": True}


def _is_in(run: Run, choice: Choice | None) -> bool:
    """Whether a run was really made in the tracker: a job that made none there leaves nothing
    behind."""
    about = run.tracker
    return choice is not None and bool(about.get("id")) and about.get("tracker") == choice.tracker


def _ways_out(topic: str, tracker: str, project: str, at: str, live: bool) -> list[str]:
    """What to type instead, with the options that were given."""
    chosen = ["leadline", "tracker", "set", tracker, *filter(None, [project])]
    chosen += ["--at", at] if at else []
    chosen += ["--live"] if live else []
    because = shell_words([*chosen, "--because", "why the comparison ends here"])
    if tracker == "none":
        return [because]
    fresh = ["leadline", "start", f"{topic}-2"]
    if at or live:  # which only the second verb can be told
        return [f"{shell_words(fresh)} && {shell_words(chosen)}", because]
    return [shell_words([*fresh, "--tracker", tracker, "--tracker-project", project]), because]


def check_choice(context: Context, tracker: str, project: str) -> None:
    """Raises LeadlineError(usage): no such tracker, or no name for a project."""
    context.tracker_for(tracker)
    kind = context.tracker_kind(tracker)
    if looks_like_key(context, project):
        raise refused(
            "key-as-project",
            "the project's name is, or looks like, a key",
            why="names are recorded and shown; keys belong in the environment",
            do=[*_export(kind), f"leadline tracker set {tracker} my-project"],
        )
    wrong = [c for c in project if c in "/\\#?%:,\n\r\t\0" or not c.isprintable()]
    if not project.strip() or wrong or len(project) > 128 or project in (".", ".."):
        raise usage(
            "bad-project",
            f"{project[:140]!r} is no project name",
            why="1 to 128 characters, none of / \\ # ? % : ,",
            do=f"leadline tracker set {tracker} my-project",
        )
    if kind.by_folder:
        check_name(tracker, project)


def _export(kind: TrackerKind) -> list[str]:
    """What a person types to log in, "…" for the key; nothing where there is nothing to log in to."""
    return [f"export {' '.join(f'{name}=…' for name in kind.keys)}"] if kind.keys else []


def looks_like_key(context: Context, text: str) -> bool:
    """Whether ``text`` holds a secret of the environment, a well-known token, or what the keys of a
    tracker look like."""
    shapes = [context.tracker_kind(name).key_shape for name in context.tracker_names()]
    shaped = any(shape and re.search(shape, text) for shape in shapes)
    return shaped or context.redactor.text(text) != text


def _checked_address(context: Context, tracker: str, project: str, at: str) -> str:
    """An address is recorded and shown, so it holds no password; and it is of a kind that the
    tracker has."""
    from urllib.parse import urlsplit  # noqa: PLC0415  start-up: 3.8 ms

    kind = context.tracker_kind(tracker)
    try:
        parts = urlsplit(at)
        host = parts.hostname
    except ValueError:  # [ without ]
        raise _bad_address(kind, project, at) from None
    if at and ("@" in parts.netloc or parts.query or looks_like_key(context, at)):
        raise refused(
            "key-in-address",
            "the address holds a name, a password or a key",
            why="addresses are recorded; keys belong in the environment",
            do=[*_export(kind), "leadline tracker set … --at https://HOST"],
        )
    is_web = parts.scheme in ("http", "https")
    known = parts.scheme in kind.addresses and bool(host or not is_web)
    is_folder = "://" not in at and parts.scheme not in SCHEMES
    if at and not known and not (kind.takes_folder and is_folder):
        raise _bad_address(kind, project, at)
    return at.rstrip("/") if is_web else at


def _bad_address(kind: TrackerKind, project: str, at: str) -> LeadlineError:
    endings = {"http": "//HOST", "https": "//HOST"}
    takes = [f"{scheme}:{endings.get(scheme, '…')}" for scheme in kind.addresses]
    if kind.takes_folder:
        takes.append("a folder")
    example = "https://HOST" if kind.addresses else "/mnt/team/runs"
    return usage(
        "bad-address",
        f"{at[:200]!r} is no address for {kind.name}",
        why=f"it takes {', '.join(takes)}",
        do=shell_words(["leadline", "tracker", "set", kind.name, project, "--at", example]),
    )

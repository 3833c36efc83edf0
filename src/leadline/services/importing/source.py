"""What a source of an import is before it is read: its format, whether it is there, which options
are of use for it."""

from __future__ import annotations

import os

from leadline.core.errors import LeadlineError, not_found, usage
from leadline.core.plain import shell_word
from leadline.core.tracker.formats import FORMATS, KNOWN, SEVERAL
from leadline.core.typed import TYPE_CHECKING
from leadline.services.context import Context

if TYPE_CHECKING:
    from leadline.services.importing.request import ImportRequest


def place_of(context: Context, path: str, table: str) -> str:
    """Where a table stands, as every clone has it: two of one name are two."""
    return f"{_file_of(context, path)}{table and '#'}{table}"


def _file_of(context: Context, path: str) -> str:
    top = context.vcs.toplevel
    inside = os.path.relpath(os.path.realpath(path), os.path.realpath(top)) if top else path
    return path if inside.startswith("..") else inside.replace(os.sep, "/")


def of_tracker(format: str) -> bool:
    """Whether ``format`` is a tracker: one of ours, or a third party's, which only a look can tell
    from a mistake."""
    return format not in KNOWN


def format_of(context: Context, request: ImportRequest) -> str:
    """The format that was named, else that of the source's name or kind. LeadlineError: not_found
    (``no-such-file``), usage (``unknown-format``), both with the command that goes on."""
    source, path = request.source, os.path.join(context.cwd, request.source)
    if request.format:
        return request.format
    if ".tfevents." in os.path.basename(source) or _has_events(path):
        return "tensorboard"
    if os.path.isdir(path):
        refuse_as_trackers(context, source)
        return "folders"
    if format := FORMATS.get(_ending(source)) or _marked(context, source):
        if format == "sqlite":
            refuse_as_trackers(context, source)
        return format
    if not os.path.exists(path) and is_path(context, source):
        raise not_found("no-such-file", f"{source} does not exist", do="leadline import --help")
    if os.path.exists(path):
        refuse_as_trackers(context, source)
    if os.path.isfile(path) and not _ending(source):
        return "text"  # as what it was printed
    known = f"known: {', '.join(KNOWN)}, {', '.join(context.tracker_names())}"
    again = ["text", "csv"]
    if not os.path.exists(path):
        known = f"there is no file of that name, and a tracker's project needs --format; {known}"
        again = ["TRACKER"]
    raise usage(
        "unknown-format",
        f"what {source} holds cannot be told from its name",
        why=known,
        do=[f"leadline import {shell_word(source)} --format {format}" for format in again],
    )


def _has_events(path: str) -> bool:
    return any(".tfevents." in name for _, _, names in os.walk(path) for name in names)


def _ending(source: str) -> str:
    return os.path.splitext(source)[1].lower()


def _marked(context: Context, source: str) -> str:
    """The tracker that writes files with the ending of ``source``, "" when none does."""
    if not (ending := _ending(source)):
        return ""
    names = context.tracker_names()
    return next((name for name in names if ending in context.tracker_kind(name).marks), "")


def is_path(context: Context, source: str) -> bool:
    """Whether ``source`` can be nothing but a path, or names a place in a folder that is there. A
    project of a tracker may be called ``TEAM/PROJECT``."""
    if source.startswith(("/", "./", "../", "~")) or _ending(source) in FORMATS:
        return True
    if _marked(context, source):
        return True
    head = os.path.dirname(source.rstrip("/"))
    return source.endswith("/") or (bool(head) and os.path.isdir(os.path.join(context.cwd, head)))


def refuse_as_trackers(context: Context, source: str) -> None:
    """LeadlineError(usage, ``unknown-format``) with the command that takes ``source`` when a
    tracker's files are there and no event files; nothing when none are."""
    path = os.path.join(context.cwd, source)
    if _has_events(path):
        return
    for name in context.tracker_names():
        kind = context.tracker_kind(name)
        try:
            runs = context.tracker_for(name).stored(path)
        except (LeadlineError, OSError, ValueError):
            continue
        if any(kind.knows_broken or not run.problem for run in runs):
            raise usage(
                "unknown-format",
                f"{source} looks like {kind.files or kind.called or name}: --format {name}",
                why="a tracker's files are not told by their name",
                do=f"leadline import {shell_word(source)} --format {name}",
            )


def check_options(request: ImportRequest, format: str) -> None:
    """LeadlineError(usage, ``option-without-use``) for an option that ``format`` cannot follow."""
    if of_tracker(format):
        given = [("--key", request.key), ("--keep", request.keep != "first")]
        given.append(("--table", request.table))
        why = f"a run of {format} has an id of its own: rows of a table are told apart by --key and --keep"
    else:
        given = [
            ("--at", request.at),
            ("--run", request.runs),
            ("--unfinished", request.unfinished),
        ]
        if format not in SEVERAL:
            given.append(("--table", request.table))
        why = (
            f"{format} is no tracker and holds one table: it has no server, no run ids and no ends"
        )
    if useless := [name for name, said in given if said]:
        raise usage(
            "option-without-use",
            f"{useless[0]} has no use with {format}",
            why=why,
            do="leadline import --help",
        )

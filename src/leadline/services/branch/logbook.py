"""The logbook on request, and in the work tree: brought up to date at milestones, committed alone.

It is a rendering: losing it loses nothing, so nothing here may fail the verb that calls it, and a
reason comes back instead. What must never happen is that a person's edit is overwritten, so a file
is replaced only when it is known to be Leadline's own: it was rendered here, or git brought it and
the record says all that its entries say.
"""

from __future__ import annotations

import json
import os
from io import BytesIO

from leadline.core.canonical import digest_bytes, object_in
from leadline.core.errors import LeadlineError
from leadline.core.evidence.known import labels_for
from leadline.core.record.thread import Thread
from leadline.core.values import dataclass
from leadline.job.disk import open_small
from leadline.render.logbook.frame import HEADER_BEGIN, HEADER_END, NO_ENTRY
from leadline.services.context import Context
from leadline.services.out_path import behind_link, write_out, write_whole

RENDERINGS_REMEMBERED = 50


@dataclass(frozen=True)
class Published:
    """``logbook``: its path when the file is up to date; else ``skipped`` says why not, and ``next``
    what mends that."""

    logbook: str | None = None
    commit: str | None = None
    skipped: str = ""
    next: str = ""

    def as_dict(self) -> dict[str, object]:
        return dict(self.__dict__)


def logbook_data(context: Context, thread: Thread) -> bytes:
    """The research logbook of ``thread`` as it is rendered now: once for a verb that writes it to
    two places. Entry by entry: as one text a long one takes four times its size."""
    if context.rendered is None or context.rendered[0] is not thread:
        from leadline.render.logbook.entries import logbook_pieces  # noqa: PLC0415  start-up: 5 ms

        data = BytesIO()
        for piece in logbook_pieces(thread, labels_for(thread)):
            data.write(piece.encode())
        context.rendered = (thread, data.getvalue())
    return context.rendered[1]


@dataclass(frozen=True)
class Logbook:
    """``text`` is "" where it was written to ``path``."""

    text: str
    entries: int
    path: str

    def as_dict(self) -> dict[str, object]:
        return dict(self.__dict__)


def logbook(context: Context, topic: str, out: str | None = None, force: bool = False) -> Logbook:
    """The logbook on request; ``out``: written there (relative to where the user stands).

    Raises LeadlineError when it cannot be written, or would replace another's file without
    ``force``.
    """
    from leadline.render.logbook.entries import log_entries  # noqa: PLC0415  start-up: 5 ms

    thread = context.store.view(topic)
    data = logbook_data(context, thread)
    count = sum(1 for _ in log_entries(thread))
    if out:
        return Logbook("", count, write_out(context, out, data, "logbook", force=force))
    return Logbook(data.decode(), count, "")


def publish(
    context: Context, topic: str, why: str, *, replace_hand_edit: bool = False
) -> Published:
    """Render the logbook into the work tree and commit it alone on the thread's branch.

    Never raises for what git or the disk will not do now; the next milestone tries again.
    ``replace_hand_edit``: for ``adopt``, which has just taken the edit into the record.
    """
    try:
        if reason := _why_not_now(context, topic):
            return reason
        # Under the thread's lock: of two publishers the later one sees all that the earlier one
        # wrote.
        with context.store.transaction(topic):
            return _publish(context, context.store.view(topic), why, replace_hand_edit)
    except LeadlineError as error:
        return Published(skipped=error.what, next=next(iter(error.next), ""))
    except OSError as error:
        return Published(skipped=f"{error.strerror}: {error.filename}", next="leadline doctor")


def logbook_path(context: Context, topic: str) -> str:
    """Where the logbook of ``topic`` lies, relative to the top of the work tree."""
    folder = os.path.normpath(str(context.setting("logbook.folder")).strip("/") or ".")
    return f"{folder}/{topic}.md" if folder != "." else f"{topic}.md"


def hand_edited(context: Context, topic: str, thread: Thread) -> bool:
    """Whether the logbook in the work tree holds what Leadline did not render."""
    if not needs_rendering(context, topic):
        return False
    present = _read(os.path.join(context.toplevel, logbook_path(context, topic))) or b""
    own_log = HEADER_BEGIN.encode() not in present  # kept before there was a rendering
    if own_log and any(a.get("digest") == digest_bytes(present) for a in thread.adopted):
        return False
    return not _is_ours(context, topic, present, logbook_data(context, thread))


def needs_rendering(context: Context, topic: str) -> bool:
    """Whether only a rendering can tell that the logbook in the work tree is ours."""
    present = _read(os.path.join(context.toplevel, logbook_path(context, topic)))
    return bool(present) and digest_bytes(present or b"") not in _remembered(context, topic)


def _why_not_now(context: Context, topic: str) -> Published | None:
    if not context.setting("logbook.in_tree"):
        return Published(
            skipped="the logbook is kept out of the work tree (logbook.in_tree = false)",
            next="leadline logbook",
        )
    if context.vcs.toplevel is None:
        return Published(skipped="this repository has no work tree", next="leadline logbook")
    started = context.store.slice(topic, [], ("thread-started", "thread-changed"))
    branch = started.about.get("branch")
    current = context.vcs.current_branch()
    if branch and current != branch:
        return Published(skipped=f"branch {branch} is not checked out", next=f"git switch {branch}")
    if current is None:
        return Published(skipped="no branch is checked out", next="git switch BRANCH")
    return None


def _publish(context: Context, thread: Thread, why: str, replace_hand_edit: bool) -> Published:
    path = logbook_path(context, thread.topic)
    full = os.path.join(context.toplevel, path)
    if behind_link(context.toplevel, path):
        return Published(
            skipped=f"{path} is, or lies behind, a symbolic link",
            next="leadline init --logbook-folder PATH",
        )
    data = logbook_data(context, thread)
    present = _read(full)
    if (
        present is not None
        and not replace_hand_edit
        and not _is_ours(context, thread.topic, present, data)
    ):
        return Published(
            skipped=f"{path} was edited by hand and is left as it is", next="leadline adopt"
        )
    # Rendered and committed alone; whatever else is dirty or staged stays as it is.
    if present != data:
        _remember(context, thread.topic, data)
        write_whole(full, data, on_disk=True)
    title = f"logbook {thread.topic}: {why}"[:200]
    commit = context.vcs.commit_only(path, data, title, branch=thread.about.get("branch"))
    return Published(path, commit)


def _is_ours(context: Context, topic: str, present: bytes, rendered: bytes) -> bool:
    """Empty, as a power cut leaves it; rendered here; or brought by git (a clone, a pull) and every
    line of its entries stands in ``rendered`` too."""
    if not present or present == rendered or digest_bytes(present) in _remembered(context, topic):
        return True
    head = context.vcs.head()["commit"]
    if head is None or context.vcs.file_at(head, logbook_path(context, topic)) != present:
        return False
    known = set(rendered.splitlines())
    return all(line in known for line in _entries(present) if line.strip())


def _entries(data: bytes) -> list[bytes]:
    """The lines behind the header; what the header says is derived anew each time."""
    before, marker, after = data.partition(HEADER_END.encode())
    return [
        line for line in (after if marker else before).splitlines() if line != NO_ENTRY.encode()
    ]


def _memory(context: Context, topic: str) -> str:
    return os.path.join(context.root, "rendered", f"{topic}.json")


def _remembered(context: Context, topic: str) -> list[str]:
    try:
        with open(open_small(_memory(context, topic)), "rb") as file:
            found = object_in(file.read()).get("digests")
    except OSError:
        return []
    return [str(digest) for digest in found] if isinstance(found, list) else []


def _remember(context: Context, topic: str, data: bytes) -> None:
    """Before the file is written: a crash in between must not make our own rendering look like a
    hand edit."""
    digests = [d for d in _remembered(context, topic) if d != digest_bytes(data)] + [
        digest_bytes(data)
    ]
    kept = {
        "path": logbook_path(context, topic),
        "digest": digests[-1],
        "digests": digests[-RENDERINGS_REMEMBERED:],
    }
    write_whole(_memory(context, topic), json.dumps(kept).encode())


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None

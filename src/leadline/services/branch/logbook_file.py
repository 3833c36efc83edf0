"""The logbook on request: as text, or as a file of the user's choice."""

from __future__ import annotations

import os

from leadline.core.errors import environment
from leadline.core.typed import Any
from leadline.render.logbook.entries import entries
from leadline.services.branch.logbook import logbook_text
from leadline.services.context import Context
from leadline.services.out_path import check_folder


def logbook(context: Context, topic: str, out: str | None = None) -> dict[str, Any]:
    """``{"text", "entries", "path"}``; ``out``: written there (relative to where the user stands).

    Raises LeadlineError(environment) when it cannot be written.
    """
    text = logbook_text(context, context.store.thread(topic))
    path = write_out(context, out, text) if out else ""
    return {"text": "" if out else text, "entries": len(entries(text)), "path": path}


def write_out(context: Context, out: str, text: str, own: bool = False) -> str:
    """Write a file that the user named; an existing one is replaced whole. ``own``: the place is
    ours, and its folder is made. Returns its absolute path.

    Raises LeadlineError(environment): ``no-folder``, ``cannot-write``.
    """
    path = os.path.abspath(os.path.join(context.cwd, os.path.expanduser(out)))
    if not own:
        check_folder(path)
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        if own:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(temporary, "w", encoding="utf-8", errors="replace", newline="\n") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError as error:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise environment(
            "cannot-write",
            f"cannot write {path}: {error.strerror or error}",
            do="choose another --out",
        ) from None
    return path

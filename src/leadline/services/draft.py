"""Texts that were refused, kept where nothing else looks: what somebody typed is not to be typed again."""

from __future__ import annotations

import os

from leadline.services.context import Context


def keep_draft(context: Context, verb: str, text: str) -> str:
    """Keep ``text`` as the draft of ``verb`` in the git directory, in place of the one before;
    returns its path, "" where it cannot be written: a refusal is to be said whatever happens."""
    folder = os.path.join(context.root, "drafts")
    path = os.path.join(folder, f"{verb}.md")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        # half a character of the command line goes back to the bytes that it was
        with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(context.hiding("the draft").text(text) + "\n")
    except (OSError, ValueError):
        return ""
    return path

"""Small files of the kernel below a root folder, read without complaint: what cannot be read is empty or None.

``root`` stands for ``/`` so that another machine can be described from a copy of its files, in tests and elsewhere.
"""

from __future__ import annotations

import os


def read(root: str, path: str) -> str:
    """The text of a file; empty when it cannot be read."""
    try:
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
            return file.read()
    except (OSError, ValueError):
        return ""


def word(root: str, path: str) -> str:
    """The text of a file without space around it, or ``unknown``."""
    return read(root, path).strip() or "unknown"


def listed(root: str, path: str) -> list[str] | None:
    """The names in a folder; None when it cannot be read."""
    try:
        return sorted(os.listdir(os.path.join(root, path)))
    except OSError:
        return None

"""Small files of the kernel below a root folder, read without complaint: what cannot be read is
empty or None.

``root`` stands for ``/`` so that another machine can be described from a copy of its files, in
tests and elsewhere.
"""

from __future__ import annotations

import os


def read(root: str, path: str) -> str:
    """The text of a file; empty when it cannot be read."""
    pieces = []
    # without a file object: a preflight reads a file of every process, and making one takes longer
    # than reading
    try:
        fd = os.open(os.path.join(root, path), os.O_RDONLY | os.O_CLOEXEC)
        try:
            while piece := os.read(fd, 1 << 16):
                pieces.append(piece)
        finally:
            os.close(fd)
    except (OSError, ValueError):
        return ""
    return b"".join(pieces).decode("utf-8", "replace")


def word(root: str, path: str) -> str:
    """The text of a file without space around it, or ``unknown``."""
    return read(root, path).strip() or "unknown"


def listed(root: str, path: str) -> list[str] | None:
    """The names in a folder; None when it cannot be read."""
    try:
        return sorted(os.listdir(os.path.join(root, path)))
    except OSError:
        return None

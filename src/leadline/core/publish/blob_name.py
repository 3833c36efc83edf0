"""The name that git gives a content, without asking git."""

from __future__ import annotations

from leadline.core.canonical import sha1_for, sha256_for


def blob_name(data: bytes, width: int = 40) -> str:
    """``width``: of the names in this repository, 40 for SHA-1 and 64 for SHA-256."""
    algorithm = (sha1_for if width == 40 else sha256_for)(len(data))
    name: str = algorithm(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
    return name

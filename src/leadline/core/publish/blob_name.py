"""The name that git gives a content, without asking git."""

from __future__ import annotations

import hashlib


def blob_name(data: bytes, width: int = 40) -> str:
    """``width``: of the names in this repository, 40 for SHA-1 and 64 for SHA-256."""
    algorithm = hashlib.sha1 if width == 40 else hashlib.sha256
    return algorithm(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()

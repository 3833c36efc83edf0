"""Content-addressed bytes under ``blobs/<2>/<rest>``: equal content is stored once, damage is noticed on reading."""

from __future__ import annotations

import os

from leadline.adapters.files import read_bytes, write_atomically
from leadline.core.canonical import digest_bytes
from leadline.core.errors import LeadlineError


class FileBlobs:
    def __init__(self, root: str) -> None:
        self.root = root

    def path(self, digest: str) -> str:
        name = digest.removeprefix("sha256:")
        return os.path.join(self.root, name[:2], name[2:])

    def put(self, data: bytes) -> str:
        digest = digest_bytes(data)
        path = self.path(digest)
        if not os.path.exists(path):
            write_atomically(path, data)
        return digest

    def has(self, digest: str) -> bool:
        return os.path.exists(self.path(digest))

    def get(self, digest: str) -> bytes:
        data = read_bytes(self.path(digest))
        if data is None:
            raise LeadlineError(
                "not_found",
                "blob-missing",
                f"{digest[:19]} is not on this machine",
                "large payloads stay where they were made",
                "leadline sync",
            )
        if digest_bytes(data) != digest:
            raise LeadlineError(
                "check_failed",
                "blob-damaged",
                f"{self.path(digest)} does not have its digest",
                "the file was changed or the disk is damaged",
                "leadline verify",
            )
        return data

"""Content-addressed bytes under ``blobs/<2>/<rest>``: equal content is stored once, damage is
noticed on reading and mended by writing the same again."""

from __future__ import annotations

import errno
import os

from leadline.adapters.files import (
    as_user_error,
    at_once,
    copy_file,
    make_folders,
    read_bytes,
    set_aside,
    write_atomically,
)
from leadline.core.canonical import digest_bytes, digest_of_file, is_digest
from leadline.core.errors import LeadlineError, check_failed, not_found
from leadline.job.disk import sync_folder


class FileBlobs:
    def __init__(self, root: str) -> None:
        self.root = root

    def path(self, digest: str) -> str:
        name = digest.removeprefix("sha256:")
        return os.path.join(self.root, name[:2], name[2:])

    def put(self, data: bytes) -> str:
        digest = digest_bytes(data)
        path = self.path(digest)
        if not self._is(path, data):
            write_atomically(path, data)
        return digest

    @staticmethod
    def _is(path: str, data: bytes) -> bool:
        try:
            with open(path, "rb", opener=at_once) as file:
                return file.read() == data
        except OSError:
            return False

    def set_aside(self, digest: str) -> str:
        return set_aside(self.path(digest))

    def has(self, digest: str) -> bool:
        return os.path.exists(self.path(digest))

    def place(self, digest: str) -> str:
        path = self.path(digest)
        return path if os.path.exists(path) else ""

    def size_bytes(self, digest: str) -> int | None:
        try:
            return os.stat(self.path(digest)).st_size
        except OSError:
            return None

    def take(self, path: str, digest: str) -> None:
        target = self.path(digest)
        try:
            if not os.path.exists(path):
                if os.path.exists(target):
                    return
            # one cut short is no reason to drop a whole one
            elif self.size_bytes(digest) == os.stat(path).st_size:
                os.unlink(path)
                return
            make_folders(os.path.dirname(target))
            try:
                os.rename(path, target)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                copy_file(path, target)
                os.unlink(path)
            sync_folder(os.path.dirname(target))
        except OSError as error:
            raise as_user_error(error, target) from error

    def get(self, digest: str) -> bytes:
        data = read_bytes(self.path(digest))
        if data is None:
            raise _missing(digest)
        if digest_bytes(data) != digest:
            raise self._damaged(digest)
        return data

    def check(self, digest: str) -> None:
        if not is_digest(digest):  # of another program's record: no path is made of it
            raise _missing(digest)
        try:
            with open(self.path(digest), "rb", opener=at_once) as file:
                found = digest_of_file(file)
        except FileNotFoundError:
            raise _missing(digest) from None
        except OSError as error:
            raise as_user_error(error, self.path(digest)) from error
        if found != digest:
            raise self._damaged(digest)

    def _damaged(self, digest: str) -> LeadlineError:
        return check_failed(
            "blob-damaged",
            f"{self.path(digest)} does not have its digest",
            why="the file was changed or the disk is damaged",
            do="leadline verify",
        )


def _missing(digest: str) -> LeadlineError:
    return not_found(
        "blob-missing",
        f"{digest[:19]} is not on this machine",
        why="large payloads stay where they were made",
        do="leadline sync",
    )

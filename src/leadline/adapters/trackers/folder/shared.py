"""A folder of ours among those of others: what is written in it goes through its open handle, never
through a name that somebody may have put a link in the place of.

Only folders that belong to this user are entered, and no rights are changed but of what was made here
a moment ago, by its own handle.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterable

from leadline.core.typed import TYPE_CHECKING
from leadline.job.disk import open_to_read

if TYPE_CHECKING:
    from leadline.core.record.bodies import SentFile

_AS_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class OwnFolder:
    """Use as a context manager. ``mode``: the rights of the folders in it; files get those of them
    that files have."""

    def __init__(self, fd: int, path: str, mode: int) -> None:
        self.fd, self.path, self.mode = fd, path, mode

    @classmethod
    def enter(cls, path: str, mode: int, at: int | None = None) -> OwnFolder:
        """An existing folder, by its name in the folder ``at`` or by its path. Raises OSError: it is
        none, a link, or belongs to somebody else."""
        fd = os.open(path, _AS_FOLDER, dir_fd=at)
        if os.fstat(fd).st_uid != os.geteuid():
            os.close(fd)
            raise PermissionError(errno.EPERM, "it belongs to somebody else", path)
        return cls(fd, path, mode)

    @classmethod
    def make(cls, name: str, mode: int, at: int) -> OwnFolder:
        """A new folder that nobody else may enter until ``open_up``."""
        os.mkdir(name, 0o700, dir_fd=at)
        return cls.enter(name, mode, at)

    def __enter__(self) -> OwnFolder:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)

    def open_up(self) -> None:
        os.fchmod(self.fd, self.mode)

    def sync(self) -> None:
        os.fsync(self.fd)

    def inside(self, name: str) -> OwnFolder:
        """The folder ``name`` in this one, made if need be."""
        try:
            made = self.make(name, self.mode, self.fd)
        except FileExistsError:
            return self.enter(name, self.mode, self.fd)
        made.open_up()
        return made

    def write(self, name: str, pieces: Iterable[bytes]) -> SentFile:
        """A whole file, below this folder by ``/``, on the disk under its name; its size and digest.
        Raises OSError."""
        first, slash, rest = name.partition("/")
        if slash:
            with self.inside(first) as folder:
                written = folder.write(rest, pieces)
                folder.sync()
            return written
        part = f"{name}.part"
        try:
            os.unlink(part, dir_fd=self.fd)
        except FileNotFoundError:
            pass
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        hashing, size = hashlib.sha256(), 0
        with open(os.open(part, flags, 0o600, dir_fd=self.fd), "wb") as file:
            for piece in pieces:
                file.write(piece)
                hashing.update(piece)
                size += len(piece)
            file.flush()
            os.fchmod(file.fileno(), self.mode & 0o666)
            os.fsync(file.fileno())
        os.rename(part, name, src_dir_fd=self.fd, dst_dir_fd=self.fd)
        return {"size_bytes": size, "digest": "sha256:" + hashing.hexdigest()}

    def read(self, name: str) -> bytes:
        """A file of this folder. Raises OSError: it is none, or a link."""
        with open(open_to_read(name, self.fd), "rb") as file:
            return file.read()

"""Files and folders of ours: on the disk when a call returns, as open as the folder they lie in, and
reached through no link.

What is made in a folder takes over its rights: only who may look into the folder may read the file,
and in a shared one (with the set-group-id bit, as git makes them) whoever may write there may write
the file, whatever our umask is. Nothing has to be told how open a repository is, not even a job on
another machine.

Standard library only, since jobs import it.
"""

from __future__ import annotations

import errno
import os
import stat
import sys

MOST_OWN_BYTES = 64 << 20
READ_BYTES = 1 << 16

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def sync_folder(folder: str) -> None:
    """Bring the names in a folder to the disk. Raises OSError."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    except OSError as e:
        if e.errno not in (errno.EINVAL, errno.EBADF):  # file systems that cannot sync a folder
            raise
    finally:
        os.close(fd)


def make_folders(path: str, mode_in: Callable[[str], int] | None = None) -> None:
    """Make ``path`` and what is missing above it, each with its name on the disk. ``mode_in``: the
    rights of a folder made in this one (default: its own). Raises OSError."""
    sync_folders(made_folders(path, mode_in))


def sync_folders(folders: list[str]) -> None:
    """Raises OSError."""
    for folder in folders:
        sync_folder(folder)


def made_folders(path: str, mode_in: Callable[[str], int] | None = None) -> list[str]:
    """As ``make_folders``, but nothing is on the disk yet: what is to be synced for it, once all is
    there that is to lie in ``path``. The lowest is first, since without a journal a name may come to
    the disk before what it names; the last is where the first of them was made. Raises OSError."""
    missing = []
    above = path
    while not os.path.lexists(above):
        missing.append(above)
        above = os.path.dirname(above)
    for folder in reversed(missing):
        mode = (mode_in or folder_mode)(os.path.dirname(folder))
        try:
            os.mkdir(folder, mode)
        except (
            FileExistsError
        ):  # somebody was quicker; whether its name is on the disk is not known
            pass
        else:
            if mode & stat.S_ISGID:
                os.chmod(folder, mode)
    return [*missing, above] if missing else []


def folder_mode(parent: str) -> int:
    """The rights of a folder made in ``parent``."""
    return os.stat(parent).st_mode & 0o2777


def open_to_read(path: str, folder: int | None = None) -> int:
    """Open a file in a folder that others may write in: a regular one, and no link to another.
    ``folder``: an open one that the path begins in. Raises OSError."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    fd = os.open(path, flags, dir_fd=folder)
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return fd
    os.close(fd)
    raise OSError(errno.EINVAL, "it is no regular file", path)


def read_all(fd: int, most_bytes: int = -1) -> bytes:
    """What an open file holds from here on (its beginning, where a limit is given), which is closed:
    for what is small and read often, since a file object asks the system four things more of each.
    Raises OSError."""
    try:
        limit = most_bytes if most_bytes >= 0 else sys.maxsize
        data = os.read(fd, min(limit, max(os.fstat(fd).st_size, READ_BYTES) + 1))
        pieces = [data]
        while data and (limit := limit - len(data)):
            data = os.read(fd, min(limit, READ_BYTES))
            pieces.append(data)
        return b"".join(pieces)
    finally:
        os.close(fd)


def write_all(fd: int, data: bytes) -> None:
    """Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def open_small(path: str) -> int:
    """``open_to_read`` for a small file of our own that is made again where it is damaged: one larger
    than any of them is as well. Raises OSError."""
    fd = open_to_read(path)
    if os.fstat(fd).st_size <= MOST_OWN_BYTES:
        return fd
    os.close(fd)
    raise OSError(errno.EFBIG, "it is larger than any of its kind", path)


def open_anew(path: str) -> int:
    """Open a new file of ours for writing; what has its name, left by a process that was killed or
    put there by another, is removed first. Raises OSError."""
    try:
        return open_in_place(path, os.O_WRONLY | os.O_EXCL)
    except FileExistsError:
        os.unlink(path)
        return open_in_place(path, os.O_WRONLY | os.O_EXCL)


def discard(path: str) -> None:
    """Remove a file where it is there and can be removed."""
    try:
        os.unlink(path)
    except OSError:
        pass


def open_in_place(path: str, flags: int, mode: int = 0o666) -> int:
    """Open a file of ours, made if need be (``os.O_CREAT`` is added) with those of the rights
    ``mode`` that its folder has. A link in its place is not followed. Raises OSError."""
    flags |= os.O_CLOEXEC | os.O_NOFOLLOW
    if not flags & os.O_EXCL:
        try:
            return os.open(path, flags)
        except FileNotFoundError:
            pass
    folder = os.stat(os.path.dirname(path) or ".").st_mode
    mode &= folder & 0o666
    if not folder & stat.S_ISGID:
        return os.open(path, flags | os.O_CREAT, mode)
    try:
        fd = os.open(path, flags | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        if flags & os.O_EXCL:
            raise
        return os.open(path, flags)
    os.fchmod(fd, mode)
    return fd

"""Durable file operations and their failures in words: the one place that knows fsync, rename and
errno."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping

from leadline.core.contexts import contextmanager
from leadline.core.errors import LeadlineError, environment
from leadline.job import disk
from leadline.job.disk import (
    discard,
    open_anew,
    open_in_place,
    read_all,
    sync_folder,
    write_all,
)


def as_user_error(error: OSError, path: str) -> LeadlineError:
    """What an OSError on a file of ours means for a user."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return environment(
            "disk-full",
            f"cannot write {path}: no space left",
            why="nothing was half-written and no record was lost; free some space",
            do="leadline doctor",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return environment(
            "read-only",
            f"cannot write {path}: {os.strerror(error.errno or 0)}",
            why="Leadline keeps its records under the git common dir",
            do="leadline doctor",
        )
    return environment(
        "cannot-write", f"cannot write {path}: {error.strerror or error}", do="leadline doctor"
    )


def make_folders(path: str) -> None:
    """Make ``path`` and what is missing above it, with their names on the disk. The first of ours, in
    the git directory, is as open as ``core.sharedRepository`` says; those in it are as open as it.
    Raises OSError."""
    if not os.path.isdir(path):
        disk.make_folders(path, _mode_in)


def tighten(root: str) -> None:
    """Give our folder in the git directory the rights that it would be made with, if it is ours to
    change; what lies in it cannot be reached otherwise."""
    try:
        os.chmod(root, _mode_in(os.path.dirname(root)))
    except OSError:
        pass


def _mode_in(parent: str) -> int:
    if os.path.isdir(os.path.join(parent, "objects")) and os.path.isdir(
        os.path.join(parent, "refs")
    ):
        from leadline.adapters.sharing import (
            mode_of_folders,  # once in the life of a repository
        )

        return mode_of_folders(parent)
    return disk.folder_mode(parent)


def write_atomically(path: str, data: bytes | Iterable[bytes], durable: bool = True) -> None:
    """Write by a temporary name and rename; after a crash the file is the old or the new one.
    ``data`` may come in pieces, so that what is large need not be held.

    Raises LeadlineError(environment).
    """
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        make_folders(os.path.dirname(path))
        fd = open_anew(temporary)
        try:
            for piece in (data,) if isinstance(data, bytes) else data:
                write_all(fd, piece)
            if durable:
                os.fsync(fd)
        finally:
            os.close(fd)
        if os.path.isdir(path) and not os.path.islink(path):
            set_aside(path)
        os.replace(temporary, path)
        if durable:
            sync_folder(os.path.dirname(path))
    except BaseException as error:
        discard(temporary)
        if isinstance(error, OSError):
            raise as_user_error(error, path) from error
        raise


def write_cache(path: str, value: Mapping[str, object]) -> None:
    """Best effort: a cache that cannot be written costs time, never a record."""
    try:
        write_atomically(path, json.dumps(value).encode(), durable=False)
    except LeadlineError:
        return


def write_over(path: str, data: bytes) -> None:
    """Write a note in its place, without a new file and a wait for the disk: for what is written at
    each record. A crash may leave a part of it, which who reads it can tell. What has its place and
    is no file is set aside. Raises OSError."""
    if not os.path.exists(path):
        make_folders(os.path.dirname(path))
    try:
        fd = _open_note(path)
    except OSError:
        set_aside(path)
        fd = _open_note(path)
    try:
        write_all(fd, data)
        os.ftruncate(fd, len(data))
    finally:
        os.close(fd)


def _open_note(path: str) -> int:
    fd = open_in_place(path, os.O_WRONLY | os.O_NONBLOCK)  # nobody may read the pipe that is there
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return fd
    os.close(fd)
    raise OSError(errno.EINVAL, "it is no regular file", path)


def set_aside(path: str) -> str:
    """Move what stands in the place of a file of ours out of the way; where it is now, beside it."""
    aside = f"{path}.{os.urandom(4).hex()}.aside"
    os.rename(path, aside)
    return aside


def copy_file(source: str, target: str) -> None:
    """Copy a file durably, a piece at a time; ``target`` is there whole or not at all. Raises
    OSError."""
    temporary = f"{target}.{os.getpid()}.tmp"
    try:
        with (
            open(source, "rb") as reading,
            open(open_anew(temporary), "wb") as writing,
        ):
            while chunk := reading.read(1 << 20):
                writing.write(chunk)
            writing.flush()
            os.fsync(writing.fileno())
        os.replace(temporary, target)
    except BaseException:
        discard(temporary)
        raise


def at_once(path: str, flags: int) -> int:
    """An ``opener`` for what may be no file: a pipe would be waited for, and a device read for ever."""
    fd = os.open(path, flags | os.O_NONBLOCK)
    kind = os.fstat(fd).st_mode
    if stat.S_ISREG(kind) or stat.S_ISDIR(kind):  # a folder is refused by who opened it
        return fd
    os.close(fd)
    raise OSError(errno.EINVAL, "it is no regular file", path)


def read_bytes(path: str, most_bytes: int = -1) -> bytes | None:
    """The file's content (its beginning, where a limit is given), or None when it is not there."""
    try:
        return read_all(at_once(path, os.O_RDONLY | os.O_CLOEXEC), most_bytes)
    except (FileNotFoundError, IsADirectoryError):
        return None


def lock_of(root: str, what: str) -> str:
    """The lock of what belongs to no thread: a name that no topic can have."""
    return os.path.join(root, "locks", f"+{what}.lock")


@contextmanager
def locked(path: str) -> Iterator[int]:
    """Hold an exclusive lock for a short write; the open lock file. The kernel frees it when the
    process ends, however it ends."""
    fd = _hold(path)
    try:
        yield fd
    finally:
        os.close(fd)


@contextmanager
def locked_in_turn(path: str, turn: str) -> Iterator[None]:
    """The same, for what is held again and again: whoever waits for ``path`` holds ``turn``
    meanwhile, and so comes before who had it last."""
    waiting = _hold(turn)
    try:
        fd = _hold(path)
    finally:
        os.close(waiting)
    try:
        yield
    finally:
        os.close(fd)


def _hold(path: str) -> int:
    import fcntl

    try:
        while True:
            try:
                fd = open_in_place(path, os.O_RDWR)
            except FileNotFoundError:
                make_folders(os.path.dirname(path))
                fd = open_in_place(path, os.O_RDWR)
            except IsADirectoryError:
                set_aside(path)
                fd = open_in_place(path, os.O_RDWR)
            fcntl.flock(fd, fcntl.LOCK_EX)
            if _is_at(fd, path):
                return fd
            os.close(fd)  # somebody deleted it while we waited: who comes now locks another one
    except OSError as error:
        raise as_user_error(error, path) from error


def _is_at(fd: int, path: str) -> bool:
    try:
        there = os.stat(path)
    except FileNotFoundError:
        return False
    return os.path.samestat(there, os.fstat(fd))

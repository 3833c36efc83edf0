"""What git wrote is on the disk before anybody is told its name.

git leaves loose objects and refs to the kernel's writeback, and syncs no folder at all: after a
power cut they are empty or gone. So git is asked to sync what it writes for us (``program.py``), and
``settle`` brings to the disk what that leaves out: the names in the folders, and the objects that the
user's own git wrote a moment ago, which a code state rests on as well.

What was settled is remembered by the time of each folder, so that a call looks at some 260 folders
(0.3 ms) and syncs only what came since. Without a memory everything of the last hour is taken for
unsettled: the kernel writes back within half a minute.

Turned down: ``syncfs`` for every call (it waits for what a training writes to the same disk), git's
batch mode alone (it relies on one sync bringing the others along: ext2 and btrfs do not), packs
(many small ones, where git's own collection would do the same work again).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator

from leadline.adapters.files import make_folders, read_bytes
from leadline.adapters.git.program import GitProgram
from leadline.core.canonical import object_in
from leadline.core.typed import TYPE_CHECKING
from leadline.job.disk import open_in_place, sync_folder

if TYPE_CHECKING:
    Times = dict[str, int]  # folder of objects -> its modification time in ns when it was settled

UNSETTLED_NS = 3600 * 10**9
TICK_NS = 20 * 10**6  # a folder may get another file without a new time within one
ALL_AT_ONCE = 100  # files; more are left to one sync of the whole file system
MARKS = (".promisor", ".keep")  # of packs; they may be empty


class Damaged(Exception):
    """Loose objects that are empty or no objects: what a power cut left of them."""

    def __init__(self, paths: list[str]) -> None:
        self.paths = paths


def settle(git: GitProgram) -> None:
    """Bring all objects and their names to the disk. Raises OSError, Damaged."""
    objects = os.path.join(git.common_dir, "objects")
    place = os.path.join(git.common_dir, "leadline", "code-index", "settled.json")
    known: Times = object_in(read_bytes(place) or b"")
    now_ns = _file_system_time(place)
    folders = _folder_times(objects)
    young: list[str] = []
    changed = [name for name, at in folders.items() if known.get(name) != at]
    for name in changed:
        since = known.get(name, now_ns - UNSETTLED_NS)
        if folders[name] < since:  # a clock was put back
            since = 0
        young += _young(os.path.join(objects, name), since)
    _sync_files(young)
    for name in changed:
        try:
            sync_folder(os.path.join(objects, name))
        except FileNotFoundError:
            pass  # here and below: git has packed it meanwhile
    if any(name not in known for name in changed):
        sync_folder(objects)
    if changed:
        # One that changed within this tick is looked at again, for what it may get within it.
        times = {name: at - 1 if abs(now_ns - at) < TICK_NS else at for name, at in folders.items()}
        with open(open_in_place(place, os.O_WRONLY | os.O_TRUNC), "w", encoding="utf-8") as file:
            json.dump(times, file)


def _file_system_time(place: str) -> int:
    """Now, by the clock that the files' times come from."""
    make_folders(os.path.dirname(place))
    fd = open_in_place(f"{place}.now", os.O_WRONLY)
    try:
        os.utime(fd)
        return os.fstat(fd).st_mtime_ns
    finally:
        os.close(fd)


def _folder_times(objects: str) -> Times:
    times: Times = {}
    with os.scandir(objects) as entries:
        for entry in entries:
            if len(entry.name) == 2 or entry.name == "pack":
                try:
                    times[entry.name] = entry.stat().st_mtime_ns
                except FileNotFoundError:
                    pass
    return times


def _young(folder: str, since_ns: int) -> Iterator[str]:
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return
    for name in names:
        path = os.path.join(folder, name)
        try:
            objects = not name.startswith("tmp_") and not name.endswith(MARKS)
            if objects and os.stat(path).st_ctime_ns >= since_ns:
                yield path
        except FileNotFoundError:
            pass


def _sync_files(paths: list[str]) -> None:
    if len(paths) > ALL_AT_ONCE:
        damaged = [path for path in paths if _is_empty(path)]
        if not damaged:
            _sync_file_system(os.path.dirname(paths[0]))
    else:
        damaged = [path for path in paths if not _sync_file(path)]
    if damaged:
        raise Damaged(damaged)


def _sync_file(path: str) -> bool:
    """False when there is nothing in it."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return True
    try:
        os.fsync(fd)
        return os.fstat(fd).st_size > 0
    finally:
        os.close(fd)


def _is_empty(path: str) -> bool:
    try:
        return os.stat(path).st_size == 0
    except FileNotFoundError:
        return False


def _sync_file_system(folder: str) -> None:
    import ctypes

    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        call = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
        if call is None:
            os.sync()
        elif call(fd) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), folder)
    finally:
        os.close(fd)


def settle_index(git: GitProgram, branch: str | None) -> None:
    """Bring to the disk what the user's git says is checked out and staged: what is recorded is told
    apart from it, and a broken one would stop every later capture. Raises OSError."""
    for path in (os.path.join(git.git_dir, "index"), os.path.join(git.git_dir, "HEAD")):
        _sync_file(path)
    sync_folder(git.git_dir)
    if branch is not None:
        _sync_file(os.path.join(git.common_dir, f"refs/heads/{branch}"))
        settle_ref(git, f"refs/heads/{branch}")


def settle_ref(git: GitProgram, name: str) -> None:
    """Bring the folders that a ref lies in to the disk; git has synced its file. Raises OSError."""
    if os.path.isdir(tables := os.path.join(git.common_dir, "reftable")):
        sync_folder(tables)
        return
    folder = os.path.dirname(os.path.join(git.common_dir, name))
    while len(folder) > len(git.common_dir):
        if os.path.isdir(folder):
            sync_folder(folder)
        folder = os.path.dirname(folder)


def are_here(git: GitProgram, names: Iterable[str]) -> bool:
    """Whether every one of these is a loose object with something in it; a look at each file."""
    objects = os.path.join(git.common_dir, "objects")
    try:
        return all(os.stat(f"{objects}/{name[:2]}/{name[2:]}").st_size for name in names)
    except OSError:
        return False


# --- what a power cut left ------------------------------------------------------------------------


def set_aside_damaged(git: GitProgram) -> list[str]:
    """Move loose objects that are none out of git's way, to where they can be looked at: git takes
    what has the name for being there and would never write it again. Returns their names."""
    objects = os.path.join(git.common_dir, "objects")
    aside = os.path.join(git.common_dir, "leadline", "set-aside", "objects")
    found = []
    for folder in sorted(os.listdir(objects)):
        if len(folder) != 2:
            continue
        for name in sorted(os.listdir(os.path.join(objects, folder))):
            path = os.path.join(objects, folder, name)
            if name.startswith("tmp_") or _is_object(path, folder + name):
                continue
            make_folders(aside)
            os.replace(path, os.path.join(aside, folder + name))
            found.append(folder + name)
    return found


def _is_object(path: str, name: str) -> bool:
    import hashlib
    import zlib

    hasher = hashlib.sha1(usedforsecurity=False) if len(name) == 40 else hashlib.sha256()
    unpacking = zlib.decompressobj()
    try:
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                hasher.update(unpacking.decompress(block))
    except zlib.error:
        return False
    except OSError:
        return True  # not ours to judge, nor to move
    return unpacking.eof and hasher.hexdigest() == name


def drop_broken_ref(git: GitProgram, name: str, unknown: bool = False) -> bool:
    """Move the file of a ref that holds no name of an object (or one that is ``unknown`` here) out
    of git's way; whether there was one. Raises OSError."""
    path = os.path.join(git.common_dir, name)
    try:
        with open(path, "rb") as file:
            content = file.read(200)
    except OSError:
        return False
    if content.strip(b"\0 \n") and not unknown:
        return False
    aside = os.path.join(git.common_dir, "leadline", "set-aside", name)
    make_folders(os.path.dirname(aside))
    import shutil  # 2.5 ms, for a damaged ref alone

    shutil.move(path, aside)
    return True

"""A second index per work tree, so that git's stat cache can be used without touching the user's
index.

It starts as a copy of the user's index (with its timestamp: git judges "modified within the same
tick" by it) and then also holds what the user has changed or not added. A small JSON file next to
it remembers what was decided; whenever the user's index, HEAD or a rule changes, both start over,
so that a code state never depends on history. The price is that untracked files are hashed again
after each ``git add`` or commit.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from leadline.adapters.files import make_folders
from leadline.adapters.git.objects import not_writable
from leadline.core.canonical import object_in, sha256_for
from leadline.core.typed import TYPE_CHECKING, Any, TypedDict, cast
from leadline.job.disk import open_anew, open_in_place

if TYPE_CHECKING:
    from leadline.adapters.git.objects import Entry

FORMAT = 6
Stamp = list[int]


class HeadFacts(TypedDict):
    head: str | None
    tree: str | None
    stripped: str | None  # its tree without the excluded paths
    date: str


class LastCapture(TypedDict):
    tree: str
    commit: str
    ref: str | None
    dirty: bool
    clean: dict[str, str | None]  # what is committed of the repositories inside the work tree
    changed: list[dict[str, str]]
    total: int
    objects: list[str]  # what it has beyond HEAD, while git has not packed it


class NestedTree(TypedDict):
    key: str  # the commit where nothing was changed, else a digest of what was
    tree: str
    clean: str | None  # the tree of its commit
    pointing: list[str]  # paths from the top of the work tree, as in ``Remembered``


class Remembered(TypedDict):
    head: str | None
    user_index: Stamp | None  # stamp of the index this one was copied from
    index: Stamp | None  # stamp of the private index when this was written
    tree: str | None  # what the private index writes
    extras: dict[str, int]  # untracked paths that are in the private index
    absent: list[str]  # tracked paths that are not in it: deleted, or left out
    kept: dict[str, Entry | None]  # tracked paths left out -> entry of HEAD that stands in
    intended: dict[str, int]  # paths added with --intent-to-add
    judged: dict[str, list[Any]]  # untracked paths left out -> stamp, kind, reason
    submodules: dict[str, str]  # path -> commit
    nested: dict[str, NestedTree]  # what lay in the repositories inside the work tree
    pointing: list[str] | None  # paths that point to content elsewhere; None: not looked for yet
    attributes: bool  # git converts files, or filters them
    converted: list[str]  # paths whose bytes are not those that git would check out
    sparse: list[str]  # folders and files that a sparse checkout leaves out
    staged: dict[str, str]  # tracked paths with a secret-looking name -> blob in the user's index
    head_facts: HeadFacts | None
    last: LastCapture | None


def stamp_of(path: str) -> Stamp | None:
    """What changes whenever a file is replaced or written: inode, size, mtime and ctime in ns; None
    when absent."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return [status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]


class Memory:
    """What earlier captures found out; ``values`` is JSON."""

    def __init__(self, git_dir: str, common_dir: str, rules: list[object]) -> None:
        # Paths are kept as they are here, which where there is no UTF-8 is not as they are elsewhere.
        kind = [FORMAT, sys.getfilesystemencoding(), git_dir, rules]
        key = sha256_for(0)(json.dumps(kind).encode()).hexdigest()[:20]
        self.folder = os.path.join(common_dir, "leadline", "code-index")
        self.user_index = os.path.join(git_dir, "index")
        self.index = os.path.join(self.folder, key)
        self._path = self.index + ".json"
        self.values = fresh_values(None, None)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One capture at a time; the lock dies with its process. Raises
        ``repository-not-writable``."""
        import fcntl

        try:
            make_folders(self.folder)
            handle = open_in_place(self.index + ".flock", os.O_RDWR)
        except OSError as error:
            raise not_writable(self.folder, error) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if os.path.lexists(self.index + ".lock"):  # a git killed under a former holder left it
                os.unlink(self.index + ".lock")
            yield
        finally:
            os.close(handle)

    def load(self, head: str | None) -> bool:
        """Read what is remembered; False when it does not fit the user's index, HEAD or the private
        index."""
        try:
            with open(self._path, encoding="utf-8") as stream:
                values = object_in(stream.read())
            fits = bool(
                values["head"] == head
                and values["user_index"] == stamp_of(self.user_index)
                and values["index"] == stamp_of(self.index)
            )
        except (OSError, ValueError, KeyError, TypeError):
            return False
        self.values = cast("Remembered", values)
        return fits

    def start_over(self, head: str | None) -> None:
        """Copy the user's index; what was learnt about HEAD's commit is kept."""
        import shutil

        kept = self.values.get("head_facts")
        for attempt in range(5):
            stamp = stamp_of(self.user_index)
            try:
                if stamp is None:
                    if os.path.lexists(self.index):
                        os.unlink(self.index)
                else:
                    shutil.copyfile(self.user_index, self.index)
                    os.utime(self.index, ns=(stamp[2], stamp[2]))
            except FileNotFoundError:
                continue
            except OSError as error:
                raise not_writable(self.folder, error) from None
            if stamp == stamp_of(self.user_index) or attempt == 4:
                break
        self.values = fresh_values(head, stamp)
        if kept and kept.get("head") == head:
            self.values["head_facts"] = kept

    def forget(self) -> None:
        """Nothing of what was remembered is true any more."""
        for path in (self.index, self._path):
            if os.path.lexists(path):
                os.unlink(path)
        self.values = fresh_values(None, None)

    def user_index_changed(self) -> bool:
        return bool(self.values["user_index"] != stamp_of(self.user_index))

    def save(self) -> None:
        rights = os.stat(self.folder).st_mode & 0o666
        if os.path.exists(self.index) and os.stat(self.index).st_mode & 0o666 != rights:
            os.chmod(self.index, rights)  # git made it, as it makes its own
        self.values["index"] = stamp_of(self.index)
        temporary = f"{self._path}.{os.getpid()}"
        try:
            with open(open_anew(temporary), "w", encoding="utf-8") as stream:
                json.dump(self.values, stream, separators=(",", ":"))
            os.replace(temporary, self._path)
        except OSError as error:
            raise not_writable(self.folder, error) from None


def fresh_values(head: str | None, user_index: Stamp | None) -> Remembered:
    return {
        "head": head,
        "user_index": user_index,
        "index": None,
        "tree": None,
        "extras": {},
        "absent": [],
        "kept": {},
        "intended": {},
        "judged": {},
        "submodules": {},
        "nested": {},
        "pointing": None,
        "attributes": False,
        "converted": [],
        "sparse": [],
        "staged": {},
        "head_facts": None,
        "last": None,
    }

"""Runs that are planned and not ended, as one small locked file each: who watches them is what the
kernel says.

The watcher holds the file's lock for its life, so a reconciler tells an abandoned run from a
watched one without knowing pids. A marker without a record (a crash between the two) is dropped; a
record without a marker is still found in the index.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator

from leadline.adapters.files import as_user_error, make_folders
from leadline.core.canonical import object_in
from leadline.core.contexts import contextmanager
from leadline.job.disk import open_in_place, open_small, sync_folder, write_all

FOLDER = "open"
_ANY = "any"  # the marker of a run that is not known: its ending may be a line that cannot be read


def doubt_endings(root: str) -> None:
    """Have the next command look whether a run that seems open is over."""
    path = os.path.join(root, FOLDER, _ANY)
    try:
        make_folders(os.path.dirname(path))
        os.close(open_in_place(path, os.O_WRONLY))
    except OSError:
        return  # ``doctor --mend`` looks at all of them


class OpenRunFiles:
    def __init__(self, root: str) -> None:
        self.folder = os.path.join(root, FOLDER)

    def any(self) -> bool:
        try:
            return bool(os.listdir(self.folder))
        except OSError:
            return False

    @contextmanager
    def watching(self, uid: str, topic: str) -> Iterator[None]:
        path = os.path.join(self.folder, uid)
        try:
            make_folders(self.folder)
            fd = open_in_place(path, os.O_RDWR)
        except OSError as error:
            raise as_user_error(error, path) from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            if os.fstat(fd).st_size == 0:
                try:
                    write_all(fd, json.dumps({"topic": topic}).encode())
                    # A power cut must not take the marker of a run whose record it leaves.
                    os.fsync(fd)
                    sync_folder(self.folder)
                except OSError as error:
                    os.unlink(path)
                    raise as_user_error(error, path) from error
            yield
        finally:
            os.close(fd)

    def closed(self, uid: str) -> None:
        try:
            os.unlink(os.path.join(self.folder, uid or _ANY))
        except FileNotFoundError:
            pass

    @contextmanager
    def abandoned(self, uid: str) -> Iterator[bool]:
        """True, with the lock held, when nobody watches the run (or it has no marker); else False."""
        try:
            fd = os.open(os.path.join(self.folder, uid), os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            yield True
            return
        except OSError:
            yield False
            return
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            yield False
            return
        try:
            yield True
        finally:
            os.close(fd)

    def listed(self) -> list[tuple[str, str]]:
        """(topic, uid) of every marker; ("", "") where any run may be over."""
        found = []
        for uid in sorted(os.listdir(self.folder)) if os.path.isdir(self.folder) else []:
            if uid == _ANY:
                found.append(("", ""))
                continue
            try:
                with open(open_small(os.path.join(self.folder, uid)), encoding="utf-8") as file:
                    found.append((str(object_in(file.read()).get("topic", "")), uid))
            except (OSError, ValueError):
                found.append(("", uid))
        return found

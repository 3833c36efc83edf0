"""Moves what a power cut left of objects and of our refs out of git's way."""

from __future__ import annotations

import os
import time

from leadline.adapters.git.durable import drop_broken_ref, set_aside_damaged
from leadline.adapters.git.objects import missing, not_writable, read_ref_files
from leadline.adapters.git.program import GitProgram

OWN = ("refs/leadline", "refs/tags/leadline")
REMOTES = "refs/remotes/"
LEFT_S = 60.0


def mend(git: GitProgram, records: str) -> list[str]:
    """See ``Vcs.mend``. Raises LeadlineError."""
    try:
        moved = [f"object {name}" for name in set_aside_damaged(git)]
        for lock in _left_locks(git.common_dir, records):
            os.unlink(os.path.join(git.common_dir, lock))
            moved.append(lock)
        for ref in _own_refs(git.common_dir, records):
            value = read_ref_files(git.common_dir, ref)
            unknown = value is not None and bool(missing(git, [value]))
            if drop_broken_ref(git, ref, unknown):
                moved.append(ref)
    except OSError as error:
        raise not_writable(git.common_dir, error) from None
    return moved


def _left_locks(common_dir: str, records: str) -> list[str]:
    """Locks of our refs that a git which was killed has left: one is held for milliseconds."""
    found = [name for name in _own_files(common_dir, records) if name.endswith(".lock")]
    return [lock for lock in found if _is_old(os.path.join(common_dir, lock))]


def _is_old(path: str) -> bool:
    try:
        return time.time() - os.lstat(path).st_mtime > LEFT_S
    except OSError:
        return False


def _own_refs(common_dir: str, records: str) -> list[str]:
    """The loose ones."""
    return [name for name in _own_files(common_dir, records) if not name.endswith(".lock")]


def _own_files(common_dir: str, records: str) -> list[str]:
    """Of our refs, of the record branch and of what was seen of it at remotes."""
    found = [name for name in (records, f"{records}.lock") if _is_there(common_dir, name)]
    for top in (*OWN, REMOTES):
        for folder, _, names in os.walk(os.path.join(common_dir, top)):
            within = os.path.relpath(folder, common_dir).replace(os.sep, "/")
            found += [f"{within}/{name}" for name in names]
    seen = records.removeprefix("refs/heads")
    return sorted(
        name
        for name in found
        if not name.startswith(REMOTES) or name.removesuffix(".lock").endswith(seen)
    )


def _is_there(common_dir: str, name: str) -> bool:
    return os.path.isfile(os.path.join(common_dir, name))

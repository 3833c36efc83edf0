"""Moves what a power cut left of objects and of our refs out of git's way."""

from __future__ import annotations

import os
import time

from leadline.adapters.git.durable import drop_broken_ref, set_aside_damaged
from leadline.adapters.git.objects import missing, not_writable, read_ref_files
from leadline.adapters.git.program import GitProgram

OWN = ("refs/leadline", "refs/tags/leadline")
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
    found = [f"{records}.lock"]
    for top in OWN:
        for folder, _, names in os.walk(os.path.join(common_dir, top)):
            within = os.path.relpath(folder, common_dir).replace(os.sep, "/")
            found += [f"{within}/{name}" for name in names if name.endswith(".lock")]
    return [lock for lock in sorted(found) if _is_old(os.path.join(common_dir, lock))]


def _is_old(path: str) -> bool:
    try:
        return time.time() - os.lstat(path).st_mtime > LEFT_S
    except OSError:
        return False


def _own_refs(common_dir: str, records: str) -> list[str]:
    """The loose ones."""
    found = [records] if os.path.isfile(os.path.join(common_dir, records)) else []
    for top in OWN:
        for folder, _, names in os.walk(os.path.join(common_dir, top)):
            within = os.path.relpath(folder, common_dir).replace(os.sep, "/")
            found += [f"{within}/{name}" for name in names if not name.endswith(".lock")]
    return sorted(found)

"""Moves what a power cut left of objects and of our refs out of git's way."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from leadline.adapters.git.durable import drop_broken_ref, set_aside_damaged
from leadline.adapters.git.objects import missing, not_writable, read_ref_files
from leadline.adapters.git.program import GitProgram

OWN = ("refs/leadline", "refs/tags/leadline")
LEFT_S = 60.0


def mend(git: GitProgram, records: str) -> list[str]:
    """See ``Vcs.mend``. Raises LeadlineError."""
    try:
        moved = [f"object {name}" for name in set_aside_damaged(git)]
        found = _own_files(git.common_dir, records)
        locks = [name for name in found if name.endswith(".lock")]
        for lock in locks:
            # A git that was killed has left it: one is held for milliseconds.
            if _is_old(os.path.join(git.common_dir, lock)):
                os.unlink(os.path.join(git.common_dir, lock))
                moved.append(lock)
        for ref in (name for name in found if name not in locks):
            value = read_ref_files(git.common_dir, ref)
            unknown = bool(value and missing(git, [value]))
            if drop_broken_ref(git, ref, unknown):
                moved.append(ref)
    except OSError as error:
        raise not_writable(git.common_dir, error) from None
    return moved


def _is_old(path: str) -> bool:
    try:
        return time.time() - os.lstat(path).st_mtime > LEFT_S
    except OSError:
        return False


def _own_files(common_dir: str, records: str) -> list[str]:
    """Of our loose refs, with their locks: the record branch too, and what was seen of it at remotes."""
    both = (records, f"{records}.lock")
    ends = tuple(name.removeprefix("refs/heads") for name in both)
    found = [name for name in both if os.path.isfile(os.path.join(common_dir, name))]
    found += [name for top in OWN for name in _below(common_dir, top)]
    found += [name for name in _below(common_dir, "refs/remotes") if name.endswith(ends)]
    return sorted(found)


def _below(common_dir: str, top: str) -> Iterator[str]:
    for folder, _, names in os.walk(os.path.join(common_dir, top)):
        within = os.path.relpath(folder, common_dir).replace(os.sep, "/")
        yield from (f"{within}/{name}" for name in names)

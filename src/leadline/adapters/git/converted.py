"""Files whose bytes here are not those that git checks out of what it stores of them: line endings that
it makes alike, a filter that takes something away.

Git calls them unchanged, so nothing else tells. A file of the size that git stores is taken for the same.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Mapping

from leadline.adapters.git.objects import scratch_folder
from leadline.adapters.git.program import GitProgram, any_status
from leadline.adapters.git.worktree_scan import QUIET, joined

_BY_POINTER = (b"lfs", b"annex")  # what these take away they keep
_CONFIG = ["config", "--name-only", "--get-regexp", r"^core\.(autocrlf|attributesfile)$"]


def may_convert(git: GitProgram) -> bool:
    """Whether the user's git converts without an attributes file of the work tree."""
    if os.path.exists(os.path.join(git.common_dir, "info", "attributes")):
        return True
    return bool(git.run(_CONFIG, ok=any_status).stdout)


def converted(
    git: GitProgram, index: Mapping[str, str], paths: Container[str] | None, most_bytes: int
) -> list[str]:
    """Those of ``paths`` (None: of all that the index holds) that would be checked out with other bytes;
    larger ones than ``most_bytes`` are not looked at."""
    top, blobs = git.work_tree or "", _blobs(git, index, paths)
    sizes = _stored_sizes(git, blobs.values())
    apart = []
    for path, blob in blobs.items():
        here = os.path.join(top, path)
        if not os.path.islink(here) and os.path.isfile(here):
            size = os.path.getsize(here)
            if size != sizes.get(blob, size) and size <= most_bytes:
                apart.append(path)
    return _otherwise(git, index, _not_by_pointer(git, apart))


def _blobs(
    git: GitProgram, index: Mapping[str, str], paths: Container[str] | None
) -> dict[str, str]:
    listed = git.run(["ls-files", "-z", "--stage"], extra=index, config=QUIET).stdout
    found = {}
    for record in listed.split(b"\0")[:-1]:
        facts, _, raw = record.partition(b"\t")
        mode, blob, stage = facts.decode().split()
        path = os.fsdecode(raw)
        if mode.startswith("100") and stage == "0" and (paths is None or path in paths):
            found[path] = blob
    return found


def _stored_sizes(git: GitProgram, blobs: Iterable[str]) -> dict[str, int]:
    asked = "".join(f"{blob}\n" for blob in set(blobs)).encode()
    told = git.run(["cat-file", "--batch-check=%(objectname) %(objectsize)"], data=asked).stdout
    pairs = (line.split() for line in told.decode().splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}


def _not_by_pointer(git: GitProgram, paths: list[str]) -> list[str]:
    if not paths:
        return []
    arguments = ["check-attr", "-z", "--stdin", "filter"]
    fields = git.run(arguments, data=joined(paths), ok=any_status).stdout.split(b"\0")
    named = zip(fields[0::3], fields[2::3], strict=False)
    return [os.fsdecode(path) for path, value in named if value not in _BY_POINTER]


def _otherwise(git: GitProgram, index: Mapping[str, str], paths: list[str]) -> list[str]:
    """Those of ``paths`` that do not come out as they lie here."""
    if not paths:
        return []
    import shutil
    import tempfile

    out = tempfile.mkdtemp(prefix="converted-", dir=scratch_folder(git.common_dir))
    try:
        arguments = ["checkout-index", "-z", "--stdin", "-q", f"--prefix={out}/"]
        git.run(
            arguments, data=joined(paths), extra=index, config=QUIET, writes=True, ok=any_status
        )
        return [path for path in paths if _differs(git.work_tree or "", out, path)]
    finally:
        shutil.rmtree(out, ignore_errors=True)


def _differs(top: str, out: str, path: str) -> bool:
    try:
        with (
            open(os.path.join(top, path), "rb") as here,
            open(os.path.join(out, path), "rb") as there,
        ):
            return here.read() != there.read()
    except OSError:  # its filter failed, which is said elsewhere
        return False

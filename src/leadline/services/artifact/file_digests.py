"""Digests of files that no code state holds (ignored data, what a link leads to): each content is
read once, and again only when the file's size, times or inode say that it may be another."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable

from leadline.core.typed import Any
from leadline.services.context import Context
from leadline.services.out_path import write_whole

_READ_BYTES = 1 << 20


def digests_of(context: Context, paths: Iterable[str]) -> dict[str, str]:
    """``sha256:…`` of each file's content, by the path as given; of one that cannot be read, why.
    Links are followed."""
    kept_at = os.path.join(context.root, "digests.json")
    known = _kept(kept_at)
    found: dict[str, str] = {}
    learnt = False
    for path in paths:
        real = os.path.realpath(path)
        try:
            stat = os.stat(real)
            marks = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
            kept = known.get(real)
            if kept is None or kept[:-1] != marks:
                kept = known[real] = [*marks, _digest(real)]
                learnt = True
            found[path] = kept[-1]
        except OSError as error:
            found[path] = f"unreadable: {error.strerror or error}"
    if learnt:
        try:
            write_whole(kept_at, json.dumps(known).encode())
        except OSError:
            pass  # read again next time
    return found


def _kept(path: str) -> dict[str, list[Any]]:
    try:
        with open(path, "rb") as file:
            kept = json.load(file)
    except (OSError, ValueError):
        return {}
    return (
        {k: v for k, v in kept.items() if isinstance(v, list) and len(v) == 5}
        if isinstance(kept, dict)
        else {}
    )


def _digest(path: str) -> str:
    sha = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(_READ_BYTES):
            sha.update(block)
    return f"sha256:{sha.hexdigest()}"

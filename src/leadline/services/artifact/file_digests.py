"""Digests of files that no code state holds (declared inputs, ignored data, what a link leads to): each
content is read once, and again only when the file's device, inode, size or times say that it may be
another. A short secret could be guessed from a digest: that of a file which is called like one is
keyed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable

from leadline.core.canonical import digest_of_file
from leadline.core.secrets.names import secret_name_reason
from leadline.job.disk import open_small
from leadline.services.context import Context
from leadline.services.local_key import keyed_digest
from leadline.services.out_path import write_if_it_can

KEPT, MOST_KEPT = "input-digests.json", 20_000
_Stamp = list[int]


class FileDigests:
    """Asks for many; ``keep`` writes down what was learnt."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._place = os.path.join(context.root, KEPT)
        self._known = _kept(self._place)
        self._learnt = False

    def of(self, path: str) -> tuple[str, int]:
        """``sha256:…`` of the content, and its size in bytes. Links are followed. Raises OSError.

        Of a file that looks like a secret by its name ``keyed:…``, or ``size:…`` where there is no key.
        """
        with open(path, "rb") as file:
            at = os.fstat(file.fileno())
            stamp = [at.st_dev, at.st_ino, at.st_size, at.st_mtime_ns, at.st_ctime_ns]
            real = os.path.realpath(path)
            if secret_name_reason(path) or secret_name_reason(real):
                keyed = keyed_digest(self._context, digest_of_file(file))
                return keyed or f"size:{at.st_size}", at.st_size
            known = self._known.get(real)
            if known is None or list(known[0]) != stamp:
                known = stamp, digest_of_file(file)
                self._known.pop(real, None)  # what was learnt last is forgotten last
                self._known[real] = known
                self._learnt = True
        return known[1], at.st_size

    def keep(self) -> None:
        if not self._learnt:
            return
        kept = dict(list(self._known.items())[-MOST_KEPT:])
        write_if_it_can(self._place, json.dumps(kept).encode())  # they are read again next time


def digests_of(context: Context, paths: Iterable[str]) -> dict[str, str]:
    """The digest of each file by the path as given; of one that cannot be read, why."""
    digests, found = FileDigests(context), {}
    for path in paths:
        try:
            found[path], _ = digests.of(path)
        except OSError as error:
            found[path] = f"unreadable: {error.strerror or error}"
    digests.keep()
    return found


def _kept(path: str) -> dict[str, tuple[_Stamp, str]]:
    try:
        with open(open_small(path), encoding="utf-8") as file:
            return {
                str(path): (stamp, str(digest)) for path, (stamp, digest) in json.load(file).items()
            }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}

"""What was said of the items of a thread that is folded whole: kept in a file, with the lines that it follows from
and who said it. While both are the same, who looks again loads nothing that says it.

A cache and nothing else: damaged, of other lines or of another program, it is as none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from leadline import __version__
from leadline.adapters.files import read_bytes, write_cache
from leadline.core.canonical import digest_of, object_in
from leadline.core.evidence.found import RULES
from leadline.core.record.written import Lines


class ToldFile:
    """See ``core.record.kept.ToldBefore``."""

    def __init__(self, path: str, files: Mapping[str, Lines]) -> None:
        """``files``: the lines of each event file that the thread was folded from."""
        self._path, self._files = path, files
        self._follows_from = ""
        self._told: dict[str, str] = {}
        self._grew = False

    def once(self, what: str, tell: Callable[[], str]) -> str:
        if not self._follows_from:
            self._read()
        if what not in self._told:
            self._told[what], self._grew = tell(), True
        return self._told[what]

    def _read(self) -> None:
        lines = {name: list(lines.ends.values()) for name, lines in self._files.items()}
        self._follows_from = digest_of([__version__, RULES, lines])
        try:
            kept = object_in(read_bytes(self._path) or b"")
        except OSError:
            return
        told = kept.get("told", {})
        if kept.get("of") == self._follows_from and kept.get("digest") == digest_of(told):
            self._told = told

    def keep(self) -> None:
        """Write what was said newly; best effort."""
        if self._grew:
            digest = digest_of(self._told)
            kept = {"of": self._follows_from, "digest": digest, "told": self._told}
            write_cache(self._path, kept)

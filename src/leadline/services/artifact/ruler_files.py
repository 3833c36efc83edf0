"""The files of a ruler, in a code state and beside it, and their lists as they were recorded."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence

from leadline.core.canonical import canonical_json
from leadline.core.errors import LeadlineError
from leadline.core.metric.ruler import is_literal, matcher, prefix_of
from leadline.core.typed import TYPE_CHECKING, cast
from leadline.job.disk import open_small
from leadline.services.context import Context
from leadline.services.out_path import write_whole

if TYPE_CHECKING:
    from leadline.core.record.bodies import CodeState
    from leadline.services.artifact.file_digests import FileDigests

MOST_KEPT = 10_000  # files


class FilesOf:
    """The files of a ruler in one code state, and on the disk where that does not hold them.
    ``top`` is "" for a code state that lies nowhere; ``only``: of the files beside it, these alone."""

    def __init__(
        self, context: Context, code: CodeState, top: str, only: Sequence[str] | None = None
    ) -> None:
        self.context, self.top, self.only = context, top, only
        self.name = str(code.get("commit") or code.get("tree") or "")
        self.gaps = [str(gap.get("path")) for gap in code.get("gaps", ())]
        self._listed: dict[str, str] | None = None
        self._place = os.path.join(context.root, "ruler.json")
        self._matched = self._kept()
        self.beside = list[str]()  # paths whose content the code state does not hold

    def digests(self, patterns: Sequence[str]) -> dict[str, str]:
        """Pattern to the digest of its files: that of a blob which lists them."""
        return {
            pattern: self.context.blobs.put(canonical_json(self.of(pattern)).encode())
            for pattern in patterns
        }

    def digests_at(self, patterns: Sequence[str], top: str) -> dict[str, str]:
        """As ``digests``, of the files of these names below another folder."""
        from leadline.services.artifact.file_digests import FileDigests  # noqa: PLC0415  start-up: only for a command that goes to another folder

        found, digests = {}, FileDigests(self.context)
        for pattern in patterns:
            names = {
                path: _name_like(digests, known, os.path.join(top, path))
                for path, known in self.of(pattern).items()
            }
            found[pattern] = self.context.blobs.put(canonical_json(names).encode())
        return found

    def of(self, pattern: str) -> dict[str, str]:
        """Path to what names the content: git's name in a code state, else a digest."""
        matches = matcher(pattern)
        if pattern not in self._matched:
            files = {path: blob for path, blob in self._of_code().items() if matches(path)}
            self._matched[pattern] = files
            self._keep()
        found = dict(self._matched[pattern])
        loose = [path for path in self._on_disk(pattern) if path not in found and matches(path)]
        if self.top:
            loose += [path for path in self.gaps if path in found or matches(path)]
        links = [path for path in found if self.top and os.path.islink(self._at(path))]
        if self.only is not None:
            loose, links = ([p for p in paths if p in self.only] for paths in (loose, links))
        if loose or links:
            from leadline.services.artifact.file_digests import digests_of  # noqa: PLC0415  start-up: only for data that git ignores

            digests = digests_of(self.context, [self._at(path) for path in (*loose, *links)])
            self.beside += dict.fromkeys((*loose, *links))
            found |= {path: digests[self._at(path)] for path in (*loose, *links)}
        return found

    def _kept(self) -> dict[str, dict[str, str]]:
        """What matched in the code state that was looked at last, if it is this one: a state that runs
        repeat is listed once."""
        try:
            with open(open_small(self._place), "rb") as file:
                kept = json.load(file)
        except (OSError, ValueError):
            return {}
        same = isinstance(kept, dict) and self.name and kept.get("of") == self.name
        return cast("dict[str, dict[str, str]]", kept["files"]) if same else {}

    def _keep(self) -> None:
        if sum(map(len, self._matched.values())) <= MOST_KEPT:
            try:
                told = {"of": self.name, "files": self._matched}
                write_whole(self._place, json.dumps(told).encode())
            except OSError:
                pass  # listed again next time

    def _at(self, path: str) -> str:
        return os.path.join(self.top, path)

    def _of_code(self) -> dict[str, str]:
        if self._listed is None:
            self._listed = self.context.vcs.read_tree_files(self.name) if self.name else {}
        return self._listed

    def _on_disk(self, pattern: str) -> Iterator[str]:
        """The files that may match where they lie. A pattern over all folders from the top means the
        code state alone: a virtual environment beside it is no ruler."""
        if not self.top:
            return
        if is_literal(pattern):
            if os.path.isfile(self._at(pattern)):
                yield pattern
            return
        head, deep = prefix_of(pattern), "**" in pattern
        if deep and not head:
            return
        most = pattern[len(head) :].strip("/").count("/")
        begin = os.path.join(self.top, head) if head else self.top
        been = set[str]()
        for folder, folders, names in os.walk(begin, followlinks=True):
            real = os.path.realpath(folder)
            below = os.path.relpath(folder, self.top)
            below = "" if below == "." else f"{below}/"
            depth = os.path.relpath(folder, begin).count("/") + (folder != begin)
            again = real in been or (not deep and depth >= most)
            folders[:] = [] if again else sorted(f for f in folders if f != ".git")
            been.add(real)
            yield from (below + name for name in sorted(names))


def _name_like(digests: FileDigests, known: str, path: str) -> str:
    """What names the content of a file in the way of ``known``: a digest, or git's name."""
    try:
        if ":" in known:
            return digests.of(path)[0]
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return "absent"
    import hashlib  # noqa: PLC0415  start-up: only for a command that goes to another folder

    hashed = hashlib.sha256() if len(known) == 64 else hashlib.sha1(usedforsecurity=False)
    hashed.update(b"blob %d\0" % len(data) + data)
    return hashed.hexdigest()


def listed(context: Context, digest: str | None) -> dict[str, str]:
    """The files behind a digest of a ruler; none where their list is not on this machine."""
    if not digest:
        return {}
    try:
        files = json.loads(context.blobs.get(digest))
    except (LeadlineError, OSError, ValueError):
        return {}
    return cast("dict[str, str]", files) if isinstance(files, dict) else {}

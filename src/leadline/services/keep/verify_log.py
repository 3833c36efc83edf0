"""How the git history treats a log that anybody keeps: whether it only grew."""

from __future__ import annotations

import os
from itertools import pairwise

from leadline.core.errors import not_found
from leadline.core.publish.append_only import Change, classify
from leadline.core.values import dataclass
from leadline.services.context import Context


@dataclass(frozen=True)
class LogHistory:
    """``changes``: of each version after the first its commit and what was done to the one before,
    oldest first, but for those that only added."""

    path: str
    versions: int
    changes: list[tuple[str, Change]]

    def count(self, kind: str) -> int:
        return sum(change.kind == kind for _, change in self.changes)

    def as_dict(self) -> dict[str, object]:
        listed = [
            {
                "commit": commit,
                "kind": change.kind,
                "headings": change.touched,
            }
            for commit, change in self.changes
        ]
        return {"path": self.path, "versions": self.versions, "changes": listed}


def log_history(context: Context, file: str) -> LogHistory:
    """The history of ``file`` on the branch that is checked out. Raises LeadlineError(not_found):
    ``no-such-file`` for one that no commit has."""
    top = context.vcs.toplevel or context.cwd
    path = os.path.relpath(os.path.join(context.cwd, file), top)
    versions = list(context.vcs.versions_of_file(path))
    if not versions:
        raise not_found("no-such-file", f"no commit has {path}", do=f"git log --follow -- {path}")
    changes = list[tuple[str, Change]]()
    for (_, old), (commit, new) in pairwise(versions):
        change = classify(old.decode("utf-8", "replace"), new.decode("utf-8", "replace"))
        if change.kind not in ("same", "append"):
            changes.append((commit, change))
    return LogHistory(path, len(versions), changes)

"""Which files differ between two sides that are compared: those that measure apart from the rest."""

from __future__ import annotations

from collections.abc import Sequence

from leadline.core.compare.comparison import Comparison
from leadline.core.compare.config_diff import FactDifference
from leadline.core.errors import LeadlineError
from leadline.core.metric.ruler import AREA, in_force, matcher, named_by, other_files
from leadline.core.plain import shell_words
from leadline.core.record.run import Run
from leadline.core.record.thread import Thread
from leadline.core.timestamps import few
from leadline.services.artifact.ruler_files import listed
from leadline.services.context import Context

FILES_NAMED = 12
DIFFS_SHOWN = 3  # of the files behind one pattern
DIFF_LINES = 12
LINE_CHARS = 120
LARGEST_DIFF_BYTES = 1 << 18


def name_files(
    context: Context, thread: Thread, out: Comparison, a: Sequence[Run], b: Sequence[Run]
) -> None:
    """Fill the details of what differs in code and ruler, and propose a ruler where none is
    declared. What is not on this machine is left unsaid: the digests differ all the same."""
    left, right = (next((r for r in runs if r.is_evidence), None) for runs in (a, b))
    if left is None or right is None:
        return
    for row in out.diff.rows:
        try:
            if row.area == AREA:
                row.details += _of_ruler(context, row, left, right)
            elif (row.area, row.key) == ("code", "tree") and max(row.a_values, row.b_values) == 1:
                row.details += _of_code(context, thread, row, right)
        except LeadlineError:
            continue
    declared = in_force(thread.rulers)
    code_differs = any(row.area == "code" for row in out.diff.rows)
    named = sorted(named_by(left).keys() & named_by(right).keys())
    open_ = [m.metric for m in out.metrics if m.metric not in declared and "" not in declared]
    if code_differs and named and open_:
        out.notes.append(
            f"what measures {', '.join(open_[:3])} is not declared: "
            f"leadline measure protect {shell_words(named[:3])}"
        )


def _of_code(context: Context, thread: Thread, row: FactDifference, right: Run) -> list[str]:
    paths = context.vcs.changed_since([str(row.a)], str(row.b)).get(str(row.a))
    if paths is None:
        return []
    patterns = [p for said in in_force(thread.rulers).values() for p in said["patterns"]]
    measures = [matcher(p) for p in patterns] or [
        matcher(p) for p in named_by(right) if right.ruler.get("loads")
    ]
    ruler = [path for path in paths if any(matches(path) for matches in measures)]
    code = [path for path in paths if path not in ruler]
    told = [f"{few(code, FILES_NAMED)} changed"] if code else ["no file changed but what measures"]
    return [*told, f"what measures changed: {few(ruler, FILES_NAMED)}"] if ruler else told


def _of_ruler(context: Context, row: FactDifference, left: Run, right: Run) -> list[str]:
    files = [row.key]
    if any(row.key in of for of in (right.ruler.get("declared") or {}).values()):
        before, after = (listed(context, str(d)) for d in (row.a, row.b))
        files = other_files(before, after)
    lines = [f"{len(files)} files: {few(files, FILES_NAMED)}"] if files != [row.key] else []
    commits = [str(run.code.get("commit") or "") for run in (left, right)]
    for path in files[:DIFFS_SHOWN]:
        lines += _diff(context, path, commits)
    return lines


def _diff(context: Context, path: str, commits: Sequence[str]) -> list[str]:
    """What changed in one file, a few lines of it; nothing of a file that is no text."""
    contents = [context.vcs.file_at(commit, path) if commit else None for commit in commits]
    if contents[0] == contents[1]:
        return [f"{path}: another content, in no code state"]
    if contents[0] is None or contents[1] is None:
        return [f"{path}: added" if contents[0] is None else f"{path}: gone"]
    if max(len(contents[0]), len(contents[1])) > LARGEST_DIFF_BYTES or any(
        b"\0" in c for c in contents if c
    ):
        return [f"{path}: {len(contents[0])} and {len(contents[1])} bytes"]
    from difflib import unified_diff  # noqa: PLC0415  start-up: 1 ms

    old, new = (c.decode("utf-8", "replace").splitlines() for c in contents if c is not None)
    changed = [
        line
        for line in unified_diff(old, new, n=0, lineterm="")
        if not line.startswith(("---", "+++", "@@"))
    ]
    shown = [context.redactor.text(line[:LINE_CHARS]) for line in changed[:DIFF_LINES]]
    more = len(changed) - len(shown)
    return [*shown, f"… {more} more lines"] if more > 0 else shown

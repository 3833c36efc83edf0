"""Declare what measures, apart from the code that it measures; and list it.

The runs before the declaration get the ruler that they had: it is read from their code states, and
data that no code state holds counts for them where it has not changed since they began.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from leadline.core.canonical import canonical_json
from leadline.core.errors import LeadlineError, not_found, refused, usage
from leadline.core.plain import shell_word
from leadline.core.record.run import Run
from leadline.core.record.thread import Thread
from leadline.core.timestamps import epoch_ms
from leadline.core.tree_path import tree_path_problem
from leadline.core.typed import TYPE_CHECKING, TypedDict
from leadline.services.artifact.ruler_files import FilesOf, listed
from leadline.services.context import Context
from leadline.services.run.facts import capture_code
from leadline.services.run.ruler import loaded_files, measuring_files, variables_of

if TYPE_CHECKING:
    from leadline.core.record.bodies import CodeState, RulerBody, RulerOfTrees

MOST_TREES = 2000  # of earlier runs that a declaration tells of; before these it is not known


class RulerRow(TypedDict):
    """What measures one metric ("" for all that have none of their own). ``files``: how many there
    are now; ``beside``: those that no code state holds; ``unknown``: experiments of before whose
    ruler cannot be told; ``loads`` and ``reads``: files and variables of the environment that it uses
    and that are not in it. ``changed_at``: the experiment that found it changed last."""

    metric: str
    patterns: list[str]
    files: int
    beside: list[str]
    unknown: list[str]
    loads: list[str]
    reads: list[str]
    why: str
    at: str
    changed_at: str
    changed: list[str]


def protect(
    context: Context, topic: str, patterns: Sequence[str], metric: str = "", why: str = ""
) -> RulerRow:
    """Declare that these files measure ``metric``, or all metrics. Raises LeadlineError: a pattern
    that matches nothing or leads out of the work tree, a metric that nobody knows."""
    thread = context.store.thread(topic)
    _check_metric(thread, metric)
    body = declaration(context, patterns, metric, why)
    files = FilesOf(context, capture_code(context), context.toplevel)
    for pattern in body["patterns"]:
        files.of(pattern)
    earlier, unknown = _earlier(context, thread, body["patterns"], files.beside)
    body["earlier"] = earlier
    context.append(topic, "ruler", body)
    row = _row(context, body, context.now(), files.beside)
    row["unknown"] = unknown
    top = context.toplevel
    paths = {path for pattern in body["patterns"] for path in files.of(pattern)}
    measuring = measuring_files(paths, top)
    loaded = (os.path.relpath(path, top) for path in loaded_files(measuring, top, top))
    row["loads"] = sorted(path for path in loaded if path not in paths)
    row["reads"] = variables_of(measuring)
    return row


def protect_nothing(context: Context, topic: str, why: str, metric: str = "") -> RulerRow:
    """Declare that nothing measures apart from the code. Raises LeadlineError without a reason."""
    if not why.strip():
        raise usage(
            "missing-field",
            "that nothing measures apart from the code needs a reason",
            why="every claim about the code shows it",
            do="leadline measure none --why 'the program is one file'",
        )
    _check_metric(context.store.thread(topic), metric)
    body: RulerBody = {
        "metric": metric,
        "patterns": [],
        "files": {},
        "why": context.hiding("the reason").text(why.strip()),
        "earlier": [],
    }
    context.append(topic, "ruler", body)
    return _row(context, body, context.now(), [])


def declaration(
    context: Context, patterns: Sequence[str], metric: str = "", why: str = ""
) -> RulerBody:
    """The body of the record, checked, as of now. Raises LeadlineError."""
    if not patterns:
        raise usage("no-pattern", "there is no file to protect", do="leadline measure protect FILE")
    files = FilesOf(context, capture_code(context), context.toplevel)
    below = [_below(context, pattern) for pattern in patterns]
    for given, pattern in zip(patterns, below, strict=True):
        if not files.of(pattern):
            raise not_found(
                "ruler-matches-nothing",
                f"{given} matches no file",
                why="a ruler that is not there measures nothing; a pattern with ** over all folders "
                "means files that git does not ignore",
                do=f"git ls-files --cached --others -- {shell_word(given)}",
            )
    body: RulerBody = {
        "metric": metric,
        "patterns": list(dict.fromkeys(below)),
        "files": files.digests(below),
    }
    if why.strip():
        body["why"] = context.hiding("the reason").text(why.strip())
    return body


def _below(context: Context, given: str) -> str:
    """A pattern as typed, below the top of the work tree; a folder stands for all that it holds."""
    top = os.path.realpath(context.toplevel)
    full = os.path.normpath(os.path.join(os.path.realpath(context.cwd), given))
    path = os.path.relpath(full, top).replace(os.sep, "/")
    if path.startswith("../") or path == "..":
        raise refused(
            "ruler-outside",
            f"{given} lies outside the work tree",
            why="no code state tells what it was when a run was measured",
            do=f"leadline measure holdout --command 'CMD' {shell_word(given)}",
        )
    problem = "" if path == "." else tree_path_problem(path)
    if problem:
        raise usage(
            "bad-pattern",
            f"{given} cannot be a ruler: {problem}",
            do="leadline measure protect 'data/val/**'",
        )
    if os.path.isdir(full):
        return "**" if path == "." else f"{path}/**"
    return path


def _check_metric(thread: Thread, metric: str) -> None:
    if not metric or metric in thread.metrics:
        return
    known = {name for run in thread.runs for name in run.metrics}
    if metric not in known:
        names = sorted(known | set(thread.metrics))
        raise not_found(
            "no-such-metric",
            f"no run has a metric {metric!r}",
            why=f"there are: {', '.join(names[:20]) or 'none'}",
            do=f"leadline metric {shell_word(metric)} --direction lower",
        )


def _earlier(
    context: Context, thread: Thread, patterns: Sequence[str], beside: Sequence[str]
) -> tuple[list[RulerOfTrees], list[str]]:
    """The ruler of the runs there are, by code state, and the experiments of which it is not known.
    ``beside``: the files that no code state holds."""
    since_ms = _changed_ms(context, beside)
    by_tree: dict[str, list[Run]] = {}
    for run in thread.runs:
        if tree := str(run.code.get("tree") or ""):
            by_tree.setdefault(tree, []).append(run)
    groups: dict[str, RulerOfTrees] = {}
    unknown: list[str] = []
    for tree, runs in list(by_tree.items())[-MOST_TREES:]:
        known = all(epoch_ms(run.planned_at) > since_ms for run in runs)
        files = _files_then(context, runs[0].code, patterns, beside) if known else None
        if files is None:
            unknown += [run.experiment for run in runs]
            continue
        group = groups.setdefault(canonical_json(files), {"trees": [], "files": files})
        group["trees"].append(tree)
    return list(groups.values()), list(dict.fromkeys(unknown))


def _changed_ms(context: Context, beside: Sequence[str]) -> float:
    """When the last of the files changed, by the time that nobody can set back."""
    times = []
    for path in beside:
        try:
            times.append(os.stat(os.path.join(context.toplevel, path)).st_ctime_ns / 1e6)
        except OSError:
            times.append(float("inf"))
    return max(times, default=0.0)


def _files_then(
    context: Context, code: CodeState, patterns: Sequence[str], beside: Sequence[str]
) -> dict[str, str] | None:
    """Pattern to digest at a code state of before; None where it is not here."""
    commit = str(code.get("commit") or "")
    top = context.toplevel if beside else ""
    if not commit or not context.vcs.commit_exists(commit):
        return None
    try:
        then: CodeState = {"commit": commit, "gaps": code.get("gaps", [])}
        return FilesOf(context, then, top, beside).digests(patterns)
    except LeadlineError:
        return None


# ---- looking -------------------------------------------------------------------------------------


def rulers_of(context: Context, thread: Thread) -> list[RulerRow]:
    """What measures now, by metric."""
    rows = []
    last = {said.get("metric", ""): said for said in thread.rulers if "null" not in said}
    for metric, said in sorted(last.items()):
        row = _row(context, said, said["at"], [])
        changes = [r for r in thread.rulers if r.get("metric", "") == metric and "changed" in r]
        if changes:
            row["changed_at"] = str(changes[-1].get("experiment", ""))
            row["changed"] = list(changes[-1].get("changed", []))
        rows.append(row)
    return rows


def _row(context: Context, body: RulerBody, at: str, beside: Sequence[str]) -> RulerRow:
    return {
        "metric": body.get("metric", ""),
        "patterns": list(body["patterns"]),
        "files": sum(len(listed(context, d)) for d in (body.get("files") or {}).values()),
        "beside": list(beside),
        "unknown": [],
        "loads": [],
        "reads": [],
        "why": body.get("why", ""),
        "at": at,
        "changed_at": "",
        "changed": [],
    }

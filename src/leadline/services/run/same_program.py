"""Whether the work tree still holds the same program: asked before each run.

What runs wrote, and what Leadline wrote out, makes no other one. So a code state has, where it
differs, the ``program`` beside its ``tree``: the first tree that was seen of the same program. What is
kept for that beside the record may be lost: the program passes for another one then.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence

from leadline.core.design.changed_program import changed_program
from leadline.core.errors import LeadlineError, conflict
from leadline.core.plain import shell_word, shell_words
from leadline.core.record.run import Run, program_of
from leadline.core.timestamps import epoch_ms, few
from leadline.core.typed import TYPE_CHECKING
from leadline.job.disk import open_in_place, open_small
from leadline.services.context import Context
from leadline.services.out_path import is_ours, write_if_it_can, write_whole

if TYPE_CHECKING:
    from leadline.core.record.bodies import CodeState

NAMED, FILES_KEPT = 3, 20
PROGRAMS, SPANS = "programs.json", "run-spans"
TREES_KEPT, PROGRAMS_ASKED = 64, 4
SPANS_BYTES = 64 * 1024
CLOCK_S = 0.02  # by how much the clock that stamps files is behind


def with_program(context: Context, code: CodeState, argv: Sequence[str]) -> CodeState:
    """A code state of now, with what program its tree holds for the command ``argv``."""
    tree = str(code.get("tree") or "")
    known = _known(context)
    if not tree or (known and known[-1][0] == tree == known[-1][1]):
        return code
    program = next((p for t, p in known if t == tree), "") or _same_as(context, tree, known, argv)
    if not known or known[-1][0] != tree:
        others = [pair for pair in known if pair[0] != tree]
        _keep(context, [*others[-TREES_KEPT:], (tree, program)])
    if program != tree:
        written = context.vcs.changed_since([program], tree).get(program, [])[:FILES_KEPT]
        return {**code, "program": program, "written": written}
    return code


def _same_as(
    context: Context, tree: str, known: Sequence[tuple[str, str]], argv: Sequence[str]
) -> str:
    """The program of a tree that differs from one of the last programs' by nothing that matters."""
    latest = {program: seen for seen, program in known}
    newest = sorted(latest.items(), key=lambda kept: known.index((kept[1], kept[0])))
    asked = newest[: -PROGRAMS_ASKED - 1 : -1]
    changed = context.vcs.changed_since([seen for _, seen in asked], tree) if asked else {}
    written = written_by_runs(context, ())
    for program, seen in asked:
        if seen in changed and not changed_program(changed[seen], argv, written):
            return program
    return tree


def changed_files(
    context: Context, before: CodeState, now: CodeState, argv: Sequence[str], runs: Sequence[Run]
) -> list[str]:
    """The files that make the code state ``now`` another program than ``before``; ``runs``: whose
    outputs make none, besides those of this machine."""
    if not program_of(before) or not program_of(now) or program_of(before) == program_of(now):
        return []
    old = str(before["tree"])
    changed = context.vcs.changed_since([old], str(now["tree"]))
    if old not in changed:  # it tells nothing any more
        return ["a code state that is not on this machine"]
    return changed_program(changed[old], argv, written_by_runs(context, runs))


def written_by_runs(context: Context, runs: Sequence[Run]) -> Callable[[str], bool]:
    """Whether a file was last written while a run of this machine, or one of ``runs``, went on."""
    spans = [
        (epoch_ms(run.started_at) / 1000 - CLOCK_S, epoch_ms(run.ended_at) / 1000 + 0.001)
        for run in runs
        if run.started_at and run.ended_at
    ]
    spans += _spans(context)

    def written(path: str) -> bool:
        full = os.path.join(context.vcs.toplevel or "", path)
        try:
            at_s = os.lstat(full).st_mtime
        except OSError:
            return False
        return any(begun <= at_s <= ended for begun, ended in spans) or is_ours(context, full)

    return written


def note_span(context: Context, started_at: str | None, ended_at: str | None) -> None:
    """That a run went on then, so that what it wrote is known for its output."""
    if not started_at or not ended_at:
        return
    try:
        begun, ended = epoch_ms(started_at), epoch_ms(ended_at)
        path = os.path.join(context.root, SPANS)
        fd = open_in_place(path, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK)
        try:
            os.write(fd, b"%d %d\n" % (begun, ended))
        finally:
            os.close(fd)
    except (OSError, ValueError):
        pass  # what it wrote passes for a change


def _spans(context: Context) -> list[tuple[float, float]]:
    """When runs of this repository went on: those that ended, and those that are under way."""
    found = []
    path = os.path.join(context.root, SPANS)
    try:
        with open(open_small(path), "rb") as file:
            data = file.read()
        if len(data) > SPANS_BYTES:
            data = data[-SPANS_BYTES // 2 :].partition(b"\n")[2]
            write_whole(path, data)
    except OSError:
        data = b""
    for line in data.splitlines():
        begun, _, ended = line.partition(b" ")
        if begun.isdigit() and ended.isdigit():
            found.append((int(begun) / 1000 - CLOCK_S, int(ended) / 1000 + 0.001))
    for _, uid in context.open_runs.listed():
        try:
            begun_s = os.stat(os.path.join(context.run_folder(uid), "owner.json")).st_mtime
        except OSError:
            continue
        found.append((begun_s - CLOCK_S, float("inf")))
    return found


def _known(context: Context) -> list[tuple[str, str]]:
    """Trees that were run lately and the programs that they hold, the newest last."""
    try:
        with open(open_small(os.path.join(context.root, PROGRAMS)), encoding="utf-8") as file:
            return [(str(tree), str(program)) for tree, program in json.load(file)]
    except (OSError, ValueError, TypeError):
        return []


def _keep(context: Context, known: Sequence[tuple[str, str]]) -> None:
    write_if_it_can(os.path.join(context.root, PROGRAMS), json.dumps(known).encode())


def check_repeat(context: Context, runs: Sequence[Run], now: CodeState) -> None:
    """Raises LeadlineError(conflict, program-changed) when the work tree holds another program than
    the last of an experiment's ``runs`` ran."""
    last = runs[-1]
    changed = changed_files(context, last.code, now, last.argv, runs)
    if changed:
        raise another_program(last, changed)


def another_program(last: Run, changed: Sequence[str]) -> LeadlineError:
    return conflict(
        "program-changed",
        f"{said(changed)} changed since {last.id}",
        why="its repeats would pool two programs under one experiment",
        do=f"leadline run {_again(last)}",
    )


def check_ruler(last: Run, changed: Sequence[str]) -> None:
    """Raises LeadlineError(conflict, measured-otherwise) when what measures is other than in the ``last``
    run of the experiment."""
    if changed:
        raise conflict(
            "measured-otherwise",
            f"what measures changed since {last.id}: {said(changed)}",
            why="runs that were measured by two rulers are never repeats of one experiment",
            do=["leadline measure again", f"leadline run {_again(last)}"],
        )


def said(changed: Sequence[str]) -> str:
    return few(changed, NAMED)


def _again(run: Run) -> str:
    sets = "".join(f"--set {shell_word(f'{key}={value}')} " for key, value in run.config.items())
    return f"{sets}-- {shell_words(run.argv)}"

"""Whether what a run wrote is still what its numbers were read from: what is appended to it from outside
makes the run's metrics disputed."""

from __future__ import annotations

import os
from collections.abc import Iterable

from leadline.core.record.run import Run
from leadline.core.timestamps import epoch_ms
from leadline.services.artifact.file_digests import FileDigests
from leadline.services.context import Context, refs_for

FILES = {"logged": "metrics.jsonl", "stdout": "stdout.log", "stderr": "stderr.log"}


def find_disputed(context: Context, runs: Iterable[Run]) -> list[Run]:
    """Those of ``runs`` whose files on this machine are others than when they ended, with why as
    ``disputed``. A file that is gone says nothing."""
    known, found = FileDigests(context), []
    for run in runs:
        if run.disputed or not run.bears_result or run.origin != "executed":
            continue
        changed = [name for key, name in FILES.items() if _is_other(context, known, run, key, name)]
        if changed:
            run.disputed = f"{', '.join(changed)} changed after the run ended"
            found.append(run)
    known.keep()
    return found


def record_disputed(context: Context, topic: str, runs: Iterable[Run]) -> bool:
    """Write down which of ``runs`` are disputed, so that it is known wherever they are judged."""
    found = find_disputed(context, runs)
    if not found:
        return False
    thread = context.slice(topic, [run.id for run in found])
    for run in found:
        context.append(
            topic,
            "correction",
            {
                "target": run.id,
                "field": "disputed",
                "value": run.disputed,
                "why": "what the numbers were read from is not what it was when the run ended",
                "refs": refs_for(thread, [run.id]),
            },
        )
    return True


def any_touched(context: Context) -> bool:
    """Whether a file of some run of this machine changed after its result came, by the time that nobody
    sets back: then it has to be looked at."""
    folder = os.path.join(context.root, "runs")
    try:
        uids = os.listdir(folder)
    except OSError:
        return False
    for uid in uids:
        attempt = context.run_folder(uid)
        try:
            ended = os.stat(os.path.join(attempt, "result.json")).st_ctime_ns
        except OSError:
            continue
        for name in FILES.values():
            try:
                if os.stat(os.path.join(attempt, name)).st_ctime_ns > ended:
                    return True
            except OSError:
                continue
    return False


def _is_other(context: Context, known: FileDigests, run: Run, key: str, name: str) -> bool:
    then = run.outputs.get(key)
    if not isinstance(then, dict) or not run.ended_at:
        return False
    path = os.path.join(context.run_folder(run.uid), name)
    try:
        now = os.stat(path)
        if now.st_size == then["size_bytes"] and now.st_ctime_ns / 1e6 <= epoch_ms(run.ended_at):
            return False
        return bool(now.st_size != then["size_bytes"] or known.of(path)[0] != then["digest"])
    except (OSError, ValueError):
        return False

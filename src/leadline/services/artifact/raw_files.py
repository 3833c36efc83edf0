"""Whether what a run wrote is still what its numbers were read from: what is appended to it from outside
makes the run's metrics disputed.

It is looked for before anything is said about a thread, and written down, so that every output says it.
A content changes no folder: so the files themselves are asked for their times, and only those that
changed after the result came are read. Of a long thread not all can be asked: the newest are, and
those that a claim rests on (``verify`` asks all).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping

from leadline.core.record.run import Run
from leadline.core.timestamps import epoch_ms
from leadline.core.tracker.run_folder import RAW_FILES, RESULT
from leadline.core.typed import TYPE_CHECKING
from leadline.job.disk import open_small
from leadline.services.context import Context, refs_for
from leadline.services.out_path import write_if_it_can

if TYPE_CHECKING:
    from leadline.services.artifact.file_digests import FileDigests

KEPT = (
    "unchanged-runs.json"  # runs whose files changed in nothing but their times, and when they did
)
SERIES = "series"


def find_disputed(context: Context, runs: Iterable[Run]) -> list[Run]:
    """Those of ``runs`` whose files on this machine are others than when they ended, with why as
    ``disputed``. A file that is gone says nothing."""
    from leadline.services.artifact import file_digests  # noqa: PLC0415  start-up: 0.2 ms

    known, found = file_digests.FileDigests(context), []
    for run in runs:
        if run.disputed or not run.bears_result or run.origin != "executed":
            continue
        changed = [
            name for key, name in RAW_FILES.items() if _is_other(context, known, run, key, name)
        ]
        if changed:
            run.disputed = f"{', '.join(changed)} changed after the run ended"
            found.append(run)
    known.keep()
    return found


def record_disputed(context: Context, topic: str, runs: Iterable[Run]) -> bool:
    """Write down which of ``runs`` are disputed, so that it is known wherever they are judged."""
    found = find_disputed(context, runs)
    if found:  # where the record itself is not as it was written, it says nothing of the files
        altered = context.store.view(topic).altered
        beside = frozenset[str]().union(*(each.uids for each in altered))
        found = [run for run in found if run.uid not in beside]
    if not found:
        return False
    thread = context.slice(topic, [run.id for run in found])
    for run in found:
        note_disputed(context, topic, run.id, run.disputed, refs_for(thread, [run.id]))
    return True


def note_disputed(
    context: Context, topic: str, run: str, why: str, refs: Mapping[str, str]
) -> None:
    """Write down that ``run`` is disputed, and why."""
    context.append(
        topic,
        "correction",
        {
            "target": run,
            "field": "disputed",
            "value": why,
            "why": "what the numbers were read from is not what it was when the run ended",
            "refs": dict(refs),
        },
    )


def look_again(context: Context, topic: str) -> None:
    """Write down which runs of ``topic`` are disputed, of those that may be asked in the time of a
    reading verb. Raises LeadlineError where it cannot be written."""
    touched = _touched(context, context.store.runs_to_watch(topic))
    if not touched:
        return
    place = os.path.join(context.root, KEPT)
    known = _kept(place)
    new = {uid: at_ns for uid, at_ns in touched.items() if known.get(uid) != at_ns}
    if not new:
        return
    thread = context.store.view(topic)
    ids = [thread.uids[key] for uid in new if (key := ("run", uid)) in thread.uids]
    record_disputed(context, topic, thread.runs_named(ids))
    write_if_it_can(place, json.dumps({**known, **new}).encode())  # they are read again next time


def runs_touched(context: Context) -> list[str]:
    """The uids of the runs of this machine of which a file changed after the result came, by the time
    that nobody sets back (a copy of the folder changes it too): these have to be looked at."""
    try:
        uids = os.listdir(os.path.join(context.root, "runs"))
    except OSError:
        return []
    touched = _touched(context, uids)
    return [uid for uid in uids if uid in touched or _is_series_touched(context.run_folder(uid))]


def series_touched(context: Context, run: Run) -> bool:
    """Whether a segment of its series was changed or removed here after its result came."""
    return _is_series_touched(context.run_folder(run.uid))


def _is_series_touched(attempt: str) -> bool:
    ended_ns = _changed_ns(attempt, RESULT)
    try:
        with os.scandir(f"{attempt}/{SERIES}") as entries:
            changed_ns = [entry.stat(follow_symlinks=False).st_ctime_ns for entry in entries]
    except OSError:
        return False
    return 0 < ended_ns < max(_changed_ns(attempt, SERIES), *changed_ns, 0)


def _touched(context: Context, uids: Iterable[str]) -> dict[str, int]:
    """When a file of each run changed last, of those where that was after the result came."""
    found = {}
    for uid in uids:
        attempt = context.run_folder(uid)
        ended_ns = _changed_ns(attempt, RESULT)
        if not ended_ns:
            continue
        newest_ns = max(_changed_ns(attempt, name) for name in RAW_FILES.values())
        if newest_ns > ended_ns:
            found[uid] = newest_ns
    return found


def _changed_ns(folder: str, name: str) -> int:
    try:
        return os.stat(f"{folder}/{name}").st_ctime_ns
    except OSError:
        return 0


def _kept(place: str) -> dict[str, int]:
    try:
        with open(open_small(place), "rb") as file:
            return dict(json.load(file))
    except (OSError, ValueError, TypeError):
        return {}


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

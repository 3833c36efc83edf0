"""Whose the files are that a run's metrics are read from: what the job program saw of them, and
whether another run went on beside it that writes the same ones."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from leadline.core.timestamps import epoch_ms
from leadline.core.typed import TYPE_CHECKING, cast
from leadline.services.context import Context
from leadline.services.out_path import object_at
from leadline.services.run.planning import RunPlan
from leadline.services.run.spec import SPEC

if TYPE_CHECKING:
    from leadline.ports.attempt import FileWritten, Result, Spec

SHARED = "shared-files"  # left by a run that ended before, with the paths that both write


def files_written(
    context: Context, run: RunPlan, result: Result, where: str, paths: Sequence[str]
) -> Mapping[str, FileWritten]:
    """What the run made of each of the ``paths``, which are relative to ``where``."""
    told = _as_seen(result, where, paths)
    real = {path: os.path.realpath(os.path.join(where, path)) for path in paths}
    shared = _shared_with_earlier(run.attempt)
    for topic, uid in context.open_runs.listed():
        if uid == run.uid or topic not in ("", run.topic):
            continue
        other = context.run_folder(uid)
        common = {*real.values()} & _files_of(other)
        if common:
            shared |= common
            _leave_word(other, common)
    both: FileWritten = {"how": "shared"}
    return {**told, **{path: both for path in paths if real[path] in shared}}


def _as_seen(result: Result, where: str, paths: Sequence[str]) -> dict[str, FileWritten]:
    """Of a run that began before the job program looked, what the times of the files tell; nothing
    of one that ended without it."""
    if "files" in result or not result.get("started_at"):
        return dict(result.get("files") or {})
    told: dict[str, FileWritten] = {}
    for path in paths:
        try:
            found = os.stat(os.path.join(where, path))
        except OSError:
            told[path] = {"how": "absent"}
            continue
        older = found.st_mtime_ns < epoch_ms(result["started_at"]) * 1_000_000
        told[path] = {
            "how": "older" if older else "new",
            "size_bytes": found.st_size,
            "mtime_ns": found.st_mtime_ns,
        }
    return told


def _files_of(attempt: str) -> set[str]:
    """What an attempt that has begun and not ended is to write."""
    if not os.path.exists(os.path.join(attempt, "owner.json")):
        return set()
    try:
        spec = cast("Spec", object_at(os.path.join(attempt, SPEC)))
        return {
            os.path.realpath(os.path.join(spec["cwd"], path)) for path in spec.get("files") or ()
        }
    except (KeyError, TypeError):
        return set()


def _leave_word(attempt: str, paths: set[str]) -> None:
    try:
        with open(os.path.join(attempt, SHARED), "ab") as file:
            file.write(b"".join(os.fsencode(path) + b"\0" for path in sorted(paths)))
    except OSError:
        pass  # it finds out no more; this run knows


def _shared_with_earlier(attempt: str) -> set[str]:
    try:
        with open(os.path.join(attempt, SHARED), "rb") as file:
            return {os.fsdecode(path) for path in file.read().split(b"\0") if path}
    except OSError:
        return set()

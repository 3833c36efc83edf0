"""Puts a copy of a run folder into a shared one: ``FOLDER/PROJECT/NAME-UID``, whole or not at all.

A copy is made under a hidden name, brought to the disk and renamed, so that nobody ever reads half
a run; what an earlier copy that was cut off left is removed first. The folder that was renamed
carries the uid in its name, and that is how the run is found again. Copied is what makes the run
readable elsewhere, and nothing else of the run folder: its output and its ``spec.json`` may hold
what the record has redacted.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from leadline.adapters.files import locked, write_atomically
from leadline.adapters.series.files import SeriesFiles
from leadline.adapters.series.place import COMPACTED, FOLDER, segments
from leadline.adapters.trackers.folder.run_folder import (
    BLOCK_BYTES,
    digest_at,
    is_inside,
    result_of,
    run_at,
)
from leadline.core.errors import remote
from leadline.core.series.points import Points
from leadline.core.tracker.reading import TrackerRun
from leadline.core.tracker.run_folder import (
    ABOUT,
    LINES,
    MANIFEST,
    RESULT,
    SUMMARY,
    RunAbout,
    decoded,
    encoded,
    summary_of,
)
from leadline.core.typed import TYPE_CHECKING, cast
from leadline.job.disk import sync_folder
from leadline.ports.tracker import Push

if TYPE_CHECKING:
    from leadline.core.record.bodies import SentFile

    Files = dict[str, SentFile]

KEPT_OF_RESULT = ("exit_code", "signal", "started_at", "ended_at", "wall_s")


def put(push: Push, root: str, limit_s: float) -> TrackerRun:
    """See ``Tracker.push``; ``root`` is the shared folder. Raises LeadlineError(remote)."""
    facts, until = push.facts, time.monotonic() + limit_s
    folder = os.path.join(root, facts.project)
    target = os.path.join(folder, f"{re.sub('[^A-Za-z0-9._-]', '_', facts.name)}-{facts.uid}")
    try:
        _make_project(root, folder)
        with locked(os.path.join(facts.folder, "push.lock")):
            _sweep(folder, facts.uid)
            there = _there(folder, facts.uid)
            if there and _is_current(there, push):
                _add_artifacts(there, push, until)
            else:
                _replace(folder, there, target, push, until)
                there = target
    except OSError as error:
        raise remote(
            "tracker-failed",
            f"{folder} does not take the run: {error.strerror or error}",
            why="what is here is kept, nothing half-written is left there",
            do="leadline tracker status",
        ) from error
    run = run_at(there)
    if run is None:
        raise remote("tracker-failed", f"{there} did not stay", do="leadline tracker sync")
    run.project = facts.project
    return run


def _make_project(root: str, folder: str) -> None:
    """The project's folder, with the rights of the shared one: whoever may put runs there may put
    them here."""
    if not os.path.isdir(folder):
        os.makedirs(folder, exist_ok=True)
        _allow(folder, stat.S_IMODE(os.stat(root).st_mode))


def _allow(path: str, mode: int) -> None:
    try:
        os.chmod(path, mode)
    except OSError:
        pass  # a file system without rights of its own, or another's folder


def _allow_all(top: str, folder: str) -> None:
    """Everything below ``top`` is readable to those who may read the project's ``folder``, whatever
    our umask is."""
    mode = os.stat(folder).st_mode & 0o2777
    for inside, _, names in os.walk(top):
        _allow(inside, mode)
        for name in names:
            _allow(os.path.join(inside, name), mode & 0o666)


def _sweep(folder: str, uid: str) -> None:
    """Remove what copies of this run that were cut off left. Its own machine alone makes them,
    under a lock."""
    for name in os.listdir(folder):
        if name.startswith(f".{uid}."):
            shutil.rmtree(os.path.join(folder, name))


def _there(folder: str, uid: str) -> str:
    names = [
        name
        for name in sorted(os.listdir(folder))
        if name.endswith(f"-{uid}") and not name.startswith(".")
    ]
    return os.path.join(folder, names[0]) if names else ""


def _is_current(there: str, push: Push) -> bool:
    """Whether the copy has what the run has: a run that ended changes only by what the record says
    of it."""
    try:
        with (
            open(os.path.join(there, ABOUT), "rb") as about,
            open(os.path.join(there, SUMMARY), "rb") as summary,
        ):
            same = about.read() == _about(push) and summary.read() == _summary(push)
        with open(os.path.join(there, RESULT), "rb") as result:
            same = same and decoded(result.read()).get("state") == push.state
    except (OSError, ValueError):
        return False
    listed = os.path.isfile(os.path.join(there, MANIFEST))
    return same and listed and _has_series(there) >= _has_series(push.path)


def _has_series(path: str) -> bool:
    return bool(path) and (
        bool(segments(path))
        or any(os.path.exists(os.path.join(path, n)) for n in (COMPACTED, LINES))
    )


def _replace(folder: str, there: str, target: str, push: Push, until: float) -> None:
    with _scratch(folder, push.facts.uid) as scratch:
        _fill(scratch, push, until)
        if there:
            os.rename(there, f"{scratch}.old")
        os.rename(scratch, target)
        sync_folder(folder)
        if there:
            shutil.rmtree(f"{scratch}.old", ignore_errors=True)


@contextmanager
def _scratch(folder: str, uid: str) -> Iterator[str]:
    """A new hidden folder, removed when it was not renamed."""
    path = os.path.join(folder, f".{uid}.{os.urandom(4).hex()}")
    os.mkdir(path)
    try:
        yield path
    finally:
        if os.path.isdir(path):
            shutil.rmtree(path, ignore_errors=True)


def _fill(scratch: str, push: Push, until: float) -> None:
    files: Files = {}
    for name, data in ((ABOUT, _about(push)), (SUMMARY, _summary(push)), (RESULT, _result(push))):
        files[name] = _write(os.path.join(scratch, name), data)
    path = push.path
    for name in [*(f"{FOLDER}/{segment}" for segment in segments(path)), COMPACTED] if path else []:
        if os.path.exists(source := os.path.join(path, name)):
            files[name] = _copy(source, os.path.join(scratch, name), until)
    # The lines of other programs may hold more than numbers: what is read as numbers goes, and no
    # more.
    lines = push.reading.series if push.reading else {}
    if path:
        lines = SeriesFiles().read_lines(os.path.join(path, LINES))
    if lines:
        files[LINES] = _write(os.path.join(scratch, LINES), _lines(lines))
    files |= _copy_artifacts(scratch, push, until)
    _write(os.path.join(scratch, MANIFEST), encoded({"v": 1, "files": files}))
    _allow_all(scratch, os.path.dirname(scratch))
    for inside, _, _ in os.walk(scratch):
        sync_folder(inside)


def _add_artifacts(there: str, push: Push, until: float) -> None:
    with open(os.path.join(there, MANIFEST), "rb") as file:
        files = cast("Files", decoded(file.read())["files"])
    held = {name: files.get(f"artifacts/{name}") for name in push.artifacts}
    fresh = {
        name: path
        for name, path in push.artifacts.items()
        if (known := held[name]) is None or known["digest"] != digest_at(path)
    }
    if fresh:
        files |= _copy_artifacts(there, Push(push.facts, artifacts=fresh), until)
        write_atomically(os.path.join(there, MANIFEST), encoded({"v": 1, "files": files}))
        _allow_all(there, os.path.dirname(there))


def _copy_artifacts(folder: str, push: Push, until: float) -> Files:
    return {
        f"artifacts/{name}": _copy(path, os.path.join(folder, "artifacts", name), until)
        for name, path in sorted(push.artifacts.items())
        if is_inside(name)
    }


def _about(push: Push) -> bytes:
    """By the record, which knows every run; the folders of older ones say less."""
    facts = push.facts
    about = push.about or RunAbout(
        facts.uid,
        facts.id,
        facts.name,
        facts.experiment,
        "",
        facts.topic,
        facts.project,
        facts.title,
        [],
        "",
        facts.config,
    )
    return about.encoded()


def _summary(push: Push) -> bytes:
    return summary_of(push.metrics, {})


def _result(push: Push) -> bytes:
    found = result_of(push.path) if push.path else {}
    kept = {name: found[name] for name in KEPT_OF_RESULT if name in found}
    return encoded({"v": 1, "state": push.state, **kept})


def _lines(series: Mapping[str, Points]) -> bytes:
    """Points without segments, as programs in other languages write them."""
    return b"".join(
        encoded(_row(name, step, value, time_s))
        for name, points in sorted(series.items())
        for step, value, time_s in zip(points.steps, points.values, points.times, strict=True)
    )


def _row(name: str, step: float, value: float, time_s: float) -> dict[str, object]:
    """One point; a time or a step that was not said (NaN) is left out."""
    said = {"t": time_s, "step": step}
    return {**{key: at for key, at in said.items() if at == at}, "metrics": {name: value}}


def _write(path: str, data: bytes) -> SentFile:
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return {"size_bytes": len(data), "digest": "sha256:" + hashlib.sha256(data).hexdigest()}


def _copy(source: str, target: str, until: float) -> SentFile:
    """Copy a file durably, under its name when it is whole; returns its size and digest.

    Raises LeadlineError(remote, ``tracker-slow``) after ``until``.
    """
    os.makedirs(os.path.dirname(target), exist_ok=True)
    hashing, size = hashlib.sha256(), 0
    with open(source, "rb") as reading, open(f"{target}.part", "wb") as writing:
        while block := reading.read(BLOCK_BYTES):
            if time.monotonic() > until:
                raise remote(
                    "tracker-slow",
                    f"{os.path.basename(source)} was not copied within the limit",
                    why="it is copied as a whole another time; --limit gives it longer",
                    do="leadline tracker sync --limit 3600",
                )
            writing.write(block)
            hashing.update(block)
            size += len(block)
        writing.flush()
        os.fsync(writing.fileno())
    os.replace(f"{target}.part", target)
    return {"size_bytes": size, "digest": "sha256:" + hashing.hexdigest()}

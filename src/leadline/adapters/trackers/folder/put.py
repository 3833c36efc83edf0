"""Puts a copy of a run folder into a shared one: ``FOLDER/PROJECT/NAME-UID``, whole or not at all.

A copy is made under a hidden name, brought to the disk and renamed, so that nobody ever reads half
a run; all of it through open handles (``shared.py``), since others write in the same folder. What an
earlier copy that was cut off left is removed first. The folder that was renamed carries the uid in
its name, and that is how the run is found again. Copied is what makes the run readable elsewhere, and
nothing else of the run folder: its output and its ``spec.json`` may hold what the record has
redacted.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from leadline.adapters.files import locked
from leadline.adapters.series.files import SeriesFiles
from leadline.adapters.series.place import COMPACTED, FOLDER, segments
from leadline.adapters.trackers.folder.run_folder import (
    BLOCK_BYTES,
    digest_at,
    is_inside,
    result_of,
    run_at,
)
from leadline.adapters.trackers.folder.shared import OwnFolder
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
from leadline.ports.tracker import Push

if TYPE_CHECKING:
    from leadline.core.record.bodies import SentFile

    Files = dict[str, SentFile]

KEPT_OF_RESULT = ("exit_code", "signal", "started_at", "ended_at", "wall_s")


def put(push: Push, root: str, limit_s: float) -> TrackerRun:
    """See ``Tracker.push``; ``root`` is the shared folder. Raises LeadlineError(remote)."""
    facts, until = push.facts, time.monotonic() + limit_s
    folder = os.path.join(root, facts.project)
    name = f"{re.sub('[^A-Za-z0-9._-]', '_', facts.name)}-{facts.uid}"
    try:
        with (
            _project(root, folder) as project,
            locked(os.path.join(facts.folder, "push.lock")),
        ):
            _sweep(project, facts.uid)
            there = _there(project, facts.uid)
            if there and _add_to(project, there, push, until):
                name = there
            else:
                _replace(project, there, name, push, until)
    except OSError as error:
        raise remote(
            "tracker-failed",
            f"{error.filename or folder} does not take the run: {error.strerror or error}",
            why="what is here is kept, nothing half-written is left there",
            do="leadline tracker status",
        ) from error
    run = run_at(os.path.join(folder, name))
    if run is None:
        raise remote(
            "tracker-failed",
            f"{os.path.join(folder, name)} did not stay",
            do="leadline tracker sync",
        )
    run.project = facts.project
    return run


class _Project:
    """The project's folder, which may be others' too, by its handle."""

    def __init__(self, fd: int, path: str) -> None:
        self.fd, self.path = fd, path
        self.mode = os.fstat(fd).st_mode & 0o2777


@contextmanager
def _project(root: str, folder: str) -> Iterator[_Project]:
    """With the rights of the shared one: whoever may put runs there may put them here. A link in
    its place is not followed."""
    try:
        os.mkdir(folder)
        made = True
    except FileExistsError:
        made = False
    except FileNotFoundError:
        os.makedirs(folder)
        made = True
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if made:
            os.fchmod(fd, stat.S_IMODE(os.stat(root).st_mode))
        yield _Project(fd, folder)
    finally:
        os.close(fd)


def _sweep(project: _Project, uid: str) -> None:
    """Remove what copies of this run that were cut off left. Its own machine alone makes them,
    under a lock; a link among them is removed, not followed."""
    for name in os.listdir(project.fd):
        if name.startswith(f".{uid}."):
            _remove(project, name)


def _remove(project: _Project, name: str) -> None:
    if stat.S_ISDIR(os.stat(name, dir_fd=project.fd, follow_symlinks=False).st_mode):
        shutil.rmtree(name, dir_fd=project.fd)
    else:
        os.unlink(name, dir_fd=project.fd)


def _there(project: _Project, uid: str) -> str:
    names = [
        name
        for name in sorted(os.listdir(project.fd))
        if name.endswith(f"-{uid}") and not name.startswith(".")
    ]
    return names[0] if names else ""


def _add_to(project: _Project, name: str, push: Push, until: float) -> bool:
    """Add artifacts that are new to a copy that has the rest; whether it was one. Raises OSError for
    one that is a link or somebody else's: nothing of theirs is replaced."""
    with OwnFolder.enter(name, project.mode, project.fd) as there:
        if not _is_current(there, os.path.join(project.path, name), push):
            return False
        _add_artifacts(there, push, until)
    return True


def _is_current(there: OwnFolder, path: str, push: Push) -> bool:
    """Whether the copy has what the run has: a run that ended changes only by what the record says
    of it."""
    try:
        same = there.read(ABOUT) == _about(push) and there.read(SUMMARY) == _summary(push)
        same = same and decoded(there.read(RESULT)).get("state") == push.state
        there.read(MANIFEST)
    except (OSError, ValueError):
        return False
    return same and _has_series(path) >= _has_series(push.path)


def _has_series(path: str) -> bool:
    return bool(path) and (
        bool(segments(path))
        or any(os.path.exists(os.path.join(path, n)) for n in (COMPACTED, LINES))
    )


def _replace(project: _Project, there: str, target: str, push: Push, until: float) -> None:
    scratch = f".{push.facts.uid}.{os.urandom(4).hex()}"
    at = {"src_dir_fd": project.fd, "dst_dir_fd": project.fd}
    try:
        with OwnFolder.make(scratch, project.mode, project.fd) as folder:
            _fill(folder, push, until)
            folder.open_up()
            folder.sync()
        if there:
            os.rename(there, f"{scratch}.old", **at)
        os.rename(scratch, target, **at)
        os.fsync(project.fd)
    finally:
        for name in (scratch, f"{scratch}.old"):
            try:
                _remove(project, name)
            except OSError:
                pass


def _fill(scratch: OwnFolder, push: Push, until: float) -> None:
    files: Files = {}
    for name, data in ((ABOUT, _about(push)), (SUMMARY, _summary(push)), (RESULT, _result(push))):
        files[name] = scratch.write(name, (data,))
    path = push.path
    for name in [*(f"{FOLDER}/{segment}" for segment in segments(path)), COMPACTED] if path else []:
        if os.path.exists(source := os.path.join(path, name)):
            files[name] = scratch.write(name, _pieces(source, until))
    # The lines of other programs may hold more than numbers: what is read as numbers goes, and no
    # more.
    lines = push.reading.series if push.reading else {}
    if path:
        lines = SeriesFiles().read_lines(os.path.join(path, LINES))
    if lines:
        files[LINES] = scratch.write(LINES, (_lines(lines),))
    files |= _copy_artifacts(scratch, push, until)
    scratch.write(MANIFEST, (encoded({"v": 1, "files": files}),))


def _add_artifacts(there: OwnFolder, push: Push, until: float) -> None:
    files = cast("Files", decoded(there.read(MANIFEST))["files"])
    held = {name: files.get(f"artifacts/{name}") for name in push.artifacts}
    fresh = {
        name: path
        for name, path in push.artifacts.items()
        if (known := held[name]) is None or known["digest"] != digest_at(path)
    }
    if fresh:
        files |= _copy_artifacts(there, Push(push.facts, artifacts=fresh), until)
        there.write(MANIFEST, (encoded({"v": 1, "files": files}),))
        there.sync()


def _copy_artifacts(folder: OwnFolder, push: Push, until: float) -> Files:
    return {
        f"artifacts/{name}": folder.write(f"artifacts/{name}", _pieces(path, until))
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


def _pieces(source: str, until: float) -> Iterator[bytes]:
    """Raises LeadlineError(remote, ``tracker-slow``) after ``until``."""
    with open(source, "rb") as reading:
        while block := reading.read(BLOCK_BYTES):
            if time.monotonic() > until:
                raise remote(
                    "tracker-slow",
                    f"{os.path.basename(source)} was not copied within the limit",
                    why="it is copied as a whole another time; --limit gives it longer",
                    do="leadline tracker sync --limit 3600",
                )
            yield block

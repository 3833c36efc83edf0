"""Artifacts of a run: list them, find one, write one out, check their bytes.

A content is here or on the machine that has it; only where the run was made (its folder is here) is
an absent content a fault. What is written out is checked on the way, so a damaged content never
leaves as a good one.
"""

from __future__ import annotations

import json
import os

from leadline.core.canonical import digest_of_file
from leadline.core.errors import (
    LeadlineError,
    check_failed,
    conflict,
    environment,
    not_found,
    usage,
)
from leadline.core.record import artifact as core
from leadline.core.record.artifact import Artifact
from leadline.core.record.run import Run
from leadline.core.timestamps import few, size
from leadline.core.typed import TypedDict, cast
from leadline.core.values import as_dict
from leadline.job.disk import discard
from leadline.services.context import Context
from leadline.services.out_path import check_folder


class ArtifactRow(TypedDict):
    """An artifact, and in ``state`` whether its content is here and whole: as it was found, ``ok``,
    ``damaged``, ``missing`` or ``elsewhere``."""

    name: str
    kind: str
    digest: str
    size_bytes: int
    step: int | None
    at: str
    source: str
    version: int
    changed: bool
    path: str
    state: str


class Copied(ArtifactRow):
    run: str
    written: str


def artifacts_of(context: Context, run: Run) -> list[Artifact]:
    """Every artifact of ``run`` in the order logged, with the ``path`` of its content here ("" when
    it is not)."""
    found = core.listed(run)
    if (digest := core.manifest(run)) and context.blobs.has(digest):
        found = core.recorded(json.loads(context.blobs.get(digest)))
    for artifact in found:
        artifact.path = context.blobs.place(artifact.digest)
    return found


def made_here(context: Context, run: Run) -> bool:
    return os.path.isdir(context.run_folder(run.uid))


def standing(context: Context, run: Run, artifact: Artifact) -> str:
    """``here``; ``elsewhere``: on the machine that made it; ``missing``: it was made here and is
    gone."""
    if artifact.path:
        return "here"
    return "missing" if made_here(context, run) else "elsewhere"


def where_made(run: Run) -> str:
    return str(run.hardware.get("host") or "the machine that made it")


def find(
    context: Context,
    run: Run,
    name: str | None,
    version: int | None = None,
    step: int | None = None,
) -> Artifact:
    """The artifact called ``name`` (or whose digest begins so), its last version unless one is
    named.

    ``name`` may be left out when there is one name only. Raises LeadlineError(not_found | usage).
    """
    return versions(context, run, name, version, step)[-1]


def versions(
    context: Context,
    run: Run,
    name: str | None,
    version: int | None = None,
    step: int | None = None,
) -> list[Artifact]:
    """Every version of the artifact called ``name``, or the one that is named; never none. As
    ``find``."""
    every = artifacts_of(context, run)
    names = [a.name for a in core.latest(every)]
    if not every:
        raise not_found(
            "no-artifacts",
            f"{run.id} kept no artifact",
            do="leadline run --artifact 'plots/*.png' -- …",
        )
    if name is None:
        if len(names) > 1:
            more = " …" if len(names) > 6 else ""
            raise usage(
                "which-artifact",
                f"{run.id} has {len(names)} artifacts: {', '.join(names[:6])}{more}",
                do=[
                    f"leadline artifact get {run.id} '{names[0]}'",
                    f"leadline artifact list {run.id}",
                ],
            )
        name = names[0]
    digest = name.removeprefix("sha256:")
    named = [a for a in every if a.name == name] or [
        a for a in every if len(digest) >= 8 and a.digest.removeprefix("sha256:").startswith(digest)
    ]
    found = [a for a in named if version in (None, a.version) and step in (None, a.step)]
    if not found:
        which = f" version {version}" if version is not None else ""
        which += f" at step {step}" if step is not None else ""
        near = [n for n in names if name.lower() in n.lower()] or names
        if named:
            at_step = ["" if a.step is None else f" at step {a.step}" for a in named]
            near = [f"version {a.version}{at}" for a, at in zip(named, at_step, strict=True)]
        raise not_found(
            "no-such-artifact",
            f"{run.id} has no artifact {name!r}{which}",
            why=f"it has {few(near, 12)}",
            do=f"leadline artifact list {run.id}",
        )
    return found


def not_here(run: Run, artifact: Artifact, state: str) -> LeadlineError:
    if state == "elsewhere":
        return not_found(
            "artifact-elsewhere",
            f"{artifact.name} ({size(artifact.size_bytes)}) of {run.id} is on {where_made(run)}",
            why="large contents stay where they were made; the record has the digest",
            do=f"leadline artifact get {run.id} '{artifact.name}'  (there)",
        )
    return check_failed(
        "artifact-missing",
        f"{artifact.name} of {run.id} is gone: {artifact.digest[:19]} is not in the blobs",
        why="the run was made here, so its content should be",
        do="leadline sync  (small ones are on the record branch)",
    )


def get(
    context: Context, run: Run, artifact: Artifact, out: str | None, force: bool = False
) -> Copied:
    """Write a checked copy to ``out`` (a file, or a folder; default: the current folder), in a
    folder under the last part of its name. An existing file stays unless ``force``.

    Raises LeadlineError: conflict (``file-exists``), not_found, check_failed (``blob-damaged``),
    environment (``no-folder``: folders are not made).
    """
    path = context.blobs.place(artifact.digest)
    if not path:
        raise not_here(run, artifact, standing(context, run, artifact))
    target = _target(context, artifact, out)
    if os.path.lexists(target) and not force:
        raise _exists(run, artifact, target)
    check_folder(target)
    temporary = f"{target}.{os.getpid()}.tmp"
    try:
        try:
            if _copy(path, temporary) != artifact.digest:
                context.blobs.check(artifact.digest)
            _publish(temporary, target, force)
        except OSError as error:
            raise environment(
                "cannot-write",
                f"cannot write {target}: {error.strerror or error}",
                do="choose another --out",
            ) from None
    except BaseException as error:
        discard(temporary)
        if isinstance(error, _Taken):
            raise _exists(run, artifact, target) from None
        raise
    return {**data_of(artifact, "here"), "run": run.id, "written": target}


class _Taken(Exception):
    """Somebody made the file meanwhile."""


def _copy(source: str, target: str) -> str:
    """Copy a content to a new file; the digest of what was copied."""
    fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    with open(source, "rb") as reading, open(fd, "wb") as writing:
        return digest_of_file(reading, into=writing)


def _publish(temporary: str, target: str, force: bool) -> None:
    if not force:
        try:  # the name is ours from here on, so that the rename replaces nobody's file
            os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC))
        except FileExistsError:
            raise _Taken from None
    os.replace(temporary, target)


def _exists(run: Run, artifact: Artifact, target: str) -> LeadlineError:
    return conflict(
        "file-exists",
        f"{target} is there already",
        why="it would be lost",
        do=[
            f"leadline artifact get {run.id} '{artifact.name}' --out OTHER",
            f"leadline artifact get {run.id} '{artifact.name}' --force",
        ],
    )


def _target(context: Context, artifact: Artifact, out: str | None) -> str:
    """Where a copy goes. A name from a record decides the last part of the path only."""
    last = artifact.name.rpartition("/")[2]
    base = "".join([c if c.isprintable() and c not in "/\\" else "_" for c in last])
    if base in ("", ".", ".."):
        base = "artifact"
    target = os.path.abspath(os.path.join(context.cwd, os.path.expanduser(out or ".")))
    wants_folder = out is None or out.endswith("/")
    return os.path.join(target, base) if wants_folder or os.path.isdir(target) else target


def check(
    context: Context,
    run: Run,
    name: str | None = None,
    version: int | None = None,
    step: int | None = None,
) -> list[ArtifactRow]:
    """Every content read and hashed again, or all versions of ``name``, or the one that is named:
    rows with ``state`` ok, damaged, missing or elsewhere."""
    one = name is not None or version is not None or step is not None
    chosen = versions(context, run, name, version, step) if one else artifacts_of(context, run)
    known: dict[str, str] = {}
    rows = []
    for artifact in chosen:
        if artifact.digest not in known:
            known[artifact.digest] = standing(context, run, artifact)
            if artifact.path:
                known[artifact.digest] = "ok"
                try:
                    context.blobs.check(artifact.digest)
                except LeadlineError as error:
                    known[artifact.digest] = (
                        "damaged" if error.kind == "check_failed" else "missing"
                    )
        rows.append(data_of(artifact, known[artifact.digest]))
    return rows


def data_of(artifact: Artifact, state: str) -> ArtifactRow:
    return cast("ArtifactRow", {**as_dict(artifact), "state": state})

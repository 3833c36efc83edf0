"""Artifacts when their run ends: what the job logged, and files named by ``--artifact``, move into
the blob store.

Everything up to the record can be done again: a crash in between leaves contents in the attempt
folder or under their digest in the blobs, and the next ending finds them there. What looks like a
secret is left out here, since the job program knows no such rules; its bytes are removed once the
record that says so is durable.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from itertools import islice

from leadline.core.canonical import canonical_json
from leadline.core.errors import LeadlineError, usage
from leadline.core.record.artifact import GAPS_LISTED, LISTED
from leadline.core.secrets.names import secret_name_reason
from leadline.core.timestamps import epoch_ms, rfc3339
from leadline.core.typed import TYPE_CHECKING, Any, cast
from leadline.job.disk import discard, make_folders, open_to_read
from leadline.services.context import Context
from leadline.services.out_path import object_at

if TYPE_CHECKING:
    from leadline.core.record.bodies import (
        ArtifactsOfRun,
        GapInArtifacts,
        KeptArtifact,
        RunPlannedBody,
    )
    from leadline.job.artifact import Line
    from leadline.ports.attempt import Result

MATCHED = 1000  # files taken by one --artifact
CLOCK_SLACK_S = 2.0  # file systems and hosts disagree by this much about the time
SETTINGS = {"FILE": "artifact.max_file_bytes", "RUN": "artifact.max_run_bytes"}


def limits(context: Context) -> dict[str, int]:
    """Bytes of the largest file kept (``FILE``) and of all artifacts of a run (``RUN``).
    LeadlineError(usage)."""
    found = {}
    for what, setting in SETTINGS.items():
        variable = f"LEADLINE_ARTIFACT_{what}_BYTES"
        said = context.environ.get(variable) or context.setting(setting)
        try:
            found[what] = int(said)
        except (TypeError, ValueError):
            raise usage(
                "bad-settings",
                f"{setting} (or ${variable}) is {said!r}",
                why="it is a number of bytes",
                do="leadline doctor",
            ) from None
    return found


def limit_variables(context: Context) -> dict[str, str]:
    """The limits as the job program reads them."""
    return {f"LEADLINE_ARTIFACT_{what}_BYTES": str(size) for what, size in limits(context).items()}


def check_patterns(context: Context, patterns: list[str]) -> None:
    """Raises LeadlineError(usage) for an ``--artifact`` that can name nothing."""
    limits(context)
    for pattern in patterns:
        if not pattern.strip() or "\0" in pattern or pattern.endswith("="):
            raise usage(
                "bad-artifact",
                f"--artifact {pattern!r} names no file",
                why="it is a path or a pattern, with NAME= in front when it gets another name",
                do="leadline run --artifact 'plots/*.png' -- COMMAND",
            )


def mark_old(patterns: list[str], cwd: str, top: str) -> None:
    """Let what ``--artifact`` finds in ``top`` before the run look older than the run: in a tree
    unpacked a moment ago every file would else pass for one that the command wrote."""
    for pattern in patterns:
        for path in _find(pattern, cwd)[2][:MATCHED]:
            if not os.path.normpath(path).startswith(top + os.sep):
                continue
            try:
                status = os.stat(path, follow_symlinks=False)
                before_s = status.st_mtime - 10 * CLOCK_SLACK_S
                os.utime(path, (status.st_atime, before_s), follow_symlinks=False)
            except OSError:
                continue


def take_in(
    context: Context,
    planned: RunPlannedBody,
    attempt: str,
    cwd: str,
    result: Result,
    redact: Any,
    say: Callable[[str], None],
) -> tuple[ArtifactsOfRun, list[str]]:
    """What the record says of the run's artifacts ({} without any), and files to ``forget`` when it
    is written."""
    folder = os.path.join(attempt, "artifacts")
    patterns = planned.get("artifacts") or []
    if not patterns and not os.path.isdir(folder):
        return {}, []
    lines = _logged(folder)
    if patterns and (started := _started_at(attempt, result)):
        lines += _matched(context, patterns, folder, cwd, epoch_ms(started) / 1000)
    kept: list[KeptArtifact] = []
    gaps: list[GapInArtifacts] = []
    needed = set()  # contents that were kept, or could not be moved and stay
    for line in lines:
        entry, gap = _entry(line, cwd, redact)
        if not gap:
            try:
                gap = _move(context, line, entry, folder)
            except OSError as error:
                gap = f"it could not be read: {error.strerror or error}"
        needed.add(str(entry.get("digest", "")).removeprefix("sha256:"))
        if gap:
            facts = {
                "name": entry["name"],
                "source": entry.get("source"),
                "size_bytes": line.get("size_bytes"),
            }
            known = {k: v for k, v in {**facts, "reason": gap}.items() if v not in (None, "")}
            gaps.append(cast("GapInArtifacts", known))
        else:
            kept.append(entry)
    if gaps:
        more = " …" if gaps[1:] else ""
        say(f"{len(gaps)} artifacts not kept, {gaps[0]['name']}: {gaps[0]['reason']}{more}")
    return _part(context, kept, gaps), _leftovers(folder, needed)


def _started_at(attempt: str, result: Result) -> str:
    """When the command started; "" when it never did. A run that was lost has no result, its owner
    told."""
    if result.get("started_at"):
        return str(result["started_at"])
    return str(object_at(os.path.join(attempt, "owner.json")).get("started_at", ""))


def forget(paths: list[str]) -> None:
    """Remove what is not kept: copies cut off half-way, and contents that looked like secrets."""
    for path in paths:
        discard(path)


def _leftovers(folder: str, needed: set[str]) -> list[str]:
    """Copies cut off half-way, and contents that are not ``needed``."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return [
        os.path.join(folder, n)
        for n in names
        if n.endswith(".tmp") or (re.fullmatch(r"[0-9a-f]{64}", n) and n not in needed)
    ]


def _logged(folder: str) -> list[Line]:
    """What the job's processes wrote, in the order of their clocks. A line cut off was not
    acknowledged."""
    found: list[tuple[float, Line]] = []
    try:
        names = sorted(n for n in os.listdir(folder) if n.endswith(".jsonl"))
    except OSError:
        return []
    for name in names:
        try:
            lines = open_to_read(os.path.join(folder, name))
            with open(lines, encoding="utf-8", errors="replace") as file:
                texts = file.read().split("\n")
        except OSError as error:
            found.append((0.0, {"name": name, "gap": f"it could not be read: {error.strerror}"}))
            continue
        for text in texts:
            try:
                line = json.loads(text)
            except ValueError:
                continue
            if isinstance(line, dict):
                if not isinstance(line.get("t"), (int, float)) or not 0 <= line["t"] < 1e11:
                    line["t"] = 0.0
                found.append((line["t"], cast("Line", line)))
    return [line for _, line in sorted(found, key=lambda pair: pair[0])]


def _entry(line: Line, cwd: str, redact: Any) -> tuple[KeptArtifact, str]:
    """One line as the record has it, and why its content is not kept, as far as the line tells."""
    from leadline.job.artifact import checked_kind, checked_name, name_of  # noqa: PLC0415  start-up: 1 ms

    try:
        name = checked_name(line.get("name") or "")
    except (TypeError, ValueError):
        name = name_of(str(line.get("name") or "file"))
    try:
        kind = checked_kind(line.get("kind") or "file")
    except (TypeError, ValueError):
        kind = "file"
    entry: KeptArtifact = {"name": redact.text(name), "kind": kind}
    if isinstance(step := line.get("step"), int):
        entry["step"] = step
    if line.get("t"):
        entry["at"] = rfc3339(int(line["t"] * 1000))
    if source := str(line.get("source") or ""):
        entry["source"] = redact.text(_short(source, cwd))
    if line.get("changed"):
        entry["changed"] = True
    if gap := str(line.get("gap") or ""):
        return entry, redact.text(gap)
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", str(line.get("digest"))):
        return entry, "its line names no digest"
    return entry, ""


def _move(context: Context, line: Line, entry: KeptArtifact, folder: str) -> str:
    """Bring the content to the blobs and its digest and size into ``entry``; why not, or ""."""
    digest = str(line["digest"])
    here = os.path.join(folder, digest.removeprefix("sha256:"))
    path = here if os.path.exists(here) else context.blobs.place(digest)
    if not path:
        return "its content is not in the run's folder"
    names = [str(line[key]) for key in ("name", "target", "source") if line.get(key)]
    if reason := _secret(context, names, path):
        return reason
    entry["digest"], entry["size_bytes"] = digest, os.stat(path).st_size
    try:
        context.blobs.take(here, digest)
    except LeadlineError as error:
        return f"it stays in the run's folder: {error.what}"
    return ""


def _short(source: str, cwd: str) -> str:
    """A path below the folder the command ran in, relative to it."""
    inside = os.path.realpath(cwd) + os.sep
    return source[len(inside) :] if source.startswith(inside) else source


def _secret(context: Context, names: Sequence[str], path: str) -> str:
    for name in names:
        if reason := secret_name_reason(name):
            return reason
    from leadline.core.secrets.content import reason_of  # noqa: PLC0415  start-up: 1 ms

    with open(path, "rb") as file:
        return reason_of(context.screen.found_in_made(file, [path, *names][-1])) or ""


def _part(context: Context, kept: list[KeptArtifact], gaps: list[GapInArtifacts]) -> ArtifactsOfRun:
    part: ArtifactsOfRun = {}
    if kept:
        sizes = {e["digest"]: int(e["size_bytes"]) for e in kept}
        part = {"kept": kept[:LISTED], "total": len(kept), "size_bytes": sum(sizes.values())}
        if len(kept) > LISTED:
            part["manifest"] = context.blobs.put(canonical_json(kept).encode())
    if gaps:
        part["gaps"], part["gaps_total"] = gaps[:GAPS_LISTED], len(gaps)
    return part


# ---- files of a command that logs nothing --------------------------------------------------------


def _matched(
    context: Context, patterns: list[str], folder: str, cwd: str, started_s: float
) -> list[Line]:
    """Lines for the files that ``--artifact`` names, their contents copied beside those that the
    job logged."""
    from leadline.job import artifact as job  # noqa: PLC0415  start-up: 1 ms

    make_folders(folder)
    bounds = limits(context)
    lines: list[Line] = []
    for pattern in patterns:
        name, pattern, paths = _find(pattern, cwd)
        if not paths:
            lines.append({"name": pattern, "gap": "no file matched after the run"})
        for path in paths[:MATCHED]:
            called = _called(name, path, cwd, len(paths) > 1)
            line: Line = {
                "name": called,
                "kind": job.kind_by_name(called),
                "source": job.shown(path),
            }
            lines.append(line)
            if reason := _not_ours(path, pattern, cwd, started_s):
                line["gap"] = reason
            else:
                job.take(folder, None, path, line, bounds["FILE"], bounds["RUN"])
        if len(paths) > MATCHED:
            lines.append(
                {
                    "name": pattern,
                    "gap": f"more than {MATCHED} files matched: the others are not kept",
                }
            )
    return lines


def _find(text: str, cwd: str) -> tuple[str, str, list[str]]:
    """(name given or "", pattern, absolute paths). ``=`` may be part of a file's name: the whole is
    tried first."""
    import glob  # noqa: PLC0415  start-up: 0.6 ms

    def matches(pattern: str) -> list[str]:
        whole = os.path.join(cwd, pattern)
        if os.path.lexists(whole):
            return [whole]
        if not glob.has_magic(pattern):
            return []
        found = glob.iglob(pattern, root_dir=cwd, recursive=True)
        return [
            p
            for m in sorted(islice(found, 20 * MATCHED))
            if not os.path.isdir(p := os.path.join(cwd, m))
        ]

    paths = matches(text)
    name, equals, rest = text.partition("=")
    if paths or not equals:
        return "", text, paths
    return name, rest, matches(rest)


def _called(name: str, path: str, cwd: str, several: bool) -> str:
    if name:
        return f"{name}/{os.path.basename(path)}" if several else name
    relative = os.path.relpath(path, cwd)
    return os.path.basename(path) if relative.startswith("..") else relative


def _not_ours(path: str, pattern: str, cwd: str, started_s: float) -> str:
    """Why a file that was found is not this run's, or ""."""
    import glob  # noqa: PLC0415  start-up: 0.6 ms

    try:
        status = os.stat(path)
    except OSError as error:
        return (error.strerror or str(error)).lower()
    if status.st_mtime < started_s - CLOCK_SLACK_S:
        return "it was last written before this run started"
    if glob.has_magic(pattern):  # a file named as it is was meant, wherever its link leads
        fixed = pattern[: re.search(r"[*?\[]", pattern).start()].rpartition("/")[0]  # type: ignore[union-attr]
        base = os.path.realpath(
            os.path.join(cwd, fixed) if os.path.isabs(pattern) or ".." in fixed else cwd
        )
        if os.path.commonpath([base, os.path.realpath(path)]) != base:
            return "it is a link that leads out of the folder"
    return ""

"""Files that a run kept (images, tables, checkpoints), as values: what the record says of them.

The record holds name, kind, digest, size and step; the content is elsewhere, under its digest. The
same name again is a later version and erases nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from leadline.core.canonical import is_digest
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.core.values import dataclass

if TYPE_CHECKING:
    from leadline.core.record.run import Run

LISTED = 200
"""Artifacts that stand in the record itself; the list of a run with more is a blob (``manifest``)."""
GAPS_LISTED = 50


@dataclass(slots=True)
class Artifact:
    """One kept content. ``version`` counts the contents logged under the name, from 1. ``at``: RFC
    3339 UTC. ``source``: the path it was copied from. ``path``: where it can be read on this
    machine, "" when it is not here. ``changed``: the file changed while it was read."""

    name: str
    kind: str = "file"
    digest: str = ""
    size_bytes: int = 0
    step: int | None = None
    at: str = ""
    source: str = ""
    version: int = 1
    changed: bool = False
    path: str = ""


@dataclass(slots=True)
class ArtifactGap:
    """What was logged and is not kept, and why."""

    name: str
    reason: str
    source: str = ""
    size_bytes: int | None = None


def recorded(entries: Iterable[Any]) -> list[Artifact]:
    """Artifacts from entries of a record, in the order logged, with their versions. What is none is
    left out: the record may be another program's."""
    found: list[Artifact] = []
    versions: dict[str, int] = {}
    for entry in entries:
        if not isinstance(entry, dict) or not is_digest(entry.get("digest")):
            continue
        name = str(entry.get("name") or "file")
        step, size = entry.get("step"), entry.get("size_bytes")
        if not isinstance(step, int):
            step = None
        if not isinstance(size, int):
            size = 0
        versions[name] = versions.get(name, 0) + 1
        found.append(
            Artifact(
                name,
                str(entry.get("kind") or "file"),
                str(entry["digest"]),
                size,
                step,
                str(entry.get("at") or ""),
                str(entry.get("source") or ""),
                versions[name],
                bool(entry.get("changed")),
            )
        )
    return found


def listed(run: Run) -> list[Artifact]:
    """The artifacts that stand in the run's record: all of them, or the first ``LISTED`` (see
    ``total``)."""
    return recorded(_list(run.artifact_record.get("kept")))


def total(run: Run) -> int:
    """How many artifacts the run has, those behind the manifest included."""
    count = run.artifact_record.get("total")
    return count if isinstance(count, int) else len(_list(run.artifact_record.get("kept")))


def manifest(run: Run) -> str:
    """Digest of the blob that lists all artifacts, or "" when the record itself does."""
    found = str(run.artifact_record.get("manifest") or "")
    return found if is_digest(found) else ""


def gaps(run: Run) -> list[ArtifactGap]:
    found = [g for g in _list(run.artifact_record.get("gaps")) if isinstance(g, dict)]
    return [
        ArtifactGap(
            str(g.get("name") or "file"),
            str(g.get("reason") or ""),
            str(g.get("source") or ""),
            g["size_bytes"] if isinstance(g.get("size_bytes"), int) else None,
        )
        for g in found
    ]


def gaps_total(run: Run) -> int:
    count = run.artifact_record.get("gaps_total")
    return count if isinstance(count, int) else len(gaps(run))


def latest(artifacts: Iterable[Artifact]) -> list[Artifact]:
    """The last version of each name, in the order the names were first logged."""
    by_name: dict[str, Artifact] = {}
    for artifact in artifacts:
        by_name[artifact.name] = artifact
    return list(by_name.values())


EQUAL, DIFFERENT, MISSING, NEW = "equal", "different", "missing", "new"


def held_against(
    then: Sequence[Sequence[Artifact]], now: Sequence[Sequence[Artifact]]
) -> list[dict[str, object]]:
    """The artifacts of runs done again beside those of the runs before, one row a name and version:
    ``{name, version, verdict, then, now, varied}``. ``then``, ``now``: the digests seen;
    ``varied``: the runs before did not agree among themselves, so that a difference says little.
    Equal: every run now has a digest that some run before had."""
    before, after = _digests(then), _digests(now)
    rows = []
    for key in [*before, *(k for k in after if k not in before)]:
        old, new = before.get(key, []), after.get(key, [])
        if not old:
            verdict = NEW
        elif len(new) < len(now):
            verdict = MISSING
        else:
            verdict = EQUAL if set(new) <= set(old) else DIFFERENT
        seen, found = list(dict.fromkeys(old)), list(dict.fromkeys(new))
        rows.append(
            {
                "name": key[0],
                "version": key[1],
                "verdict": verdict,
                "then": seen,
                "now": found,
                "varied": len(seen) > 1,
            }
        )
    return rows


def _digests(runs: Sequence[Sequence[Artifact]]) -> dict[tuple[str, int], list[str]]:
    """By name and version the digest in each run that has it."""
    found: dict[tuple[str, int], list[str]] = {}
    for run in runs:
        for artifact in run:
            found.setdefault((artifact.name, artifact.version), []).append(artifact.digest)
    return found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []

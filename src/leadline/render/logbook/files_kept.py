"""What an entry says of what a run left behind: a few points of its series, the files that were
kept."""

from __future__ import annotations

from leadline.core.record import artifact
from leadline.core.record.run import Run
from leadline.core.record.thread import Thread
from leadline.core.timestamps import plural, size
from leadline.render import words
from leadline.render.logbook import series_excerpt
from leadline.render.markdown import code, data

ARTIFACTS_SHOWN, GAPS_SHOWN = 8, 5


def kept_parts(run: Run, then: Thread) -> list[str]:
    parts = []
    if about := series_excerpt.summary(run):
        parts.append(_series(run, about, then))
    if run.artifact_record:
        parts.append(_artifacts(run))
    return parts


def _series(run: Run, about: str, then: Thread) -> str:
    where = series_excerpt.pointer(run)
    head = f"- Series: {about}: {code(where)}" if where else f"- Series: {about}"
    return "\n".join(
        [head, *(f"- {code(name)}: {text}" for name, text in series_excerpt.excerpts(run, then))]
    )


def _artifacts(run: Run) -> str:
    """The files that the run kept, by digest, and what it did not keep."""
    shown = artifact.listed(run)[:ARTIFACTS_SHOWN]
    lines = [_artifact_line(a) for a in shown]
    if (left := artifact.total(run) - len(shown)) > 0:
        where = code(f"leadline artifact list {run.id}")
        lines.append(f"- … and {left} more {plural(left, 'artifact')}: {where}")
    gaps = artifact.gaps(run)[:GAPS_SHOWN]
    lines += [f"- Not kept: {code(g.name)}: {data(g.reason)}" for g in gaps]
    if (left := artifact.gaps_total(run) - len(gaps)) > 0:
        lines.append(f"- Not kept: {left} more")
    return "\n".join(lines)


def _artifact_line(a: artifact.Artifact) -> str:
    version = f"version {a.version}" if a.version > 1 else ""
    step = "" if a.step is None else f"step {a.step}"
    facts_of_it = (
        data(a.kind),
        size(a.size_bytes),
        code(a.digest[:19]),
        step,
        "changed while it was read" if a.changed else "",
    )
    return f"- Artifact {code(a.name)}{words.aside(version)}: {words.joined(facts_of_it, ', ')}"

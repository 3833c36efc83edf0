"""Runs under way, as ``leadline jobs`` lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from leadline.core.timestamps import duration, epoch_ms
from leadline.core.typed import Any
from leadline.render.table import table


def jobs_table(jobs: Sequence[Mapping[str, Any]], now: str) -> str:
    """A line for each: id, state, for how long, where, and the last line of its output."""
    if not jobs:
        return ""
    rows = [
        [
            job["id"],
            job["state"],
            duration(max(0, epoch_ms(now) - epoch_ms(job["planned_at"])) / 1000),
            job["executor"] + (f" ({job['host']})" if job["host"] else ""),
            job["thread"],
            job["last_line"],
        ]
        for job in jobs
    ]
    return table(["run", "state", "since", "where", "thread", "last line"], rows)

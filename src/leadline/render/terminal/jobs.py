"""Runs under way, as ``leadline jobs`` lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from leadline.core.timestamps import duration, epoch_ms, number
from leadline.core.typed import Any
from leadline.render.table import table

BAR_CHARS = 12


def progress_text(progress: Mapping[str, Any] | None) -> str:
    """``[######------] 50/100  2.1/s  24 s left``; of one that stands still, for how long."""
    if progress is None:
        return ""
    done, total, per_s = progress["done"], progress["total"], progress["per_s"]
    text = number(done)
    if total > 0:
        filled = round(BAR_CHARS * min(1.0, max(0.0, done / total)))
        text = f"[{'#' * filled}{'-' * (BAR_CHARS - filled)}] {text}/{number(total)}"
    if per_s:
        text += f"  {number(float(f'{per_s:.3g}'))}/s"
    if progress["stalled"]:
        return f"{text}  no advance for {duration(progress['still_s'])}"
    return text + (f"  {duration(progress['left_s'])} left" if progress["left_s"] else "")


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
            progress_text(job["progress"]),
            job["last_line"],
        ]
        for job in jobs
    ]
    return table(["run", "state", "since", "where", "thread", "progress", "last line"], rows)

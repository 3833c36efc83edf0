"""Tables of index rows (not of a folded thread): what stays quick at ten thousand runs."""

from __future__ import annotations

from leadline.core.record.reaches import tags_of_rows
from leadline.core.record.rows import RunRow
from leadline.core.timestamps import counted, duration, minute, number
from leadline.core.typed import TypedDict
from leadline.core.view import facts
from leadline.render.table import table

METRICS_SHOWN = 4
CONFIG_SHOWN = 4


class ThreadRow(TypedDict):
    """A thread in the list of all; ``state``: open or finished."""

    topic: str
    prefix: str
    title: str
    last_at: str
    experiments: int
    state: str


def _begun(row: RunRow) -> str:
    """A row of a table that tells no time was not measured when it was taken in."""
    told = row.started_at or (row.argv and row.planned_at)
    return minute(told) if told else "–"


def runs_table(rows: list[RunRow]) -> str:
    """One line a run: id, state, start, duration, config and metrics that differ or matter most
    (the first four of each; how many more there are stands below)."""
    if not rows:
        return ""
    measured = list(dict.fromkeys(m for row in rows for m in (*row.metrics, *row.nonfinite)))
    metrics = measured[:METRICS_SHOWN]
    differing = [
        k
        for k in dict.fromkeys(k for row in rows for k in row.config)
        if len({str(row.config.get(k)) for row in rows}) > 1
    ]
    varied = differing[:CONFIG_SHOWN]
    lines = [
        [
            row.id,
            row.retracted or facts.state_word(row.state, row.apart),
            _begun(row),
            duration(row.wall_s) if row.wall_s is not None else "–",
            *(str(row.config.get(k, "–")) for k in varied),
            *(row.nonfinite.get(m) or number(row.metrics.get(m)) for m in metrics),
            row.title,
        ]
        for row in rows
    ]
    tags = tags_of_rows(rows)
    named = [f"{key} (tag)" if key in tags else key for key in varied]
    head = ["run", "state", "started", "took", *named, *metrics, "what"]
    text = table(head, lines, right=range(3, 4 + len(varied) + len(metrics)), cell_chars=48)
    left = [
        (len(measured) - len(metrics), "metric"),
        (len(differing) - len(varied), "differing config key"),
    ]
    more = " and ".join(counted(many, what) for many, what in left if many)
    return (
        f"{text}\n{more} more are not shown: leadline status --runs --json, or leadline show RUN"
        if more
        else text
    )


def threads_table(rows: list[ThreadRow], current: str) -> str:
    lines = [
        [
            "*" if row["topic"] == current else "",
            row["topic"],
            row["prefix"],
            row["state"],
            row["experiments"],
            minute(row["last_at"]),
            row["title"],
        ]
        for row in rows
    ]
    return table(
        ["", "thread", "prefix", "state", "experiments", "last record", "title"], lines, right=(4,)
    )

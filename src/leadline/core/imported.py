"""Runs that were made elsewhere, as a source has them, before they become records.

A row of a table, a run of a tracker and a folder of event files all become a ``FoundRun``, so that one service takes
them in. Nothing is guessed: which columns are metrics and which are config is declared, and what is left over is named.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from leadline.core.canonical import digest_of, finite
from leadline.core.config import parse_value
from leadline.core.extract_table import TROUBLES, Row, cell_number
from leadline.core.tracker import Points
from leadline.core.values import dataclass, field

MAX_NAMED = 1_000  # entries of ``not_taken`` kept with their reason; all are counted


@dataclass
class FoundRun:
    """One run of a source. ``where`` says which ("line 7", a URL); ``key`` is the digest of what it holds: the same
    run read again has the same key. ``metrics`` are finite numbers, ``nonfinite`` the words for others. ``tracker`` is
    what the record keeps about a tracker's run, with the ``digest`` of all that was read; ``problems`` as an
    extraction has them. ``series``: the points by metric, until they wait on the disk in ``points_at``, and ``odd`` how
    many more were no number; ``excerpts``: what the record says of them (``extract.Series.summary``)."""

    where: str
    key: str
    config: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    nonfinite: dict[str, str] = field(default_factory=dict)
    name: str = ""
    state: str = "done"
    reason: str = ""
    argv: list[str] = field(default_factory=list)
    cwd: str = ""
    started_at: str = ""
    ended_at: str = ""
    url: str = ""
    wall_s: float | None = None
    tracker: dict[str, Any] = field(default_factory=dict)
    problems: list[dict[str, Any]] = field(default_factory=list)
    series: dict[str, Points] = field(default_factory=dict)
    odd: dict[str, int] = field(default_factory=dict)
    points: int = 0
    points_at: str = ""
    excerpts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def measured(self, metric: str, value: float) -> None:
        if math.isfinite(value):
            self.metrics[metric] = value
        else:
            self.nonfinite[metric] = str(finite(value))


@dataclass
class NotTaken:
    where: str
    why: str


@dataclass
class Findings:
    """What a source holds. ``digest`` is that of its bytes; ``origin``: ``imported`` when a tracker recorded it while
    it ran, ``reported`` when it is a table that anybody may have typed. ``left_columns``: neither metric nor config."""

    source: str
    digest: str
    origin: str
    runs: list[FoundRun] = field(default_factory=list)
    not_taken: list[NotTaken] = field(default_factory=list)
    not_taken_total: int = 0
    left_columns: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)

    def refuse(self, where: str, why: str) -> None:
        self.not_taken_total += 1
        if len(self.not_taken) < MAX_NAMED:
            self.not_taken.append(NotTaken(where, why))


@dataclass
class Columns:
    """What the columns of a table are: metric name by column, and config columns (None: every other column).
    ``reduce`` says by metric how the points of a series become one value. ``key``: columns that together name a row;
    of rows with one key the ``keep`` one is taken (``first`` or ``last``). ``points``: takes the points of a run that
    has been read, so that they are not all held."""

    metrics: Mapping[str, str]
    config: list[str] | None = None
    reduce: Mapping[str, str] = field(default_factory=dict)
    key: list[str] = field(default_factory=list)
    keep: str = "first"
    points: Callable[[FoundRun], None] = lambda run: None


def runs_of_rows(
    rows: Iterable[Row], header: list[str], columns: Columns, found: Findings, unit: str = "line"
) -> Findings:
    """Fill ``found`` with one run a row. A row without any metric, with a metric that is no number, or that repeats an
    earlier row in every taken column is named with its reason and not taken."""
    seen_columns = dict.fromkeys(header)
    taken: dict[str, FoundRun] = {}  # by what makes a row the same as another
    for number, cells, trouble in rows:
        where = f"{unit} {number}"
        if cells is None:
            found.refuse(where, TROUBLES.get(trouble, "it is not readable"))
            continue
        seen_columns.update(dict.fromkeys(cells))
        run = _run_of(where, cells, columns)
        if isinstance(run, str):
            found.refuse(where, run)
            continue
        named = {name: _as_config(cells.get(name, "")) for name in columns.key}
        same = digest_of(named) if named else run.key
        if same not in taken:
            taken[same] = run
        elif not named:
            found.refuse(where, f"it is the same as {taken[same].where} in every column taken")
        else:
            words = ", ".join(f"{name} {value}" for name, value in named.items())
            if columns.keep == "last":
                found.refuse(taken[same].where, f"its key ({words}) comes again in {where}, which is taken")
                taken[same] = run
            else:
                found.refuse(where, f"its key ({words}) is that of {taken[same].where}, which is taken")
    found.runs += taken.values()
    found.columns = list(seen_columns)
    used = {*columns.metrics, *columns.key, *(columns.config if columns.config is not None else seen_columns)}
    found.left_columns = [name for name in seen_columns if name not in used]
    return found


def _run_of(where: str, cells: Mapping[str, Any], columns: Columns) -> FoundRun | str:
    """The run of one row, or why there is none."""
    run = FoundRun(where, "")
    for column, metric in columns.metrics.items():
        cell = cells.get(column)
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            continue
        value = cell_number(cell)
        if value is None:
            return f"{column} is {str(cell)[:60]!r}, which is no number"
        run.measured(metric, value)
    if not run.metrics and not run.nonfinite:
        return f"it has no value of {', '.join(columns.metrics)}"
    names = columns.config if columns.config is not None else [c for c in cells if c not in columns.metrics]
    run.config = {name: _as_config(cells[name]) for name in names if cells.get(name) not in (None, "")}
    run.key = digest_of({"config": run.config, "metrics": run.metrics, "nonfinite": run.nonfinite})
    return run


def _as_config(cell: Any) -> Any:
    """A cell as ``--set`` would have read it: a number where the text is one."""
    if isinstance(cell, str):
        return parse_value(cell.strip())
    return cell if isinstance(cell, (bool, int, float)) else str(cell)

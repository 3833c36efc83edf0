"""The series of a run as text."""

from __future__ import annotations

from leadline.core.plain import as_rows, one_line
from leadline.core.record.thread import Thread
from leadline.core.timestamps import counted, few, number, rfc3339, with_unit
from leadline.core.typed import TYPE_CHECKING
from leadline.core.view import facts
from leadline.render.table import table

if TYPE_CHECKING:
    from leadline.core.series.store import SeriesListed, SeriesPoints


def render_metrics(thread: Thread, found: SeriesListed, total: int, size_text: str) -> str:
    rows = found["metrics"]
    if not rows:
        how = found["elsewhere"] or "ll.log(step=…, loss=…) makes them"
        return f"{found['run']} logged no series on this machine: {how}"
    several = len(found["writers"]) > 1
    odd = any(row["nonfinite"] for row in rows)
    # Columns that say nothing of these series are left out.
    columns = {
        "metric": [row["metric"] for row in rows],
        "points": [f"{row['points']:,}" for row in rows],
        "not finite": [f"{row['nonfinite']:,}" for row in rows],
        "first step": [_step(row["first_step"]) for row in rows],
        "last step": [_step(row["last_step"]) for row in rows],
        **{
            name: [_value(thread, row["metric"], row[name]) for row in rows]
            for name in ("last", "min", "max")
        },
        "writers": [len(row["writers"]) for row in rows],
    }
    if not odd:
        del columns["not finite"]
    if not several:
        del columns["writers"]
    state = " so far, it is still going" if found["provisional"] else ""
    shown = table(list(columns), zip(*columns.values(), strict=True), right=range(1, len(columns)))
    lines = [
        f"{found['run']}: {counted(found['points'], 'point')} of {counted(total, 'metric')}, "
        f"{size_text}{state}",
        "",
        *shown.split("\n"),
    ]
    if total > len(rows):
        lines.append(
            f"… and {total - len(rows)} more metrics: leadline series {found['run']} --json"
        )
    if several:
        writers = [f"{w['name']} ({w['points']:,})" for w in found["writers"]]
        lines += ["", f"written by {few(writers, 16)}"]
    notes = [
        f"{name}: {count} values were no number, or too large for a float"
        if name
        else f"{count} values were logged under a blank name"
        for name, count in found["not_numbers"].items()
    ]
    notes += [f"problem: {one_line(problem['what'])}" for problem in found["problems"]]
    if notes:
        lines += ["", *map(one_line, notes)]
    return as_rows(lines)


def render_points(thread: Thread, found: SeriesPoints) -> str:
    unit = facts.definition(thread, found["metric"]).unit
    several = bool(found["writers"])
    rows = [
        [_step(step), _plain(value), _clock(time_s), *map(one_line, writer)]
        for step, value, time_s, *writer in found["points"]
    ]
    how = {"minmax": "lowest and highest of each stretch", "lttb": "largest triangles"}.get(
        found["shown_by"], ""
    )
    head = f"{found['run']} {one_line(found['metric'])}: "
    head += (
        f"{len(rows):,} of {found['total']:,} points ({how})"
        if how
        else counted(found["total"], "point")
    )
    value = f"{one_line(found['metric'])} ({unit})" if unit else found["metric"]
    return (
        head
        + "\n\n"
        + table(["step", value, "at (UTC)", *(["writer"] if several else [])], rows, right=(0, 1))
    )


def render_csv(found: SeriesPoints) -> str:
    """Numbers so that they read back as the same ones; an absent step is an empty cell."""
    lines = ["step,value,time_s" + (",writer" if found["writers"] else "")]
    for step, value, time_s, *writer in found["points"]:
        cells = ["" if cell is None else _exact(cell) for cell in (step, value, time_s)]
        lines.append(",".join([*cells, *map(_csv_cell, writer)]))
    return "\n".join(lines)


def _csv_cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\n\r') else text


def _exact(value: float) -> str:
    return (
        repr(int(value))
        if value - value == 0 and value == int(value) and abs(value) < 1e15
        else repr(value)
    )


def _step(step: float | None) -> str:
    return "–" if step is None else _exact(step)


def _plain(value: float | None) -> str:
    if value is None:
        return "–"
    is_finite = value - value == 0
    return number(value) if is_finite else repr(value)


def _value(thread: Thread, metric: str, value: float | None) -> str:
    if value is None or value - value != 0:
        return _plain(value)
    return with_unit(value, facts.definition(thread, metric).unit)


def _clock(time_s: float | None) -> str:
    return "–" if time_s is None else rfc3339(int(time_s * 1000))[:-5].replace("T", " ")

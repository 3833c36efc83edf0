"""Pictures of a sweep: in characters, and as one SVG file that carries its colours and loads nothing.

Cells of one axis stand side by side in the order in which they were asked for, equally far apart: the
values of an axis are choices (1, 2, 4, 8; O2, O3), and no scale fits all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from leadline.core.plain import plain
from leadline.core.timestamps import number, rounded
from leadline.core.view.sweep_plot import AxisPanel, PlanePanel, Point, SweepPanel
from leadline.render.markdown import cut
from leadline.render.plot.svg import Axis, axis, tick_labels

LABEL_CHARS = 24
SHADES = " ░▒▓█"
PLAIN_SHADES = " .:+#"
LEFT_PX, RIGHT_PX, TOP_PX, LINE_PX = 70, 20, 44, 18
CHAR_PX, TITLE_CHAR_PX = 7.2, 8.8
CELL_PX = 34
STEPS = 5
_STYLE = """
svg { color-scheme: light dark; }
.page { fill: #fcfcfb; } text { font: 12px system-ui, sans-serif; fill: #5c656d; font-variant-numeric: tabular-nums; }
.title { font-size: 14px; font-weight: 600; fill: #1c2024; } .name { fill: #1c2024; }
.grid { stroke: #dfe3e6; } .join { stroke: #0b6e9e; stroke-width: 1.4; } .bar { stroke: #0b6e9e; stroke-width: 1.6; }
.median { fill: #0b6e9e; } .run { fill: none; stroke: #5c656d; opacity: .7; }
.reference { stroke: #b4530a; stroke-dasharray: 5 4; }
.h0 { fill: #eef3f6; } .h1 { fill: #cfe1ec; } .h2 { fill: #9fc6dd; } .h3 { fill: #5fa3c6; } .h4 { fill: #1f7fae; }
.none { fill: none; stroke: #dfe3e6; } .value { fill: #1c2024; } .h4v { fill: #ffffff; }
@media (prefers-color-scheme: dark) {
.page { fill: #15181b; } text { fill: #a0a9b0; } .title, .name, .value { fill: #e5e7e8; }
.grid, .none { stroke: #30363b; } .join, .bar { stroke: #62b5e3; } .median { fill: #62b5e3; } .run { stroke: #a0a9b0; }
.reference { stroke: #f0a35e; }
.h0 { fill: #1b2329; } .h1 { fill: #1d3543; } .h2 { fill: #1f4b63; } .h3 { fill: #256b8e; } .h4 { fill: #62b5e3; }
.h4v { fill: #15181b; }
}"""


def title_of(panel: SweepPanel) -> str:
    """``median speedup (ratio) by unroll at opt=O3``"""
    unit = f" ({panel.unit})" if panel.unit else ""
    if isinstance(panel, PlanePanel):
        return f"median {panel.metric}{unit} by {panel.y_axis} and {panel.x_axis}"
    at = f" at {panel.at}" if panel.at else ""
    return f"median {panel.metric}{unit} by {panel.axis}{at}"


def notes_of(panel: SweepPanel) -> list[str]:
    """What a reader has to know beside the picture."""
    better = {"lower": "lower is better", "higher": "higher is better"}.get(panel.direction, "")
    found = [better] if better else []
    every: list[Point] = []
    if isinstance(panel, AxisPanel):
        every = panel.points
        if any(p.low is not None for p in every):
            found.append("bars: 95 % interval of the mean")
        if panel.reference is not None:
            found.append(f"dashed: baseline {panel.reference_id}, {number(panel.reference)}")
        if panel.left_out:
            found.append(f"{panel.left_out} more cells are not drawn")
    else:
        every = [point for row in panel.cells for point in row if point is not None]
    found += [f"{p.label or p.experiment}: {p.mark}" for p in every if p.mark][:4]
    return found


# ---- characters ----------------------------------------------------------------------------------


def text(panel: SweepPanel, width: int = 80, *, unicode: bool = True) -> str:
    """The panel in ``width`` characters."""
    lines = [plain(title_of(panel))]
    if isinstance(panel, PlanePanel):
        lines += _plane_rows(panel, unicode)
    else:
        lines += _axis_rows(panel, width, unicode)
    return "\n".join([*lines, *("  " + plain(note) for note in notes_of(panel))])


def _axis_rows(panel: AxisPanel, width: int, unicode: bool) -> list[str]:
    """A row a cell: its interval as a bar, its median on it, the numbers behind."""
    names = [cut(plain(f"{panel.axis}={p.label}"), LABEL_CHARS) for p in panel.points]
    ends = [_numbers(p) for p in panel.points]
    left = max(map(len, names), default=0)
    columns = max(12, width - left - max(map(len, ends), default=0) - 4)
    scale = _scale(panel)
    bar, dot, rule = ("─", "●", "┊") if unicode else ("-", "o", ":")
    rows = []
    for point, name, end in zip(panel.points, names, ends, strict=True):
        cells = [" "] * columns
        if panel.reference is not None:
            cells[_place(scale, panel.reference, columns)] = rule
        if point.median is not None:
            low, high = _span(point)
            first, last = (_place(scale, v, columns) for v in (low, high))
            cells[first : last + 1] = [bar] * (last + 1 - first)
            cells[_place(scale, point.median, columns)] = dot
        rows.append(f"{name:>{left}} {''.join(cells)} {end}".rstrip())
    return [*rows, _axis_line(scale, left, columns)]


def _axis_line(scale: Axis, left: int, columns: int) -> str:
    cells = [" "] * (left + 1 + columns + LABEL_CHARS)
    free = 0
    for tick, label in zip(scale.ticks, tick_labels(scale), strict=True):
        start = max(0, left + 1 + _place(scale, tick, columns) - len(label) // 2)
        if start >= free:
            cells[start : start + len(label)] = label
            free = start + len(label) + 2
    return "".join(cells).rstrip()


def _place(scale: Axis, value: float, columns: int) -> int:
    return min(columns - 1, max(0, round(scale.fraction(value) * (columns - 1))))


def _numbers(point: Point) -> str:
    if point.median is None:
        return f"{point.experiment} –"
    return f"{point.experiment} {rounded(point.median, 4)} (n={len(point.values)})"


def _span(point: Point) -> tuple[float, float]:
    median = point.median or 0.0
    low = median if point.low is None else point.low
    high = median if point.high is None else point.high
    return min(low, median), max(high, median)


def _scale(panel: AxisPanel) -> Axis:
    values = [v for p in panel.points for v in (*p.values, p.low, p.high) if v is not None]
    return axis([*values, *([panel.reference] if panel.reference is not None else [])], 5)


def _plane_rows(panel: PlanePanel, unicode: bool) -> list[str]:
    shades = SHADES if unicode else PLAIN_SHADES
    low, high = _ends(panel)
    body = [
        [
            f"{_shade(p, low, high, shades)} {rounded(p.median, 4)}" if p is not None else ""
            for p in row
        ]
        for row in panel.cells
    ]
    heads = [cut(plain(x), LABEL_CHARS) for x in panel.xs]
    names = [cut(plain(f"{panel.y_axis}={y}"), LABEL_CHARS) for y in panel.ys]
    wide = [max(len(h), *(len(row[i]) for row in body)) for i, h in enumerate(heads)]
    left = max(len(panel.x_axis) + 1, *map(len, names))
    top = "  ".join(h.rjust(w) for h, w in zip(heads, wide, strict=True))
    lines = [f"{panel.x_axis + '=':>{left}}  {top}"]
    for name, row in zip(names, body, strict=True):
        cells = "  ".join(c.rjust(w) for c, w in zip(row, wide, strict=True))
        lines.append(f"{name:>{left}}  {cells}".rstrip())
    return lines


def _ends(panel: PlanePanel) -> tuple[float, float]:
    values = [
        p.median for row in panel.cells for p in row if p is not None and p.median is not None
    ]
    return (min(values), max(values)) if values else (0.0, 0.0)


def _shade(point: Point, low: float, high: float, shades: Sequence[str]) -> str:
    return shades[_step(point, low, high)]


def _step(point: Point, low: float, high: float) -> int:
    """0 at the least value, ``STEPS - 1`` at the largest."""
    if point.median is None or high <= low:
        return 0
    return min(STEPS - 1, int(STEPS * (point.median - low) / (high - low)))


# ---- SVG -----------------------------------------------------------------------------------------


def svg(panels: Sequence[SweepPanel], width: int = 900, panel_height: int = 320) -> str:
    """The panels one below the other."""
    parts, top = list[str](), 0.0
    for panel in panels:
        if isinstance(panel, PlanePanel):
            made, height = _plane_svg(panel, width, top)
        else:
            made, height = _axis_svg(panel, width, panel_height, top)
        parts += made
        top += height
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{top:.0f}" '
        f'viewBox="0 0 {width} {top:.0f}" role="img">\n<style>{_STYLE}</style>\n'
        f'<rect class="page" width="{width}" height="{top:.0f}"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _words(panel: SweepPanel, width: int, top: float, below: float) -> list[str]:
    room = int((width - 2 * RIGHT_PX) / CHAR_PX)
    shown = escape(cut(title_of(panel), int((width - 24) / TITLE_CHAR_PX)))
    title = f'<text class="title" x="12" y="{top + 24:.0f}">{shown}</text>'
    notes = [
        f'<text x="{LEFT_PX}" y="{below + LINE_PX * n:.0f}">{escape(cut(note, room))}</text>'
        for n, note in enumerate(notes_of(panel))
    ]
    return [title, *notes]


def _axis_svg(panel: AxisPanel, width: int, height: int, top: float) -> tuple[list[str], float]:
    scale = _scale(panel)
    labels = tick_labels(scale)
    left = max(LEFT_PX, 16 + CHAR_PX * max(map(len, labels), default=0))
    first, last = top + TOP_PX, top + height - 40
    room = (width - left - RIGHT_PX) / max(1, len(panel.points))
    names = _names(panel, room)

    def y(value: float) -> float:
        return last - scale.fraction(value) * (last - first)

    parts = []
    for tick, label in zip(scale.ticks, labels, strict=True):
        parts.append(
            f'<line class="grid" x1="{left}" x2="{width - RIGHT_PX}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>'
            f'<text x="{left - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{label}</text>'
        )
    if panel.reference is not None:
        at = f"{y(panel.reference):.1f}"
        parts.append(
            f'<line class="reference" x1="{left}" x2="{width - RIGHT_PX}" y1="{at}" y2="{at}"/>'
        )
    before: tuple[float, float] | None = None
    for n, (point, name) in enumerate(zip(panel.points, names, strict=True)):
        x = left + room * (n + 0.5)
        if name:
            parts.append(
                f'<text class="name" x="{x:.1f}" y="{last + 18:.0f}" text-anchor="middle">{escape(name)}</text>'
            )
        if point.median is None:
            before = None
            continue
        here = (x, y(point.median))
        if before is not None:
            parts.append(
                f'<line class="join" x1="{before[0]:.1f}" y1="{before[1]:.1f}" x2="{x:.1f}" y2="{here[1]:.1f}"/>'
            )
        parts += _mark(
            point, x, y(point.median), [y(v) for v in _span(point)], [y(v) for v in point.values]
        )
        before = here
    axis_y = last + 34
    parts.append(
        f'<text x="{width - RIGHT_PX}" y="{axis_y:.0f}" text-anchor="end">{escape(cut(panel.axis, 60))}</text>'
    )
    notes = notes_of(panel)
    words = _words(panel, width, top, last + 36)
    return [*parts, *words], height + LINE_PX * len(notes)


def _names(panel: AxisPanel, room: float) -> list[str]:
    """The values below the axis: every so many where they have no room beside each other."""
    names = [cut(plain(p.label), max(6, int(2 * room / CHAR_PX))) for p in panel.points]
    longest = CHAR_PX * max(map(len, names), default=0) + 8
    every = max(1, -(-int(longest) // max(1, int(room))))
    return [name if n % every == 0 else "" for n, name in enumerate(names)]


def _mark(
    point: Point, x: float, median: float, ends: Sequence[float], values: Sequence[float]
) -> list[str]:
    said = escape(f"{point.label}: {_numbers(point)}")
    parts = [f'<circle class="run" cx="{x:.1f}" cy="{v:.1f}" r="2.5"/>' for v in values]
    if point.low is not None:
        parts.append(
            f'<line class="bar" x1="{x:.1f}" x2="{x:.1f}" y1="{ends[0]:.1f}" y2="{ends[1]:.1f}"/>'
        )
        for end in ends:
            parts.append(
                f'<line class="bar" x1="{x - 5:.1f}" x2="{x + 5:.1f}" y1="{end:.1f}" y2="{end:.1f}"/>'
            )
    dot = f'<circle class="median" cx="{x:.1f}" cy="{median:.1f}" r="4"><title>{said}</title></circle>'
    return [*parts, dot]


def _plane_svg(panel: PlanePanel, width: int, top: float) -> tuple[list[str], float]:
    names = [cut(plain(f"{panel.y_axis}={y}"), LABEL_CHARS) for y in panel.ys]
    left = 20 + CHAR_PX * max(map(len, names))
    cell = (width - left - RIGHT_PX) / len(panel.xs)
    low, high = _ends(panel)
    first = top + TOP_PX + 20
    parts = [
        f'<text class="name" x="{left + cell * (i + 0.5):.1f}" y="{first - 8:.0f}" text-anchor="middle">'
        f"{escape(cut(plain(f'{panel.x_axis}={x}'), max(3, int(cell / CHAR_PX))))}</text>"
        for i, x in enumerate(panel.xs)
    ]
    for j, (name, row) in enumerate(zip(names, panel.cells, strict=True)):
        y = first + CELL_PX * j
        parts.append(
            f'<text class="name" x="{left - 8:.1f}" y="{y + 22:.0f}" text-anchor="end">{escape(name)}</text>'
        )
        for i, point in enumerate(row):
            parts.append(_cell_svg(point, left + cell * i, y, cell, low, high))
    below = first + CELL_PX * len(panel.ys) + 22
    notes = notes_of(panel)
    words = _words(panel, width, top, below)
    return [*parts, *words], below - top + LINE_PX * len(notes) + 8


def _cell_svg(point: Point | None, x: float, y: float, wide: float, low: float, high: float) -> str:
    box = f'x="{x:.1f}" y="{y:.1f}" width="{wide - 2:.1f}" height="{CELL_PX - 2}"'
    if point is None or point.median is None:
        return f'<rect class="none" {box}/>'
    step = _step(point, low, high)
    dark = " h4v" if step == STEPS - 1 else ""
    value = rounded(point.median, 4)
    shown = value if len(value) * CHAR_PX <= wide else rounded(point.median, 2)
    return (
        f'<rect class="h{step}" {box}><title>{escape(_numbers(point))}</title></rect>'
        f'<text class="value{dark}" x="{x + wide / 2 - 1:.1f}" y="{y + 21:.1f}" text-anchor="middle">{shown}</text>'
    )

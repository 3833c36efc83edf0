"""Series over steps as one SVG file: a panel for each metric, a line for each run.

A file of its own, so it carries its colours, for a light and a dark page. No plotting library: it
is text, diffs in git and opens in any browser. Names of runs and metrics come from outside and are
escaped.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from leadline.core.plain import plain
from leadline.core.timestamps import counted
from leadline.core.typed import Any, Protocol
from leadline.render.plot.svg import Axis, axis, short, tick_labels

WIDTH_PX, PANEL_PX = 900, 320
LEFT_PX, TOP_PX, BOTTOM_PX, LEGEND_PX = 70, 44, 46, 220
TICK_CHAR_PX = 7.0  # of a figure of the labels at the left
CHAR_PX = 7.4  # of a wide letter of the legend, so that no name runs out of the picture
COLOURS = 6  # beyond these, dashed
_TIMES = (  # from how many seconds on, the unit in seconds, its name
    (172_800.0, 86_400.0, "days"),
    (7_200.0, 3_600.0, "hours"),
    (120.0, 60.0, "minutes"),
    (1.0, 1.0, "seconds"),
    (-math.inf, 0.001, "milliseconds"),
)
_STYLE = """
svg { color-scheme: light dark; }
.page { fill: #fcfcfb; } text { font: 12px system-ui, sans-serif; fill: #5c656d; font-variant-numeric: tabular-nums; }
.title { font-size: 15px; font-weight: 600; fill: #1c2024; } .name { fill: #1c2024; } .about { fill: #5c656d; }
.grid { stroke: #dfe3e6; } .frame { stroke: #a0a9b0; }
.line { fill: none; stroke-width: 1.6; stroke-linejoin: round; } .dashed { stroke-dasharray: 6 3; }
.c0 { stroke: #0b6e9e; } .c1 { stroke: #b4530a; } .c2 { stroke: #17683c; }
.c3 { stroke: #8b3a8f; } .c4 { stroke: #8a6d00; } .c5 { stroke: #5c656d; }
@media (prefers-color-scheme: dark) {
.page { fill: #15181b; } text { fill: #a0a9b0; } .title, .name { fill: #e5e7e8; } .about { fill: #a0a9b0; }
.grid { stroke: #30363b; } .frame { stroke: #5c656d; }
.c0 { stroke: #62b5e3; } .c1 { stroke: #f0a35e; } .c2 { stroke: #72c894; }
.c3 { stroke: #d694da; } .c4 { stroke: #d8c04c; } .c5 { stroke: #a0a9b0; }
}"""


class LineLike(Protocol):
    run: str
    title: str
    pieces: list[list[tuple[float, float]]]
    points: int
    left_out: int
    not_finite: int
    not_positive: int
    without_time: int
    without_step: int
    provisional: bool
    writers: int

    @property
    def shown(self) -> int: ...


class PanelLike(Protocol):
    metric: str
    unit: str
    x: str
    logarithmic: bool
    lines: Any  # of LineLike
    without: list[str]
    untimed: list[str]
    more_runs: list[str]
    more_metrics: int


def scales(panel: PanelLike) -> tuple[Axis, Axis]:
    """The axes of a panel; the horizontal one ends where the points do."""
    size, _ = x_unit(panel)
    xs = _xs(panel) or [0.0]
    low, high = min(xs), max(xs)
    x = axis([low / size, high / size], 8, logarithmic=False)
    ticks = tuple(tick * size for tick in x.ticks)
    x = Axis(x.low * size, x.high * size, ticks, False)
    if high > low:
        x = Axis(low, high, tuple(tick for tick in ticks if low <= tick <= high), False)
    values = [y for line in panel.lines for piece in line.pieces for _, y in piece]
    return x, axis(values, 5, logarithmic=panel.logarithmic)


def _xs(panel: PanelLike) -> list[float]:
    return [
        x for line in panel.lines for piece in line.pieces for x, _ in piece if math.isfinite(x)
    ]


def x_unit(panel: PanelLike) -> tuple[float, str]:
    """What one of the labels' units is, in steps or seconds, and the words below the axis."""
    if panel.x == "step":
        return 1.0, "step"
    longest = max(_xs(panel), default=0.0)
    size, name = next((size, name) for least, size, name in _TIMES if longest >= least)
    return size, f"{name} since the run's first point"


def x_labels(panel: PanelLike, x: Axis) -> list[str]:
    """The words of ``x.ticks``."""
    size, _ = x_unit(panel)
    return [short(tick / size, [other / size for other in x.ticks]) for tick in x.ticks]


def notes(panel: PanelLike) -> list[str]:
    """What a reader must know about what is not drawn."""
    total, shown = sum(line.points for line in panel.lines), sum(line.shown for line in panel.lines)
    left_out = sum(line.left_out for line in panel.lines)
    found: list[str] = []
    if total and not shown:
        how = " on a logarithmic axis: plot without it" if panel.logarithmic else ""
        found.append(f"nothing to draw{how}")
    if shown + left_out < total:
        found.append(f"{total:,} points, the {shown:,} that keep every extreme are drawn")
    for count, is_what in (
        (sum(line.not_finite for line in panel.lines), "no finite number"),
        (sum(line.not_positive for line in panel.lines), "not above 0"),
        (sum(line.without_time for line in panel.lines), "without a time"),
    ):
        verb = "is" if count == 1 else "are"
        if count:
            found.append(f"{counted(count, 'point')} {verb} {is_what}, not drawn")
    if stepless := sum(line.without_step for line in panel.lines):
        their = "its" if stepless == 1 else "their"
        found.append(
            f"{counted(stepless, 'point')} without a step: drawn at {their} place in the series"
        )
    found += [f"{under} lies under {over}: the same points" for under, over in same(panel)]
    if several := [line for line in panel.lines if line.writers > 1]:
        found.append(
            "a line for each process: "
            + ", ".join(f"{one.run} has {one.writers}" for one in several[:4])
        )
    if panel.more_runs:
        count, named = (
            len(panel.more_runs),
            ", ".join(panel.more_runs[:6]) + (" …" if panel.more_runs[6:] else ""),
        )
        verb = "run is" if count == 1 else "runs are"
        found.append(
            f"{count} more {verb} not drawn: {named} (leadline plot RUN... draws those named)"
        )
    if panel.without:
        found.append(f"without this series: {_named(panel.without)}")
    if panel.untimed:
        found.append(f"without times: {_named(panel.untimed)}")
    if going := [line.run for line in panel.lines if line.provisional]:
        found.append(f"still running: {', '.join(going[:4])}")
    if panel.more_metrics:
        found.append(f"{panel.more_metrics:,} more metrics are not drawn: --metric NAME")
    return found


def _named(runs: Sequence[str]) -> str:
    """The first four by name."""
    more = " …" if len(runs) > 4 else ""
    return ", ".join(runs[:4]) + more


def same(panel: PanelLike) -> list[tuple[str, str]]:
    """Runs whose drawn points are those of a later one, which is drawn over them, and that one."""
    return [
        (line.run, over.run)
        for at, line in enumerate(panel.lines)
        if line.pieces
        for over in panel.lines[:at:-1]
        if over.pieces == line.pieces
    ][:4]


def svg(panels: list[Any], width: int = WIDTH_PX, panel_height: int = PANEL_PX) -> str:
    """The whole file."""
    heights = [panel_height + 16 * len(notes(panel)) for panel in panels]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{sum(heights)}" '
        f'viewBox="0 0 {width} {sum(heights)}" role="img" aria-label="{_safe(_words(panels))}">',
        f'<style>{_STYLE}</style><rect class="page" width="100%" height="100%"/>',
    ]
    top = 0
    for panel, height in zip(panels, heights, strict=True):
        parts.append(f'<g transform="translate(0 {top})">{_panel(panel, width, panel_height)}</g>')
        top += height
    return "\n".join(parts) + "\n</svg>\n"


def title(panel: PanelLike) -> str:
    return panel.metric + (f" [{panel.unit}]" if panel.unit else "")


def _words(panels: list[Any]) -> str:
    return "; ".join(
        f"{title(p)} of {', '.join(line.run for line in p.lines)} over {p.x}" for p in panels
    )


def _panel(panel: PanelLike, width: int, height: int) -> str:
    x, y = scales(panel)
    top, right, bottom = TOP_PX, width - LEGEND_PX, height - BOTTOM_PX

    labels = tick_labels(y)
    left = max(LEFT_PX, math.ceil(max(map(len, labels), default=0) * TICK_CHAR_PX) + 12)

    def across(value: float) -> float:
        return left + x.fraction(value) * (right - left)

    def down(value: float) -> float:
        return bottom - min(1.0, max(0.0, y.fraction(value))) * (bottom - top)

    logarithmic = " (logarithmic)" if y.logarithmic else ""
    parts = [f'<text class="title" x="{left}" y="26">{_safe(title(panel))}{logarithmic}</text>']
    for tick, label in zip(y.ticks, labels, strict=True):
        at = f"{down(tick):.1f}"
        parts.append(f'<line class="grid" x1="{left}" x2="{right}" y1="{at}" y2="{at}"/>')
        parts.append(
            f'<text x="{left - 8}" y="{down(tick) + 4:.1f}" text-anchor="end">{label}</text>'
        )
    for tick, label in zip(x.ticks, x_labels(panel, x), strict=True):
        at = f"{across(tick):.1f}"
        parts.append(f'<line class="grid" x1="{at}" x2="{at}" y1="{top}" y2="{bottom}"/>')
        parts.append(f'<text x="{at}" y="{bottom + 18}" text-anchor="middle">{label}</text>')
    parts.append(f'<line class="frame" x1="{left}" x2="{right}" y1="{bottom}" y2="{bottom}"/>')
    parts.append(
        f'<text x="{(left + right) / 2:.0f}" y="{bottom + 36}" text-anchor="middle">{x_unit(panel)[1]}</text>'
    )
    for index, line in enumerate(panel.lines):
        parts += _line(line, index, across, down)
        row = top + 6 + 18 * index
        parts.append(
            f'<line class="{_class(index)}" x1="{right + 16}" x2="{right + 38}" y1="{row}" y2="{row}"/>'
        )
        room = int((LEGEND_PX - 50) / CHAR_PX) - len(line.run)
        about = (
            f'<tspan class="about" dx="6">{_safe(legend(line, room))}</tspan>' if room > 3 else ""
        )
        parts.append(
            f'<text class="name" x="{right + 44}" y="{row + 4}">{_safe(line.run)}{about}</text>'
        )
    for place, note in enumerate(notes(panel)):
        parts.append(f'<text x="{left}" y="{height + 8 + 16 * place}">{_safe(note)}</text>')
    return "".join(parts)


def _line(line: LineLike, index: int, across: Any, down: Any) -> list[str]:
    parts = []
    for piece in line.pieces:
        drawn = [(across(x), down(y)) for x, y in piece if math.isfinite(x)]
        if len(drawn) == 1:
            cx, cy = drawn[0]
            parts.append(f'<circle class="{_class(index)}" cx="{cx:.1f}" cy="{cy:.1f}" r="2"/>')
        elif drawn:
            points = " ".join(f"{cx:.1f},{cy:.1f}" for cx, cy in drawn)
            parts.append(
                f'<polyline class="{_class(index)}" points="{points}"><title>{_safe(line.run)}</title></polyline>'
            )
    return parts


def _safe(text: str) -> str:
    """Control characters are not XML, and never a name."""
    return escape(plain(text).replace("\n", " "))


def _class(index: int) -> str:
    return f"line c{index % COLOURS}" + (" dashed" if index >= COLOURS else "")


def legend(line: LineLike, room: int = 18) -> str:
    """What a run was, beside its id: its title, cut."""
    return line.title if len(line.title) <= room else line.title[: room - 1] + "…"

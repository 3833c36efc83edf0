"""Small inline SVG plots of runs: every run a dot, so that the spread is seen and not only said.

No plotting library: a report must open anywhere, print, follow the reader's dark mode and fit a
phone. Horizontal positions are percentages and vertical ones pixels, so a plot gets narrower
without its text getting smaller; that is what a viewBox cannot do, and the price is straight
segments only. Colours are CSS classes of the page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from itertools import pairwise

from leadline.core.stats.inference import middle
from leadline.core.timestamps import number
from leadline.core.typed import NamedTuple, TypeVar

T = TypeVar("T")
ROW_PX = 26
PLOT_PX = 240
CURVES_PX = 170
NAME_PERCENT = 16.0  # of the width, at least so far apart on a phone
STEPS_TOP_PX = 18.0  # above: what the lines are called
LOG_FROM_RATIO = 50.0  # positive values spread wider than this are shown on a logarithmic axis
_INNER = (2.0, 98.0)  # per cent of the width that values may take: a dot at the edge is drawn whole
_SHAPES = (
    '<circle r="3.6"/>',
    '<rect x="-3.3" y="-3.3" width="6.6" height="6.6"/>',
    '<path d="M0-4.6 4.4 3.4-4.4 3.4Z"/>',
    '<path d="M0-4.8 4.8 0 0 4.8-4.8 0Z"/>',
    '<path d="M0 4.6 4.4-3.4-4.4-3.4Z"/>',
    '<path d="M-4-1.3h2.7v-2.7h2.6v2.7h2.7v2.6h-2.7v2.7h-2.6v-2.7h-2.7Z"/>',
)
SERIES_SHOWN = len(_SHAPES)


class Axis(NamedTuple):
    """A scale. ``low`` and ``high`` are its ends, ``ticks`` the values that are labelled."""

    low: float
    high: float
    ticks: tuple[float, ...]
    logarithmic: bool

    def fraction(self, value: float) -> float:
        """0 at ``low``, 1 at ``high``; 0 for what has no place on a logarithmic scale."""
        if self.logarithmic and value <= 0:
            return 0.0
        if self.logarithmic:
            return (math.log(value) - math.log(self.low)) / (
                math.log(self.high) - math.log(self.low)
            )
        return (value - self.low) / (self.high - self.low)

    def percent(self, value: float) -> float:
        return _INNER[0] + self.fraction(value) * (_INNER[1] - _INNER[0])


def axis_at(values: Sequence[float], ticks: int = 8) -> Axis:
    """A scale for values that were chosen (a sweep): they are the ticks themselves, as far as there
    is room."""
    scale = axis(values)
    chosen = sorted({v for v in values if math.isfinite(v)})
    shown: list[float] = []
    for value in chosen:
        if not shown or scale.fraction(value) - scale.fraction(shown[-1]) >= 0.6 / ticks:
            shown.append(value)
    return scale._replace(ticks=tuple(shown)) if len(chosen) <= 2 * ticks else scale


class Dot(NamedTuple):
    """One run: ``name`` is said when the pointer rests on it."""

    name: str
    value: float


class Series(NamedTuple):
    """Points over a numeric axis: (x, the runs there), ascending in x."""

    name: str
    points: tuple[tuple[float, tuple[Dot, ...]], ...]


def thinned(things: Sequence[T], most: int) -> list[T]:
    """At most ``most`` of them, evenly, the first and the last too.

    >>> thinned([1, 2, 3, 4, 5], 3)
    [1, 3, 5]
    """
    if len(things) <= most:
        return list(things)
    last = len(things) - 1
    return [things[last * n // (most - 1)] for n in range(most)]


def axis(values: Sequence[float], ticks: int = 5, logarithmic: bool | None = None) -> Axis:
    """A scale with round ticks around the finite ``values``; ``logarithmic`` None decides by their
    spread. Of values within 0 to 1 it stays within."""
    kept = [v for v in values if math.isfinite(v)] or [0.0]
    low, high = min(kept), max(kept)
    if logarithmic is None:
        logarithmic = low > 1e-300 and high / low > LOG_FROM_RATIO
    if logarithmic and low > 0 and high > low:
        return _log_axis(low, high, ticks)
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        room = abs(low) * 0.05 or 1.0
    else:
        room = (high - low) * 0.06
    first, last = max(low - room, -1e300), min(high + room, 1e300)
    if low >= 0 and high <= 1:  # a share above 1 or below 0 is none
        first, last = max(first, 0.0), min(last, 1.0)
    step = _round_step((last - first) / ticks)
    found = [
        round(k * step, 12 - math.floor(math.log10(step))) if 1e-12 < step < 1e12 else k * step
        for k in range(math.ceil(first / step), math.floor(last / step) + 1)
    ]
    return Axis(first, last, tuple(found), False)


def tick_labels(scale: Axis) -> list[str]:
    """The words of ``scale.ticks``: short, and never two alike."""
    found = [short(tick, [tick] if scale.logarithmic else scale.ticks) for tick in scale.ticks]
    return found if len(set(found)) == len(found) else [f"{tick:.15g}" for tick in scale.ticks]


def short(value: float, among: Sequence[float]) -> str:
    """A tick in few characters and in the unit of the largest one: 5000 as 5k where the axis
    reaches 10000, 1e18 where no unit is left."""
    largest = max(map(abs, among), default=0.0)
    if largest >= 1e16:
        return f"{value:.4g}".replace("e+", "e")
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if largest >= 10 * size:
            return f"{number(value / size)}{letter}" if value else "0"
    return number(value)


def _round_step(wanted: float) -> float:
    if not math.isfinite(wanted) or wanted <= 0:
        return 1.0
    base = 10.0 ** math.floor(math.log10(wanted))
    return next((m * base for m in (1.0, 2.0, 2.5, 5.0) if m * base >= wanted * 0.999), 10.0 * base)


def _log_axis(low: float, high: float, ticks: int) -> Axis:
    room = 0.06 * (math.log10(high) - math.log10(low))
    first = 10.0 ** max(math.log10(low) - room, -305.0)
    last = 10.0 ** min(math.log10(high) + room, 305.0 if high > 1 else 0.0)
    powers = range(math.floor(math.log10(first)), math.ceil(math.log10(last)) + 1)
    for parts in ((1, 2, 5), (1, 3), (1,)):
        found = [m * 10.0**p for p in powers for m in parts if first <= m * 10.0**p <= last]
        if len(found) <= ticks + 2:
            break
    return Axis(first, last, tuple(found[:: 1 + len(found) // (ticks + 3)]), True)


# ---- strips: one row for each experiment ---------------------------------------------------------


def strip(
    dots: Sequence[Dot],
    scale: Axis,
    median: float | None,
    reference: float | None = None,
    words: str = "",
) -> str:
    """One row: its runs as dots, their median as a bar, the baseline's median as a line through all
    rows."""
    middle = ROW_PX / 2
    parts = [_svg_open(ROW_PX, words)]
    parts += [
        f'<line class="grid" x1="{_p(scale.percent(t))}" x2="{_p(scale.percent(t))}" y1="0" y2="{ROW_PX}"/>'
        for t in scale.ticks
    ]
    if reference is not None:
        at = _p(scale.percent(reference))
        parts.append(f'<line class="reference" x1="{at}" x2="{at}" y1="0" y2="{ROW_PX}"/>')
    if len(dots) > 1:
        ends = [
            _p(scale.percent(v)) for v in (min(d.value for d in dots), max(d.value for d in dots))
        ]
        parts.append(
            f'<line class="range" x1="{ends[0]}" x2="{ends[1]}" y1="{middle}" y2="{middle}"/>'
        )
    if median is not None:
        at = _p(scale.percent(median))
        parts.append(f'<line class="median" x1="{at}" x2="{at}" y1="3" y2="{ROW_PX - 3}"/>')
    parts += [
        f'<circle class="dot" cx="{_p(scale.percent(d.value))}" cy="{middle}" r="3.6">'
        f"<title>{escape(d.name)}: {number(d.value)}</title></circle>"
        for d in dots
    ]
    return "".join(parts) + "</svg>"


def strip_axis(scale: Axis) -> str:
    """The labelled ticks below the strips."""
    parts = [_svg_open(20, "")]
    for tick in scale.ticks:
        at = scale.percent(tick)
        parts.append(
            f'<line class="tick" x1="{_p(at)}" x2="{_p(at)}" y1="0" y2="4"/>'
            f'<text x="{_p(at)}" y="16" text-anchor="{_anchor(at)}">{number(tick)}</text>'
        )
    return "".join(parts) + "</svg>"


# ---- a metric over a numeric axis ----------------------------------------------------------------


def line_plot(
    series: Sequence[Series], x: Axis, y: Axis, reference: float | None = None, words: str = ""
) -> str:
    """Every run a mark of its series' shape, the medians joined by a line; at most ``SERIES_SHOWN``
    series."""
    top, bottom = 6.0, PLOT_PX - 24.0

    def height(value: float) -> str:
        return f"{bottom - y.fraction(value) * (bottom - top):.1f}"

    parts = [_svg_open(PLOT_PX, words)]
    for tick in y.ticks:
        parts.append(
            f'<line class="grid" x1="0" x2="100%" y1="{height(tick)}" y2="{height(tick)}"/>'
        )
    for tick in x.ticks:
        at = x.percent(tick)
        parts.append(
            f'<line class="grid" x1="{_p(at)}" x2="{_p(at)}" y1="{top}" y2="{bottom}"/>'
            f'<text x="{_p(at)}" y="{PLOT_PX - 8}" text-anchor="{_anchor(at)}">{number(tick)}</text>'
        )
    if reference is not None and y.low <= reference <= y.high:
        parts.append(
            f'<line class="reference" x1="0" x2="100%" y1="{height(reference)}" y2="{height(reference)}"/>'
        )
    for index, one in enumerate(series[:SERIES_SHOWN]):
        parts += _series(one, index, x, height)
    return "".join(parts) + "</svg>"


def _series(one: Series, index: int, x: Axis, height: Callable[[float], str]) -> list[str]:
    parts = []
    medians = [(at, middle(sorted(d.value for d in dots))) for at, dots in one.points if dots]
    for (x1, y1), (x2, y2) in pairwise(medians):
        parts.append(
            f'<line class="join s{index}" x1="{_p(x.percent(x1))}" y1="{height(y1)}" '
            f'x2="{_p(x.percent(x2))}" y2="{height(y2)}"/>'
        )
    for at, dots in one.points:
        parts += [
            f'<svg class="s{index}" x="{_p(x.percent(at))}" y="{height(d.value)}" overflow="visible">'
            f"<g>{_SHAPES[index]}<title>{escape(d.name)}: {number(d.value)} at {number(at)}</title></g></svg>"
            for d in dots
        ]
    return parts


def y_labels(y: Axis, height_px: int = PLOT_PX, top: float = 6.0) -> str:
    """The labels left of a ``line_plot``, of ``curves`` or (``top``) of ``steps``, as tall as it is."""
    bottom = height_px - 24.0
    parts = [_svg_open(height_px, "")]
    for tick, label in zip(y.ticks, tick_labels(y), strict=True):
        at = bottom - y.fraction(tick) * (bottom - top)
        parts.append(f'<text x="100%" y="{at + 4:.1f}" text-anchor="end">{label}</text>')
    return "".join(parts) + "</svg>"


# ---- series over steps ---------------------------------------------------------------------------


class Curve(NamedTuple):
    """One run: the drawn points (x, value), one sequence for each stretch without a gap."""

    name: str
    pieces: Sequence[Sequence[tuple[float, float]]]


def curves(
    lines: Sequence[Curve], x: Axis, y: Axis, x_labels: Sequence[str], words: str = ""
) -> str:
    """A line for each run. ``x_labels``: the words of ``x.ticks``.

    The lines lie in a frame that is stretched to the width of the page, their strokes are not: that
    is how a bent line keeps to the rule of this module.
    """
    top, bottom = 6.0, CURVES_PX - 24.0
    parts = [_svg_open(CURVES_PX, words)]
    for tick in y.ticks:
        at = f"{bottom - y.fraction(tick) * (bottom - top):.1f}"
        parts.append(f'<line class="grid" x1="0" x2="100%" y1="{at}" y2="{at}"/>')
    for tick, label in zip(x.ticks, x_labels, strict=True):
        place = x.percent(tick)
        parts.append(
            f'<line class="grid" x1="{_p(place)}" x2="{_p(place)}" y1="{top}" y2="{bottom}"/>'
            f'<text x="{_p(place)}" y="{CURVES_PX - 8}" text-anchor="{_anchor(place)}">{escape(label)}</text>'
        )
    parts.append(
        f'<svg x="{_INNER[0]}%" y="{top}" width="{_INNER[1] - _INNER[0]}%" height="{bottom - top}" '
        'viewBox="0 0 1000 100" preserveAspectRatio="none" overflow="visible">'
    )
    for index, line in enumerate(lines):
        for piece in line.pieces:
            points = [
                f"{1000 * x.fraction(a):.1f},{100 - 100 * min(1.0, max(0.0, y.fraction(b))):.2f}"
                for a, b in piece
                if math.isfinite(a)
            ]
            if points:
                kind, drawn = _curve_class(index), " ".join(points)
                # a point alone is the cap of its stroke
                path = f"M{drawn}" if len(points) > 1 else f"M{drawn}h0"
                alone = "" if len(points) > 1 else " alone"
                parts.append(
                    f'<path class="{kind}{alone}" vector-effect="non-scaling-stroke" d="{path}">'
                    f"<title>{escape(line.name)}</title></path>"
                )
    return "".join(parts) + "</svg></svg>"


def curve_key(index: int) -> str:
    """The stroke of line ``index``, for a legend."""
    return (
        '<svg class="key" width="22" height="10" aria-hidden="true">'
        f'<path class="{_curve_class(index)}" d="M0 5H22"/></svg>'
    )


def _curve_class(index: int) -> str:
    return f"curve s{index % SERIES_SHOWN}" + (" dashed" if index >= SERIES_SHOWN else "")


def key(index: int) -> str:
    """The mark of series ``index``, for a legend."""
    return (
        f'<svg class="key s{index}" width="14" height="14" viewBox="-7 -7 14 14" aria-hidden="true">'
        f"{_SHAPES[index % SERIES_SHOWN]}</svg>"
    )


def _svg_open(height: int, words: str) -> str:
    named = f' role="img" aria-label="{escape(words)}"' if words else ' aria-hidden="true"'
    return f'<svg class="plot" width="100%" height="{height}"{named}>'


def _p(percent: float) -> str:
    return f"{percent:.2f}%"


def _anchor(percent: float) -> str:
    if percent < 3:
        return "start"
    return "end" if percent > 97 else "middle"


# ---- the best so far -----------------------------------------------------------------------------


class Mark(NamedTuple):
    """A result at a place, with the ends of its interval; ``name``, escaped, is said when the pointer
    rests on it."""

    name: str
    place: float
    value: float
    low: float
    high: float


def steps(
    every: Sequence[Mark],
    best: Sequence[Mark],
    lines: Sequence[tuple[str, float]],
    x: Axis,
    y: Axis,
    words: str = "",
) -> str:
    """``every`` result a dot, the ``best`` ones joined by a stair with their intervals; ``lines``:
    named places."""
    top, bottom = STEPS_TOP_PX, PLOT_PX - 24.0

    def height(value: float) -> str:
        return f"{bottom - min(1.0, max(0.0, y.fraction(value))) * (bottom - top):.1f}"

    def at(place: float) -> str:
        return _p(x.percent(place))

    parts = [_svg_open(PLOT_PX, words)]
    for tick in y.ticks:
        parts.append(
            f'<line class="grid" x1="0" x2="100%" y1="{height(tick)}" y2="{height(tick)}"/>'
        )
    for tick in x.ticks:
        parts.append(
            f'<text x="{at(tick)}" y="{PLOT_PX - 8}" text-anchor="{_anchor(x.percent(tick))}">{number(tick)}</text>'
        )
    named_from = 0.0
    for name, place in lines:
        parts.append(
            f'<line class="reference" x1="{at(place)}" x2="{at(place)}" y1="{top}" y2="{bottom}"/>'
        )
        if x.percent(place) >= named_from:  # a name that would lie on another stands in the legend
            named_from = x.percent(place) + NAME_PERCENT
            parts.append(
                f'<text x="{at(place)}" y="12" text-anchor="{_anchor(x.percent(place))}">{escape(name)}</text>'
            )
    parts += [
        f'<circle class="faint" cx="{at(m.place)}" cy="{height(m.value)}" r="2.4"><title>{m.name}</title></circle>'
        for m in every
    ]
    ends = [*(m.place for m in best[1:]), x.high]
    for m, end in zip(best, ends, strict=True):
        parts.append(
            f'<line class="join s0" x1="{at(m.place)}" x2="{at(end)}" y1="{height(m.value)}" y2="{height(m.value)}"/>'
        )
    for before, m in pairwise(best):
        here, ends_at = at(m.place), (height(before.value), height(m.value))
        parts.append(
            f'<line class="join s0" x1="{here}" x2="{here}" y1="{ends_at[0]}" y2="{ends_at[1]}"/>'
        )
    for m in best:
        parts.append(
            f'<line class="range" x1="{at(m.place)}" x2="{at(m.place)}" y1="{height(m.low)}" y2="{height(m.high)}"/>'
            f'<circle class="dot" cx="{at(m.place)}" cy="{height(m.value)}" r="3.6"><title>{m.name}</title></circle>'
        )
    return "".join(parts) + "</svg>"

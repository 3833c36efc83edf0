"""Series as a picture of characters: braille dots where the terminal has them, letters where it has
not.

Several lines are told apart by colour where that is wanted, else by a letter each, which costs
resolution and is readable in a log.
"""

from __future__ import annotations

import math

from leadline.core.plain import plain
from leadline.core.typed import Any
from leadline.render.plot.series import legend, notes, same, scales, title, x_labels, x_unit
from leadline.render.plot.svg import Axis, tick_labels

LABEL_CHARS = 10  # at least
HIDDEN = 0.05  # a line of which no more is seen is said to lie under another
MARKS = "*o+x#@%&=~$^"
_COLOURS = (36, 33, 32, 35, 34, 31)
# Unicode braille patterns, by row and column
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


def text(
    panel: Any, width: int = 80, height: int = 18, *, braille: bool = True, colour: bool = False
) -> str:
    """The panel in ``width`` characters and about ``height`` lines, with axes, legend and what is
    not drawn."""
    if not any(line.shown for line in panel.lines):
        return "\n".join([plain(title(panel)), *("  " + plain(note) for note in notes(panel))])
    x, y = scales(panel)
    words = tick_labels(y)
    left = max(LABEL_CHARS, *map(len, words)) if words else LABEL_CHARS
    dots = braille and (colour or len(panel.lines) == 1)
    columns, rows = max(16, width - left - 2), max(4, height - 4)
    # A braille character holds 2 by 4 dots and no mark: several lines without colour need letters.
    across, down = (2, 4) if dots else (1, 1)
    canvas = _Canvas(columns, rows, across, down)
    for index, line in enumerate(panel.lines):
        for piece in line.pieces:
            canvas.line(
                [(x.fraction(a), y.fraction(b)) for a, b in piece if math.isfinite(a)], index
            )
    bar, corner, dash = ("│", "└", "─") if braille else ("|", "+", "-")
    labels = _labels(y, words, rows)
    scale = " (logarithmic)" if y.logarithmic else ""
    lines = [plain(title(panel)) + scale]
    for row in range(rows):
        lines.append(f"{labels.get(row, ''):>{left}} {bar}{canvas.row(row, dots, colour)}".rstrip())
    lines.append(" " * left + f" {corner}" + dash * columns)
    ticks, unit = _x_labels(x, x_labels(panel, x), left, columns), x_unit(panel)[1]
    if len(ticks) + 2 + len(unit) <= width:
        lines.append(ticks + f"{unit:>{width - len(ticks)}}")
    else:
        lines += [ticks, f"{unit:>{width}}"]
    if len(panel.lines) > 1 or colour:
        lines += _legends(panel.lines, left + 2, width, dots, colour)
    else:
        lines.append(" " * (left + 2) + _named(panel.lines[0]))
    # Lines that lie under others are named, so that nobody misses one.
    said = {under for under, _ in same(panel)}
    hidden = [
        (panel.lines[u].run, panel.lines[o].run)
        for u, o in canvas.hidden()
        if panel.lines[u].run not in said
    ]
    below = [
        f"{under} lies under {over}: nearly the same places of this picture"
        for under, over in hidden
    ]
    return "\n".join(
        [*lines, *(" " * (left + 2) + plain(note) for note in [*notes(panel), *below])]
    )


def _named(line: Any) -> str:
    return plain(f"{line.run} {legend(line, 24)}").rstrip()


def _legends(lines: list[Any], left: int, width: int, dots: bool, colour: bool) -> list[str]:
    """As many a row as there is room for; escape sequences take none."""
    rows: list[list[str]] = []
    used = 0
    for index, line in enumerate(lines):
        chars = len(_legend(index, line, dots, False)) + 2
        if not rows or used + chars > width - left + 2:
            rows.append([])
            used = 0
        rows[-1].append(_legend(index, line, dots, colour))
        used += chars
    return [" " * left + "  ".join(row) for row in rows]


def _legend(index: int, line: Any, dots: bool, colour: bool) -> str:
    mark = "━━" if dots else MARKS[index % len(MARKS)]
    shown = f"{mark} {_named(line)}"
    return f"\x1b[{_COLOURS[index % len(_COLOURS)]}m{shown}\x1b[0m" if colour else shown


def _labels(y: Axis, words: list[str], rows: int) -> dict[int, str]:
    found: dict[int, str] = {}
    for tick, label in zip(y.ticks, words, strict=True):
        found.setdefault(min(rows - 1, int((1 - y.fraction(tick)) * rows)), label)
    return found


def _x_labels(x: Axis, labels: list[str], left: int, columns: int) -> str:
    text = [" "] * (left + 2 + columns)
    free_from = 0
    for tick, shown in zip(x.ticks, labels, strict=True):
        start = left + 2 + int(x.fraction(tick) * (columns - 1)) - len(shown) // 2
        start = max(0, min(start, len(text) - len(shown)))
        if start >= free_from:
            text[start : start + len(shown)] = shown
            free_from = start + len(shown) + 2
    return "".join(text).rstrip()


def _within(fraction: float) -> float:
    """A value beyond what an axis can reach stands at its end."""
    return min(1.0, max(0.0, fraction))


class _Canvas:
    """Dots in cells: ``wide`` by ``tall`` of them a character."""

    def __init__(self, columns: int, rows: int, wide: int, tall: int) -> None:
        self.columns, self.rows, self.wide, self.tall = columns, rows, wide, tall
        self.bits: dict[tuple[int, int], int] = {}
        self.owner: dict[tuple[int, int], int] = {}
        self.cells: dict[int, set[tuple[int, int]]] = {}  # of each line

    def line(self, points: list[tuple[float, float]], index: int) -> None:
        """Fractions of the width (from the left) and of the height (from below), joined."""
        width, height = self.columns * self.wide - 1, self.rows * self.tall - 1
        cells = [(round(_within(a) * width), round((1 - _within(b)) * height)) for a, b in points]
        for at, (x1, y1) in enumerate(cells):
            x0, y0 = cells[at - 1] if at else (x1, y1)
            steps = max(abs(x1 - x0), abs(y1 - y0), 1)
            for step in range(steps + 1):
                self._dot(x0 + (x1 - x0) * step // steps, y0 + (y1 - y0) * step // steps, index)

    def _dot(self, x: int, y: int, index: int) -> None:
        cell = (y // self.tall, x // self.wide)
        if self.tall == 4:
            self.bits[cell] = self.bits.get(cell, 0) | _DOTS[y % 4][x % 2]
        self.owner[cell] = index
        self.cells.setdefault(index, set()).add(cell)

    def hidden(self) -> list[tuple[int, int]]:
        """Lines of which nearly nothing is seen, each with the one that covers most of it."""
        found = []
        for index, cells in self.cells.items():
            owners = [self.owner[cell] for cell in cells]
            if owners.count(index) <= HIDDEN * len(owners):
                found.append((index, max(set(owners) - {index}, key=owners.count)))
        return found

    def row(self, row: int, dots: bool, colour: bool) -> str:
        out, now = [], None
        for column in range(self.columns):
            owner = self.owner.get((row, column))
            if owner is None:
                out.append(" ")
                continue
            if colour and owner != now:
                out.append(f"\x1b[{_COLOURS[owner % len(_COLOURS)]}m")
                now = owner
            out.append(chr(0x2800 + self.bits[row, column]) if dots else MARKS[owner % len(MARKS)])
        return "".join(out) + ("\x1b[0m" if now is not None else "")

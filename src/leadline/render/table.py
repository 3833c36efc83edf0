"""Columns of text, for a terminal and for the pages of the record branch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from leadline.core.plain import one_line
from leadline.render.markdown import cut

CELL_CHARS = 60


def table(
    headers: Sequence[str],
    rows: Iterable[Sequence[object]],
    right: Iterable[int] = (),
    cell_chars: int = CELL_CHARS,
) -> str:
    """Columns two spaces apart, cells (and headers) on one line and cut at ``cell_chars``; ``right``: columns
    aligned right."""
    lines = [[cut(one_line(str(c)), cell_chars) for c in row] for row in (headers, *rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(headers))]
    to_right = set(right)
    padded = (
        [
            c.rjust(w) if i in to_right else c.ljust(w)
            for i, (c, w) in enumerate(zip(line, widths, strict=True))
        ]
        for line in lines
    )
    return "\n".join("  ".join(cells).rstrip() for cells in padded)


def left_line(every: Sequence[object], shown: int, what: str, verb: str) -> str:
    """What follows a table of ``shown`` of them: how many are left and where; "" when none is."""
    left = len(every) - shown
    return f"\n… and {left} {what}: {verb}" if left > 0 else ""

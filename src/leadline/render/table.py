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


def filled(
    headers: Sequence[str], rows: Sequence[Sequence[str]], right: Iterable[int], blank: str = "–"
) -> tuple[list[str], list[list[str]], list[int]]:
    """A table without the columns in which every row has ``blank``, and which of those that are left
    are aligned right."""
    kept = [i for i in range(len(headers)) if not rows or any(row[i] != blank for row in rows)]
    right = set(right)
    return (
        [headers[i] for i in kept],
        [[row[i] for i in kept] for row in rows],
        [at for at, i in enumerate(kept) if i in right],
    )


def left_line(every: Sequence[object], shown: int, what: str, verb: str) -> str:
    """What follows a table of ``shown`` of them: how many are left and where; "" when none is."""
    left = len(every) - shown
    return f"\n… and {left} {what}: {verb}" if left > 0 else ""

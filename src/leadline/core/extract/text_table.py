"""A table that stands in a text: its header, which may take several lines, and its rows.

>>> one_header([["", "acc", "", "loss"], ["model", "mean", "std", "mean"]])
['model', 'acc.mean', 'acc.std', 'loss.mean']
>>> header_rows([["model", "acc", ""], ["", "mean", "std"], ["a", "0.9", "0.1"]])
2
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leadline.core.extract.written_number import number_in, unit_in
from leadline.core.patterns import later
from leadline.core.typed import Any, NamedTuple

MOST_HEADER_ROWS = 4
_NO_NAME = later(r"(?:Unnamed: ?\d+(?:_level_\d+)?)?")


class TextTable(NamedTuple):
    """``line``: of the header; ``body``: the lines below, as their cells; ``header_lines``: how many
    were joined to the header."""

    line: int
    header: list[str]
    body: list[tuple[int, list[str]]]
    header_lines: int = 1

    def rows(self) -> Iterator[tuple[int, dict[str, Any] | None, str]]:
        """A row whose first cell is blank, and others not, goes on with the name of that above, where
        the first column has names: each once, and one in the first row."""
        above, names = "", _are_names([cells[0] for _, cells in self.body if any(cells)])
        for number, cells in self.body:
            if len(cells) == len(self.header):
                above = cells[0] or above
                goes_on = names and self.header[0] and sum(map(bool, cells)) > 1
                first = above if goes_on else cells[0]
                yield number, dict(zip(self.header, [first, *cells[1:]], strict=True)), ""
            else:
                yield number, None, "wrong-width"


def _are_names(cells: Sequence[str]) -> bool:
    """Whether the cells of a column name groups of rows, and are no marks of single rows."""
    said = [cell for cell in cells if cell]
    worded = all(any(map(str.isalnum, cell)) for cell in said)
    return bool(said) and bool(cells[0]) and len({*said}) == len(said) and worded


def table_of(lines: Sequence[tuple[int, list[str]]], heads: int = 0) -> TextTable:
    """The table of lines of cells, of which the first is its header, or the first ``heads``."""
    heads = heads or header_rows([cells for _, cells in lines[: MOST_HEADER_ROWS + 1]])
    header = one_header([cells for _, cells in lines[:heads]])
    body = list(lines[heads:])
    header = with_row_names(header, [cells[0] for _, cells in body])
    return TextTable(lines[0][0], header, body, heads)


def header_rows(rows: Sequence[Sequence[str]]) -> int:
    """How many of the first rows of a table name its columns: one, unless names in it stand over
    several columns, or several times, and the rows below tell these apart and hold no number."""
    first = [_name(cell) for cell in rows[0]] if rows else []
    if not spans(first) or len(rows) < 3:
        return 1
    corner = {_name(cell) for cell in (*rows[0][:1], *rows[1][:1])} - {""}
    if len(corner) > 1:  # the first column has two names: the second is a row's
        return 1
    for count, row in enumerate(rows[1 : MOST_HEADER_ROWS + 1], 1):
        if len(row) != len(first) or any(map(is_value, row)):
            return count if _told_apart(rows[:count]) else 1
    return 1


def with_row_names(header: Sequence[str], firsts: Sequence[str]) -> list[str]:
    """The header, a blank corner of it above names called ``row``; a number there is an index.

    >>> with_row_names(["", "acc"], ["small", "large"]), with_row_names(["", "acc"], ["0", "1"])
    (['row', 'acc'], ['', 'acc'])
    """
    said = [cell for cell in firsts if cell.strip()]
    blank = [*header[:1]] == [""] and len(header) > 1 and "row" not in header
    named = blank and said and not any(map(is_value, said))
    return ["row", *header[1:]] if named else [*header]


def joined_names(where: str, lines: int) -> list[tuple[str, str]]:
    """What is to be said of a header of several lines."""
    what = f"the names of the columns take {lines} lines here and are joined by a dot"
    return [(where, what)] if lines > 1 else []


def one_header(rows: Sequence[Sequence[str]]) -> list[str]:
    """One name a column: the parts that stand above each other, joined by a dot. A name stands for the
    blank cells to its right that something below tells apart."""
    named = [_name(cell) for cell in rows[0]]
    for below in rows[1:]:
        cells = [_name(cell) for cell in below]
        cells += [""] * (len(named) - len(cells))
        over = ""
        for at, (above, cell) in enumerate(zip(named, cells, strict=False)):
            if above or not cell:
                over = above if cell else ""
            parts = [over or above, cell]
            named[at] = ".".join(dict.fromkeys(part for part in parts if part))
    return named


def spans(names: Sequence[str]) -> bool:
    """Whether a name may stand over several columns: it comes again, or blanks follow it."""
    said = [name for name in names if name]
    first = next((at for at, name in enumerate(names) if name), len(names))
    return bool(said) and (len({*said}) < len(said) or "" in names[first:])


def _told_apart(rows: Sequence[Sequence[str]]) -> bool:
    return len(rows) > 1 and len({*one_header(rows)}) == len(rows[0])


def _name(cell: str) -> str:
    return "" if _NO_NAME.fullmatch(cell.strip()) else cell.strip()


def is_value(cell: str) -> bool:
    """Whether a cell holds a number, in whatever unit, or with its spread."""
    return bool(cell.strip()) and number_in(cell, unit_in(cell)) != "no number"

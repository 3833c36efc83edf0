"""Tables in an HTML page.

>>> page = "<table><tr><th>model<th>acc</tr><tr><td>a<td><b>0.9</b></tr></table>"
>>> [(table.header, table.body) for table in html_tables(page)]
[(['model', 'acc'], [(1, ['a', '0.9'])])]
"""

from __future__ import annotations

from html.parser import HTMLParser

from leadline.core.extract.text_table import TextTable, table_of
from leadline.core.patterns import later
from leadline.core.values import dataclass, field

MOST_SPANNED = 200
_PART = "\0"  # where another line or a mark above begins
_PARTED = later(rf"(?<=\d)\s*{_PART}\s*(?=[+-]?\.?\d)")
_NOT_SHOWN = frozenset(("script", "style", "template", "svg"))


@dataclass
class _Cell:
    words: list[str] = field(default_factory=list)
    columns: int = 1
    rows: int = 1
    head: bool = False


@dataclass
class _Open:
    """A table that is being read: its rows with their lines, and whether each is of the head."""

    rows: list[tuple[int, bool, list[_Cell]]] = field(default_factory=list)
    in_head: bool = False
    cell: _Cell | None = None


def html_tables(page: str) -> list[TextTable]:
    """The tables of a page with two rows and columns at least, an inner one before that around it."""
    parser = _Parser()
    parser.feed(page)
    parser.close()
    found = [table for one in [*parser.closed, *reversed(parser.open)] if (table := _table(one))]
    return sorted(found, key=lambda table: table.line)


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[_Open] = []
        self.closed: list[_Open] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _NOT_SHOWN:
            self.hidden += 1
        if tag == "table":
            self.open.append(_Open())
        if not self.open:
            return
        table = self.open[-1]
        if tag in ("thead", "tbody", "tfoot"):
            table.in_head = tag == "thead"
        elif tag == "tr":
            table.rows.append((self.getpos()[0], table.in_head, []))
            table.cell = None
        elif tag in ("td", "th"):
            if not table.rows:
                table.rows.append((self.getpos()[0], table.in_head, []))
            said = dict(attrs)
            table.cell = _Cell(columns=_span(said.get("colspan")), rows=_span(said.get("rowspan")))
            table.cell.head = tag == "th"
            table.rows[-1][2].append(table.cell)
        elif tag in ("br", "p", "div", "li") and table.cell is not None:
            table.cell.words.append(f" {_PART}")
        elif tag in ("sup", "sub") and table.cell is not None:
            table.cell.words.append(_PART)

    def handle_endtag(self, tag: str) -> None:
        if tag in _NOT_SHOWN:
            self.hidden = max(0, self.hidden - 1)
        if tag == "table" and self.open:
            self.closed.append(self.open.pop())
        elif self.open and tag in ("td", "th", "tr"):
            self.open[-1].cell = None
        elif self.open and tag == "thead":
            self.open[-1].in_head = False

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1].cell is not None and not self.hidden:
            self.open[-1].cell.words.append(data.replace(_PART, ""))


def _span(said: str | None) -> int:
    text = (said or "").strip()
    return min(int(text), MOST_SPANNED) or 1 if text.isdecimal() and len(text) < 5 else 1


def _table(read: _Open) -> TextTable | None:
    """Cells that go over several rows stand in each, and so do those over several columns below the
    head."""
    lines, waiting, heads = list[tuple[int, list[str]]](), dict[int, tuple[int, str]](), 0
    for number, in_head, cells in read.rows:
        if not cells:
            continue
        head = in_head or all(cell.head for cell in cells)
        heads += head and heads == len(lines)
        row = list[str]()
        for cell in cells:
            _fill(row, waiting)
            said = _PARTED.sub("^", "".join(cell.words))  # two numbers are not one
            said = " ".join(said.replace(_PART, "").split())
            for place in range(cell.columns):
                if cell.rows > 1:
                    waiting[len(row)] = (cell.rows - 1, "" if head else said)
                row.append(said if place == 0 or not head else "")
        _fill(row, waiting)
        lines.append((number, row))
    if len(lines) < 2 or max(len(row) for _, row in lines) < 2:
        return None
    return table_of(lines, heads if heads < len(lines) else 0)


def _fill(row: list[str], waiting: dict[int, tuple[int, str]]) -> None:
    while waiting.get(len(row), (0, ""))[0] > 0:
        left, said = waiting[len(row)]
        waiting[len(row)] = (left - 1, said)
        row.append(said)

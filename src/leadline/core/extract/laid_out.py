"""Tables that a program laid out for people: columns of blanks, as ``print(df)`` has them, and grids
of ``|`` and ``+---+``, drawn with characters of lines too.

>>> page = "loading\\n   model   ms\\n0      a  1.5\\n1      b  2.0\\n\\n[2 rows x 2 columns]"
>>> [(table.line, table.header, table.body[0]) for table in laid_out_tables(page.split("\\n"))]
[(2, ['', 'model', 'ms'], (3, ['0', 'a', '1.5']))]
>>> page = "+----+-----+\\n| a  | ms  |\\n+====+=====+\\n| x  | 1.5 |\\n+----+-----+"
>>> [(table.line, table.header, table.body) for table in laid_out_tables(page.split("\\n"))]
[(2, ['a', 'ms'], [(4, ['x', '1.5'])])]
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from leadline.core.extract.text_table import TextTable, is_value, table_of
from leadline.core.patterns import later
from leadline.core.plain import without_escapes

Line = tuple[int, str]
MOST_COLUMNS = 500
_DRAWN = str.maketrans(
    {
        **dict.fromkeys("\u2502\u2503\u2551\u2506\u2507\u250a\u250b\u254e\u254f", "|"),
        **dict.fromkeys(
            "\u2500\u2501\u2550\u2504\u2505\u2508\u2509\u254c\u254d\u2012\u2013\u2014", "-"
        ),
        **dict.fromkeys(
            [
                chr(at)
                for at in (*range(0x250C, 0x254C), *range(0x2552, 0x2570), *range(0x2570, 0x257F))
            ],
            "+",
        ),
    }
)
_GOES_ON = "\\"  # behind a header: further columns of these rows follow
_RULE = later(r"[\s|+:=*-]*[-=]{2,}[\s|+:=*-]*")
_DASHES = later(r"[-=]+")
_WIDE = later(r"\s{2,}|\t")
_BLANKS = later(r"\s+")


def laid_out_tables(lines: Iterable[str]) -> Iterator[TextTable]:
    """The tables of a text, wherever they stand in it."""
    block, joined = list[Line](), list[TextTable]()
    for number, text in enumerate(lines, 1):
        text = without_escapes(text).rstrip()
        if text.strip():
            block.append((number, text))
            continue
        yield from _joined(joined, _of_block(block))
        block = []
    yield from _joined(joined, _of_block(block))
    yield from joined


def _joined(waiting: list[TextTable], found: list[TextTable]) -> Iterator[TextTable]:
    """The tables that are whole. One whose header ends with a backslash was too wide: its other
    columns follow, with the same rows."""
    for table in found:
        before = waiting.pop() if waiting else None
        if before is not None and before.header[-1] == _GOES_ON:
            rows = [cells[0] for _, cells in table.body]
            if rows == [cells[0] for _, cells in before.body]:
                pairs = zip(before.body, table.body, strict=True)
                body = [(number, cells + more[1:]) for (number, cells), (_, more) in pairs]
                header = before.header[:-1] + table.header[1:]
                waiting.append(TextTable(before.line, header, body))
                continue
        if before is not None:
            yield before
        waiting.append(table)


def _of_block(block: list[Line]) -> list[TextTable]:
    if len(block) < 2:
        return []
    drawn = [(number, _with_bars(text)) for number, text in block]
    barred = [(number, text) for number, text in drawn if "|" in text and not _is_rule(text)]
    if 2 * len(barred) >= sum(not _is_rule(text) for _, text in drawn) and len(barred) > 1:
        return _grid(drawn)
    return _columns(block)


def _with_bars(text: str) -> str:
    return text.translate(_DRAWN)


def _is_rule(text: str) -> bool:
    return _RULE.fullmatch(text) is not None


def _grid(block: list[Line]) -> list[TextTable]:
    """Lines between rules are of one row where rules part all rows, and a row each otherwise."""
    groups: list[list[tuple[int, list[str]]]] = [[]]
    rules = 0
    for number, text in block:
        if _is_rule(text):
            rules += bool(groups[-1])
            groups += [[]] if groups[-1] else []
        elif "|" in text:
            groups[-1].append((number, [cell.strip() for cell in _bars(text)]))
    groups = [group for group in groups if group]
    if not groups:
        return []
    if len(groups) > 2 and _go_on(groups[1:]):
        groups = [groups[0], *([_one_row(group)] for group in groups[1:])]
    heads = len(groups[0]) if len(groups) > 1 else 0
    lines = [line for group in groups for line in group]
    table = len(lines) > 1 and heads != len(lines) and max(len(cells) for _, cells in lines) > 1
    return [table_of(lines, heads)] if table else []


def _go_on(groups: Sequence[Sequence[tuple[int, list[str]]]]) -> bool:
    """Whether the lines below the first of each group go on with its row: none has all cells, and none
    has a number below a number."""
    below = [(group[0][1], cells) for group in groups for _, cells in group[1:]]
    return bool(below) and not any(
        all(cells) or any(is_value(a) and is_value(b) for a, b in zip(first, cells, strict=False))
        for first, cells in below
    )


def _bars(text: str) -> list[str]:
    inner = text.strip()
    return inner.removeprefix("|").removesuffix("|").split("|")


def _one_row(group: list[tuple[int, list[str]]]) -> tuple[int, list[str]]:
    number, cells = group[0][0], list(group[0][1])
    for _, more in group[1:]:
        cells = [" ".join(filter(None, pair)) for pair in zip(cells, more, strict=False)]
    return number, cells


def _columns(block: list[Line]) -> list[TextTable]:
    """Tables of blanks: under a rule of dashes its runs are the columns; without, the header is the
    first line below which others have as many words, or one more (an index without a name)."""
    for at, (_, text) in enumerate(block[1:-1], 1):
        spans = [found.span() for found in _DASHES.finditer(text)]
        if _is_rule(text) and len(spans) > 1:
            body = [line for line in block[at + 1 :] if not _is_rule(line[1])]
            lines = [block[at - 1], *body]
            return [table_of([(number, _in_spans(one, spans)) for number, one in lines], 1)]
    at, found = 0, list[TextTable]()
    lines = [line for line in block if not _is_rule(line[1])]
    while at < len(lines) - 1:
        table = _from(lines, at)
        if table is None:
            at += 1
        else:
            found.append(table)
            at += len(table.body) + 1
    return found


def _in_spans(text: str, spans: Sequence[tuple[int, int]]) -> list[str]:
    """The parts of a line below the runs of dashes: a word that goes over an end is of the run that it
    begins in."""
    starts = [0, *(span[0] for span in spans[1:])]
    for at, start in enumerate(starts[1:], 1):
        while 0 < starts[at] < len(text) and not text[starts[at] - 1].isspace():
            starts[at] -= 1
        if starts[at] <= starts[at - 1]:
            starts[at] = start
    ends = [*starts[1:], len(text)]
    return [text[start:end].strip() for start, end in zip(starts, ends, strict=True)]


def _from(lines: list[Line], at: int) -> TextTable | None:
    """The table whose header is at ``at``, if it is one: of the two ways to part cells the one in which
    more lines are rows, and each column has a name."""
    found = [table for parts in (_WIDE, _BLANKS) if (table := _parted(lines, at, parts))]
    return max(found, key=lambda table: (len(table.body), all(table.header)), default=None)


def _parted(lines: list[Line], first: int, parts: re.Pattern[str]) -> TextTable | None:
    """One column at least is of numbers: lines are looked at as long as one may be."""
    number, text = lines[first]
    text, comment = text.removesuffix(_GOES_ON).rstrip(), text.startswith(("#", "%"))
    text = text.lstrip("#% ") if comment else text
    header = [part for part in parts.split(text.strip()) if part]
    if not 1 < len(header) + text[:1].isspace() <= MOST_COLUMNS or any(map(is_value, header)):
        return None
    if any(name.endswith(":") or _DASHES.fullmatch(name) for name in header):
        return None  # it says what follows, and heads no column
    rows: list[tuple[int, list[str]]] = []
    numbers: set[int] = set()
    for below in range(first + 1, len(lines)):
        at, line = lines[below]
        cells = parts.split(line.strip())
        more = len(cells) - len(header)  # an index has no name
        if more not in (0, 1) or (more and not text[:1].isspace() and not rows):
            break
        if rows and len(cells) != len(rows[0][1]):
            break
        rows.append((at, cells))
        numbers = {
            column
            for column in (numbers if len(rows) > 1 else range(len(cells)))
            if is_value(cells[column])
        }
        if not numbers:
            return None
    laid = _WIDE.search(text.strip()) is not None
    if len(rows) < 2 - laid:  # where the header shows no layout, of two rows at least
        return None
    header = [""] * (len(rows[0][1]) - len(header)) + header
    return TextTable(number, header + [_GOES_ON] * lines[first][1].endswith(_GOES_ON), rows)

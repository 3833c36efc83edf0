"""Tables in a Markdown page.

>>> page = enumerate(["| a | ms |", "|---|--:|", "| x | **1.5** |"], 1)
>>> [(table.header, list(table.rows())) for table in markdown_tables(page)]
[(['a', 'ms'], [(3, {'a': 'x', 'ms': '1.5'}, '')])]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from leadline.core.extract.text_table import TextTable
from leadline.core.fences import Fences
from leadline.core.patterns import later

_RULE = later(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")
_BAR = later(r"(?<!\\)\|")
_LINK = later(r"\[([^\[\]]+)\]\([^()\s]*\)")
_MARKED = later(r"(\*\*|__|`|\*)(.+)\1")


def markdown_tables(lines: Iterable[tuple[int, str]]) -> Iterator[TextTable]:
    """The tables of a page, outside of code."""
    before, table, fences = (0, ""), None, Fences()
    for number, text in lines:
        if fences.cover(text) or "|" not in text:
            if table is not None:
                yield table
            before, table = (number, ""), None
            continue
        if table is not None:
            table.body.append((number, _cells(text)))
        elif _RULE.fullmatch(text) and len(_cells(before[1])) == len(_cells(text)) and before[1]:
            table = TextTable(before[0], _cells(before[1]), [])
        before = number, text
    if table is not None:
        yield table


def _cells(text: str) -> list[str]:
    inner = text.strip().removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return [_plain(cell.replace("\\|", "|").strip()) for cell in _BAR.split(inner)]


def _plain(cell: str) -> str:
    """A cell without the marks around it; of a link its words."""
    if (link := _LINK.fullmatch(cell)) is not None:
        return link[1].strip()
    found = _MARKED.fullmatch(cell)
    return found[2].strip() if found else cell

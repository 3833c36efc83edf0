r"""Tables in a LaTeX file.

>>> text = r'''\begin{tabular}{lr} \toprule
... model & acc \\ \midrule
... \textbf{a\_b} & $0.9$ \% \\
... \end{tabular}'''
>>> [(table.header, table.body) for table in latex_tables(text)]
[(['model', 'acc'], [(3, ['a_b', '0.9 %'])])]
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from leadline.core.extract.text_table import TextTable, table_of
from leadline.core.patterns import later

_NAMES = r"\{((?:tabular[xy*]?|longtable|array|tabu|tblr|supertabular)\*?)\}"
_BEGIN = later(rf"\\begin{_NAMES}")
_WIDE = ("tabular*", "tabularx", "tabulary")  # a width stands before their columns
_COMMENT = later(r"(?<!\\)((?:\\\\)*)%.*")
_RULES = later(
    r"\\(?:hline|toprule|bottomrule|midrule|specialrule|addlinespace|noalign|hhline|cline|cmidrule|"
    r"endhead|endfirsthead|endfoot|endlastfoot|rowcolor|centering|tabularnewline)\b"
    r"(?:\([^()]*\))?(?:\[[^\[\]]*\])*(?:\([^()]*\))?(?:\{[^{}]*\})*"
)
_HEAD_END = later(r"\\(?:midrule|endhead|endfirsthead)\b")
_LINE = later(r"\\hline\b")
_ROW_END = later(r"\\\\(?:\s*\[[^\[\]]*\])?|\\tabularnewline\b")
_CELL_END = later(r"(?<!\\)&")
_TOKEN = later(rf"\\(?:begin|end){_NAMES}|\\\\(?:\s*\[[^\[\]]*\])?|\\.|[{{}}&]")
_SPAN = later(r"\\multicolumn\s*\{(\d{1,3})\}")
_DOWN = later(r"\\multirow(?:cell)?\s*(?:\[[^\[\]]*\])?\{(\d{1,3})\}")
_DROPPED = later(
    r"\\(?:cellcolor|rowcolor|color|vspace|hspace|label|cite[pt]?|footnote|[hv]?phantom)\b"
)
_NO_WORDS_FIRST = later(r"\\(?:textcolor|colorbox|href|rotatebox|scalebox|raisebox|parbox)\b")
_WORDS = {r"\pm": "\u00b1", r"\times": "x", r"\uparrow": "\u2191", r"\downarrow": "\u2193"}
_GROUP = later(r"\s*[{\[]")
_COMMAND = later(r"\\([A-Za-z]+)\*?\s*")
# what parts two numbers: a mark above, another size, another line
_BETWEEN = later(r"(?<=\d)(?=[^\d]*[\\{}])(?:[{}$\s]|\\[A-Za-z]+\*?)+(?=[+-]?\.?\d)")


def latex_tables(text: str) -> Iterator[TextTable]:
    """The tables of a file, by the line in which each begins. A cell over several columns or rows
    stands in each of them; marks around words are taken off."""
    text = "\n".join(_COMMENT.sub(r"\1", line) for line in text.split("\n"))
    end, counted, line = 0, 0, 1
    while begin := _BEGIN.search(text, end):
        start = _columns_end(text, begin)
        body, end = _flat(text, start)
        line, counted = line + text.count("\n", counted, start), start
        lines, heads = _lines(body, line)
        if len(lines) > 1:
            yield table_of(lines, heads)


def _columns_end(text: str, begin: re.Match[str]) -> int:
    """Where the groups behind ``\\begin{tabular}`` end: a width, the columns."""
    return _groups_end(text, begin.end(), 1 + (begin[1] in _WIDE))


def _groups_end(text: str, at: int, groups: int) -> int:
    """Where so many groups in braces end, with those in brackets before them."""
    while groups and (end := _group_end(text, at)) > at:
        groups -= text[at:end].lstrip().startswith("{")
        at = end
    return at


def _flat(text: str, start: int) -> tuple[str, int]:
    """The body of the table that begins at ``start``, what parts lines and cells in a group or a table
    within it made blank; and where it ends."""
    parts, at, groups, tables = list[str](), start, 0, 0
    for token in _TOKEN.finditer(text, start):
        said = token[0]
        if token.start() < at:
            continue
        if said in "{}":
            groups = max(0, groups + (1 if said == "{" else -1))
        elif token[1] and said.startswith("\\end"):
            if not tables:
                return "".join([*parts, text[at : token.start()]]), token.end()
            tables -= 1
            parts.append(text[at : token.start()])
            at = token.end()
        elif token[1]:
            tables += 1
            parts.append(text[at : token.start()])
            at = _columns_end(text, token)
        elif (groups or tables) and (said == "&" or said.startswith("\\\\")):
            parts += [text[at : token.start()], "\\par{} "]
            at = token.end()
    return "".join([*parts, text[at:]]), len(text)


def _lines(body: str, first: int) -> tuple[list[tuple[int, list[str]]], int]:
    """The rows by their lines, and how many of them are its head, 0 where no rule tells it."""
    lines, heads, at = list[tuple[int, list[str]]](), 0, first
    lined = 0  # rows above the first line below a row: where there is one, a rule further down parts rows
    down: dict[int, tuple[int, str]] = {}
    for row in _ROW_END.split(body):
        if lines and not heads and _HEAD_END.search(row):
            heads = lined or len(lines)
        if lines and not lined and _LINE.search(row):
            lined = len(lines)
        text = _RULES.sub("", row)
        number = at + text.count("\n", 0, len(text) - len(text.lstrip()))
        at += row.count("\n")
        if not text.strip():
            continue
        cells = list[str]()
        for cell in _CELL_END.split(text):
            span = _SPAN.search(cell)
            rows = _DOWN.search(cell)
            said = _words(cell)
            column = len(cells)
            if rows and said:
                down[column] = (int(rows[1]) - 1, said)
            elif not said and down.get(column, (0, ""))[0] > 0:
                left, said = down[column]
                down[column] = (left - 1, said)
            count = min(int(span[1]), 200) if span else 1
            # above others, a name stands over the blanks to its right
            cells += [said, *([""] if not lines or not heads else [said]) * (count - 1)]
        lines.append((number, cells))
    width = max((len(cells) for _, cells in lines), default=0)
    return [(number, cells) for number, cells in lines if len(cells) > 1 or width == 1], heads


def _words(cell: str) -> str:
    """A cell without the commands around its words."""
    for mark in (_SPAN, _DOWN):
        while (found := mark.search(cell)) is not None:
            at = _group_end(cell, found.end())
            cell = (
                cell[: found.start()] + cell[at:]
                if at > found.end()
                else cell.replace(found[0], "", 1)
            )
    while (found := _NO_WORDS_FIRST.search(cell)) is not None:
        cell = cell[: found.start()] + cell[_groups_end(cell, found.end(), 1) :]
    while (found := _DROPPED.search(cell)) is not None:
        at = found.end()
        while at < len(cell) and cell[at] in "[{":
            at = _group_end(cell, at)
        cell = cell[: found.start()] + cell[at:]
    for command, sign in _WORDS.items():
        cell = cell.replace(command, sign)
    cell = re.sub(r"\\([%&_#$ ])", r"\1", re.sub(r"\\[,;:!]|~", " ", cell.replace(r"\%", "%")))
    cell = _COMMAND.sub("", _BETWEEN.sub("^", cell))
    return " ".join(re.sub(r"(?<!\\)[{}$]", "", cell).split())


def _group_end(text: str, at: int) -> int:
    """Where the group that begins at ``at`` ends; ``at`` itself where none does."""
    found = _GROUP.match(text, at)
    if found is None:
        return at
    rest = found.end() - 1
    close, depth = {"{": "}", "[": "]"}[text[rest]], 0
    for place in range(rest, len(text)):
        depth += (text[place] == text[rest]) - (text[place] == close)
        if not depth:
            return place + 1
    return len(text)

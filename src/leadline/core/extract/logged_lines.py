"""Values in the lines of a log that say the same again and again with other numbers, as a table.

>>> log = ["start", "iter 0: loss 4.27, time 12.5ms", "saved", "iter 10: loss 3.9, time 12.4ms"]
>>> (table,) = logged_tables(log)
>>> table.header, table.body
(['iter', 'loss', 'time'], [(2, ['0', '4.27', '12.5ms']), (4, ['10', '3.9', '12.4ms'])])
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

from leadline.core.extract.text_table import TextTable
from leadline.core.metric.units import dimension
from leadline.core.patterns import later
from leadline.core.plain import without_escapes

MOST = 5  # tables of a log
LONGEST = 2_000  # characters of a line that is looked at
_LONGEST_NAME = 200
_VALUE = later(
    r"(?<![\w.])([+-]?(?:\d+(?:,\d{3})*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:nan|inf)\b)"
    r"(%|\s?[A-Za-z\u00b5\u03bc][A-Za-z/]{0,8}\b(?!\s*[:=]))?",
    re.I,
)
_UNIT = later(r"(?i)[kmgt]?i?(?:bytes|bits)?(?:/s(?:ec)?)?|secs?|mins?|ops/s(?:ec)?")
_NAME = later(r"""([A-Za-z][\w/.()@-]*(?: [A-Za-z(][\w/.()@-]*){0,2})['"]?[\s:=|,>\]\[-]*\Z""")
_WORD = later(r"[^\W\d_]+")
_STEP = later(r"(?i)epochs?|(?:global[_ ])?steps?|iter(?:ation)?s?|update|batch")
STAMP = later(
    r"\W*(?:\d{4}-\d\d-\d\d[ T])?\d\d:\d\d:\d\d(?:[.,]\d+)?\S*"
    r"(?:[\s|:\[-]*(?:DEBUG|INFO|WARN(?:ING)?|ERROR)\b)?"
)


def logged_tables(lines: Iterable[str]) -> list[TextTable]:
    """The lines that say two values or more and differ from each other in these only, those of which there
    are most first. The epoch or step that a line above them says alone is theirs too."""
    found: dict[tuple[str, ...], list[tuple[int, list[str]]]] = {}  # by what the lines say beside
    above: dict[str, str] = {}
    for number, text in enumerate(lines, 1):
        for part in without_escapes(text[:LONGEST]).split("\r"):
            named, beside = _named(part)
            if len(named) > 1:
                named = {**above, **named}
                found.setdefault((beside, *named), []).append((number, [*named.values()]))
            elif named and _STEP.fullmatch(next(iter(named))):
                above = named
    most = sorted(found.items(), key=lambda one: -len(one[1]) * (len(one[0]) - 1))
    tables = (TextTable(rows[0][0], [*names], rows) for (_, *names), rows in most if len(rows) > 1)
    return [*islice(tables, MOST)]


def are_logged(first: str, second: str) -> bool:
    """Whether both lines say the same values, two or more, by the words before them."""
    named = [*_named(first)[0]]
    return len(named) > 1 and named == [*_named(second)[0]]


def _named(text: str) -> tuple[dict[str, str], str]:
    """The values in a line by the words before them, and all words between them: a line of a training
    is none of a validation."""
    stamp = STAMP.match(text)
    at, named, beside = stamp.end() if stamp else 0, dict[str, str](), list[str]()
    while value := _VALUE.search(text, at):
        beside += _WORD.findall(text, at, value.start())
        name = _NAME.search(text, max(at, value.start() - _LONGEST_NAME), value.start())
        unit = (value[2] or "").strip()
        if name and name[1] not in named:
            close = not value[2] or not value[2][0].isspace()
            word = unit if close or dimension(unit) else ""  # 950 ms and 1.2 s are in one column
            named[name[1]] = f"{value[1]}{word}"
        apart = bool(value[2]) and value[2][0].isspace() and not _is_unit(unit)
        at = value.end(1) if apart else value.end()
    return named, " ".join(beside)


def _is_unit(word: str) -> bool:
    """Whether a word behind a number is its unit, and no name of the next one."""
    return bool(dimension(word)) or _UNIT.fullmatch(word) is not None

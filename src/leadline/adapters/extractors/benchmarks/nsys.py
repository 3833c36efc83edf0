"""The summaries that ``nsys stats --format csv`` makes, and those that it prints: one case a kernel, call,
copy or range; what stands around the tables is passed over. Whatever the column's unit, seconds and bytes."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence

from leadline.adapters.extractors.benchmarks import Case
from leadline.adapters.extractors.benchmarks.quantities import in_base, numbers_of

READS_TEXT = True
TABLE = _HEADER = re.compile(
    r'^"?(?:Time ?\(%\)"?,"?Total Time|Total(?: \(\w+\))?"?,"?(?:Count|Operations))', re.M
)
_PRINTED = re.compile(r"^ *(?:Time \(%\)|Total \(\w+\))  .*\n([ -]*--[ -]*)$", re.M)
_REPORT = re.compile(
    r"Executing '(\w+)' stats report|with \[(?:.*/)?(\w+?)(?:\.py)?(?::.*)?\]|\*\* .*\((\w+)\):"
)
_LEFT_OUT = re.compile(r"^(?:SKIPPED|ERROR): (.*)")
_NAMED = ("Name", "Operation", "Range")
_SHORTER = {
    "average": "avg",
    "minimum": "min",
    "maximum": "max",
    "median": "med",
    "operations": "count",
}


def recognises(text: str) -> bool:
    return bool(_HEADER.search(text) or _PRINTED.search(text))


def cases(text: str, path: str) -> Iterator[Case]:
    report, lines, at = "", text.splitlines(), 0
    lines = [*_as_csv(lines)] if _PRINTED.search(text) else lines
    while at < len(lines):
        line, at = lines[at], at + 1
        if found := _REPORT.search(line):
            report = next(filter(None, found.groups()))
        elif found := _LEFT_OUT.match(line):
            yield Case(report or "nsys", {}, f"nsys left it out: {found[1]}", no_case=True)
        elif _HEADER.match(line):
            end = next(
                (n for n in range(at, len(lines)) if not re.match(r'"?[\d.,]+"?,', lines[n])),
                len(lines),
            )
            yield from _table(report, [line, *lines[at:end]])
            at = end


def _as_csv(lines: Sequence[str]) -> Iterator[str]:
    """The lines of a text, those of its tables with quotes and commas: runs of dashes are their columns."""
    spans: list[tuple[int, int]] = []
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if _PRINTED.fullmatch(f"{line}\n{below}"):
            spans = [found.span() for found in re.finditer("-+", below)]
        elif not line.strip():
            spans = []
        if not spans:
            yield line
        elif not re.fullmatch("[ -]+", line):
            cells = [*(line[start:end] for start, end in spans[:-1]), line[spans[-1][0] :]]
            doubled = (cell.strip().replace('"', '""') for cell in cells)
            yield ",".join(f'"{cell}"' for cell in doubled)


def _table(report: str, lines: Sequence[str]) -> Iterator[Case]:
    header, *rows = [row for row in csv.reader(lines) if row]
    header = [cell.strip() for cell in header]
    kind = next((name for name in _NAMED if name in header), header[-1])
    read = numbers_of(cell for row in rows for cell in row[: header.index(kind)])
    # Early versions name no units: nanoseconds, and KiB of copies.
    without = "ns" if header[0].startswith("Time") else "KiB"
    columns = [_column(name, without) for name in header]
    for row in rows:
        if len(row) > len(header) and header[-1] == kind:  # a name with commas and without quotes
            row = [*row[: len(header) - 1], ",".join(row[len(header) - 1 :])]
        numbers: dict[str, float | None] = {}
        about = {"report": report}
        for title, (name, factor), cell in zip(header, columns, row, strict=True):
            if (number := read(cell)) is not None:
                numbers[name] = number * factor
            elif title != kind:
                about[title.lower()] = cell
        yield Case(row[header.index(kind)], numbers, "", about)


def _column(title: str, without: str) -> tuple[str, float]:
    words, _, unit = title.partition("(")
    name = words.strip().lower().replace(" ", "_")
    if not unit and name in ("total_time", "total", "average", "minimum", "maximum", "stddev"):
        unit = without
    factor, suffix = in_base(unit.strip(") "))
    return _SHORTER.get(name, name) + suffix, factor

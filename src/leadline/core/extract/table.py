"""Checks a table of results before anything of it is published: widths, columns, keys, missing
values, row counts.

Every row that is refused, dropped or doubtful is named by its line; none disappears silently. The
whole table is held as numbers (8 bytes a cell) up to a limit, because duplicates can only be judged
at the end.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Mapping

from leadline.core.config import flatten
from leadline.core.errors import LeadlineError
from leadline.core.extract.gather import Extraction, Gatherer
from leadline.core.extract.lines import flat_cells, number_of
from leadline.core.extract.spec import ExtractionSpec
from leadline.core.extract.written_number import (
    EXACT,
    integer_in,
    is_boolean,
    may_measure,
    number_in,
)
from leadline.core.metric.items import item_key
from leadline.core.plain import beginning
from leadline.core.record.run import MetricDef
from leadline.core.typed import Any, NamedTuple

MAX_CELLS = 5_000_000
TOO_LARGE = "too large for a number of 64 bits"
# Line or row number; the cells by column (None when unreadable); what is wrong with it: a code, or
# "".
Row = tuple[int, "Mapping[str, Any] | None", str]
TROUBLES = {
    "wrong-width": "the number of cells is not that of the header",
    "not-csv": "the quoting is broken",
    "not-json": "not a JSON object",
    "comment": "a comment",
    "line-too-long": "the line is too long to be read",
    "cell-too-long": "a cell is over 128 KiB, or a quote that is never closed made it so",
    "name-twice": "an object gives one name twice",
    "name-collision": "nested names and dotted names meet in one name, or are nested too deep",
}


class Trouble(NamedTuple):
    """Stands for a row that cannot be read; ``code`` is one of ``TROUBLES``."""

    code: str


def extract_table(
    spec: ExtractionSpec,
    header: list[str],
    rows: Iterable[Row],
    definitions: Mapping[str, MetricDef],
    digest: str | None = None,
    unit: str = "line",
) -> Extraction:
    """Metrics of a table. ``header`` is empty where rows bring their own columns (JSON).

    Duplicates are removed by the declared rule first, then missing values by theirs, then the rows
    are counted.
    """
    gatherer = Gatherer(spec, definitions, unit)
    table = _Table(gatherer, header)
    for row in rows:
        if not table.add(row):
            break
    table.check_columns()
    table.dedupe()
    columns = table.metric_columns()
    table.judge_missing(columns)
    table.publish(columns)
    summary = {
        "name": spec.label,
        "columns": table.names(),
        "rows": gatherer.taken,
        "unique": list(spec.unique),
        "metrics": sorted(columns),
    }
    return gatherer.finish(digest, [summary])


def delimited_header(line: str, separator: str) -> list[str]:
    return [cell.strip() for cell in _split(line.removeprefix("\ufeff"), separator)]


def tsv_rows(header: list[str], lines: Iterable[tuple[int, str | None]]) -> Iterator[Row]:
    """Rows of tab-separated lines; a quote counts only around a whole cell, or where a line has too
    many cells otherwise, so no line can swallow the next."""
    for number, line in lines:
        if line is None:
            yield number, None, "line-too-long"
        elif line.strip("\r\n"):
            cells = _split(line, "\t")
            if len(cells) > len(header) and '"' in line:
                cells = _quoted(line) or cells
            yield _row(number, header, cells)


def csv_rows(
    header: list[str],
    lines: Iterable[tuple[int, str | None]],
    header_line: int = 1,
    separator: str = ",",
) -> Iterator[Row]:
    """Rows of lines with cells parted by ``separator``, quoted cells over several lines included; named by their first
    line."""
    import csv  # noqa: PLC0415  start-up: 0.7 ms

    too_long: list[int] = []
    last = header_line  # the line that the reader took last

    def text() -> Iterator[str]:
        nonlocal last
        for last, line in lines:
            if line is None:
                too_long.append(last)
            else:
                yield line.rstrip("\r") + "\n"

    reader = csv.reader(text(), delimiter=separator, strict=True)
    ended = header_line  # the last line of the record before
    while True:
        try:
            cells: list[str] | None = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            cells, broken = None, "cell-too-long" if "field limit" in str(error) else "not-csv"
        first, ended = ended + 1, last
        for number in too_long:
            yield number, None, "line-too-long"
        while first in too_long:
            first += 1
        too_long.clear()
        if cells:
            row = _row(first, header, cells)
        # a broken quote may have swallowed lines: name each of them
        if cells is None or (cells and row[2]):
            for number in range(first, max(first, last) + 1):
                yield number, None, broken if cells is None else row[2]
        elif cells:
            yield row
    for number in too_long:
        yield number, None, "line-too-long"


def object_rows(objects: Iterable[tuple[int, Any]], whole: bool = False) -> Iterator[Row]:
    """Rows of JSON values; what is not an object is a bad row. Nested numbers get dotted names;
    ``whole``: so does all that is nested, and lists are cells, for a reader who may not lose any of
    it."""
    for number, value in objects:
        if isinstance(value, Trouble):
            yield number, None, value.code
        elif whole and isinstance(value, Mapping):
            try:
                yield number, flatten(dict(value)), ""
            except (LeadlineError, RecursionError):
                yield number, None, "name-collision"
        elif isinstance(value, Mapping):
            flat = {k: v for k, v in value.items() if _is_cell(v)}
            inner = flat_cells({k: v for k, v in value.items() if isinstance(v, Mapping)})
            if inner.keys() & flat.keys():
                yield number, None, "name-collision"
            else:
                yield number, {**inner, **flat}, ""
        else:
            yield number, None, "not-json"


def _is_cell(value: object) -> bool:
    return not isinstance(value, (Mapping, list)) or (isinstance(value, list) and len(value) == 1)


def _row(number: int, header: list[str], cells: list[str]) -> Row:
    if len(cells) != len(header):
        return number, None, "wrong-width"
    return number, dict(zip(header, cells, strict=True)), ""


def _split(line: str, separator: str) -> list[str]:
    if separator != "\t":
        import csv  # noqa: PLC0415  start-up: 0.7 ms

        return next(csv.reader([line.strip("\r\n")], delimiter=separator), [])
    cells = line.rstrip("\r\n").split(separator)
    return [_unquoted(cell) for cell in cells]


def _quoted(line: str) -> list[str]:
    """The cells of a tab-separated line where a quoted one holds tabs; none where quotes do not fit."""
    import csv  # noqa: PLC0415  start-up: 0.7 ms

    try:
        return next(csv.reader([line.rstrip("\r\n")], delimiter="\t", strict=True), [])
    except csv.Error:
        return []


def _unquoted(cell: str) -> str:
    inner = cell[1:-1]
    quoted = len(cell) > 1 and cell[0] == cell[-1] == '"' and '"' not in inner.replace('""', "")
    return inner.replace('""', '"') if quoted else cell


def cell_number(value: Any, unit: str = "") -> float | str:
    """The number in a cell, NaN for an empty one, or why it is none. ``unit``: that of the metric."""
    if value is None:
        return math.nan
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    number: float | str | None = math.nan
    if not isinstance(value, str):
        number = number_of(value)
    elif value.strip():
        number = number_in(value, unit)
    if number in (math.inf, -math.inf) and not _is_infinite(value):
        return TOO_LARGE
    return "no number" if number is None else number


def _is_infinite(cell: object) -> bool:
    """Whether a cell says that it is infinite, and does not only hold more than a float does."""
    return isinstance(cell, float) or (isinstance(cell, str) and not any(map(str.isdigit, cell)))


class _Table:
    def __init__(self, gatherer: Gatherer, header: list[str]) -> None:
        self.gatherer, self.spec, self.problems = gatherer, gatherer.spec, gatherer.problems
        self.header, self.lines = header, array("q")
        self.values: dict[str, array[float]] = {}
        self.filled: dict[str, int] = {}  # cells that hold a number
        self.booleans: dict[str, int] = {}  # cells that are yes or no
        self.texts: dict[str, list[int]] = {}  # rows whose cell is text
        self.whys: dict[str, str] = {}  # the first of them, and what it is
        self.worded: set[str] = set()  # columns with a text that measures nothing
        self.units = {
            column: unit
            for metric, column in self.spec.mapping.items()
            if (unit := gatherer.unit(metric)) or metric in gatherer.definitions
        }
        self.exact: dict[tuple[str, int], int] = {}  # integers that no float holds, by place
        self.keep = bytearray()
        self.keys: list[tuple[Any, ...]] = []
        self.whole: list[int] = []  # a hash of each whole row, for the rule "identical"
        for name in header:
            if header.count(name) > 1:
                self.problems.add(
                    "duplicate-column", f"the header names {name!r} twice", blocking=True
                )
            self._column(name)

    def names(self) -> list[str]:
        return list(self.values)

    def _column(self, name: str) -> array[float]:
        if name not in self.values:
            self.values[name] = array("d", [math.nan]) * len(self.lines)
            self.filled[name], self.texts[name] = 0, []
        return self.values[name]

    def _unit(self, name: str) -> str:
        if name not in self.units:
            self.units[name] = self.gatherer.unit(name)
        return self.units[name]

    def add(self, row: Row) -> bool:
        number, cells, trouble = row
        self.gatherer.rows += 1
        if cells is None:
            self.gatherer.dropped += 1
            self.problems.add(trouble, TROUBLES.get(trouble, trouble), number, blocking=True)
            return True
        for name in cells:
            self._column(name)
        if len(self.values) * (len(self.lines) + 1) > MAX_CELLS:
            self.problems.add("too-large", f"more than {MAX_CELLS} cells", number, blocking=True)
            return False
        self.lines.append(number)
        self.keep.append(1)
        for name, column in self.values.items():
            value = cell_number(cells.get(name), self._unit(name))
            if isinstance(value, str):
                self.texts[name].append(number)
                self.whys.setdefault(name, f"{beginning(str(cells[name]))!r} is {value}")
                if name not in self.worded and not may_measure(cells[name]):
                    self.worded.add(name)
                value = math.nan
            elif value == value:
                self.filled[name] += 1
                if value in (0, 1) and is_boolean(cells[name]):
                    self.booleans[name] = self.booleans.get(name, 0) + 1
                elif isinstance(value, int):
                    self.exact[name, len(column)] = value
                elif abs(value) >= EXACT:
                    self._note_rounded(name, cells[name], value, number)
            column.append(value)
        if self.spec.unique:
            self.keys.append(tuple(cells.get(name) for name in self.spec.unique))
            if self.spec.items:
                self._name_item(cells, number)
            self.whole.append(hash(tuple(sorted((k, str(v)) for k, v in cells.items()))))
        return True

    def _note_rounded(self, name: str, cell: Any, value: float, number: int) -> None:
        whole = integer_in(cell)
        if whole is not None and math.isfinite(value) and whole != int(value):
            what = (
                f"column {name!r} holds an integer of too many digits, taken as the nearest number"
            )
            self.problems.add("rounded", what, number, about=name)

    def _name_item(self, cells: Mapping[str, Any], number: int) -> None:
        """The item of the row just added, which stands in ``keys`` in the one form in which items
        are compared."""
        item = item_key([cells.get(name) for name in self.spec.items])
        self.keys[-1] = (item,)
        if not item and all(name in self.values for name in self.spec.items):
            what = f"nothing names the item ({', '.join(self.spec.items)})"
            self.problems.add("item-without-name", what, number, True)

    def check_columns(self) -> None:
        needed = [*self.spec.mapping.values(), *self.spec.require, *self.spec.unique]
        for name in dict.fromkeys([*needed, *([self.spec.step] if self.spec.step else [])]):
            if name not in self.values:
                there = ", ".join(self.names()[:20]) or "none"
                what = f"there is no column {name!r}; there are: {there}"
                self.problems.add("no-such-column", what, blocking=True, about=name)

    def dedupe(self) -> None:
        rule, first_at = self.spec.dedupe, dict[tuple[Any, ...], int]()
        for i, key in enumerate(self.keys):
            j = first_at.setdefault(key, i)
            if j == i:
                continue
            if rule == "error" or (rule == "identical" and self.whole[i] != self.whole[j]):
                names = ("+".join(self.spec.items),) if self.spec.items else self.spec.unique
                shown = ", ".join(f"{n}={v}" for n, v in zip(names, key, strict=True))
                code, what = "duplicate-key", f"the key of an earlier row again (first: {shown})"
                if rule == "identical":
                    what += ", with other values"
                self.problems.add(code, what, self.lines[i], blocking=True)
                continue
            gone = j if rule == "last" else i
            if rule == "last":
                first_at[key] = i
            self._drop(gone, "duplicate-dropped", f"dropped as a duplicate by the rule {rule!r}")

    def metric_columns(self) -> dict[str, str]:
        """Metric name to column: the declared ones, or every column of numbers that is neither key
        nor step."""
        if self.spec.mapping:
            columns = {
                metric: name for metric, name in self.spec.mapping.items() if name in self.values
            }
        else:
            apart = {*self.spec.unique, *([self.spec.step] if self.spec.step else [])}
            columns = {
                n: n for n in self.values if n not in apart and self.filled[n] > len(self.texts[n])
            }
            for name in self.values:
                if name not in columns and self.whys.get(name) and name not in self.worded:
                    what = f"column {name!r} is left out: {self.whys[name]}"
                    self.problems.add("not-a-number", what, self.texts[name][0], about=name)
            # an index that was written without a name, say
            if blank := [n for n in columns if not n.strip()]:
                self.problems.add("no-name", "a column without a name is left out")
                columns = {n: n for n in columns if n not in blank}
        for name in dict.fromkeys(columns.values()):
            for number in self.texts[name]:
                what = f"column {name!r} holds text, {self.whys[name]}"
                self.problems.add("not-a-number", what, number, True, about=name)
        if not columns and not self.problems.blocking:
            self.problems.add("no-number", "no column holds numbers", blocking=True)
        return columns

    def judge_missing(self, columns: Mapping[str, str]) -> None:
        if self.spec.nan == "keep":
            return
        for i, number in enumerate(self.lines):
            bad = [
                n for n in dict.fromkeys(columns.values()) if not math.isfinite(self.values[n][i])
            ]
            if not self.keep[i] or not bad:
                continue
            if self.spec.nan == "drop":
                self._drop(
                    i, "missing-dropped", f"dropped: missing or not finite ({', '.join(bad)})"
                )
            elif any(number not in self.texts[name] for name in bad):
                what = f"column {bad[0]!r} is missing or not finite"
                self.problems.add("missing-value", what, number, True, about=bad[0])

    def publish(self, columns: Mapping[str, str]) -> None:
        steps = self.values.get(self.spec.step)
        self.gatherer.shares.update(
            metric
            for metric, name in columns.items()
            if steps is None and self.booleans.get(name, 0) == self.filled[name] > 1
        )
        for i, number in enumerate(self.lines):
            if not self.keep[i]:
                continue
            self.gatherer.taken += 1
            step = steps[i] if steps is not None and math.isfinite(steps[i]) else None
            for metric, name in columns.items():
                value = self.exact.get((name, i), self.values[name][i])
                self.gatherer.add(metric, value, step, number)
                if self.spec.items:
                    self.gatherer.add_item(metric, self.keys[i][0], value)

    def _drop(self, index: int, code: str, what: str) -> None:
        self.keep[index] = 0
        self.gatherer.dropped += 1
        self.problems.add(code, what, self.lines[index])

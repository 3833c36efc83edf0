"""The rows of a table as runs, each of which is taken or named with its reason; and so is each cell
of a metric.

A row is not taken when nothing of it can be: unreadable, without any value, or the row before it
again. One good value is enough to take it; its other cells are then named one by one.
"""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from posixpath import normpath

from leadline.core.canonical import digest_of, finite
from leadline.core.config import parse_value
from leadline.core.errors import usage
from leadline.core.extract.lines import vanishes
from leadline.core.extract.table import TROUBLES, Row, cell_number
from leadline.core.extract.written_number import NONFINITE, before_spread, integer_in, unit_in
from leadline.core.metric.items import item_key
from leadline.core.metric.units import conversion
from leadline.core.plain import beginning, shell_word
from leadline.core.record.conform import free
from leadline.core.series.points import Points
from leadline.core.timestamps import counted, epoch_ms
from leadline.core.tracker.imported import (
    CellNotTaken,
    Columns,
    Findings,
    FoundRun,
    packed,
    unpacked,
)
from leadline.core.tracker.row_items import RunOfItems
from leadline.core.tracker.row_values import (
    SIDE,
    VALUE,
    Measurement,
    RowValues,
    long_rows,
    rows_to_read,
)
from leadline.core.tracker.summary_rows import Above
from leadline.core.tracker.text_columns import Spellings
from leadline.core.tracker.told_ending import not_run_yet, told_ending
from leadline.core.tracker.told_time import LACKS, told_time
from leadline.core.typed import Any, NamedTuple

_REMARKS = frozenset(("note", "notes", "comment", "comments", "reason"))  # name no experiment
REASON_CHARS = 400
TOLD_CHARS = 2_000
_ABSENT = "the row has no such cell"
MOST_KNOWN = 10_000  # texts of a column of which it is known what they are
_Taken = tuple[FoundRun, list[CellNotTaken]]


def runs_of_rows(
    rows: Iterable[Row], header: list[str], columns: Columns, found: Findings, unit: str = "line"
) -> Findings:
    """Fill ``found`` with the runs of a table: one a row, of a row with a value before and after a
    change two, of rows with one value each one for all that name the same, of rows with a step one
    for each series.

    A row without any value of a metric, or that repeats an earlier row in every column, is named
    with its reason and not taken; a cell that is no number is named, and the rest of its row taken.
    Raises LeadlineError (usage, duplicate-column) when two columns that are to be taken share a
    name.
    """
    reading = _Reading(header, columns, found, unit)
    reading.check_header()
    readable = reading.readable(rows)
    if columns.look_at:
        reading.look(readable)
    elif columns.roles.step:
        reading.take_series(readable)
    elif columns.roles.items:
        reading.take_items(readable)
    elif columns.roles.metric_column:
        reading.take_each(long_rows(readable, columns, found))
    else:
        reading.take_each(row for each in readable for row in rows_to_read(each, columns))
    reading.finish()
    return found


def as_looked_at(
    rows: Iterable[Row], header: list[str], columns: Columns, found: Findings, unit: str = "line"
) -> tuple[Iterable[Row], Columns]:
    """The same rows, and what their columns are to be taken for after a look at the first of them:
    ``columns`` where that cannot be said."""
    rows = iter(rows)
    head = [*islice(rows, columns.look_at)]
    looked = Findings(found.source, "", found.origin, measured=found.measured)
    runs_of_rows(head, header, columns, looked, unit)
    decided = columns.decide(looked)
    if decided is not None:
        found.sample = looked.sample
    return chain(head, rows), columns if decided is None else decided


class _Measured(NamedTuple):
    """The values of a row in ``run``; ``wrong``: what is to be said where that is all; ``told``: it
    says itself that it did not end well."""

    run: FoundRun
    left: list[CellNotTaken]
    wrong: list[str]
    asked: list[Measurement]
    told: bool


class _Kept(NamedTuple):
    """A run that is taken. ``written_otherwise``: columns whose cell is written in another way than
    its value, which is told only when all rows were read."""

    run: bytes | FoundRun
    left: list[CellNotTaken]
    key: str
    written_otherwise: tuple[str, ...]


class _Reading:
    """A table that is being read. ``seen``: its columns; ``taken``: by what makes a row the same as
    another; ``values``: of each column, what its texts are as config."""

    def __init__(self, header: list[str], columns: Columns, found: Findings, unit: str) -> None:
        self.header, self.columns, self.found, self.unit = header, columns, found, unit
        self.seen = dict.fromkeys(header)
        self.named, self.no_config = columns.named, columns.apart | columns.metrics.keys()
        ends = (name for name in columns.metrics if name.endswith(VALUE) and name not in header)
        self.spread = {name.removesuffix(VALUE) for name in ends}
        self.no_config |= self.spread
        self.taken: dict[object, _Kept] = {}
        self.values: dict[str, dict[str, Any]] = {}
        self.spelled, self.empty = Spellings(), True
        self.lacking: set[str] = set()  # of ``LACKS``

    def check_header(self) -> None:
        header, columns, found = self.header, self.columns, self.found
        if unclean := next((name for name in header if _flaw(name)), None):
            what = f"the column name {beginning(unclean)!r} of {found.source} {_flaw(unclean)}"
            raise usage("not-utf8", what, do="leadline import --help")
        wanted = {*columns.metrics, *(columns.config or []), *columns.named}
        for name in dict.fromkeys(name for name in header if name and header.count(name) > 1):
            if columns.config is None or name in wanted:
                source = shell_word(normpath(columns.shown or found.source))
                apart = shell_word(",".join(_each_once(header)))
                raise usage(
                    "duplicate-column",
                    f"the header of {found.source} names {name!r} {header.count(name)} times",
                    why="which of the columns is meant cannot be told",
                    do=f"leadline import {source} --header {apart}",
                )
            found.note(
                found.source,
                f"the header names {name!r} {header.count(name)} times; none of them is taken",
            )

    def readable(self, rows: Iterable[Row]) -> Iterator[RowValues]:
        """The rows that can be read; the others are named."""
        for number, cells, trouble in rows:
            self.empty, where = False, f"{self.unit} {number}"
            if cells is None:
                self.found.refuse(where, TROUBLES.get(trouble, "it is not readable"))
                continue
            new = cells.keys() - self.seen.keys()
            unclean = next((name for name in cells if name in new and _flaw(name)), None)
            if unclean is not None:
                self.found.refuse(where, f"the column name {beginning(unclean)!r} {_flaw(unclean)}")
                continue
            cells = self._with_values(cells)
            if not cells.keys() <= self.seen.keys():
                self.seen.update(dict.fromkeys(cells))
            self.found.rows_total += 1
            of_lines = self.header and self.unit == "line"
            if of_lines and (lines := "".join(map(str, cells.values())).count("\n")):
                what = f"this row goes to line {number + lines}: a quoted cell holds line ends"
                self.found.note(where, what)
            yield RowValues(where, cells)

    def _with_values(self, cells: Mapping[str, Any]) -> Mapping[str, Any]:
        """With what stands before the spread of a cell, where it is asked for (then a cell may be that
        alone), and in a look."""
        if self.columns.look_at:
            found = {f"{name}{VALUE}": before_spread(cell) for name, cell in cells.items()}
            return {**cells, **{n: v for n, v in found.items() if v and n not in cells}}
        asked = {
            f"{name}{VALUE}": before_spread(cells[name]) or cells[name]
            for name in self.spread
            if name in cells
        }
        return {**asked, **cells} if asked else cells

    def look(self, rows: Iterable[RowValues]) -> None:
        found = self.found
        for row in rows:
            if len(found.sample) < self.columns.look_at:
                found.sample.append(row.cells)

    def take_each(self, rows: Iterable[RowValues]) -> None:
        above = Above()
        for row in rows:
            new = self._run_of(row)
            if isinstance(new, str):
                self.found.refuse(row.where, new)
            elif why := above.summed_up(row.cells, new[0].metrics):
                self.found.refuse(row.where, why)
            else:
                above.add(row.cells, new[0].metrics)
                self._keep_one(new, row)

    def take_series(self, rows: Iterable[RowValues]) -> None:
        """One run for all rows that differ in nothing but step, time and values."""
        series: dict[str, _Taken] = {}
        columns, first_row = self.columns, dict[str, str]()
        for row in rows:
            (each,) = rows_to_read(row, columns)
            step = cell_number(each.cells.get(columns.roles.step))
            if isinstance(step, str) or not math.isfinite(step):
                said = beginning(words_of(each.cells.get(columns.roles.step)))
                self.found.refuse(each.where, f"{columns.roles.step} is {said!r}, which is no step")
                continue
            new = self._run_of(each)
            if isinstance(new, str):
                self.found.refuse(each.where, new)
                continue
            run, left = new
            same = digest_of({"config": run.config, "key": self._named(each), "code": run.commit})
            one, of_one = series.setdefault(same, new)
            time_s = epoch_ms(run.started_at) / 1000 if run.started_at else None
            values: dict[str, float | str] = {**run.metrics, **run.nonfinite}
            for metric, value in values.items():
                one.series.setdefault(metric, Points()).add(step, _number_of(value), time_s)
            one.ended_at = max(one.ended_at, run.ended_at)
            if new[0] is not one:
                of_one += left
            first_row.setdefault(same, each.where)
        for same, (run, all_left) in series.items():
            named = {column for column, metric in columns.metrics.items() if metric in run.series}
            left = [cell for cell in all_left if cell.why != _ABSENT or cell.column not in named]
            run.where, run.metrics, run.nonfinite = f"from {first_row[same]}", {}, {}
            self._hold(same, run, left)

    def take_items(self, rows: Iterable[RowValues]) -> None:
        """One run for all rows that differ in nothing but item, time, words and values."""
        by, together = self.columns.roles.items, dict[str, RunOfItems]()
        for row in rows:
            run, measured = FoundRun(row.where, ""), self._measure(row)
            item = item_key([row.cells.get(name) for name in by])
            why = self._describe(run, row) or ("" if item else f"{' and '.join(by)} names no item")
            if why:
                self.found.refuse(row.where, why)
                continue
            same = digest_of({"config": run.config, "key": self._named(row), "code": run.commit})
            one = together.setdefault(same, RunOfItems(run))
            if (first := one.where.setdefault(item, row.where)) != row.where:
                self.found.refuse(row.where, f"its item {item} is that of {first}, which is taken")
            else:
                one.add(item, run, measured.run, [asked.metric for asked in measured.asked])
                one.left += measured.left
        for same, one in together.items():
            key, told = self.columns.key, one.run.told  # other words are those of its first item
            one.run.told = {name: told[name] for name in key if name in told}
            one.reduce(by, self.columns.reduce, self.found)
            self._hold(same, one.run, one.left)

    def finish(self) -> None:
        found, columns = self.found, self.columns
        alike: dict[str, int] = {}
        every = self.seen.keys() - {*found.measured}  # a row has one unless it says otherwise
        waiting = [*reversed(self.taken.values())]
        self.taken.clear()
        while waiting:
            held, left, key, written_otherwise = waiting.pop()
            if any(map(self.spelled.is_text, written_otherwise)):
                run = unpacked(held)
                _keep_texts(run, self.spelled)
                held, key = packed(run), run.key
            found.runs.append(held)
            if left:
                found.leave(c for c in left if c.why != _ABSENT or c.column in every)
            if isinstance(held, bytes):  # a series says more than its key
                alike[key] = alike.get(key, 0) + 1
        if self.empty:
            found.note(found.source, "it has no row" + (" below its header" if self.header else ""))
        if "" in self.seen:
            found.note(found.source, "a column has no name: its cells are left")
        for lack in sorted(self.lacking):
            found.note(found.source, LACKS[lack])
        found.keys = alike.keys()
        found.columns = [*self.seen]
        others = self.seen if columns.config is None else columns.config
        used = {*columns.metrics, *columns.named, *others}
        found.left_columns = [name for name in self.seen if name and name not in used]
        if (again := sum(count for count in alike.values() if count > 1)) and found.left_columns:
            what = f"{counted(again, 'row')} say the same in all that is taken and are kept apart"
            found.note(found.source, f"{what}: they differ in {', '.join(found.left_columns[:5])}")

    def _named(self, row: RowValues) -> dict[str, str]:
        cells, key = row.cells, self.columns.key
        if row.named:
            return row.named
        return {name: words_of(cells.get(name)).strip() for name in key if name in cells}

    def _keep_one(self, new: _Taken, row: RowValues) -> None:
        """Take ``new`` unless it is the same as a row taken before: by its key columns, as they are
        written, or without any by all that stands in it."""
        run, found, columns = new[0], self.found, self.columns
        named = self._named(row)
        by_key = any(named.values())
        if by_key:
            side = {"side": row.side} if row.side else {}
            run.row_names = {"key": named, **side}
            run.row = digest_of({"file": columns.place or found.source, **run.row_names})
            same: tuple[object, ...] = (*named.items(), row.side, row.nth)
        else:
            cells = sorted((name, words_of(cell)) for name, cell in row.cells.items())
            values = [(m.metric, words_of(m.cell)) for m in row.measured or []]
            same = (*cells, None, *values, row.side, row.nth)
        if same not in self.taken:
            self._hold(same, *new)
            return
        first = unpacked(self.taken[same].run).where
        words = ", ".join(f"{name} {value}" for name, value in named.items())
        if not by_key:
            found.refuse(run.where, f"it is the same as {first} in every column")
        elif columns.keep == "last":
            found.refuse(first, f"its key ({words}) comes again in {run.where}, which is taken")
            self._hold(same, *new)
        else:
            found.refuse(run.where, f"its key ({words}) is that of {first}, which is taken")

    def _hold(self, same: object, run: FoundRun, left: list[CellNotTaken]) -> None:
        run.key = _key_of(run)
        config = run.config
        odd = [name for name, text in run.written.items() if config[name] != text]
        self.taken[same] = _Kept(packed(run), left, run.key, tuple(odd))

    def _run_of(self, row: RowValues) -> _Taken | str:
        """The run of one row with the cells of metrics that it leaves, or why there is no run. A row
        that says that its run did not end well is a result too, without a number where there is
        none or 0; and so is one that says in words, of a column that was named, what became of
        it."""
        cells, columns = row.cells, self.columns
        run, left, wrong, asked, told = self._measure(row)
        if not told and not run.metrics and not run.nonfinite and not _in_words(cells, columns):
            why = not_run_yet(cells, columns.roles.state)
            return why or "; ".join(wrong) or f"it has no value of {', '.join(_names(asked))}"
        return self._describe(run, row) or (run, left)

    def _measure(self, row: RowValues) -> _Measured:
        cells, columns, where = row.cells, self.columns, row.where
        run, left, wrong = FoundRun(where, ""), list[CellNotTaken](), list[str]()
        asked = row.measured if row.measured is not None else _asked(where, cells, columns)
        for one in asked:
            _take_cell(one, cells, columns, run, left, wrong)
        measured = (*(m.column for m in asked), columns.roles.value_column)
        told = told_ending(cells, measured, any(run.metrics.values()), columns.roles.state)
        if not (told or run.metrics or run.nonfinite):  # why there is none may stand in words
            # "skip" and "pruned" tell there what was tried, as in "skip connections"
            told = told_ending(cells, columns.roles.words, True, columns.roles.state, in_words=True)
        if told:
            _end_as_told(run, told, row, asked, columns, left)
        return _Measured(run, left, wrong, asked, told is not None)

    def _describe(self, run: FoundRun, row: RowValues) -> str:
        """What the row says of its run besides values; why that cannot be recorded, "" when it can."""
        cells, columns = row.cells, self.columns
        names = columns.config
        if names is None:
            names = [c for c in cells if c and c not in self.no_config]
        for name in (*names, *self.named):
            cell = cells.get(name)
            known = isinstance(cell, str) and cell in self.values.get(name, ())
            if not known and _holds(cell) and (flaw := _flaw(words_of(cell))):
                return f"{name} {flaw}"
        for name in names:
            if _holds(cell := cells.get(name)):
                run.config[name] = self._as_config(name, cell)
                if isinstance(cell, str):
                    run.written[name] = cell.strip()
        if row.side:
            run.config[SIDE if SIDE not in run.config else f"{SIDE}_of_change"] = row.side
        self._tell(run, cells)
        return ""

    def _as_config(self, name: str, cell: Any) -> Any:
        """What a cell without a flaw is; the same texts stand in most rows."""
        if not isinstance(cell, str):
            return _as_config(cell)
        known = self.values.setdefault(name, {})
        if cell in known:
            return known[cell]
        self.spelled.add(name, cell)
        value = _as_config(cell)
        if len(known) < MOST_KNOWN and not isinstance(value, list):
            known[cell] = value
        return value

    def _tell(self, run: FoundRun, cells: Mapping[str, Any]) -> None:
        """What the row says besides: when, of which code, and in words."""
        columns = self.columns
        if _holds(cell := cells.get(columns.roles.commit)) and columns.roles.commit:
            run.commit = words_of(cell).strip()
        if _holds(cell := cells.get(columns.roles.command)) and columns.roles.command:
            run.argv = _argv(words_of(cell))
        if _holds(cell := cells.get(columns.roles.time)) and columns.roles.time:
            at, lacks = told_time(cell)
            self.lacking |= {lacks} & LACKS.keys()
            if at:
                run.started_at = run.ended_at = at
            else:
                said = beginning(words_of(cell))
                self.found.leave(
                    [CellNotTaken(run.where, columns.roles.time, said, "it is no time")]
                )
        told = [
            *columns.roles.words,
            *columns.key,
            *filter(None, (columns.roles.state, columns.roles.time)),
        ]
        run.told = {
            name: words_of(cells[name]).strip()[:TOLD_CHARS]
            for name in dict.fromkeys(told)
            if _holds(cells.get(name)) and name not in run.config
        }
        titles = (name for name in columns.roles.words if name.lower() not in _REMARKS)
        words = next((run.told[name] for name in titles if name in run.told), "")
        run.name = beginning(" ".join(words.split()))


def _argv(command: str) -> list[str]:
    """The words of a command line; of one that is none (a quote never closed) the shell's."""
    try:
        return shlex.split(command)
    except ValueError:
        return ["sh", "-c", command]


def _number_of(value: float | str) -> float:
    return NONFINITE[value.lower()] if isinstance(value, str) else value


def _asked(where: str, cells: Mapping[str, Any], columns: Columns) -> list[Measurement]:
    return [
        Measurement(where, column, metric, cells.get(column), column in cells)
        for column, metric in columns.metrics.items()
    ]


def _names(asked: Iterable[Measurement]) -> list[str]:
    return [one.column for one in asked] or ["any metric"]


def _take_cell(
    one: Measurement,
    cells: Mapping[str, Any],
    columns: Columns,
    run: FoundRun,
    left: list[CellNotTaken],
    wrong: list[str],
) -> None:
    column, cell = one.column, one.cell
    value, why = None, _ABSENT
    if one.there:
        value, why = _measured(cell, columns.units.get(one.metric, ""))
    if value is not None and not why:
        run.measured(one.metric, value)
        return
    said = beginning(words_of(cell)) if one.there else ""
    if not one.there and (inner := [name for name in cells if name.startswith(f"{column}.")]):
        why = f"an object or a list of them: its values are columns, {beginning(', '.join(inner))}"
        wrong.append(f"{column} is {why}")
    if value is not None:
        run.measured(one.metric, value)
    elif said.strip() and cell is not None:
        wrong.append(f"{column} is {said!r}, which is {why}")
    text = why if value is not None else _sentence(why)
    left.append(CellNotTaken(one.where, column, said, text))


def _in_words(cells: Mapping[str, Any], columns: Columns) -> bool:
    """Whether a column that was named for it says what became of the run."""
    telling = [columns.roles.state] if columns.roles.state else columns.roles.words
    said = any(_holds(cells.get(name)) for name in telling)
    return said and not not_run_yet(cells, columns.roles.state)


def _key_of(run: FoundRun) -> str:
    said: dict[str, object] = {"config": run.config, "metrics": run.metrics}
    said["nonfinite"] = run.nonfinite
    if run.state != "done":
        said.update(state=run.state, reason=run.reason)
    if run.commit:
        said["code"] = run.commit
    if run.argv:
        said["argv"] = run.argv
    if run.items:
        said["items"] = {name: digest_of(facts["values"]) for name, facts in run.items.items()}
    if run.series:
        said["points"] = {
            name: [points.steps.tolist(), [repr(value) for value in points.values]]
            for name, points in sorted(run.series.items())
        }
    return digest_of(said)


def _keep_texts(run: FoundRun, spelled: Spellings) -> None:
    """Cells of columns that hold names stay as they are written."""
    texts = {
        name: text
        for name, text in run.written.items()
        if spelled.is_text(name) and run.config[name] != text
    }
    if texts:
        run.former_key = _key_of(run)
        run.config.update(texts)
    run.key = _key_of(run)


def _end_as_told(
    run: FoundRun,
    told: tuple[str, str, str],
    row: RowValues,
    asked: Iterable[Measurement],
    columns: Columns,
    left: list[CellNotTaken],
) -> None:
    """What else the row says stands in the reason, so that it is found by its words."""
    run.state, column, said = told
    for one in asked:
        if run.metrics.get(one.metric) == 0:
            why = f"{column} says {beginning(said)!r}: there is no value"
            left.append(CellNotTaken(one.where, one.column, words_of(one.cell), why))
            del run.metrics[one.metric]
    apart = {column, columns.roles.time, *(one.column for one in asked)}
    others = (
        cell.strip() for name, cell in row.cells.items() if name not in apart and _is_prose(cell)
    )
    run.reason = "; ".join([said, *others])[:REASON_CHARS]


def _is_prose(cell: Any) -> bool:
    return isinstance(cell, str) and " " in cell.strip() and not _flaw(cell)


def _measured(cell: Any, unit: str) -> tuple[float | None, str]:
    """The number that a cell holds, None for none; and what is to be said of it, "" when nothing
    is."""
    if not _holds(cell):
        return None, "empty"
    value = cell_number(cell, unit)
    if isinstance(value, str):
        return None, value
    if math.isfinite(value):
        if isinstance(cell, str) and vanishes(value, cell):
            return value, f"recorded as {value!r}, the nearest number of 64 bits"
        whole = integer_in(cell)
        if whole is not None and whole != int(value):
            return value, f"recorded as {value!r}, the nearest number of 64 bits"
        if isinstance(cell, str) and unit and (said := unit_in(cell)) not in ("", unit):
            return value, f"recorded as {value!r} {unit}: {conversion(said, unit)}"
        return value, ""
    return value, f"recorded as {finite(value)}: it is not finite and enters no statistics"


def _each_once(header: list[str]) -> list[str]:
    """The names with the number of its place behind one that stood before."""
    return [
        f"{name or 'column'}_{n}" if not name or name in header[: n - 1] else name
        for n, name in enumerate(header, 1)
    ]


def _sentence(why: str) -> str:
    return why if why == _ABSENT else f"it is {why}"


def _holds(cell: Any) -> bool:
    return cell is not None and not (isinstance(cell, str) and not cell.strip())


def _flaw(text: str) -> str:
    """Why a text cannot be recorded as it is; "" when it can."""
    if "\0" in text:
        return "holds a NUL byte"
    if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
        return "is not UTF-8"
    return ""


def words_of(cell: Any) -> str:
    """A cell as text."""
    return cell if isinstance(cell, str) else json.dumps(cell, default=str, ensure_ascii=False)


def _as_config(cell: Any) -> Any:
    """A cell as ``--set`` would have read it: a number where the text is one; a list as one value."""
    if isinstance(cell, str):
        return parse_value(cell.strip())
    if cell is None or isinstance(cell, (bool, int)):
        return cell if free(cell) else str(cell)  # of more digits than any number has
    if isinstance(cell, float):
        return finite(cell)
    if isinstance(cell, (list, dict)):
        listed = finite(json.loads(json.dumps(cell, default=str)))
        return listed if free(listed) else json.dumps(listed)
    return str(cell)

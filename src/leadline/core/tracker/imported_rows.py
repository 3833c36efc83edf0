"""The rows of a table as runs, each of which is taken or named with its reason; and so is each cell
of a metric.

A row is not taken when nothing of it can be: unreadable, without any value, or the row before it
again. One good value is enough to take it; its other cells are then named one by one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping

from leadline.core.canonical import digest_of, finite
from leadline.core.config import parse_value
from leadline.core.errors import usage
from leadline.core.extract.lines import vanishes
from leadline.core.extract.table import TROUBLES, Row, cell_number
from leadline.core.extract.written_number import NONFINITE, integer_in
from leadline.core.plain import beginning
from leadline.core.tracker.imported import CellNotTaken, Columns, Findings, FoundRun
from leadline.core.tracker.text_columns import Spellings
from leadline.core.tracker.told_ending import told_ending
from leadline.core.typed import Any

REASON_CHARS = 400
_ABSENT = "the row has no such cell"
_Taken = tuple[FoundRun, list[CellNotTaken]]


def runs_of_rows(
    rows: Iterable[Row], header: list[str], columns: Columns, found: Findings, unit: str = "line"
) -> Findings:
    """Fill ``found`` with one run a row. A row without any value of a metric, or that repeats an
    earlier row in every taken column, is named with its reason and not taken; a cell that is no
    number is named, and the rest of its row taken. Raises LeadlineError (usage, duplicate-column)
    when two columns that are to be taken share a name."""
    _check_header(header, columns, found)
    seen = dict.fromkeys(header)
    taken: dict[str, _Taken] = {}  # by what makes a row the same as another
    spelled = Spellings()
    empty = True
    for number, cells, trouble in rows:
        empty, where = False, f"{unit} {number}"
        if cells is None:
            found.refuse(where, TROUBLES.get(trouble, "it is not readable"))
            continue
        if unclean := next((name for name in cells if name not in seen and _flaw(name)), None):
            found.refuse(where, f"the column name {beginning(unclean)!r} {_flaw(unclean)}")
            continue
        seen.update(dict.fromkeys(cells))
        if (
            header
            and unit == "line"
            and (lines := sum(str(cell).count("\n") for cell in cells.values()))
        ):
            found.note(
                where, f"this row goes to line {number + lines}: a quoted cell holds line ends"
            )
        new = _run_of(where, cells, columns, spelled)
        if isinstance(new, str):
            found.refuse(where, new)
            continue
        _keep_one(taken, new, cells, columns, found)
    for run, left in taken.values():
        _keep_texts(run, spelled)
        found.runs.append(run)
        found.leave(cell for cell in left if cell.why != _ABSENT or cell.column in seen)
    if empty:
        found.note(found.source, "it has no row" + (" below its header" if header else ""))
    if "" in seen:
        found.note(found.source, "a column has no name: its cells are left")
    found.columns = list(seen)
    used = {
        *columns.metrics,
        *columns.key,
        *(columns.config if columns.config is not None else seen),
    }
    found.left_columns = [name for name in seen if name and name not in used]
    return found


def _check_header(header: list[str], columns: Columns, found: Findings) -> None:
    if unclean := next((name for name in header if _flaw(name)), None):
        what = f"the column name {beginning(unclean)!r} of {found.source} {_flaw(unclean)}"
        raise usage("not-utf8", what, do="leadline import --help")
    for name in dict.fromkeys(name for name in header if name and header.count(name) > 1):
        if columns.config is None or name in (*columns.metrics, *columns.config, *columns.key):
            raise usage(
                "duplicate-column",
                f"the header of {found.source} names {name!r} {header.count(name)} times",
                why="which of the columns is meant cannot be told",
                do="leadline import --help",
            )
        found.note(
            found.source,
            f"the header names {name!r} {header.count(name)} times; none of them is taken",
        )


def _keep_one(
    taken: dict[str, _Taken],
    new: _Taken,
    cells: Mapping[str, Any],
    columns: Columns,
    found: Findings,
) -> None:
    """Take ``new`` unless it is the same as a row taken before: by its key columns, as they are
    written, or without any by all that stands in it."""
    run = new[0]
    named = {name: _words(cells.get(name)).strip() for name in columns.key if name in cells}
    by_key = any(named.values())
    if by_key:
        run.row = digest_of({"source": found.source, "key": named})
    same = digest_of(named) if by_key else digest_of({n: _words(c) for n, c in cells.items()})
    if same not in taken:
        taken[same] = new
        return
    first = taken[same][0].where
    words = ", ".join(f"{name} {value}" for name, value in named.items())
    if not by_key:
        found.refuse(run.where, f"it is the same as {first} in every column")
    elif columns.keep == "last":
        found.refuse(first, f"its key ({words}) comes again in {run.where}, which is taken")
        taken[same] = new
    else:
        found.refuse(run.where, f"its key ({words}) is that of {first}, which is taken")


def _run_of(
    where: str, cells: Mapping[str, Any], columns: Columns, spelled: Spellings
) -> _Taken | str:
    """The run of one row with the cells of metrics that it leaves, or why there is no run. A row
    that says that its run did not end well is a result too, without a number where there is none
    or 0."""
    run, left, wrong = FoundRun(where, ""), list[CellNotTaken](), list[str]()
    for column, metric in columns.metrics.items():
        cell = cells.get(column)
        value, why = (
            _measured(cell, columns.units.get(metric, "")) if column in cells else (None, _ABSENT)
        )
        said = beginning(_words(cell)) if column in cells else ""
        if column not in cells and (
            inner := [name for name in cells if name.startswith(f"{column}.")]
        ):
            why = f"an object or a list of them: its values are columns, {beginning(', '.join(inner))}"
            wrong.append(f"{column} is {why}")
        if value is not None:
            run.measured(metric, value)
        elif said.strip() and cell is not None:
            wrong.append(f"{column} is {said!r}, which is {why}")
        if why:
            left.append(
                CellNotTaken(where, column, said, why if value is not None else _sentence(why))
            )
    told = told_ending(cells, columns.metrics, any(run.metrics.values()))
    if told:
        _end_as_told(run, told, cells, columns, left)
    elif not run.metrics and not run.nonfinite:
        return "; ".join(wrong) or f"it has no value of {', '.join(columns.metrics)}"
    names = (
        columns.config
        if columns.config is not None
        else [c for c in cells if c and c not in columns.metrics]
    )
    for name in (*names, *columns.key):
        if _holds(cell := cells.get(name)) and (flaw := _flaw(_words(cell))):
            return f"{name} {flaw}"
    held = {name: cells[name] for name in names if _holds(cells.get(name))}
    for name, cell in held.items():
        if isinstance(cell, str):
            spelled.add(name, cell)
            run.written[name] = cell.strip()
    run.config = {name: _as_config(cell) for name, cell in held.items()}
    run.key = _key_of(run)
    return run, left


def _key_of(run: FoundRun) -> str:
    ended = {} if run.state == "done" else {"state": run.state, "reason": run.reason}
    measured = {"metrics": run.metrics, "nonfinite": run.nonfinite}
    return digest_of({"config": run.config, **measured, **ended})


def _keep_texts(run: FoundRun, spelled: Spellings) -> None:
    """Cells of columns that hold names stay as they are written."""
    texts = {
        name: text
        for name, text in run.written.items()
        if spelled.is_text(name) and run.config[name] != text
    }
    if texts:
        run.config.update(texts)
        run.former_key, run.key = run.key, _key_of(run)


def _end_as_told(
    run: FoundRun,
    told: tuple[str, str, str],
    cells: Mapping[str, Any],
    columns: Columns,
    left: list[CellNotTaken],
) -> None:
    """What else the row says stands in the reason, so that it is found by its words."""
    run.state, column, said = told
    for name, value in [*run.metrics.items()]:
        if not value:
            source = next(c for c, metric in columns.metrics.items() if metric == name)
            why = f"{column} says {beginning(said)!r}: there is no value"
            left.append(CellNotTaken(run.where, source, _words(cells[source]), why))
            del run.metrics[name]
    others = (
        cell.strip()
        for name, cell in cells.items()
        if name != column and name not in columns.metrics and _is_prose(cell)
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
        return value, ""
    if isinstance(cell, float) or (isinstance(cell, str) and cell.strip().lower() in NONFINITE):
        return value, f"recorded as {finite(value)}: it is not finite and enters no statistics"
    return None, "too large for a number of 64 bits"


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


def _words(cell: Any) -> str:
    return cell if isinstance(cell, str) else json.dumps(cell, default=str, ensure_ascii=False)


def _as_config(cell: Any) -> Any:
    """A cell as ``--set`` would have read it: a number where the text is one; a list as one value."""
    if isinstance(cell, str):
        return parse_value(cell.strip())
    if cell is None or isinstance(cell, (bool, int)):
        return cell
    if isinstance(cell, float):
        return finite(cell)
    if isinstance(cell, (list, dict)):
        return finite(json.loads(json.dumps(cell, default=str)))
    return str(cell)

"""What a row of a table measures, whichever layout the table has: a column for each metric, the
values before and after a change side by side, or a row for each value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from leadline.core.canonical import digest_of
from leadline.core.tracker.imported import Columns, Findings
from leadline.core.tracker.row_roles import renamed
from leadline.core.typed import Any, NamedTuple
from leadline.core.values import dataclass, field

SIDE = "side"  # the config key that tells the value before a change from that after it
VALUE = ".value"  # behind the name of a column: what its cells have before their spread


class Measurement(NamedTuple):
    """A cell that may hold the value of ``metric``. ``there``: its row has such a cell."""

    where: str
    column: str
    metric: str
    cell: Any
    there: bool = True


@dataclass
class RowValues:
    """A row. ``measured``: its values, None where each column that was named holds one. ``side``: of
    a change, ``before`` or ``after``. ``nth``: how many rows before it name the same and measure
    the same metric. ``named``: what
    of it names the run, where that is more than its key."""

    where: str
    cells: Mapping[str, Any]
    measured: list[Measurement] | None = None
    side: str = ""
    nth: int = 0
    named: dict[str, str] = field(default_factory=dict)


def rows_to_read(row: RowValues, columns: Columns) -> Iterator[RowValues]:
    """``row``; where it has a value before a change, that and the one after it."""
    if not columns.roles.before:
        yield row
        return
    after, name = renamed(columns.roles.after)
    metric, cells = name or after, row.cells
    if _says(cells.get(columns.roles.before)):
        before = Measurement(row.where, columns.roles.before, metric, cells[columns.roles.before])
        # what became of the change says nothing of the value before it
        later = {columns.roles.state, after, *columns.roles.words}
        rest = {name: cell for name, cell in cells.items() if name not in later}
        yield RowValues(row.where, rest, [before], "before")
    others = [
        Measurement(row.where, column, metric, cells.get(column), column in cells)
        for column, metric in columns.metrics.items()
    ]
    changed = Measurement(row.where, after, metric, cells.get(after), after in cells)
    yield RowValues(row.where, cells, [changed, *others], "after")


def long_rows(rows: Iterable[RowValues], columns: Columns, found: Findings) -> Iterator[RowValues]:
    """Rows of one value each as rows of all values that belong together: those of one key, or where
    no column is a key, of one config, state and code. Of a metric that comes again the later value
    is of a repeat."""
    together: dict[tuple[str, int], RowValues] = {}
    count: dict[tuple[str, str], int] = {}
    seen: dict[str, str] = {}  # whole rows
    name_column, value_column = columns.roles.metric_column, columns.roles.value_column
    for row in rows:
        said = row.cells.get(name_column)
        name = said.strip() if isinstance(said, str) else ""
        metric = columns.metrics.get(name, "" if columns.metrics else name)
        if not metric:
            why = f"its metric {name!r} is not asked for" if name else f"{name_column} names none"
            found.refuse(row.where, why)
            continue
        whole = digest_of({column: str(cell) for column, cell in row.cells.items()})
        if (first := seen.setdefault(whole, row.where)) != row.where:
            found.refuse(row.where, f"it is the same as {first} in every column")
            continue
        named = {column: str(row.cells.get(column)).strip() for column in _naming(row, columns)}
        same = digest_of(named)
        nth = count[same, metric] = count.get((same, metric), -1) + 1
        cell = row.cells.get(value_column)
        value = Measurement(row.where, name, metric, cell, value_column in row.cells)
        one = together.get((same, nth))
        if one is None:
            one = together[same, nth] = RowValues(row.where, row.cells, [], nth=nth)
            one.named = named if columns.key else {}
        if one.measured is not None:
            one.measured.append(value)
    yield from together.values()


def _naming(row: RowValues, columns: Columns) -> list[str]:
    """The columns in which values agree that belong to one run."""
    apart = {
        columns.roles.metric_column,
        columns.roles.value_column,
        *columns.roles.words,
        columns.roles.time,
    }
    given = [*row.cells] if columns.config is None else [*columns.config]
    named = [*columns.key, *given, *filter(None, (columns.roles.commit,))]
    if columns.key and columns.config is None:
        named = [*columns.key]
    elif not columns.key:
        named += filter(None, (columns.roles.state,))
    return [name for name in dict.fromkeys(named) if name not in apart]


def _says(cell: Any) -> bool:
    return cell is not None and bool(str(cell).strip())

"""Tables in a tree of objects and lists, as JSON and YAML files have them.

>>> tables = tables_in({"date": "1 May", "results": [{"b": 1}, {"b": 2}]})
>>> [table.name for table in tables], tables[0].rows
(['results', '.'], [{'date': '1 May', 'b': 1}, {'date': '1 May', 'b': 2}])
>>> tables_in({"small": {"acc": 0.9}, "large": {"acc": 0.95}})[0].rows
[{'name': 'small', 'acc': 0.9}, {'name': 'large', 'acc': 0.95}]
>>> tables_in({"epoch": [1, 2], "loss": [0.5, 0.25]})[0].rows
[{'epoch': 1, 'loss': 0.5}, {'epoch': 2, 'loss': 0.25}]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from leadline.core.typed import Any, NamedTuple, cast

DEPTH = 4
WHOLE = "."  # the name of the table that is all of a file as one row
_SETTINGS = frozenset(
    (
        *("config", "configuration", "params", "parameters", "args", "arguments", "settings"),
        *("options", "hyperparameters", "hparams", "setup", "flags"),
    )
)


_REPEATS = frozenset(("timings", "times", "samples", "latencies", "durations", "runtimes"))


class TreeTable(NamedTuple):
    """``name``: where it stands, its keys joined by dots."""

    name: str
    rows: list[Any]


def tables_in(value: object) -> list[TreeTable]:
    """The tables of a tree, the one with the most rows first and the whole as one row last. A row has
    what is said beside its list too: texts, whole numbers, settings."""
    if isinstance(value, list):
        return [TreeTable("", _repeated(value))]
    found = [table._replace(rows=_repeated(table.rows)) for table in _tables(value, "", {}, 0)]
    return [*sorted(found, key=lambda table: -len(table.rows)), TreeTable(WHOLE, [value])]


def _repeated(rows: list[Any]) -> list[Any]:
    """The rows; of those that list what they measured again and again (``timings``) one a value."""
    names = {
        name for row in rows if isinstance(row, Mapping) for name in row if _is_repeats(name, row)
    }
    if len(names) != 1:
        return rows
    (name,) = names
    return [
        {**row, name: value, "repeat": number} if isinstance(row, Mapping) else row
        for row in rows
        for number, value in enumerate(_values(row, name), 1)
    ]


def _values(row: object, name: object) -> list[Any]:
    cell = row.get(name) if isinstance(row, Mapping) else None
    return cell if isinstance(cell, list) and cell else [cell]


def _is_repeats(name: object, row: Mapping[Any, Any]) -> bool:
    values = row[name]
    several = isinstance(values, list) and len(values) > 1 and all(map(_is_number, values))
    return several and not _REPEATS.isdisjoint(str(name).lower().replace("-", "_").split("_"))


def _tables(value: object, name: str, beside: Mapping[str, Any], depth: int) -> Iterator[TreeTable]:
    if not isinstance(value, Mapping) or depth > DEPTH:
        if _is_list_of_objects(value) and isinstance(value, list):
            items = [{**beside, **row} if isinstance(row, Mapping) else row for row in value]
            yield TreeTable(name, items)
        return
    if (rows := _by_column(value) or _named(value)) is not None:
        yield TreeTable(name, [{**beside, **row} for row in rows])
        return
    beside = {**beside, **_said_beside(value)}
    for key, inner in value.items():
        if str(key).lower() not in _SETTINGS:
            yield from _tables(inner, f"{name}.{key}" if name else str(key), beside, depth + 1)


def _said_beside(value: Mapping[Any, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for key, inner in value.items():
        settings = isinstance(inner, Mapping) and str(key).lower() in _SETTINGS
        if settings or isinstance(inner, (str, int)):  # a number with a fraction may be measured
            said[str(key)] = inner
    return said


def _is_list_of_objects(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(row, Mapping) and row for row in value)


def _by_column(value: Mapping[Any, Any]) -> list[dict[str, Any]] | None:
    """The rows of columns: lists of one length, objects with the same row numbers, or names and data
    apart."""
    names, columns = [*map(str, value)], [*value.values()]
    said, data = value.get("columns"), value.get("data")
    if _texts(said) and isinstance(data, list) and data:
        names, rows = cast("list[str]", said), data
    elif len(columns) > 1 and all(map(_is_column, columns)):
        rows = [[*row] for row in zip(*map(_cells, columns), strict=False)]
        if len(rows) < 2 or any(len(column) != len(rows) for column in columns):
            return None
    else:
        return None
    if not all(isinstance(row, list) and len(row) == len(names) for row in rows):
        return None
    return [dict(zip(names, row, strict=True)) for row in rows]


def _is_column(value: object) -> bool:
    """Whether ``value`` is a list of cells, or an object of cells by the number of their row."""
    if isinstance(value, Mapping) and [*map(str, value)] != [*map(str, range(len(value)))]:
        return False
    return isinstance(value, (list, Mapping)) and not any(
        isinstance(cell, (list, Mapping)) for cell in _cells(value)
    )


def _cells(column: Any) -> list[Any]:
    return [*column.values()] if isinstance(column, Mapping) else column


def _named(value: Mapping[Any, Any]) -> list[dict[str, Any]] | None:
    """Objects under their names that are alike, each with a number."""
    inner = list(value.values())
    if len(inner) < 2 or not all(isinstance(one, Mapping) and one for one in inner):
        return None
    common = set.intersection(*({*one} for one in inner))
    most = max(len(one) for one in inner)
    if 2 * len(common) < most or not all(any(map(_is_number, one.values())) for one in inner):
        return None
    label = "name" if "name" not in common else "key"
    return [{label: str(key), **one} for key, one in value.items()]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)

"""Tables in files that hold other things as well: pages, texts, sheets, databases."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from urllib.parse import quote

from leadline.adapters.extractors.lines import Lines, reading_of
from leadline.adapters.extractors.readable import (
    Rows,
    Unreadable,
    adopting,
    chosen,
    errors_of,
    refuse_large,
)
from leadline.core.canonical import digest_bytes, digest_of_file
from leadline.core.errors import environment
from leadline.core.extract.laid_out import laid_out_tables
from leadline.core.extract.latex_tables import latex_tables
from leadline.core.extract.lines import printed_object
from leadline.core.extract.logged_lines import STAMP, are_logged, logged_tables
from leadline.core.extract.markdown import markdown_tables
from leadline.core.extract.table import Row
from leadline.core.extract.text_table import (
    MOST_HEADER_ROWS,
    TextTable,
    header_rows,
    joined_names,
    one_header,
)
from leadline.core.plain import beginning
from leadline.core.typed import Any

FORMATS = ("markdown", "text", "latex", "html", "excel", "sqlite")
_PAGE_LINES = 200  # by which a text is told to be of cells that one character parts


def rows_of_document(path: str, format: str, shown: str, which: str, said: Sequence[str]) -> Rows:
    """The rows of a table in a file of one of ``FORMATS``; as ``rows_of``."""
    if format == "excel":
        return _sheet(path, shown, which, said)
    if format == "sqlite":
        return _database(path, shown, which)
    refuse_large(path, shown, "write its table as csv")
    with open(path, "rb") as file:
        data = file.read()
    text = reading_of(path)(data).decode("utf-8-sig", errors_of(whole=True))
    tables = _TABLES_OF[format](text.replace("\r\n", "\n"))
    if not tables:
        instead = adopting(shown) if format in ("markdown", "text") else ""
        raise Unreadable("no-table", f"{shown} holds no table", instead=instead)
    names = [str(number) for number in range(1, len(tables) + 1)]
    places = [f"line {table.line}" for table in tables]
    at, others = chosen(which, names, places, shown)
    table = tables[at]
    notes = joined_names(f"line {table.line}", table.header_lines)
    if len(said) == len(table.header):
        table = table._replace(header=[*said])
    return Rows(table.header, table.rows(), lambda: digest_bytes(data), "line", notes + others)


def _of_markdown(text: str) -> list[TextTable]:
    return [*markdown_tables(enumerate(text.split("\n"), 1))]


def _of_text(text: str) -> list[TextTable]:
    lines = text.split("\n")
    logged = logged_tables(lines)
    laid_out = _of_markdown(text) or [*laid_out_tables(lines)]
    if logged and len(logged[0].body) > sum(len(table.body) for table in laid_out):
        return [*logged, *laid_out]
    return laid_out + logged[:1]


def _of_html(text: str) -> list[TextTable]:
    from leadline.core.extract.html_tables import html_tables

    return html_tables(text)


_TABLES_OF: dict[str, Callable[[str], list[TextTable]]] = {
    "markdown": _of_markdown,
    "text": _of_text,
    "latex": lambda text: [*latex_tables(text)],
    "html": _of_html,
}


def kind_of_text(path: str) -> str:
    """What a text is whose name does not say: ``jsonl``, ``tsv``, ``csv``, or ``text`` where tables may
    stand in it. Raises OSError."""
    lines = [
        text.strip("\ufeff\r\n")
        for _, text in islice(Lines(path, as_saved=True), _PAGE_LINES)
        if text
    ]
    lines = [text for text in lines if text.strip() and not text.startswith("#")]
    if lines and printed_object(lines[0]) is not None:
        return "jsonl"
    if not lines or "=" in lines[0] or lines[0].startswith("{") or STAMP.match(lines[0]):
        return "text"
    if len(lines) > 1 and are_logged(lines[0], lines[1]):
        return "text"
    for kind, marks in (("tsv", "\t"), ("csv", ",;")):
        for mark in marks:
            counts = {text.count(mark) for text in lines}
            if len(lines) > 1 and len(counts) == 1 and 0 not in counts:
                return kind
    return "text"


def _sheet(path: str, shown: str, which: str, said: Sequence[str]) -> Rows:
    """The cells of a sheet as they were stored last, formulas with the value they had; numbers
    without a fraction are whole, and times text."""
    try:
        calamine = importlib.import_module("python_calamine")
    except ImportError:
        raise environment(
            "excel-support-missing",
            f"cannot read {shown}: the reader of spreadsheets is not installed",
            why="saved as CSV, a sheet is read without it",
            do="pip install 'leadline[excel]'",
        ) from None
    refuse_large(path, shown, "save it as CSV")
    try:
        with open(path, "rb") as file:
            digest = digest_of_file(file)
        book = calamine.CalamineWorkbook.from_path(path)
        names = list(book.sheet_names)
        at, others = chosen(which, names, [f"sheet {name!r}" for name in names], shown)
        cells = book.get_sheet_by_index(at).to_python(skip_empty_area=False)
    except (calamine.CalamineError, OSError, ValueError, OverflowError) as error:
        raise Unreadable("not-excel", f"{shown} is not readable as a sheet: {error}") from None
    numbered = ((number, row) for number, row in enumerate(cells, 1) if any(map(_said, row)))
    titles: list[Row] = []  # a heading above the table stands alone in its row
    for number, row in numbered:
        if len(row) == 1 or sum(map(_said, row)) > 1:
            below = [*islice(numbered, MOST_HEADER_ROWS)]
            first = [
                [_name_in_sheet(cell) for cell in one] for one in (row, *(r for _, r in below))
            ]
            heads = header_rows(first)
            header = [*said] if len(said) == len(row) else one_header(first[:heads])
            body = chain(below[heads - 1 :], numbered)
            rows = (
                (n, dict(zip(header, map(_cell_of_sheet, r), strict=True)), "") for n, r in body
            )
            notes = joined_names(f"row {number}", heads)
            return Rows(header, chain(titles, rows), lambda: digest, "row", notes + others)
        titles.append((number, None, "comment"))
    raise Unreadable("no-table", f"sheet {names[at]!r} of {shown} holds no table")


def _name_in_sheet(cell: Any) -> str:
    return str(_cell_of_sheet(cell) if _said(cell) else "").strip()


def _database(path: str, shown: str, which: str) -> Rows:
    """The rows of a table of a database, which is opened to be read only."""
    sqlite3 = importlib.import_module("sqlite3")
    with open(path, "rb") as file:
        digest = digest_of_file(file)
    try:
        place = f"file:{quote(os.path.abspath(path))}?mode=ro"
        # nobody writes now, and a reader would lay files of its own beside it
        if not any(os.path.exists(f"{path}-{kind}") for kind in ("wal", "journal")):
            place += "&immutable=1"
        database = sqlite3.connect(place, uri=True)
        database.execute("PRAGMA trusted_schema = OFF")
        database.text_factory = lambda data: data.decode("utf-8", errors_of(whole=True))
        found = database.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' "
            "ESCAPE '\\' ORDER BY rowid"
        )
        names = [str(name) for (name,) in found]
        if not names:
            raise Unreadable("no-table", f"{shown} holds no table")
        at, others = chosen(which, names, [f"table {beginning(name)}" for name in names], shown)
        asked = '"' + names[at].replace('"', '""') + '"'
        rows = database.execute(f"SELECT * FROM {asked}")
        header = [str(column[0]) for column in rows.description]
    except sqlite3.Error as error:
        raise Unreadable("not-sqlite", f"{shown} is not readable as a database: {error}") from None

    def read() -> Iterator[Row]:
        try:
            for number, row in enumerate(rows, 1):
                yield number, dict(zip(header, map(_cell_of_database, row), strict=True)), ""
        except sqlite3.Error as error:
            what = f"{shown} is not readable as a database: {error}"
            raise Unreadable("not-sqlite", what) from None
        finally:
            database.close()

    return Rows(header, read(), lambda: digest, "row", others)


def _cell_of_database(cell: Any) -> Any:
    return f"{len(cell)} bytes" if isinstance(cell, bytes) else cell


def _said(cell: object) -> bool:
    return cell is not None and cell != ""


def _cell_of_sheet(cell: Any) -> Any:
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return int(cell)
    if isinstance(cell, (str, int, float)):
        return cell
    return cell.isoformat() if hasattr(cell, "isoformat") else str(cell)

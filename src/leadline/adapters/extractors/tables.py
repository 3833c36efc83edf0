"""Reader of result files: csv, tsv, json, jsonl, parquet. The checks themselves are in
``core/extract/table.py``."""

from __future__ import annotations

import csv
import importlib
import json
import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice

from leadline.adapters.extractors import documents
from leadline.adapters.extractors.lines import HEAD_BYTES, UTF_16, Lines, reading_of
from leadline.adapters.extractors.readable import (
    Rows,
    Unreadable,
    check_usable,
    chosen,
    errors_of,
    refuse_large,
)
from leadline.core.canonical import digest_bytes
from leadline.core.errors import environment
from leadline.core.extract.gather import Extraction, Gatherer
from leadline.core.extract.lines import held_or_text
from leadline.core.extract.spec import ExtractionSpec, replaced
from leadline.core.extract.table import (
    Trouble,
    csv_rows,
    delimited_header,
    extract_table,
    object_rows,
    tsv_rows,
)
from leadline.core.extract.text_table import (
    MOST_HEADER_ROWS,
    header_rows,
    joined_names,
    one_header,
    spans,
    with_row_names,
)
from leadline.core.extract.tree_tables import WHOLE, tables_in
from leadline.core.extract.written_number import is_number
from leadline.core.patterns import later
from leadline.core.plain import beginning
from leadline.core.record.run import MetricDef
from leadline.core.typed import Any
from leadline.ports.extractor import RunFiles

_OF_LINES = ("csv", "tsv", "jsonl")
_ROWS_AHEAD = 20
_SEPARATOR = later(r"(?i)sep=([;,|\t])")  # a line that a spreadsheet writes above the header


class TableReader:
    """A table in a file; of one that the run appended to, the rows that it appended. Absent or
    empty: a problem, and nothing is published."""

    name = "file"

    def read(
        self, spec: ExtractionSpec, files: RunFiles, definitions: Mapping[str, MetricDef]
    ) -> Extraction:
        path = os.path.join(files.cwd, spec.path)
        try:
            check_usable(path, spec.path)
            before = files.bytes_before(spec.path) if spec.format in _OF_LINES else 0
            if before and spec.unique and _each_key_once(spec, path):
                before = 0
            table = rows_of(path, spec.format, spec.path, after_bytes=before, names=spec.header)
            result = extract_table(spec, table.header, table.rows, definitions, None, table.unit)
        except Unreadable as error:
            gatherer = Gatherer(spec, definitions)
            gatherer.problems.add(error.code, error.what, blocking=True)
            return gatherer.finish(None)
        result.sources[0]["digest"] = table.digest() or None
        if before:
            result.sources[0]["before_bytes"] = before
        return result


def _each_key_once(spec: ExtractionSpec, path: str) -> bool:
    """Whether a file that grew holds each key once: it was written anew and longer then, since an
    evaluation that appends names its items again."""
    table = rows_of(path, spec.format, spec.path, names=spec.header)
    strict = replaced(spec, dedupe="error")
    found = extract_table(strict, table.header, table.rows, {}, None, table.unit)
    return all(problem["code"] != "duplicate-key" for problem in found.problems)


def rows_of(
    path: str,
    format: str,
    shown: str,
    whole: bool = False,
    after_bytes: int = 0,
    names: Sequence[str] = (),
    which: str = "",
) -> Rows:
    """The rows of the file at ``path``, csv, tsv, json, jsonl, parquet or one of ``documents.FORMATS``, called
    ``shown`` in what is said of it.

    ``whole``: for a reader who may lose nothing and must name what is wrong: nested texts and lists
    are cells, and bytes that are no UTF-8 stay in the text as lone surrogates. ``after_bytes``: rows
    of lines (csv, tsv, jsonl) that end before are left out. ``names``: of the columns of a csv or tsv
    that does not name them, or instead of those that a page or a sheet has; ``which``: the number or
    the name of the table, of a file with several. Raises Unreadable (for parquet: while the rows are
    read), OSError, and LeadlineError(environment) without pyarrow.
    """
    if format == "parquet":
        return _parquet(path, shown, whole)
    if format not in ("excel", "sqlite"):
        _refuse_binary(path, shown, whole)
    if format == "text":
        format = documents.kind_of_text(path)
    if format in documents.FORMATS:
        return documents.rows_of_document(path, format, shown, which, names)
    if format in ("csv", "tsv"):
        return _delimited(path, "\t" if format == "tsv" else ",", shown, whole, after_bytes, names)
    if format == "jsonl":
        lines = Lines(path, errors=errors_of(whole), after_bytes=after_bytes, as_saved=True)
        return Rows([], object_rows(_parsed(lines, whole), whole), lambda: lines.digest)
    return _json(path, shown, whole, which)


def _refuse_binary(path: str, shown: str, whole: bool) -> None:
    """Raises Unreadable for what is no text, as its first line tells."""
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(UTF_16):
        return
    line, ended, _ = head.lstrip(b"\r\n").partition(b"\n")
    if b"\0" in line:
        raise Unreadable("not-text", f"{shown} is no text: its first line holds NUL bytes")
    if ended and b"\r" in line.rstrip(b"\r"):
        raise Unreadable(
            "not-lines",
            f"{shown} ends some lines with a carriage return alone: end them with a line feed",
        )
    if not whole:
        return
    try:
        line.decode()
    except UnicodeDecodeError as error:
        if ended or len(head) < HEAD_BYTES:  # else the head may end within a character
            at = head.index(line) + error.start
            raise Unreadable(
                "not-utf8",
                f"{shown} is no UTF-8 text: byte {line[error.start]:#04x} at offset {at}, in its first line",
            ) from None


def _delimited(
    path: str, separator: str, shown: str, whole: bool, after_bytes: int, names: Sequence[str]
) -> Rows:
    lines = Lines(path, errors=errors_of(whole), as_saved=True)
    below: Iterator[tuple[int, str | None]] = iter(lines)
    ahead = deque[tuple[int, str | None]]()
    header: list[str] = []
    skipped, text = 0, ""
    comments: list[int] = []
    while (begun := ahead.popleft() if ahead else next(below, None)) is not None:
        number, text = begun[0], begun[1] or ""
        skipped = number
        if not text.strip("\ufeff\r\n"):
            continue
        if whole and (said := _SEPARATOR.fullmatch(text.strip("\ufeff\r\n"))):
            separator = said[1]
            continue
        try:
            separator = _separator_of(text, separator)
            header = delimited_header(text, separator)
        except csv.Error as error:
            what = f"line {number} of {shown}, its header, is not readable: {error}"
            raise Unreadable("not-csv", what) from None
        if not (whole and header[0].startswith("#")):
            break
        while not (ahead and _is_said(ahead[-1])) and (line := next(below, None)):
            ahead.append(line)
        if len(header) > 1 and not (ahead and _is_comment(header, ahead[-1][1] or "", separator)):
            break
        comments.append(number)
        header = []
    numbered: Iterator[tuple[int, str | None]] = chain(ahead, below)
    if not header:
        raise Unreadable("no-header", f"{shown} has no header line")
    if whole and len(header) == 1:
        first = next(numbered, (skipped, ""))
        numbered = chain([first], numbered)
        if (
            1 < len(header[0].split()) == len((first[1] or "").split())
        ):  # columns laid out by blanks
            header, separator, text = header[0].split(), "\t", "\t".join(header[0].split())
            numbered = ((n, line and "\t".join(line.split())) for n, line in numbered)
    notes: list[tuple[str, str]] = []
    if not names and spans(header):
        header, rest, heads = _several_lines(header, numbered, separator)
        notes = joined_names(f"line {skipped}", heads)
        skipped = rest[0][0] - 1 if heads > 1 and rest else skipped
        numbered = chain(rest, numbered)
    if whole and not names and header[:1] == [""]:
        looked = [*islice(numbered, _ROWS_AHEAD)]
        firsts = [(line or "").partition(separator)[0].strip('\r\n" ') for _, line in looked]
        header, numbered = with_row_names(header, firsts), chain(looked, numbered)
    if _told_apart(names, header):
        header = [*names]
    elif names and [*names] != header:
        first = (skipped, text)
        header, skipped = [*names], skipped - 1
        numbered = chain([first], numbered)
    elif not names and (datum := next((cell for cell in header if is_number(cell)), "")):
        made_up = [f"column_{number}" for number in range(1, len(header) + 1)]
        begins = ", ".join(beginning(cell) for cell in header[:5])
        how = f"--header {','.join(header)}" if whole else f"header={'+'.join(header)}"
        raise Unreadable(
            "no-header",
            f"{shown} begins with a row of data ({begins}) and not with the names of its columns: "
            f"{datum!r} is a number; say the names ({how} where these are the names)",
            ("--header", ",".join(made_up)),
        )
    if after_bytes:
        lines = Lines(path, errors=errors_of(whole), after_bytes=after_bytes, as_saved=True)
        numbered = (line for line in lines if line[0] > skipped)
    if separator == "\t":
        rows = tsv_rows(header, numbered)
    else:
        rows = csv_rows(header, numbered, skipped, separator)
    if comments:
        rows = chain(((number, None, "comment") for number in comments), rows)
    return Rows(header, rows, lambda: lines.digest, "line", notes)


def _is_said(line: tuple[int, str | None]) -> bool:
    return line[1] is None or bool(line[1].strip("\ufeff\r\n"))


def _is_comment(cells: list[str], below: str, separator: str) -> bool:
    """Whether a line that begins as a comment names no columns: the next that is not empty is one as
    well, or has other cells, or the numbers stand in this one and not there."""
    try:
        row = delimited_header(below, separator)
    except csv.Error:  # a row that is not readable, and named as such below
        return False
    if below.startswith("#") or len(row) != len(cells):
        return True
    said = (word for cell in cells for word in cell.split())
    return any(map(is_number, said)) and not any(map(is_number, row))


def _several_lines(
    first: list[str], below: Iterator[tuple[int, str | None]], separator: str
) -> tuple[list[str], list[tuple[int, str | None]], int]:
    """The names of the columns where a header may take several lines, the lines below it that were
    looked at, and how many it takes."""
    looked = [*islice(below, MOST_HEADER_ROWS)]
    rows = [first]
    try:
        rows += [delimited_header(text or "", separator) for _, text in looked]
    except csv.Error:
        return first, looked, 1
    heads = header_rows(rows)
    return one_header(rows[:heads]) if heads > 1 else first, looked[heads - 1 :], heads


def _told_apart(names: Sequence[str], header: Sequence[str]) -> bool:
    """Whether ``names`` are those that a header has, with more behind those that it has twice."""
    pairs = zip(names, header, strict=False)
    twice = len({*header}) < len(header) == len(names) and not any(map(is_number, header))
    return twice and all(name.startswith(cell) for name, cell in pairs)


def _separator_of(line: str, expected: str) -> str:
    """What parts the names of a header, where it is not what the name of the file says."""
    if len(delimited_header(line, expected)) > 1:
        return expected
    return next((mark for mark in ("\t", ";", ",", "|") if mark in line), expected)


class _NameTwice(ValueError):
    pass


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _NameTwice
    return found


def _loads(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_each_once, parse_float=held_or_text)


def _parsed(lines: Lines, whole: bool) -> Iterator[tuple[int, Any]]:
    for number, text in lines:
        if text is None:
            yield number, Trouble("line-too-long")
        elif whole and text.lstrip("\ufeff \t").startswith(("#", "//")):
            yield number, Trouble("comment")
        elif text.strip("\ufeff \t\r\n"):
            try:
                yield number, _loads(text.removeprefix("\ufeff"))
            except _NameTwice:
                yield number, Trouble("name-twice")
            except (ValueError, RecursionError):
                yield number, Trouble("not-json")


def _json(path: str, shown: str, whole: bool, which: str) -> Rows:
    """A list of objects is a table; one object is one row, nested numbers under dotted names."""
    refuse_large(path, shown, "write it as jsonl")
    with open(path, "rb") as file:
        data = file.read()
    try:
        text = reading_of(path)(data).decode("utf-8-sig", errors_of(whole))
        value = _loads(text)
    except _NameTwice:
        raise Unreadable(
            "not-json", f"{shown} is not usable: an object in it gives one name twice"
        ) from None
    except (ValueError, RecursionError) as error:
        raise Unreadable("not-json", f"{shown} is not JSON: {error}") from None
    if whole:
        return rows_of_tree(value, shown, which, digest_bytes(data))
    items = value if isinstance(value, list) else [value]
    return Rows([], object_rows(enumerate(items, 1)), lambda: digest_bytes(data), "row")


def rows_of_tree(value: object, shown: str, which: str, digest: str) -> Rows:
    """The rows of the largest table in objects and lists, or of the one that is called ``which``."""
    tables = tables_in(value)
    names = [table.name for table in tables]
    places = ["the file as one row" if name == WHOLE else f"under {name}" for name in names]
    at, others = chosen(which, names, places, shown)
    rows = object_rows(enumerate(tables[at].rows, 1), whole=True)
    return Rows([], rows, lambda: digest, "row", others)


def _text(cell: Any) -> Any:
    """A cell with its bytes as text; those that are no UTF-8 stay in it as lone surrogates."""
    if isinstance(cell, bytes):
        return cell.decode(errors=errors_of(whole=True))
    if isinstance(cell, (list, tuple)):
        return [_text(inner) for inner in cell]
    return {key: _text(inner) for key, inner in cell.items()} if isinstance(cell, dict) else cell


def _parquet(path: str, shown: str, whole: bool) -> Rows:
    try:
        pyarrow = importlib.import_module("pyarrow")
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise environment(
            "parquet-support-missing",
            f"cannot read {shown}: parquet support is not installed",
            why="reading parquet needs pyarrow, which is optional because it is larger than everything else together",
            do="pip install 'leadline[parquet]'",
        ) from None
    lines = Lines(path)
    for _ in lines:  # one pass over the bytes, for the digest
        pass

    def items() -> Iterator[Any]:
        try:
            with parquet.ParquetFile(path) as table:
                names = table.schema_arrow.names
                if twice := next((name for name in names if names.count(name) > 1), None):
                    raise Unreadable(
                        "duplicate-column", f"{shown} has two columns called {twice!r}"
                    )
                fields = list(table.schema_arrow) if whole else []
                decimals = [f.name for f in fields if pyarrow.types.is_decimal(f.type)]
                binary = [f.name for f in fields if "binary" in str(f.type)]
                for batch in table.iter_batches(batch_size=10_000):
                    for item in batch.to_pylist():
                        for name in decimals:
                            item[name] = None if item[name] is None else float(item[name])
                        for name in binary:
                            item[name] = _text(item[name])
                        yield item
        except (OSError, ValueError, pyarrow.ArrowException) as error:
            raise Unreadable(
                "not-parquet", f"{shown} is not readable as parquet: {error}"
            ) from None

    return Rows([], object_rows(enumerate(items(), 1), whole), lambda: lines.digest, "row")

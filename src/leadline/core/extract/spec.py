"""What to read metrics from, as declared by a user: one line on the command line, or one table of a
TOML file.

A declaration also says what must hold (rows, keys, missing values), so that a file that is not what
was expected publishes nothing. Metric names stand left of the ``=``, where they are found stands
right.

>>> spec = parse_spec("results.csv:time_ms=elapsed,rows=10")
>>> spec.path, spec.mapping, spec.rows
('results.csv', {'time_ms': 'elapsed'}, (10, 10))
>>> parse_pattern("loss=val loss ([0-9.]+)").label
'pattern loss'
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from leadline.core.errors import LeadlineError, usage
from leadline.core.typed import Any
from leadline.core.values import dataclass, field

# the more specific first: it wins where two disagree
SOURCES = ("file", "reader", "pattern", "series", "metrics", "stdout")
DEDUPE_RULES = ("error", "first", "last", "identical")
NAN_RULES = ("fail", "drop", "keep")
REDUCE_RULES = ("last", "first", "min", "max", "mean", "median", "sum")
FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_OPTIONS = (
    "rows",
    "unique",
    "dedupe",
    "nan",
    "require",
    "reduce",
    "step",
    "format",
    "reader",
    "items",
    "header",
)
_LISTS = ("unique", "require", "items", "header")
# Readers of the files of known tools; ``benchmark`` finds out whose file it is.
BENCHMARKS = (
    "benchmark",
    "pytest-benchmark",
    "hyperfine",
    "google-benchmark",
    "pyperf",
    "asv",
    "criterion",
    "lm-eval",
    "nvbench",
    "jmh",
    "benchmark-dotnet",
    "catch2",
    "go-bench",
    "cargo-bench",
    "k6",
    "fio",
    "perf-stat",
    "nsys",
    "ncu",
    "locust",
    "wrk",
    "ab",
    "sysbench",
    "iperf3",
    "benchmark-ips",
    "benchee",
)
OUTPUT = "-"  # in place of a file: what the command prints
BY_CASE = "case"  # how the cases of a benchmark tool's file are named as items
_KEYS = frozenset((*_OPTIONS, "source", "path", "file", "pattern", "name", "columns", "mapping"))


@dataclass(slots=True)
class ExtractionSpec:
    """One declared source of metrics and the checks on it.

    ``mapping`` is metric name to column (empty: every numeric column under its own name). ``rows``
    is the least and the most number of rows, either may be None. ``nan`` is what becomes of a
    missing or not-a-number cell: ``fail`` the source, ``drop`` the row (counted), or ``keep`` it as
    NaN. ``reduce`` overrides the metric's own rule. ``items``: the columns whose cells name what a
    row is about (a question, a case). The value of each item is kept then, so that runs over
    different items can be compared on those they share. ``header``: the names of the columns of a
    table that does not name them.
    """

    source: str
    path: str = ""
    format: str = ""
    reader: str = ""
    name: str = ""
    pattern: str = ""
    mapping: dict[str, str] = field(default_factory=dict)
    require: tuple[str, ...] = ()
    rows: tuple[int | None, int | None] = (None, None)
    unique: tuple[str, ...] = ()
    dedupe: str = "error"
    nan: str = "fail"
    reduce: str = ""
    step: str = ""
    items: tuple[str, ...] = ()
    header: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """How messages call this source."""
        if self.source == "pattern":
            return f"pattern {self.name}"
        if self.source == "reader":
            return f"{self.reader}:{self.path}"
        return self.path or self.source

    @property
    def in_file(self) -> str:
        """The file or folder that the run is to write; "" where it is none."""
        return "" if self.path == OUTPUT else self.path


METRICS = ExtractionSpec("metrics", nan="keep")
STDOUT = ExtractionSpec("stdout", nan="keep")


def parse_spec(value: str | Mapping[str, Any]) -> ExtractionSpec:
    """An ExtractionSpec from its short form or from a table.

    Short forms: ``results.csv``,
    ``results.csv:time_ms=elapsed,rows=10,unique=shape+dtype,dedupe=last,nan=drop``,
    ``pattern:loss=val loss ([0-9.]+)``, ``reader:NAME:PATH[:options]``, ``metrics``, ``stdout``. A
    metric or column whose name is an option's (``rows``) or holds ``,`` or ``+`` needs the table
    form. Raises LeadlineError (usage, ``bad-extraction-spec``) when it cannot be understood.
    """
    if isinstance(value, str):
        return _from_text(value)
    if not isinstance(value, Mapping):
        raise _bad(repr(value), "it is neither a text nor a table", "results.csv:time_ms=elapsed")
    return _from_table(value)


def replaced(spec: ExtractionSpec, **changes: Any) -> ExtractionSpec:
    """``spec`` with some fields changed."""
    import copy  # noqa: PLC0415  start-up: 0.9 ms

    made = copy.copy(spec)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def parse_pattern(text: str) -> ExtractionSpec:
    """``name=REGEX``; the value is the group called ``value``, else group 1; a group ``step`` makes
    a series."""
    name, equals, pattern = text.partition("=")
    if not equals or not name.strip() or not pattern:
        raise _bad(text, "a pattern is written name=REGEX", "pattern:loss=val loss ([0-9.eE+-]+)")
    spec = ExtractionSpec("pattern", name=name.strip(), pattern=pattern, nan="keep")
    _check_pattern(spec, text)
    return spec


def _from_text(text: str) -> ExtractionSpec:
    if text in ("metrics", "stdout"):
        return ExtractionSpec(text, nan="keep")
    if text.startswith("pattern:"):
        return parse_pattern(text[len("pattern:") :])
    table: dict[str, Any] = {"columns": {}}
    rest = text
    if text.startswith("reader:"):
        _, reader, rest = [*text.split(":", 2), ""][:3]
        table["reader"] = reader
    match = re.fullmatch(r"(?P<path>.+?)(?::(?P<options>[^:=,/]+=.*))?", rest, re.S)
    if match is None:
        raise _bad(text, "it names no file", "results.csv:time_ms=elapsed")
    path, options = match["path"], match["options"] or ""
    if not options and not _format_of(path) and _format_of(path.rpartition(":")[0]):
        path, _, options = path.rpartition(":")
    table["path"], parts = path, options.split(",") if options else []
    for part in parts:
        key, equals, value = part.partition("=")
        key, value = key.strip(), value.strip()
        if not equals or not key or not value:
            said = [(k, v) for k, _, v in (p.partition("=") for p in parts)]
            named = [f"{k}={v or k}" for k, v in said if k and (v or k not in _OPTIONS)]
            meant = text.removesuffix(options) + ",".join(named)
            raise _bad(text, f"{part!r} is not NAME=COLUMN", meant)
        target = table if key in _OPTIONS else table["columns"]
        if key in target:
            raise _bad(text, f"{key} is given twice", "results.csv:time_ms=elapsed")
        target[key] = value.split("+") if key in _LISTS else value
    return _from_table(table, text)


def _from_table(table: Mapping[str, Any], text: str = "") -> ExtractionSpec:
    text = text or repr(dict(table))
    unknown = sorted(set(map(str, table)) - _KEYS)
    if unknown:
        raise _bad(
            text, f"unknown keys: {', '.join(unknown)}; known: {', '.join(sorted(_KEYS))}", ""
        )
    path = str(table.get("path") or table.get("file") or "")
    reader, pattern = str(table.get("reader") or ""), str(table.get("pattern") or "")
    told_by = {"reader": reader, "pattern": pattern, "file": path}
    source = str(table.get("source") or next((kind for kind, said in told_by.items() if said), ""))
    if source not in SOURCES:
        raise _bad(text, f"source is one of {', '.join(SOURCES)}", "results.csv:time_ms=elapsed")
    mapping = table.get("columns", table.get("mapping", {}))
    if not isinstance(mapping, Mapping):
        mapping = {str(name): str(name) for name in _names(mapping)}
    spec = ExtractionSpec(
        source,
        path=path,
        reader=reader,
        pattern=pattern,
        name=str(table.get("name") or ""),
        format=str(table.get("format") or ""),
        mapping={str(k): str(v) for k, v in mapping.items()},
        require=_names(table.get("require", ())),
        rows=_rows(table.get("rows"), text),
        unique=_names(table.get("unique", ())),
        dedupe=str(table.get("dedupe") or "error"),
        nan=str(table.get("nan") or ("fail" if source in ("file", "reader") else "keep")),
        reduce=str(table.get("reduce") or ""),
        step=str(table.get("step") or ""),
        items=_names(table.get("items", ())),
        header=_names(table.get("header", ())),
    )
    _check(spec, text)
    return spec


def _check(spec: ExtractionSpec, text: str) -> None:
    for key, value, known in (
        ("dedupe", spec.dedupe, DEDUPE_RULES),
        ("nan", spec.nan, NAN_RULES),
        ("reduce", spec.reduce or "last", REDUCE_RULES),
    ):
        if value not in known:
            raise _bad(text, f"{key} is one of {', '.join(known)}, not {value!r}", "")
    if not all(name.strip() and column.strip() for name, column in spec.mapping.items()):
        raise _bad(text, "a metric or its column has no name", "results.csv:time_ms=elapsed")
    if spec.items:
        _check_items(spec, text)
    if spec.dedupe != "error" and not spec.unique:
        raise _bad(
            text,
            "dedupe needs unique: which columns make a row the same",
            "t.csv:unique=shape,dedupe=last",
        )
    if spec.source == "pattern":
        if not spec.name.strip():
            raise _bad(
                text, "a pattern needs the name of its metric", "pattern:loss=val loss ([0-9.]+)"
            )
        _check_pattern(spec, text)
    if spec.source in ("file", "reader") and not spec.path:
        raise _bad(text, "it names no file", "results.csv:time_ms=elapsed")
    if spec.path == OUTPUT and spec.reader not in BENCHMARKS:
        why = "what a command prints is read by the readers of benchmark tools, by patterns and as JSON lines"
        raise _bad(text, why, "reader:benchmark:-")
    if spec.source == "file":
        spec.format = spec.format or _format_of(spec.path)
        if spec.format not in FORMATS.values():
            formats = ", ".join(sorted(set(FORMATS.values())))
            raise _bad(
                text,
                f"the format of {spec.path} is not one of {formats}",
                f"{spec.path}:format=csv",
            )


def _format_of(path: str) -> str:
    """By the ending of its name; "" for one that is not known."""
    return FORMATS.get("." + path.rpartition(".")[2].lower(), "")


def _check_items(spec: ExtractionSpec, text: str) -> None:
    """An item stands once in a run, and its place in the file means nothing."""
    example = "answers.jsonl:acc=correct,items=question"
    if spec.source not in ("file", "reader"):
        raise _bad(text, "items are the rows of a file", example)
    if (
        spec.source == "reader"
        and spec.reader in BENCHMARKS
        and (spec.items != (BY_CASE,) or not spec.mapping)
    ):
        why = "the items of a benchmark's file are its cases, and the number to take of each is to be named"
        raise _bad(text, why, "reader:benchmark:b.json:time_s=mean_s,items=case")
    if spec.step:
        raise _bad(text, "items have no step: name the one or the other", example)
    if spec.unique and set(spec.unique) != set(spec.items):
        raise _bad(text, "the columns in items are those that must be unique", example)
    if spec.source == "file":
        spec.unique = spec.items
    spec.reduce = spec.reduce or "mean"
    if spec.reduce in ("first", "last"):
        raise _bad(text, f"items have no {spec.reduce} one", f"{example},reduce=mean")


def _check_pattern(spec: ExtractionSpec, text: str) -> None:
    try:
        compiled = re.compile(spec.pattern)
    except re.error as error:
        raise _bad(
            text, f"the regular expression is wrong: {error}", "pattern:loss=val loss ([0-9.]+)"
        ) from None
    if not compiled.groups:
        raise _bad(
            text,
            "the regular expression has no group that holds the value",
            "pattern:loss=val loss ([0-9.]+)",
        )


def _names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part for part in value.split("+") if part)
    return tuple(str(part) for part in (value if isinstance(value, (list, tuple)) else [value]))


def _rows(value: Any, text: str) -> tuple[int | None, int | None]:
    if value is None or value == "":
        return None, None
    if isinstance(value, int) and not isinstance(value, bool):
        return value, value
    if isinstance(value, (list, tuple)) and len(value) == 2:
        low, high = (None if bound is None else str(bound) for bound in value)
    else:
        low, dots, high = str(value).partition("..")
        if not dots:
            high = low
    if not all(
        bound is None or bound == "" or re.fullmatch(r"\d{1,12}", bound) for bound in (low, high)
    ):
        raise _bad(
            text, f"rows is a number or a range like 5..10, not {value!r}", "results.csv:rows=10"
        )
    least, most = (int(bound) if bound else None for bound in (low, high))
    if (least is None and most is None) or (
        least is not None and most is not None and least > most
    ):
        raise _bad(text, f"rows {value!r} allows no number of rows", "results.csv:rows=5..10")
    return least, most


def _bad(text: str, why: str, example: str) -> LeadlineError:
    option = f"--metrics {example!r}"
    if example.startswith("pattern:"):
        option = f"--pattern {example.removeprefix('pattern:')!r}"
    return usage(
        "bad-extraction-spec",
        f"cannot read the extraction {text!r}",
        why=why,
        do=f"leadline run {option} -- CMD" if example else [],
    )

"""What a program built with Google Benchmark writes with ``--benchmark_format=json`` or ``csv``, with
``--benchmark_out=FILE``, and what it prints.

With repetitions the aggregates are taken (``real_time_mean_s``) where the program made them, else
the median of the repetitions; a single measurement is ``real_time_s``. User counters keep their
names.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence

from leadline.adapters.extractors.benchmarks import Case, middle_of
from leadline.core.typed import Any

READS_TEXT = "else"
TABLE = re.compile(r"^name,iterations,real_time,cpu_time,time_unit,.*$", re.M)
_TITLE = re.compile(r"^Benchmark +Time +CPU +Iterations\b.*$", re.M)
_NAME = r"(?P<name>\S+(?: \S+)*)"
_PRINTED = re.compile(
    rf"{_NAME} +(?P<real>[\d.e+-]+) (?P<unit>[num]?s|%) +(?P<cpu>[\d.e+-]+) (?P=unit) +\d+(?P<rest>.*)"
)
_UNMEASURED = re.compile(rf"{_NAME} +(?P<how>ERROR OCCURRED|SKIPPED): '(?P<why>.*)'")
_COUNTER = re.compile(r"(\S+?)=([\d.e+-]+)([kMGT]?i?)(?:/s)?(?=\s|$)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
_TIMES = ("real_time", "cpu_time", "real_coefficient", "cpu_coefficient")
_ABOUT = {
    *("family_index", "per_family_instance_index", "repetitions", "repetition_index"),
    *("threads", "iterations", *_TIMES),
}
_AGGREGATES = ("mean", "median", "stddev", "cv", "BigO", "RMS")


def recognises(value: Any) -> bool:
    if isinstance(value, str):
        return bool(TABLE.search(value) or _TITLE.search(value))
    rows = value.get("benchmarks") if isinstance(value, dict) else None
    if not isinstance(rows, list) or "context" not in value:
        return False
    return all(
        isinstance(row, dict) and "name" in row and not {"runs", "stats", "states"} & {*row}
        for row in rows
    )


def cases(value: Any, path: str) -> Iterator[Case]:
    rows: list[Mapping[str, Any]]
    if isinstance(value, str):
        rows = [*(_of_csv(value) if TABLE.search(value) else _as_printed(value))]
    else:
        rows = value["benchmarks"]
    names = [_names(row, rows) for row in rows]
    groups: dict[str, list[tuple[Mapping[str, Any], str]]] = {}
    for row, (name, aggregate) in zip(rows, names, strict=True):
        groups.setdefault(name, []).append((row, aggregate))
    for name, group in groups.items():
        if ended := next(filter(None, (_ended(row) for row, _ in group)), ""):
            yield Case(name, {}, ended)
            continue
        aggregates = [(row, aggregate) for row, aggregate in group if aggregate]
        if aggregates:
            numbers: dict[str, float | None] = {}
            for row, aggregate in aggregates:
                numbers |= _numbers(row, f"_{aggregate}")
            yield Case(name, numbers)
        else:
            yield Case(name, middle_of([_numbers(row, "") for row, _ in group]))


def _of_csv(text: str) -> Iterator[dict[str, Any]]:
    """The rows as the JSON has them. Not those of a fit, whose unit they do not say, and no
    coefficient of variation: the tool scales it like a time."""
    header = TABLE.search(text)
    assert header is not None
    reader = csv.DictReader(text[header.start() :].splitlines())
    for row in reader:
        name = row["name"]
        if name.endswith(("_BigO", "_RMS", "_cv")):
            continue
        told: dict[str, Any] = {"name": name}
        for key, cell in row.items():
            if key in ("name", "label", "time_unit", "error_message"):
                told[key] = cell
            elif key == "error_occurred":
                told[key] = cell == "true"
            elif cell:
                told[key] = float(cell)
        yield told


def _as_printed(text: str) -> Iterator[dict[str, Any]]:
    """The rows as the JSON has them. A counter that is cut to thousands is left: its prefix may be of
    1000 or of 1024."""
    for line in text.splitlines():
        if found := _UNMEASURED.fullmatch(line):
            how = ("skipped", "skip_message")
            if found["how"] != "SKIPPED":
                how = ("error_occurred", "error_message")
            yield {"name": found["name"], how[0]: True, how[1]: found["why"]}
        elif found := _PRINTED.fullmatch(line):
            share = found["unit"] == "%"
            told: dict[str, Any] = {"name": found["name"], "time_unit": found["unit"]}
            for key, group in (("real_time", "real"), ("cpu_time", "cpu")):
                told[key] = float(found[group]) / 100 if share else float(found[group])
            if share:
                told["aggregate_unit"] = "percentage"
            else:
                counters = _COUNTER.findall(found["rest"])
                told |= {name: float(value) for name, value, prefix in counters if not prefix}
            yield told


def _names(row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """The benchmark that a row is of, and which of its aggregates it is. Before 1.5 only the name
    tells."""
    if "run_type" in row or "run_name" in row:
        aggregate = row["aggregate_name"] if row.get("run_type") == "aggregate" else ""
        return row.get("run_name") or row["name"], aggregate
    name, _, end = row["name"].rpartition("_")
    others = (other["name"] for other in rows if other is not row)
    if end in _AGGREGATES and any(re.match(rf"{re.escape(name)}(?:\Z|/|_)", n) for n in others):
        return name, end
    return row["name"], ""


def _ended(row: Mapping[str, Any]) -> str:
    """Why the tool has no measurement of it."""
    if row.get("error_occurred"):
        return f"the benchmark failed: {row.get('error_message') or 'no message'}"
    if row.get("skipped"):
        return f"it was skipped: {row.get('skip_message') or 'no message'}"
    return ""


def _numbers(row: Mapping[str, Any], suffix: str) -> dict[str, float | None]:
    """Times and the coefficients of a fitted complexity are in the row's unit; a share (a
    coefficient of variation, the error of the fit) is in none, and rows of early versions do not say
    that they hold one."""
    share = row.get("aggregate_unit") == "percentage" or suffix in ("_cv", "_RMS")
    factor, unit = (1.0, "") if share else (_SECONDS[row["time_unit"]], "_s")
    numbers: dict[str, float | None] = {
        f"{key}{suffix}{unit}": factor * row[key] for key in _TIMES if key in row
    }
    for key, counter in row.items():
        if (
            key not in _ABOUT
            and isinstance(counter, (int, float))
            and not isinstance(counter, bool)
        ):
            numbers[f"{key.replace('_per_second', '_per_s')}{suffix}"] = counter
    return numbers

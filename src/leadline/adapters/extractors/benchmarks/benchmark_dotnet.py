"""What BenchmarkDotNet exports as JSON: ``*-report-full.json`` (or ``-brief``, ``-full-compressed``), as
CSV: ``*-report.csv``, or the folder ``BenchmarkDotNet.Artifacts/results``. Its times become seconds."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator

from leadline.adapters.extractors.benchmarks import Case
from leadline.adapters.extractors.benchmarks.quantities import in_base, numbers_of
from leadline.core.typed import Any

READS_TEXT = "else"
_TIMES = {
    "Mean": "mean_s",
    "Median": "median_s",
    "Min": "min_s",
    "Max": "max_s",
    "StandardDeviation": "stddev_s",
    "StandardError": "stderr_s",
}
_COLUMNS = {
    "Mean": "mean_s",
    "Median": "median_s",
    "Min": "min_s",
    "Max": "max_s",
    "StdDev": "stddev_s",
    "StdErr": "stderr_s",
    "StdError": "stderr_s",
    "Allocated": "allocated_bytes_per_op",
    "Allocated Memory/Op": "allocated_bytes_per_op",
}
# characteristics of a job stand before the parameters of a benchmark, this one last
_LAST_OF_JOB = "WarmupCount"
_CSV = re.compile(r"\A(?:\"?(?:Namespace|Type)\"?[,;])*\"?Method\"?[,;].*[,;]\"?Mean\b.*$", re.M)
# as any table may have a method and a mean: that of this tool has its units or its jobs
TABLE = re.compile(
    r"\A\s*(?:\"?(?:Namespace|Type)\"?[,;])*\"?Method\"?[,;].*(?:\bAffinity\b.*[,;]\"?Mean\b|[,;]\"?Mean \[)"
)
_CELL = re.compile(r"\s*(\S*\d)\s*(\S*)\s*")
_REPORT = re.compile(r"-report(?:(?:-[a-z-]+)?\.json|\.csv)\Z")


def recognises(value: Any) -> bool:
    if isinstance(value, str):
        return bool(_CSV.match(value.lstrip()))
    rows = value.get("Benchmarks") if isinstance(value, dict) else None
    return isinstance(rows, list) and ("Title" in value or "HostEnvironmentInfo" in value)


_ABOUT = ("Job", "Runtime", "Toolchain", "Platform")


def pick(folder: str) -> Iterator[str]:
    """Of the reports of one benchmark class in several lengths the longest."""
    reports = sorted(n for n in os.listdir(folder) if _REPORT.search(n))
    reports.sort(key=lambda n: (n.endswith(".json"), "-full" in n))
    longest = {_REPORT.sub("", n): n for n in reports}
    return iter(longest.values())


def cases(value: Any, path: str) -> Iterator[Case]:
    if isinstance(value, str):
        yield from _of_csv(value.lstrip(), path)
    else:
        yield from _of_json(value)


def _of_csv(text: str, path: str) -> Iterator[Case]:
    """A row a case. The class stands in the name of the file alone, and units in cells or names."""
    separator = re.findall("[,;]", text)[0]
    reader = csv.DictReader(text.splitlines(), delimiter=separator)
    heads = list(reader.fieldnames or [])
    units = {head: head.partition(" [")[2].rstrip("]") for head in heads}
    taken = {head: ours for head in heads if (ours := _COLUMNS.get(head.partition(" [")[0]))}
    mean = [head.partition(" [")[0] for head in heads].index("Mean")
    begins = heads.index(_LAST_OF_JOB) + 1 if _LAST_OF_JOB in heads[:mean] else 1
    given = [head for head in heads[begins:mean] if head not in _ABOUT]
    rows = list(reader)
    cells = [_CELL.fullmatch(row[head] or "") for row in rows for head in taken]
    read = numbers_of([cell[1] for cell in cells if cell])
    of_file, ending, _ = os.path.basename(path).partition("-report.csv")
    for row in rows:
        names = (row.get("Namespace"), row.get("Type") or (of_file if ending else ""))
        name = ".".join(filter(None, (*names, row["Method"].strip("'"))))
        params = ", ".join(f"{head}: {row[head]}" for head in given if row[head] not in ("", "?"))
        about = {head.lower(): row[head] for head in _ABOUT if row.get(head)}
        numbers: dict[str, float | None] = {}
        for head, ours in taken.items():
            cell = _CELL.fullmatch(row[head] or "")
            value = read(cell[1]) if cell else None
            if cell and value is not None:
                unit = (units[head] or cell[2]).replace("KB", "KiB").replace("MB", "MiB")
                numbers[ours] = value * in_base(unit.replace("GB", "GiB"))[0]
        name = f"{name}({params})" if params else name
        if numbers.get("mean_s") is None:
            yield Case(name, {}, "BenchmarkDotNet has no mean of it: it failed", about)
        else:
            yield Case(name, numbers, "", about)


def _of_json(value: Any) -> Iterator[Case]:
    for row in value["Benchmarks"]:
        name = row.get("FullName")
        if not name:  # before 0.10
            given = f"({row['Parameters']})" if row.get("Parameters") else ""
            name = (
                ".".join(row[key] for key in ("Namespace", "Type", "Method") if row.get(key))
                + given
            )
        told = str(row.get("DisplayInfo") or row.get("ShortInfo") or "")
        about = {"job": told.partition(": ")[2].partition(" [")[0]}
        statistics = row.get("Statistics")
        if not statistics:
            yield Case(name, {}, "BenchmarkDotNet has no statistics of it: it failed", about)
            continue
        numbers: dict[str, float | None] = {
            ours: statistics[theirs] * 1e-9
            for theirs, ours in _TIMES.items()
            if theirs in statistics
        }
        numbers["mean_s"] = statistics["Mean"] * 1e-9  # without it the file is torn
        numbers["rounds"] = statistics.get("N")
        memory = row.get("Memory") or {}
        numbers["allocated_bytes_per_op"] = memory.get("BytesAllocatedPerOperation")
        yield Case(name, numbers, "", about)

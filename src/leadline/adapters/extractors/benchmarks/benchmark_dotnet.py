"""What BenchmarkDotNet exports as JSON: ``*-report-full.json`` (or ``-brief``, ``-full-compressed``),
or the folder ``BenchmarkDotNet.Artifacts/results``. It writes nanoseconds; here they are seconds."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from leadline.adapters.extractors.benchmarks import Case
from leadline.core.typed import Any

_TIMES = {
    "Mean": "mean_s",
    "Median": "median_s",
    "Min": "min_s",
    "Max": "max_s",
    "StandardDeviation": "stddev_s",
    "StandardError": "stderr_s",
}
_REPORT = re.compile(r"-report(-[a-z-]+)?\.json\Z")


def recognises(value: Any) -> bool:
    rows = value.get("Benchmarks") if isinstance(value, dict) else None
    return isinstance(rows, list) and ("Title" in value or "HostEnvironmentInfo" in value)


def pick(folder: str) -> Iterator[str]:
    """Of the reports of one benchmark class in several lengths the longest."""
    reports = sorted(n for n in os.listdir(folder) if _REPORT.search(n))
    longest = {_REPORT.sub("", n): n for n in sorted(reports, key=lambda n: "-full" in n)}
    return iter(longest.values())


def cases(value: Any, path: str) -> Iterator[Case]:
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

"""What ``pyperf ... -o FILE`` writes: values of several worker processes; warm-ups and calibration
are left out."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from leadline.adapters.extractors.benchmarks import Case
from leadline.core.typed import Any

_UNITS = {"second": "_s", "byte": "_bytes", "integer": ""}


def recognises(value: Any) -> bool:
    rows = value.get("benchmarks") if isinstance(value, dict) else None
    return isinstance(rows, list) and all(isinstance(row, dict) and "runs" in row for row in rows)


def cases(value: Any, path: str) -> Iterator[Case]:
    common = value.get("metadata") or {}
    for row in value["benchmarks"]:
        about = {**common, **(row.get("metadata") or {})}
        values = [
            float(v) for run in row["runs"] for v in run.get("values") or run.get("samples") or []
        ]
        name = str(about["name"])
        if not values:
            yield Case(name, {}, "it has no value, only calibration or warm-ups")
            continue
        unit = _UNITS.get(str(about.get("unit", "second")), "")
        numbers = {
            f"mean{unit}": statistics.fmean(values),
            f"median{unit}": statistics.median(values),
            f"min{unit}": min(values),
            f"max{unit}": max(values),
            "values": float(len(values)),
        }
        if len(values) > 1:
            numbers[f"stddev{unit}"] = statistics.stdev(values)
        yield Case(name, numbers)

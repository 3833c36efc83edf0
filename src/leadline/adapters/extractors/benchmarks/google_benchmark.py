"""What a program built with Google Benchmark writes with ``--benchmark_format=json`` or
``--benchmark_out=FILE``.

With repetitions the aggregates are taken (``real_time_mean_s``) where the program made them, else
the median of the repetitions; a single measurement is ``real_time_s``. User counters keep their
names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from leadline.adapters.extractors.benchmarks import Case
from leadline.core.typed import Any

_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
_ABOUT = {
    *("family_index", "per_family_instance_index", "repetitions", "repetition_index"),
    *("threads", "iterations", "real_time", "cpu_time"),
}


def recognises(value: Any) -> bool:
    rows = value.get("benchmarks") if isinstance(value, dict) else None
    if not isinstance(rows, list) or "context" not in value:
        return False
    return all(isinstance(row, dict) and ("run_name" in row or "real_time" in row) for row in rows)


def cases(value: Any, path: str) -> Iterator[Case]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in value["benchmarks"]:
        groups.setdefault(row.get("run_name") or row["name"], []).append(row)
    for name, rows in groups.items():
        wrong = [row for row in rows if row.get("error_occurred")]
        if wrong:
            yield Case(
                name,
                {},
                f"the benchmark failed: {wrong[0].get('error_message') or 'no message'}",
                True,
            )
            continue
        aggregates = [row for row in rows if row.get("run_type") == "aggregate"]
        if aggregates:
            numbers: dict[str, float | None] = {}
            for row in aggregates:
                fraction = row.get("aggregate_unit") == "percentage"
                numbers |= _numbers(row, f"_{row['aggregate_name']}", fraction)
            yield Case(name, numbers)
        else:
            repeated = [_numbers(row, "", False) for row in rows]
            yield Case(
                name, {key: _median([n[key] for n in repeated if key in n]) for key in repeated[0]}
            )


def _numbers(row: Mapping[str, Any], suffix: str, fraction: bool) -> dict[str, float | None]:
    factor, unit = (1.0, "") if fraction else (_SECONDS[row["time_unit"]], "_s")
    numbers: dict[str, float | None] = {
        f"{key}{suffix}{unit}": factor * row[key] for key in ("real_time", "cpu_time") if key in row
    }
    for key, counter in row.items():
        if (
            key not in _ABOUT
            and isinstance(counter, (int, float))
            and not isinstance(counter, bool)
        ):
            numbers[f"{key.replace('_per_second', '_per_s')}{suffix}"] = counter
    return numbers


def _median(values: list[float | None]) -> float | None:
    known = sorted(v for v in values if v is not None)
    if not known:
        return None
    return (known[(len(known) - 1) // 2] + known[len(known) // 2]) / 2

"""What JMH writes with ``-rf json -rff FILE``, and what follows its form (kotlinx-benchmark).

The score is ``score_s`` where the mode measures time and ``score_ops_per_s`` where it counts; what
profilers add keeps its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from leadline.adapters.extractors.benchmarks import Case
from leadline.adapters.extractors.benchmarks.quantities import in_base
from leadline.core.typed import Any

_PERCENTILES = ("50.0", "90.0", "99.0", "99.9")


def recognises(value: Any) -> bool:
    return (
        isinstance(value, list)
        and value != []
        and all(
            isinstance(row, dict) and "benchmark" in row and "primaryMetric" in row for row in value
        )
    )


def cases(value: Any, path: str) -> Iterator[Case]:
    for row in value:
        given = ",".join(f"{key}={held}" for key, held in (row.get("params") or {}).items())
        primary = row["primaryMetric"]
        numbers = _numbers("score", primary)
        if row.get("mode") == "sample":
            factor, suffix = in_base(primary["scoreUnit"])
            for percentile in _PERCENTILES:
                held = (primary.get("scorePercentiles") or {}).get(percentile)
                name = f"score_p{percentile.removesuffix('.0')}{suffix}"
                numbers[name] = None if held is None else float(held) * factor
        for name, told in (row.get("secondaryMetrics") or {}).items():
            numbers |= _numbers(name.lstrip("\u00b7\u2027"), told)
        numbers = {name: number for name, number in numbers.items() if number is not None}
        about = {key: str(row[key]) for key in ("mode", "threads", "jvm", "forks") if key in row}
        failed = "" if numbers else "JMH has no score of it: it failed"
        yield Case(
            f"{row['benchmark']}[{given}]" if given else row["benchmark"], numbers, failed, about
        )


def _numbers(name: str, told: Mapping[str, Any]) -> dict[str, float | None]:
    """JMH writes what it does not know as the text NaN. Its megabytes are 2**20 bytes."""
    factor, suffix = in_base(told.get("scoreUnit", "").replace("MB", "MiB"))
    found = {f"{name}{suffix}": told["score"], f"{name}_error{suffix}": told.get("scoreError")}
    return {
        key: None if held in (None, "NaN") else float(held) * factor for key, held in found.items()
    }

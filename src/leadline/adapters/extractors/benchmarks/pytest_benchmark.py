"""What ``pytest --benchmark-json=FILE`` writes. Times in seconds, ``ops`` in calls a second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from leadline.adapters.extractors.benchmarks import Case
from leadline.core.typed import Any

_TIMES = ("mean", "median", "min", "max", "stddev", "iqr")


def recognises(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and "machine_info" in value
        and isinstance(value.get("benchmarks"), list)
    )


def cases(value: Any, path: str) -> Iterator[Case]:
    names = Counter(row["name"] for row in value["benchmarks"])
    for row in value["benchmarks"]:
        stats = row["stats"]
        numbers = {f"{name}_s": stats.get(name) for name in _TIMES}
        numbers |= {"ops_per_s": stats.get("ops"), "rounds": stats.get("rounds")}
        yield Case(row["name"] if names[row["name"]] == 1 else row["fullname"], numbers)

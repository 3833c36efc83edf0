"""What ``hyperfine --export-json FILE`` writes: one case a command. Its runs are samples of one
run, not repeats."""

from __future__ import annotations

from collections.abc import Iterator

from leadline.adapters.extractors.benchmarks import Case
from leadline.core.typed import Any

_TIMES = ("mean", "median", "min", "max", "stddev", "user", "system")


def recognises(value: Any) -> bool:
    rows = value.get("results") if isinstance(value, dict) else None
    return isinstance(rows, list) and all(
        isinstance(row, dict) and "command" in row for row in rows
    )


def cases(value: Any, path: str) -> Iterator[Case]:
    for row in value["results"]:
        failed = sum(code != 0 for code in row.get("exit_codes") or [])
        numbers = {f"{name}_s": row.get(name) for name in _TIMES} | {
            "rounds": len(row.get("times") or [])
        }
        numbers["failed_rounds"] = failed or None
        numbers["mean_s"] = row["mean"]  # without it the file is torn
        yield Case(row["command"], numbers)

"""What ``hyperfine --export-json FILE`` writes, or ``--export-csv``: one case a command. Its runs are
samples of one run, not repeats."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from leadline.adapters.extractors.benchmarks import Case
from leadline.core.typed import Any

READS_TEXT = "else"
_GIVEN = "parameter_"  # before the name of one, in the CSV
TABLE = re.compile(r"\A\s*command,mean,stddev,median,user,system,min,max\b")
_TIMES = ("mean", "median", "min", "max", "stddev", "user", "system")


def recognises(value: Any) -> bool:
    if isinstance(value, str):
        return bool(TABLE.match(value))
    rows = value.get("results") if isinstance(value, dict) else None
    return isinstance(rows, list) and all(
        isinstance(row, dict) and "command" in row for row in rows
    )


def cases(value: Any, path: str) -> Iterator[Case]:
    for row in _of_csv(value) if isinstance(value, str) else value["results"]:
        codes = row.get("exit_codes") or []
        failed = sum(code != 0 for code in codes)
        numbers = {f"{name}_s": row.get(name) for name in _TIMES} | {
            "rounds": len(row.get("times") or []) or None
        }
        numbers["failed_rounds"] = failed or None
        numbers["mean_s"] = row["mean"]  # without it the file is torn
        memory = [held for held in row.get("memory_usage_byte") or [] if held]
        numbers["memory_max_bytes"] = max(memory, default=None)
        trouble = f"{failed} of {len(codes)} rounds ended with another exit code than 0"
        given = row.get("parameters") or {}
        if row.get("parameter") is not None:  # before 1.12
            given = {"parameter": row["parameter"]}
        name, unsaid = row["command"], {key: str(v) for key, v in given.items()}
        if any(not re.search(rf"(?<!\w){re.escape(v)}(?!\w)", name) for v in unsaid.values()):
            # They stand in what prepares the command only, or the command has a name of its own.
            name += f"[{','.join(f'{key}={v}' for key, v in unsaid.items())}]"
        yield Case(name, numbers, trouble if failed else "", unsaid)


def _of_csv(text: str) -> Iterator[dict[str, Any]]:
    """The rows as the JSON has them."""
    for row in csv.DictReader(text.lstrip().splitlines()):
        told: dict[str, Any] = {name: float(row[name]) for name in _TIMES if row[name]}
        given = {name.removeprefix(_GIVEN): row[name] for name in row if name[:10] == _GIVEN}
        yield {**told, "command": row["command"], "parameters": given}

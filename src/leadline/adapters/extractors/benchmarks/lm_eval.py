"""What lm-evaluation-harness writes with ``--output_path``: ``results_DATE.json``, or the folder it
lies in.

``TASK.acc`` for a metric without a filter, ``TASK.exact_match.strict-match`` with one; ``n`` is the
number of items.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from leadline.adapters.extractors.benchmarks import Case
from leadline.core.typed import Any


def recognises(value: Any) -> bool:
    results = value.get("results") if isinstance(value, dict) else None
    if not isinstance(results, dict) or "result_columns" in value:
        return False
    return all(isinstance(row, dict) for row in results.values()) and (
        "versions" in value or "config" in value
    )


def pick(folder: str) -> Iterator[str]:
    for where, _, names in os.walk(folder):
        for name in names:
            if name.startswith("results") and name.endswith(".json"):
                yield os.path.relpath(os.path.join(where, name), folder)


def cases(value: Any, path: str) -> Iterator[Case]:
    counts = value.get("n-samples") or {}
    for task, row in value["results"].items():
        numbers: dict[str, float | None] = {}
        for key, number in row.items():
            if isinstance(number, (int, float)) and not isinstance(number, bool):
                metric, _, filtered = key.partition(",")
                numbers[metric if filtered in ("", "none") else f"{metric}.{filtered}"] = number
        if isinstance(counts.get(task), dict):
            numbers["n"] = counts[task].get("effective")
        yield Case(task, numbers, "" if numbers else "it has no number")

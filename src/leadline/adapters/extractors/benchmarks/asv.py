"""A result file of airspeed velocity: ``.asv/results/MACHINE/COMMIT-ENVIRONMENT.json``, or the
machine's folder; of version 2 and of version 1 (before 0.5).

The unit of a benchmark is in ``benchmarks.json`` one folder up; without it, the name says
(``time_``, ``mem_``).
"""

from __future__ import annotations

import itertools
import json
import math
import os
from collections.abc import Iterator

from leadline.adapters.extractors.benchmarks import Case
from leadline.core.typed import Any

_BY_NAME = {"time": "_s", "timeraw": "_s", "mem": "_bytes", "peakmem": "_bytes"}
_SPREADS = ("stats_q_25", "stats_q_75", "stats_ci_99_a", "stats_ci_99_b")
_FAILED = "asv has no result of it: it failed"
_SKIPPED = "asv skipped it"
_SUFFIX = {"seconds": "_s", "bytes": "_bytes", "unit": "", "": ""}


def recognises(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("results"), dict):
        return False
    return "result_columns" in value or ("commit_hash" in value and "python" in value)


def pick(folder: str) -> Iterator[str]:
    return (
        n
        for n in os.listdir(folder)
        if n.endswith(".json") and n not in ("machine.json", "benchmarks.json")
    )


def cases(value: Any, path: str) -> Iterator[Case]:
    units = _units(path)
    for name, row in value["results"].items():
        told = _columns(row, value.get("result_columns"))
        results = told["result"]
        parameters = list(itertools.product(*(told.get("params") or [])))
        if results is None:
            yield Case(name, {}, _FAILED)
            continue
        metric = "value" + units.get(
            name, _BY_NAME.get(name.rpartition(".")[2].partition("_")[0], "")
        )
        for at, number in enumerate(results):
            given = ",".join(map(str, parameters[at])) if at < len(parameters) else ""
            shown = f"{name}({given})" if given else name
            if number is None or number != number:
                yield Case(shown, {}, _FAILED if number is None else _SKIPPED)
                continue
            numbers: dict[str, float | None] = {metric: number}
            for column in _SPREADS:
                spread = told.get(column)
                if spread is not None and at < len(spread) and math.isfinite(spread[at] or 0.0):
                    numbers[metric.replace("value", column.removeprefix("stats_"), 1)] = spread[at]
            yield Case(shown, numbers)


def _columns(row: Any, names: Any) -> dict[str, Any]:
    """A row of version 2 by its columns; in version 1 it is a number, or keys of its own."""
    if names is not None:
        return dict(zip(names, row, strict=False))
    if not isinstance(row, dict):
        return {"result": None if row is None else [row]}
    stats = [told or {} for told in row.get("stats") or []]
    ends = {f"stats_{end}": [told.get(end) for told in stats] for end in ("q_25", "q_75")}
    for at, end in enumerate(("stats_ci_99_a", "stats_ci_99_b")):
        ends[end] = [(told.get("ci_99") or [None, None])[at] for told in stats]
    return {"result": row["result"], "params": row.get("params"), **ends}


def _units(path: str) -> dict[str, str]:
    try:
        with open(
            os.path.join(os.path.dirname(os.path.dirname(path)), "benchmarks.json"),
            encoding="utf-8",
        ) as file:
            told = json.load(file)
        return {
            n: _SUFFIX.get(str(b.get("unit", "")), "")
            for n, b in told.items()
            if isinstance(b, dict)
        }
    except (OSError, ValueError, AttributeError):
        return {}

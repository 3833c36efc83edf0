"""A result file of airspeed velocity: ``.asv/results/MACHINE/COMMIT-ENVIRONMENT.json``, or the
machine's folder.

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

_BY_NAME = {"time": "_s", "mem": "_bytes", "peakmem": "_bytes"}
_SUFFIX = {"seconds": "_s", "bytes": "_bytes", "unit": "", "": ""}


def recognises(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("results"), dict)
        and "result_columns" in value
    )


def pick(folder: str) -> Iterator[str]:
    return (
        n
        for n in os.listdir(folder)
        if n.endswith(".json") and n not in ("machine.json", "benchmarks.json")
    )


def cases(value: Any, path: str) -> Iterator[Case]:
    columns, units = value["result_columns"], _units(path)
    for name, row in value["results"].items():
        told = dict(zip(columns, row, strict=False))
        results = told["result"]
        parameters = list(itertools.product(*(told.get("params") or [])))
        if results is None:
            yield Case(name, {}, "asv has no result of it: it failed or was skipped")
            continue
        metric = "value" + units.get(
            name, _BY_NAME.get(name.rpartition(".")[2].partition("_")[0], "")
        )
        for at, number in enumerate(results):
            given = ",".join(map(str, parameters[at])) if at < len(parameters) else ""
            shown = f"{name}({given})" if given else name
            if number is None:
                yield Case(shown, {}, "asv has no result of it: it failed or was skipped")
                continue
            numbers: dict[str, float | None] = {metric: number}
            for column in ("stats_q_25", "stats_q_75", "stats_ci_99_a", "stats_ci_99_b"):
                spread = told.get(column)
                if spread is not None and at < len(spread) and math.isfinite(spread[at] or 0.0):
                    numbers[metric.replace("value", column.removeprefix("stats_"), 1)] = spread[at]
            yield Case(shown, numbers)


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

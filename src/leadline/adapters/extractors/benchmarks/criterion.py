"""What criterion.rs keeps under ``target/criterion``: ``estimates.json`` of a benchmark, or the
folder of all of them.

Criterion writes nanoseconds; here they are seconds. The name is the folder's path below
``criterion``.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping

from leadline.adapters.extractors.benchmarks import Case
from leadline.core.typed import Any

_ESTIMATES = ("mean", "median", "slope", "std_dev", "median_abs_dev")


def recognises(value: Any) -> bool:
    mean = _snake_case(value).get("mean") if isinstance(value, dict) else None
    return isinstance(mean, dict) and "point_estimate" in mean


def _snake_case(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Before 0.3 the estimates were called ``Mean`` and ``StdDev``."""
    return {re.sub(r"(?<!^)(?=[A-Z])", "_", key).lower(): held for key, held in value.items()}


def pick(folder: str) -> Iterator[str]:
    for where, _, names in os.walk(folder):
        if "estimates.json" in names and os.path.basename(where) == "new":
            yield os.path.relpath(os.path.join(where, "estimates.json"), folder)


def cases(value: Any, path: str) -> Iterator[Case]:
    value, numbers = _snake_case(value), dict[str, float | None]()
    for name in _ESTIMATES:
        estimate = value.get(name)
        if estimate is not None:
            numbers[f"{name}_s"] = estimate["point_estimate"] * 1e-9
    bounds = value["mean"]["confidence_interval"]
    numbers["mean_low_s"], numbers["mean_high_s"] = (
        bounds[k] * 1e-9 for k in ("lower_bound", "upper_bound")
    )
    told = _beside(path)
    for unit, amount in (told.get("throughput") or {}).items():
        if isinstance(amount, (int, float)) and value["mean"]["point_estimate"]:
            numbers[f"{unit.lower()}_per_s"] = amount / (value["mean"]["point_estimate"] * 1e-9)
    yield Case(str(told.get("full_id") or _name_from(path)), numbers)


def _beside(path: str) -> Mapping[str, Any]:
    try:
        with open(os.path.join(os.path.dirname(path), "benchmark.json"), encoding="utf-8") as file:
            told = json.load(file)
        return told if isinstance(told, dict) else {}
    except (OSError, ValueError):
        return {}


def _name_from(path: str) -> str:
    parts = os.path.dirname(os.path.abspath(path)).split(os.sep)
    if parts[-1] in ("new", "base"):
        parts.pop()
    return "/".join(parts[parts.index("criterion") + 1 :]) if "criterion" in parts else parts[-1]

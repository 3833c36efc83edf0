"""What k6 writes with ``--summary-export=FILE``, what ``handleSummary`` is given, and every sample as
``--out json=FILE`` has it. Its times are milliseconds; here they are seconds."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping

from leadline.adapters.extractors.benchmarks import Case
from leadline.core.canonical import object_in
from leadline.core.typed import Any

READS_TEXT = "else"
# --summary-export does not say which of its metrics are times: those of k6 itself are known.
_TIMES = re.compile(
    r"(?:http_req_(?!failed)\w+|(?:iteration|group|grpc_req|ws_session)_duration|ws_(?:connecting|ping)|"
    r"browser_(?:http_req_duration|web_vital_(?!cls)\w+))(?:\{.*\})?\Z"
)
_DATA = re.compile(r"data_(?:sent|received)(?:\{.*\})?\Z")


def recognises(value: Any) -> bool:
    if isinstance(value, str):
        first = object_in(value.lstrip().partition("\n")[0])
        return first.get("type") in ("Metric", "Point") and "metric" in first
    metrics = value.get("metrics") if isinstance(value, dict) else None
    if not isinstance(metrics, dict) or not (
        "root_group" in value or "iterations" in metrics or "vus" in metrics
    ):
        return False
    return all(isinstance(told, dict) for told in metrics.values())


def cases(value: Any, path: str) -> Iterator[Case]:
    metrics = _of_samples(value) if isinstance(value, str) else value["metrics"]
    asked = _held(metrics.get("http_reqs", {})).get("count")
    for name, told in metrics.items():
        held, contains = _held(told), told.get("contains", "")
        if name.startswith("http_req_") and "med" in held and not asked:
            yield Case(name, {}, "k6 made no request, so that it has no sample of it")
            continue
        factor, unit = 1.0, ""
        if contains == "time" or (not contains and _TIMES.match(name)):
            factor, unit = 1e-3, "_s"
        elif contains == "data" or (not contains and _DATA.match(name)):
            unit = "_bytes"
        numbers: dict[str, float | None] = {}
        for key, number in held.items():
            if isinstance(number, (int, float)) and not isinstance(number, bool):
                key = key.replace("p(", "p").replace(")", "")
                if key == "rate" and "count" in held:
                    numbers[f"rate{unit}_per_s"] = number
                elif key in ("passes", "fails") or (key == "count" and not unit):
                    numbers[key] = number
                else:
                    numbers[f"{key}{unit}"] = number * factor
        missed = [
            rule for rule, verdict in (told.get("thresholds") or {}).items() if _is_missed(verdict)
        ]
        yield Case(name, numbers, f"the threshold {', '.join(missed)} was missed" if missed else "")


def _of_samples(text: str) -> dict[str, Any]:
    """The metrics of a stream of samples, in the layout of a summary."""
    metrics, samples = dict[str, Any](), dict[str, list[float]]()
    for line in filter(str.strip, text.splitlines()):
        told = json.loads(line)
        if told["type"] == "Metric":
            about = told["data"]
            metrics[told["metric"]] = {"type": about["type"], "contains": about.get("contains", "")}
        elif told["type"] == "Point":
            samples.setdefault(told["metric"], []).append(float(told["data"]["value"]))
    for name, values in samples.items():
        metrics[name]["values"] = _summary(metrics[name]["type"], values)
    return {name: told for name, told in metrics.items() if "values" in told}


def _summary(kind: str, values: list[float]) -> dict[str, float]:
    if kind == "counter":
        return {"count": math.fsum(values)}
    if kind == "gauge":
        return {"value": values[-1], "min": min(values), "max": max(values)}
    if kind == "rate":
        passed = sum(map(bool, values))
        return {"rate": passed / len(values), "passes": passed, "fails": len(values) - passed}
    ordered = sorted(values)
    shares = {"med": 0.5, "p(90)": 0.9, "p(95)": 0.95}
    found = {"avg": math.fsum(values) / len(values), "min": ordered[0], "max": ordered[-1]}
    return found | {name: _quantile(ordered, share) for name, share in shares.items()}


def _quantile(ordered: list[float], share: float) -> float:
    """Between two samples on the line between them, as k6 has it."""
    place = share * (len(ordered) - 1)
    below = ordered[math.floor(place)]
    return below + (ordered[math.ceil(place)] - below) * (place - math.floor(place))


def _held(told: Mapping[str, Any]) -> Mapping[str, Any]:
    values: Mapping[str, Any] = told.get("values", told)
    return {key: held for key, held in values.items() if key != "thresholds"}


def _is_missed(verdict: Any) -> bool:
    """In the older layout a bare true says that a threshold was crossed."""
    return not verdict.get("ok", True) if isinstance(verdict, dict) else verdict is True

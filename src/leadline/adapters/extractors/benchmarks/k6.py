"""What k6 writes with ``--summary-export=FILE``, and what ``handleSummary`` is given. Its times are
milliseconds; here they are seconds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from leadline.adapters.extractors.benchmarks import Case
from leadline.core.typed import Any

# --summary-export does not say which of its metrics are times: those of k6 itself are known.
_TIMES = re.compile(
    r"(?:http_req_(?!failed)\w+|(?:iteration|group|grpc_req|ws_session)_duration|ws_(?:connecting|ping)|"
    r"browser_(?:http_req_duration|web_vital_(?!cls)\w+))(?:\{.*\})?\Z"
)
_DATA = re.compile(r"data_(?:sent|received)(?:\{.*\})?\Z")


def recognises(value: Any) -> bool:
    metrics = value.get("metrics") if isinstance(value, dict) else None
    if not isinstance(metrics, dict) or not (
        "root_group" in value or "iterations" in metrics or "vus" in metrics
    ):
        return False
    return all(isinstance(told, dict) for told in metrics.values())


def cases(value: Any, path: str) -> Iterator[Case]:
    metrics = value["metrics"]
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


def _held(told: Mapping[str, Any]) -> Mapping[str, Any]:
    values: Mapping[str, Any] = told.get("values", told)
    return {key: held for key, held in values.items() if key != "thresholds"}


def _is_missed(verdict: Any) -> bool:
    """In the older layout a bare true says that a threshold was crossed."""
    return not verdict.get("ok", True) if isinstance(verdict, dict) else verdict is True

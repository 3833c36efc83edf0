"""What ``fio --output-format=json`` writes, also ``json+`` and amid what fio prints, of fio 2 and 3: one
case a job and direction. Seconds and bytes, whatever the version's unit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from leadline.adapters.extractors.benchmarks import Case
from leadline.core.typed import Any

READS_TEXT = "else"
_MARK = '"fio version"'
_SIDES = ("read", "write", "trim", "mixed")
_OF_ALL = ("mean", "min", "max", "stddev")
_SHARES = {"50": "p50", "90": "p90", "95": "p95", "99": "p99", "99.9": "p99.9", "99.99": "p99.99"}


def recognises(value: Any) -> bool:
    if isinstance(value, str):
        return _MARK in value
    return isinstance(value, dict) and "fio version" in value


def cases(value: Any, path: str) -> Iterator[Case]:
    told = _amid(value) if isinstance(value, str) else value
    for number, job in enumerate(told.get("jobs") or told["client_stats"], 1):
        name = str(job["jobname"])
        about = {"host": str(job.get("hostname") or ""), "job": str(number)}
        if job.get("error"):
            yield Case(name, {}, f"fio ended it with error {job['error']}", about)
            continue
        done = [side for side in _SIDES if (job.get(side) or {}).get("runtime")]
        for side in done:
            yield Case(f"{name}[{side}]", _numbers(job[side]), "", about)
        if not done:
            yield Case(name, {}, "fio measured nothing in it", about)


def _amid(text: str) -> Any:
    """The last object, which says how it ended, in what fio printed before and behind it."""
    return json.JSONDecoder().raw_decode(text, text.rindex("{", 0, text.rindex(_MARK)))[0]


def _numbers(told: Mapping[str, Any]) -> dict[str, float | None]:
    """Before version 3 rates are in KiB and latencies in microseconds."""
    numbers: dict[str, float | None] = {
        "iops": told["iops"],
        "bytes_per_s": told["bw_bytes"] if "bw_bytes" in told else told["bw"] * 1024,
        "ios": told.get("total_ios"),
        "runtime_s": told["runtime"] / 1000,
    }
    for kind in ("slat", "clat", "lat"):
        held, factor = told.get(f"{kind}_ns"), 1e-9
        if held is None:
            held, factor = told.get(kind) or {}, 1e-6
        if held.get("max"):
            numbers |= {f"{kind}_{name}_s": held[name] * factor for name in _OF_ALL}
        for share, taken in (held.get("percentile") or {}).items():
            if ours := _SHARES.get(f"{float(share):g}"):
                numbers[f"{kind}_{ours}_s"] = taken * factor
    return numbers

"""What ``iperf3 -J`` writes, also with ``--json-stream``, and the sums that it prints: one case, by
direction. Rates are in bits a second, as iperf3 has them."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Iterator, Mapping

from leadline.adapters.extractors.benchmarks import Case
from leadline.adapters.extractors.benchmarks.quantities import scale
from leadline.core.typed import Any

READS_TEXT = "else"
_SUMS = {"sum_sent": "sent", "sum_received": "received", "sum": ""}
_BACK = "_bidir_reverse"
_EVENT = re.compile(r'^\{"event":"(start|end|error)","data":(.*)\}$', re.M)
_PRINTED = re.compile(
    r"^\[ *(SUM|\d+)\](?:\[[TR]X-[CS]\])? +[\d.]+-[\d.]+ +sec +[\d.]+ \wBytes +([\d.]+) ([KMGT]?)bits/sec"
    r"(?: +(\d+))? .*?(sender|receiver)[ \t]*$",
    re.M,
)


def recognises(value: Any) -> bool:
    if isinstance(value, str):
        return bool(_EVENT.search(value) or _PRINTED.search(value))
    return isinstance(value, dict) and {"start", "intervals", "end"} <= value.keys()


def cases(value: Any, path: str) -> Iterator[Case]:
    if isinstance(value, str):
        events = {event: json.loads(data) for event, data in _EVENT.findall(value)}
        if not events:
            yield _printed(value)
            return
        value = events
    numbers = _numbers(value.get("end") or {})
    if error := value.get("error"):
        yield Case("", numbers, f"iperf3 ended with: {error}")
    else:
        yield Case("", numbers, "" if numbers else "iperf3 has no sum of it")


def _numbers(end: Mapping[str, Any]) -> dict[str, float | None]:
    numbers: dict[str, float | None] = {}
    for key, held in end.items():
        side = _SUMS.get(key.removesuffix(_BACK))
        if side is None or not isinstance(held, dict):
            continue
        begin = f"{side}_" if side else ""
        back = "_reverse" if key.endswith(_BACK) else ""
        numbers[f"{begin}bits_per_s{back}"] = held["bits_per_second"]
        numbers[f"{begin}bytes{back}"] = held["bytes"]
        for name in ("retransmits", "packets", "lost_packets", "lost_percent"):
            if name in held:
                numbers.setdefault(f"{name}{back}", held[name])
        if "jitter_ms" in held and (held["jitter_ms"] or side != "sent"):
            numbers[f"jitter_s{back}"] = held["jitter_ms"] * 1e-3
    ends = [stream.get("sender") or {} for stream in end.get("streams") or []]
    if rtts := [told["mean_rtt"] for told in ends if told.get("mean_rtt")]:
        numbers["rtt_mean_s"] = statistics.fmean(rtts) * 1e-6
    for side in ("host", "remote"):
        if (said := (end.get("cpu_utilization_percent") or {}).get(f"{side}_total")) is not None:
            numbers[f"{side}_cpu_percent"] = said
    return numbers


def _printed(text: str) -> Case:
    rows = _PRINTED.findall(text)
    sums = [row for row in rows if row[0] == "SUM"] or rows
    numbers: dict[str, float | None] = {}
    for _, rate, prefix, again, side in sums:
        name = {"sender": "sent", "receiver": "received"}[side]
        if f"{name}_bits_per_s" in numbers:
            raise ValueError("it holds several runs, or both ways: write it by -J")
        numbers[f"{name}_bits_per_s"] = float(rate) * scale(prefix)
        if again and side == "sender":
            numbers["retransmits"] = float(again)
    return Case("", numbers)

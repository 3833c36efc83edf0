"""What ``sysbench`` prints, of sysbench 0.4 to 1.1: one case a run. Times are in seconds, amounts in
bytes. A latency that it rounds to 0.00 ms is none."""

from __future__ import annotations

import re
from collections.abc import Iterator

from leadline.adapters.extractors.benchmarks import Case, in_turn

READS_TEXT = True
_END = re.compile(r"^[ \t]*Threads fairness:", re.M)
_TESTS = {
    "CPU speed:": "cpu",
    "memory speed test": "memory",
    "MiB transferred": "memory",
    "File operations:": "fileio",
    "SQL statistics:": "sql",
    "OLTP test statistics:": "sql",
}
_OPTION = re.compile(
    r"^[ \t]*(Number of threads|block size|operation|Prime numbers limit): +(\S+)", re.M
)
_RATE = re.compile(r"^[ \t]*([a-zA-Z/ ]+): +\d+ +\(([\d.]+) per sec", re.M)
_VALUE = re.compile(r"^[ \t]*(\w[\w/,. ()]*?): +([\d.]+)(?:s|ms)?[ \t]*$", re.M)
_MOVED = re.compile(r"^[ \t]*[\d.]+ Mi?B transferred \(([\d.]+) Mi?B/sec\)", re.M)
_SHARE = re.compile(r"(?:approx\. +)?(\d+)(?:th)? percentile")
_NAMES = {
    "events per second": ("events_per_s", 1.0),
    "events/s (eps)": ("events_per_s", 1.0),
    "total time": ("total_s", 1.0),
    "time elapsed": ("total_s", 1.0),
    "total number of events": ("events", 1.0),
    "reads/s": ("reads_per_s", 1.0),
    "writes/s": ("writes_per_s", 1.0),
    "fsyncs/s": ("fsyncs_per_s", 1.0),
    "read, MiB/s": ("read_bytes_per_s", 2.0**20),
    "written, MiB/s": ("written_bytes_per_s", 2.0**20),
}
_LATENCIES = {"min": "min", "avg": "mean", "max": "max"}


def recognises(text: str) -> bool:
    return bool(_END.search(text)) and "events (avg/stddev):" in text


def cases(text: str, path: str) -> Iterator[Case]:
    yield from in_turn(map(_case, _END.split(text)[:-1]))


def _case(text: str) -> Case:
    about = {name.replace(" ", "_"): said for name, said in _OPTION.findall(text)}
    about["test"] = next((test for mark, test in _TESTS.items() if mark in text), "")
    numbers: dict[str, float | None] = {}
    for said, rate in _RATE.findall(text):
        numbers[f"{said.strip().lower().replace(' ', '_').replace('/', '_')}_per_s"] = float(rate)
    if "total_operations_per_s" in numbers:
        numbers["operations_per_s"] = numbers.pop("total_operations_per_s")
    if moved := _MOVED.search(text):
        numbers["bytes_per_s"] = float(moved[1]) * 2.0**20
    for said, number in _VALUE.findall(text):
        name, factor = _NAMES.get(said) or (_latency(said), 1e-3)
        if name and (float(number) or factor != 1e-3):
            numbers[name] = float(number) * factor
    if not numbers.get("events"):
        return Case("", {}, "no event was completed", about)
    return Case("", numbers, "", about)


def _latency(said: str) -> str:
    share = _SHARE.fullmatch(said)
    name = f"p{share[1]}" if share else _LATENCIES.get(said, "")
    return f"latency_{name}_s" if name else ""

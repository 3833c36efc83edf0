"""What ApacheBench (``ab``) prints: one case a run. It prints milliseconds; these are seconds."""

from __future__ import annotations

import re
from collections.abc import Iterator

from leadline.adapters.extractors.benchmarks import Case, in_turn, runs_in

READS_TEXT = True
_BEGIN = re.compile(r"^[ \t]*Concurrency Level: +(\d+)", re.M)
_PLACE = re.compile(r"^[ \t]*Document Path: +(\S+)", re.M)
_SAID = re.compile(r"^[ \t]*([A-Z][\w -]*): +([\d.]+)(?: \[?([^\s\]]+)\]?)?(?: \((.*)\))?", re.M)
_TOTAL = re.compile(r"^[ \t]*Total: +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+)", re.M)
_SHARE = re.compile(r"^[ \t]*(\d+)% +(\d+)", re.M)
_NAMES = {
    ("Time taken for tests", ""): ("total_s", 1.0),
    ("Complete requests", ""): ("requests", 1.0),
    ("Failed requests", ""): ("failed_requests", 1.0),
    ("Requests per second", "mean"): ("requests_per_s", 1.0),
    ("Time per request", "mean"): ("mean_s", 1e-3),
    ("Transfer rate", ""): ("bytes_per_s", 1024.0),
}
_WRONG = ("Failed requests", "Write errors", "Non-2xx responses")


def recognises(text: str) -> bool:
    return bool(_BEGIN.search(text)) and "Requests per second:" in text


def cases(text: str, path: str) -> Iterator[Case]:
    places = [*_PLACE.finditer(text)]
    yield from in_turn(
        _case(
            said,
            {
                "path": "".join([p[1] for p in places if p.start() < begin.start()][-1:]),
                "connections": begin[1],
            },
        )
        for begin, said in runs_in(text, _BEGIN)
    )


def _case(text: str, about: dict[str, str]) -> Case:
    numbers: dict[str, float | None] = {}
    wrong: list[str] = []
    for said, number, _, how in _SAID.findall(text):
        name, factor = _NAMES.get((said, how), ("", 1.0))
        if name:
            numbers.setdefault(name, float(number) * factor)
        if said in _WRONG and float(number):
            wrong.append(f"{said}: {number}")
    if not numbers.get("requests"):
        return Case("", {}, "no request was completed", about)
    if found := _TOTAL.search(text):
        for name, number in zip(
            ("min", "", "stddev", "median", "max"), found.groups(), strict=True
        ):
            if name:
                numbers[f"{name}_s"] = float(number) * 1e-3
    for share, number in _SHARE.findall(text):
        numbers.setdefault(f"p{share}_s", float(number) * 1e-3)
    return Case("", numbers, "; ".join(wrong), about)

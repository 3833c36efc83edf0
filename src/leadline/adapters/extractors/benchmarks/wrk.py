"""What ``wrk`` prints, and ``wrk2``: one case a run. Latencies are in seconds, whatever the unit."""

from __future__ import annotations

import re
from collections.abc import Iterator

from leadline.adapters.extractors.benchmarks import Case, in_turn, runs_in
from leadline.adapters.extractors.benchmarks.quantities import in_base, scale

READS_TEXT = True
_BEGIN = re.compile(r"^[ \t]*Running \S+ test @ (\S+)", re.M)
_OF = re.compile(r"(\d+) threads and (\d+) connections")
_LATENCY = re.compile(r"^[ \t]*Latency +(\S+) +(\S+) +(\S+) +\S+%", re.M)
_SHARE = re.compile(r"^[ \t]*(\d+(?:\.\d+)?)% +(\d\S*)[ \t]*$", re.M)
_REQUESTS = re.compile(r"^[ \t]*([\d,]+) requests in ", re.M)
_RATE = re.compile(r"^[ \t]*Requests/sec: +([\d.,]+)", re.M)
_BYTES = re.compile(r"^[ \t]*Transfer/sec: +([\d.,]+)([KMGT]?)B", re.M)
_WRONG = re.compile(r"^[ \t]*(Socket errors: .*[1-9].*|Non-2xx or 3xx responses: \d+)", re.M)
_TIME = re.compile(r"([\d.]+)(us|ms|s|m|h)")
_LONG = {"m": 60.0, "h": 3600.0}


def recognises(text: str) -> bool:
    return bool(_BEGIN.search(text) and _RATE.search(text))


def cases(text: str, path: str) -> Iterator[Case]:
    yield from in_turn(_case(begin[1], said) for begin, said in runs_in(text, _BEGIN))


def _case(url: str, text: str) -> Case:
    about = {"url": url}
    if of := _OF.search(text):
        about |= {"threads": of[1], "connections": of[2]}
    requests, rate = _REQUESTS.search(text), _RATE.search(text)
    if requests is None or rate is None:
        return Case("", {}, "wrk did not end", about)
    numbers: dict[str, float | None] = {"requests": _number(requests[1])}
    if not numbers["requests"]:
        return Case("", {}, "no request was answered", about)
    numbers["requests_per_s"] = _number(rate[1])
    if found := _BYTES.search(text):
        numbers["bytes_per_s"] = _number(found[1]) * scale(found[2], base=1024.0)
    if found := _LATENCY.search(text):
        for name, said in zip(("mean", "stdev", "max"), found.groups(), strict=True):
            numbers[f"latency_{name}_s"] = _seconds(said)
    for share, said in _SHARE.findall(text):
        numbers.setdefault(f"latency_p{float(share):g}_s", _seconds(said))
    return Case("", numbers, "; ".join(_WRONG.findall(text)), about)


def _number(said: str) -> float:
    return float(said.replace(",", ""))


def _seconds(said: str) -> float | None:
    found = _TIME.fullmatch(said)
    return float(found[1]) * (_LONG.get(found[2]) or in_base(found[2])[0]) if found else None

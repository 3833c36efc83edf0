"""What Elixir's ``Benchee`` prints: one case a job and input, with the memory and the reductions that it
has in tables of their own. Times are in seconds; its KB are 1024 bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from leadline.adapters.extractors.benchmarks import Case
from leadline.adapters.extractors.benchmarks.quantities import in_base, scale

READS_TEXT = True
_TITLE = re.compile(r"^[# ]*Name +ips +average ", re.M)
_INPUT = re.compile(r"#{5} With input (.+) #{5}")
_HEADS = {
    "time": re.compile(r"Name +ips +average "),
    "memory": re.compile(r"Name +(?:Memory usage|average .*)$"),
    "reductions": re.compile(r"Name +Reduction count$"),
}
_AMOUNT = r"([\d.]+) ?([a-zA-Z\u00b5\u03bc]*)"
_ROW = re.compile(rf"(\S.*?) +{_AMOUNT}(?: - .*| +\u00b1.*)?")
_TIMES = re.compile(rf"(\S.*?) +{_AMOUNT} +{_AMOUNT} +\u00b1([\d.]+)% +{_AMOUNT} +{_AMOUNT}")
_LONGEST = 1000  # letters of a row


def recognises(text: str) -> bool:
    return bool(_TITLE.search(text))


def cases(text: str, path: str) -> Iterator[Case]:
    found: dict[tuple[str, str], dict[str, float | None]] = {}
    given = table = ""
    for line in text.splitlines():
        said = line.removeprefix("# ").strip()
        if asked := _INPUT.fullmatch(said):
            given = asked[1]
        before = table if said else ""
        table = next((name for name, head in _HEADS.items() if head.match(said)), before)
        pattern = _TIMES if table == "time" else _ROW
        if table and (row := pattern.fullmatch(said[:_LONGEST])):
            found.setdefault((row[1], given), {}).update(_numbers(table, row))
    for (name, given), numbers in found.items():
        yield Case(name, numbers, "", {"input": given})


def _numbers(table: str, row: re.Match[str]) -> dict[str, float | None]:
    first = float(row[2])
    if table == "memory":
        return {"memory_bytes": first * scale(row[3][:-1], base=1024.0)}
    counted = first * scale(row[3], "KMBT")
    if table == "reductions":
        return {"reductions": counted}
    mean, median, share = (
        float(row[at]) * in_base({"h": "hr"}.get(row[at + 1], row[at + 1]))[0] for at in (4, 7, 9)
    )
    spread = mean * float(row[6]) / 100
    numbers = {"iterations_per_s": counted, "mean_s": mean, "stddev_s": spread}
    return {**numbers, "median_s": median, "p99_s": share}

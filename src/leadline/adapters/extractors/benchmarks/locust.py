"""The ``…_stats.csv`` that ``locust --csv`` writes, of Locust 0.x to 2: one case a request, and one of
all. It writes milliseconds; these are seconds."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from leadline.adapters.extractors.benchmarks import Case
from leadline.core.extract.written_number import number_in

READS_TEXT = True
TABLE = re.compile(r'^"?(?:Type|Method)"?,"?Name"?,"?(?:Request Count|# requests)"?,', re.M)
_NAMES = {
    "request count": ("requests", 1.0),
    "# requests": ("requests", 1.0),
    "failure count": ("failures", 1.0),
    "# failures": ("failures", 1.0),
    "median response time": ("median_s", 1e-3),
    "average response time": ("mean_s", 1e-3),
    "min response time": ("min_s", 1e-3),
    "max response time": ("max_s", 1e-3),
    "average content size": ("content_bytes", 1.0),
    "requests/s": ("requests_per_s", 1.0),
    "failures/s": ("failures_per_s", 1.0),
    "requests failed/s": ("failures_per_s", 1.0),
}
_SHARE = re.compile(r"(\d\d(?:\.\d+)?)%")


def recognises(text: str) -> bool:
    return bool(TABLE.match(text))


def cases(text: str, path: str) -> Iterator[Case]:
    for row in csv.DictReader(text.splitlines(), strict=True):
        name, (kind, *_) = row["Name"], row.values()
        about = {"method": kind or ""}
        numbers: dict[str, float | None] = {}
        for title, cell in row.items():
            share = _SHARE.fullmatch(title)
            ours, factor = _NAMES.get(title.lower(), (f"p{share[1]}_s" if share else "", 1e-3))
            value = number_in(cell)
            if ours and not isinstance(value, str):
                numbers[ours] = value * factor
        requests, failures = numbers.get("requests"), numbers.get("failures")
        if not requests:
            yield Case(name, {}, "no request was made", about)
        else:
            wrong = f"{failures:.0f} of {requests:.0f} requests failed" if failures else ""
            yield Case(name, numbers, wrong, about)

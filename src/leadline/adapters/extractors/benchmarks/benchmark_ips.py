"""What Ruby's ``benchmark-ips`` prints, and the JSON that it writes: one case a report. Of its samples the
standard deviation is told (of ``:bootstrap`` half the interval)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from leadline.adapters.extractors.benchmarks import Case
from leadline.adapters.extractors.benchmarks.quantities import scale
from leadline.core.typed import Any

READS_TEXT = "else"
_ROW = re.compile(
    r"^(.*?)(?<![\w.])([\d.]+)([kMBTQ]?) +\(\u00b1 *([\d.]+)%\) +i/s\b.*$|^(.*)$", re.M
)
_MARK = re.compile(r"\d[kMBTQ]? +\(\u00b1 *[\d.]+%\) +i/s\b")
_FIELDS = {"name", "iterations", "microseconds", "cycles"}


def recognises(value: Any) -> bool:
    if isinstance(value, str):
        return bool(_MARK.search(value))
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(row, dict) and row.keys() >= _FIELDS for row in value)
    )


def cases(value: Any, path: str) -> Iterator[Case]:
    if not isinstance(value, str):
        for row in value:
            rate = row.get("central_tendency", row.get("ips"))
            spread = row.get("error", row.get("stddev"))
            numbers = {"iterations_per_s": rate, "iterations_per_s_stddev": spread}
            yield Case(str(row["name"]), numbers)
        return
    above = ""
    for name, rate, prefix, spread, other in _ROW.findall(value):
        if not rate:
            above = other.strip("# ")
            continue
        per_s = float(rate) * scale(prefix, "kMBTQ")
        numbers = {
            "iterations_per_s": per_s,
            "iterations_per_s_stddev": per_s * float(spread) / 100,
        }
        # a long name stands on a line of its own
        yield Case(name.strip("# ") or above, numbers)

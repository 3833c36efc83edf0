"""What ``ncu --csv`` prints, one metric a row, and ``ncu --csv --page raw``, one launch a row: a case
a launch of a kernel, or with ``--print-summary`` all of one shape. ncu scales units value by value;
here they are seconds, bytes and hertz."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence

from leadline.adapters.extractors.benchmarks import Case
from leadline.adapters.extractors.benchmarks.quantities import in_base, numbers_of

READS_TEXT = True
TABLE = _HEADER = re.compile(
    r'^"ID",.*"Kernel Name"|^"(?:Kernel Name|Process ID)",.*"Metric Name"', re.M
)
_OF_SEVERAL = {"Average": "", "Minimum": "_min", "Maximum": "_max"}
_ERROR = re.compile(r"^==ERROR== (.*)", re.M)
_UNKNOWN = re.compile(r"n/a\b|.*\bnan\b|\(!\)|no data", re.I)


def recognises(text: str) -> bool:
    return bool(_HEADER.search(text) or (_ERROR.search(text) and "==PROF==" in text))


def cases(text: str, path: str) -> Iterator[Case]:
    for message in dict.fromkeys(_ERROR.findall(text)):
        yield Case("ncu", {}, f"ncu says: {message}")
    start = _HEADER.search(text)
    if start is None:
        return
    lines = [line for line in text[start.start() :].splitlines() if line[:1] == '"']
    header, *rows = csv.reader(lines)
    rows = [row for row in rows if len(row) == len(header)]
    wide = "Metric Name" not in header
    told = list(_wide(header, rows) if wide else _long(header, rows))
    read = numbers_of(value for *_, value in told)
    launches: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    for launch, kernel, metric, unit, value in told:
        launches.setdefault((launch, kernel), []).append((metric, unit, value))
    for (launch, kernel), metrics in launches.items():
        numbers: dict[str, float | None] = {}
        unknown = []
        for metric, unit, value in metrics:
            number = read(value)
            if number is not None:
                factor, suffix = in_base(unit)
                known = suffix == "_percent" and "pct" in metric
                numbers[metric if known else f"{metric}{suffix}"] = number * factor
            elif _UNKNOWN.match(value):
                unknown.append(metric)
        trouble = f"ncu has no value of {', '.join(unknown)}" if unknown else ""
        yield Case(
            kernel, numbers, trouble or ("" if numbers else "it has no number"), {"id": launch}
        )


def _long(
    header: Sequence[str], rows: Sequence[Sequence[str]]
) -> Iterator[tuple[str, str, str, str, str]]:
    for row in rows:
        told = dict(zip(header, row, strict=True))
        if not told["Metric Name"]:
            continue  # the row is a rule's
        if "Metric Value" not in told:
            shape = [told[key] for key in ("Grid Size", "Block Size") if told.get(key)]
            for column, suffix in _OF_SEVERAL.items():
                name = f"{told['Metric Name']}{suffix}"
                unit, value = told.get("Metric Unit", ""), told.get(column, "")
                yield "x".join(shape), told["Kernel Name"], name, unit, value
        else:
            yield (
                told.get("ID", ""),
                told["Kernel Name"],
                told["Metric Name"],
                told.get("Metric Unit", ""),
                told["Metric Value"],
            )


def _wide(
    header: Sequence[str], rows: Sequence[Sequence[str]]
) -> Iterator[tuple[str, str, str, str, str]]:
    """The first row holds the units."""
    units = dict(zip(header, rows[0], strict=True)) if rows and not rows[0][0] else {}
    for row in rows[bool(units) :]:
        told = dict(zip(header, row, strict=True))
        for metric, value in told.items():
            if "__" in metric and not metric.startswith("device__attribute"):
                yield told.get("ID", ""), told["Kernel Name"], metric, units.get(metric, ""), value

"""What JMH writes with ``-rf json``, ``csv`` and ``scsv``, the table that it prints, and what follows the
form of its JSON (kotlinx-benchmark).

The score is ``score_s`` where the mode measures time and ``score_ops_per_s`` where it counts; what
profilers add keeps its name.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping

from leadline.adapters.extractors.benchmarks import Case
from leadline.adapters.extractors.benchmarks.quantities import in_base
from leadline.core.extract.written_number import number_in
from leadline.core.typed import Any, NamedTuple

READS_TEXT = "else"
_PERCENTILES = ("50.0", "90.0", "99.0", "99.9")
TABLE = _CSV = re.compile(r'\A\s*"?Benchmark"?[,;]"?Mode"?[,;]"?Threads"?[,;]')
_HEAD = re.compile(
    r"^(?:.*\] )?Benchmark\s+(.*?)\s*Mode\s+(?:Cnt|Samples)\s+(?:Score|Mean)\s.*Units?\s*$", re.M
)
# score and error with or without the sign between them, which is ? where the locale has none
_LINE = re.compile(
    r"(?:.*\] )?(?P<name>\S+)\s+(?P<given>.*?)\s*(?P<mode>thrpt|avgt|sample|ss)\s+(?:\d+\s+)?"
    r"(?P<score>\u2248\s*\S+|[-\d.,]+(?:[eE][-+]?\d+)?|NaN)"
    r"(?:\s+(?:[\u00b1?]\s*)?(?:\([\d.,]+%\)\s*)?(?P<error>[\d.,]+(?:[eE][-+]?\d+)?|NaN))?\s+(?P<unit>\S+/\S+|\S+)\s*"
)


def recognises(value: Any) -> bool:
    if isinstance(value, str):
        return bool(_CSV.match(value.lstrip()) or _HEAD.search(value))
    return (
        isinstance(value, list)
        and value != []
        and all(
            isinstance(row, dict) and "benchmark" in row and "primaryMetric" in row for row in value
        )
    )


class _Row(NamedTuple):
    """A line of a table: what a profiler added has the name of its benchmark before it."""

    name: str
    given: str
    mode: str
    threads: str
    score: str
    error: str
    unit: str


def cases(value: Any, path: str) -> Iterator[Case]:
    if isinstance(value, str):
        rows = _csv_rows(value) if _CSV.match(value.lstrip()) else _printed_rows(value)
        yield from _of_rows(list(rows))
    else:
        yield from _of_json(value)


def _csv_rows(text: str) -> Iterator[_Row]:
    text = text.lstrip()
    reader = csv.DictReader(text.splitlines(), delimiter=_CSV.match(text)[0][-1])  # type: ignore[index]
    names = list(reader.fieldnames or [])
    score = "Score" if "Score" in names else "Mean"
    error = next((name for name in names if "Error" in name), "")
    for row in reader:
        params = {n.removeprefix("Param: "): row[n] for n in names if n.startswith("Param: ")}
        given = ",".join(f"{name}={held}" for name, held in params.items() if held)
        known = (row[n] or "" for n in (score, error or score, "Unit"))
        yield _Row(row["Benchmark"], given, row["Mode"], row["Threads"], *known)


def _printed_rows(text: str) -> Iterator[_Row]:
    *_, head = _HEAD.finditer(text)
    params = re.findall(r"\((\S+?)\)", head[1])
    for line in text[head.end() :].lstrip("\n").splitlines():
        if not line.strip():
            return
        found = _LINE.fullmatch(line)
        if found is None:
            raise ValueError(f"a line of its table is cut: {line.strip()[:80]}")
        values = found["given"].split()
        given = found["given"]
        if len(values) == len(params):
            given = ",".join(f"{name}={held}" for name, held in zip(params, values, strict=True))
        yield _Row(
            found["name"],
            given,
            found["mode"],
            "",
            found["score"],
            found["error"] or "",
            found["unit"],
        )


def _of_rows(rows: list[_Row]) -> Iterator[Case]:
    found: dict[tuple[str, str, str, str], dict[str, float | None]] = {}
    cut: dict[tuple[str, str, str, str], str] = {}
    for row in rows:
        name, part = re.fullmatch(r"(.*?)(?::?[\u00b7\u2027?](.+)|:(.+))?", row.name).groups()[:2]  # type: ignore[union-attr]
        part = part or row.name[len(name) :].lstrip(":")
        factor, suffix = in_base(row.unit.replace("MB", "MiB"))
        key = name, row.given, row.mode, row.threads
        numbers, said = found.setdefault(key, {}), part or "score"
        if percentile := re.search(r"(?:\A|[\u00b7?])p([01][.,]\d+)\Z", part):
            said = f"score_p{float(percentile[1].replace(',', '.')) * 100:g}"
        score, error = _number(row.score), _number(row.error)
        if score is not None:
            numbers[f"{said}{suffix}"] = score * factor
        elif row.score.startswith("\u2248"):
            cut[key] = f"JMH printed {said} as {row.score}, which is no number"
        if error is not None and row.error != row.score:
            numbers[f"{said}_error{suffix}"] = error * factor
    for key, numbers in found.items():
        name, given, mode, threads = key
        about = {"mode": mode, **({"threads": threads} if threads else {})}
        failed = cut.get(key) or ("" if numbers else "JMH has no score of it: it failed")
        yield Case(f"{name}[{given}]" if given else name, numbers, failed, about)


def _number(text: str) -> float | None:
    """JMH groups no digits: a comma is the mark of a fraction."""
    value = number_in(text.replace(",", "."))
    return float(value) if not isinstance(value, str) and value == value else None


def _of_json(value: Any) -> Iterator[Case]:
    for row in value:
        given = ",".join(f"{key}={held}" for key, held in (row.get("params") or {}).items())
        primary = row["primaryMetric"]
        numbers = _numbers("score", primary)
        if row.get("mode") == "sample":
            factor, suffix = in_base(primary["scoreUnit"])
            for percentile in _PERCENTILES:
                held = (primary.get("scorePercentiles") or {}).get(percentile)
                name = f"score_p{percentile.removesuffix('.0')}{suffix}"
                numbers[name] = None if held is None else float(held) * factor
        for name, told in (row.get("secondaryMetrics") or {}).items():
            numbers |= _numbers(name.lstrip("\u00b7\u2027"), told)
        numbers = {name: number for name, number in numbers.items() if number is not None}
        about = {key: str(row[key]) for key in ("mode", "threads", "jvm", "forks") if key in row}
        scored = any(name.startswith("score") for name in numbers)
        failed = "" if scored else "JMH has no score of it: it failed"
        yield Case(
            f"{row['benchmark']}[{given}]" if given else row["benchmark"], numbers, failed, about
        )


def _numbers(name: str, told: Mapping[str, Any]) -> dict[str, float | None]:
    """JMH writes what it does not know as the text NaN. Its megabytes are 2**20 bytes."""
    factor, suffix = in_base(told.get("scoreUnit", "").replace("MB", "MiB"))
    found = {f"{name}{suffix}": told["score"], f"{name}_error{suffix}": told.get("scoreError")}
    return {
        key: None if held in (None, "NaN") else float(held) * factor for key, held in found.items()
    }

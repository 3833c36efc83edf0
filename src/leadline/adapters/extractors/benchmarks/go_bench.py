"""What ``go test -bench`` prints, also with ``-json``. ``time_s`` is the time of one operation; what
``-count`` repeats is taken as its median."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator

from leadline.adapters.extractors.benchmarks import Case, middle_of
from leadline.adapters.extractors.benchmarks.quantities import in_base

READS_TEXT = True
# The rest of a line may stand on a later one, when the benchmark itself prints.
_RESULT = re.compile(
    r"^(Benchmark\S*)?\s+\d+\s+(-?[\d.e+-]+ \S+/\S+(?:\s.*)?)$|^(Benchmark\S*)(?:\s|$)"
)
_NAMED = {"ns/op": "time", "B/op": "", "allocs/op": "allocs_per_op", "MB/s": ""}
_AMOUNT = re.compile(r"(-?\d[\d.e+-]*)\s+(\S+)")
_ENDED = re.compile(r"--- (FAIL|SKIP): (Benchmark\S+)")
_PROCESSORS = re.compile(r"-\d+\Z")
_LOGGED = re.compile(r"\s+\S")
_JSON = re.compile(r'^\{.*"Action":"', re.M)


def recognises(text: str) -> bool:
    text = _as_printed(text)
    return bool(
        re.search(r"^Benchmark\S*\s[^\n]*\d ns/op", text, re.M)
        or re.search(r"^\s+\d+\t\s*[\d.e+-]+ ns/op", text, re.M)
        or _ENDED.search(text)
    )


def cases(text: str, path: str) -> Iterator[Case]:
    rows: dict[tuple[str, str], list[dict[str, float | None]]] = {}
    failed: dict[tuple[str, str], str] = {}
    package = pending = ""
    lines = _as_printed(text).splitlines()
    for at, line in enumerate(lines):
        if line.startswith("pkg: "):
            package = line[5:].strip()
        if ended := _ENDED.search(line):
            words = "failed" if ended[1] == "FAIL" else "was skipped"
            failed[package, ended[2]] = f"it {words}: {_reason(lines, at) or 'no reason given'}"
        elif found := _RESULT.search(line):
            pending = found[1] or found[3] or pending
            if found[2] and pending:
                rows.setdefault((package, pending), []).append(_numbers(found[2]))
    # The number of processors stands behind each name; of some only, it is part of a name.
    ends = {found[0] if (found := _PROCESSORS.search(name)) else "" for _, name in rows}
    end = ends.pop() if len(ends) == 1 else ""
    for key in {**rows, **failed}:
        name, about = key[1].removesuffix(end), {"pkg": key[0]}
        if key in rows:
            yield Case(name, middle_of(rows[key]) | {"rounds": float(len(rows[key]))}, "", about)
        if key in failed:
            yield Case(name, {}, failed[key], about)


def _numbers(said: str) -> dict[str, float | None]:
    numbers: dict[str, float | None] = {}
    for amount, unit in _AMOUNT.findall(said):
        factor, suffix = in_base(unit)
        name = _NAMED.get(unit, unit.replace("/", "_per_"))
        if unit in _NAMED:
            numbers[(name + suffix).lstrip("_")] = float(amount) * factor
        else:
            numbers[name] = float(amount)
    return numbers


def _reason(lines: list[str], at: int) -> str:
    """What stands indented below; with ``-v`` and ``-json`` it stands above."""
    below = itertools.takewhile(_LOGGED.match, lines[at + 1 :])
    above = itertools.takewhile(_LOGGED.match, reversed(lines[:at]))
    said = list(below) or list(above)[::-1]
    return " ".join(line.strip() for line in said)


def _as_printed(text: str) -> str:
    """The output of ``-json``, a line of it in several objects, as it is without."""
    if not _JSON.search(text):
        return text
    printed: dict[str, list[str]] = {}
    for line in text.splitlines():
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if isinstance(told, dict) and told.get("Action") == "output":
            package = str(told.get("Package", ""))
            printed.setdefault(package, [f"pkg: {package}\n"]).append(str(told.get("Output", "")))
    return "".join("".join(parts) for parts in printed.values())

"""What ``cargo bench`` prints: the built-in harness, as text or JSON; criterion.rs; and the messages
of ``cargo criterion --message-format=json``. Whatever their unit, times are in seconds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from leadline.adapters.extractors.benchmarks import Case
from leadline.adapters.extractors.benchmarks.quantities import in_base
from leadline.core.typed import Any

READS_TEXT = True
_BUILT_IN = re.compile(
    r"^test (.+?)\s+\.\.\. bench:\s+([\d,.]+) ([\w/]+) \(\+/- ([\d,.]+)\)(?: = ([\d,.]+) MB/s)?",
    re.M,
)
_FAILED = re.compile(r"^test (.+?)\s+\.\.\. (FAILED|ignored, )(.*)$", re.M)
_PANIC = re.compile(r"thread '.*' (?:\(\d+\) )?panicked at (?:'(.*)', \S+|.*:\n(.*))")
_CRITERION = re.compile(r"^(\S.*?)?\s+(time|thrpt):\s+\[(\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\]")
_MESSAGE = re.compile(
    r'^\s*"reason": ?"benchmark-complete"|^\{.*"reason": ?"benchmark-complete"|^\{ ?"type": ?"bench"',
    re.M,
)
_ESTIMATES = ("typical", "mean", "median", "slope", "median_abs_dev")


def recognises(text: str) -> bool:
    built_in = _BUILT_IN.search(text) or (_FAILED.search(text) and "test result:" in text)
    criterion = any(_CRITERION.match(line) for line in text.splitlines())
    return bool(built_in or _MESSAGE.search(text) or criterion)


def cases(text: str, path: str) -> Iterator[Case]:
    for name, amount, unit, spread, rate in _BUILT_IN.findall(text):
        factor, suffix = in_base(unit)
        suffix = suffix or f"_{unit.replace('/', '_per_')}"
        numbers: dict[str, float | None] = {
            f"median{suffix}": _number(amount) * factor,
            f"spread{suffix}": _number(spread) * factor,
        }
        if rate:
            numbers["bytes_per_s"] = _number(rate) * 1e6
        yield Case(name, numbers)
    for name, how, why in _FAILED.findall(text):
        told = text.partition(f"---- {name} stdout ----")[2]
        yield _without(name, "failed" if how == "FAILED" else "was ignored", why, told)
    yield from _as_criterion_prints(text)
    if _MESSAGE.search(text):
        for message in _messages(text):
            yield from _message(message)


def _as_criterion_prints(text: str) -> Iterator[Case]:
    found: dict[str, dict[str, float | None]] = {}
    name = ""
    for line in text.splitlines():
        if told := _CRITERION.match(line):
            name = told[1] or name
            for end, amount, unit in zip(
                ("_low", "", "_high"), told.groups()[2::2], told.groups()[3::2], strict=True
            ):
                factor, suffix = in_base(unit)
                key = (
                    f"estimate{end}_s"
                    if told[2] == "time"
                    else f"{suffix.lstrip('_').removesuffix('_per_s')}{end}_per_s"
                )
                found.setdefault(name, {})[key] = float(amount) * factor
        elif (
            line
            and not line[0].isspace()
            and not line.startswith(("Benchmarking", "Found ", "Gnuplot"))
        ):
            name = line.rstrip()  # too long for its line: its time is on the next
    yield from (Case(name, numbers) for name, numbers in found.items())


def _messages(text: str) -> Iterator[dict[str, Any]]:
    """One a line, or over several lines where somebody had them laid out."""
    read, at = json.JSONDecoder(), text.find("{")
    while at >= 0:
        try:
            told, end = read.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            yield told
        at = text.find("{", end)


def _message(told: Mapping[str, Any]) -> Iterator[Case]:
    if told.get("type") == "bench":
        numbers = {"median_s": told["median"] * 1e-9, "spread_s": told["deviation"] * 1e-9}
        if "mib_per_second" in told:
            numbers["bytes_per_s"] = told["mib_per_second"] * 2.0**20
        yield Case(told["name"], numbers)
    elif told.get("event") == "failed" and "name" in told:
        yield _without(told["name"], "failed", "", str(told.get("stdout") or ""))
    elif told.get("event") == "ignored" and told.get("message"):
        yield _without(told["name"], "was ignored", told["message"], "")
    elif told.get("reason") == "benchmark-complete":
        yield Case(told["id"], _estimates(told))


def _without(name: str, ended: str, why: str, printed: str) -> Case:
    """Plain tests are left out by the harness as well, without a word: only those with one are named."""
    panic = _PANIC.search(printed)
    why = why or (panic[1] or panic[2] if panic else "")
    return Case(name, {}, f"it {ended}: {why or 'no reason given'}")


def _estimates(told: Mapping[str, Any]) -> dict[str, float | None]:
    numbers: dict[str, float | None] = {}
    for name in _ESTIMATES:
        if estimate := told.get(name):
            factor, suffix = in_base(estimate.get("unit") or told.get("unit") or "ns")
            ours = "estimate" if name == "typical" else name
            for end, key in (("", "estimate"), ("_low", "lower_bound"), ("_high", "upper_bound")):
                if (held := estimate.get(key)) is not None:
                    numbers[f"{ours}{end}{suffix}"] = held * factor
    middle = numbers.get("estimate_s") or numbers.get("mean_s")
    for done in told.get("throughput") or []:
        if middle:
            numbers[f"{done['unit']}_per_s"] = done["per_iteration"] / middle
    return numbers


def _number(text: str) -> float:
    return float(text.replace(",", ""))

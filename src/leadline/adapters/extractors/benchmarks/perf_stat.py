"""What ``perf stat`` writes: as it prints, with ``-x SEP``, or with ``-j``; with ``-r``, ``-I`` and by
processor (``-A``) too. Counts of intervals are summed; an event without any count is named."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from leadline.adapters.extractors.benchmarks import Case
from leadline.adapters.extractors.benchmarks.quantities import in_base, numbers_of
from leadline.core.typed import NamedTuple

READS_TEXT = True
_TITLE = "Performance counter stats for"
_PLACES = ("cpu", "core", "socket", "die", "node", "thread")
_CLOCKS = ("task-clock", "cpu-clock")
_INTERVALS = "#           time             counts unit events"
_FIELDS = re.compile(
    r"^(?:\s*(?P<time>\d+\.\d{9})(?P<s1>[,;|\t]))?(?:(?P<who>[A-Z][\w-]*)[,;|\t](?:\d+[,;|\t](?=[\d<]))?)?"
    r"(?P<value>[\d.]+|<not (?:counted|supported)>)(?P<sep>[,;|\t])(?P<unit>[A-Za-z]*)(?P=sep)"
    r"(?P<event>[A-Za-z_][^;|\t]*?)(?:(?P=sep)[\d.]+%)?(?:(?P=sep)\d+(?P=sep)\d+\.\d+.*)$"
)
TABLE = re.compile(
    r"^(?:[^\n]*[,;|\t])?[\d.]+([,;|\t])(?:msec)?\1(?:task-clock|cpu-clock|context-switches|page-faults|"
    r"cycles|instructions|branches|cache-references|cache-misses|duration_time)(?::\w+)?\1\d",
    re.M,
)
_PRINTED = re.compile(
    r"^\s*(?:(?P<time>\d+\.\d{9})\s+)?(?:(?P<who>[A-Z][\w-]*)\s+(?:\d+\s+(?=[\d<]))?)?"
    r"(?P<value><not (?:counted|supported)>|\d[\d.,'\u00a0\u202f ]*)\s+"
    r"(?:(?P<unit>msec|nsec|sec|ns|Joules|[KMG]i?B|C|W)\s+)?(?P<event>[A-Za-z_][^\s#]*)\s*"
    r"(?:\((?P<of>msec)\)\s*)?(?:\[(?P<unit_of>[^\]%]+)\]\s*)?(?P<group>[^\s#()\[]+\s*)?"
    r"(?:[(\[].*[)\]]\s*)?(?:#.*)?$"
)
_SPAN = re.compile(r"^\s*([\d.,]+)(?:\s+\+-\s+[\d.,]+)? seconds (time elapsed|user|sys)")


class _Count(NamedTuple):
    time: str
    who: str
    value: str
    unit: str
    event: str


def recognises(text: str) -> bool:
    lines = text.splitlines()
    return (
        _TITLE in text
        or _INTERVALS in text
        or any(_FIELDS.match(line) or _in_json(line) for line in lines[:50])
    )


def cases(text: str, path: str) -> Iterator[Case]:
    """One case a command and processor; of one command without a name, so that the bare names of
    its events are enough."""
    first, *printed = re.split(rf"(?m)^\s*{_TITLE} ", text)
    parts = [(first, _INTERVALS in first), *((part, True) for part in printed)]
    told = [(part, list(_counts(part, as_printed))) for part, as_printed in parts]
    counted = [(part, counts) for part, counts in told if counts]
    for number, (part, counts) in enumerate(counted, 1):
        command = part.split("\n", 1)[0].strip(" :").strip("'")
        for case in _of_command(part, counts):
            named = f"{command} {case.name}".strip() if len(counted) > 1 else case.name
            yield case._replace(name=named, about={"at": str(number)})


def _of_command(text: str, counts: Sequence[_Count]) -> Iterator[Case]:
    """Without the command's name."""
    numbers: dict[str, dict[str, float | None]] = {}
    missing: dict[tuple[str, str], str] = {}
    found: set[tuple[str, str]] = set()
    spans = [span for line in text.splitlines() if (span := _SPAN.match(line))]
    read = numbers_of([*(count.value for count in counts), *(span[1] for span in spans)])
    for count in counts:
        of_processor = numbers.setdefault(count.who, {})
        factor, suffix = in_base(count.unit)
        value, key = read(count.value), f"{count.event}{suffix}"
        if value is None:
            missing[count.who, count.event] = count.value
            continue
        found.add((count.who, count.event))
        before = (of_processor.get(key) if count.time else None) or 0.0
        of_processor[key] = before + value * factor
    for span in spans:
        if (seconds := read(span[1])) is not None:
            numbers.setdefault("", {})[f"{span[2].removeprefix('time ')}_s"] = seconds
    yield from (Case(who, held) for who, held in numbers.items() if held)
    for (who, event), why in missing.items():
        if (who, event) not in found:
            yield Case(f"{who} {event}".strip(), {}, f"perf has no count of it: {why}")


def _counts(text: str, as_printed: bool) -> Iterator[_Count]:
    for line in text.splitlines():
        if told := _in_json(line):
            yield told
        elif _SPAN.match(line):
            as_printed = False  # what follows is somebody else's
        elif found := _FIELDS.match(line) or (as_printed and _PRINTED.match(line)):
            named = found.groupdict("")
            unit = named["unit"] or named.get("of", "")
            if not unit and named["event"].startswith(_CLOCKS) and "." in named["value"]:
                unit = "msec"  # before perf said so
            count = _Count(*(named[name] for name in _Count._fields))._replace(unit=unit)
            yield _of_part(count, named.get("unit_of", ""), named.get("group", "").strip())


def _of_part(count: _Count, part: str, group: str) -> _Count:
    """The count of one of several counters of an event, or of one control group."""
    event = f"{count.event}[{part}]" if part else count.event
    return count._replace(event=event, who=" ".join(filter(None, (count.who, group))))


def _in_json(line: str) -> _Count | None:
    """None for what is none, and for a metric that is computed of others."""
    if "counter-value" not in line:
        return None
    try:
        told = json.loads(line.strip().rstrip(","))
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or not {"counter-value", "event"} <= told.keys():
        return None
    who = next((str(told[key]) for key in _PLACES if key in told), "")
    interval, unit = str(told.get("interval", "")), str(told.get("unit") or "")
    return _Count(interval, who, str(told["counter-value"]), unit, str(told["event"]))

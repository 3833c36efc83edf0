"""The values in one logged line, in any of its three forms.

``{"loss": 0.3, "step": 10}``, ``{"metric": "loss", "value": 0.3}`` and ``{"metrics": {"loss": 0.3}}``
say the same; nested objects give dotted names. Booleans count as 0 and 1, as in ``ll.log``, and a
list of one number as that number. A text is a number for a metric that is declared, or whose name
ends with the unit that the text names.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from leadline.core.extract.gather import Gatherer
from leadline.core.extract.written_number import EXACT, NONFINITE, number_in, unit_in
from leadline.core.metric.units import unit_of_name
from leadline.core.patterns import later
from leadline.core.plain import beginning
from leadline.core.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Read = Callable[[str, object], float | None]

# A value that may be a number: one, a boolean, the only one of a list, a text with a digit or one of
# the words of ``NONFINITE`` in it; JSON as Python reads it has NaN and Infinity.
_NUMBER = later(r':\s*(?:\[\s*)*(?:-?[0-9NI]|true|false|"\s*[+\u2212-]?(?:[0-9.]|nan|inf))', re.I)
# The same in bytes, within one line; and what may hide one: an escape, what a line is coloured with.
_PRINTED = (
    rb':[^\S\n]*(?:\[[^\S\n]*)*(?:-?[0-9NI]|true|false|"[^\S\n]*[+-]?(?:[0-9.\x80-\xff]|nan|inf))'
    rb"|\\|\x1b|\xc2\x9b"
)
_SAID = later(r"([A-Za-z][\w ./()%-]{0,60}?)(\s*(?:=|:(?!(?<=\d:)\d)))\s*(\S.{0,30})")
_RESERVED = frozenset(("t", "step", "timestamp", "_step", "_timestamp"))


def number_of(value: Any) -> float | None:
    """A JSON value as a number: numbers, booleans, the words for NaN and the infinities, and a list
    of one of these, however deep; not other text. An integer that no float holds stays one up to 64 bits."""
    if isinstance(value, int) and EXACT < abs(value) < 2**63 and float(value) != value:
        return value
    if isinstance(value, (int, float)):
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, (bool, int, float)):
        return number_of(value)
    return NONFINITE.get(value.strip().lower()) if isinstance(value, str) else None


def held_or_text(text: str) -> float | str:
    """A number of JSON (for ``parse_float`` and ``parse_int``); the text itself where no float
    holds it: 1e999 would be infinite, and 1e-999 nothing."""
    value = float(text)
    return text if math.isinf(value) or vanishes(value, text) else value


def vanishes(value: float, text: str) -> bool:
    """Whether a number that is not zero was too small for a float: ``1e-400`` reads as 0."""
    return value == 0 and any(c in "123456789" for c in text.lower().partition("e")[0])


def points_of(record: Mapping[str, Any], read: Read | None = None) -> Iterator[tuple[str, float]]:
    """Name and value of each metric in one logged object, in any of its three forms. ``read``: the
    number of a value under a name; without it, what the value itself is."""
    metrics = record.get("metrics")
    name = record.get("metric")
    if isinstance(metrics, Mapping):
        yield from _flat_numbers(metrics, read)
    elif isinstance(name, str) and "value" in record:
        yield from _flat_numbers({name: record["value"]}, read)
    else:
        yield from _flat_numbers({k: v for k, v in record.items() if k not in _RESERVED}, read)


def step_of(record: Mapping[str, Any], column: str = "") -> float | None:
    for key in (column,) if column else ("step", "_step"):
        value = number_of(record.get(key))
        if value is not None and math.isfinite(value):
            return value
    return None


def _flat_numbers(
    record: Mapping[str, Any], read: Read | None = None, prefix: str = ""
) -> Iterator[tuple[str, float]]:
    for key, value in record.items():
        if isinstance(value, Mapping):
            if prefix.count(".") < 8:
                yield from _flat_numbers(value, read, f"{prefix}{key}.")
        else:
            name = f"{prefix}{key}"
            number = number_of(value) if read is None else read(name, value)
            if number is not None:
                yield name, number


def flat_numbers(record: Mapping[str, Any]) -> dict[str, float]:
    """Every number in nested objects under its dotted name."""
    return dict(_flat_numbers(record))


def flat_cells(record: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """As ``flat_numbers``, with the texts that may write one."""
    found: dict[str, Any] = {}
    for key, value in record.items():
        name, only = f"{prefix}{key}", value
        while isinstance(only, list) and len(only) == 1:
            only = only[0]
        if isinstance(value, Mapping):
            if prefix.count(".") < 8:
                found.update(flat_cells(value, f"{name}."))
        elif isinstance(only, (str, bool, int, float)):
            found[name] = only
    return found


def read_metrics_line(line: str, row: int, into: Gatherer, complete: bool = True) -> None:
    """One line of ``metrics.jsonl``. A line without its end is what a killed job leaves, or a full
    disk: reported, not blocking, and the series of the file are cut."""
    if not line.strip():
        return
    into.rows += 1
    record = _json_object(line)
    if record is None:
        into.dropped += 1
        code = "not-json" if complete else "torn-last-line"
        into.problems.add(
            code,
            "not a JSON object" if complete else "the last line was cut off while written",
            row,
        )
        if not complete:
            into.cut.update(into.series)
        return
    _take(record, line, row, into)


def read_stdout_line(line: str, row: int, into: Gatherer) -> None:
    """A line that is exactly one flat JSON object with at least one number, or with the name of a
    metric that is declared; anything else is ordinary output."""
    named = [f'"{name}"' for name in into.definitions]
    record = printed_object(line, named)
    if record is None:
        return
    if not record.keys().isdisjoint(into.definitions) or any(
        True for _ in points_of(record, _reading(into))
    ):
        into.rows += 1
        _take(record, line.strip(), row, into)


def printed_object(line: str, named: Sequence[str] = ()) -> dict[str, object] | None:
    """The flat JSON object that a line of ordinary output is, where a number can be in it, or one of
    ``named``, which are looked for as they are written."""
    text = line.lstrip("\ufeff").strip()  # some programs put the mark before all that they print
    if not (text.startswith("{") and text.endswith("}")):
        return None
    if not (may_measure(text) or any(name in text for name in named)):
        return None
    record = _json_object(text)
    return None if record is None or any(map(_nested, record.values())) else record


def may_measure(text: str) -> bool:
    """Whether a number can stand in the JSON object ``text``; a no is sure. Output that only looks
    like JSON comes in millions of lines, and parsing one costs ten times this look."""
    return _NUMBER.search(text) is not None or "\\" in text


def printed_value(text: str) -> tuple[str, str] | None:
    """The last line of ordinary output that says one value by its name, and the pattern that takes
    it; None where none does.

    >>> printed_value("done\\nmean time: 6.7 ms\\n")
    ('mean time: 6.7 ms', 'mean_time_ms=mean time: *(.+)')
    """
    found = None
    for line in text.splitlines():
        said = _SAID.fullmatch(line.strip())
        if said is None:
            continue
        name = re.sub(r"[^\w/.-]+", "_", said[1]).strip("_")
        unit = unit_in(said[3])
        if unit.isascii() and isinstance(number_in(said[3], unit_of_name(name)), str):
            name += "_" + unit.replace("%", "pct")
        if not isinstance(number_in(said[3], unit_of_name(name)), str):
            before = re.escape(f"{said[1]}{said[2]}").replace("\\ ", " ")
            found = line.strip(), f"{name}={before} *(.+)"
    return found


def printed_measuring(names: Iterable[str]) -> re.Pattern[bytes]:
    """Finds something in each line, as bytes of UTF-8, that ``read_stdout_line`` may take anything
    from where metrics of these names are declared; compiled when it is used. It looks through many
    lines at once, where ``may_measure`` needs a text of each."""
    named = "".join(f'|"{re.escape(name)}"' for name in names)
    return later(_PRINTED + named.encode("utf-8", "replace"), re.I)


def _nested(value: object) -> bool:
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    return isinstance(value, (dict, list))


def _reading(into: Gatherer, row: int | None = None) -> Read:
    """Reads a value as what it is and, for a metric that was declared, a text as what it writes.
    ``row``: where what cannot be read is noted."""

    def read(name: str, value: object) -> float | None:
        number = number_of(value)
        text = value
        while isinstance(text, list) and len(text) == 1:
            text = text[0]
        if number is not None or not isinstance(text, str):
            return number
        metric = next((m for m, column in into.spec.mapping.items() if column == name), name)
        unit = into.unit(metric)
        meant = metric in into.definitions or name in into.spec.mapping.values()
        if not meant and (not unit or unit_in(text) != unit):
            return None
        written = number_in(text, unit)
        if not isinstance(written, str):
            return written
        if row is not None:
            into.problems.add(
                "not-a-number",
                f"{name} is {beginning(text)!r}, which is {written}",
                row,
                about=name,
            )
        return None

    return read


def _take(record: Mapping[str, Any], line: str, row: int, into: Gatherer) -> None:
    step = step_of(record, into.spec.step)
    found = False
    points = [*points_of(record, _reading(into, row))]
    if twice := _met_twice(points):
        what = "nested and dotted names meet in one name, and which is meant cannot be told"
        into.problems.add("name-collision", what, row, into.spec.nan == "fail")
        points = [point for point in points if point[0] not in twice]
    # names of points that a float holds, once one is met that may not be
    held: set[str] | None = None
    for name, value in points:
        if into.spec.mapping and name not in into.spec.mapping.values():
            continue
        found = True
        if value in (math.inf, -math.inf):
            if held is None:
                as_written = json.loads(line, parse_float=held_or_text, parse_int=held_or_text)
                held = {point for point, _ in points_of(as_written)}
            if name not in held:
                what = f"{name} is too large for a number of 64 bits"
                into.problems.add("too-large", what, row, into.spec.nan == "fail", about=name)
                continue
        if value != value and into.spec.nan != "keep":
            into.problems.add("nan", "not a number", row, blocking=into.spec.nan == "fail")
            continue
        for metric in [m for m, column in into.spec.mapping.items() if column == name] or [name]:
            into.add(metric, value, step, row)
    if found:
        into.taken += 1
    else:
        into.dropped += 1
        into.problems.add("no-number", "an object without a number", row)


def _met_twice(points: list[tuple[str, float]]) -> set[str]:
    names = [name for name, _ in points]
    several = len(set(names)) < len(names)
    return {name for name in names if names.count(name) > 1} if several else set()


def _json_object(text: str) -> dict[str, object] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None

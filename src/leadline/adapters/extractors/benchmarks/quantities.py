"""Units and numbers as benchmark tools write them, in one base each: seconds, bytes, and rates a
second."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from leadline.core.extract.written_number import number_in

_TIMES = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "msecond", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "\u00b5s", "\u03bcs", "usec", "usecond", "microseconds"), 1e-6),
    **dict.fromkeys(("ns", "nsec", "nsecond", "nanosecond", "nanoseconds"), 1e-9),
    **dict.fromkeys(("ps", "psec", "picoseconds"), 1e-12),
    **dict.fromkeys(("min", "minutes"), 60.0),
    **dict.fromkeys(("hr", "hours", "days"), 3600.0),
    "days": 86400.0,
}
_PREFIXES = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}
_BINARY = {"ki": 2.0**10, "mi": 2.0**20, "gi": 2.0**30, "ti": 2.0**40}
_SCALED = {
    f"{prefix}{unit}": (factor, suffix)
    for unit, suffix in (("b", "_bytes"), ("byte", "_bytes"), ("bytes", "_bytes"), ("hz", "_hz"))
    for prefix, factor in (_PREFIXES | _BINARY).items()
} | {f"{prefix}elem": (factor, "_elements") for prefix, factor in _PREFIXES.items()}
_CALLS = frozenset(("op", "ops", "iter", "iteration", "calls", "call"))


# a fraction that is no group of three digits, or groups marked by something else before one
_COMMA_IS_MARK = re.compile(r"^[^,]*,(?:\d{1,2}|\d{4,})$|^0,\d|[.\s]\d{3},|\.\d{3}\.")


def in_base(unit: str) -> tuple[float, str]:
    """What a number in ``unit`` is multiplied by, and what its name ends in then.

    >>> in_base("ns/op"), in_base("ops/ms"), in_base("Kbyte"), in_base("B/op"), in_base("inst/cycle")
    ((1e-09, '_s'), (1000.0, '_ops_per_s'), (1000.0, '_bytes'), (1.0, '_bytes_per_op'), (1.0, ''))
    """
    counted, _, per = unit.strip().partition("/")
    if counted in _TIMES:
        factor, suffix = _TIMES[counted], "_s"
    else:
        factor, suffix = _SCALED.get(counted.lower(), (1.0, "_percent" if counted == "%" else ""))
    if per in _TIMES:
        return factor / _TIMES[per], f"{suffix or f'_{counted}'}_per_s"
    if not suffix or not per or (suffix == "_s" and per in _CALLS):
        return factor, suffix
    return factor, f"{suffix}_per_{per}"


def scale(prefix: str, letters: str = "KMGT", base: float = 1000.0) -> float:
    """What a number with one of the ``letters`` behind it is multiplied by; 1 without. Raises ValueError
    for another letter.

    >>> scale("M"), scale("K", base=1024.0), scale("B", "KMBT"), scale("")
    (1000000.0, 1024.0, 1000000000.0, 1.0)
    """
    return base ** (letters.index(prefix) + 1 if prefix else 0)


def numbers_of(texts: Iterable[str]) -> Callable[[str], float | None]:
    """Reads the numbers of a file whose tool groups digits and marks fractions as the locale has it;
    which mark is which, all of its numbers together tell. None for what is no number."""
    comma = any(_COMMA_IS_MARK.search(text.strip()) for text in texts)
    grouping, mark = ("[.'\\s]", ",") if comma else ("[,'\\s]", ".")

    def read(text: str) -> float | None:
        value = number_in(re.sub(grouping, "", text).replace(mark, "."))
        return None if isinstance(value, str) or value != value else value

    return read

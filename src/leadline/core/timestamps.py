"""RFC 3339 UTC text and back; durations and sizes for people. Neither ``datetime`` nor
``time.strptime`` is used: both cost start-up."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache


def rfc3339(epoch_ms: int) -> str:
    """``2026-11-23T21:36:05.123Z``"""
    seconds, ms = divmod(epoch_ms, 1000)
    return f"{_second(seconds)}.{ms:03d}Z"


@lru_cache(maxsize=8)
def _second(epoch_s: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(epoch_s))


def epoch_ms(text: str) -> int:
    """Milliseconds of an RFC 3339 UTC text (with or without a fraction). Raises ValueError."""
    head, _, fraction = text.removesuffix("Z").partition(".")
    if len(head) != 19 or head[10] + head[13] + head[16] != "T::":
        raise ValueError(f"not an RFC 3339 UTC time: {text!r}")
    hours, minutes, seconds = int(head[11:13]), int(head[14:16]), int(head[17:])
    if not (0 <= hours < 24 and 0 <= minutes < 60 and 0 <= seconds < 62):
        raise ValueError(f"no such time: {text!r}")
    total_s = _days(head[:10]) * 86_400 + hours * 3600 + minutes * 60 + seconds
    return total_s * 1000 + int(fraction[:3].ljust(3, "0"))


@lru_cache(maxsize=512)
def _days(date: str) -> int:
    """Days from 1970-01-01 to ``2026-11-23``."""
    year, month, day = int(date[:4]), int(date[5:7]), int(date[8:])
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    lengths = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    if date[4] + date[7] != "--" or not 1 <= month <= 12 or not 1 <= day <= lengths[month - 1]:
        raise ValueError(f"no such day: {date!r}")
    past = year - 1
    return (
        past * 365
        + past // 4
        - past // 100
        + past // 400
        - 719_162
        + sum(lengths[: month - 1])
        + day
        - 1
    )


def minute(text: str) -> str:
    """``2026-11-23 21:36`` of an RFC 3339 text: what entry headings show."""
    return text[:16].replace("T", " ")


def span(first: str, last: str) -> str:
    """From one minute to another, with what they share said once: ``2026-11-23 21:36 to 22:10``."""
    a, b = minute(first), minute(last)
    if a == b:
        return a
    return f"{a} to {b.removeprefix(a[:11])}"


def duration(seconds: float | None) -> str:
    if seconds is None:
        return "unknown"
    if seconds < 0.0995:
        return f"{seconds * 1000:.3g} ms"
    if seconds < 100:
        return f"{seconds:.3g} s"
    if seconds < 3600:
        return f"{int(seconds // 60)} min {int(seconds % 60):02d} s"
    return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60):02d} min"


def size(n_bytes: float | None) -> str:
    if n_bytes is None:
        return "unknown"
    for unit in ("B", "KiB", "MiB", "GiB"):
        if n_bytes < 1024 or unit == "GiB":
            return f"{n_bytes:.0f} {unit}" if unit == "B" else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1024
    raise AssertionError


def counted(n: int, noun: str) -> str:
    """``1 run``, ``3 runs``, ``1,000 cells``: a number of things, as ``plural`` has them."""
    return f"{n:,} {plural(n, noun)}"


def plural(n: int, noun: str) -> str:
    """``run`` of one, ``runs`` of every other number; ``hypotheses``, and else for a noun whose plural
    is an s.

    >>> plural(1, "hypothesis"), plural(2, "hypothesis"), plural(0, "run")
    ('hypothesis', 'hypotheses', 'runs')
    """
    if n == 1:
        return noun
    return f"{noun[:-2]}es" if noun.endswith("sis") else f"{noun}s"


def few(texts: Sequence[str], most: int) -> str:
    """The first ``most``, and how many there are besides.

    >>> few(["a", "b", "c", "d"], 2), few(["a", "b"], 2), few([], 2)
    ('a, b and 2 more', 'a, b', '')
    """
    left = len(texts) - most
    return ", ".join(texts[:most]) + (f" and {left} more" if left > 0 else "")


def with_unit(value: float | None, unit: str) -> str:
    """``1.5 ms``, ``12%``, ``–``."""
    between = "" if unit in ("", "%") else " "
    return number(value) if value is None else f"{number(value)}{between}{unit}"


def rounded(value: float | None, digits: int = 3) -> str:
    """So many significant digits: more of a spread, a ratio or the end of an interval is noise."""
    return number(None if value is None else float(f"{value:.{digits}g}"))


def fixed(value: float, decimals: int) -> str:
    """So many decimal places, for a column; what would come out as 0 and is not is written as it is."""
    text = f"{value:.{decimals}f}"
    return number(value) if value and not float(text) else text


def number(value: float | int | None) -> str:
    """Up to five significant digits, no exponent for ordinary sizes, integers as they are."""
    if value is None:
        return "–"
    if isinstance(value, int) or (abs(value) < 1e15 and value == int(value)):
        return str(int(value))
    if 1e-4 <= abs(value) < 1e6:
        digits = 5
        text = f"{value:.{digits}g}"
        if "e" in text:
            text = f"{value:.0f}"
        return text
    return f"{value:.4g}"

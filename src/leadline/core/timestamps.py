"""RFC 3339 UTC text and back; durations and sizes for people. ``datetime`` is not imported: it costs start-up."""

from __future__ import annotations

import time


def rfc3339(epoch_ms: int) -> str:
    """``2026-11-23T21:36:05.123Z``"""
    seconds, ms = divmod(epoch_ms, 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{ms:03d}Z"


def epoch_ms(text: str) -> int:
    """Milliseconds of an RFC 3339 UTC text (with or without a fraction). Raises ValueError."""
    import calendar

    head, _, fraction = text.removesuffix("Z").partition(".")
    seconds = calendar.timegm(time.strptime(head, "%Y-%m-%dT%H:%M:%S"))
    return seconds * 1000 + (int(fraction[:3].ljust(3, "0")) if fraction else 0)


def minute(text: str) -> str:
    """``2026-11-23 21:36`` of an RFC 3339 text: what entry headings show."""
    return text[:16].replace("T", " ")


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

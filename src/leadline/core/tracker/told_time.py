"""When something was measured, as a cell of a table tells it.

>>> told_time("2026-05-02 10:00:07 +0200"), told_time(1776724570309)
(('2026-05-02T08:00:07.000Z', ''), ('2026-04-20T22:36:10.309Z', ''))
>>> told_time("May 2, 2026"), told_time("yesterday")
(('2026-05-02T00:00:00.000Z', 'day'), ('', ''))
"""

from __future__ import annotations

from leadline.core.patterns import later
from leadline.core.timestamps import epoch_ms, rfc3339
from leadline.core.typed import Any

#: What is not said by a time that is taken all the same.
LACKS = {
    "zone": "the times name no zone: they are taken as UTC",
    "day": "the times are days: they are taken as 00:00 UTC",
}
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_ZONES = {
    **{"z": 0, "utc": 0, "gmt": 0, "pst": -8, "pdt": -7, "mst": -7, "mdt": -6, "cst": -6},
    **{"cdt": -5, "est": -5, "edt": -4, "cet": 1, "cest": 2, "jst": 9},
}
_DAY = (
    r"(?:(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})|"
    r"(?P<month>[a-z]{3})[a-z]*\.? (?P<d2>\d{1,2})(?:st|nd|rd|th)?,? (?P<y2>\d{4})|"
    r"(?:[a-z]{3}, )?(?P<d3>\d{1,2})[ -](?P<month3>[a-z]{3})[a-z]*\.?[ -](?P<y3>\d{4}))"
)
_HOUR = (
    r"(?P<H>\d{1,2}):(?P<M>\d\d)(?::(?P<S>\d\d)(?:[.,](?P<f>\d{1,9}))?)?"
    r"(?: ?(?P<zone>[a-z]{1,4}|[+-]\d\d(?::?\d\d)?))?"
)
_TIME = later(rf"(?i){_DAY}(?:(?:[t ]|, )\s*{_HOUR})?")
_SECONDS = later(r"\d{9,10}(?:\.\d+)?|\d{12,19}")
_EARLIEST_S, _LATEST_S = 10**8, 10**10  # 1973 to 2286


def told_time(cell: Any) -> tuple[str, str]:
    """The time as RFC 3339 in UTC, "" for none; and what of it is not said, a key of ``LACKS``.
    Numbers are seconds, or parts of them, since 1970."""
    text = cell.strip() if isinstance(cell, str) else ""
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return _since_1970(cell), ""
    if _SECONDS.fullmatch(text):
        return _since_1970(float(text)), ""
    found = _TIME.fullmatch(text)
    return _of_parts(found.groupdict()) if found else ("", "")


def _since_1970(count: float) -> str:
    if not -_LATEST_S < count < _LATEST_S * 10**9:  # an integer may be too large for a float
        return ""
    for per_second in (1, 10**3, 10**6, 10**9):
        if _EARLIEST_S <= count / per_second < _LATEST_S:
            return rfc3339(round(count * 1000 / per_second))
    return ""


def _of_parts(part: dict[str, str | None]) -> tuple[str, str]:
    month = (part["month"] or part["month3"] or "").lower()
    if month and month not in _MONTHS:
        return "", ""
    at = str(_MONTHS.index(month) + 1) if month else str(part["m"])
    year, day = part["y"] or part["y2"] or part["y3"] or "", part["d"] or part["d2"] or part["d3"]
    clock = [part[name] or "0" for name in ("H", "M", "S")]
    offset = _offset_minutes(part["zone"])
    if offset is None:
        return "", ""
    written = f"{year}-{at:0>2}-{day or '':0>2}T{clock[0]:0>2}:{clock[1]:0>2}:{clock[2]:0>2}"
    try:
        ms = epoch_ms(f"{written}.{part['f'] or '0'}Z") - offset * 60_000
        lacks = "" if part["zone"] else "zone"
        return rfc3339(ms), lacks if part["H"] else "day"
    except (ValueError, OverflowError):
        return "", ""


def _offset_minutes(zone: str | None) -> int | None:
    """None for a zone that is not known."""
    if not zone:
        return 0
    if zone[0] not in "+-":
        hours = _ZONES.get(zone.lower())
        return None if hours is None else hours * 60
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return (int(digits[:2]) * 60 + int(digits[2:])) * (-1 if zone[0] == "-" else 1)

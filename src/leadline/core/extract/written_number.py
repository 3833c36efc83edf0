"""A number as people and programs write it in a cell or a line: exactly one meaning, or a reason.

>>> number_in("\\u22121 234.5"), number_in("1.234,5"), number_in("true"), number_in("0,5")
(-1234.5, 1234.5, 1.0, 0.5)
>>> number_in("95.3 %", "%")
95.3
>>> number_in("1,234")
'1234 or 1.234'
>>> number_in("12 ms")
"in 'ms', and no unit is declared"
>>> number_in("1.2 s", "ms")
1200.0
>>> number_in("0.91 \\u00b1 0.02")
'a value with its spread'
"""

from __future__ import annotations

import math

from leadline.core.metric.units import dimension, factor
from leadline.core.patterns import later

EXACT = 2**53  # the largest integer up to which a float holds every one
LONGEST = 80  # characters of a cell that is looked at for what it is instead of a number
NONFINITE = {
    "nan": math.nan,
    "infinity": math.inf,
    "-infinity": -math.inf,
    "inf": math.inf,
    "-inf": -math.inf,
    "+inf": math.inf,
    "+infinity": math.inf,
}
_BOOLEANS = {"true": 1.0, "false": 0.0}
_PLAIN = later(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_UNIT = later(r"([+-]?[\d.,' ]*\d(?:[eE][+-]?\d+)?) ?([^\d\s.,+_-][^\d\s_]{0,15})")
# Groups of three digits: with one mark only twice or before a fraction, else it may be the fraction's.
_GROUPED = (
    (later(r"[+-]?\d{1,3}(?:,\d{3}){2,}|[+-]?\d{1,3}(?:,\d{3})+\.\d+"), ",", "."),
    (later(r"[+-]?\d{1,3}(?:\.\d{3}){2,}|[+-]?\d{1,3}(?:\.\d{3})+,\d+"), ".", ","),
    (later(r"[+-]?\d{1,3}(?: \d{3})+(?:\.\d+)?"), " ", "."),
    (later(r"[+-]?\d{1,3}(?: \d{3})+,\d+"), " ", ","),
    (later(r"[+-]?\d{1,3}(?:'\d{3})+(?:\.\d+)?"), "'", "."),
)
_COMMA = later(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")
_EITHER = later(r"[+-]?[1-9]\d{0,2},\d{3}")
# What a cell is that holds digits and is not one number: a reader decides what of it is the value.
_NUMBER = r"[+-]?[\d.,]*\d(?:[eE][+-]?\d+)?"
_SPREAD = later(rf"({_NUMBER})\s*(?:\u00b1|\+/?-|\\pm)\s*{_NUMBER}.*")
_NO_NUMBER = (
    (_SPREAD, "a value with its spread"),
    (later(rf"[<>\u2264\u2265\u2272\u2273]=?\s*{_NUMBER}.*"), "a bound and no value"),
    (later(rf"[~\u2248\u223c]\s*{_NUMBER}.*"), "an estimate, as its sign says"),
    (
        later(
            rf"{_NUMBER}\s*[*\u2020\u2021\u00a7\u00b6#^\u2191\u2193\u2605\u2606\u2b50\u2713\u2714]+"
        ),
        "a number with a mark, which no column explains",
    ),
    (later(r"\d{4}([-/.])\d\d?\1\d\d?(?:[T ].*)?|\d\d?([/.])\d\d?\2\d{4}"), "a date"),
    (later(r"(?:\d+ days?, )?\d+(?::\d\d){1,2}(?:\.\d+)?"), "a time of day or a duration"),
    (later(rf"{_NUMBER}\s*(?:-|\u2013|\u2014|\.\.+|to)\s*{_NUMBER}"), "a range and no value"),
    (later(r"\d+\s*[/\u2044]\s*\d+"), "a fraction"),
    (later(rf"{_NUMBER}\s*[(\[{{].*\d.*[)\]}}]"), "a number with another beside it"),
)
_SIGNS = str.maketrans(
    {"\u2212": "-", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u2019": "'", "\ufeff": ""}
)


def number_in(text: str, unit: str = "") -> float | str:
    """The number that ``text`` writes (``nan`` and the infinities by their words, booleans as 1 and
    0), or what it is instead. An integer that no float holds stays one up to 64 bits. ``unit``: what
    the metric is measured in; a cell that names it is taken, one that names another of the same
    dimension is converted."""
    word = text.strip()
    if not _PLAIN.fullmatch(word):
        word = word.translate(_SIGNS).strip()
    if _PLAIN.fullmatch(word):
        whole = integer_in(word)
        return whole if whole is not None and EXACT < abs(whole) < 2**63 else float(word)
    known = NONFINITE.get(word.lower(), _BOOLEANS.get(word.lower()))
    if known is not None:
        return known
    for pattern, mark, point in _GROUPED:
        if pattern.fullmatch(word):
            return float(word.replace(mark, "").replace(point, "."))
    if _EITHER.fullmatch(word):
        return f"{word.replace(',', '')} or {word.replace(',', '.')}"
    if _COMMA.fullmatch(word):
        return float(word.replace(",", "."))
    if len(word) <= LONGEST and (instead := _instead(word)):
        return instead
    if (parts := _UNIT.fullmatch(word)) is None:
        return "no number"
    value, said = number_in(parts[1]), parts[2]
    if isinstance(value, str) or said == unit:
        return value
    if (times := factor(said, unit)) is not None:
        return _times(value, times)
    declared = f"the metric is in {unit!r}" if unit else "no unit is declared"
    return f"in {said!r}, and {declared}"


def before_spread(cell: object) -> str:
    """The value as it is written in a cell that holds it with its spread, "" in any other.

    >>> before_spread("0.57 \u00b1 0.02"), before_spread("0.57")
    ('0.57', '')
    """
    found = _SPREAD.fullmatch(cell.translate(_SIGNS).strip()) if isinstance(cell, str) else None
    return found[1] if found else ""


def _instead(word: str) -> str:
    return next((what for pattern, what in _NO_NUMBER if pattern.fullmatch(word)), "")


def _times(value: float, times: float) -> float:
    """A product that is the nearest number where ``times`` is a power of ten, as for most units."""
    places = round(math.log10(times))
    of_ten = math.isfinite(value) and math.isclose(times, 10.0**places, rel_tol=1e-12)
    if of_ten and "e" not in (digits := repr(value)):
        return float(f"{digits}e{places}")
    return value * times


def unit_in(text: str) -> str:
    """The unit that a cell names behind its number, "" where it names none."""
    parts = _UNIT.fullmatch(text.translate(_SIGNS).strip())
    return parts[2] if parts else ""


def may_measure(cell: object) -> bool:
    """Whether a cell that is no number is one with a unit behind it, or of two readings; a size of a
    model (``7B``) measures nothing.

    >>> may_measure("95%"), may_measure("1,234"), may_measure("7B"), may_measure("a text")
    (True, True, False, False)
    """
    word = cell.translate(_SIGNS).strip() if isinstance(cell, str) else ""
    unit = unit_in(word)
    return bool(_EITHER.fullmatch(word) or (unit != "B" and dimension(unit)))


def integer_in(cell: object) -> int | None:
    """The integer that is written in a cell, if it is one of so many digits that a float may not
    hold it."""
    if isinstance(cell, str):
        digits = cell.strip().lstrip("+-")
        many = 15 < len(digits) < 400 and digits.isascii() and digits.isdigit()
        return int(cell) if many else None
    return cell if isinstance(cell, int) else None


def is_boolean(cell: object) -> bool:
    return isinstance(cell, bool) or (isinstance(cell, str) and cell.strip().lower() in _BOOLEANS)


def is_number(cell: str) -> bool:
    """Whether a cell is a number and nothing else, as no name of a column is."""
    return _PLAIN.fullmatch(cell.strip()) is not None

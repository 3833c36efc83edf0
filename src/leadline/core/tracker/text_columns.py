"""Which columns of a table hold names that only look like numbers: commit ``1234e56`` is no number,
and version ``1.10`` is not 1.1.

A column is text as a whole, since two of its cells must be two things for one reason.

>>> spelled = Spellings()
>>> for text in ("1.1", "1.10"):
...     spelled.add("release", text)
>>> spelled.is_text("release"), spelled.is_text("block")
(True, False)
"""

from __future__ import annotations

from leadline.core.config import parse_value
from leadline.core.patterns import later

# What a number is not written as: leading zeros, a commit with an e in it, more digits than a float.
_NO_NUMBER = later(r"[+-]?0\d+(?:\.\d*)?|\d{2,}[eE]\d+|\d{16,}")
_ID_NAME = later(
    r"(?i)(?:.*[_. -])?(?:commit|sha1?|hash|rev(?:ision)?|version|ver|uu?id|id|build|release|tag|digest)"
)
_PLAIN_INTEGER = later(r"-?(?:0|[1-9]\d{0,14})")


class Spellings:
    """The numbers that were met in each column, and how they were written."""

    def __init__(self) -> None:
        self._written: dict[str, dict[object, str]] = {}
        self._text: set[str] = set()

    def add(self, column: str, text: str) -> None:
        if column in self._text:
            return
        text = text.strip()
        value = parse_value(text)
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        named = _ID_NAME.fullmatch(column) and text and not _PLAIN_INTEGER.fullmatch(text)
        known = self._written.setdefault(column, {}).setdefault(value, text) if number else text
        if named or known != text or _NO_NUMBER.fullmatch(text):
            self._text.add(column)

    def is_text(self, column: str) -> bool:
        return column in self._text

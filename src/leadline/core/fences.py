"""Which lines of a page are fenced code, wherever the fence stands: indented, in a list, in a quotation.

>>> fences = Fences()
>>> [fences.cover(line) for line in ("a", "- ```sh", "  # b", "  ```", "# c")]
[False, True, True, True, False]
"""

from __future__ import annotations

from leadline.core.patterns import later

_OPENS = later(r"\s*(?:(?:[-*+]|\d+[.)])\s+|>\s?)*(`{3,}(?!.*`)|~{3,})")
_CLOSES = later(r"[\s>]*(`{3,}|~{3,})\s*")


class Fences:
    """The fence that is open, if any, after the lines that were told so far."""

    def __init__(self) -> None:
        self._open = ""

    def cover(self, line: str) -> bool:
        """Whether ``line``, the next one, is code or an edge of it."""
        if not self._open:
            opens = _OPENS.match(line)
            self._open = opens[1] if opens else ""
            return bool(opens)
        closes = _CLOSES.fullmatch(line)
        if closes and closes[1].startswith(self._open):
            self._open = ""
        return True

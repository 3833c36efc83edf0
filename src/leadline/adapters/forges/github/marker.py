"""The marker of a comment or issue: an HTML comment, which nobody sees, by which it is found again."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

_MARKER = re.compile(r"(?:\r?\n){0,2}<!-- leadline:(?!end )([\w:.%~-]+) -->\s*\Z")
_MARKER_LINE = re.compile(r"^<!-- leadline:(?!begin|end )([\w:.%~-]+) -->[ \t]*\r?$", re.M)


def marked(text: str, marker: str) -> str:
    return f"{text}\n\n<!-- leadline:{quote(marker, safe=':.~')} -->" if marker else text


def unmarked(text: str) -> tuple[str, str]:
    """(the text without its marker at the end, the marker or ""), every other character as it is."""
    text, tail = _cut(text)
    return text, unquote(tail[1]) if tail else ""


def _cut(raw: str) -> tuple[str, re.Match[str] | None]:
    """(the text, the marker that ends ``raw``)."""
    found = _MARKER.search(raw)
    return (raw[: found.start()], found) if found else (raw, None)


def marker_in(raw: str) -> str:
    """The marker of ``raw``, wherever people wrote around it: a line of its own, not a quotation.
    "" without one."""
    tail = _cut(raw)[1]
    if tail:
        return unquote(tail[1])
    lines = _MARKER_LINE.findall(raw)
    return unquote(lines[-1]) if lines else ""


def without_markers(raw: str) -> str:
    """``raw`` without any line that is a marker."""
    return _MARKER_LINE.sub("", unmarked(raw)[0])


def with_text(raw: str, text: str) -> str:
    """``raw`` with its text replaced and what ends it (the marker, line ends) as it is."""
    return text + raw[len(_cut(raw)[0]) :]

"""Which parts of a Markdown text are code, where nothing is a citation and no number is a claim."""

from __future__ import annotations

import re
from collections.abc import Iterable

from leadline.core.patterns import later

_CODE = later(
    r"(?P<fence>^(`{3,}|~{3,})[^\n]*\n.*?(?:^\2[`~]*[ \t]*$|\Z))|(?P<span>(?<!`)(`+)(?!`).+?(?<!`)\4(?!`))",
    re.M | re.S,
)


def code_spans(text: str) -> list[tuple[int, int]]:
    """(start, end) of fenced blocks and code spans."""
    return [m.span() for m in _CODE.finditer(text)]


def blanked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """``text`` with these parts blanked, every other character and every line at its place."""
    for start, end in spans:
        text = text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]
    return text

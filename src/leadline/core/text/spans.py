"""Which parts of a Markdown text are code, where nothing is a citation and no number is a claim."""

from __future__ import annotations

import re

from leadline.core.patterns import later

_CODE = later(
    r"(?P<fence>^(`{3,}|~{3,})[^\n]*\n.*?(?:^\2[`~]*[ \t]*$|\Z))|(?P<span>(?<!`)(`+)(?!`).+?(?<!`)\4(?!`))",
    re.M | re.S,
)


def code_spans(text: str) -> list[tuple[int, int]]:
    """(start, end) of fenced blocks and code spans."""
    return [m.span() for m in _CODE.finditer(text)]

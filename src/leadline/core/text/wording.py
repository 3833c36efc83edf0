"""Whether two texts say the same and differ in form alone: what a "format fix" of a posted comment
may change.

Words, numbers and signs of comparison are compared in order; spaces, Markdown and escapes are not.
What cannot be told apart from a change of meaning counts as one, since a refused fix costs a second
comment and an accepted one a forgery.
"""

from __future__ import annotations

import html
import re

_TOKEN = re.compile(r"[-+−±~≈]?\d+(?:[.,]\d+)*|\w+|[^\w\s]")
_LINE_STARTS = re.compile(r"^[ \t]*(?:>[ \t]?|#{1,6}[ \t]+|[-*+][ \t]+(?:\[[ xX]\][ \t]+)?)+", re.M)
_TABLE_RULES = re.compile(
    r"^[ \t]*\|?[ \t]*:?-{3,}:?[ \t]*(?:\|[ \t]*:?-{3,}:?[ \t]*)*\|?[ \t]*$", re.M
)
_FENCES = re.compile(r"^[ \t]*(?:`{3,}|~{3,})[\w+-]*[ \t]*$", re.M)
_EMPHASIS = re.compile(r"(?<![^\W_])(?:\*{1,3}|_{1,3}|~~|`+)|(?:\*{1,3}|_{1,3}|~~|`+)(?![^\W_])")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


def essence(text: str) -> list[str]:
    """Words, numbers and other signs of ``text`` in order, without its form."""
    text = text.replace("\r\n", "\n").replace("\\n", "\n").replace("\\t", " ")
    text = html.unescape(text)
    for pattern in (_TABLE_RULES, _FENCES, _LINE_STARTS):
        text = pattern.sub(" ", text)
    text = _ESCAPED.sub(r"\1", text).replace("|", " ")
    text = re.sub(r"!?\[([^\]\n]*)\]\(([^)\s]*)\)", r"\1 \2", text)
    text = re.sub(r"<((?:https?://|#)[^>\s]+)>", r"\1", text)
    return _TOKEN.findall(_EMPHASIS.sub(" ", text))


def first_difference(before: str, after: str) -> tuple[str, str] | None:
    """The first words that differ, each with a little of what follows; None when both texts say the
    same."""
    a, b = essence(before), essence(after)
    if a == b:
        return None
    at = next(
        (i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
    )
    return " ".join(a[at : at + 5]) or "(the end)", " ".join(b[at : at + 5]) or "(the end)"

"""The derived body and comments within what a forge takes: long sections fold, then shrink and link
the rest.

Nothing is lost by it: the logbook has all of it. So that a thread of years still has a readable
issue, a long listing is folded even where there is room; where there is none, the longest listing
gives its oldest half, again and again, and in the end every section is a line that links the
logbook.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

FOLD_CHARS = 3_000
# Kept open however long: what a reader came for. The rest are listings, or stand in the logbook
# word for word.
_OPEN = ("Description", "TL;DR", "Links", "Conclusion", "For non-specialists")
_OLDEST_FIRST = ("Decision log", "Claims", "Scope and its changes")
LEAST_SECTION_CHARS = 200


def fitted(
    sections: Sequence[tuple[str, str]], marker: str, more: str, limit_chars: int = 0
) -> str:
    """The sections under their headings, then ``marker``; at most ``limit_chars`` characters (0: no
    limit). ``more``: address or command that has what is left out."""
    shown = [[name, text] for name, text in sections]
    while limit_chars and len(_joined(shown, marker)) > limit_chars:
        candidates = [s for s in shown if len(s[1]) > LEAST_SECTION_CHARS]
        if not candidates:
            return _cut(_joined(shown, marker), limit_chars, more)
        # A listing before prose, unless the prose is what takes the room.
        longest = max(candidates, key=lambda s: len(s[1]) * (0.2 if s[0] in _OPEN else 1))
        shorter = halved(longest[1], more, oldest_first=longest[0] in _OLDEST_FIRST)
        longest[1] = shorter if len(shorter) < len(longest[1]) else f"In {_where(more)}."
    return _joined(shown, marker)


def _joined(sections: Sequence[Sequence[str]], marker: str) -> str:
    parts = [f"## {name}\n\n{_folded(name, text)}" for name, text in sections]
    return "\n\n".join([*parts, marker]).strip("\n")


def _folded(name: str, text: str) -> str:
    if name in _OPEN or len(text) <= FOLD_CHARS or text.startswith("<details>"):
        return text
    lines = sum(1 for line in text.splitlines() if line.strip())
    return f"<details>\n<summary>{name}: {lines} lines</summary>\n\n{text}\n\n</details>"


def halved(text: str, more: str, oldest_first: bool = False) -> str:
    """Half of the lines of ``text``, whole ones, and how many are left out; a table keeps its head,
    a fence is closed. ``oldest_first``: the first ones go."""
    text = re.sub(r"\n*… [\d,]+ more lines in [^\n]*\Z", "", text)
    lines = text.split("\n")
    head: list[str] = []
    if len(lines) > 2 and lines[0].startswith("|") and re.match(r"\|[-:| ]+\|\s*\Z", lines[1]):
        head, lines = lines[:2], lines[2:]
    if len(lines) < 2:
        half = text[: len(text) // 2]
        return f"{half.rstrip()}…\n\n… 1 more lines in {_where(more)}"
    keep = len(lines) // 2
    kept = lines[-keep:] if oldest_first else lines[:keep]
    kept = _closed(kept)
    left = len(lines) - keep
    return "\n".join([*head, *kept]).rstrip("\n") + f"\n\n… {left} more lines in {_where(more)}"


def _closed(lines: list[str]) -> list[str]:
    """With a fence that was cut in two made whole, and no fold left half open."""
    text = "\n".join(lines)
    opened, closed = text.count("<details>"), text.count("</details>")
    if opened > closed:
        lines = [*lines, *["</details>"] * (opened - closed)]
    elif closed > opened:
        lines = [line for line in lines if line.strip() not in ("</details>", "<details>")]
    ticks = [m[1] for line in lines if (m := re.match(r" {0,3}(`{3,}|~{3,})", line))]
    return [*lines, ticks[-1]] if len(ticks) % 2 else lines


def _where(more: str) -> str:
    return (
        f"the [research logbook]({more})"
        if more.startswith("http")
        else f"the research logbook: {more}"
    )


def _cut(text: str, limit_chars: int, more: str) -> str:
    tail = f"\n\n… the rest is in {_where(more)}"
    return (text[: max(0, limit_chars - len(tail))].rstrip() + tail)[:limit_chars]


def cut_comment(text: str, limit_chars: int, more: str) -> str:
    """``text``, or as much of it as fits in whole lines, with where to read the rest.
    ``limit_chars`` 0: no limit."""
    if not limit_chars or len(text) <= limit_chars:
        return text
    tail = f"\n\n… {len(text):,} characters are too many for a comment here; the rest is in {_where(more)}"
    room = limit_chars - len(tail) - 20
    kept = text[:room]
    kept = kept[: kept.rfind("\n")] if "\n" in kept[room // 2 :] else kept
    return "\n".join(_closed(kept.split("\n"))) + tail

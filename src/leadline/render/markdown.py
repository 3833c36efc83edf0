"""Markdown from data: nothing that comes from a log, a name or a note can break a table, a fence or
the page.

Two kinds of text. *Data* (metric names, reasons, output) is shown literally. *Prose* (notes,
claims) keeps its inline markdown, but no headings, HTML, comments or mentions, and its fences are
closed. A mention is shown in code, which looks a little odd and never calls anybody.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from leadline.core.patterns import later
from leadline.core.plain import one_line, plain

NAME_CHARS = 60  # of a metric's name in a table or a line with others
_SPECIAL = later(r"([\\`*_\[\]<>|~])")
# Most of what is shown: none of the characters that mean something, and no beginning of a list.
_NOTHING_SPECIAL = later(r"(?!\d+[.)](?:\s|$))[A-Za-z0-9(][A-Za-z0-9 ,;:/='\"().+%-]*")
# What GitHub makes a link of by itself calls nobody; else an @ after anything but a letter or digit
# does, after `.`, `/`, `@` and markup as well, and however it is written.
_MENTION = later(
    r"((?<![^\s*_~(])https?://[\w-]+(?:\.[\w-]+)+(?:[/:?#][^\s<]*)?)|"
    r"(\\*)(?<![A-Za-z0-9@])(@+[A-Za-z0-9][\w-]*(?:/[\w.-]+)?)"
)
_AT = later(r"&(?:#0*64|#[xX]0*40|commat);")
_TICKED = later(r"`((?:[\w.-]+/[\w.-]+)?#\d+)`")
_FENCE = later(r"^ {0,3}(`{3,}|~{3,})", re.M)
_BLOCK = later(r"^( {0,3})(#{1,6}(?=\s|$)|=+\s*$|-{3,}\s*$)", re.M)
_COMMENT = later(r"<(?=[!/?A-Za-z])")
# an escape, or a code span
_LITERAL = later(r"\\([!-/:-@\[-`{-~])|(?<!`)(`+)(?!`)(.+?)(?<!`)\2(?!`)")
# Ⓐ, 🄰
_LETTER_LIKE = later(
    "[\u24b6-\u24e9\U0001f130-\U0001f149\U0001f150-\U0001f169\U0001f170-\U0001f189]"
)
_CODE_SPAN = later(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.S)


def _unmarked(text: str) -> str:
    """Leadline's own comment markers, which say where a managed part begins and ends, taken out of
    their form."""
    return re.sub(r"<!--(?=\s*/?leadline:)", "<!- -", text) if "<!--" in text else text


def cut(text: str, width: int) -> str:
    """At most ``width`` characters, the last one an ellipsis when something was left out."""
    if len(text) <= width:
        return text
    return text[: width - 1].rstrip() + "…" if width > 0 else ""


def data(text: object) -> str:
    """``text`` literally, on one line, safe in a table cell, a list item and a heading."""
    line = one_line(str(text))
    return line if _NOTHING_SPECIAL.fullmatch(line) else escaped(line)


def escaped(line: str) -> str:
    """One line as ``data`` shows it."""
    shown = _SPECIAL.sub(r"\\\1", _unmarked(line))
    shown = re.sub(r"&(?=#?\w+;)", "&amp;", shown)
    shown = re.sub(r"^([-+#])", r"\\\1", shown)
    shown = re.sub(r"^(\d+)([.)])(?=\s|$)", r"\1\\\2", shown)
    return _silent(shown)


def _silent(text: str) -> str:
    """Text outside of code in which every name with an @ is code, and calls nobody."""

    def shown(found: re.Match[str]) -> str:
        if found[1]:
            return found[1]
        slashes = found[2] + "\\" * (len(found[2]) % 2)  # an odd one would take the tick's meaning
        return f"{slashes}`{found[3]}`"

    return _MENTION.sub(shown, text)


def code(text: object) -> str:
    """A code span that ``text`` cannot leave, on one line; for a table cell use ``cell_code``."""
    shown = _unmarked(one_line(str(text)))
    ticks = "`" * (max((len(t) for t in re.findall(r"`+", shown)), default=0) + 1)
    pad = " " if not shown or shown[0] == "`" or shown[-1] == "`" else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def cell_code(text: object) -> str:
    return code(text).replace("|", "\\|")


def fence(text: str, language: str = "") -> str:
    """A fenced block whose fence is longer than any inside."""
    shown = _unmarked(plain(text).rstrip("\n"))
    ticks = "`" * max(3, 1 + max((len(t) for t in re.findall(r"`+", shown)), default=0))
    return f"{ticks}{language}\n{shown}\n{ticks}"


def prose(text: str) -> str:
    """What somebody wrote, with inline markdown, lists and code kept and everything that reaches
    beyond it disarmed."""
    out, inside, ticks = [], False, ""
    for line in plain(text).strip().split("\n"):
        mark = _FENCE.match(line)
        if mark and not inside:
            inside, ticks = True, mark[1]
        elif mark and inside and mark[1][0] == ticks[0] and len(mark[1]) >= len(ticks):
            inside = False
        elif not inside:
            line = _disarm(line)
        out.append(line.rstrip())
    if inside:
        out.append(ticks)
    return _unmarked("\n".join(out))


def _disarm(line: str) -> str:
    """One line of prose. Back-ticks without a partner on the line are escaped, so that every span
    that is left is one for GitHub too, and nothing outside of it is taken for code. A reference in
    code loses its ticks, and links."""
    line = _BLOCK.sub(r"\1\\\2", line)
    parts, at = [], 0
    for span in _CODE_SPAN.finditer(line):
        before = _text(line[at : span.start()])
        if (len(before) - len(before.rstrip("\\"))) % 2:
            before += "\\"
        ticked = _TICKED.fullmatch(span[0])
        parts += [before, ticked[1] if ticked else span[0]]
        at = span.end()
    return "".join([*parts, _text(line[at:])])


def _text(text: str) -> str:
    def escaped(found: re.Match[str]) -> str:
        already = len(found[1]) % 2
        return found[1] + "\\" * (not already) + "\\".join(found[2])

    text = re.sub(r"(\\*)(`+)", escaped, text)
    return _silent(_COMMENT.sub(r"\\<", _AT.sub("@", text)))


def prose_line(text: str, width: int = 0) -> str:
    """Prose on one line (list items); cut at ``width`` characters when given. Pipes are escaped for
    tables."""
    shown = " ".join(plain(text).split())
    if width:
        shown = cut(shown, width)
        if shown.count("`") % 2:
            shown = shown.replace("`", "'")
    return _unmarked(_disarm(shown)).replace("|", "\\|")


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """A GitHub table of ready cells, padded so that it reads well as text too. ``right``: columns
    aligned right."""
    lines = [list(headers), *(list(r) for r in rows)]
    widths = [max(3, *(len(line[i]) for line in lines)) for i in range(len(headers))]

    def row(cells: Sequence[str]) -> str:
        padded = [
            c.rjust(w) if i in right else c.ljust(w)
            for i, (c, w) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    ends = [":" if i in right else "-" for i in range(len(widths))]
    rule = "|".join("-" * (w + 1) + end for w, end in zip(widths, ends, strict=True))
    return "\n".join([row(lines[0]), f"|{rule}|", *(row(line) for line in lines[1:])])


def heading_text(text: str) -> str:
    """Heading text as GitHub shows it: markup removed, what is escaped or in code taken as it is."""
    if _NOTHING_SPECIAL.fullmatch(text):
        return text
    literal: list[str] = []

    def hold(found: re.Match[str]) -> str:
        literal.append(found[1] or found[3])
        return f"\0{len(literal) - 1}\0"

    # closes a heading, as ``## it ##``
    text = re.sub(r"(?:^|[ \t]+)#+[ \t]*$", "", text.replace("\0", ""))
    text = _LITERAL.sub(hold, text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"(?<!\w)(\*{1,3}|_{1,3})(\S(?:.*?\S)?)\1(?!\w)", r"\2", text)
    if "&" in text:
        from html import unescape  # noqa: PLC0415  start-up: 1.4 ms

        text = unescape(text)
    return re.sub("\0(\\d+)\0", lambda found: literal[int(found[1])], text)


@lru_cache(maxsize=1024)  # asked of an entry of the logbook when it is made and when it is kept
def heading_slug(heading: str) -> str:
    """The anchor of a heading that no other has taken."""
    return slug(heading_text(heading).strip())


def slug(text: str) -> str:
    """The anchor of a heading's text as GitHub makes it: what is no letter, mark, digit, ``_`` or
    ``-`` falls away.

    Python's own idea of a word is another one: it counts ``²`` and ``½`` in and the marks of Indic
    scripts out.
    """
    kept = (
        re.sub(r"[^\w\- ]", "", text.lower(), flags=re.ASCII)
        if text.isascii()
        else _word_characters(text.lower())
    )
    return kept.replace(" ", "-")


def _word_characters(text: str) -> str:
    import unicodedata  # noqa: PLC0415  start-up: 0.2 ms

    def counts(character: str) -> bool:
        kind = unicodedata.category(character)
        return (
            kind[0] in "LM"
            or kind in ("Nd", "Nl", "Pc")
            or character in "- "
            or bool(_LETTER_LIKE.match(character))
        )

    return "".join(c for c in text if counts(c))


class Anchors:
    """Anchors as GitHub makes them, repeated headings numbered."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def of(self, heading: str) -> str:
        return self.take(heading_slug(heading))

    def take(self, plain_slug: str) -> str:
        """The anchor of a heading with this slug."""
        unique = plain_slug
        while unique in self._seen:
            self._seen[plain_slug] += 1
            unique = f"{plain_slug}-{self._seen[plain_slug]}"
        self._seen[unique] = 0
        return unique

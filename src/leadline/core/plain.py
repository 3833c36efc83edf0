"""Text from logs, names and trackers is data: nothing in it may move a cursor, hide or reorder
characters, or begin a line of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from leadline.core.patterns import later

BEGINNING_CHARS = 60
_SAFE_WORD = later(r"[\w@%+=:,./-]+\Z", re.ASCII)
# What programs colour their output with; an introducer without its end takes nothing with it.
_ESCAPES = (
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|"
    r"(?:\x1b[]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)|"
    r"\x1b[ -/]*[0-~]"
)
# Of these str.isprintable() says that they can be seen, and they cannot: fillers, joiners and
# selectors (but the two that choose between a sign and its picture).
_BLANK = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0"
    + "".join(map(chr, (*range(0xFE00, 0xFE0E), *range(0xE0100, 0xE01F0))))
)
# The rest of Unicode's default ignorable characters, controls of the direction among them, and C0
# and C1 but newline and tab.
_UNSEEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)


def seen(line: str) -> bool:
    """Whether all of one line can be seen, and stands where it is written."""
    return line.isprintable() and (line.isascii() or _BLANK.isdisjoint(line))


def plain(text: str) -> str:
    """``text`` without terminal escapes, control characters (but newline and tab), direction
    overrides and what cannot be seen; half a character becomes U+FFFD."""
    if seen(text) or seen(text.replace("\n", "")):  # nearly every text
        return text
    text = re.sub("\r\n?|[\u2028\u2029]", "\n", re.sub(_ESCAPES, "", text))
    return re.sub("[\ud800-\udfff]", "\ufffd", re.sub(_unseen(), "", text))


def beginning(text: str) -> str:
    """The beginning of a text from outside, as text that any output can carry (no lone surrogates)."""
    cut = text[:BEGINNING_CHARS] + ("…" if len(text) > BEGINNING_CHARS else "")
    return cut if cut.isascii() else cut.encode("utf-8", "backslashreplace").decode()


def without_escapes(text: str) -> str:
    """``text`` without what programs colour it with."""
    return re.sub(_ESCAPES, "", text) if "\x1b" in text or "\x9b" in text else text


def one_line(text: str) -> str:
    return " ".join(plain(text).split())


def as_rows(lines: Iterable[str]) -> str:
    """Lines, each of which stays one whatever stands in it; its spaces are kept, so columns too."""
    return "\n".join(plain(line).rstrip("\n").replace("\n", " ") for line in lines)


def shell_word(word: str) -> str:
    """A word of a command that may be typed again: as ``shlex.quote`` has it, and with escapes that
    shells know where it holds what cannot be seen or ends a line."""
    if _SAFE_WORD.match(word):
        return word
    if seen(word):
        return "'" + word.replace("'", "'\"'\"'") + "'"
    written = (
        word.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\t", "\\t")
    )
    unseen = f"[\u2028\u2029\ud800-\udfff]|{_unseen()}"
    return "$'" + re.sub(unseen, lambda found: _shell_escape(ord(found[0])), written) + "'"


def shell_words(words: Iterable[str]) -> str:
    return " ".join(map(shell_word, words))


def _shell_escape(code: int) -> str:
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x80 else f"\\U{code:08x}"


def json_escaped(text: str) -> str:
    """The same JSON, in which all that ``plain`` would take out is an escape."""
    if seen(text) or seen(text.replace("\n", "")):
        return text
    pattern = f"[\u2028\u2029\ud800-\udfff]|{_unseen()}"
    return re.sub(pattern, lambda found: json.dumps(found[0])[1:-1], text)


def _unseen() -> str:
    return f"[{_UNSEEN}{''.join(sorted(_BLANK))}]"

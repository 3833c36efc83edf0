"""Text that means harm to whoever shows it, and what of it must never reach a terminal.

Independent of `core/plain.py`: what is dangerous is taken from Unicode's own categories here.
"""

from __future__ import annotations

import unicodedata

# Each in the middle of words, so that it is seen whether those are still there.
HARM = {
    "colour": "\x1b[31mred\x1b[8m",
    "clear": "\x1b[2J\x1b[H",
    "title": "\x1b]0;owned\x07",
    "clipboard": "\x1b]52;c;aGk=\x1b\\",
    "unended": "\x1b]8;;http://example.org",
    "device-control": "\x1bP+q544e\x1b\\",
    "answerback": "\x05\x1b[c\x1b[6n",
    "charset": "\x1b(0\x0e",
    "csi-8-bit": "\x9b2J\x9d0;x\x9c",
    "next-line": "\x85T-D99  forged",
    "carriage": "\rT-D99  forged",
    "new-line": "\nT-D99  forged\n## forged",
    "feed": "\x0b\x0cT-D99  forged",
    "separators": "\u2028T-D99  forged\u2029T-D98  forged",
    "backspace": "\b\b\b\x7f",
    "bidi": "\u202egnp.exe\u202c\u2066x\u2069\u200f\u061c",
    "invisible": "\u200b\u00ad\u2060\u180e\u3164\u115f\ufeff\u034f",
    "tags": "\U000e0041\U000e0042\U000e0100",
    "annotation": "\ufff9a\ufffab\ufffb",
    "markdown": "`|<!-- leadline:end --><script>alert(1)</script>@octocat ```\n~~~\n# forged",
    "html": "\"'></title></svg><script>alert(1)</script><img src=x onerror=alert(1)>&#x1b;]]>",
}
LONE = "\ud800half\udcff"  # of no encoding; JSON can hold it
HARMFUL = "".join(f" {name}{text}{name}" for name, text in HARM.items())

_SEEN_FORMATS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2")
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")


def dangerous(text: str, allowed: str = "\n\t") -> list[str]:
    """Characters of ``text`` that no terminal may be given, each once."""
    return sorted({c for c in text if c not in allowed and _is_dangerous(c)})


def _is_dangerous(character: str) -> bool:
    if character.isascii():
        return not " " <= character <= "~"
    kind = unicodedata.category(character)
    hidden = kind in ("Cc", "Cs", "Cf", "Zl", "Zp") or character in _BLANK_LETTERS
    return (hidden and character not in _SEEN_FORMATS) or 0xE0100 <= ord(character) <= 0xE01EF

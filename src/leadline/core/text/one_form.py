"""One form of what is written in many: digits of any script, letters that only look like Latin ones,
accents, and characters that nobody sees.

A text is brought into this form before words and numbers are looked for in it, and is recorded as it
was written. Positions stay, but for what follows an invisible character.
"""

from __future__ import annotations

import unicodedata

from leadline.core.patterns import later

_LOOKS_LATIN = dict(
    zip(
        "аеорсухіѕјһԁԛԝкмтвнАВЕКМНОРСТХУІЅЈαοντρυικεΑΒΕΖΗΙΚΜΝΟΡΤΥΧıɡɑℓ",
        "aeopcyxisjhdqwkmtbhABEKMHOPCTXYISJaovtpuikeABEZHIKMNOPTYXigal",
        strict=True,
    )
)
_WRITTEN = dict(zip("‐‑‒٪٫٬。！？：；，、", "---%.,.!?:;,,", strict=True))
_MIXED = later(r"\w*[A-Za-z]\w*")
_CAPITAL_I = later(r"(?<=[a-z])I(?=[a-z])")


def one_form(text: str) -> str:
    """``text`` with one form of each digit, dash, letter and space, and as long as before."""
    if text.isascii():
        return _CAPITAL_I.sub("l", text)
    seen = "".join(_one(c) for c in text if not _unseen(c))
    seen = _MIXED.sub(lambda m: "".join(_LOOKS_LATIN.get(c, c) for c in m[0]), seen)
    return _CAPITAL_I.sub("l", seen) + " " * (len(text) - len(seen))


def _unseen(character: str) -> bool:
    return unicodedata.category(character) in ("Cf", "Mn", "Me")


def _one(character: str) -> str:
    if character.isascii():
        return character
    if character in _WRITTEN:
        return _WRITTEN[character]
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    normal = unicodedata.normalize("NFKC", character)
    normal = normal if len(normal) == 1 else character
    if normal.isalpha():  # the letter without its accent
        base = unicodedata.normalize("NFD", normal)
        return base[0] if len(base) > 1 and unicodedata.combining(base[1]) else normal
    return normal

"""Factors written in words: "twice as fast", "half the memory", "ten times slower". They are
measurements.

Only a factor beside what it is a factor of is one: "the second half", "ran it twice" and "three
times" alone are not. Who wants to hide a factor can; who writes one down is asked where it was
measured.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

COUNTS = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
}
_MANY = {
    **COUNTS,
    "twelve": 12,
    "twenty": 20,
    "fifty": 50,
    "hundred": 100,
    "a hundred": 100,
    "thousand": 1000,
}
_OF = (
    r"(?:as|the|its|more|less|fewer|faster|slower|quicker|higher|lower|longer|shorter|bigger|smaller|cheaper|better|"
    r"worse)\b"
)
_WORDS = (
    (rf"\btwice\s+{_OF}|\bdoubl(?:es|ed|ing)\b|\bdouble\s+the\b", 2.0),
    (
        r"\bhalf\s+(?:the\s+(?!way\b)|as\b|its\b|of the (?:time|cost|memory))|\bby half\b|\bhalv(?:es|ed|ing)\b",
        2.0,
    ),
    (rf"\bthrice\s+{_OF}|\btripl(?:es|ed|ing)\b|\b(?:a|one)\s+third\s+of\s+(?:the|its)\b", 3.0),
    (r"\bquadrupl(?:es|ed|ing)\b|\b(?:a|one)\s+quarter\s+of\s+(?:the|its)\b", 4.0),
    (r"\border of magnitude\b", 10.0),
)


def factors_in(text: str) -> Iterator[tuple[int, str, float]]:
    """Position, words as written, and factor (above 1: a half is a factor of 2), in reading order."""
    found = [
        (m.start(), m[0].rstrip(), factor)
        for words, factor in _WORDS
        for m in re.finditer(words, text, re.I)
    ]
    names = "|".join(sorted(_MANY, key=len, reverse=True))
    for m in re.finditer(rf"\b({names})(?:\s+times\s+{_OF}|[- ]?fold\b)", text, re.I):
        found.append((m.start(), m[0], float(_MANY[m[1].lower()])))
    yield from sorted(found)

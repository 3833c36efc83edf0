"""Whether a text may hold a secret at all: what every record is asked, at the cost of a search for
words.

Says yes too often and never no wrongly (``tests/unit/test_redact.py`` holds it to that), so that who
gets a no needs none of the rules, which take longer to load than most commands have.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from leadline.core.secrets.shapes import COMMON, PHRASES, STEMS, TOKENS, VENDORS, WORDS

_COMMON = tuple(hint for _, hints, _ in COMMON for hint in hints)
_BOTH = ("://", "@")  # an address with a user; each alone is common
_TOKENS = tuple(hint for _, hints, _ in TOKENS for hint in hints)
_PHRASES = tuple(hint for _, hints, _ in PHRASES for hint in hints if hint not in _BOTH)
_SHORT_TEXT = 2000  # characters: in a longer one it pays to look at the long words alone
_SHORTEST_TOKEN = 14
_IN_NAMES = "abcdefghijklmnopqrstuvwxyz0123456789_.-"
_CLOSING = "\\\"'`]) \t"
_SIGNS = ("=", ":", ">")
_IN_NUMBERS = "0123456789.+-e,}]) "
_LONG_WORD = r"[\w.~|:-]{24,}"
_NO_TOKEN = (
    r"(?:sha256:)?[0-9a-f]+|[0-7][0-9A-HJKMNP-TV-Z]{25}|20\d\d-\d\d-\d\d[T0-9:.Z+-]*|[a-z_.-]+"
)
SUSPECT = ("TOKEN", "SECRET", "PASS", "KEY", "CRED", "COOKIE", "AUTH", "PRIVATE", "WEBHOOK", "_PWD", "_PIN",
           "_CONNECTION_STRING")  # fmt: skip


def may_hold(text: str) -> bool:
    """False: no shape and no name of this room is in ``text``. Values of an environment are not
    looked for."""
    # ``any`` of a ``map`` over what a text contains: half the price of a loop, for each record.
    if any(map(text.__contains__, _PHRASES)) or all(map(text.__contains__, _BOTH)):
        return True
    words = text
    if len(text) > _SHORT_TEXT:
        words = "\n".join([word for word in text.split() if len(word) >= _SHORTEST_TOKEN])
    if any(map(words.__contains__, _TOKENS)):
        return True
    lower = text.lower()
    names: tuple[str, ...] = VENDORS
    if any(map(lower.__contains__, STEMS)):
        names = (*WORDS, *VENDORS)
    if any(_is_given(lower, word) for word in filter(lower.__contains__, names)):
        return True
    return any(
        any(map(word.__contains__, _COMMON)) and not re.fullmatch(_NO_TOKEN, word)
        for word in re.findall(_LONG_WORD, text)
    )


def as_given(line: str) -> str:
    """A line of JSON without spaces, in which each member is the ``NAME=VALUE`` that it may have
    been cut from: what reaches over the sign is in it as well."""
    return line.replace('":"', "=").replace('":["', "=")


def _is_given(lower: str, word: str) -> bool:
    """Whether something that is no number stands behind a name with ``word`` in it."""
    at = lower.find(word)
    while at >= 0:
        behind = lower[at + len(word) : at + len(word) + 160].lstrip(_IN_NAMES)
        value = behind.lstrip(_CLOSING)
        begin = lower[max(0, at - 60) : at]
        flag = "-" in begin[len(begin.rstrip(_IN_NAMES)) :]
        if value[:1] in _SIGNS or (flag and behind != value):
            value = value.lstrip("=:>, \n\r\t\\\"'`")
            if len(value.split('"', 1)[0].strip(_IN_NUMBERS)) > 0:
                return True
        at = lower.find(word, at + 1)
    return False


def names_suspect(environ: Mapping[str, str]) -> bool:
    """Whether the environment has a variable whose value may be a secret."""
    for name, value in environ.items():
        upper = name.upper()
        if any(word in upper for word in SUSPECT) or ("://" in value and "@" in value):
            return True
    return False

"""How a value looks: random, a placeholder, a number, a path. What every rule of this room asks."""

from __future__ import annotations

import re

# Patterns are kept as text and compiled on first use (``re`` caches them): most commands never need
# most of them.
SPECIAL = (
    r"<[^<>\s]{1,40}>|\[[A-Z_]{2,20}\]|\$\{?\w+\}?|\$\(.*|\{\w*\}|\{\{.*|%\w*%?|\*{3,}.*|\.{3,}"
    r"|\.[a-z][a-z_-]{1,20}(?:\.[a-z]{2,6})?"
)
PATH = r"(?:~|\.{1,2})?/|~$|[A-Za-z]:[\\/]"
_HOST = r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?::\d+)?"
# words of letters, and of letters with a short number: no token is made of these alone
_WORDY = r"(?:[A-Za-z]{1,24}\d{0,3}|\d{1,4})(?:[_\-./:+ ](?:[A-Za-z]{1,24}\d{0,3}|\d{1,4}))*"
PLACEHOLDERS = frozenset(
    (
        "password",
        "passwd",
        "secret",
        "secrets",
        "changeme",
        "example",
        "dummy",
        "placeholder",
        "redacted",
        "disabled",
        "enabled",
        "default",
        "required",
        "optional",
        "unknown",
        "undefined",
        "keyring",
        "system-keyring",
        "interactive",
        "anonymous",
        "bearer",
        "basic",
        "oauth",
        "oauth2",
        "token",
        "string",
        "prompt",
        "object",
        "newline",
    )
)
_MADE_UP = ("example", "placeholder", "changeme", "change_me", "change-me", "redacted", "xxxx", "dummy",
            "your-", "your_", "yourkey", "yourtoken", "yourpass", "my-secret", "mysecret", "not-a-", "insert",
            "1234567890abcdef", "abcdefghijklm", "0123456789", "00000000", "deadbeef", "todo")  # fmt: skip


_SMALL = {upper: upper + 32 for upper in range(65, 91)}


def small(text: str) -> str:
    """``text`` in small letters, at the same length: a few letters are longer when they are small."""
    lower = text.lower()
    return lower if len(lower) == len(text) else text.translate(_SMALL)


def is_digest(value: str) -> bool:
    """Of some content, keyed or not: what is short enough to be guessed is only digested with a key."""
    return re.fullmatch(r"(?:sha256|keyed):[0-9a-f]{64}", value) is not None


def is_number(value: str) -> bool:
    return not value.strip("0123456789+-._,:/eE")


def random_looking(value: str) -> bool:
    return (
        len(value) >= 12
        and not any(c.isspace() for c in value)
        and any(c.isdigit() for c in value)
        and any(c.isalpha() for c in value)
    )


def mixed(text: str) -> bool:
    return random_looking(text) and text.lower() != text != text.upper()


def drawn(value: str) -> bool:
    """Letters of both cases and digits in no order, and nothing else: no word and no name is that."""
    if len(value) < 12 or not (value.isascii() and value.isalnum()):
        return False
    sorts = [(c.isdigit(), c.isupper()) for c in value]
    changes = sum(sorts[at] != sorts[at - 1] for at in range(1, len(sorts)))
    long, numbers = len(value) >= 24, len(re.findall(r"\d+", value))
    enough = 0.33 if long else 0.4  # drawn at random it is 0.6; names of types have some 0.3
    return len(set(sorts)) == 3 and changes >= enough * len(value) and numbers + long >= 2


def wordy(value: str) -> bool:
    """Words and short numbers joined by signs, such as ``gpt2-medium`` or ``step_100``."""
    return re.fullmatch(_WORDY, value) is not None


def made_up(value: str) -> bool:
    """A value that stands for one in a text that explains."""
    lower = value.lower()
    return any(word in lower for word in _MADE_UP) or len(set(value)) <= 3


def harmless(value: str) -> bool:
    """Obviously no secret: a number, a digest, a path, a host, a placeholder, a special token of a model."""
    if (
        value.lower() in PLACEHOLDERS
        or len(set(value)) == 1
        or is_number(value)
        or is_digest(value)
        or re.fullmatch(SPECIAL, value)
    ):
        return True
    if re.match(PATH, value):
        return not any(len(part) >= 20 and mixed(part) for part in re.split(r"[/\\]", value))
    return re.fullmatch(_HOST, value) is not None

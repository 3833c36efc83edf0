"""ULIDs: 48 bits of milliseconds and 80 of randomness, in Crockford's base 32, so that text order
is time order.

Pure: the time and the randomness are arguments. ``next_ulid`` never goes backwards relative to
``after``: a record is always ordered behind everything its writer had seen, even when its machine's
clock is slow (a hybrid logical clock).
"""

from __future__ import annotations

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUE = {c: i for i, c in enumerate(_ALPHABET)}
LENGTH = 26


def encode(time_ms: int, randomness: int) -> str:
    value = (time_ms << 80) | randomness
    out = []
    for _ in range(LENGTH):
        out.append(_ALPHABET[value & 31])
        value >>= 5
    return "".join(reversed(out))


def decode(ulid: str) -> tuple[int, int]:
    """(milliseconds since 1970, randomness). Raises ValueError when ``ulid`` is not one."""
    if not is_ulid(ulid):
        raise ValueError(f"not a ULID: {ulid!r}")
    value = 0
    for c in ulid:
        value = (value << 5) | _VALUE[c]
    return value >> 80, value & ((1 << 80) - 1)


def is_ulid(text: object) -> bool:
    return (
        isinstance(text, str)
        and len(text) == LENGTH
        and text[0] <= "7"
        and not text.strip(_ALPHABET)
    )


def next_ulid(now_ms: int, randomness: int, after: str = "") -> str:
    """A ULID for ``now_ms`` that sorts behind ``after``."""
    fresh = encode(now_ms, randomness & ((1 << 80) - 1))
    if fresh > after:
        return fresh
    time_ms, previous = decode(after)
    # Same or later millisecond seen: go on from it. A step of a random 32-bit size keeps two
    # machines apart.
    value = ((time_ms << 80) | previous) + 1 + (randomness & 0xFFFFFFFF)
    return encode(value >> 80, value & ((1 << 80) - 1))

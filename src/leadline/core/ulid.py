"""ULIDs: 48 bits of milliseconds and 80 of randomness, in Crockford's base 32, so that text order
is time order.

Pure: the time and the randomness are arguments. ``next_ulid`` never goes backwards relative to
``after``: a record is always ordered behind everything its writer had seen, even when its machine's
clock is slow (a hybrid logical clock). Seen is what is within bounds: no clock that runs says a
time outside of ``EARLIEST_MS`` and ``LATEST_MS``, and others' ids are gone on from only where they
are less than ``AHEAD_MS`` in front of ours, so that one bad clock is not everybody's.
"""

from __future__ import annotations

from functools import lru_cache

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]
_DIGITS = str.maketrans(_ALPHABET, "0123456789abcdefghijklmnopqrstuv")  # as ``int`` has them
LENGTH = 26
EARLIEST_MS = 1_577_836_800_000  # 2020-01-01: nothing was recorded before there was a Leadline
LATEST_MS = 4_102_444_800_000  # 2100-01-01
AHEAD_MS = 24 * 3600 * 1000


def encode(time_ms: int, randomness: int) -> str:
    return _text((time_ms << 80) | randomness)


def _text(value: int) -> str:
    """The first 16 characters stay as they are over what one command writes in a millisecond."""
    return _begin(value >> 50) + _characters(value & ((1 << 50) - 1), 10)


def _characters(value: int, count: int) -> str:
    """``count``: an even number of them."""
    return "".join([_PAIRS[value >> at & 1023] for at in range(5 * count - 10, -10, -10)])


@lru_cache(maxsize=4)
def _begin(value: int) -> str:
    return _characters(value, LENGTH - 10)


def decode(ulid: str) -> tuple[int, int]:
    """(milliseconds since 1970, randomness). Raises ValueError when ``ulid`` is not one."""
    value = _value(ulid)
    return value >> 80, value & ((1 << 80) - 1)


def _value(ulid: str) -> int:
    if not is_ulid(ulid):
        raise ValueError(f"not a ULID: {ulid!r}")
    return int(ulid.translate(_DIGITS), 32)


def is_ulid(text: object) -> bool:
    return (
        isinstance(text, str)
        and len(text) == LENGTH
        and text[0] <= "7"
        and not text.strip(_ALPHABET)
    )


def held(now_ms: int) -> int:
    """``now_ms``, or the nearest bound: what a clock that is off is taken to say."""
    return min(max(now_ms, EARLIEST_MS), LATEST_MS)


def is_off(now_ms: int) -> bool:
    """Whether no clock that runs says ``now_ms``."""
    return not EARLIEST_MS < now_ms < LATEST_MS


def first_at(time_ms: int) -> str:
    """The smallest ULID of a millisecond."""
    return encode(time_ms, 0)


BEYOND = first_at(LATEST_MS)


def next_ulid(now_ms: int, randomness: int, *after: str) -> str:
    """A ULID for ``now_ms`` that sorts behind all of ``after`` that are within bounds."""
    fresh = (now_ms << 80) | (randomness & ((1 << 80) - 1))
    newest = ""
    for uid in after:
        if newest < uid < BEYOND:
            newest = uid
    value = _value(newest) if newest else -1
    # Same or later millisecond seen: go on from it. A step of a random 32-bit size keeps two
    # machines apart.
    return _text(fresh if fresh > value else value + 1 + (randomness & 0xFFFFFFFF))

"""Ids in order of time: their text, and the next one after those that were seen."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from leadline.core.ulid import decode, encode, is_ulid, next_ulid

TIMES, RANDOM = st.integers(1_577_836_800_001, 4_102_444_799_000), st.integers(0, (1 << 80) - 1)


def test_the_text_is_that_of_the_specification() -> None:
    assert decode("01ARZ3NDEKTSV4RRFFQ69G5FAV")[0] == 1_469_922_850_259
    assert encode(*decode("01ARZ3NDEKTSV4RRFFQ69G5FAV")) == "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    assert encode(0, 0) == "0" * 26 and encode((1 << 48) - 1, (1 << 80) - 1) == "7" + "Z" * 25


@given(TIMES, RANDOM, st.lists(st.tuples(st.integers(-3, 3), RANDOM), max_size=3))
def test_the_next_is_of_now_or_behind_all_that_were_seen(
    now_ms: int, chance: int, seen: list[tuple[int, int]]
) -> None:
    after = [encode(now_ms + ms, randomness) for ms, randomness in seen]
    uid = next_ulid(now_ms, chance, *after)
    fresh = encode(now_ms, chance)
    assert is_ulid(uid) and all(uid > other for other in after)
    assert uid == fresh if all(fresh > other for other in after) else uid > fresh

"""A damaged event file and a copy that ends earlier: the chain says which lines are missing, and they
alone are put in."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from leadline.core.record.event import Record, line_digest
from leadline.core.record.rejoin import asked_for, rejoined

PUBLISHED = 5  # of eight lines
Lines = list[bytes]


def record(number: int, prev: str, text: str = "") -> bytes:
    body = {"id": f"P-N{number}", "text": text or f"note {number}"}
    uid = f"01J0000000000000000000{number:04}"
    return Record(uid, "2026-01-01T00:00:00Z", "t", "w1", "note", "Ada", body, prev).line()


def chain(count: int, follows: str = "") -> Lines:
    lines: Lines = []
    for number in range(count):
        lines.append(record(number, line_digest(lines[-1]) if lines else follows))
    return lines


WHOLE = chain(8)
CHANGED = WHOLE[2].replace(b"note 2", b"note 9")
OTHER_ID = WHOLE[2].replace(b"0002", b"0099")
DAMAGES: dict[str, Callable[[Lines], Lines]] = {
    "the first gone": lambda lines: lines[1:],
    "the first three gone": lambda lines: lines[3:],
    "all that the copy has gone": lambda lines: lines[PUBLISHED:],
    "the first torn": lambda lines: [b'{"v"', b':1}\n', *lines[1:]],
    "the last that the copy has torn": lambda lines: [*lines[:4], lines[4][:-3] + b"\n", *lines[5:]],
    "two joined, one beyond the copy": lambda lines: [*lines[:4], lines[4][:-1], b"\x0b", *lines[5:]],
    "two joined beyond the copy": lambda lines: [*lines[:6], lines[6][:-1], *lines[7:]],
    "a gap": lambda lines: [*lines[:2], *lines[4:]],
    "two gaps": lambda lines: [*lines[1:3], *lines[4:]],
    "one changed": lambda lines: [*lines[:2], CHANGED, *lines[3:]],
    "one with another id": lambda lines: [*lines[:2], OTHER_ID, *lines[3:]],
    "two moved": lambda lines: [lines[1], lines[0], *lines[2:]],
    "one twice": lambda lines: [lines[0], *lines],
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_copy_that_has_what_the_chain_asks_for_completes_it(damage: str) -> None:
    damaged = b"".join(DAMAGES[damage](WHOLE))
    assert rejoined(damaged, [b"".join(WHOLE[:PUBLISHED])]) == b"".join(WHOLE)


def test_the_end_is_found_by_a_digest_that_is_known() -> None:
    ours, copy = b"".join(WHOLE[:4]), b"".join(WHOLE)
    assert rejoined(ours, [copy]) == ours
    assert rejoined(ours, [copy], [line_digest(WHOLE[6])]) == b"".join(WHOLE[:7])
    assert asked_for(b"".join(chain(2, follows=line_digest(WHOLE[7])))) == line_digest(WHOLE[7])


def test_a_copy_takes_the_place_of_nothing_that_a_newer_leadline_wrote() -> None:
    newer = record(9, line_digest(WHOLE[1])).replace(b'"v":1', b'"v":99')
    ours, copy = b"".join([*WHOLE[:2], newer]), b"".join(WHOLE)
    assert rejoined(ours, [copy], published=copy) == ours
    flipped = WHOLE[2].replace(b'"v":1', b'"v":3')
    assert rejoined(b"".join([*WHOLE[:2], flipped, *WHOLE[3:]]), [copy]) == copy
    torn = newer.replace(b'"v":99', b'"w":99')
    assert rejoined(b"".join([*WHOLE[:2], torn]), [copy], published=copy) == copy


def test_what_no_copy_has_stays_as_it_is() -> None:
    damaged = b"".join([*WHOLE[:6], WHOLE[7]])
    assert rejoined(damaged, [b"".join(WHOLE[:PUBLISHED])]) is None


def test_a_copy_with_other_lines_completes_nothing_and_takes_no_place() -> None:
    other = [record(0, "", "somebody else's")]
    other += [record(n, line_digest(other[-1])) for n in range(1, 8)]
    theirs = b"".join(other)
    assert rejoined(b"".join(WHOLE[1:]), [theirs], published=theirs) is None
    assert rejoined(b"".join(WHOLE), [theirs], published=theirs) == b"".join(WHOLE)


def test_a_published_copy_goes_on_from_where_ours_was_torn() -> None:
    ours = b"".join([*WHOLE[:3], b'{"v":1,'])
    assert rejoined(ours, (), published=b"".join(WHOLE)) == b"".join(WHOLE)
    assert rejoined(b"\0\0\n", (), published=b"".join(WHOLE)) == b"".join(WHOLE)


def test_no_record_of_ours_is_left_out() -> None:
    """One that forks off, in the middle and as the last one that the copy goes on from otherwise."""
    fork, end = record(77, line_digest(WHOLE[3])), [line_digest(WHOLE[7])]
    assert rejoined(b"".join([*WHOLE[:4], fork, *WHOLE[4:]]), [b"".join(WHOLE)], end) is None
    last = b"".join([*WHOLE[:4], fork])
    assert rejoined(last, [b"".join(WHOLE)], end) == last


def test_a_file_goes_on_from_the_one_before_it() -> None:
    later = chain(3, follows=line_digest(WHOLE[7]))
    damaged, copy = b"".join(later[1:]), b"".join(later)
    assert rejoined(damaged, [copy], follows=line_digest(WHOLE[7])) == copy
    assert rejoined(damaged, [copy], follows=line_digest(WHOLE[6])) is None


def test_torn_lines_stay_where_they_were_published_or_are_only_here() -> None:
    torn = b'{"v":1,"id\n'
    published = b"".join([*WHOLE[:2], torn, *WHOLE[2:5]])
    ours = b"".join([*WHOLE[1:6], torn, *WHOLE[6:], torn])
    assert rejoined(ours, [published]) == published + b"".join([
        WHOLE[5], torn, *WHOLE[6:], torn,
    ])  # fmt: skip


def test_what_only_looks_like_two_records_stays_as_it_is() -> None:
    torn = b'{"v":1,"seen":[{"writer":"w1"},{"at":1}],\n'
    ours = b"".join([*WHOLE[1:], torn])
    assert rejoined(ours, [b"".join(WHOLE[:PUBLISHED])]) == b"".join([*WHOLE, torn])

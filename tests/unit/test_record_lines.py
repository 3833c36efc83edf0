"""Lines of the record read together: never other records, and never other words about a bad line,
than read alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.core.record.event import Record, as_written_today, check_chain, parse_lines
from leadline.core.ulid import encode
from leadline.testing.builders import ThreadBuilder


def _line(number: int, **body: Any) -> bytes:
    return Record(
        encode(number, 1), "2026-01-01T00:00:00Z", "t", "w1", "note", "me", body, ""
    ).line()


def _one_by_one(lines: list[bytes]) -> list[str]:
    return [repr(found) for found in parse_lines(lines)]


_ONE, _TWO, _THREE = (_line(n, text=f"n{n}", list=[[n, n + 1]]) for n in (1, 2, 3))


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [_ONE],
        [_ONE, _TWO, _THREE],
        [_ONE.rstrip(b"\n"), b"  " + _TWO + b" "],
        [_ONE, _TWO[:40], _THREE],  # torn
        [_ONE, b"", _THREE],
        [_ONE, b"\n", _THREE],
        [_ONE, b"null", b"7", b"[]", b'"text"', _THREE],
        [_ONE, b"\xff\xfe", _THREE],  # not UTF-8
        [_ONE, b"\xef\xbb\xbf" + _TWO],  # JSON's byte order mark
        [_ONE, _TWO.decode().encode("utf-16-le"), _THREE],
        [_ONE, b'{"a":' + b"[" * 3000, _THREE],  # deeper than the interpreter goes
        # together as many values as lines
        [b'{"v":1,"body":{"list":[1', b"2]}}", _ONE + b"," + _TWO],
        [b"[1", b"2]", _ONE.rstrip() + b'],["x"],[' + _TWO],
        [b'{"a":"x', b'y"}', _ONE + b',"' + b"m" * 8 + b'",' + _TWO],
        [_ONE + b"," + _TWO, _THREE],
    ],
)
def test_lines_read_together_are_what_they_are_alone(lines):
    assert [repr(found) for found in parse_lines(lines, "m" * 31 + "4")] == _one_by_one(lines)


def test_a_line_that_knew_the_mark_could_hide_a_split_and_that_is_why_it_is_drawn_anew():
    known = "aa"
    lines = [b'{"a":[1', b"2]}", _ONE.rstrip() + b',"aa",' + _TWO]
    assert [repr(found) for found in parse_lines(lines, "another")] == _one_by_one(lines)
    assert [repr(found) for found in parse_lines(lines, known)] != _one_by_one(lines)


def test_the_store_draws_another_mark_each_time():
    from leadline.adapters.store.event_log import _mark

    assert len({_mark() for _ in range(50)}) == 50 and len(_mark()) == 32


@given(st.lists(st.binary(max_size=12) | st.sampled_from([_ONE, _TWO, _THREE]), max_size=8))
def test_any_lines_read_together_are_what_they_are_alone(lines):
    assert [repr(found) for found in parse_lines(lines, "0f" * 16)] == _one_by_one(lines)


_SAID = _line(4, id="P-N4", text="Ünder / ☃")
_OTHERWISE = [
    _SAID.replace(b'":', b'": ').replace(b",", b" , "),
    _SAID.replace("Ü".encode(), b"\\u00dc").replace(b" / ", b" \\/ "),
    _SAID.replace(b'"at"', b'\t"at"'),
    _SAID.replace(b'"text"', b'"te\\u0078t"'),
    _SAID.rstrip() + b"\r\n",
    _SAID.rstrip(),
]
_NO_RECORDS = [
    _SAID[:40],
    _SAID[:-9].replace(b":", b": "),
    b"",
    b"null\n",
    b"7",
    b"\xff\n",
    _SAID.replace(b'"v":1', b'"v":NaN'),
    _SAID.replace(b'"text":', b'"text":7,"was":'),
    b'{"a":[1',
    b"2]}",
    b'{"a":' + b"[" * 3000,
]


@given(st.lists(st.sampled_from([_SAID, *_OTHERWISE, *_NO_RECORDS]), max_size=5))
def test_a_line_is_said_as_it_is_written_today_whoever_wrote_it_otherwise(lines) -> None:
    said = as_written_today(lines)
    for line, text in zip(lines, said, strict=True):
        if line in _NO_RECORDS:
            assert text == line.decode("utf-8", "replace")
        else:
            assert text.strip() == _SAID.decode().strip()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda line: line.replace(b',"at"', b', "at"'), "changed-line"),
        (lambda line: line.replace(b"}\n", b"} \n"), "changed-line"),
        (lambda line: line.removesuffix(b"\n"), "open-line"),
    ],
)
def test_a_change_of_the_last_line_that_leaves_it_a_record_is_seen(change, code) -> None:
    build = ThreadBuilder()
    build.note("said")
    lines = [record.line() for record in build.records]
    placed = [(f"{at}", line) for at, line in enumerate(lines)]
    assert check_chain(placed)[1] == []
    changed = change(lines[-1])
    assert changed != lines[-1]
    placed[-1] = (placed[-1][0], changed)
    assert [fault.code for fault in check_chain(placed)[1]] == [code]

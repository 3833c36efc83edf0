"""The decoder against a plain one, frame by frame; files cut at every byte, damaged anywhere, fed
in any pieces."""

from __future__ import annotations

import json
import math
import struct
from array import array
from itertools import pairwise
from typing import Any
from zlib import crc32

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leadline.core.extract.gather import Accumulator
from leadline.core.series.points import Points
from leadline.core.series.segment import LARGEST_FRAME, LOOK_AHEAD, MAGIC, RESIDUE, RUN, Decoder
from leadline.core.series.store import disorder, merged, summary
from tests.chance import examples

Call = tuple[tuple[str, ...], float]


def sealed(body: bytes) -> bytes:
    return body + struct.pack("<I", crc32(body, RESIDUE))


def text(value: dict[str, Any]) -> bytes:
    raw = json.dumps(value).encode()
    raw += b" " * (-len(raw) % 8)
    return sealed(struct.pack("<HH", len(raw) // 8 + 1, 0) + raw)


def frames_of(calls: list[Call]) -> list[bytes]:
    """Each call's frame, the definition of a new set in front of it; the header first. As the
    format page has it."""
    known: dict[tuple[str, ...], int] = {}
    frames = [MAGIC + b"\1" + text({"writer": "w", "pid": 1})]
    for at, (names, step) in enumerate(calls):
        if names not in known:
            known[names] = len(known) + 1
            frames.append(text({"set": known[names], "names": list(names)}))
        values = [at + 0.25 * place for place in range(len(names))]
        frames.append(
            sealed(
                struct.pack(
                    f"<HHdd{len(names)}d", 3 + len(names), known[names], 100.0 + at, step, *values
                )
            )
        )
    return frames


def points_of(calls: list[Call]) -> dict[str, list[tuple[float, float, float]]]:
    found: dict[str, list[tuple[float, float, float]]] = {}
    for at, (names, step) in enumerate(calls):
        for place, name in enumerate(names):
            found.setdefault(name, []).append((100.0 + at, step, at + 0.25 * place))
    return found


class Rows(dict[str, list[tuple[float, float, float]]]):
    def take(self, name: str, *columns: Any) -> None:
        self.setdefault(name, []).extend(zip(*columns))


def decode(data: bytes, piece: int = 1 << 30) -> tuple[Decoder, Rows]:
    rows = Rows()
    decoder = Decoder(rows)
    for start in range(0, len(data), piece):
        decoder.feed(data[start : start + piece])
    decoder.finish()
    return decoder, rows


SETS = [("a",), ("b",), ("a", "b"), ("c", "a", "d")]
patterns = st.lists(
    st.tuples(st.lists(st.sampled_from(SETS), min_size=1, max_size=5), st.integers(1, 2 * RUN)),
    min_size=1,
    max_size=8,
)


@settings(deadline=None, max_examples=examples(60))
@given(patterns, st.sampled_from([7, 64, 1000, 1 << 20]))
def test_any_sequence_of_sets_keeps_every_metric_in_order(
    parts: list[tuple[list[Any], int]], piece: int
) -> None:
    names = [names for pattern, times in parts for names in pattern * times]
    calls = [(one, float(at)) for at, one in enumerate(names)]
    decoder, rows = decode(b"".join(frames_of(calls)), piece)
    assert rows == points_of(calls)
    assert (decoder.damages, decoder.torn_bytes, decoder.points) == (
        [],
        0,
        sum(len(one) for one in names),
    )


@pytest.mark.parametrize("period", [1, 2, 3, 100, LOOK_AHEAD // 2, LOOK_AHEAD, 3 * LOOK_AHEAD])
def test_long_files(period: int) -> None:
    calls = [(SETS[2] if at % period == 0 else SETS[0], float(at)) for at in range(5000)]
    decoder, rows = decode(b"".join(frames_of(calls)), 1 << 16)
    assert rows == points_of(calls) and not decoder.damages


def test_cut_at_every_byte_the_whole_frames_before_are_there() -> None:
    calls = [(SETS[at % 4], float(at)) for at in range(9)]
    frames = frames_of(calls)
    whole = b"".join(frames)
    ends = [sum(map(len, frames[: at + 1])) for at in range(len(frames))]
    for cut in range(len(frames[0]), len(whole) + 1):
        decoder, rows = decode(whole[:cut])
        complete = sum(end <= cut for end in ends)
        assert decoder.frames == complete, cut
        assert decoder.torn_bytes == cut - ends[complete - 1] and not decoder.damages
        kept = sum(frame[2:4] != b"\0\0" for frame in frames[1:complete])
        assert rows == points_of(calls[:kept])


@pytest.mark.parametrize("cut", range(8 + 16))
def test_a_file_that_is_only_begun_holds_nothing(cut: int) -> None:
    decoder, rows = decode(frames_of([])[0][:cut])
    assert not rows and not decoder.damages and not decoder.refused


@settings(deadline=None, max_examples=examples(150))
@given(st.data())
def test_a_damaged_byte_costs_its_frame_alone_and_is_named(data: st.DataObject) -> None:
    calls = [(SETS[at % 3 if at < 40 else 0], float(at)) for at in range(90)]
    frames = frames_of(calls)
    victim = data.draw(
        st.sampled_from([at for at, frame in enumerate(frames) if at and frame[2:4] != b"\0\0"])
    )
    place = data.draw(st.integers(0, len(frames[victim]) - 1))
    before = frames[victim][place]
    after = data.draw(st.integers(0, 255).filter(lambda byte: byte != before))
    offset = sum(map(len, frames[:victim]))
    broken = bytearray(b"".join(frames))
    broken[offset + place] = after
    decoder, rows = decode(bytes(broken), data.draw(st.sampled_from([100, 1 << 20])))
    # its length grew: like a frame that is not all there
    if victim == len(frames) - 1 and decoder.torn_bytes:
        assert decoder.torn_bytes == len(frames[victim])
    else:
        assert decoder.damages == [{"offset": offset, "bytes": len(frames[victim])}]
    number = sum(frame[2:4] != b"\0\0" for frame in frames[1:victim])
    wanted = points_of(calls)
    for name in calls[number][0]:
        wanted[name] = [row for row in wanted[name] if row[0] != 100.0 + number]
    assert rows == wanted


def test_a_damaged_definition_names_what_cannot_be_read() -> None:
    frames = frames_of([(("a",), 1.0), (("b",), 2.0), (("a",), 3.0)])
    whole = bytearray(b"".join(frames))
    whole[len(frames[0]) + 6] ^= 1
    decoder, rows = decode(bytes(whole))
    assert rows == {"b": [(101.0, 2.0, 1.0)]}
    assert sum(damage["bytes"] for damage in decoder.damages) == len(frames[1]) + len(
        frames[2]
    ) + len(frames[-1])


def test_rubbish_between_frames_and_zeros_at_the_end() -> None:
    frames = frames_of([(("a",), 1.0), (("a",), 2.0)])
    middle, end = b"\0" * 13, b"\0" * 64
    decoder, rows = decode(b"".join(frames[:-1]) + middle + frames[-1] + end)
    assert [step for _, step, _ in rows["a"]] == [1.0, 2.0]
    assert [damage["bytes"] for damage in decoder.damages] == [len(middle), len(end)]


def test_a_long_damage_is_looked_through_once() -> None:
    """What no frame can begin in any more is not kept for the next piece."""
    frames = frames_of([(("a",), 1.0), (("a",), 2.0)])
    hole, piece = bytes(3 * LARGEST_FRAME), 1 << 18
    data = b"".join(frames[:-1]) + hole + frames[-1]
    rows, looked_at = Rows(), 0

    class Looking(Decoder):
        def _next_frame(self, data: memoryview, start: int) -> int | None:
            nonlocal looked_at
            looked_at = max(looked_at, len(data) - start)
            return super()._next_frame(data, start)

    decoder = Looking(rows)
    for start in range(0, len(data), piece):
        decoder.feed(data[start : start + piece])
    decoder.finish()
    assert [step for _, step, _ in rows["a"]] == [1.0, 2.0]
    assert [damage["bytes"] for damage in decoder.damages] == [len(hole)]
    assert looked_at < LARGEST_FRAME + piece


def test_other_files_are_refused() -> None:
    assert decode(b'{"step": 1, "loss": 2}\n')[0].refused == "it does not begin as a segment"
    assert (
        decode(MAGIC + b"\2" + bytes(64))[0].refused == "it is of version 2, this program reads 1"
    )


def test_odd_values_are_counted() -> None:
    data = b"".join(frames_of([(("a",), 1.0)])) + text({"odd": {"a": "NoneType"}, "step": 2}) * 3
    assert decode(data)[0].odd == {"a": 3}


# --- what is computed from points -----------------------------------------------------------------

numbers = st.floats(allow_nan=True, allow_infinity=True)


@settings(deadline=None)
@example([[(0.0, math.nan), (math.nan, math.nan)]])
@example(
    [
        [
            (0.0, math.nan),
            (-4.9e291, math.nan),
            (-1.7976931348623157e308, math.nan),
            (-4.9e291, math.nan),
        ]
    ]
)
@given(
    st.lists(
        st.lists(
            st.tuples(numbers, st.one_of(st.just(math.nan), st.integers(0, 50).map(float))),
            max_size=300,
        )
    )
)
def test_many_at_once_fold_as_one_by_one(chunks: list[list[tuple[float, float]]]) -> None:
    single, many = Accumulator(True), Accumulator(True)
    for chunk in chunks:
        for value, step in chunk:
            single.add(value, None if step != step else step)
        many.extend(array("d", (v for v, _ in chunk)), array("d", (s for _, s in chunk)))
    assert repr(many.summary()) == repr(single.summary())
    assert many.values == single.values or repr(many.values) == repr(single.values)
    for rule in ("first", "last", "min", "max", "median"):
        assert repr(many.reduced(rule)) == repr(single.reduced(rule))
    a, b = many.reduced("mean"), single.reduced("mean")
    scale = max((abs(v) for c in chunks for v, _ in c if math.isfinite(v)), default=0.0)
    if a is not None and b is not None and math.isfinite(a) and math.isfinite(b):
        assert math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9 * scale)


@given(st.lists(st.one_of(st.just(math.nan), st.integers(0, 5).map(float)), max_size=30))
def test_disorder(steps: list[float]) -> None:
    known = [step for step in steps if step == step]
    pairs = list(pairwise(known))
    assert disorder(array("d", steps)) == (
        sum(a > b for a, b in pairs),
        sum(a == b for a, b in pairs),
    )


@given(st.lists(st.lists(st.integers(0, 20), max_size=20), min_size=2, max_size=4))
def test_merging_goes_by_the_clocks_and_keeps_each_writers_order(clocks: list[list[int]]) -> None:
    parts = []
    for writer, times in enumerate(clocks):
        points = Points()
        for at, time in enumerate(times):
            points.add(float(at), 100.0 * writer + at, float(time))
        parts.append(points)
    whole = merged(parts)
    assert sorted(whole.values) == sorted(v for part in parts for v in part.values)
    for writer, part in enumerate(parts):
        assert [v for v in whole.values if v // 100 == writer] == list(part.values)
    if all(times == sorted(times) for times in clocks):
        assert list(whole.times) == sorted(whole.times)


def test_summary_names_extremes_of_the_numbers() -> None:
    points = Points()
    for step, value in ((1, 3.0), (2, math.nan), (3, -1.0), (4, math.inf)):
        points.add(step, value, 0.0)
    found = summary(points)
    assert (found["points"], found["first_step"], found["last_step"]) == (4, 1, 4)
    assert (found["min"], found["max"], found["last"], found["nonfinite"]) == (
        -1.0,
        3.0,
        math.inf,
        2,
    )

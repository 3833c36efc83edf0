"""Encodes points as a segment (``docs/series-format.md``), for those that did not come from a job's
own ``ll.log``.

Pure: points in, bytes out; ``core/series/segment.py`` reads them. One set a metric, its points one
after the other, since what a tracker hands over comes by metric and need not share steps. The
price: a frame a point, 32 bytes.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from zlib import crc32

from leadline.core.series.points import Points
from leadline.core.series.segment import MAGIC, RESIDUE, VERSION
from leadline.core.typed import Any

LONGEST_NAME = 4096  # as in the job
SETS_IN_SEGMENT = 0xFFFF
POINTS_IN_PIECE = 1 << 15
_POINT = struct.Struct("<HHddd")
_FOUR = struct.Struct("<I")
_WORDS = (_POINT.size + _FOUR.size) // 8


def encode(
    header: Mapping[str, Any], series: Mapping[str, Points], odd: Mapping[str, int]
) -> Iterator[bytes]:
    """The bytes of one segment in pieces of at most a megabyte. ``header``: what stands in its
    first frame (``writer`` at the least); ``odd``: metric to the number of its values that were no
    number.

    Raises ValueError: more than ``SETS_IN_SEGMENT`` metrics, or a name of over ``LONGEST_NAME``
    characters.
    """
    if len(series) > SETS_IN_SEGMENT:
        raise ValueError(f"{len(series)} metrics, a segment holds {SETS_IN_SEGMENT}")
    yield MAGIC + bytes((VERSION,)) + _text(header)
    for number, (name, points) in enumerate(series.items(), 1):
        if len(name) > LONGEST_NAME:
            raise ValueError(f"the name of a metric has {len(name)} characters: {name[:60]!r}")
        yield _text({"set": number, "names": [name]})
        for start in range(0, len(points), POINTS_IN_PIECE):
            yield b"".join(_frames(number, points, start, start + POINTS_IN_PIECE))
    for name, count in odd.items():
        frame = _text({"odd": {name[:LONGEST_NAME]: "text"}})
        for start in range(0, count, POINTS_IN_PIECE):
            yield frame * min(POINTS_IN_PIECE, count - start)


def _frames(number: int, points: Points, start: int, end: int) -> Iterator[bytes]:
    pack, four = _POINT.pack, _FOUR.pack
    columns = (points.times[start:end], points.steps[start:end], points.values[start:end])
    for time, step, value in zip(*columns, strict=True):
        body = pack(_WORDS, number, time, step, value)
        yield body + four(crc32(body, RESIDUE))


def _text(record: Mapping[str, object]) -> bytes:
    raw = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    raw += b" " * (-len(raw) % 8)
    body = struct.pack("<HH", len(raw) // 8 + 1, 0) + raw
    return body + _FOUR.pack(crc32(body, RESIDUE))

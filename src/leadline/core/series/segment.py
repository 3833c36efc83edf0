"""Decodes a segment: the file that one process of a job writes its metrics to
(``docs/series-format.md``).

Pure: bytes in, arrays out. A million points must be checked and decoded in a fraction of a second
by the interpreter alone, so nothing is done per point. Two properties of the format make that
possible. The sets of names come in a repeating pattern, so a column of values is a strided view.
And every checksum starts from the residue of CRC-32 (the checksum of any text followed by its own),
so that the checksum over any number of whole frames is that residue exactly when each of them is
right: one call checks them all, and only when it fails is each frame looked at.
"""

from __future__ import annotations

import json
import struct
import sys
from array import array
from collections.abc import Callable, Mapping
from zlib import crc32

from leadline.core.typed import Protocol, TypedDict

MAGIC = b"\x89LLSER\n"
VERSION = 1
RESIDUE = 0x2144DF1C
# what stands for the type of such an integer, as job/log.py writes it
TOO_LARGE = "too large for a float"
LOOK_AHEAD = 512  # frames among which a repeating pattern is looked for
RUN = 64  # frames with the same names that are worth taking together
LARGEST_FRAME = 8 * 0xFFFF
_HEAD = struct.Struct("<HH")
_FOUR = struct.Struct("<I")


class Sink(Protocol):
    """Takes the points of one metric as they come; steps and values are NaN where there is none."""

    def take(
        self, name: str, times: array[float], steps: array[float], values: array[float]
    ) -> None: ...


class Damage(TypedDict):
    """A stretch of a segment that could not be read."""

    offset: int
    bytes: int


class Decoder:
    """Feed it the bytes of one segment in pieces of any size, then ``finish``.

    ``header``: what the writer said of itself. ``points`` and ``frames``: how many were taken.
    ``begun``: its first bytes were there, right or wrong. ``odd``: metric to the number of its
    values that were no number; ``too_large``: how many of those were one beyond every float.
    ``torn_bytes``: the unfinished frame at the end, which is what a killed job or a job that is
    still writing leaves. ``damages``: every other stretch that could not be read, as ``{offset,
    bytes}``; the frames around it are taken. ``refused``: why nothing could be read, or "".
    """

    def __init__(
        self, sink: Sink, begin: Callable[[Mapping[str, object]], None] = lambda header: None
    ) -> None:
        """``begin`` gets the header before the first point is taken (an empty one when the header
        is damaged)."""
        self.sink = sink
        self._begin_with = begin
        self._told = False
        self.header: Mapping[str, object] = {}
        self.points = self.frames = self.torn_bytes = 0
        self.odd: dict[str, int] = {}
        self.too_large: dict[str, int] = {}
        self.damages: list[Damage] = []
        self.refused = ""
        # by the first four bytes of the frames that hold these
        self._names: dict[int, tuple[str, ...]] = {}
        self._sizes: dict[int, int] = {}
        self._pattern: list[int] = []  # of heads, that was taken last
        self._rest = b""
        self._offset = 0  # of _rest in the file
        self.begun = False

    def feed(self, data: bytes) -> None:
        if self.refused:
            return
        self._rest = self._rest + data if self._rest else data
        if not self.begun:
            if len(self._rest) < 8:
                return
            self._begin()
        self._drop(self._decode(memoryview(self._rest), last=False))

    def finish(self) -> None:
        """The end of the file, or as far as it is written."""
        if not self.begun:
            self.torn_bytes = len(self._rest)
            return
        if self.refused:
            return
        self._drop(self._decode(memoryview(self._rest), last=True))
        if self._rest and not self._is_beginning(self._rest):
            self._damaged(self._offset, len(self._rest))
        else:
            self.torn_bytes = len(self._rest)

    def _is_beginning(self, data: bytes) -> bool:
        """Whether ``data`` may be the first part of a frame, and nothing else."""
        if len(data) < 4:
            return True
        head = int(_FOUR.unpack_from(data)[0])
        size = self._sizes.get(head) or (8 * head if 2 <= head <= 0xFFFF else 0)
        return len(data) < size

    def _begin(self) -> None:
        self.begun = True
        if self._rest[:7] != MAGIC:
            self.refused = "it does not begin as a segment"
        elif self._rest[7] != VERSION:
            self.refused = f"it is of version {self._rest[7]}, this program reads {VERSION}"
        else:
            self._drop(8)

    def _drop(self, count: int) -> None:
        if count:
            self._rest = self._rest[count:]
            self._offset += count

    def _tell(self) -> None:
        if not self._told:
            self._told = True
            self._begin_with(self.header)

    # frames

    def _decode(self, data: memoryview, last: bool) -> int:
        """How many bytes were dealt with. What is left is part of a frame, or damage whose end is
        not in sight."""
        at = 0
        while True:
            heads, stopped_by = self._walk(data, at)
            if heads:
                done = self._take_points(data, at, heads)
            elif stopped_by == "text":
                done = self._take_text(data, at)
            elif stopped_by == "partial" and not last:
                return at
            else:
                done = at
            if done == at:
                done = self._pass_damage(data, at)
                if done == at:
                    return at
            at = done

    def _walk(self, data: memoryview, at: int) -> tuple[list[int], str]:
        """The heads of the next frames of points, unchecked, and what stops the walk: ``text``,
        ``partial``, ``strange`` or ``more``."""
        heads: list[int] = []
        end, sizes = len(data), self._sizes
        if self._goes_on(data, at):
            return self._pattern, "more"
        while len(heads) < LOOK_AHEAD:
            if end - at < 4:
                return heads, "partial"
            head = _FOUR.unpack_from(data, at)[0]
            size = sizes.get(head)
            if size is None:
                size = 8 * (head & 0xFFFF)
                if head >> 16 or size < 16:
                    return heads, "strange"
                return heads, "text" if at + size <= end else "partial"
            if at + size > end:
                return heads, "partial"
            heads.append(head)
            at += size
        return heads, "more"

    def _goes_on(self, data: memoryview, at: int) -> bool:
        """Whether the pattern that was taken last stands twice at ``at``, as it does from one piece of
        a file to the next."""
        size = sum(map(self._sizes.__getitem__, self._pattern))
        ahead = data[at : at + 2 * size]
        return 0 < 2 * size == len(ahead) and self._repeats(ahead, 0, size, self._pattern) == 2

    def _take_points(self, data: memoryview, at: int, heads: list[int]) -> int:
        """Takes frames from ``at`` on. Returns where it stopped: ``at`` when the first frame is
        damaged."""
        self._tell()
        period = _period(heads)
        if 2 * period > len(heads) > RUN:
            period = _first_run(heads)
        heads = heads[: period or 1]
        size = sum(self._sizes[head] for head in heads)
        times = self._repeats(data, at, size, heads)
        if crc32(data[at : at + times * size], RESIDUE) != RESIDUE:
            times = _right_repeats(data, at, size, times)
        if times > 1:
            self._take_pattern(data, at, size, heads, times)
            return at + times * size
        return self._take_singly(data, at, heads)

    def _repeats(self, data: memoryview, at: int, size: int, heads: list[int]) -> int:
        """How many times the pattern of heads stands at ``at``, one after the other; at least once."""
        most = (len(data) - at) // size
        for head in heads:
            if most <= 1:
                return 1
            found = data[at : at + (most - 1) * size + 4].cast("I")[:: size // 4].tobytes()
            most = _equal_words(found, _FOUR.pack(head), most)
            at += self._sizes[head]
        return max(1, most)

    def _take_pattern(
        self, data: memoryview, at: int, size: int, heads: list[int], times: int
    ) -> None:
        """``times`` repeats of a pattern of checked frames. A metric that stands in several of them
        keeps the order in which it was written."""
        self._pattern = heads
        columns: dict[str, list[tuple[array[float], array[float], array[float]]]] = {}
        for head in heads:
            one = self._sizes[head]
            words = data[at + 4 : at + (times - 1) * size + one - 4].cast("d")
            clock, steps = _column(words, 0, size), _column(words, 1, size)
            for place, name in enumerate(self._names[head], 2):
                columns.setdefault(name, []).append((clock, steps, _column(words, place, size)))
            at += one
        for name, found in columns.items():
            if len(found) == 1:
                self.sink.take(name, *found[0])
            else:
                self.sink.take(name, *(_interleaved([part[k] for part in found]) for k in range(3)))
            self.points += times * len(found)
        self.frames += times * len(heads)

    def _take_singly(self, data: memoryview, at: int, heads: list[int]) -> int:
        """Frames without a pattern, up to the first damaged one."""
        columns: dict[str, tuple[array[float], array[float], array[float]]] = {}
        for head in heads:
            size = self._sizes[head]
            if crc32(data[at : at + size], RESIDUE) != RESIDUE:
                break
            time, step, *values = struct.unpack_from(f"<{size // 8 - 1}d", data, at + 4)
            for name, value in zip(self._names[head], values, strict=True):
                column = columns.get(name)
                if column is None:
                    column = columns[name] = (array("d"), array("d"), array("d"))
                column[0].append(time)
                column[1].append(step)
                column[2].append(value)
            self.points += len(values)
            self.frames += 1
            at += size
        for name, column in columns.items():
            self.sink.take(name, *column)
        return at

    def _take_text(self, data: memoryview, at: int) -> int:
        """A frame of JSON; ``at`` when it is damaged."""
        size = 8 * int(_HEAD.unpack_from(data, at)[0])
        if crc32(data[at : at + size], RESIDUE) != RESIDUE:
            return at
        try:
            about = json.loads(bytes(data[at + 4 : at + size - 4]))
        except (ValueError, RecursionError):
            return at
        if isinstance(about, dict):
            if isinstance(about.get("names"), list) and isinstance(about.get("set"), int):
                names = tuple(map(str, about["names"]))
                head = (about["set"] & 0xFFFF) << 16 | len(names) + 3
                self._names[head], self._sizes[head] = names, 8 * (len(names) + 3)
            elif isinstance(about.get("odd"), dict):
                for name, kind in about["odd"].items():
                    self.odd[str(name)] = self.odd.get(str(name), 0) + 1
                    if kind == TOO_LARGE:
                        self.too_large[str(name)] = self.too_large.get(str(name), 0) + 1
            elif not self.header:
                self.header = about
                self._tell()
        self.frames += 1
        return at + size

    # damage

    def _pass_damage(self, data: memoryview, at: int) -> int:
        """Names a stretch that cannot be read and returns where the next whole frame begins, or the
        first place where one may begin whose end is still to come; ``at`` when that is here: then it
        may be what a kill leaves at the end of a file."""
        found = self._next_frame(data, at + 1)
        if found is None:
            found = max(at, len(data) - LARGEST_FRAME)
        if found > at:
            self._damaged(self._offset + at, found - at)
        return found

    def _damaged(self, offset: int, count: int) -> None:
        before = self.damages[-1] if self.damages else None
        if before and before["offset"] + before["bytes"] == offset:
            before["bytes"] += count
        else:
            self.damages.append({"offset": offset, "bytes": count})

    def _next_frame(self, data: memoryview, start: int) -> int | None:
        """The first place from ``start`` on where a whole frame with a right checksum begins. Looks
        near by first: a file may be damaged in many places."""
        for window in (4096, len(data)):
            raw, best = bytes(data[start : start + window + LARGEST_FRAME]), window
            for head, size in self._sizes.items():
                best = _find_frame(raw, _FOUR.pack(head), size, best)
            at = -1
            while (at := raw.find(b"\0\0{", at + 1)) >= 0 and at - 2 < best:  # of a frame of text
                size = 8 * _HEAD.unpack_from(raw, at - 2)[0] if at >= 2 else 0
                if (
                    size >= 16
                    and at - 2 + size <= len(raw)
                    and crc32(raw[at - 2 : at - 2 + size], RESIDUE) == RESIDUE
                ):
                    best = at - 2
            if best < window:
                return start + best
        return None


def _find_frame(raw: bytes, head: bytes, size: int, best: int) -> int:
    """The first frame with this head in ``raw``, when it stands before ``best``."""
    at = raw.find(head)
    while 0 <= at < best and at + size <= len(raw):
        if crc32(raw[at : at + size], RESIDUE) == RESIDUE:
            return at
        at = raw.find(head, at + 1)
    return best


def _period(heads: list[int]) -> int:
    """The length of the shortest pattern that the heads repeat; all of them when there is none."""
    if heads.count(heads[0]) == len(heads):
        return 1
    table = [0] * len(heads)  # of Knuth, Morris and Pratt: the longest prefix that ends here too
    for place in range(1, len(heads)):
        length = table[place - 1]
        while length and heads[place] != heads[length]:
            length = table[length - 1]
        table[place] = length + (heads[place] == heads[length])
    return len(heads) - table[-1]


def _first_run(heads: list[int]) -> int:
    """Where the first long run of one head begins, or how long it is when it is the beginning."""
    start = 0
    for place, head in enumerate(heads):
        if head != heads[start]:
            if place - start >= RUN:
                break
            start = place
    else:
        place = len(heads)
    if place - start < RUN:
        return len(heads)
    return start or 1


def _right_repeats(data: memoryview, at: int, size: int, times: int) -> int:
    """How many repeats of a pattern are right before the first that is not."""
    low, high = 0, times  # low are right; among the first high there is a wrong one
    while high - low > 1:
        middle = (low + high) // 2
        if crc32(data[at + low * size : at + middle * size], RESIDUE) == RESIDUE:
            low = middle
        else:
            high = middle
    return low


def _equal_words(found: bytes, word: bytes, most: int) -> int:
    """How many four-byte words at the beginning of ``found`` equal ``word``."""
    if found == word * most:
        return most
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        if found[4 * low : 4 * middle] == word * (middle - low):
            low = middle
        else:
            high = middle
    return low


def _column(words: memoryview[float], place: int, size: int) -> array[float]:
    column = array("d")
    column.frombytes(words[place :: size // 8].tobytes())
    if sys.byteorder != "little":
        column.byteswap()
    return column


def _interleaved(parts: list[array[float]]) -> array[float]:
    whole = array("d", bytes(8 * sum(map(len, parts))))
    for place, part in enumerate(parts):
        whole[place :: len(parts)] = part
    return whole

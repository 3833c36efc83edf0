"""The records of one event file, and where it stops being one.

TensorBoard's own loader ends quietly at the first record that is cut or whose checksum is wrong, so
what it did not read cannot be told from what is not there. The framing (length, its checksum, data,
its checksum) is therefore walked here; the checksum and the protobufs are TensorBoard's.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator

from leadline.core.typed import Any

_HEAD = struct.Struct("<QI")
_SUM = struct.Struct("<I")


class EventFrames:
    """Iterates the events of the file at ``path``; then ``read_bytes`` of ``size_bytes`` were whole
    events, and ``cut`` says why the rest is none ("" when there is no rest). ``checksum`` is the
    masked CRC-32C, ``parse`` makes an event of a record's bytes and raises one of ``refused`` for
    what is none. OSError is the caller's."""

    def __init__(
        self,
        path: str,
        checksum: Callable[[bytes], int],
        parse: Callable[[bytes], Any],
        refused: tuple[type[Exception], ...],
    ) -> None:
        self.path, self.checksum, self.parse, self.refused = path, checksum, parse, refused
        self.read_bytes = self.size_bytes = 0
        self.cut = ""

    def __iter__(self) -> Iterator[Any]:
        with open(self.path, "rb") as file:
            while head := file.read(_HEAD.size):
                if len(head) < _HEAD.size:
                    self.cut = "the head of a record is cut short"
                    break
                length, length_sum = _HEAD.unpack(head)
                if self.checksum(head[:8]) != length_sum:
                    self.cut = "the checksum of a record's length is wrong"
                    break
                left = os.fstat(file.fileno()).st_size - self.read_bytes - _HEAD.size
                data = file.read(length + _SUM.size) if length + _SUM.size <= left else b""
                if len(data) != length + _SUM.size:
                    self.cut = f"a record of {length} bytes is cut short"
                    break
                if self.checksum(data[:length]) != _SUM.unpack(data[length:])[0]:
                    self.cut = "the checksum of a record is wrong"
                    break
                try:
                    event = self.parse(data[:length])
                except self.refused:
                    self.cut = "a whole record is no event"
                    break
                self.read_bytes += _HEAD.size + len(data)
                yield event
            self.size_bytes = max(os.fstat(file.fileno()).st_size, self.read_bytes)
        if not self.cut:
            self.size_bytes = self.read_bytes  # a writer may have gone on since

    def fault(self) -> str:
        """What is wrong with the file as a sentence, "" when all of it was read."""
        if not self.size_bytes:
            return "is empty"
        if not self.cut:
            return ""
        if not self.read_bytes:
            return f"is no event file: {self.cut}, at byte 0 of {self.size_bytes}"
        left = self.size_bytes - self.read_bytes
        return f"is cut at byte {self.read_bytes} of {self.size_bytes}: {self.cut}; the last {left} bytes were not read"

"""Lines of a file of any size in bounded memory, and its digest from the same pass.

A carriage return ends a line for the reader (progress bars redraw with it) but not for the count,
so numbers agree with what an editor shows. A line over the limit is skipped and reported, since
holding it would make memory unbounded.
"""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Callable, Iterator

from leadline.core.canonical import sha256_for

CHUNK_BYTES = 256 * 1024
MAX_LINE_BYTES = 1024 * 1024
HEAD_BYTES = 64 * 1024  # by which the way a text was saved is told
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Lines:
    """Iterates ``(number, text)``, ``text`` None for a line over 1 MiB; undecodable bytes become
    U+FFFD, or what ``errors`` makes of them (as ``bytes.decode``).

    After the iteration ``digest`` is that of the bytes read and ``complete`` tells whether the last
    line had its end. ``only_with`` skips lines that do not hold these bytes, cheaply, and
    ``and_with``, which must not reach over the end of a line, most of those in which it finds
    nothing; they are counted all the same. ``after_bytes``: lines that end within so many bytes at
    the start are counted and not yielded. ``as_saved``: text as editors and spreadsheets save it,
    UTF-16 by its mark, and lines that a carriage return alone ends. OSError from opening or reading
    is the caller's.
    """

    def __init__(
        self,
        path: str,
        only_with: bytes = b"",
        redraws: bool = False,
        errors: str = "replace",
        after_bytes: int = 0,
        and_with: re.Pattern[bytes] | None = None,
        as_saved: bool = False,
    ) -> None:
        self.path, self.only_with, self.redraws, self.errors = path, only_with, redraws, errors
        self.and_with, self.after_bytes, self.as_saved = and_with, after_bytes, as_saved
        self.digest, self.complete, self.count = "", True, 0

    def __iter__(self) -> Iterator[tuple[int, str | None]]:
        number, rest, skipping = 1, b"", False
        with open(self.path, "rb", buffering=0) as file:
            hasher = sha256_for(os.fstat(file.fileno()).st_size)()
            text = reading_of(self.path) if self.as_saved else bytes
            left = self.after_bytes
            while left and (chunk := file.read(min(left, CHUNK_BYTES))):
                hasher.update(chunk)
                left -= len(chunk)
                chunk = text(chunk)
                number += chunk.count(b"\n")
                rest = (rest + chunk).rpartition(b"\n")[2][: MAX_LINE_BYTES + 1]
            old_line = bool(rest)  # its end may be all that came
            while chunk := file.read(CHUNK_BYTES):
                hasher.update(chunk)
                *whole, tail = (chunk := text(chunk)).split(b"\n")
                if whole:
                    first = rest + whole[0]
                    if skipping or len(first) > MAX_LINE_BYTES:
                        yield number, None
                    elif not (old_line and whole[0] in (b"", b"\r")):
                        yield from self._segments(number, first)
                    number += 1
                    if self.only_with and self.only_with not in chunk:
                        pass
                    elif self.and_with is not None:
                        yield from self._found(number, chunk, len(whole[0]) + 1)
                    else:
                        for at, line in enumerate(whole[1:], number):
                            yield from self._segments(at, line)
                    number += len(whole) - 1
                    rest, skipping, old_line = tail, False, False
                elif not skipping:
                    rest += tail
                if self.redraws and b"\r" in rest and len(rest) > CHUNK_BYTES:
                    drawn, _, rest = rest.rpartition(b"\r")
                    yield from self._segments(number, drawn)
                if len(rest) > MAX_LINE_BYTES:
                    rest, skipping = b"", True
        self.complete = not rest and not skipping
        if skipping:
            yield number, None
        elif rest:
            yield from self._segments(number, rest)
        self.count = number - (0 if rest or skipping else 1)
        self.digest = "sha256:" + hasher.hexdigest()

    def _found(self, number: int, chunk: bytes, at: int) -> Iterator[tuple[int, str]]:
        """Of the whole lines from ``at`` on, the first of which is ``number``, those that hold what
        is looked for: the others are not even taken apart."""
        assert self.and_with is not None
        counted, end = at, chunk.rfind(b"\n") + 1
        while found := self.and_with.search(chunk, at, end):
            begin = chunk.rfind(b"\n", 0, found.start()) + 1
            at = chunk.find(b"\n", found.end() - 1) + 1
            if chunk.find(self.only_with, begin, at) < 0:  # on with the next line that has it
                if (there := chunk.find(self.only_with, at, end)) < 0:
                    return
                at = chunk.rfind(b"\n", 0, there) + 1
                continue
            number += chunk.count(b"\n", counted, begin)
            yield from self._segments(number, chunk[begin : at - 1])
            counted = begin

    def _segments(self, number: int, line: bytes) -> Iterator[tuple[int, str]]:
        if self.only_with and self.only_with not in line:
            return
        for part in line.split(b"\r") if self.redraws and b"\r" in line else (line,):
            if part:
                yield number, part.decode("utf-8", self.errors)
            elif not self.redraws:
                yield number, ""


def reading_of(path: str) -> Callable[[bytes], bytes]:
    """What makes UTF-8 lines of the chunks of a file as an editor saved it. Raises OSError."""
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(UTF_16):
        decoder = codecs.getincrementaldecoder("utf-16")
        ends = _line_ends(decoder("replace").decode(head).encode(errors="replace"))
        decode = decoder("surrogatepass").decode
        return lambda chunk: ends(decode(chunk).encode(errors="surrogatepass"))
    return _line_ends(head)


def _line_ends(head: bytes) -> Callable[[bytes], bytes]:
    """What puts line feeds where carriage returns alone end the lines of a text that begins so."""
    if b"\r" in head and b"\n" not in head:
        return lambda chunk: chunk.replace(b"\r", b"\n")
    return bytes

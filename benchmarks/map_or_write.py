"""What a memory-mapped segment would gain over one `write` a call: `python
benchmarks/map_or_write.py [CALLS]`.

The same frames, made the same way, alternately into a file by `os.write` and into a mapped one of
known length. The reason for docs/design/series.md to turn the map down although it is faster.
"""

from __future__ import annotations

import mmap
import os
import struct
import sys
import tempfile
import time
import zlib
from collections.abc import Callable

RESIDUE = 0x2144DF1C
_POINT = struct.Struct("<HHddd").pack
_FOUR = struct.Struct("<I").pack


def frame(step: int) -> bytes:
    body = _POINT(4, 1, time.time(), step, step * 0.5)
    return body + _FOUR(zlib.crc32(body, RESIDUE))


def by_write(path: str, calls: int) -> float:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644)
    try:
        return _rate(lambda step: os.write(fd, frame(step)), calls)
    finally:
        os.close(fd)


def by_map(path: str, calls: int) -> float:
    with open(path, "wb+") as file:
        file.truncate(32 * calls)
        with mmap.mmap(file.fileno(), 32 * calls) as mapped:

            def put(step: int) -> None:
                mapped[32 * step : 32 * step + 32] = frame(step)

            return _rate(put, calls)


def _rate(put: Callable[[int], object], calls: int) -> float:
    begin = time.perf_counter()
    for step in range(calls):
        put(step)
    return calls / (time.perf_counter() - begin)


def main(calls: int = 200_000) -> int:
    best = {"write": 0.0, "map": 0.0}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(6):
            for name, put in (("write", by_write), ("map", by_map))[:: 1 if number % 2 else -1]:
                best[name] = max(best[name], put(os.path.join(folder, name), calls))
    for name, rate in best.items():
        print(f"{name:6} {rate:12,.0f} points/s")
    print(f"map / write: {best['map'] / best['write']:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))

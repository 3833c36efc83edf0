"""The framing of `.wandb` files where it is rare: at the end of a block."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from leadline.adapters.trackers.wandb.log_file import BLOCK_BYTES, WandbLog, _records

HEADER = b":W&B\xe1\xbe\x00"
FULL, FIRST, LAST = 1, 2, 4


def framed(kind: int, data: bytes) -> bytes:
    return struct.pack("<IHB", zlib.crc32(data, zlib.crc32(bytes([kind]))), len(data), kind) + data


@pytest.mark.parametrize("short", range(1, 7))
@pytest.mark.parametrize("filled", [0, 1, 6])
def test_a_file_that_ends_where_no_head_fits_has_an_end(
    tmp_path: Path, short: int, filled: int
) -> None:
    """A run that is going is read at any moment, so its file ends anywhere."""
    path = tmp_path / "run-a.wandb"
    data = b"x" * (BLOCK_BYTES - len(HEADER) - 7 - short)
    block = HEADER + framed(FULL, data)
    assert len(block) == BLOCK_BYTES - short
    log = WandbLog()
    path.write_bytes(block + b"\0" * min(filled, short))
    assert list(_records(str(path), log)) == [data] and log.problem == ""
    path.write_bytes(block + b"\0" * short + framed(FULL, b"next"))
    assert list(_records(str(path), log)) == [data, b"next"] and log.problem == ""
    path.write_bytes(HEADER + framed(FIRST, data))
    assert list(_records(str(path), log)) == [] and log.problem == "it ends within a record"

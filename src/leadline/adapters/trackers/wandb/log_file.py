"""Reader of a ``.wandb`` file: the log that every W&B run writes beside the job, online and
offline.

W&B's own reader (``wandb.sdk.internal.datastore``) left the package in 0.30, and Leadline often
lives in another environment than the job, without wandb. So both layers are read here:
LevelDB-style framing (7-byte header, blocks of 32 KiB, crc32 over type and data) and the few
protobuf fields that matter, whose numbers do not change. A torn tail, as a killed job leaves it,
ends the reading and is said. The price: a record kind that W&B adds later is not seen.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator

from leadline.core.typed import TYPE_CHECKING, Any
from leadline.core.values import dataclass, field

if TYPE_CHECKING:
    from leadline.core.record.bodies import Config

BLOCK_BYTES = 32768
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
# Field numbers of wandb_internal.Record and below (wandb/proto/wandb_internal.proto).
_HISTORY, _SUMMARY, _CONFIG, _RUN, _EXIT = 2, 3, 5, 17, 18
_RUN_FIELDS = {
    1: "run_id",
    2: "entity",
    3: "project",
    6: "group",
    7: "job_type",
    8: "name",
    9: "notes",
}


@dataclass(slots=True)
class WandbLog:
    """``about``: run_id, entity, project, group, job_type, name, notes. ``started_s``: 0.0 when it is not
    said. ``exit_code``:
    None when no end was written. ``problem``: why the reading stopped early, "" when it did not."""

    about: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    config: Config = field(default_factory=dict)
    summary: dict[str, object] = field(default_factory=dict)
    started_s: float = 0.0
    exit_code: int | None = None
    runtime_s: float | None = None
    records: int = 0
    problem: str = ""


def is_run_file(path: str) -> bool:
    with open(path, "rb") as file:
        return file.read(4) == b":W&B"


def read_log(path: str, history: Any = None) -> WandbLog:
    """Read a file; ``history(row: dict)`` is called for each logged step. OSError is the caller's."""
    log = WandbLog()
    for data in _records(path, log):
        try:
            for number, value in _fields(data):
                if number in (_HISTORY, _SUMMARY, _CONFIG, _RUN, _EXIT) and isinstance(
                    value, bytes
                ):
                    _take(number, value, log, history)
            log.records += 1
        except (ValueError, IndexError, struct.error, UnicodeDecodeError) as error:
            log.problem = log.problem or f"a record cannot be understood: {error}"
    return log


def _take(number: int, data: bytes, log: WandbLog, history: Any) -> None:
    if number == _HISTORY:
        if history is not None:
            history(_items(data, 1))
    elif number in (_SUMMARY, _CONFIG):
        _update(log.summary if number == _SUMMARY else log.config, data)
    elif number == _EXIT:
        for at, value in _fields(data):
            if at == 1 and isinstance(value, int):
                log.exit_code = _signed(value)
            elif at == 2 and isinstance(value, int):
                log.runtime_s = float(value)
        log.exit_code = log.exit_code or 0
    else:
        _run(data, log)


def _run(data: bytes, log: WandbLog) -> None:
    log.tags = []
    for at, value in _fields(data):
        if isinstance(value, bytes) and at in _RUN_FIELDS:
            log.about[_RUN_FIELDS[at]] = value.decode("utf-8", "replace")
        elif at == 10 and isinstance(value, bytes):
            log.tags.append(value.decode("utf-8", "replace"))
        elif at == 4 and isinstance(value, bytes):
            _update(log.config, value)
        elif at == 5 and isinstance(value, bytes):
            _update(log.summary, value)
        elif at == 17 and isinstance(value, bytes):
            stamp = dict(_fields(value))
            log.started_s = float(stamp.get(1, 0)) + float(stamp.get(2, 0)) / 1e9


def _update(into: dict[str, object], data: bytes) -> None:
    for name, value in _items(data, 1).items():
        into[name] = value
    for name in _items(data, 2):
        into.pop(name, None)


def _items(data: bytes, number: int) -> dict[str, object]:
    """The key and value entries in field ``number`` of a config, summary or history record."""
    found: dict[str, object] = {}
    for at, item in _fields(data):
        if at != number or not isinstance(item, bytes):
            continue
        key, nested, value = "", list[str](), None
        for inner, content in _fields(item):
            if inner == 1 and isinstance(content, bytes):
                key = content.decode("utf-8", "replace")
            elif inner == 2 and isinstance(content, bytes):
                nested.append(content.decode("utf-8", "replace"))
            else:
                value = _value(inner, content)
        found[key or ".".join(nested)] = value
    return found


def _value(number: int, content: int | bytes) -> Any:
    """A value of an item: JSON text, or one of the typed fields that newer versions write."""
    if number in (8, 16) and isinstance(content, bytes):
        try:
            return json.loads(content)
        except ValueError:
            return content.decode("utf-8", "replace")
    if number == 7 and isinstance(content, bytes):
        return content.decode("utf-8", "replace")
    if number == 6 and isinstance(content, bytes):
        return struct.unpack("<d", content)[0]
    if number == 5 and isinstance(content, int):
        return (content >> 1) ^ -(content & 1)
    return bool(content) if number == 4 else None


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(field number, content) of a protobuf message: numbers as int, all else as bytes."""
    at, end = 0, len(data)
    while at < end:
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield tag >> 3, value
            continue
        if kind == 2:
            size, at = _varint(data, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(f"protobuf wire type {kind}")
        if at + size > end:
            raise ValueError("a field is longer than its record")
        yield tag >> 3, data[at : at + size]
        at += size


def _records(path: str, log: WandbLog) -> Iterator[bytes]:
    with open(path, "rb") as file:
        header = file.read(7)
        if len(header) < 7 or header[:4] != b":W&B" or header[4:6] != b"\xe1\xbe":
            log.problem = "it is no W&B run file, or its start was not written yet"
            return
        offset, parts = 7, b""
        while True:
            left = BLOCK_BYTES - offset % BLOCK_BYTES
            # no head fits: the rest of the block is filled, once there is a next record
            if left < 7:
                filling = file.read(left)
                if len(filling) < left:
                    log.problem = "it ends within a record" if parts else ""
                    return
                offset += left
                continue
            head = file.read(7)
            if len(head) < 7:
                log.problem = "" if offset > 7 else "it holds nothing yet"
                if head or parts:
                    log.problem = "it ends within a record"
                return
            crc, size, kind = struct.unpack("<IHB", head)
            if not size and not kind:
                log.problem = "it ends with empty space"
                return
            data = file.read(size)
            offset += 7 + size
            if len(data) < size:
                log.problem = "it ends within a record"
                return
            if zlib.crc32(data, zlib.crc32(bytes([kind]))) != crc:
                log.problem = f"it is damaged before byte {offset}: what follows is not read"
                return
            if kind == _FULL:
                yield data
            elif kind == _FIRST:
                parts = data
            elif kind in (_MIDDLE, _LAST):
                parts += data
                if kind == _LAST:
                    yield parts
                    parts = b""

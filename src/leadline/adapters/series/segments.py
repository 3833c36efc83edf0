"""One file of a run's series, read in pieces: a segment, or the JSON lines of other programs."""

from __future__ import annotations

import json
from collections.abc import Callable

from leadline.core.record.conform import finite_number
from leadline.core.series.points import Points
from leadline.core.series.segment import Decoder, Sink
from leadline.core.series.store import DAMAGES_NAMED
from leadline.core.typed import TYPE_CHECKING, cast
from leadline.core.values import dataclass, field
from leadline.job.disk import open_to_read

if TYPE_CHECKING:
    from leadline.core.record.bodies import Problem

CHUNK_BYTES = 1 << 20


@dataclass(slots=True)
class SegmentRead:
    """What a segment held beside its points."""

    rank: int | None = None
    torn_bytes: int = 0
    odd: dict[str, int] = field(default_factory=dict)
    too_large: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read_segment(path: str, name: str, sink: Sink, begin: Callable[[str], None]) -> SegmentRead:
    """Decode one segment into ``sink``; ``begin`` gets the writer's name before the first point."""
    decoder = Decoder(
        sink, lambda header: begin(str(header.get("writer") or name.partition(".")[0]))
    )
    problems: list[Problem] = []
    try:
        with open(open_to_read(path), "rb", buffering=0) as file:
            while chunk := file.read(CHUNK_BYTES):
                decoder.feed(chunk)
    except OSError as error:
        problems.append({"code": "unreadable", "what": f"{name}: {error.strerror}"})
    decoder.finish()
    if decoder.refused:
        problems.append({"code": "not-a-segment", "what": f"{name}: {decoder.refused}"})
    for damage in decoder.damages[:DAMAGES_NAMED]:
        what = f"{name}: {damage['bytes']} bytes at offset {damage['offset']} are damaged, what they held is lost"
        problems.append({"code": "damaged", "what": what})
    if len(decoder.damages) > DAMAGES_NAMED:
        what = f"{name}: {len(decoder.damages)} places are damaged, {DAMAGES_NAMED} of them named"
        problems.append({"code": "damaged", "what": what})
    rank = decoder.header.get("rank")
    return SegmentRead(
        rank if isinstance(rank, int) else None,
        decoder.torn_bytes,
        decoder.odd,
        decoder.too_large,
        problems,
    )


def read_lines(path: str) -> dict[str, Points]:
    """The series in ``metrics.jsonl``, which programs in other languages and earlier versions
    write."""
    from leadline.core.extract.lines import points_of, step_of

    found: dict[str, Points] = {}
    try:
        file = open(open_to_read(path), encoding="utf-8", errors="replace")  # noqa: SIM115
    except OSError:
        return found
    with file:
        for line in file:
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(record, dict):
                at = record.get("t")
                time_s = float(cast("float", at)) if finite_number(at) else None
                step = step_of(record)
                for name, value in points_of(record):
                    found.setdefault(name, Points()).add(step, value, time_s)
    return found

"""One file of a run's series, read in pieces: a segment, or the JSON lines of other programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence

from leadline.core.record.conform import finite_number
from leadline.core.series.points import Points
from leadline.core.series.segment import Decoder, Sink
from leadline.core.series.store import DAMAGES_NAMED
from leadline.core.timestamps import counted, few
from leadline.core.typed import TYPE_CHECKING, cast
from leadline.core.values import dataclass, field
from leadline.job.disk import open_to_read

if TYPE_CHECKING:
    from leadline.core.record.bodies import Problem

CHUNK_BYTES = 1 << 17  # what a processor keeps near while it is gone over several times


@dataclass(slots=True)
class SegmentRead:
    """What a segment held beside its points. ``points``: how many there were. ``torn``: it ends
    inside a frame, or before its first. ``lost``: how many of its process's calls were not written
    before it was begun, by its header; None where that does not say."""

    rank: int | None = None
    points: int = 0
    torn: bool = False
    torn_bytes: int = 0
    lost: int | None = None
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
    return SegmentRead(
        _whole_number(decoder.header.get("rank")),
        decoder.points,
        decoder.torn_bytes > 0 or not decoder.begun,
        decoder.torn_bytes,
        _whole_number(decoder.header.get("lost")),
        decoder.odd,
        decoder.too_large,
        problems,
    )


def _whole_number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def process_of(name: str) -> str:
    """The process that wrote the segment of this name."""
    return name[:-4].rpartition(".")[0]


def cuts(found: Sequence[tuple[str, SegmentRead]]) -> list[tuple[str, Problem]]:
    """What is missing between and at the ends of ``found`` (segments by name, in the order of
    writing), each with the process whose it is. A torn frame that its process wrote again, as the
    first of its next segment, is not: the header of that one says that no call was lost."""
    missing: list[tuple[str, Problem]] = []
    lost_before: dict[str, int] = {}
    for place, (name, read) in enumerate(found):
        process = process_of(name)
        if lost := (read.lost or 0) - lost_before.get(process, 0):
            what = f"{name}: {counted(lost, 'call')} of log() before it were not written"
            missing.append((process, {"code": "lost-points", "what": what}))
            lost_before[process] = read.lost or 0
        later = found[place + 1] if place + 1 < len(found) else ("", SegmentRead())
        again = process_of(later[0]) == process and later[1].lost == read.lost is not None
        if read.torn and not again:
            taken = counted(read.points, "point")
            what = f"{name} is cut: its end is missing, {taken} of it could be read"
            missing.append((process, {"code": "torn-end", "what": what}))
    return missing


def missing(names: Collection[str]) -> list[tuple[str, Problem]]:
    """Segments that are not there although their process wrote a later one."""
    there: dict[str, set[int]] = {}
    for name in names:
        number = name[:-4].rpartition(".")[2]
        if number.isdecimal():
            there.setdefault(process_of(name), set()).add(int(number))
    found: list[tuple[str, Problem]] = []
    for process, numbers in there.items():
        lost = sorted(set(range(max(numbers))) - numbers)
        if lost:
            named = few([f"{process}.{number}.seg" for number in lost], 3)
            found.append((process, {"code": "missing-segment", "what": f"{named} is not there"}))
    return found


LONGEST_LINE = 1 << 20  # characters: a longer one is read as several, none of which is JSON
MOST_PRINTED_BYTES = 256 << 20  # of an output, in whose first so many bytes points are looked for


def read_lines(path: str) -> dict[str, Points]:
    """The series in ``metrics.jsonl``, which programs in other languages and earlier versions
    write."""
    found: dict[str, Points] = {}
    try:
        file = open(open_to_read(path), encoding="utf-8", errors="replace")  # noqa: SIM115
    except OSError:
        return found
    with file:
        while line := file.readline(LONGEST_LINE):
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(record, dict):
                _take(record, found)
    return found


def read_printed(path: str) -> dict[str, Points]:
    """The series in what a command printed: of the lines that are measurements (one flat JSON
    object, as at the end of a run) those with a step."""
    from leadline.core.extract.lines import printed_object, step_of
    from leadline.core.plain import without_escapes

    found: dict[str, Points] = {}
    try:
        file = open(open_to_read(path), "rb")  # noqa: SIM115
    except OSError:
        return found
    with file:
        while file.tell() < MOST_PRINTED_BYTES and (line := file.readline(LONGEST_LINE)):
            if b"step" not in line or b"{" not in line:
                continue
            for part in line.decode("utf-8", "replace").split("\r"):
                record = printed_object(without_escapes(part))
                if record is not None and step_of(record) is not None:
                    _take(record, found)
    return found


def _take(record: dict[str, object], found: dict[str, Points]) -> None:
    from leadline.core.extract.lines import points_of, step_of

    at = record.get("t")
    time_s = float(cast("float", at)) if finite_number(at) else None
    step = step_of(record)
    for name, value in points_of(record):
        found.setdefault(name, Points()).add(step, value, time_s)

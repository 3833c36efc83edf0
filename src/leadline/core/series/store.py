"""The series of one run as values: points of each metric by the process that wrote them, merged and
summed up.

Pure. The trade-off is the one of ``core/tracker/reading.py``: every point is held while it is
looked at (24 bytes each); who only folds (the end of a run) gives the decoder a sink of its own.
"""

from __future__ import annotations

import math
import operator
import sys
from array import array
from collections.abc import Iterable

from leadline.core.canonical import digest_of
from leadline.core.series.points import Points
from leadline.core.typed import TYPE_CHECKING, Any, TypedDict
from leadline.core.values import dataclass, field

if TYPE_CHECKING:
    from leadline.core.record.bodies import Problem

DAMAGES_NAMED = 20


@dataclass(slots=True)
class Writer:
    """What one process wrote. ``name``: of the process, the same in all its segments. ``odd``:
    metric to the number of its values that were no number."""

    name: str
    series: dict[str, Points] = field(default_factory=dict)
    odd: dict[str, int] = field(default_factory=dict)
    rank: int | None = None

    def take(
        self, name: str, times: array[float], steps: array[float], values: array[float]
    ) -> None:
        points = self.series.get(name)
        if points is None:
            points = self.series[name] = Points()
        points.times.extend(times)
        points.steps.extend(steps)
        points.values.extend(values)


@dataclass(slots=True)
class Store:
    """Every point of a run. ``problems``: ``{code, what}`` of what could not be read.
    ``torn_bytes``: unfinished frames at the ends of files, which a job that is writing or was
    killed leaves. ``cuts``: ``{code, what}`` of what is missing at those ends, for a run that is
    over."""

    writers: dict[str, Writer] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    torn_bytes: int = 0
    cuts: list[Problem] = field(default_factory=list)

    @property
    def metrics(self) -> list[str]:
        return sorted({name for writer in self.writers.values() for name in writer.series})

    @property
    def odd(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for writer in self.writers.values():
            for name, count in writer.odd.items():
                counts[name] = counts.get(name, 0) + count
        return counts

    @property
    def points(self) -> int:
        return sum(
            len(points) for writer in self.writers.values() for points in writer.series.values()
        )

    def writers_of(self, metric: str) -> list[str]:
        return [name for name, writer in sorted(self.writers.items()) if metric in writer.series]

    def merged(self, metric: str) -> Points:
        """The points of all writers, in the order of their clocks; one writer's keep the order of
        writing."""
        return merged([self.writers[name].series[metric] for name in self.writers_of(metric)])

    def digest(self) -> str:
        """Of every point, whatever file holds it: the same before and after compaction."""
        content = ContentDigest()
        for writer in self.writers.values():
            for metric, points in writer.series.items():
                content.add(writer.name, metric, points.times, points.steps, points.values)
            content.odd[writer.name] = writer.odd
        return content.digest()


class ContentDigest:
    """The digest of points that come in pieces."""

    def __init__(self) -> None:
        self._hashers: dict[tuple[str, str], tuple[Any, ...]] = {}
        self.odd: dict[str, dict[str, int]] = {}

    def add(self, writer: str, metric: str, *columns: array[float]) -> None:
        hashers = self._hashers.get((writer, metric))
        if hashers is None:
            import hashlib  # noqa: PLC0415  start-up: 3.1 ms

            hashers = self._hashers[writer, metric] = tuple(hashlib.sha256() for _ in columns)
        for hasher, column in zip(hashers, columns, strict=True):
            hasher.update(little_endian(column))

    def digest(self) -> str:
        content: dict[str, dict[str, list[str]]] = {}
        for (writer, metric), hashers in self._hashers.items():
            content.setdefault(writer, {})[metric] = [hasher.hexdigest() for hasher in hashers]
        return digest_of({"series": content, "odd": {k: v for k, v in self.odd.items() if v}})


def little_endian(column: array[float]) -> array[float]:
    if sys.byteorder != "little":
        column = array("d", column)
        column.byteswap()
    return column


def merged(parts: list[Points]) -> Points:
    """The points of several writers in the order of their clocks."""
    return parts[0] if len(parts) == 1 else merged_with_origin(parts)[0]


def merged_with_origin(parts: list[Points]) -> tuple[Points, list[int]]:
    """As ``merged``, and for each point which of the ``parts`` it is of."""
    rows = sorted(
        (time, at, place)
        for at, part in enumerate(parts)
        for place, time in enumerate(_rising(part.times))
    )
    whole = Points()
    for _, at, place in rows:
        part = parts[at]
        whole.times.append(part.times[place])
        whole.steps.append(part.steps[place])
        whole.values.append(part.values[place])
    return whole, [at for _, at, _ in rows]


def _rising(times: Iterable[float]) -> Iterable[float]:
    """``times`` where a clock that was set back stands still: the order of writing is the order."""
    latest = -math.inf
    for time in times:
        latest = max(latest, time) if time == time else latest
        yield latest


class SeriesSummary(TypedDict):
    points: int
    first_step: float | None
    last_step: float | None
    last: float | None
    min: float | None
    max: float | None
    nonfinite: int  # of the points


class MetricSeries(SeriesSummary):
    metric: str
    writers: list[str]


class WriterOfSeries(TypedDict):
    name: str
    rank: int | None
    points: int


class SeriesListed(TypedDict):
    """What a run logged. ``provisional``: it is still going; ``elsewhere``: the command that brings
    the points of a run that has none here; ``not_numbers``: values that were none, by metric."""

    run: str
    provisional: bool
    elsewhere: str
    metrics: list[MetricSeries]
    points: int
    writers: list[WriterOfSeries]
    not_numbers: dict[str, int]
    problems: list[Problem]
    torn_bytes: int
    size_bytes: int


class SeriesPoints(TypedDict):
    """The points of one metric: ``(step, value, time_s)``, and the writer where there are several.
    ``shown_by``: how they were thinned from ``total``."""

    run: str
    metric: str
    total: int
    shown_by: str
    writers: list[str]
    points: list[list[Any]]


def summary(points: Points) -> SeriesSummary:
    """How many points there are, from where to where; extremes are those of the numbers among
    them."""
    values = points.values
    kept = values if math.isfinite(sum(values)) else array("d", (v for v in values if v - v == 0))
    first, last, latest = math.nan, math.nan, None
    if values:
        first, last, latest = points.steps[0], points.steps[-1], values[-1]
    lowest, highest = (min(kept), max(kept)) if kept else (None, None)
    return {
        "points": len(values),
        "first_step": _known(first),
        "last_step": _known(last),
        "last": latest,
        "min": lowest,
        "max": highest,
        "nonfinite": len(values) - len(kept),
    }


def _known(step: float) -> float | None:
    """A step as it was logged; a point without one is kept with NaN."""
    return None if step != step else step


def disorder(steps: array[float], before: float = -math.inf) -> tuple[int, int]:
    """How many of one writer's points have a smaller step than the one before, and how many the
    same one. ``before``: the step ahead of the first."""
    # the usual case, fast
    if steps and steps[0] > before and all(map(operator.lt, steps[:-1], steps[1:])):
        return 0, 0
    smaller = same = 0
    for step in steps:
        if step == step:
            smaller += step < before
            same += step == before
            before = step
    return smaller, same

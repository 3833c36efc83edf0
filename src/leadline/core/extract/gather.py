"""The metrics of one run, gathered from what it wrote: values, how many points, what was wrong with
which row.

Pure: works on lines and rows that an adapter reads. Values are folded as they come, so memory does
not grow with the length of a log; the price is that the points of a series are only counted and
thinned here, and stay where they are. A problem that is ``blocking`` means that nothing of its
source was published.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping

from leadline.core.canonical import finite
from leadline.core.extract.spec import SOURCES, ExtractionSpec
from leadline.core.metric.items import MOST_ITEMS, facts_of
from leadline.core.metric.units import unit_of_name
from leadline.core.record.run import MetricDef
from leadline.core.timestamps import plural
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.core.values import dataclass, field

if TYPE_CHECKING:
    from leadline.core.record.bodies import Excerpt, ItemFacts, Problem, Source

MAX_ROWS_NAMED = 20
MAX_SAMPLE = 200  # points of a series kept for a sketch
MAX_METRICS = 10_000
MAX_MEDIAN_VALUES = 1_000_000


@dataclass(slots=True)
class Extraction:
    """``metrics`` name to value; ``nonfinite`` name to ``"NaN"``, ``"Infinity"``, ``"-Infinity"``;
    ``series`` name to ``{points, first_step, last_step, sample}``; ``tables`` and ``sources`` one
    entry a source; ``problems`` entries ``{source, code, what, blocking, rows, rows_total, unit}``,
    ``rows`` capped at 20 with the full count beside it; ``items`` name to ``{by, n, set, reduce,
    missing, values}`` (``core/metric/items.py``). ``cut``: metrics reduced from a series whose end,
    or a part of it, is missing. ``around``: the line that a pattern took a value from, as it was
    printed, and where the value begins and ends in it."""

    metrics: dict[str, float] = field(default_factory=dict)
    nonfinite: dict[str, str] = field(default_factory=dict)
    series: dict[str, Excerpt] = field(default_factory=dict)
    tables: list[dict[str, object]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    items: dict[str, ItemFacts] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    around: dict[str, tuple[str, int, int]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return {
            "metrics": self.metrics,
            "nonfinite": self.nonfinite,
            "series": finite(self.series),
            "tables": self.tables,
            "problems": self.problems,
            "sources": self.sources,
            "items": self.items,
            "cut": sorted(self.cut),
            "around": self.around,
        }


class Problems:
    """Problems of one source by code: the first rows of each named, all of them counted."""

    def __init__(self, source: str, unit: str = "line") -> None:
        self.source, self.unit = source, unit
        self._found: dict[tuple[str, str], Problem] = {}

    def add(
        self, code: str, what: str, row: int | None = None, blocking: bool = False, about: str = ""
    ) -> None:
        """Counts ``row`` under ``code``; ``about`` (a column, say) keeps problems of one code
        apart."""
        entry = self._found.setdefault(
            (code, about),
            {
                "source": self.source,
                "code": code,
                "what": what,
                "blocking": blocking,
                "rows": [],
                "rows_total": 0,
                "unit": self.unit,
            },
        )
        entry["blocking"] = entry["blocking"] or blocking
        if row is not None:
            entry["rows_total"] += 1
            if len(entry["rows"]) < MAX_ROWS_NAMED:
                entry["rows"].append(row)

    @property
    def blocking(self) -> bool:
        return any(entry["blocking"] for entry in self._found.values())

    def listed(self) -> list[Problem]:
        """With the rows named in the text, so that a person reading only that can go and look."""
        out: list[Problem] = []
        for entry in self._found.values():
            rows, total = entry["rows"], entry["rows_total"]
            named = ", ".join(map(str, rows))
            named += f", … ({total} in all)" if total > len(rows) else ""
            where = f": {plural(total, self.unit)} {named}" if rows else ""
            out.append({**entry, "what": f"{entry['what']}{where}"})
        return out


def _exact_sum(values: array[float], rounded: float) -> float:
    """``math.fsum``, which gives up where a part of the sum is too large though the whole is not."""
    try:
        return math.fsum(values)
    except OverflowError:
        return rounded


class Accumulator:
    """Folds the values of one metric in the order in which they were written."""

    __slots__ = (
        "_correction",
        "_sample",
        "_stride",
        "_sum",
        "count",
        "first",
        "first_step",
        "highest",
        "last",
        "last_step",
        "lowest",
        "values",
    )

    def __init__(self, keep_values: bool) -> None:
        self.count, self._sum, self._correction, self._stride = 0, 0.0, 0.0, 1
        self.first = self.last = self.lowest = self.highest = math.nan
        self.first_step: float | None = None
        self.last_step: float | None = None
        self.values: array[float] | None = array("d") if keep_values else None
        self._sample: list[tuple[float, float]] = []

    def add(self, value: float, step: float | None) -> None:
        if self.count == 0:
            self.first = self.lowest = self.highest = value
            self.first_step = step
        elif value != value or self.lowest != self.lowest:
            self.lowest = self.highest = math.nan
        else:
            self.lowest, self.highest = min(self.lowest, value), max(self.highest, value)
        self.last, self.last_step = value, step
        self._add_to_sum(value)
        if self.values is not None and len(self.values) <= MAX_MEDIAN_VALUES:
            self.values.append(value)
        if self.count % self._stride == 0:
            self._sample.append((self.count if step is None else step, value))
            if len(self._sample) > MAX_SAMPLE:
                self._sample = self._sample[::2]
                self._stride *= 2
        self.count += 1

    def extend(self, values: array[float], steps: array[float]) -> None:
        """The same for many points at once (a step is NaN where there is none), much faster than
        one by one."""
        if not values:
            return
        if self.count == 0:
            self.add(values[0], None if steps[0] != steps[0] else steps[0])
            values, steps = values[1:], steps[1:]
            if not values:
                return
        total = sum(values)
        if math.isfinite(total):
            total = _exact_sum(values, total)
        if self.lowest == self.lowest and total == total:
            self.lowest, self.highest = (
                min(self.lowest, min(values)),
                max(self.highest, max(values)),
            )
        elif self.lowest != self.lowest or any(v != v for v in values):
            self.lowest = self.highest = math.nan
        else:  # infinities of both signs
            self.lowest, self.highest = (
                min(self.lowest, min(values)),
                max(self.highest, max(values)),
            )
        self.last, self.last_step = values[-1], None if steps[-1] != steps[-1] else steps[-1]
        self._add_to_sum(total)
        if self.values is not None and len(self.values) <= MAX_MEDIAN_VALUES:
            self.values.extend(values[: MAX_MEDIAN_VALUES + 1 - len(self.values)])
        place = -self.count % self._stride
        while place < len(values):
            step = steps[place]
            self._sample.append((self.count + place if step != step else step, values[place]))
            if len(self._sample) > MAX_SAMPLE:
                self._sample = self._sample[::2]
                self._stride *= 2
                place += -(self.count + place) % self._stride or self._stride
            else:
                place += self._stride
        self.count += len(values)

    def _add_to_sum(self, value: float) -> None:
        """Neumaier's compensated sum: the mean of a million losses keeps its digits."""
        total = self._sum + value
        if math.isfinite(total):
            larger, smaller = (
                (self._sum, value) if abs(self._sum) >= abs(value) else (value, self._sum)
            )
            self._correction += (larger - total) + smaller
        self._sum = total

    def reduced(self, rule: str) -> float | None:
        """One value by ``rule``; None when there is none, or too many for an exact median."""
        if not self.count:
            return None
        total = self._sum + self._correction if math.isfinite(self._sum) else self._sum
        if rule == "median":
            return self._median()
        return {
            "first": self.first,
            "min": self.lowest,
            "max": self.highest,
            "sum": total,
            "mean": total / self.count,
        }.get(rule, self.last)

    def _median(self) -> float | None:
        if self.values is None or self.count > MAX_MEDIAN_VALUES:
            return None
        if any(v != v for v in self.values):
            return math.nan
        ordered = sorted(self.values)
        middle = len(ordered) // 2
        return (
            ordered[middle] if len(ordered) % 2 else ordered[middle - 1] / 2 + ordered[middle] / 2
        )

    def summary(self) -> Excerpt:
        last = (self.count - 1 if self.last_step is None else self.last_step, self.last)
        there = bool(self._sample) and repr(self._sample[-1]) == repr(last)  # NaN is there as well
        sample = self._sample if there else [*self._sample, last]
        return {
            "points": self.count,
            "first_step": self.first_step,
            "last_step": self.last_step,
            "sample": [list(point) for point in sample],
        }


class Gatherer:
    """Collects the values of one source and turns them into an Extraction."""

    def __init__(
        self, spec: ExtractionSpec, definitions: Mapping[str, MetricDef], unit: str = "line"
    ) -> None:
        self.spec, self.definitions = spec, definitions
        self.problems = Problems(spec.label, unit)
        self.series: dict[str, Accumulator] = {}
        self.rows = self.taken = self.dropped = 0
        self.stepped: set[str] = set()
        # metrics that are yes or no in each row of a table: one value of them is the share of yes
        self.shares: set[str] = set()
        self.items: dict[str, dict[str, float]] = {}
        self.items_missing: dict[str, int] = {}
        self.cut: set[str] = set()  # metrics that lack a part of their series

    def rule(self, name: str) -> str:
        definition = self.definitions.get(name)
        rule = self.spec.reduce or (definition.reduce if definition else "last")
        return "mean" if rule == "last" and name in self.shares else rule

    def unit(self, name: str) -> str:
        """What a metric is in: as it was declared, else as its name ends."""
        definition = self.definitions.get(name)
        return unit_of_name(name) if definition is None else definition.unit

    def add(
        self, name: str, value: float, step: float | None = None, row: int | None = None
    ) -> None:
        series = self._series(name, row)
        if series is not None:
            series.add(value, step)
            if step is not None:
                self.stepped.add(name)

    def extend(self, name: str, values: array[float], steps: array[float]) -> Accumulator | None:
        """Many points of one metric; a step is NaN where there is none."""
        series = self._series(name, None)
        if series is not None:
            series.extend(values, steps)
            if steps and (steps[0] == steps[0] or any(s == s for s in steps)):
                self.stepped.add(name)
        return series

    def _series(self, name: str, row: int | None) -> Accumulator | None:
        series = self.series.get(name)
        if series is None:
            if not name.strip():
                self.problems.add("no-name", "a value whose metric has no name is left out", row)
                return None
            if len(self.series) >= MAX_METRICS:
                self.problems.add(
                    "too-many-metrics", f"more than {MAX_METRICS} names; the rest is left out", row
                )
                return None
            series = self.series[name] = Accumulator(self.rule(name) == "median")
        return series

    def add_item(self, name: str, item: str, value: float) -> None:
        """The value of one item; the caller has made sure that it stands once. Not for more than
        ``MOST_ITEMS``."""
        if not math.isfinite(value):
            self.items_missing[name] = self.items_missing.get(name, 0) + 1
            return
        values = self.items.setdefault(name, {})
        if len(values) <= MOST_ITEMS:
            values[item] = value
        if len(values) > MOST_ITEMS:
            what = f"{name} has more than {MOST_ITEMS} items: they are not kept, only the value over all of them"
            self.problems.add("too-many-items", what, about=name)

    def finish(self, digest: str | None, tables: Iterable[dict[str, object]] = ()) -> Extraction:
        """Publishes what was gathered, or nothing when a check failed."""
        least, most = self.spec.rows
        if (least is not None and self.taken < least) or (most is not None and self.taken > most):
            wanted = str(least) if least == most else f"{least or 0}..{most or ''}"
            self.problems.add(
                "row-count", f"{self.taken} rows where {wanted} were declared", blocking=True
            )
        result = Extraction()
        if not self.problems.blocking:
            self._publish(result)
            result.tables = list(tables)
            result.cut = self.cut & {*result.metrics, *result.nonfinite}
        result.problems = self.problems.listed()
        result.sources = [
            {
                "source": self.spec.label,
                "kind": self.spec.source,
                "rows": self.rows,
                "taken": self.taken,
                "dropped": self.dropped,
                "digest": digest,
                "published": not self.problems.blocking,
            }
        ]
        return result

    def _publish(self, result: Extraction) -> None:
        for name, series in self.series.items():
            rule = self.rule(name)
            value = series.reduced(rule)
            if value is None:
                self.problems.add(
                    "median-too-long",
                    f"the median of more than {MAX_MEDIAN_VALUES} values of {name} is not computed",
                )
            elif math.isfinite(value):
                result.metrics[name] = value
            else:
                result.nonfinite[name] = finite(value)
            values = self.items.get(name, {})
            if values and len(values) <= MOST_ITEMS:
                facts = facts_of(self.spec.items, rule, values, self.items_missing.get(name, 0))
                result.items[name] = {**facts, "values": values}
            elif (series.count > 1 or name in self.stepped) and not self.spec.items:
                result.series[name] = series.summary()


def merge(parts: Iterable[Extraction]) -> Extraction:
    """One Extraction of all sources. A metric found twice with different values is a problem, and
    the more specific source (see ``SOURCES``; among equals the one declared first) wins."""
    listed = list(parts)
    ranked = sorted(range(len(listed)), key=lambda i: (_rank(listed[i]), i))
    merged, origin = Extraction(), dict[str, str]()
    for part in listed:
        merged.problems += part.problems
        merged.sources += part.sources
        merged.tables += part.tables
    for index in ranked:
        part = listed[index]
        label = part.sources[0]["source"] if part.sources else "?"
        for name in [*part.metrics, *part.nonfinite]:
            if name in origin:
                _note_conflict(merged, name, part, origin[name], label)
                continue
            origin[name] = label
            if name in part.metrics:
                merged.metrics[name] = part.metrics[name]
            else:
                merged.nonfinite[name] = part.nonfinite[name]
            if name in part.series:
                merged.series[name] = part.series[name]
            if name in part.items:
                merged.items[name] = part.items[name]
            if name in part.around:
                merged.around[name] = part.around[name]
            if name in part.cut:
                merged.cut.add(name)
    return merged


def _rank(part: Extraction) -> int:
    kind = part.sources[0]["kind"] if part.sources else ""
    return SOURCES.index(kind) if kind in SOURCES else len(SOURCES)


def _note_conflict(
    merged: Extraction, name: str, part: Extraction, winner: str, loser: str
) -> None:
    kept: Any = merged.metrics.get(name, merged.nonfinite.get(name))
    other: Any = part.metrics.get(name, part.nonfinite.get(name))
    same = kept == other or (
        isinstance(kept, float)
        and isinstance(other, float)
        and math.isclose(kept, other, rel_tol=1e-9)
    )
    if not same:
        merged.problems.append(
            {
                "source": loser,
                "code": "conflicting-values",
                "blocking": False,
                "rows": [],
                "rows_total": 0,
                "unit": "line",
                "what": f"{name} is {kept} in {winner} and {other} in {loser}; {winner} is used",
            }
        )

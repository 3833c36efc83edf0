"""What the event files of one folder hold, gathered event by event, and the run that it becomes."""

from __future__ import annotations

import math

from leadline.core.canonical import digest_of, finite
from leadline.core.record.run import MetricDef
from leadline.core.series.points import Points
from leadline.core.timestamps import rfc3339
from leadline.core.tracker.imported import CellNotTaken, Columns, FoundRun, not_finite
from leadline.core.tracker.reading import Reading, TrackerRun, extraction_of
from leadline.core.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leadline.core.record.bodies import Config

_HPARAMS = "_hparams_/session_start_info"
_LAST_SECOND = 253_402_300_799  # of the year 9999: a later time of an event is none
_OLD_KINDS = {"histo": "histograms", "image": "images", "audio": "audio"}


class EventRun:
    """``points`` by tag; ``others``: how many values of (kind, tag) are no scalars. ``number``
    makes an array of a tensor, ``hparams`` is the plugin's protobuf; ``refused`` is what they raise
    for what is malformed."""

    def __init__(
        self, name: str, number: Any, hparams: Any, refused: tuple[type[Exception], ...]
    ) -> None:
        self.name, self.number, self.hparams, self.refused = name, number, hparams, refused
        self.points: dict[str, Points] = {}
        self.others: dict[tuple[str, str], int] = {}
        self.config: Config = {}
        # by tag; a writer says it with the first value of a tag only
        self._plugins: dict[str, str] = {}

    def add(self, event: Any) -> None:
        for part in ("graph_def", "meta_graph_def", "tagged_run_metadata", "log_message"):
            if event.HasField(part):
                self._other(part.removesuffix("_def"), "")
        for value in event.summary.value:
            self._add_value(value, event.step, event.wall_time)

    def _add_value(self, value: Any, step: int, time_s: float) -> None:
        kind, tag = value.WhichOneof("value"), value.tag or value.node_name
        if plugin := value.metadata.plugin_data.plugin_name:
            self._plugins[tag] = plugin
            if tag == _HPARAMS:
                self._set_config(value.metadata.plugin_data.content)
        if kind == "simple_value":
            self._point(tag, value.simple_value, step, time_s)
        elif kind != "tensor":
            if kind or not plugin:
                self._other(_OLD_KINDS.get(kind or "", kind or "nothing"), tag)
        elif (plugin := self._plugins.get(tag, "")) != "scalars":
            if plugin != "hparams":
                self._other(plugin or "tensors", tag)
        else:
            try:
                array = self.number(value.tensor)
                held = float(array.item()) if array.size == 1 else None
                shape = array.shape
            except self.refused:
                held, shape = None, ()
            if held is None:
                self._other(
                    f"scalars of shape {shape}" if shape else "scalars that are no number", tag
                )
            else:
                self._point(tag, held, step, time_s)

    def _point(self, tag: str, value: float, step: int, time_s: float) -> None:
        self.points.setdefault(tag, Points()).add(step, value, time_s)

    def _other(self, kind: str, tag: str) -> None:
        self.others[kind, tag] = self.others.get((kind, tag), 0) + 1

    def _set_config(self, content: bytes) -> None:
        try:
            given = self.hparams.HParamsPluginData.FromString(content).session_start_info.hparams
        except self.refused:
            self._other("hyperparameters that cannot be read", _HPARAMS)
            return
        self.config = {name: _plain_value(given[name]) for name in sorted(given)}

    def nonfinite_points(self) -> dict[str, int]:
        counts = {
            tag: sum(not math.isfinite(v) for v in points.values)
            for tag, points in self.points.items()
        }
        return {tag: count for tag, count in counts.items() if count}

    def found_run(self, columns: Columns, faults: list[str]) -> tuple[FoundRun, list[CellNotTaken]]:
        """The run with the metrics asked for (none named: every tag), and the values of it that are
        no numbers. ``faults``: what is wrong with its files, which its series end at."""
        wanted = dict(columns.metrics) or {tag: tag for tag in self.points}
        reading = Reading(TrackerRun("tensorboard", self.name, self.name))
        reading.series = {
            wanted[tag]: points for tag, points in self.points.items() if tag in wanted
        }
        for (_, tag), count in self.others.items():
            if tag in self.points and tag in wanted:
                reading.odd[wanted[tag]] = reading.odd.get(wanted[tag], 0) + count
        reading.problems = [{"code": "cut-event-file", "what": fault} for fault in faults]
        definitions = {
            metric: MetricDef(metric, reduce=rule) for metric, rule in columns.reduce.items()
        }
        extraction = extraction_of(reading, definitions)
        run = FoundRun(
            self.name,
            "",
            name=self.name,
            metrics=extraction.metrics,
            nonfinite=extraction.nonfinite,
        )
        run.series, run.odd, run.excerpts = reading.series, reading.odd, finite(extraction.series)
        run.problems = extraction.problems
        run.config = self.config or {"tensorboard_run": self.name}
        run.started_at, run.ended_at = self._span()
        listed = {tag: _triples(self.points[tag]) for tag in sorted(self.points)}
        run.former_key = digest_of({"name": self.name, "points": listed})
        run.key = digest_of({"hparams": self.config, "points": listed})
        left = [
            not_finite(self.name, tag, word)
            for tag, metric in wanted.items()
            if (word := extraction.nonfinite.get(metric))
        ]
        left += [
            CellNotTaken(self.name, tag, "", "the run has no such scalar")
            for tag in wanted
            if tag not in self.points
        ]
        return run, left

    def _span(self) -> tuple[str, str]:
        times = [
            t for points in self.points.values() for t in points.times if 0 < t <= _LAST_SECOND
        ]
        return (
            (rfc3339(int(min(times) * 1000)), rfc3339(int(max(times) * 1000)))
            if times
            else ("", "")
        )


def _triples(points: Points) -> list[tuple[int, float, float]]:
    return [
        (int(s), v, t) for s, v, t in zip(points.steps, points.values, points.times, strict=True)
    ]


def _plain_value(value: Any) -> Any:
    kind = value.WhichOneof("kind")
    held = getattr(value, kind or "string_value")
    if kind == "number_value":
        return int(held) if float(held).is_integer() else finite(held)
    if kind == "null_value":
        return None
    return held if isinstance(held, (bool, str)) else str(held).strip()

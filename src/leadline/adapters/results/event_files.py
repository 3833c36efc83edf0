"""TensorBoard event files, read by TensorBoard's own reader. A folder that holds event files is a run.

The scalars of a tag become one metric, reduced as the thread's metric says; hyperparameters written by the hparams
plugin are its config, else the folder's name is. Images, text and histograms stay where they are and are named.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

from leadline.core.canonical import digest_of
from leadline.core.errors import LeadlineError
from leadline.core.extract import Series
from leadline.core.imported import Columns, Findings, FoundRun
from leadline.core.timestamps import rfc3339

_HPARAMS = "_hparams_/session_start_info"


class EventFileSource:
    def read(self, source: str, columns: Columns) -> Findings:
        try:
            accumulator = importlib.import_module("tensorboard.backend.event_processing.event_accumulator")
        except ImportError:
            raise LeadlineError(
                "environment",
                "tensorboard-support-missing",
                f"cannot read {source}: tensorboard is not installed",
                "event files are read by TensorBoard's own reader, which is optional for its size",
                "pip install 'leadline[tensorboard]'",
            ) from None
        folders = sorted(folder for folder, _, names in os.walk(source) if any(".tfevents." in n for n in names))
        if not folders:
            raise LeadlineError(
                "not_found", "no-event-files", f"there is no event file under {source}", "", "leadline import --help"
            )
        found = Findings(os.path.basename(os.path.abspath(source)), "", "reported")
        tags: dict[str, None] = {}
        for folder in folders:
            name = os.path.relpath(folder, source)
            events = accumulator.EventAccumulator(folder, size_guidance={"scalars": 0, "tensors": 0})
            try:
                events.Reload()
                run = _run_of(name, events, columns, tags)
            except (OSError, ValueError, RuntimeError) as error:
                found.refuse(name, f"TensorBoard's reader cannot read it: {str(error)[:200]}")
                continue
            if run.metrics or run.nonfinite:
                found.runs.append(run)
            else:
                found.refuse(name, "it holds no scalar" + (" of the metrics asked for" if columns.metrics else ""))
        found.digest = digest_of([run.key for run in found.runs])
        found.columns = list(tags)
        found.left_columns = [tag for tag in tags if columns.metrics and tag not in columns.metrics]
        return found


def _run_of(name: str, events: Any, columns: Columns, tags: dict[str, None]) -> FoundRun:
    run = FoundRun(name, "", name=name)
    points: dict[str, list[tuple[int, float, float]]] = {}  # tag -> (step, value, seconds since 1970)
    for tag in events.Tags()["scalars"]:
        points[tag] = [(event.step, event.value, event.wall_time) for event in events.Scalars(tag)]
    for tag in events.Tags()["tensors"]:
        if events.SummaryMetadata(tag).plugin_data.plugin_name == "scalars":
            numbers = importlib.import_module("tensorboard.util.tensor_util").make_ndarray
            points[tag] = [(e.step, float(numbers(e.tensor_proto)), e.wall_time) for e in events.Tensors(tag)]
    tags.update(dict.fromkeys(points))
    times = [second for values in points.values() for _, _, second in values]
    for tag, values in points.items():
        metric = columns.metrics.get(tag) if columns.metrics else tag
        if metric is None:
            continue
        rule = columns.reduce.get(metric, "last")
        series = Series(rule == "median")
        for step, value, _ in values:
            series.add(value, step)
        if (reduced := series.reduced(rule)) is not None:
            run.measured(metric, reduced)
    if times:
        run.started_at, run.ended_at = (rfc3339(int(second * 1000)) for second in (min(times), max(times)))
    run.config = _hparams(events) or {"tensorboard_run": name}
    run.key = digest_of({"name": name, "points": {tag: points[tag] for tag in sorted(points)}})
    return run


def _hparams(events: Any) -> dict[str, Any]:
    """What the hparams plugin wrote at the start; empty without it."""
    try:
        content = events.SummaryMetadata(_HPARAMS).plugin_data.content
    except KeyError:
        return {}
    plugin = importlib.import_module("tensorboard.plugins.hparams.plugin_data_pb2")
    given = plugin.HParamsPluginData.FromString(content).session_start_info.hparams
    return {name: _number_or_text(given[name]) for name in sorted(given)}


def _number_or_text(value: Any) -> Any:
    kind = value.WhichOneof("kind")
    held = getattr(value, kind)
    return int(held) if kind == "number_value" and float(held).is_integer() else held

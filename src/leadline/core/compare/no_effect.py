"""Runs under different seeds, or other values of an axis, that came out the same to the last bit.

Then the axis had no effect on any output, and its values are one result, not several. A single tie is
none of it: a share of ten items is the same by chance. So a key is without effect only where all runs
agree that are alike but for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from leadline.core.canonical import canonical_json
from leadline.core.metric.contract import counted_exactly, moved_by_machine
from leadline.core.record.run import MetricDef, Run
from leadline.core.typed import NamedTuple


class NoEffect(NamedTuple):
    """``keys``: those that varied without an effect, always together. ``alike``: each a set of runs
    that are one result, at least two, in the order given."""

    keys: tuple[str, ...]
    alike: list[list[Run]]


def without_effect(
    runs: Sequence[Run], definition: MetricDef, metric_defs: Mapping[str, MetricDef]
) -> list[NoEffect]:
    """The keys that had no effect on any output of ``runs``, which have the metric. Nothing is said
    of what the machine moves, where equal values are the tick of a clock, nor of what is counted
    exactly, which nobody expects to differ."""
    if len(runs) < 2 or moved_by_machine(definition) or counted_exactly(definition):
        return []
    inputs = [{k: canonical_json(v) for k, v in run.inputs.items()} for run in runs]
    columns = _columns(inputs)
    outputs = _outputs(runs, definition.name, metric_defs)
    found = []
    for column, keys in columns.items():
        others: dict[tuple[int, ...], list[int]] = {}
        for at in range(len(runs)):
            rest = tuple(values[at] for values in columns if values is not column)
            others.setdefault(rest, []).append(at)
        several = [group for group in others.values() if len({column[at] for at in group}) > 1]
        if several and all(len({outputs[at] for at in group}) == 1 for group in several):
            found.append(NoEffect(keys, [[runs[at] for at in group] for group in several]))
    if not found and len(columns) > 1 and len(set(outputs)) == 1:
        varied = tuple(sorted(key for keys in columns.values() for key in keys))
        found.append(NoEffect(varied, [list(runs)]))
    return found


def _columns(inputs: list[dict[str, str]]) -> dict[tuple[int, ...], tuple[str, ...]]:
    """Which run has which value of a key, numbered in the order met, to the keys of which that is
    true: they vary together, so that they are one axis."""
    found: dict[tuple[int, ...], list[str]] = {}
    for key in sorted({key for values in inputs for key in values}):
        numbers: dict[str | None, int] = {}
        column = tuple(numbers.setdefault(v.get(key), len(numbers)) for v in inputs)
        if len(numbers) > 1:
            found.setdefault(column, []).append(key)
    return {column: tuple(keys) for column, keys in found.items()}


def _outputs(runs: Sequence[Run], metric: str, metric_defs: Mapping[str, MetricDef]) -> list[str]:
    """All that each run gave and no machine moves, as one text; a program that prints its own config
    shows no effect by it."""
    names = {name for run in runs for name in (*run.metrics, *run.nonfinite)}
    counted = [
        name
        for name in sorted(names)
        if name == metric
        or not (moved_by_machine(metric_defs.get(name) or MetricDef(name)) or _is_echo(name, runs))
    ]
    return [
        canonical_json(
            [
                [run.metrics.get(name, run.nonfinite.get(name)) for name in counted],
                run.extraction.get("items"),
            ]
        )
        for run in runs
    ]


def _is_echo(name: str, runs: Sequence[Run]) -> bool:
    keys = {key for run in runs for key in run.config}
    if name in keys:
        return True
    return any(
        all(run.metrics.get(name) == run.config.get(key, "") for run in runs) for key in keys
    )

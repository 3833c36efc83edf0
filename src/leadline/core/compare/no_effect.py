"""Runs under different seeds, or other values of an axis, that came out the same but for arithmetic.

Then the axis had no effect on the metric, and its values are one result, not several. What else the
program prints says nothing of it: a noisy second number would hide that the first one never moves. A
single tie of a share of few items may be chance, and is none of it. So a key is without effect only
where all runs agree that are alike but for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from leadline.core.canonical import canonical_json
from leadline.core.metric.contract import counted_exactly, moved_by_machine
from leadline.core.record.run import MetricDef, Run
from leadline.core.stats.precision import alike
from leadline.core.typed import NamedTuple

MOST_ITEMS = 100  # of a share that comes out the same by chance
FEWEST_TIES = 2  # of such a share, before they are no chance


class NoEffect(NamedTuple):
    """``keys``: those that varied without an effect, always together. ``alike``: each a set of runs
    that are one result, at least two, in the order given."""

    keys: tuple[str, ...]
    alike: list[list[Run]]


def without_effect(runs: Sequence[Run], definition: MetricDef) -> list[NoEffect]:
    """The keys that had no effect on the metric of ``runs``, which have it. Nothing is said of what
    the machine moves, where equal values are the tick of a clock, nor of what is counted exactly,
    which nobody expects to differ."""
    if len(runs) < 2 or moved_by_machine(definition) or counted_exactly(definition):
        return []
    columns = _columns([{k: canonical_json(v) for k, v in run.inputs.items()} for run in runs])
    if not columns:
        return []

    def agree(groups: list[list[int]]) -> bool:
        ties = sum(len(group) - 1 for group in groups)
        by_chance = ties < FEWEST_TIES and _is_share(runs[groups[0][0]], definition.name)
        return not by_chance and all(
            _one_result([runs[at] for at in group], definition.name) for group in groups
        )

    found = []
    for column, keys in columns.items():
        others: dict[tuple[int, ...], list[int]] = {}
        for at in range(len(runs)):
            rest = tuple(values[at] for values in columns if values is not column)
            others.setdefault(rest, []).append(at)
        several = [group for group in others.values() if len({column[at] for at in group}) > 1]
        if several and agree(several):
            found.append(NoEffect(keys, [[runs[at] for at in group] for group in several]))
    if not found and len(columns) > 1 and agree([[*range(len(runs))]]):
        varied = tuple(sorted(key for keys in columns.values() for key in keys))
        found.append(NoEffect(varied, [list(runs)]))
    return found


def count_once(
    runs: list[Run], definition: MetricDef, dropped: dict[str, str]
) -> tuple[list[Run], list[tuple[str, ...]]]:
    """(``runs`` with those once that an axis without any effect tells apart, the keys of such axes);
    ``dropped`` gets the others, and why."""
    found = without_effect(runs, definition)
    again = dict[str, str]()
    for keys, groups in found:
        for first, *others in groups:
            for run in others:
                again[run.id] = (
                    f"the same as {first.id}: {', '.join(keys)} had no effect on {definition.name}"
                )
    dropped.update(again)
    return [run for run in runs if run.id not in again], [keys for keys, _ in found]


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


def _one_result(runs: list[Run], metric: str) -> bool:
    """Whether all came out the same. The items behind the values, where they are known, tell a tie
    from one result; what arithmetic leaves between values is no tie."""
    values = {run.metrics[metric] for run in runs}
    if len(values) > 1:
        return alike(min(values), max(values))
    return len({canonical_json((r.extraction.get("items") or {}).get(metric)) for r in runs}) == 1


def _is_share(run: Run, metric: str) -> bool:
    """Whether the value may be so many of a few items, by which it is known."""
    value = run.metrics[metric]
    return 0.0 <= value <= 1.0 and any(
        abs(value * items - round(value * items)) < 1e-9 * items
        for items in range(1, MOST_ITEMS + 1)
    )

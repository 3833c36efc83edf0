"""Sides of which each is many experiments, one for each value of a key: paired by these values.

The commonest honest design is an experiment for each arm and seed. What differs between two seeds
then differs on both sides, and the difference within a pair is free of it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from leadline.core.compare.comparison import Comparison, MetricComparison
from leadline.core.compare.difference import FEWEST_PAIRS, cell_of
from leadline.core.record.run import Run

CELLS_NAMED = 6


def pair_over(
    out: Comparison, a: list[Run], b: list[Run], over: Sequence[str]
) -> tuple[list[Run], list[Run]]:
    """The runs of both sides at the values of ``over`` that both have, which ``out.over`` then says;
    all of them where there are too few, which is said."""
    named = ", ".join(over)
    if tags := [key for key in over if any(key in run.tags for run in (*a, *b))]:
        out.notes.append(f"not paired over {named}: {', '.join(tags)} reaches no command")
        return a, b
    first, second = ({cell_of(run, over) for run in side} - {""} for side in (a, b))
    both = first & second
    if len(both) < FEWEST_PAIRS:
        out.notes.append(
            f"not paired over {named}: {len(both)} of {len(first | second)} values stand on both sides"
        )
        return a, b
    out.over = list(over)
    sides = []
    for name, label, runs in (("a", out.a_name, a), ("b", out.b_name, b)):
        alone = sorted({cell_of(run, over) for run in runs} - both)
        if alone:
            out.notes.append(
                f"left out of {label}, since the other side lacks it: {_shown(over, alone)}"
            )
        out.left_out += [
            {"run": run.id, "side": name, "why": f"the other side has no such {named}"}
            for run in runs
            if cell_of(run, over) in alone
        ]
        sides.append([run for run in runs if cell_of(run, over) in both])
    out.a_runs, out.b_runs = ([run.id for run in side] for side in sides)
    return sides[0], sides[1]


def both_ways(
    out: Comparison, m: MetricComparison, a: Sequence[Run], b: Sequence[Run]
) -> list[str]:
    """At which values the difference is the one and at which the other, where it is both."""
    if not out.over:
        return []
    lower, higher = list[str](), list[str]()
    for at in sorted({cell_of(run, out.over) for run in a if m.metric in run.metrics}):
        means = [
            math.fsum(values) / len(values)
            for side in (a, b)
            if (
                values := [
                    run.metrics[m.metric]
                    for run in side
                    if m.metric in run.metrics and cell_of(run, out.over) == at
                ]
            )
        ]
        if len(means) == 2 and means[0] != means[1]:
            (lower if means[1] < means[0] else higher).append(at)
    if not lower or not higher:
        return []
    return [
        f"{out.b_name} is lower at {_shown(out.over, lower)}; higher at {_shown(out.over, higher)}"
    ]


def _shown(over: Sequence[str], cells: Sequence[str]) -> str:
    """``seed 1, 2``"""
    values = [
        " ".join(str(value) for value in json.loads(cell)) if cell else "none"
        for cell in cells[:CELLS_NAMED]
    ]
    more = f" and {len(cells) - CELLS_NAMED} more" if len(cells) > CELLS_NAMED else ""
    return f"{' '.join(over)} {', '.join(values)}{more}"

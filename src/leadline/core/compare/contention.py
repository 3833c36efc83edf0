"""What shared the machine with the runs of a comparison, and whether that could have made its verdict.

In turns both sides meet the same noise, so that it is their variance and no cause, unless it came with
one of them. That is judged by the share of their time that other work had, not by how many runs met
any: of two sides beside the same neighbour the one with the longer runs has more that did. Of honest
turns 1 % are said to be one-sided (at most 5), of work with one side alone all, beside a neighbour 60
to 89 % (n = 3 to 10; `benchmarks/one_sided_load.py`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from leadline.core.compare.comparison import HygieneOfSide
from leadline.core.compare.difference import IN_TURNS
from leadline.core.record.run import Run

LEAST_SHARE = 0.02  # of the machine: a smaller difference between the sides disturbs nothing
LEAST_RATIO = 2.0  # a side that uses more CPUs leaves the same neighbour up to a half less
BY_CHANCE = 1.96  # standard errors that the same noise puts between two sides 95 times of 100


def hygiene_of(runs: list[Run]) -> HygieneOfSide:
    """What is known of the machine during the runs of a side."""
    throttled = [run for run in runs if run.hygiene.get("throttled") is True]
    contended = [run for run in runs if was_contended(run)]
    unknown = sum(run.hygiene.get("contended") is None and not was_contended(run) for run in runs)
    reasons = {str(reason) for run in contended for reason in run.hygiene.get("reasons") or ()}
    return {
        "contended": sorted(run.id for run in contended),
        "throttled": sorted(run.id for run in throttled),
        "unknown": unknown,
        "clean": len(runs) - len(contended) - unknown,
        "reasons": sorted(reasons),
    }


def was_contended(run: Run) -> bool:
    """A throttled run counts as a contended one: it shared the machine's power or cooling, whoever
    with."""
    return run.hygiene.get("contended") is True or run.hygiene.get("throttled") is True


def contention_decides(
    verdict: str,
    sides: tuple[Sequence[Run], Sequence[Run]],
    rule: str,
    by_machine: bool | None,
) -> bool:
    """Whether other work on the machine could have made this ``verdict`` of side b, judged by ``rule``
    over the runs in the figures: "worse" of any contended run, and "different" of one where the machine
    moves the metric; "better" and "equivalent" of a contended reference, which flatters the other
    side; a number is none. In turns only where it came with one side."""
    a, b = sides
    if by_machine is False or (rule in IN_TURNS and not came_with_one_side(a, b)):
        return False
    if verdict == "worse" or (verdict == "different" and by_machine):
        return any(map(was_contended, (*a, *b)))
    return verdict in ("better", "equivalent") and any(map(was_contended, a))


def came_with_one_side(a: Sequence[Run], b: Sequence[Run]) -> bool:
    """Whether other work had another share of the time of ``a`` than of that of ``b``, by more than
    chance. Time of others comes in bursts: how much more than evenly it scatters over the runs is
    read from all of them (McCullagh and Nelder 1989, 4.5)."""
    loads = [[_load(run) for run in side] for side in (a, b)]
    (load_a, time_a), (load_b, time_b) = (map(math.fsum, zip(*s, strict=True)) for s in loads)
    time = time_a + time_b
    share = (load_a + load_b) / time
    less, more = sorted((load_a / time_a, load_b / time_b))
    if more - less < LEAST_SHARE or more < LEAST_RATIO * less:
        return False
    each = [*loads[0], *loads[1]]
    scatter = math.fsum((load - share * wall) ** 2 / (share * wall) for load, wall in each)
    error = math.sqrt(scatter / (len(each) - 1) * share * time_a * time_b / time)
    return abs(load_b - share * time_b) > BY_CHANCE * error


def _load(run: Run) -> tuple[float, float]:
    """Of how many seconds of the machine others had, and of how many the run took. A clock held down
    is all of it, and so is other work of which nobody knows how much."""
    wall = max(run.wall_s or 1.0, 1e-9)  # of a clock that was set back less than nothing is told
    share = run.hygiene.get("others_share")
    if run.hygiene.get("throttled") is True:
        share = 1.0
    elif share is None:
        share = float(run.hygiene.get("contended") is True)
    return min(max(share, 0.0), 1.0) * wall, wall

"""How often ``core/compare/contention.py`` takes the noise of a machine for work that came with one
side, and how often it misses work that did.

Sides take turns (``A B B A`` or its mirror) beside a neighbour that comes and goes: bursts and pauses of
exponential length, so that a run is met by chance. Once more with work that comes with side B alone.
Pseudo-random with a fixed seed; ``--trials N`` for each of the cases that a row pools.
"""

from __future__ import annotations

import argparse
import random
from itertools import product
from statistics import mean

from leadline.core.compare.contention import came_with_one_side
from leadline.core.record.run import Run

SEED = 20261130
SIZES = (3, 5, 10)
BURSTS_S = (0.3, 1.0, 3.0, 10.0)
BUSY = (0.1, 0.3, 0.6)  # share of the time that the neighbour works
HEIGHTS = (0.5, 1.0)  # share of the machine that it then has
WALLS_S = ((1.0, 1.0), (1.0, 3.0), (1.0, 10.0), (10.0, 1.0))


def neighbour(
    chance: random.Random, until: float, burst: float, busy: float
) -> list[tuple[float, float]]:
    at, works, found = 0.0, chance.random() < busy, []
    while at < until and busy:
        lasts = chance.expovariate(1.0 / (burst if works else burst * (1.0 - busy) / busy))
        if works:
            found.append((at, at + lasts))
        at, works = at + lasts, not works
    return found


def measured(
    chance: random.Random,
    n: int,
    walls: tuple[float, float],
    burst: float,
    busy: float,
    height: float,
    own: float,
) -> tuple[list[Run], list[Run]]:
    """``own``: the share of the machine that the work which comes with B has."""
    order = "".join(chance.choice(("ABBA", "BAAB")) for _ in range(n // 2)) + "AB" * (n % 2)
    bursts = neighbour(chance, 1.1 * n * sum(walls), burst, busy)
    sides: dict[str, list[Run]] = {"A": [], "B": []}
    at = 0.0
    for side in order:
        wall = walls["AB".index(side)] * chance.uniform(0.97, 1.03)
        met = sum(max(0.0, min(at + wall, end) - max(at, start)) for start, end in bursts)
        share = min(1.0, height * met / wall + own * (side == "B"))
        run = Run(f"P-{side}", len(sides[side]), "done", wall_s=wall)
        run.hygiene = {"contended": share >= 0.25, "others_share": share}
        sides[side].append(run)
        at += wall
    return sides["A"], sides["B"]


def rates(trials: int, n: int, own: float, busy: tuple[float, ...]) -> list[float]:
    """Per cent called one-sided in each case."""
    found = []
    for walls, burst, share, height in product(WALLS_S, BURSTS_S, busy, HEIGHTS):
        chance = random.Random(f"{SEED} {n} {own} {walls} {burst} {share} {height}")
        case = n, walls, burst, share, height, own
        said = sum(came_with_one_side(*measured(chance, *case)) for _ in range(trials))
        found.append(100.0 * said / trials)
    return found


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--trials", type=int, default=500)
    trials = asked.parse_args().trials
    print(f"{trials} trials a case; said to come with one side, per cent: mean of the cases")
    for n in SIZES:
        equal = rates(trials, n, 0.0, BUSY)
        alone, beside = rates(trials, n, 0.3, (0.0,)), rates(trials, n, 0.5, (0.1, 0.3))
        print(
            f"n = {n}: the same neighbour {mean(equal):.1f} (worst {max(equal):.1f}); "
            f"with B alone {mean(alone):.1f}; with B beside a neighbour {mean(beside):.1f}"
        )


if __name__ == "__main__":
    main()

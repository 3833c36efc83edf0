"""Sides that took turns, cut into rounds: what a test of values that the machine moves may rest on.

A machine drifts, throttles and is shared, so that a value belongs to its moment as much as to its
side. A round is the shortest stretch of the order of execution that holds both sides; what moved
the machine slowly moved both halves of a round, and the difference within it is free of that. The
unit of the test is then the round, not the run. Sides of which one ran wholly before the other give
one round, and no test: nothing in the numbers can tell the side from its moment.

>>> rounds("abba")
[([0], [1]), ([3], [2])]
>>> rounds("aaabbb")
[([0, 1, 2], [3, 4, 5])]
"""

from __future__ import annotations

from collections.abc import Sequence


def rounds(order: Sequence[str]) -> list[tuple[list[int], list[int]]]:
    """The positions of sides ``a`` and ``b`` in each round of ``order``; runs left over at the end
    belong to the last round. Empty when a side has none. Depends on the order alone, never on a
    value."""
    found: list[tuple[list[int], list[int]]] = []
    open_round: tuple[list[int], list[int]] = [], []
    for position, side in enumerate(order):
        open_round[side != "a"].append(position)
        if open_round[0] and open_round[1]:
            found.append(open_round)
            open_round = [], []
    if found:
        found[-1][0].extend(open_round[0])
        found[-1][1].extend(open_round[1])
    return found

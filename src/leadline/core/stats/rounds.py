"""Sides that took turns, cut into rounds: what a test of values that the machine moves may rest on.

A machine drifts, throttles and is shared, so that a value belongs to its moment as much as to its
side. A round is the shortest stretch of the order of execution that holds both sides; what moved
the machine slowly moved both halves of a round, and the difference within it is free of that. The
unit of the test is then the round, not the run. Sides of which one ran wholly before the other give
one round, and no test: nothing in the numbers can tell the side from its moment.

What one command began (a batch: a sweep, the repeats of one run) was fixed before its first value. A
batch that holds both sides is cut by itself, those of one side alone together. In a round a side has
runs of one batch: what is added of it while the other side waits is in no round, since whoever adds
runs of one side until they suit could have any difference.

>>> rounds([("a", "1"), ("b", "2"), ("b", "3"), ("a", "4")])
[([0], [1]), ([3], [2])]
>>> rounds([(side, "sweep") for side in "aaabbbab"])
[([0, 1, 2], [3]), ([6], [4, 5, 7])]
>>> rounds([("a", "1"), ("a", "2"), ("a", "3"), ("b", "4")])
[([0], [3])]
"""

from __future__ import annotations

from collections.abc import Sequence

Round = tuple[list[int], list[int]]
Order = Sequence[tuple[str, str]]


def rounds(order: Order) -> list[Round]:
    """The positions of sides ``a`` and ``b`` in each round, by the first of each; ``order``: side and
    batch of each run. Depends on the order alone, never on a value."""
    batches: dict[str, list[int]] = {}
    for position, (_, batch) in enumerate(order):
        batches.setdefault(batch, []).append(position)
    both = [at for at in batches.values() if len({order[position][0] for position in at}) == 2]
    inside = {position for at in both for position in at}
    alone = [position for position in range(len(order)) if position not in inside]
    return sorted((found for at in (*both, alone) for found in _cut(at, order)), key=_first)


def _first(one: Round) -> int:
    return min(one[0][0], one[1][0])


def _cut(positions: Sequence[int], order: Order) -> list[Round]:
    """The shortest stretches; what is left over at the end of the last one's batches belongs to it."""
    found: list[Round] = []
    open_round: Round = [], []
    for position in positions:
        side, batch = order[position]
        mine = open_round[side != "a"]
        if not mine or order[mine[0]][1] == batch:
            mine.append(position)
        if open_round[0] and open_round[1]:
            found.append(open_round)
            open_round = [], []
    for closed, left in zip(found[-1] if found else (), open_round, strict=False):
        closed += [p for p in left if order[p][1] == order[closed[0]][1]]
    return found

"""Keeping the error rate of a comparison that is looked at more than once, and chosen among many.

Whoever adds runs until the difference shows has tested many times, and whoever compares the best of
twenty has too. Both are in the record: a look is a batch of runs begun by one command after earlier
results of the same two sides existed, and the number of configurations is how many there were to
choose from (``core/compare/choice.py``). The whole error is divided over all the looks there can ever
be, most of it to the first, and by the number of choices, so that no number of either exceeds it
(Boole's inequality). The price: who means to repeat five times says so at once (``--repeat 5``,
``ab``, a sweep), and has one look.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence

from leadline.core.record.run import Run
from leadline.core.stats.inference import Interval, IntervalTold
from leadline.core.typed import Any, TypedDict
from leadline.core.values import dataclass

ALPHA = 0.05
FEWEST = 3  # runs a side: below it nothing is judged, so that there is nothing to look at
FIRST_SHARE = 0.85
_EVERY_LOOK_UP_TO = 30
_STEP = 1.05


def share(look: int) -> float:
    """The part of the error that look ``look`` (from 1) may spend: 85 % at the first, and the
    remaining 15 % as 1 / (j (j - 1)) for j = 2, 3, ..., which telescopes to 1. Spending an error
    over looks: Lan & DeMets 1983, Biometrika 70, 659-663."""
    if look < 1:
        raise ValueError(f"looks are counted from 1, not {look}")
    return FIRST_SHARE if look == 1 else (1.0 - FIRST_SHARE) / (look * (look - 1))


def batch_of(run: Run) -> str:
    """What one command began together: a sweep, a measurement in turns, the repeats of one ``run``."""
    design = run.design
    return str(
        design.get("together") or design.get("sweep") or design.get("interleaving") or run.uid
    )


Sides = tuple[list[Run], list[Run]]


class States(Sequence[Sides]):
    """The sides as they were at each look: the first so many of each. Not copied, since of a
    thousand looks some are taken."""

    def __init__(self, sides: Sides, sizes: Sequence[tuple[int, int]]) -> None:
        self._sides, self._sizes = sides, sizes

    def __len__(self) -> int:
        return len(self._sizes)

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return States(self._sides, self._sizes[at])
        left, right = self._sizes[at]
        return self._sides[0][:left], self._sides[1][:right]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)


def looks_at(left: Sequence[Run], right: Sequence[Run] | None) -> States:
    """What there was of each side at each look, in the order of recording; ``right`` is None for a
    fixed bound. A batch after which the smaller side has not grown, or has fewer than ``FEWEST``
    runs, is no look: runs added to one side alone wait for the other."""
    sides = {run.uid: 0 for run in left} | {run.uid: 1 for run in right or ()}
    batches: dict[str, list[Run]] = {}
    for run in sorted([*left, *(right or ())], key=lambda run: (run.uid, run.id)):
        batches.setdefault(batch_of(run), []).append(run)
    so_far: Sides = [], []
    sizes, smaller = list[tuple[int, int]](), 0
    for batch in batches.values():
        for run in batch:
            so_far[sides[run.uid]].append(run)
        grown = len(so_far[0]) if right is None else min(map(len, so_far))
        if grown > smaller and grown >= FEWEST:
            smaller = grown
            sizes.append((len(so_far[0]), len(so_far[1])))
    return States(so_far, sizes)


def _from_the_first_that_bears(
    states: States, bears: Callable[[list[Run], list[Run]], bool]
) -> Sequence[Sides]:
    """Sides that have not taken turns yet can show nothing, so that looking at them costs nothing.
    Once they have, more runs do not undo it: found by bisection."""
    first = bisect_left(range(len(states)), True, key=lambda i: bears(*states[i]))
    found: States = states[first:]
    return found


def _taken(count: int) -> list[int]:
    """Which of ``count`` looks are computed: each up to 30, then in steps of 5 %.
    Leaving looks out only lowers the error."""
    taken, look = [], 1
    while look <= count:
        taken.append(look)
        look = look + 1 if look < _EVERY_LOOK_UP_TO else int(look * _STEP) + 1
    return taken


class LooksTold(TypedDict):
    count: int
    choices: int
    shown_at: int | None
    last: int
    level: float | None
    interval: IntervalTold | None


@dataclass(slots=True)
class Looks:
    """``count``: how many there were. ``choices``: how many comparisons this one was chosen from.
    ``shown_at``: the first look whose interval excluded the margin, 0 for none. ``last``: the last
    one computed, 0 for none; ``level``: its two-sided error; ``interval``: what it gave at that."""

    count: int = 0
    choices: int = 1
    shown_at: int = 0
    last: int = 0
    level: float | None = None
    interval: Interval | None = None

    def as_dict(self) -> LooksTold:
        return {
            "count": self.count,
            "choices": self.choices,
            "shown_at": self.shown_at,
            "last": self.last,
            "level": self.level,
            "interval": self.interval.as_dict() if self.interval else None,
        }


def take_looks(
    left: Sequence[Run],
    right: Sequence[Run] | None,
    interval_of: Callable[[list[Run], list[Run], float], Interval],
    excludes: Callable[[Interval], bool | None],
    choices: int = 1,
    one_sided: bool = False,
    bears: Callable[[list[Run], list[Run]], bool] = lambda left, right: True,
) -> Looks:
    """Look at each batch, each time at its own share of the error, until one look shows it.

    ``interval_of(left, right, confidence)`` gives a two-sided interval; ``excludes`` says whether
    it lies wholly on the claimed side of the margin. ``one_sided``: the direction was fixed before
    the runs (or it is an equivalence, which has two ends to fail at), so that only one end of the
    interval can err. ``bears``: whether the runs were taken so that a verdict may rest on them."""
    states = _from_the_first_that_bears(looks_at(left, right), bears)
    looks = Looks(len(states), choices)
    for look in _taken(len(states)):
        level = ALPHA * share(look) / choices
        looks.last, looks.level = look, level
        looks.interval = interval_of(*states[look - 1], 1.0 - (2.0 if one_sided else 1.0) * level)
        if excludes(looks.interval):
            looks.shown_at = look
            break
    return looks


def adjusted_p(
    p_of: Callable[[list[Run], list[Run]], float | None],
    left: Sequence[Run],
    right: Sequence[Run],
    now: float,
    choices: int,
    bears: Callable[[list[Run], list[Run]], bool] = lambda left, right: True,
) -> tuple[float, int]:
    """(the p value that counts looks and choices, how many looks there were): the smallest over the
    looks of p / its share, times ``choices``; never below ``now``, the p value of all runs."""
    states = _from_the_first_that_bears(looks_at(left, right), bears)
    found = [
        p / share(look)
        for look in _taken(len(states))
        if (p := p_of(*states[look - 1])) is not None
    ]
    return min(1.0, max(now, choices * min(found, default=1.0))), len(states)

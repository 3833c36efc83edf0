"""Keeping the error rate of a label that is looked at again after every repeat.

A label is computed whenever somebody reads it, so whoever adds runs until it says ``replicated``
has tested many times. A 95 % interval at each look lets a claim that is false at its margin through
far more often than one test does. Here the whole error, 5 %, is divided over all the looks there
can ever be, so that no number of them exceeds it. The price is power: a difference that the third
look does not show has to be clearer at each later one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from leadline.core.record.run import Run
from leadline.core.stats.inference import Interval, IntervalTold
from leadline.core.typed import TypedDict
from leadline.core.values import dataclass

ALPHA = 0.05
FIRST_LOOK = 3
_EVERY_LOOK_UP_TO = 30
_STEP = 1.05


def level(k: int) -> float:
    """The one-sided error allowed to look ``k`` (k runs on the smaller side): ALPHA / ((k - 2)(k -
    1)).

    With j = k - 2 this is ALPHA / (j (j + 1)) = ALPHA (1/j - 1/(j + 1)); summed over j = 1, 2, 3,
    ... it telescopes to ALPHA. A claim that is false at its margin is promoted at look k with
    probability at most level(k), so by Boole's inequality it is ever promoted with probability at
    most ALPHA, however many looks are taken, whoever decides when to stop, and whatever the
    dependence between the looks. Look 3 has 2.5 %: the 95 % interval. Spending an error over looks:
    Lan & DeMets 1983, Biometrika 70, 659-663.
    """
    if k < FIRST_LOOK:
        raise ValueError(f"the first look is at {FIRST_LOOK} runs, not at {k}")
    return ALPHA / ((k - 2) * (k - 1))


def schedule(n: int) -> list[int]:
    """The looks taken with ``n`` runs on the smaller side: each up to 30, then in steps of 5 %.
    Leaving looks out only lowers the error; the steps do not depend on ``n``, so that what one look
    showed is not forgotten at the next."""
    looks, k = [], FIRST_LOOK
    while k <= n:
        looks.append(k)
        k = k + 1 if k < _EVERY_LOOK_UP_TO else int(k * _STEP) + 1
    return looks


def runs_at(
    left: Sequence[Run], right: Sequence[Run] | None, k: int
) -> tuple[list[Run], list[Run]]:
    """What had been recorded when the smaller side reached ``k`` runs; ``right`` is None for a
    fixed bound.

    Fixed by the order of recording, so that a run added later never takes an earlier look again.
    """
    ordered = sorted(left, key=_place)
    if right is None:
        return ordered[:k], []
    other = sorted(right, key=_place)
    until = max(_place(ordered[k - 1]), _place(other[k - 1]))
    return [r for r in ordered if _place(r) <= until], [r for r in other if _place(r) <= until]


def _place(run: Run) -> tuple[str, str]:
    return run.uid, run.id  # the uid of the planning record begins with its time


class LooksTold(TypedDict):
    n: int
    shown_at: int | None
    last: int
    level: float | None
    interval: IntervalTold | None


@dataclass(slots=True)
class Looks:
    """``n``: runs of the smaller side. ``shown_at``: the first look whose interval excluded the
    margin, 0 for none. ``last``: the last look taken, 0 for none; ``interval``: what it gave, at
    its own level."""

    n: int
    shown_at: int = 0
    last: int = 0
    interval: Interval | None = None

    @property
    def last_level(self) -> float | None:
        return level(self.last) if self.last else None

    def as_dict(self) -> LooksTold:
        return {
            "n": self.n,
            "shown_at": self.shown_at,
            "last": self.last,
            "level": self.last_level,
            "interval": self.interval.as_dict() if self.interval else None,
        }


def take_looks(
    left: Sequence[Run],
    right: Sequence[Run] | None,
    interval_of: Callable[[list[Run], list[Run], float], Interval],
    excludes: Callable[[Interval], bool | None],
) -> Looks:
    """Look after each repeat, each time at its own ``level``, until one look shows it.

    ``interval_of(left, right, confidence)`` gives a two-sided interval, so the one-sided level is
    half of what it leaves out. ``excludes`` says whether the interval lies wholly on the claimed
    side of the margin.
    """
    looks = Looks(len(left) if right is None else min(len(left), len(right)))
    for k in schedule(looks.n):
        first, second = runs_at(left, right, k)
        looks.last, looks.interval = k, interval_of(first, second, 1.0 - 2.0 * level(k))
        if excludes(looks.interval):
            looks.shown_at = k
            break
    return looks

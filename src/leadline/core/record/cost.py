"""What runs cost: the time of all their attempts, of the devices that they had, and in queues."""

from __future__ import annotations

from collections.abc import Iterable
from operator import add

from leadline.core.record.run import Run
from leadline.core.typed import NamedTuple


class Cost(NamedTuple):
    """Of so many runs. ``ran_s``: of all attempts; ``lost_s`` of it of those that were lost."""

    runs: int
    ran_s: float
    device_s: float
    attempts: int
    lost_s: float
    queued_s: float


def cost_of_run(run: Run) -> Cost:
    ran_s = (run.wall_s or 0.0) + run.lost_s
    has_device = run.devices.get("kind") not in (None, "", "cpu")
    device_s = ran_s * max(1, int(run.devices.get("count") or 1)) if has_device else 0.0
    return Cost(1, ran_s, device_s, run.attempts, run.lost_s, run.queued_s)


def summed(costs: Iterable[Cost]) -> Cost:
    total = Cost(0, 0.0, 0.0, 0, 0.0, 0.0)
    for cost in costs:
        total = Cost(*map(add, total, cost))
    return total

"""What an entry says of a run's series: how much there is, a few points of what matters, and where
the rest is.

The points stay where the run was; the record holds a thinned excerpt of each series, and an entry
five points of it. So an entry keeps its length whether a training logged a hundred points or a
hundred million.
"""

from __future__ import annotations

from leadline.core.record.run import Run
from leadline.core.record.thread import Thread
from leadline.core.timestamps import counted, number
from leadline.core.typed import TYPE_CHECKING
from leadline.core.view import facts

if TYPE_CHECKING:
    from leadline.core.record.bodies import Excerpt

METRICS_EXCERPTED, POINTS_EXCERPTED = 3, 5
# kinds of sources whose points stay beside the run
KEPT = ("series", "metrics", "tracker", "import")


def summary(run: Run) -> str:
    """``4,010 points of 3 metrics, steps 0 to 1999``; "" when the run has no series."""
    series = recorded(run)
    if not series:
        return ""
    points = sum(one.get("points") or 0 for one in series.values())
    ends = [
        step for one in series.values() for step in (one.get("first_step"), one.get("last_step"))
    ]
    steps = [step for step in ends if step is not None]
    span = f", steps {number(min(steps))} to {number(max(steps))}" if steps else ""
    return f"{points:,} points of {counted(len(series), 'metric')}{span}"


def pointer(run: Run) -> str:
    """The command that shows the points, in an entry; "" when they are not kept apart from the
    output. An entry that was written says nothing else later, so those of stdout are never named."""
    here = any(s.get("kind") in KEPT and s.get("rows") for s in run.extraction.get("sources") or ())
    return f"leadline series {run.id}" if here else ""


def excerpts(run: Run, thread: Thread) -> list[tuple[str, str]]:
    """For the first metrics in the thread's order that change: the name, and ``3.13 at 0, …, 1.61
    at 1999``."""
    series = recorded(run)
    found: list[tuple[str, str]] = []
    for name in facts.metric_order(thread, list(series)):
        if len(found) == METRICS_EXCERPTED:
            break
        sample = [
            point
            for point in series[name].get("sample") or ()
            if all(isinstance(n, int | float) for n in point)
        ]
        if len({value for _, value in sample}) < 2:
            continue  # what the table of metrics says; "NaN" and "Infinity" are texts in the record
        sample.sort(key=lambda point: point[0])  # several processes stand one after the other
        last = len(sample) - 1
        places = sorted({round(i * last / (POINTS_EXCERPTED - 1)) for i in range(POINTS_EXCERPTED)})
        found.append(
            (name, ", ".join(f"{number(sample[p][1])} at {number(sample[p][0])}" for p in places))
        )
    return found


def recorded(run: Run) -> dict[str, Excerpt]:
    """The series of the record; none when each has a single point, which the table of metrics says."""
    series = run.extraction.get("series") or {}
    return series if any((one.get("points") or 0) > 1 for one in series.values()) else {}

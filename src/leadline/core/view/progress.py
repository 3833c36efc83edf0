"""How far a run is, how fast it goes, and whether it stands still.

A run is ``stalled`` when its own signal has stood still for five times the longest pause that it has
made so far, and for a minute at least: a slow phase that came before (an evaluation, a checkpoint)
is part of its pace. A quiet log says nothing, nor does a process that lives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from leadline.core.typed import NamedTuple, TypedDict

STILL_FACTOR = 5.0
LEAST_STILL_S = 60.0
ADVANCES_NEEDED = 3  # before there is a pace


class Signal(NamedTuple):
    """A count that grows. ``total`` 0: not known. Times are epoch seconds of the job's machine;
    ``gap_s``: the longest pause between two advances."""

    done: float
    total: float
    at_s: float
    first_done: float
    first_at_s: float
    gap_s: float
    advances: int


class Progress(TypedDict):
    """``per_s`` and ``left_s`` None where there is no pace yet, or no total."""

    done: float
    total: float
    per_s: float | None
    left_s: float | None
    still_s: float
    stalled: bool


def parsed(text: str) -> Signal | None:
    """The line that ``leadline.progress`` writes; None for any other."""
    words = text.split()
    if len(words) != 8 or words[0] != "1":
        return None
    try:
        numbers = [float(word) for word in words[1:]]
    except ValueError:
        return None
    if not all(map(math.isfinite, numbers)):
        return None
    done, total, at_s, first_done, first_at_s, gap_s, advances = numbers
    return Signal(done, total, at_s, first_done, first_at_s, gap_s, int(advances))


def of_points(steps: Sequence[float], times: Sequence[float]) -> Signal | None:
    """The steps of a series as a signal: only what goes beyond the largest step so far counts."""
    found: Signal | None = None
    for step, at in zip(steps, times, strict=True):
        if not (math.isfinite(step) and math.isfinite(at)):
            continue
        if found is None:
            found = Signal(step, 0.0, at, step, at, 0.0, 0)
        elif step > found.done:
            gap_s = max(found.gap_s, at - found.at_s)
            found = found._replace(done=step, at_s=at, gap_s=gap_s, advances=found.advances + 1)
    return found


def progress_of(signal: Signal, now_s: float) -> Progress:
    took_s = signal.at_s - signal.first_at_s
    has_pace = signal.advances >= 1 and took_s > 0
    per_s = (signal.done - signal.first_done) / took_s if has_pace else None
    left = signal.total - signal.done
    left_s = left / per_s if per_s and signal.total and left >= 0 else None
    still_s = max(0.0, now_s - signal.at_s)
    pace_known = signal.advances >= ADVANCES_NEEDED
    over = signal.total > 0 and left <= 0  # what comes after the last step has no signal
    stalled = pace_known and not over and still_s > max(LEAST_STILL_S, STILL_FACTOR * signal.gap_s)
    return {
        "done": signal.done,
        "total": signal.total,
        "per_s": per_s,
        "left_s": left_s,
        "still_s": still_s,
        "stalled": stalled,
    }


def of_count(done: int, total: int, took_s: float, goes_on: bool) -> Progress:
    """Of what is counted one by one, as runs of a sweep are; ``total`` 0: not known. One that does not
    go on has no pace."""
    per_s = done / took_s if goes_on and done and took_s > 0 else None
    left_s = (total - done) / per_s if per_s and total > done else None
    return {
        "done": done,
        "total": total,
        "per_s": per_s,
        "left_s": left_s,
        "still_s": 0.0,
        "stalled": False,
    }

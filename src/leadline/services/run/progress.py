"""The signal of a run under way, read from its attempt folder."""

from __future__ import annotations

import os

from leadline.core.typed import TYPE_CHECKING
from leadline.job.disk import open_to_read
from leadline.services.context import Context
from leadline.services.run.attempt import handle_of

if TYPE_CHECKING:
    from leadline.core.view.progress import Progress, Signal
    from leadline.ports.attempt import Handle

# Asked for by ``--progress``, as ``leadline.job.meter`` sees it; said, as ``leadline.job.progress``.
SEEN, SAID = "progress.seen", "progress"
MOST_SERIES_BYTES = 32 << 20  # more are not read for a look at how far it is


def progress_in(context: Context, attempt: str) -> Progress | None:
    """How far the run is; None where it gives no signal: neither ``leadline.progress`` nor steps of
    a series, nor what ``--progress`` names."""
    signal = _read(attempt, SEEN) or _read(attempt, SAID) or _of_steps(context, attempt)
    if signal is None:
        return None
    from leadline.core.view.progress import progress_of  # noqa: PLC0415  start-up: who has a signal

    now_s = context.clock.now_ms() / 1000 + clock_ahead_s(handle_of(attempt))
    return progress_of(signal, now_s)


def clock_ahead_s(handle: Handle) -> float:
    """How far the clock of the machine that runs is ahead of ours; 0 where its executor does not say."""
    ahead = handle.get("clock_ahead_s")
    return float(ahead) if isinstance(ahead, (int, float)) else 0.0


def _read(attempt: str, name: str) -> Signal | None:
    try:
        with open(open_to_read(os.path.join(attempt, name)), errors="replace") as file:
            text = file.read(1024)
    except OSError:
        return None
    from leadline.core.view.progress import parsed  # noqa: PLC0415  start-up: who has a signal

    return parsed(text)


def _of_steps(context: Context, attempt: str) -> Signal | None:
    if not os.path.isdir(os.path.join(attempt, "series")) or not context.series.has(attempt):
        return None
    if context.series.size_bytes(attempt) > MOST_SERIES_BYTES:
        return None
    from leadline.core.view.progress import of_points  # noqa: PLC0415  start-up: who has a signal

    store = context.series.read(attempt)
    signals = []
    for metric in store.metrics:
        points = store.merged(metric)
        if signal := of_points(points.steps, points.times):
            signals.append(signal)
    return max(signals, key=lambda signal: signal.at_s, default=None)

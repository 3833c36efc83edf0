"""The signal of a run under way, read from its attempt folder."""

from __future__ import annotations

import os

from leadline.core.typed import TYPE_CHECKING
from leadline.job.disk import open_to_read
from leadline.services.context import Context

if TYPE_CHECKING:
    from leadline.core.view.progress import Progress, Signal

FILE = "progress"  # as ``leadline.job.progress`` knows it
MOST_SERIES_BYTES = 32 << 20  # more are not read for a look at how far it is


def progress_in(context: Context, attempt: str) -> Progress | None:
    """How far the run is; None where it gives no signal: neither ``leadline.progress`` nor steps of
    a series."""
    signal = _said(attempt) or _of_steps(context, attempt)
    if signal is None:
        return None
    from leadline.core.view.progress import progress_of  # noqa: PLC0415  start-up: who has a signal

    return progress_of(signal, context.clock.now_ms() / 1000)


def _said(attempt: str) -> Signal | None:
    try:
        with open(open_to_read(os.path.join(attempt, FILE)), errors="replace") as file:
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

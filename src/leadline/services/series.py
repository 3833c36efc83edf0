"""The series of a run, whoever wrote them: by ``ll.log`` in segments, as JSON lines, or compacted."""

from __future__ import annotations

import os

from leadline.core.run import Run
from leadline.core.series import Store, Writer
from leadline.core.tracker import Points
from leadline.services.context import Context

LINES = "metrics.jsonl"


def series_of(context: Context, run: Run) -> dict[str, Points]:
    """Metric to its points, those of several processes merged by their clocks. Empty when the run logged none.

    A run that is still going gives what it wrote so far. Raises LeadlineError (environment, ``no-pyarrow``).
    """
    store = store_of(context, run)
    return {metric: store.merged(metric) for metric in store.metrics}


def store_of(context: Context, run: Run) -> Store:
    """The same by writer. Of a metric that was written both ways the one from ``ll.log`` counts, as in the record."""
    attempt = context.run_folder(run.uid)
    store = context.series.read(attempt)
    known = set(store.metrics)
    lines = context.series.read_lines(os.path.join(attempt, LINES))
    rest = {name: points for name, points in lines.items() if name not in known}
    if rest:
        store.writers[LINES] = Writer(LINES, rest)
    return store

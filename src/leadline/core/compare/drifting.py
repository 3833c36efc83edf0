"""Whether the runs of a side drifted, and whether the two sides ran in turns so that it matters less.

A machine that slows down makes the side that ran last look slow.
"""

from __future__ import annotations

from leadline.core.record.run import Run
from leadline.core.stats.drift import Drift, drift

DRIFT_SHARE = 0.5  # of the difference: a drift at least that large could be its cause


def drift_of(runs: list[Run], metric: str) -> Drift:
    """The drift of one metric over the evidence runs, in the order in which they were started."""
    ordered = sorted(
        (r for r in runs if r.is_evidence and metric in r.metrics),
        key=lambda r: (r.started_at or r.planned_at, r.uid),
    )
    return drift([r.metrics[metric] for r in ordered])


def interleaved(a_runs: list[Run], b_runs: list[Run]) -> bool:
    """Whether the two sides ran in turns, so that what drifts touches both: neither ran wholly
    before the other."""
    a = [r.started_at or r.planned_at for r in a_runs if r.is_evidence]
    b = [r.started_at or r.planned_at for r in b_runs if r.is_evidence]
    return bool(a and b) and min(a) < max(b) and min(b) < max(a)

"""``thread_of(records) -> Thread``: the fold and, over it, the derived metrics."""

from __future__ import annotations

from collections.abc import Iterable

from leadline.core.record.event import Record
from leadline.core.record.fold import fold
from leadline.core.record.thread import Thread


def thread_of(records: Iterable[Record], topic: str = "") -> Thread:
    """The thread that ``records`` (any order, duplicates allowed) add up to.

    Not in ``replay``: an entry of the log never changes later.
    """
    thread = fold(records, topic)
    if any(m.formula for m in thread.metrics.values()):
        from leadline.core.metric.derive import derive  # noqa: PLC0415  start-up: 0.8 ms

        derive(thread)
    return thread

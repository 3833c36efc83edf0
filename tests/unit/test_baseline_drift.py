"""Whether the runs of a baseline drifted."""

from __future__ import annotations

from leadline.core.view.baseline import drift_of
from leadline.testing.builders import ThreadBuilder


def rising(n: int) -> ThreadBuilder:
    b = ThreadBuilder()
    b.run("base", {"time_ms": 1.0})
    b.repeat("P-001", *({"time_ms": 1.0 + i} for i in range(1, n)))
    return b


def test_runs_that_count_are_taken_in_the_order_they_started():
    runs = list(rising(6).thread().runs)
    found = drift_of(runs[::-1], "time_ms")
    assert (found.n, found.change) == (6, 5.0) and found.shown()


def test_a_retracted_run_and_another_metric_do_not_count():
    b = rising(6)
    b.retract("P-001-r6", "the wrong node")
    b.run(metrics={"loss": 3.0}, experiment="P-001")
    assert drift_of(list(b.thread().runs), "time_ms").n == 5


def test_four_runs_are_too_few():
    found = drift_of(list(rising(4).thread().runs), "time_ms")
    assert not found.shown() and "from 5 runs on" in found.reason

"""Whether a side drifted, and whether the sides ran in turns."""

from __future__ import annotations

from leadline.core.compare.drifting import drift_of, interleaved
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


def sides(b: ThreadBuilder):
    thread = b.thread()
    return thread.experiments["P-001"].runs, thread.experiments["P-002"].runs


def test_one_side_wholly_before_the_other_is_not_in_turns():
    b = ThreadBuilder()
    for side in "ab":
        b.run(side, {"time_ms": 1.0}, {"side": side})
        b.repeat({"a": "P-001", "b": "P-002"}[side], {"time_ms": 1.0})
    first, second = sides(b)
    assert not interleaved(first, second) and not interleaved(second, first)


def test_sides_in_turns_are_seen_from_either_side():
    b = ThreadBuilder()
    b.run("a", {"time_ms": 1.0}, {"side": "a"})
    b.run("b", {"time_ms": 1.0}, {"side": "b"})
    b.repeat("P-001", {"time_ms": 1.0})
    first, second = sides(b)
    assert interleaved(first, second) and interleaved(second, first)
    b.retract("P-001-r2", "the wrong node")
    assert not interleaved(*sides(b))


def test_a_side_without_runs_ran_in_no_turns():
    assert not interleaved([], [])

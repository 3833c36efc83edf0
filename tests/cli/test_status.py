"""The list of runs, in the order asked for, as its own examples write it."""

from __future__ import annotations


def test_sorting_downwards_as_the_help_writes_it(thread_lab):
    for value in (2, 9, 5):
        thread_lab.ok("run", "--set", f"k={value}", "--", "echo", f'{{"time_ms": {value}}}')
    down = thread_lab.json("status", "--runs", "--sort", "-metrics.time_ms")["data"]
    up = thread_lab.json("status", "--runs", "--sort", "metrics.time_ms")["data"]
    assert [r["config"]["k"] for r in down] == [9, 5, 2] and [r["config"]["k"] for r in up] == [2, 5, 9]

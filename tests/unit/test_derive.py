"""Derived metrics: order, missing and lost values, the baseline, and that records stay as they are."""

from __future__ import annotations

from leadline.core.metric.thread_of import thread_of
from leadline.testing.builders import ThreadBuilder


def built(**formulas):
    b = ThreadBuilder()
    first = b.run("one", {"tokens": 100.0, "time_s": 4.0})
    b.run("two", {"tokens": 100.0, "time_s": 2.0})
    b.run("three", {"tokens": 100.0})
    b.run("four", {"tokens": 100.0, "time_s": 0.0})
    b.baseline(first.rpartition("-r")[0] if "-r" in first else first)
    for name, formula in formulas.items():
        b.record("metric-defined", {"name": name, "formula": formula})
    return b


def values(thread, name):
    return [run.metrics.get(name, run.nonfinite.get(name)) for run in thread.runs]


def test_missing_is_absent_lost_is_named_and_records_stay():
    b = built(rate="tokens / time_s")
    assert values(b.thread(), "rate") == [25.0, 50.0, None, "NaN"]
    assert all("rate" not in r.body.get("metrics", {}) for r in b.records)


def test_a_derived_metric_may_rest_on_a_later_one_and_on_the_baseline():
    b = built(speedup="rate / baseline(rate)", rate="tokens / time_s")
    assert values(b.thread(), "speedup") == [1.0, 2.0, None, "NaN"]


def test_a_circle_gives_nothing_and_a_new_formula_changes_every_run():
    assert values(built(a="b + 1", b="a + 1").thread(), "a") == [None] * 4
    b = built(rate="tokens / time_s")
    b.record("metric-defined", {"name": "rate", "formula": "tokens * 2"})
    assert values(b.thread(), "rate") == [200.0] * 4


def test_part_of_a_thread_folds():
    b = built(rate="baseline(tokens) / time_s")
    part = thread_of([r for r in b.records if r.kind != "baseline"], b.topic)
    assert values(part, "rate") == [None] * 4

"""A metric that changed its meaning: what was measured before and after is told apart, everywhere by one rule."""

from __future__ import annotations

import json

from tests.cli.recording import queued  # noqa: F401

SIDES = ("--axis", "variant")


def test_a_changed_unit_splits_comparisons_and_claims_and_is_shown(queued):  # noqa: F811
    lab, run = queued
    a = run([10.0, 11.0, 10.5], "--set", "variant=a")
    lab.ok("metric", "time_ms", "--unit", "s", "--redefine")
    b = run([1.0, 1.1, 1.2], "--set", "variant=b")
    compared = lab.json("compare", a, b, *SIDES)
    assert compared["data"]["metrics"][0]["verdict"] == "cannot be compared"
    assert "unit ms against s (1 s = 1000 ms)" in compared["data"]["metrics"][0]["sentence"]
    row = compared["data"]["metrics"][0]
    assert row["side_units"] == ["ms", "s"] and row["test"]["difference"] is None
    table = lab.ok("compare", a, b, *SIDES, "--detect", "2%", "--equivalent", "3%")
    assert "time_ms (ms)  P-001" in table and "time_ms (s)   P-002" in table and "difference -" not in table
    assert "detect" not in table and "equivalen" not in table
    refused = lab.json("claim", "b is faster", "--that", f"time_ms({b}) < time_ms({a})")
    assert refused["error"]["code"] == "different-contracts" and "is true" not in refused["error"]["why"]
    assert "unit s against ms" in refused["error"]["what"]
    shown = lab.ok("metric", "time_ms")
    assert "unit ms" in shown and "unit s" in shown and f"{a}-r1 to {a}-r3, 3 runs" in shown
    (row,) = lab.json("metric", "time_ms")["data"]
    assert [entry["runs"] for entry in row["history"]] == [[f"{e}-r{n}" for n in (1, 2, 3)] for e in (a, b)]
    assert row["history"][1]["changed"] == ["unit ms against s (1 s = 1000 ms)"]


def test_a_changed_denominator_splits_too(queued):  # noqa: F811
    lab, run = queued
    lab.ok("metric", "time_ms", "--per", "token", "--redefine")
    a = run([10.0, 11.0, 10.5], "--set", "variant=a")
    lab.ok("metric", "time_ms", "--per", "request", "--redefine")
    b = run([1.0, 1.1, 1.2], "--set", "variant=b")
    compared = lab.json("compare", a, b, *SIDES)
    assert "per token against request" in compared["data"]["metrics"][0]["sentence"]


def test_a_derived_metric_splits_by_what_its_inputs_meant(queued):  # noqa: F811
    lab, run = queued
    lab.ok("metric", "rate", "--formula", "100 / time_ms", "--unit", "1/ms", "--direction", "higher")
    a = run([10.0, 11.0, 10.5], "--set", "variant=a")
    lab.ok("metric", "time_ms", "--unit", "s", "--redefine")
    b = run([1.0, 1.1, 1.2], "--set", "variant=b")
    compared = lab.json("compare", a, b, *SIDES, "--metric", "rate")
    (rate,) = [m for m in compared["data"]["metrics"] if m["metric"] == "rate"]
    assert rate["verdict"] == "cannot be compared"
    assert "inputs time_ms in ms against time_ms in s" in rate["sentence"]


def test_a_metric_that_one_side_lacks_is_no_difference_between_the_sides(queued):  # noqa: F811
    lab, run = queued
    a = run([10.0, 11.0], "--set", "variant=a")
    lab.ok("run", "--quiet", "--set", "variant=b", "--", "true")
    compared = lab.json("compare", a, "P-002", *SIDES)
    assert "extraction" not in json.dumps(compared["data"]["diff"])

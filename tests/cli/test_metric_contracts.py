"""A metric that changed its meaning: what was measured before and after is told apart, everywhere
by one rule."""

from __future__ import annotations

import json
import sys

import pytest

from tests.cli.recording import queued  # noqa: F401

MEASURED = "time_ms"


SIDES = ("--axis", "variant")


def test_a_changed_unit_splits_comparisons_and_claims_and_is_shown(queued):  # noqa: F811
    lab, run = queued
    a = run([10.0, 11.0, 10.5], "--set", "variant=a")
    lab.ok("metric", "time_ms", "--unit", "s", "--redefine")
    b = run([1.0, 1.1, 1.2], "--set", "variant=b")
    compared = lab.json("compare", a, b, *SIDES)
    assert compared["data"]["metrics"][0]["verdict"] == "cannot be compared"
    assert not compared["ok"] and lab.run("compare", a, b, *SIDES).returncode == 6
    assert "leadline metric time_ms  (what it meant when)" in compared["next"]
    assert "unit ms against s (1 s = 1000 ms)" in compared["data"]["metrics"][0]["sentence"]
    row = compared["data"]["metrics"][0]
    assert row["side_units"] == ["ms", "s"] and row["test"]["difference"] is None
    table = lab.run("compare", a, b, *SIDES, "--detect", "2%", "--equivalent", "3%").stdout
    assert (
        "time_ms (ms)  P-001" in table
        and "time_ms (s)   P-002" in table
        and "difference -" not in table
    )
    assert "detect" not in table and "equivalen" not in table
    refused = lab.json("claim", "b is faster", "--that", f"time_ms({b}) < time_ms({a})")
    assert (
        refused["error"]["code"] == "different-contracts"
        and "is true" not in refused["error"]["why"]
    )
    assert "unit s against ms" in refused["error"]["what"]
    shown = lab.ok("metric", "time_ms")
    assert "unit ms" in shown and "unit s" in shown and f"{a}-r1 to {a}-r3, 3 runs" in shown
    (row,) = lab.json("metric", "time_ms")["data"]
    measured = [entry for entry in row["history"] if entry["runs"]]
    assert [entry["runs"] for entry in measured] == [
        [f"{e}-r{n}" for n in (1, 2, 3)] for e in (a, b)
    ]
    assert measured[1]["changed"] == ["unit ms against s (1 s = 1000 ms)"]


def test_one_metric_that_can_be_compared_is_a_comparison(thread_lab):
    command = ("--", "sh", "-c", """echo '{"time_ms": 1, "loss": 2}'""")
    thread_lab.ok("run", "--repeat", "2", "--set", "variant=a", *command, "variant=a")
    thread_lab.ok("metric", "time_ms", "--unit", "s", "--redefine")
    thread_lab.ok("run", "--repeat", "2", "--set", "variant=b", *command, "variant=b")
    compared = thread_lab.json("compare", "P-001", "P-002", *SIDES)
    verdicts = {m["metric"]: m["verdict"] for m in compared["data"]["metrics"]}
    assert (
        verdicts.pop("time_ms") == "cannot be compared"
        and "cannot be compared" not in verdicts.values()
    )
    assert compared["ok"] and verdicts


def test_sides_without_a_metric_in_common_are_not_compared(queued):  # noqa: F811
    lab, run = queued
    a = run([10.0, 11.0], "--set", "variant=a")
    lab.ok("run", "--quiet", "--set", "variant=b", "--", "true")
    done = lab.run("compare", a, "P-002", "--axis", "variant", "--axis", "command")
    assert done.returncode == 6, done.stdout


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
    lab.ok(
        "metric", "rate", "--formula", "100 / time_ms", "--unit", "1/ms", "--direction", "higher"
    )
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


JSON_LINES = r"""
import leadline as ll, os
ll.log({"loss": 1.0}); ll.log({"": 2.0, "loss": 3.0})
open(os.environ["LEADLINE_METRICS"], "w").write('{" ": 5, "acc": 1}\n{"metric": "", "value": 3}\n')
open("t.csv", "w").write(",time_ms\n0,4\n1,5\n")
print('{"": 6, "rows": 2}')
"""


def test_a_metric_has_a_name_wherever_it_comes_from(thread_lab):
    """Under a blank name a value could be neither asked for nor shown: it is left out, and said to
    be."""
    options = ("--metrics", "t.csv")
    [run] = thread_lab.json("run", *options, "--", sys.executable, "-c", JSON_LINES)["data"]["runs"]
    assert run["metrics"] == {"loss": 3, "acc": 1, "rows": 2, "time_ms": 5}
    left = [p for p in run["problems"] if p["code"] == "no-name"]
    assert sorted(p["source"] for p in left) == ["metrics", "series", "stdout", "t.csv"], run[
        "problems"
    ]
    assert not any(p.get("blocking") for p in left)
    assert "1 values were logged under a blank name" in thread_lab.ok("series", run["id"])


@pytest.mark.parametrize("name", ["", "  "])
def test_a_blank_name_is_refused_with_what_to_write(thread_lab, name):
    thread_lab.write("t.csv", "a,n\n1,2\n")
    for words in (
        ("metric", name),
        ("metric", name, "--unit", "ms"),
        ("import", "t.csv", "--metric", f"a={name}", "--config", "n"),
        ("import", "t.csv", "--metric", name, "--config", "n"),
        ("run", "--metrics", f"t.csv:{name}=a", "--", "true"),
        ("run", "--pattern", f"{name}=x(1)", "--", "true"),
        ("start", "other", "--no-branch", "--goal", "g", "--success", f"{name}:ms:lower"),
    ):
        done = thread_lab.json(*words)
        assert not done["ok"] and done["error"]["kind"] == "usage" and done["error"]["next"], (
            words,
            done,
        )
    assert not thread_lab.json("status")["counts"].get("runs")

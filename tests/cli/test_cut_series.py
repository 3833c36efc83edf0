"""A series that lacks a part is shown as that, and what is reduced from it bears no claim."""

from __future__ import annotations

import sys

import pytest

from tests.conftest import Lab

JOB = """
import os, sys, leadline as ll
for i in range(100): ll.log(i, loss=100 - i)
(name,) = os.listdir(os.environ["LEADLINE_SERIES"])
path = os.path.join(os.environ["LEADLINE_SERIES"], name)
{harm}
print('{{"time_ms": 5}}')
sys.exit({code})
"""
# what harms the segment, the points that are left, and the last value of these
SHORTER = ("os.truncate(path, os.path.getsize(path) - 40)", 98, 3)
DAMAGED = ("file = open(path, 'r+b'); file.seek(-40, 2); file.write(bytes(4)); file.close()", 99, 1)


def run(lab: Lab, harm: str, code: int = 0) -> None:
    lab.write("job.py", JOB.format(harm=harm, code=code))
    lab.run("run", "--", sys.executable, "job.py")


@pytest.mark.parametrize(("harm", "points", "last"), [SHORTER, DAMAGED])
def test_what_a_cut_series_gives_is_named_and_no_evidence(
    thread_lab: Lab, harm: str, points: int, last: int
) -> None:
    run(thread_lab, harm)
    found = thread_lab.json("show", "P-001-r1")["data"]
    assert (found["state"], found["metrics"]) == ("done", {"time_ms": 5})
    assert found["extraction"]["cut"] == {"loss": {"value": last, "points": points}}
    told = f"{last} by the {points} points that could be read, from a cut series: no evidence"
    assert f"loss: {told}" in thread_lab.ok("show", "P-001-r1")
    listed = thread_lab.ok("series", "P-001")
    assert f"{points} points of 1 metric" in listed and "problem: " in listed
    assert told in thread_lab.ok("logbook")
    refused = thread_lab.json("claim", "it falls", "--that", "loss(P-001) < 90")
    assert not refused["ok"]
    assert thread_lab.json("claim", "it is quick", "--that", "time_ms(P-001) < 90")["ok"]


def test_a_segment_that_was_emptied_leaves_no_metric(thread_lab: Lab) -> None:
    run(thread_lab, "os.truncate(path, 0)")
    found = thread_lab.json("show", "P-001-r1")["data"]
    assert found["metrics"] == {"time_ms": 5}
    assert "is cut: its end is missing, 0 points" in thread_lab.ok("show", "P-001-r1")


def test_the_torn_end_of_a_run_that_failed_costs_no_metric(thread_lab: Lab) -> None:
    run(thread_lab, SHORTER[0], code=1)
    found = thread_lab.json("show", "P-001-r1")["data"]
    assert (found["state"], found["metrics"]["loss"]) == ("failed", SHORTER[2])
    assert "cut" not in found["extraction"]


def test_a_segment_cut_after_its_run_shows(thread_lab: Lab) -> None:
    run(thread_lab, "")
    (segment,) = thread_lab.repo.glob(".git/leadline/runs/*/attempt-1/series/*.seg")
    data = segment.read_bytes()
    segment.write_bytes(data[:-64])  # two whole frames: nothing in the file tells
    listed = thread_lab.ok("series", "P-001")
    assert "100 points were there when the run ended, 98 are now" in listed


def test_a_cut_metrics_file_gives_no_evidence(thread_lab: Lab) -> None:
    code = "import os; open(os.environ['LEADLINE_METRICS'], 'w').write('{\"a\": 1}\\n{\"a\": 2}\\n{\"a\"')"
    thread_lab.ok("run", "--", sys.executable, "-c", code)
    found = thread_lab.json("show", "P-001-r1")["data"]
    assert found["metrics"] == {}
    assert found["extraction"]["cut"] == {"a": {"value": 2, "points": 2}}

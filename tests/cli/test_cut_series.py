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


def test_verify_names_a_segment_that_was_cut_or_deleted_after_its_run(thread_lab: Lab) -> None:
    run(thread_lab, "")
    assert thread_lab.run("verify").returncode == 0
    (segment,) = thread_lab.repo.glob(".git/leadline/runs/*/attempt-1/series/*.seg")
    whole = segment.read_bytes()
    segment.write_bytes(whole[:-64])
    found = thread_lab.run("verify")
    assert found.returncode == 6 and "100 points were there when the run ended, 98" in found.stdout
    segment.write_bytes(whole)
    assert thread_lab.run("verify").returncode == 0
    segment.unlink()
    found = thread_lab.run("verify")
    assert found.returncode == 6 and "100 points were there when the run ended, 0" in found.stdout


TWO = """
import os, time, leadline as ll
from leadline.job import log
for i in range(50): ll.log(i, loss=100 - i)
log._give_up(log._segment[0])
for i in range(50, 100): ll.log(i, loss=100 - i)
first, second = sorted(os.listdir(os.environ["LEADLINE_SERIES"]))
path = os.path.join(os.environ["LEADLINE_SERIES"], first)
{harm}
print('{{"time_ms": 5}}')
"""
LOOKED_AT = "\n".join((  # the job program has looked at it once: nobody closes it to others before
    "for _ in range(600):",
    "    time.sleep(0.02)",
    "    if os.stat(path).st_mode & 0o077 == 0: break",
))  # fmt: skip


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("os.unlink(path)", ".0.seg is not there"),
        ("os.chmod(path, 0o666)\n" + LOOKED_AT + "\nos.truncate(path, 1144)", "was cut or removed"),
    ],
)
def test_a_first_segment_that_its_job_removed_or_cut_between_points_is_no_evidence(
    thread_lab: Lab, harm: str, said: str
) -> None:
    thread_lab.write("job.py", TWO.format(harm=harm))
    thread_lab.ok("run", "--", sys.executable, "job.py")
    found = thread_lab.json("show", "P-001-r1")["data"]
    assert found["metrics"] == {"time_ms": 5} and "loss" in found["extraction"]["cut"]
    assert said in str(found["extraction"]["problems"])

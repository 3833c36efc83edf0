"""Whatever a job prints or leaves is a fact of that one run: each ends, every other verb goes on, and what is
odd can be retracted. More of it: tests/campaign/hostile_outputs.py."""

from __future__ import annotations

import os
import random
import subprocess
import sys

from tests.campaign.hostile_outputs import JOBS, READING, TAKEN, job
from tests.conftest import Lab

# What takes long by its size, or takes what the run was recorded in; the campaign has it.
SLOW = {"one line that is long", "many metrics", "the metrics file is huge and empty"}
GONE = {"the folder of the run is gone"}
A_BUG = 70


def test_every_verb_goes_on_whatever_a_run_leaves(thread_lab: Lab) -> None:
    chance = random.Random(18)
    tracked = set(os.listdir(thread_lab.repo))
    kinds = sorted(set(JOBS) - SLOW - GONE)
    for kind in kinds:
        for left in set(os.listdir(thread_lab.repo)) - tracked:
            subprocess.run(["rm", "-rf", "--", os.path.join(thread_lab.repo, left)], check=True)
        thread_lab.write("job.py", job(kind, chance, many=100))
        command = ("run", "--quiet", *TAKEN.get(kind, ()), "--", sys.executable, "job.py")
        done = thread_lab.run(*command, timeout=60)
        assert done.returncode not in (A_BUG, 125), f"{kind}: {done.stderr}"
    for verb in READING:
        answer = thread_lab.run(*verb)
        assert answer.returncode != A_BUG and "Traceback" not in answer.stderr, answer.stderr
    runs = thread_lab.json("status", "--runs", "--limit", "100")["data"]
    assert len(runs) == len(kinds)
    assert {run["state"] for run in runs} <= {"done", "failed"}
    for run in runs[:2]:
        thread_lab.ok("retract", run["id"], "--why", "it was odd")
    thread_lab.ok("note", "all goes on")
    assert thread_lab.run("doctor", "--mend").returncode != A_BUG
    assert thread_lab.json("verify")["data"]["faults"] == []

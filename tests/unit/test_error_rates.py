"""The judges keep their error rates, at a small size; `python benchmarks/error_rates.py` does it at
full size."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from error_rates import (
    JUDGES,
    NOISES,
    ORDERS,
    SIZES,
    WAYS,
    Rate,
    false_rates,
    false_table,
    power,
    verdicts_only,
)

pytestmark = pytest.mark.long

TRIALS = 8  # a cell; too few to tell 5 % from 17 %, which all cells of a row together do


def test_no_judge_is_above_its_level():
    with verdicts_only():
        found = list(false_rates(TRIALS))
    assert len(found) == len(WAYS) * len(ORDERS) * len(JUDGES) * len(SIZES) * len(NOISES)
    rows = {(r.way, r.order, r.judge) for r in found}
    together = [pooled([r for r in found if (r.way, r.order, r.judge) == row]) for row in rows]
    assert not [r for r in together if not r.kept]
    assert not [r for r in found if r.order == "in sequence" and r.said]
    in_turns = [row for row in rows if row[1] != "in sequence"]  # the others have one row
    assert false_table(found).count("\n") == len(in_turns) + 2


def pooled(cells: list[Rate]) -> Rate:
    said, trials = sum(r.said for r in cells), sum(r.trials for r in cells)
    return cells[0]._replace(noise="all", said=said, trials=trials)


def test_what_is_there_is_seen():
    with verdicts_only():
        seen = power(60)
    assert seen["label"][2.0, 10] >= 0.85 and seen["`compare`"][2.0, 10] >= 0.85


def test_a_judge_that_is_wrong_too_often_is_found_out():
    """In nine of ten rounds of trials."""
    trials, chance = TRIALS * len(SIZES) * len(NOISES), random.Random(1)
    found = sum(
        not Rate("", "", "", 3, "", sum(chance.random() < 0.17 for _ in range(trials)), trials).kept
        for _ in range(400)
    )
    assert found >= 0.9 * 400


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler (cc)")
def test_in_turns_a_loaded_machine_gives_no_false_verdict():
    script = Path(__file__).resolve().parents[2] / "benchmarks" / "noisy_machine.py"
    done = subprocess.run(
        [sys.executable, str(script), "--trials", "3"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(done.stdout.splitlines()) == 5, "a head, a rule and three judges"

"""The judges keep their error rates, at a small size; `python benchmarks/error_rates.py` does it at
full size."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from error_rates import JUDGES, KNOWN_ABOVE, NOISES, Rate, rates, table

pytestmark = pytest.mark.long

TRIALS = 24  # a cell; too few to tell 5 % from 17 %, which all noises of a judge together do


def test_no_judge_is_above_its_level():
    found = list(rates(TRIALS))
    assert len(found) == len(JUDGES) * len(NOISES)
    judged = [r for r in found if (r.judge, r.noise) not in KNOWN_ABOVE]
    together = [pooled([r for r in judged if r.judge == judge]) for judge in JUDGES]
    above = [
        f"{r.judge} under {r.noise}: {r.false} of {r.trials}"
        for r in [*judged, *together]
        if not r.kept
    ]
    assert not above
    assert all(f"{r.rate:.1%}" in table(found) for r in found)


def pooled(cells: list[Rate]) -> Rate:
    false, trials = sum(r.false for r in cells), sum(r.trials for r in cells)
    return Rate(cells[0].judge, "all noises", false, trials, cells[0].nominal)


@pytest.mark.parametrize(("rate", "cells"), [(0.4, 1), (0.17, len(NOISES))])
def test_a_judge_that_is_wrong_too_often_is_found_out(rate: float, cells: int):
    """In nine of ten rounds of trials: by one noise alone, or by all of them together."""
    trials, generator = TRIALS * cells, random.Random(1)
    found = sum(
        not Rate(
            "made up", "x", sum(generator.random() < rate for _ in range(trials)), trials, 0.05
        ).kept
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
    assert len(done.stdout.splitlines()) == 6, "a head, a rule and four judges"

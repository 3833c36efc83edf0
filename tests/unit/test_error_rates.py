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

TRIALS = 60


def test_no_judge_is_above_its_level():
    found = list(rates(TRIALS))
    assert len(found) == len(JUDGES) * len(NOISES)
    above = [
        f"{r.judge} under {r.noise}: {r.false} of {r.trials}"
        for r in found
        if not r.kept and (r.judge, r.noise) not in KNOWN_ABOVE
    ]
    assert not above
    assert all(f"{r.rate:.1%}" in table(found) for r in found)


def test_a_judge_that_always_says_different_is_found_out():
    generator = random.Random(1)
    wrong = sum(generator.random() < 0.3 for _ in range(TRIALS))
    assert not Rate("made up", "normal", wrong, TRIALS, 0.05).kept


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler (cc)")
def test_in_turns_a_loaded_machine_gives_no_false_verdict():
    script = Path(__file__).resolve().parents[2] / "benchmarks" / "noisy_machine.py"
    done = subprocess.run(
        [sys.executable, str(script), "--trials", "3"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(done.stdout.splitlines()) == 6, "a head, a rule and four judges"

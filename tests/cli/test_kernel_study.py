"""The worked study in examples/kernels: real kernels, real noise, and the three ends it is to come
to."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import sealed_environment

pytestmark = pytest.mark.long

STUDY = Path(__file__).resolve().parents[2] / "examples" / "kernels" / "study.sh"


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler (cc)")
def test_the_study_ends_with_a_stable_claim_a_falsified_hypothesis_and_an_equivalence(tmp_path):
    programs = tmp_path / "bin"
    programs.mkdir()
    leadline = programs / "leadline"
    leadline.write_text(f'#!/bin/sh\nexec {sys.executable} -m leadline "$@"\n')
    leadline.chmod(0o755)
    env = sealed_environment(tmp_path / "home")
    env["PATH"] = f"{programs}:{env['PATH']}"
    done = subprocess.run(
        ["sh", str(STUDY), str(tmp_path / "work")],
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]

    def data(*words: str):
        said = subprocess.run(
            [leadline, *words, "--json"], cwd=tmp_path / "work", env=env, capture_output=True
        )
        return json.loads(said.stdout)["data"]

    stable, same = data("claims")
    assert stable["label"] == "stable" and stable["preregistered"] == "TRN-H1"
    assert same["label"] in ("exploratory", "replicated") and "~=" in same["predicate"]
    assert [h["state"] for h in data("hypothesis", "list")] == ["supported", "falsified"]
    assert data("ab", "show", "TRN-I2")["verdict"] == "equivalent"
    assert data("sweep", "show", "TRN-W2")["cells"]

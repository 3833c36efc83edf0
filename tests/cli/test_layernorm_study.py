"""The study in examples/layernorm: what its four sittings leave in the record, and what that costs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter

import pytest

import leadline as ll
from tests.conftest import ROOT, sealed_environment

STUDY = ROOT / "examples" / "layernorm" / "study.py"
X86 = os.uname().machine == "x86_64"

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        not (shutil.which("gcc") and shutil.which("python3") and X86), reason="needs gcc on x86-64"
    ),
]

# What the same study left that was carried out with 218 commands.
LEFT = {"hypothesis": 5, "claim": 5, "decision": 2, "baseline": 5, "snapshot": 2}
NEGATIVE = {"invalid-test", "insufficient-signal", "implementation-failure", "valid-negative"}


@pytest.fixture(scope="module")
def studied(tmp_path_factory):
    folder = tmp_path_factory.mktemp("layernorm")
    told = folder / "told.json"
    done = subprocess.run(
        [sys.executable, str(STUDY), str(folder / "work"), "--quick", "--json", str(told)],
        env=sealed_environment(folder / "home"),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder / "work" / "layernorm", json.loads(told.read_text()), done.stdout


def test_it_leaves_what_the_long_way_left(studied):
    repo, _, _ = studied
    thread = ll.open(str(repo)).thread()
    kinds = Counter(item.kind for item in thread.items.values())
    assert {kind: kinds[kind] for kind in LEFT} == LEFT
    negative = [n for n in thread.of_kind("note") if n.body["role"] == "negative"]
    assert {n.body["reason_class"] for n in negative} == NEGATIVE and len(negative) == 4
    assert thread.baseline_experiment.config["kern"] == "tree"
    assert [c.superseded_by for c in thread.claims] == ["", "LS-C3", "", "", ""]
    assert [d.superseded_by for d in thread.of_kind("decision")] == ["LS-D2", ""]


def test_no_command_hides_others_in_a_file(studied):
    _, told, _ = studied
    assert all(t["command"].split()[0] in ("leadline", "git") for t in told["typed"])
    assert not any("--from" in t["command"].split() for t in told["typed"])


def test_its_record_costs_no_more_than_it_is_to(studied):
    _, told, said = studied
    print(said)
    costs = told["costs"]
    over = {name: costs[name] for name, most in told["wanted"].items() if costs[name] > most}
    assert not over


def test_it_is_finished_and_nothing_was_overridden(studied):
    repo, told, _ = studied
    [finish] = [t for t in told["typed"] if t["command"].startswith("leadline finish")]
    assert finish["exit_code"] == 0
    assert not any("--override" in t["command"] for t in told["typed"])
    [recorded] = ll.open(str(repo)).thread().finishes
    assert recorded["conclusion"] == "ship kern=tree with O3 and avx2"


def test_the_brief_alone_runs_the_answer_that_was_decided(studied):
    repo, _, _ = studied
    text = brief(repo)
    best = ll.open(str(repo)).thread().baseline_experiment
    assert f"  best {best.id} " in text and "kern=tree" in text
    [command] = [line[4:] for line in text.splitlines() if line.startswith("  $ ")]
    done = subprocess.run(command, shell=True, cwd=repo, capture_output=True, text=True)
    assert done.returncode == 0 and "speedup" in done.stdout
    assert "neon is not for this machine" in text
    assert "Next: measure on an idle machine" in text
    assert "[active]" not in text


def brief(repo):
    return subprocess.run(
        [sys.executable, "-P", "-m", "leadline", "brief"],
        cwd=repo,
        env=sealed_environment(repo.parent / "home"),
        capture_output=True,
        text=True,
        check=True,
    ).stdout

"""Real training runs, emitted row by row through the program: the statistics are those their
authors printed."""

from __future__ import annotations

import csv
import re
import sys
from collections import defaultdict

import pytest

from tests.conftest import SHARED_DATA

DATA = SHARED_DATA / "nanogpt"
PY = sys.executable
EMIT = (
    "import json, os, pathlib; q = pathlib.Path(os.environ['ROWS']); rows = q.read_text().splitlines(); "
    "q.write_text(chr(10).join(rows[1:])); loss, ms = rows[0].split(); "
    "print(json.dumps({'val_loss': float(loss), 'train_time': float(ms)}))"
)
pytestmark = pytest.mark.skipif(
    not (DATA / "runs.tsv").exists(), reason="the shared data is not here"
)


def rows_by_arm(record):
    arms = defaultdict(list)
    with open(DATA / "runs.tsv", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["record"] == record:
                arms[row["arm"]].append(row)
    return arms


def emit(lab, tmp_path, arm, rows):
    """One experiment with a run for each row."""
    queue = tmp_path / "rows"
    lab.env["ROWS"] = str(queue)
    queue.write_text("\n".join(f"{r['val_loss']} {r['train_time_ms']}" for r in rows))
    given = [f"arm={arm}", f"steps={rows[0]['final_step']}", f"gpus={rows[0]['gpu_count']}"]
    sets = [word for pair in given for word in ("--set", pair)]
    return lab.json(
        *("run", "--quiet", "--repeat", str(len(rows)), *sets, "--", PY, "-c", EMIT, *given)
    )["data"]["experiment"]


def printed(name):
    """What the authors printed: {metric: (mean, sd)} as text, p as text, n."""
    text = (DATA / name).read_text()
    rows = re.findall(
        r"^\| (val_loss|train_time)[^|]*\| ([\d.]+) \| ([\d.]+) \| [\d.]+ \| [\d.]+ \|", text, re.M
    )
    p = re.search(r"p\(val_loss < 3\.28\) = \*\*([\d.]+)\*\*", text)
    return {metric: (mean, sd) for metric, mean, sd in rows}, p and p[1], text.count("ms |")


def places(text):
    return len(text.partition(".")[2])


def check_side(stdout, experiment, expected):
    """The table row of each metric, rounded to the digits the authors printed, is theirs."""
    assert set(expected) == {"val_loss", "train_time"}
    for metric, (mean, sd) in expected.items():
        row = re.search(rf"^\s*{metric}[^\n]*?\s{experiment}\s+(\d+)\s+(\S+)\s+(\S+)", stdout, re.M)
        assert row, (metric, experiment, stdout)
        assert places(row[2]) >= places(mean) and places(row[3]) >= places(sd)
        assert (f"{float(row[2]):.{places(mean)}f}", f"{float(row[3]):.{places(sd)}f}") == (
            mean,
            sd,
        ), (metric, row[0])


def start(lab):
    lab.ok(
        "start",
        "speedrun",
        "--prefix",
        "P",
        "--no-branch",
        "--goal",
        "reach 3.28 sooner",
        "--success",
        "val_loss::lower",
        "--success",
        "train_time:ms:lower",
    )


@pytest.mark.long
def test_bigrams_sign_trick(lab, tmp_path):
    start(lab)
    arms = rows_by_arm("2026-05-20_BigramsSignTrick")
    assert emit(lab, tmp_path, "baseline", arms["baseline"]) == "P-001"
    assert emit(lab, tmp_path, "pr299", arms["pr299"]) == "P-002"
    lab.ok("baseline", "set", "P-001")
    done = lab.run("compare", "baseline", "P-002", "--axis", "arm", "--target", "val_loss=3.28")
    assert "CONFOUND" not in done.stdout and "differences (1)" in done.stdout, done.stdout
    refusals = set(re.findall(r"^refused \(([\w-]+)\)", done.stdout, re.M))
    # the machine these rows are emitted on may be busy
    assert done.returncode == 0 and refusals <= {"contended"}
    base, _, base_n = printed("2026-05-20_BigramsSignTrick_baseline_statistics.md")
    new, p, new_n = printed("2026-05-20_BigramsSignTrick_pr299_statistics.md")
    check_side(done.stdout, "P-001", base)
    check_side(done.stdout, "P-002", new)
    assert f"n = {base_n} against {new_n}" in done.stdout and (base_n, new_n) == (10, 20)
    ours = float(re.search(r"p\(val_loss < 3\.28\) = (\S+)", done.stdout)[1])
    assert f"{ours:.4f}" == p == "0.0024"
    assert re.search(r"difference -964\.8\d* ms", done.stdout)
    # theirs is of rounded means: -0.00020
    delta = float(re.search(r"difference (-0\.\d+)", done.stdout)[1])
    assert abs(delta - -0.00020) <= 0.5e-5 + 1e-12
    # emitted one arm after the other
    assert "train_time: exploratory only." in done.stdout
    assert "(baseline P-B1 = P-001)" in done.stdout
    # val_loss: -0.0002 against an sd of 0.00135
    assert "inside the baseline's own spread" in done.stdout


@pytest.mark.long  # its arithmetic is in tests/unit/test_nanogpt.py
def test_recursive_from_best_is_not_apples_to_apples(lab, tmp_path):
    start(lab)
    arms = rows_by_arm("2026-06-11_RecursiveFromBest")
    emit(lab, tmp_path, "baseline_pr299", arms["baseline_pr299"])
    emit(lab, tmp_path, "this_pr", arms["this_pr"])
    done = lab.run("compare", "P-001", "P-002", "--axis", "arm")
    assert done.returncode == 6
    assert "not apples to apples: steps (1385 against 1398)" in done.stdout
    assert "train_time: cannot be compared" in done.stdout
    for shown, other, name, t, p in (
        (
            "P-001",
            "P-002",
            "2026-06-11_RecursiveFromBest_baseline_pr299_statistics.md",
            "-3.287",
            "0.00471",
        ),
        (
            "P-002",
            "P-001",
            "2026-06-11_RecursiveFromBest_this_pr_statistics.md",
            "-2.815",
            "0.007803",
        ),
    ):
        done = lab.run("compare", other, shown, "--axis", "arm", "--target", "val_loss=3.28")
        expected, short_p, n = printed(name)
        check_side(done.stdout, shown, expected)
        found = re.search(
            r"p\(val_loss < 3\.28\) = (\S+) \(one-sample t = (\S+), n = (\d+)\)", done.stdout
        )
        assert (found[2], int(found[3])) == (t, n)
        assert f"{float(found[1]):.{places(p)}f}" == p and f"{float(found[1]):.4f}" == short_p

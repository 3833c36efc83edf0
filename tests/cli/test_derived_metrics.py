"""Derived metrics through the real program."""

from __future__ import annotations

from tests.cli.recording import recorded  # noqa: F401


def test_compare_sees_it_and_a_new_formula_changes_all(recorded):  # noqa: F811
    lab, run = recorded
    run([20.1, 20.4, 19.9], "--set", "block=64")
    run([10.1, 10.4, 9.9], "--set", "block=128")
    lab.ok("metric", "per_s", "--formula", "1000 / time_ms", "--unit", "1/s", "--direction", "higher")
    assert "per_s: better." in lab.ok("compare", "P-001", "P-002", "--axis", "block")
    lab.ok("claim", "P-002 has the higher rate", "--that", "per_s(P-002) > per_s(P-001)", "--axis", "block")
    row = lab.json("metric", "per_s")["data"][0]
    assert row["formula"] == "1000 / time_ms" and row["runs"] == 6
    assert lab.run("metric", "per_s", "--formula", "1 / time_ms").returncode == 4
    lab.ok("metric", "per_s", "--formula", "1 / time_ms", "--redefine")
    assert "per_s: better." in lab.ok("compare", "P-001", "P-002", "--axis", "block")
    for name, formula, words in (
        ("x", "1 +", "cannot be read"),
        ("x", "nobody / time_ms", "no run has nobody"),
        ("x", "x + time_ms", "computed from itself"),
        ("time_ms", "per_s * 2", "runs have measured"),
    ):
        done = lab.run("metric", name, "--formula", formula)
        assert done.returncode != 0 and words in done.stderr + done.stdout, (done.stdout, done.stderr)

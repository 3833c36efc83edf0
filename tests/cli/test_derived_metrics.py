"""Derived metrics through the real program."""

from __future__ import annotations

from tests.cli.recording import recorded  # noqa: F401


def test_compare_sees_it_and_a_new_formula_changes_all(recorded):  # noqa: F811
    lab, run = recorded
    run([20.1, 20.4, 19.9], "--set", "block=64")
    run([10.1, 10.4, 9.9], "--set", "block=128")
    lab.ok(
        "metric",
        "per_s",
        "--formula",
        "1000 / loss",
        "--unit",
        "1/s",
        "--direction",
        "higher",
        "--observed",  # of what is computed from a time it cannot be said
        "result",
    )
    assert "per_s: exploratory only." in lab.ok("compare", "P-001", "P-002", "--axis", "block")
    lab.ok(
        "claim",
        "P-002 has the higher rate",
        "--that",
        "per_s(P-002) > per_s(P-001)",
        "--axis",
        "block",
    )
    row = lab.json("metric", "per_s")["data"][0]
    assert row["formula"] == "1000 / loss" and row["runs"] == 6
    assert lab.run("metric", "per_s", "--formula", "1 / loss").returncode == 4
    lab.ok("metric", "per_s", "--formula", "1 / loss", "--redefine")
    assert "per_s: exploratory only." in lab.ok("compare", "P-001", "P-002", "--axis", "block")
    for name, formula, words in (
        ("x", "1 +", "cannot be read"),
        ("x", "nobody / loss", "no run has nobody"),
        ("x", "x + loss", "computed from itself"),
        ("loss", "per_s * 2", "runs have measured"),
    ):
        done = lab.run("metric", name, "--formula", formula)
        assert done.returncode != 0 and words in done.stderr + done.stdout, (
            done.stdout,
            done.stderr,
        )


def test_the_list_of_runs_has_derived_values_and_sorts_by_them(thread_lab):
    lab = thread_lab
    lab.ok("metric", "rate", "--formula", "100 / time_ms", "--direction", "higher")
    for value in (20, 10, 40):
        lab.ok("run", "--set", f"v={value}", "--", "sh", "-c", f"echo '{{\"time_ms\": {value}}}'")
    rows = lab.json("status", "--runs", "--sort", "-metrics.rate", "--limit", "2")
    assert [r["metrics"]["rate"] for r in rows["data"]] == [10.0, 5.0]
    assert rows["counts"] == {"runs": 3, "shown": 2} and rows["truncated"]
    assert "rate" in lab.ok("status", "--runs")

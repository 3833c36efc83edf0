"""Claims through the real program: labels computed, higher ones refused with the commands that get
them."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from tests.cli.recording import EMIT, queued, recorded  # noqa: F401


def test_label_follows_the_runs_and_a_higher_one_is_refused(queued):  # noqa: F811
    lab, run = queued
    run([20.1, 20.4, 19.9], "--set", "block=64")
    run([10.3], "--set", "block=128")
    claim = (
        "claim",
        "block 128 is lower (n={{P-002.loss.n}})",
        "--that",
        "loss(P-002) < loss(P-001)",
    )
    done = lab.json(*claim, "--label", "replicated")
    assert lab.run(*claim, "--label", "replicated").returncode == 5
    error = done["error"]
    assert error["code"] == "label-too-high" and "2 more distinct execution" in error["why"]
    command = error["next"][0]
    assert command.startswith("leadline run --experiment P-002 --repeat 2 -- ") and EMIT.replace(
        "METRIC", "loss"
    ) in shlex.split(command)
    Path(lab.env["QUEUE"]).write_text("10.1 10.6")
    # the command it names is the command that helps
    assert lab.run(*shlex.split(command)[1:]).returncode == 0
    row = lab.json(*claim, "--label", "replicated")["data"]
    assert (row["label"], row["n"], row["state"]) == ("replicated", 3, "standing")
    refusals = lab.json("tried", "replicated")
    assert refusals["ok"]
    error = lab.json(*claim, "--label", "stable")["error"]
    assert error["code"] == "label-too-high" and "declared axis" in error["why"]


def test_override_is_recorded_with_the_computed_label(recorded):  # noqa: F811
    lab, run = recorded
    run([20.0], "--set", "block=64")
    run([10.0], "--set", "block=128")
    row = lab.json(
        "claim",
        "lower (n={{P-002.loss.n}})",
        "--that",
        "loss(P-002) < loss(P-001)",
        "--label",
        "stable",
        "--override",
        "label-too-high",
        "the deadline",
    )["data"]
    assert (row["label"], row["asked"], row["override"]) == (
        "exploratory",
        "stable",
        "the deadline",
    )
    text = lab.ok("claims")
    assert "asked for stable, overridden: the deadline" in text and "P-C1  exploratory" in text


def test_stable_across_an_axis(recorded):  # noqa: F811
    lab, run = recorded
    for seed in (1, 2):
        run([20.1, 20.4, 19.9], "--set", "block=64", "--set", f"seed={seed}")
        run([10.1, 10.4, 9.9], "--set", "block=128", "--set", f"seed={seed}")
    that = "loss(block=128) < loss(block=64)"
    row = lab.json(
        "claim",
        "lower over seeds (n={{P-002.loss.n}})",
        "--that",
        that,
        "--across",
        "seed=1,2",
        "--label",
        "stable",
    )["data"]
    assert row["label"] == "stable" and row["missing"] == []
    error = lab.json(
        "claim", "lower over seeds", "--that", that, "--across", "seed=1,2,3", "--label", "stable"
    )["error"]
    assert "seed = 3" in error["why"] and any("--set seed=3" in c for c in error["next"])


def test_two_differences_cap_the_label(recorded):  # noqa: F811
    lab, run = recorded
    run([20.1, 20.4, 19.9], "--set", "block=64", "--set", "steps=10")
    run([10.1, 10.4, 9.9], "--set", "block=128", "--set", "steps=11")
    claim = ("claim", "lower (n={{P-002.loss.n}})", "--that", "loss(P-002) < loss(P-001)")
    error = lab.json(*claim, "--axis", "block", "--label", "replicated")["error"]
    assert error["code"] == "label-too-high" and "steps (10 against 11)" in error["why"]
    assert lab.json(*claim)["data"]["label"] == "exploratory"
    row = lab.json(*claim, "--axis", "block", "--nuisance", "steps")["data"]
    assert row["label"] == "replicated"


BAD_CLAIMS = [
    (("claim", "x"), "missing-field", 2),
    (("claim", "", "--that", "loss(P-001) < 30"), "empty-text", 2),
    (("claim", "x", "--that", "loss(P-001) <"), "bad-predicate", 2),
    (("claim", "x", "--that", "loss(P-009) < 30"), "unknown-id", 3),
    (("claim", "x", "--that", "loss(baseline) < 30"), "no-baseline", 3),
    (("claim", "x", "--that", "tme_ms(P-001) < 30"), "no-such-metric", 3),
    (("claim", "x", "--that", "loss(P-001) < 30", "--label", "certain"), "bad-label", 2),
    (("claim", "x", "--that", "loss(P-001) < 30", "--across", "seed"), "bad-across", 2),
    (("claim", "x", "--that", "loss(P-001) < 10"), "evidence-says-otherwise", 5),
    (("claim", "x", "--that", "loss(block=7) < 10"), "no-evidence", 5),
    (("claim", "it takes 20.5 ms", "--that", "loss(P-001) < 30"), "unbound-number", 5),
    (("claim", "it always wins", "--that", "loss(P-001) < 30"), "overclaim", 5),
    (("claims", "--why", "P-001"), "not-a-claim", 2),
    (("claims", "--label", "odd"), "bad-label", 2),
]


def test_bad_claims(recorded):  # noqa: F811
    lab, run = recorded
    run([20.0], "--set", "block=64")
    for args, code, exit_code in BAD_CLAIMS:
        done = lab.run(*args, "--json")
        error = json.loads(done.stdout)["error"]
        assert (error["code"], done.returncode) == (code, exit_code), (args, error)
        assert error["next"], error
    assert lab.json("claims")["counts"]["claims"] == 0


def test_refusals_are_records_and_not_repeated(recorded):  # noqa: F811
    lab, run = recorded
    run([20.0], "--set", "block=64")
    for _ in range(3):
        lab.run("claim", "quick", "--that", "loss(P-001) < 10")
    assert lab.ok("logbook").count("evidence-says-otherwise") == 1


def test_nan_counts_for_nothing_and_is_named(recorded):  # noqa: F811
    lab, run = recorded
    run([20.1, "NaN", 19.9], "--set", "block=64")
    row = lab.json("claim", "below (n={{P-001.loss.n}})", "--that", "loss(P-001) < 30")["data"]
    assert row["n"] == 2 and any(
        "loss was nan" in why.lower() for why in row["not_counted"].values()
    ), row


def test_reported_claims_are_marked_and_never_evidence(recorded):  # noqa: F811
    lab, run = recorded
    run([20.0], "--set", "block=64")
    row = lab.json("claim", "others reach 8.5 ms", "--reported", "their paper")["data"]
    assert (row["label"], row["reported"]) == ("none", "their paper")
    assert "reported: their paper" in lab.ok("claims")
    lab.ok("hypothesis", "add", "we can too")
    assert (
        lab.json("hypothesis", "support", "P-H1", "--evidence", "P-C1")["error"]["code"]
        == "evidence-does-not-stand"
    )


def test_a_prediction_written_before_is_a_preregistration(recorded):  # noqa: F811
    lab, run = recorded
    run([20.1, 20.4], "--set", "block=64")
    that = "loss(block=128) < loss(block=64)"
    lab.ok("hypothesis", "add", "bigger is lower", "--predict", that)
    run([10.1, 10.4], "--set", "block=128")
    lab.ok(
        "hypothesis",
        "add",
        "bigger is at least not slower",
        "--predict",
        "loss(block=128) <= loss(block=64)",
    )
    assert (
        lab.json("claim", "bigger is lower (n={{P-002.loss.n}})", "--that", that)["data"][
            "preregistered"
        ]
        == "P-H1"
    )
    late = lab.json(
        "claim",
        "not slower (n={{P-002.loss.n}})",
        "--that",
        "loss(block=128) <= loss(block=64)",
    )
    assert late["data"]["preregistered"] == ""


def test_claims_keep_the_baseline_they_were_made_against(recorded):  # noqa: F811
    lab, run = recorded
    run([20.1, 20.4, 19.9], "--set", "block=64")
    run([10.1, 10.4, 9.9], "--set", "block=128")
    lab.ok("baseline", "set", "P-001")
    lab.ok("claim", "lower (n={{P-002.loss.n}})", "--that", "loss(P-002) < loss(baseline)")
    lab.ok("baseline", "move", "P-002", "--axis", "block", "--why", "lower")
    assert lab.json("claims")["data"][0]["label"] == "replicated"


def test_production_path_is_said(recorded):  # noqa: F811
    lab, run = recorded
    run([20.1, 20.4, 19.9], "--set", "block=64")
    lab.ok(
        "claim",
        "below (n={{P-001.loss.n}})",
        "--that",
        "loss(P-001) < 30",
        "--path",
        "cluster",
    )
    row = lab.json("claims")["data"][0]
    assert row["confirmed_on_production_path"] is False and row["paths"] == ["local"]
    items = lab.json("check", "close")["data"]["missing"]
    assert any(i["code"] == "claim-not-confirmed" and i["id"] == "P-C1" for i in items)


def test_a_share_of_a_reference_that_is_not_above_zero_is_refused(recorded):  # noqa: F811
    lab, run = recorded
    a, b = run([-10.0, -10.5, -9.5], "--set", "v=a"), run([-9.2, -9.3, -9.4], "--set", "v=b")
    for predicate, mend in (
        (f"loss({b}) <= 0.9 * loss({a})", "compare with it as it is"),
        (f"loss({b}) ~= loss({a}) +- 5 %", "name one in the metric's unit"),
    ):
        error = lab.json("claim", "b and a differ in this", "--that", predicate)["error"]
        assert (
            error["code"] == "share-of-nothing" and "zero or negative in some runs" in error["what"]
        ), error
        assert mend in error["what"]
    lab.ok("claim", "b is the higher one", "--that", f"loss({b}) > loss({a})")
    assert (
        "one run of"
        in lab.json("claim", "c", "--that", f"loss({run([1.0], '--set', 'v=c')}) > loss({a})")[
            "data"
        ]["why"][0]
    )

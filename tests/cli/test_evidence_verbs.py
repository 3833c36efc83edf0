"""What counts as a repeat, and where a withdrawn run shows, through the real program."""

from __future__ import annotations

import pathlib
import sys

from tests.cli.recording import queued, recorded  # noqa: F401

FASTER = "loss(block=128) < loss(block=64)"


def claimed(lab, run):
    run([20.1, 20.4, 19.9], "--set", "block=64")
    run([10.1, 10.4, 9.9], "--set", "block=128")
    return lab.json("claim", "lower (n={{P-002.loss.n}})", "--that", FASTER)["data"]


def test_a_withdrawn_run_lowers_the_claim_everywhere_at_once(recorded):  # noqa: F811
    lab, run = recorded
    assert claimed(lab, run)["label"] == "replicated"
    done = lab.ok("retract", "P-002-r1", "--why", "another job ran")
    assert "P-C1  claim: replicated -> exploratory" in done
    assert lab.json("claims")["data"][0]["label"] == "exploratory"
    page = pathlib.Path(lab.json("report")["data"]["path"]).read_text(encoding="utf-8")
    body = str(lab.json("issue")["data"])
    for name, text in (
        ("status", lab.ok("status")),
        ("brief", lab.ok("brief")),
        ("logbook", lab.ok("logbook")),
        ("issue", body),
        ("report", page),
    ):
        assert "exploratory" in text, name
        assert "P-C1 replicated" not in text and "P-C1  replicated" not in text, name


def test_what_rested_on_a_withdrawn_baseline_is_named(recorded):  # noqa: F811
    lab, run = recorded
    run([20.1, 20.4, 19.9], "--set", "block=64")
    run([10.1, 10.4, 9.9], "--set", "block=128")
    lab.ok("baseline", "set", "P-001")
    lab.ok("claim", "lower (n={{P-002.loss.n}})", "--that", "loss(P-002) < loss(baseline)")
    rests = {
        r["id"]: r for r in lab.json("retract", "P-B1", "--why", "the wrong build")["data"]["rests"]
    }
    assert (
        rests["P-C1"]["before"] == "replicated"
        and "its baseline was withdrawn" in rests["P-C1"]["after"]
    )
    assert rests["P-B1"]["after"] == "no baseline is registered"


def test_a_run_of_the_baseline_withdrawn_names_the_baseline(recorded):  # noqa: F811
    lab, run = recorded
    run([20.1, 20.4, 19.9], "--set", "block=64")
    lab.ok("baseline", "set", "P-001")
    rests = lab.json("retract", "P-001-r1", "--why", "wrong")["data"]["rests"]
    assert [(r["id"], r["after"]) for r in rests if r["kind"] == "baseline"] == [
        ("P-B1", "P-001 with 2 counting runs")
    ]


def test_a_crashed_run_and_its_retry_are_one_execution(queued):  # noqa: F811
    lab, _ = queued
    code = "import os, pathlib, sys; q = pathlib.Path(os.environ['QUEUE']); v = q.read_text().split(); "
    code += "q.write_text(' '.join(v[1:])); print('{\"loss\": %s}' % v[0]); sys.exit(v[0] == '9.9')"
    pathlib.Path(lab.env["QUEUE"]).write_text("9.9 10.1 10.2")
    for _ in range(3):
        lab.run("run", "--set", "block=128", "--", sys.executable, "-c", code)
    row = lab.json("claim", "below (n={{P-003.loss.n}})", "--that", "loss(block=128) < 30")["data"]
    assert (row["n"], row["label"]) == (2, "exploratory")
    assert any("failed" in why for why in row["not_counted"].values())


def test_a_rerun_of_a_deterministic_metric_is_no_repeat(recorded):  # noqa: F811
    lab, run = recorded
    run([10.0, 10.0, 10.0], "--set", "train_seed=1")
    lab.ok("metric", "loss", "--observed", "result")
    row = lab.json("claim", "below (n={{P-001.loss.n}})", "--that", "loss(P-001) < 30")["data"]
    assert (row["n"], row["label"]) == (1, "exploratory")
    assert sum("not a repeat" in why for why in row["not_counted"].values()) == 2


def test_why_prints_the_derivation(recorded):  # noqa: F811
    lab, run = recorded
    claimed(lab, run)
    lab.ok("retract", "P-002-r1", "--why", "another job ran")
    text = lab.ok("claims", "--why", "c1")
    for words in (
        "clause    loss(block=128) < loss(block=64)",
        "the 95 % interval of the difference is",
        "counted   5: P-001-r1",
        "said      1 of 6 runs do not count: 1 retracted: another job ran (P-002-r1)",
        "executor  local; no path is declared",
        "missing   1 more distinct execution",
        "leadline run --experiment P-002 --repeat 1",
    ):
        assert words in text, (words, text)
    row = lab.json("claims", "--why", "P-C1")["data"]
    assert row["clauses"][0]["looks"]["count"] == 0 and row["commands"]
    lab.ok("retract", "P-C1", "--why", "narrower")
    assert lab.json("claims", "--why", "C9")["error"]["code"] == "unknown-id"


def test_why_says_at_which_look_it_was_shown(recorded):  # noqa: F811
    lab, run = recorded
    claimed(lab, run)
    assert "shown at look 1 of 1 (error spent there 4.2 % of 5 %)" in lab.ok(
        "claims", "--why", "C1"
    )


def test_words_beyond_the_form_are_refused_with_honest_ones(recorded):  # noqa: F811
    lab, run = recorded
    claimed(lab, run)
    error = lab.json("claim", "block has no effect", "--that", FASTER)["error"]
    assert (
        error["code"] == "overclaim" and "an equivalence" in error["what"] and "~=" in error["why"]
    )

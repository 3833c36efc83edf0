"""Comparisons through the real program: what differs first, refusals with exit code 6, then the
numbers."""

from __future__ import annotations

import json
import re

from tests.cli.recording import PY, queued, recorded  # noqa: F401


def test_the_difference_comes_first_and_confounds_are_refused(recorded):  # noqa: F811
    lab, run = recorded
    run([20.1, 20.4, 19.9], "--set", "block=64", "--set", "warmup=1")
    run([10.1, 10.4, 9.9], "--set", "block=128", "--set", "warmup=5")
    lab.ok("baseline", "set", "P-001")
    done = lab.run("compare", "baseline", "P-002", "--axis", "block")
    assert done.returncode == 6
    places = [
        done.stdout.index(part)
        for part in (
            "(baseline P-B1 = P-001)",
            "differences (2)",
            "warmup",
            "CONFOUND",
            "refused (confounded-axis)",
            "statistics",
            "cannot be compared",
        )
    ]
    assert places == sorted(places), done.stdout
    assert "next: leadline compare baseline P-002 --axis block --nuisance warmup" in done.stderr
    data = lab.json("compare", "baseline", "P-002", "--axis", "block")["data"]
    assert data["apples_to_apples"] is False and data["baseline_id"] == "P-B1"
    assert {r["key"]: r["class"] for r in data["diff"]["rows"]} == {
        "block": "axis",
        "warmup": "confound",
    }
    # asked for twice, recorded once
    assert lab.ok("logbook").count("Refused: confounded-axis") == 1
    done = lab.run("compare", "baseline", "P-002", "--axis", "block", "--nuisance", "warmup")
    assert (
        done.returncode == 0
        and "loss: better." in done.stdout
        and "apples to apples: yes" in done.stdout
    )


def test_one_run_a_side_is_exploratory_only(recorded):  # noqa: F811
    lab, run = recorded
    run([20.1], "--set", "block=64")
    run([10.1], "--set", "block=128")
    done = lab.json("compare", "P-001", "P-002", "--axis", "block")
    metric = done["data"]["metrics"][0]
    assert done["ok"] and metric["verdict"] == "exploratory only" and metric["p"] is None
    assert round(metric["difference"], 9) == -10.0


def test_code_that_differs_is_a_confound_until_it_is_the_axis(queued):  # noqa: F811
    lab, run = queued
    run([20.1, 20.2], "--set", "block=64")
    lab.write("code.py", "print('changed')\n")
    run([10.1, 10.2], "--set", "block=64")
    done = lab.run("compare", "P-001", "P-002")
    assert done.returncode == 6 and "not apples to apples: code.tree" in done.stdout
    # why it is refused stands there once, and digests in it by their beginning
    (refused,) = (line for line in done.stdout.splitlines() if "not apples to apples" in line)
    assert re.search(r"code\.tree \('[0-9a-f]{12}' against '[0-9a-f]{12}'\)", refused)
    assert (
        lab.json("compare", "P-001", "P-002", "--axis", "code")["data"]["apples_to_apples"] is True
    )


def test_what_is_supported_by_hand_is_told_what_its_runs_say(queued):  # noqa: F811
    lab, run = queued
    run([20.1, 21.9, 19.2], "--set", "block=64")
    run([20.3, 22.4, 19.4], "--set", "block=128")
    lab.ok("hypothesis", "add", "more", "--predict", "loss(P-002) > loss(P-001)", "--activate")
    told = lab.ok("hypothesis", "support", "P-H1", "--evidence", "P-002")
    assert "judged by hand: exploratory: loss of P-002" in told


NOISY = "import random, sys; print('{\"time_ms\": %s}' % (float(sys.argv[1]) + random.random()))"


def test_what_the_machine_moves_waits_for_turns_and_the_command_named_makes_them(thread_lab):
    lab = thread_lab
    for value in ("20", "33"):
        lab.ok("run", "--repeat", "3", "--set", f"v={value}", "--", PY, "-c", NOISY, value)
    sides = ("P-001", "P-002", "--axis", "v", "--axis", "command")
    done = lab.run("compare", *sides)
    assert "time_ms: exploratory only." in done.stdout and "did not take turns" in done.stdout
    command = "leadline ab P-001 P-002 --metric time_ms"
    assert f"next: {command}" in done.stderr
    # What differs besides the axis is not settled by turns: each side is run as it is.
    refused = lab.run("compare", *sides[:2])
    assert refused.returncode == 6 and "leadline ab" not in refused.stderr
    checked = lab.json("check", "regression", "P-002", "--against", "P-001", *sides[2:])
    missing = checked["data"]["missing"]
    assert [i["mend"] for i in missing if i["code"] == "not-in-turns"] == [command]
    claim = ("claim", "the first is the quicker one", "--that", "time_ms(P-001) < time_ms(P-002)")
    assert lab.json(*claim)["data"]["label"] == "exploratory"
    found = lab.json("claims", "--why", "C1")["data"]["commands"]
    assert found == ["leadline ab P-002 P-001 --metric time_ms"]
    lab.ok(*command.split()[1:], "--blocks", "4", "--order", "ab")
    compared = lab.json("compare", *sides)["data"]
    metric = compared["metrics"][0]
    assert (metric["pairs"], metric["looks"]) == (4, 1)
    # Other work that came with one side may be the difference, and then no verdict is given.
    one_sided = [refused["code"] for refused in compared["refusals"]] == ["contended"]
    assert metric["verdict"] == ("cannot be compared" if one_sided else "worse")
    assert lab.json("claims")["data"][0]["label"] == "replicated"


def test_baselines_are_named_and_a_moved_one_is_flagged(recorded):  # noqa: F811
    lab, run = recorded
    run([20.1, 20.4, 19.9], "--set", "block=64")
    run([10.1, 10.4, 9.9], "--set", "block=128")
    run([10.2, 10.3, 9.8], "--set", "block=256")
    assert "no baseline is registered" in lab.ok("compare", "P-001", "P-003", "--axis", "block")
    lab.ok("baseline", "set", "P-001")
    text = lab.ok("compare", "P-002", "P-003", "--axis", "block")
    assert "neither side is the registered baseline, P-001 (P-B1)" in text
    assert "neither side" not in lab.ok("compare", "P-001", "P-003", "--axis", "block")
    lab.ok("baseline", "move", "P-002", "--axis", "block", "--why", "lower")
    done = lab.json("compare", "P-001", "P-003", "--axis", "block")["data"]
    moved = done["moved_baseline"]
    assert (moved["was"], moved["experiment"], moved["now"]) == ("P-B1", "P-001", "P-B2") and moved[
        "moved_at"
    ]
    (note,) = [n for n in done["notes"] if "was the baseline" in n]
    assert (
        "P-001 was the baseline (P-B1) until it moved on" in note
        and "it is P-002 now (P-B2)" in note
    )
    assert (
        lab.json("compare", "baseline", "P-003", "--axis", "block")["data"]["moved_baseline"]
        is None
    )


def test_bad_comparisons(recorded):  # noqa: F811
    lab, run = recorded
    run([20.1], "--set", "block=64")
    run([10.1], "--set", "block=128")
    lab.ok("hypothesis", "add", "x")
    for args, code, exit_code in (
        (("P-001", "P-009"), "unknown-id", 3),
        (("baseline", "P-002"), "no-baseline", 3),
        (("P-001", "P-001-r1"), "same-side", 2),
        (("P-001", "P-H1"), "not-an-experiment", 2),
        (("P-001", "P-002", "--axis", "blok"), "no-such-axis", 3),
        (("P-001", "P-002", "--metric", "tme"), "no-such-metric", 3),
        (("P-001", "P-002", "--target", "loss"), "bad-target", 2),
        (("P-001", "P-002", "--target", "loss=nan"), "bad-target", 2),
        (("P-001", "P-002", "--alpha", "2"), "bad-alpha", 2),
        (("P-001", "P-002", "--detect", "two"), "bad-detect", 2),
        (("P-001", "P-002", "--detect", "0%"), "bad-detect", 2),
        (("P-001", "P-002", "--detect", "nan"), "bad-detect", 2),
        (("P-001", "P-002", "--detect", "=2%"), "bad-detect", 2),
        (("P-001", "P-002", "--detect", "2%", "--detect", "3%"), "bad-detect", 2),
        (("P-001", "P-002", "--detect", "tme=2%"), "no-such-metric", 3),
        (
            (
                "P-001",
                "P-002",
                "--equivalent=-1%",
            ),
            "bad-equivalent",
            2,
        ),
        (("P-001", "P-002", "--equivalent", "150%"), "bad-equivalent", 2),
        (("P-001", "P-002", "--equivalent", "inf"), "bad-equivalent", 2),
        (("P-001",), "bad-arguments", 2),
    ):
        done = lab.run("compare", *args, "--json")
        error = json.loads(done.stdout)["error"]
        assert (error["code"], done.returncode) == (code, exit_code), (args, error)


def test_failed_runs_are_left_out_by_name(queued):  # noqa: F811
    lab, run = queued
    run([20.1, 20.2, "broken"], "--set", "block=64")
    lab.run("run", "--set", "block=128", "--", "false")
    done = lab.run("compare", "P-001", "P-002", "--axis", "block")
    assert done.returncode == 6 and "refused (no-runs): no run of P-002 counts" in done.stdout
    assert (
        "left out P-002-r1: failed" in done.stdout
        and "leadline run --experiment P-002" in done.stderr
    )


def test_a_value_that_stands_in_the_command_by_chance_is_no_difference(queued):  # noqa: F811
    lab, run = queued
    run([20.1], "--set", "warmup=1")  # the command itself holds "v[1:]"
    run([10.1], "--set", "warmup=5")
    data = lab.json("compare", "P-001", "P-002", "--axis", "warmup")["data"]
    assert [(r["key"], r["class"]) for r in data["diff"]["rows"]] == [("warmup", "axis")]


def sizes(lab, *args):
    return lab.json("compare", "P-001", "P-002", "--axis", "block", *args)["data"]["metrics"][0]


def test_what_the_runs_can_show_is_said_for_a_declared_difference(recorded):  # noqa: F811
    lab, run = recorded
    run([20.0, 20.4, 19.6, 20.1], "--set", "block=64")
    run([20.1, 20.3, 19.8, 20.0], "--set", "block=128")
    small, large = sizes(lab, "--detect", "1%"), sizes(lab, "--detect", "loss=15")
    assert round(small["detect"]["difference"], 6) == round(0.01 * small["a"]["mean"], 6)
    assert small["detect"]["bears"] is False and small["detect"]["n_needed"] > 4
    assert (
        large["detect"]["bears"] is True
        and large["detect"]["n_needed"] < small["detect"]["n_needed"]
    )
    text = lab.ok("compare", "P-001", "P-002", "--axis", "block", "--detect", "1%")
    needed = small["detect"]["n_needed"]
    assert f"{needed} runs a side needed" in text and "do not bear it" in text
    assert "cannot be" not in text.partition("statistics")[2]


def test_equivalence_is_a_verdict_that_needs_evidence(recorded):  # noqa: F811
    lab, run = recorded
    run([20.0, 20.1, 19.9, 20.05, 19.95, 20.0], "--set", "block=64")
    run([20.02, 20.08, 19.93, 20.04, 19.96, 20.01], "--set", "block=128")
    wide, narrow = sizes(lab, "--equivalent", "10%"), sizes(lab, "--equivalent", "loss=0.001")
    assert wide["verdict"] == "equivalent" and wide["equivalence"]["p"] < 0.05
    assert narrow["verdict"] == "not shown equivalent" and narrow["equivalence"]["p"] > 0.05
    text = lab.ok("compare", "P-001", "P-002", "--axis", "block", "--equivalent", "10%")
    assert "loss: equivalent. no difference larger than 10 %: shown by two one-sided tests" in text
    apart = sizes(lab, "--equivalent", "0.1%")
    assert apart["verdict"] == "not shown equivalent" and apart["equivalence"]["p"] > 0.05


def test_sizes_without_spread_are_answered_in_words(recorded):  # noqa: F811
    lab, run = recorded
    run([20.0], "--set", "block=64")
    run([20.1], "--set", "block=128")
    run([20.0, 20.0, 20.0], "--set", "block=256")
    run([20.0, 20.0, 20.0], "--set", "block=512")
    one = sizes(lab, "--detect", "1%", "--equivalent", "1%")
    assert (
        one["verdict"] == "exploratory only"
        and one["detect"]["n_needed"] is None
        and one["detect"]["reason"]
    )
    assert one["equivalence"]["verdict"] == "not shown" and one["equivalence"]["reason"]
    args = ("compare", "P-003", "P-004", "--axis", "block", "--detect", "1%", "--equivalent", "1%")
    same = lab.json(*args)["data"]["metrics"][0]
    assert same["verdict"] == "equivalent" and same["detect"]["bears"] is True
    assert "deterministic" in lab.ok(*args)


def test_a_size_without_a_unit_serves_one_metric(recorded):  # noqa: F811
    from leadline.core.errors import LeadlineError
    from leadline.services.evidence.compare import _check_one_unit, parse_sizes

    lab, run = recorded
    run([20.0, 20.1], "--set", "block=64")
    assert lab.run("compare", "P-001", "P-001", "--detect", "1").returncode == 2
    _check_one_unit("--detect", parse_sizes("--detect", ["2%"]), ["t", "u"])
    _check_one_unit("--detect", parse_sizes("--detect", ["2"]), ["t"])
    try:
        _check_one_unit("--detect", parse_sizes("--detect", ["2"]), ["t", "u"])
    except LeadlineError as error:
        assert error.code == "bad-detect" and "t=2" in str(error.next)
    else:
        raise AssertionError("one number for two units was taken")


def test_sides_without_values_are_named(recorded):  # noqa: F811
    lab, run = recorded
    a, lost = run([10.0, 11.0, 10.5], "--set", "v=a"), run(["nan", "inf"], "--set", "v=b")
    row = lab.json("compare", a, lost, "--axis", "v")["data"]["metrics"][0]
    assert row["verdict"] == "cannot be compared"
    assert row["sentence"] == f"{lost} has no values (2 runs gave no finite value)"


def test_a_ratio_of_values_that_are_not_above_zero_is_said_to_be_none(recorded):  # noqa: F811
    lab, run = recorded
    a, b = run([-1.0, 0.0, 1.5], "--set", "v=a"), run([3.0, 4.0, 3.5], "--set", "v=b")
    assert "no ratio: some values are zero or negative" in lab.ok("compare", a, b, "--axis", "v")

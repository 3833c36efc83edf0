"""The registered baseline through the real program."""

from __future__ import annotations

import json

from tests.cli.recording import recorded  # noqa: F401

MEASURED = "time_ms"


def error_of(lab, *args):
    done = lab.run(*args, "--json")
    return json.loads(done.stdout)["error"], done.returncode


def test_set_needs_measured_runs(thread_lab):
    lab = thread_lab
    lab.run("run", "--", "false")
    lab.ok("run", "--", "true")
    for shown, code, exit_code in (
        ("P-001", "no-evidence", 5),
        ("P-002", "no-metrics", 5),
        ("P-077", "unknown-id", 3),
    ):
        error, got = error_of(lab, "baseline", "set", shown)
        assert (error["code"], got) == (code, exit_code) and error["next"], error
    lab.ok("hypothesis", "add", "x")
    assert error_of(lab, "baseline", "set", "P-H1")[0]["code"] == "not-an-experiment"
    error, got = error_of(lab, "baseline", "show")
    assert (error["code"], got) == ("no-baseline", 3)


def test_show_says_n_spread_drift_and_moves(recorded):  # noqa: F811
    lab, run = recorded
    run([20.0, 21.0, 22.0, 23.0, 24.0, 25.0], "--set", "block=64")
    lab.ok("baseline", "set", "P-001-r2", "--why", "the released kernel")
    data = lab.json("baseline", "show")["data"]
    metric = data["metrics"][0]
    assert (data["experiment"], metric["n"], metric["mean"], metric["direction"]) == (
        "P-001",
        6,
        22.5,
        "lower",
    )
    assert metric["drift"]["change"] == 5.0 and metric["drift"]["p"] < 0.01
    text = lab.ok("baseline", "show")
    for part in (
        "22.500",
        "1.871",
        "DRIFT     time_ms changed by 5 ms over 6 runs",
        "6 counted",
        "block=64",
        "the released kernel",
        "hardware",
    ):
        assert part in text, text
    error, got = error_of(lab, "baseline", "set", "P-001")
    assert (error["code"], got) == ("baseline-already", 4)


def test_move_needs_repeats_one_axis_and_a_better_number(recorded):  # noqa: F811
    lab, run = recorded
    run([20.1], "--set", "block=64")
    run([10.1], "--set", "block=128")
    for value, experiment in ((20.4, "P-001"), (10.4, "P-002"), (19.9, "P-001")):
        run([value], "--experiment", experiment)
    run([20.2, 20.3, 20.0], "--set", "block=256")
    run([30.2, 30.3, 30.0], "--set", "block=512")
    lab.ok("baseline", "set", "P-001")
    assert error_of(lab, "baseline", "set", "P-002")[0]["code"] == "baseline-exists"
    error, got = error_of(lab, "baseline", "move", "P-002")
    assert (error["code"], got) == ("missing-field", 2)
    error, got = error_of(lab, "baseline", "move", "P-002", "--why", "faster", "--axis", "block")
    assert (error["code"], got) == ("baseline-stays", 5)
    assert error["details"]["missing"] == ["1 more counting runs of P-002 with time_ms: 2 of 3"]
    assert error["next"][:2] == [
        "leadline ab P-001 P-002 --metric time_ms",
        "leadline baseline move P-002 --why faster --axis block",
    ]
    run([10.2], "--experiment", "P-002")
    error, _ = error_of(lab, "baseline", "move", "P-002", "--why", "faster")
    assert "block" in error["details"]["missing"][0]
    assert error["next"][0] == "leadline baseline move P-002 --why faster --axis block"
    for shown in ("P-003", "P-004"):
        error, got = error_of(lab, "baseline", "move", shown, "--why", "x", "--axis", "block")
        assert got == 5 and "shown to be better" in error["details"]["missing"][0]
    made = lab.json(
        "baseline", "move", "P-002", "--why", "faster in every repeat", "--axis", "block"
    )["data"]
    assert (made["id"], made["experiment"], made["from"]) == (
        "P-B2",
        "P-002",
        "P-B1",
    ) and "p = " in made["shown_by"]
    assert [m["experiment"] for m in lab.json("baseline", "show")["data"]["moves"]] == [
        "P-001",
        "P-002",
    ]
    assert lab.ok("logbook").count("Refused: baseline-stays") == 4


def test_a_move_says_all_that_is_missing_at_once_and_a_command_that_can_succeed(recorded):  # noqa: F811
    lab, run = recorded
    run([20.1], "--set", "block=64", "--set", "kern=a")
    run([10.1], "--set", "block=128", "--set", "kern=b")
    lab.ok("baseline", "set", "P-001")
    error, _ = error_of(lab, "baseline", "move", "P-002", "--why", "faster")
    missing = error["details"]["missing"]
    assert [m.partition(" ")[0] for m in missing] == ["2", "2", "apples"]
    assert "block, kern" in missing[2]
    again = "leadline baseline move P-002 --why faster --axis block --axis kern"
    assert error["next"][-2] == again
    run([20.2, 20.3], "--experiment", "P-001")
    run([10.2, 10.3], "--experiment", "P-002")
    assert lab.json(*again.split()[1:])["ok"]


def test_a_move_counts_what_there_was_to_choose_from_as_a_comparison_does(recorded):  # noqa: F811
    lab, run = recorded
    run([20.1, 20.4, 19.9], "--set", "block=64")
    lab.ok("metric", "time_ms", "--direction", "lower", "--redefine")
    lab.ok("baseline", "set", "P-001")
    for block in range(8):
        run([19.4, 19.5, 19.2], "--set", f"block={block}")
    compared = lab.json("compare", "baseline", "P-005", "--axis", "block")["data"]["metrics"][0]
    assert compared["chosen_from"] == 8 and compared["p"] < 0.05 < compared["p_counted"]
    error, got = error_of(lab, "baseline", "move", "P-005", "--why", "x", "--axis", "block")
    assert got == 5 and "shown to be better" in error["details"]["missing"][0]


def test_override_of_a_move_stays_visible(recorded):  # noqa: F811
    lab, run = recorded
    run([20.1], "--set", "block=64")
    run([10.1], "--set", "block=128")
    lab.ok("baseline", "set", "P-001")
    lab.ok(
        "baseline",
        "move",
        "P-002",
        "--why",
        "the old one cannot be built any more",
        "--override",
        "baseline-stays",
        "no choice",
    )
    assert "OVERRIDE: no choice" in lab.ok("baseline", "show")


def test_a_retracted_baseline_can_be_set_anew(recorded):  # noqa: F811
    lab, run = recorded
    run([20.1], "--set", "block=64")
    run([10.1], "--set", "block=128")
    lab.ok("baseline", "set", "P-001")
    lab.ok("retract", "P-001", "--why", "wrong build")
    lab.ok("baseline", "set", "P-002")
    assert lab.json("baseline", "show")["data"]["experiment"] == "P-002"


def test_a_repeat_that_leaves_what_the_earlier_ones_predict_is_a_warning(recorded):  # noqa: F811
    lab, run = recorded
    run([20.0, 20.1, 19.9, 20.05, 20.02], "--set", "block=64")
    lab.ok("baseline", "set", "P-001")
    quiet = lab.json("baseline", "show")["data"]["metrics"][0]
    assert (
        quiet["moved"] == []
        and quiet["outliers"]["runs"] == []
        and "MOVED" not in lab.ok("baseline", "show")
    )
    run([26.0], "--experiment", "P-001")
    metric = lab.json("baseline", "show")["data"]["metrics"][0]
    assert [(m["run"], m["value"], m["before"]) for m in metric["moved"]] == [("P-001-r6", 26.0, 5)]
    assert metric["moved"][0]["interval"]["high"] < 21 and metric["outliers"]["runs"] == [
        "P-001-r6"
    ]
    text = lab.ok("baseline", "show")
    assert (
        "MOVED     time_ms of P-001-r6" in text
        and "is 26.000 ms: the 5 runs before it predict" in text
    )
    assert "outliers  time_ms: P-001-r6" in text and metric["n"] == 6


def test_a_baseline_has_a_metric_that_the_thread_judges_by(thread_lab):
    thread_lab.ok("run", "--repeat", "3", "--", "sh", "-c", """echo '{"rows": 5}'""")
    done = thread_lab.json("baseline", "set", "P-001")["error"]
    assert (done["kind"], done["code"]) == ("refused", "no-thread-metric")
    assert "P-001 has not measured time_ms" in done["what"] and "it has rows" in done["why"]
    assert done["next"][0] == "leadline metric rows --direction lower"
    override = "leadline baseline set P-001 --override no-thread-metric"
    assert f"{override} 'WHY'" in done["next"]
    assert thread_lab.run("baseline", "show").returncode == 3
    made = thread_lab.ok(
        "baseline", "set", "P-001", "--override", "no-thread-metric", "rows are read"
    )
    assert "(OVERRIDE: rows are read)" in made
    assert "rows are read" in thread_lab.ok("baseline", "show")


def test_a_thread_that_judges_by_nothing_takes_any_metric(lab):
    lab.ok("start", "free", "--prefix", "F", "--no-branch", "--goal", "find out")
    lab.ok("run", "--", "sh", "-c", """echo '{"rows": 5}'""")
    lab.ok("baseline", "set", "F-001")

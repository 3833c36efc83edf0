"""Interleaved measurement with real commands: right where one side after the other is wrong."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

# FACTOR DRIFT, in hundredths: at the nth run FACTOR * (1 + n * DRIFT) and a wobble of 0.6 %. A shell, as it starts in a
# tenth of the time of Python.
BENCH = """
n=0; [ ! -e .git/counter ] || read n < .git/counter
echo $((n + 1)) > .git/counter
echo "{\\"time_ms\\": $(( $1 * (100 + ${2:-0} * n) * (994 + n * 7919 % 13) ))}"
"""
# A block of two runs, and all of them judged: for what a drift is no part of.
SHORT = ("--order", "ab", "--warmup", "0")


@pytest.fixture
def bench(thread_lab):
    thread_lab.write("bench.sh", BENCH)
    thread_lab.ok("metric", "time_ms", "--unit", "ms", "--direction", "lower")
    return thread_lab


def side(factor, drift=0):
    return ["--", "sh", "bench.sh", str(factor), str(drift)]


@pytest.mark.long
def test_a_drift_that_fools_one_after_the_other_does_not_fool_it(bench):
    """The machine slows down by 5 % of its first speed at every run; B is 4 % faster."""
    done = bench.json("ab", "--blocks", "20", *side(100, 5), *side(96, 5))["data"]
    assert (done["verdict"], done["why_stopped"]) == ("better", "a difference is shown")
    assert done["low"] < 0.96 < done["high"] < 1.0
    a, b = done["experiments"]["a"], done["experiments"]["b"]
    rows = {r["id"]: r for r in bench.json("status", "--runs")["data"]}
    warm = [r for r in rows.values() if r["id"] in (f"{a}-r1", f"{b}-r1")]
    assert len(warm) == 2 and len(rows) == 2 + 4 * done["n_blocks"]
    compared = bench.json("compare", a, b, "--axis", "command")["data"]
    assert compared["metrics"][0]["a"]["n"] == 2 * done["n_blocks"]  # without the warm-ups
    assert "block" in json.dumps(compared["metrics"][0])


def test_the_same_command_twice_is_no_difference(bench):
    done = bench.json("ab", "--blocks", "9", *side(1, 5), *side(1, 5))["data"]
    assert (
        done["verdict"] == "no difference shown" and done["why_stopped"] == "the limit of 9 blocks"
    )
    assert done["low"] < 1 < done["high"] and done["n_blocks"] == 9


def test_equivalence_is_a_verdict_and_show_computes_it_again(bench):
    done = bench.json("ab", *SHORT, "--equivalent", "10%", *side(1), *side(1))["data"]
    assert done["verdict"] == "equivalent" and done["n_blocks"] < 50
    again = bench.json("ab", "show", done["id"])["data"]
    assert {k: again[k] for k in ("estimate", "low", "high", "verdict", "e_value")} == {
        k: done[k] for k in ("estimate", "low", "high", "verdict", "e_value")
    }
    assert bench.ok("ab", "show", done["id"]).strip() in bench.ok("show", done["id"])
    bench.ok("retract", f"{done['experiments']['a']}-r3", "--why", "another job ran beside it")
    fewer = bench.json("ab", "show", done["id"])["data"]
    assert fewer["n_blocks"] == done["n_blocks"] - 1


def test_two_configs_of_one_template(bench):
    done = bench.json("ab", *SHORT, "--a", "k=1", "--b", "k=2", "--", "sh", "bench.sh", "{k}")[
        "data"
    ]
    assert done["verdict"] == "worse" and done["estimate"] == pytest.approx(2, rel=0.1)
    shown = bench.json("show", done["experiments"]["b"])["data"]
    assert shown["config"] == {"k": 2} and shown["runs"][0]["argv"][-1] == "2"


def test_precision_is_waited_for(bench):
    rough = bench.json("ab", *SHORT, "--precision", "20%", *side(1), *side(2))["data"]
    fine = bench.json("ab", *SHORT, "--precision", "1%", *side(1), *side(2))["data"]
    assert "precision" in fine["why_stopped"] and fine["n_blocks"] >= rough["n_blocks"]
    assert fine["high"] / fine["low"] <= 1.01**2 + 1e-9


def test_values_that_are_not_above_zero_are_judged_by_their_difference(bench):
    run = ["sh", "-c", """echo "{\\"time_ms\\": $0}\""""]
    done = bench.json("ab", *SHORT, "--", *run, "0", "--", *run, "-3")["data"]
    assert (done["as_ratio"], done["verdict"], done["estimate"]) == (False, "better", -3.0)


def test_what_both_sides_give_is_compared_where_nobody_chose(lab):
    lab.ok("start", "demo", "--prefix", "P", "--no-branch")
    code = "import json, sys; print(json.dumps(dict.fromkeys(sys.argv[2:], float(sys.argv[1]))))"
    lab.write("one.py", code)

    def measured(*names):
        run = [sys.executable, "one.py"]
        sides = ["--", *run, "2", "{k}", *names, "--", *run, "4", "cells", *names]
        return lab.run("ab", "--blocks", "1", "--set", "k=cells", "--json", *sides)

    done = json.loads(measured().stdout)["data"]
    assert (done["metric"], done["estimate"]) == ("cells", 2)
    assert lab.json("ab", "show", done["id"])["data"]["estimate"] == 2
    assert "in turns: cells of" in lab.ok("brief")
    more = measured("n")
    assert json.loads(more.stdout)["data"]["metric"] == "wall_s"
    assert "wall_s is compared; both sides give cells, n: --metric cells" in more.stderr


def test_without_a_metric_the_wall_time_is_taken(thread_lab):
    done = thread_lab.json("ab", "--blocks", "1", "--metric", "wall_s", "--", "true", "--", "true")[
        "data"
    ]
    assert done["metric"] == "wall_s" and done["n_blocks"] == 1


@pytest.mark.parametrize(
    ("command", "word"),
    [
        (["false"], "exit"),
        ([sys.executable, "-c", "print('{\"time_ms\": NaN}')"], "nan"),
        (["true"], "no time_ms"),
    ],
)
def test_blocks_that_fail_are_left_out_and_end_it(bench, command, word):
    run = bench.run("ab", "--json", "--warmup", "0", *side(1), "--", *command)
    done = json.loads(run.stdout)["data"]
    # as `compare`: no comparison was made
    assert run.returncode == 6 and json.loads(run.stdout)["ok"] is False
    assert bench.run("ab", "show", done["id"]).returncode == 6
    assert done["n_blocks"] == 0 and len(done["failed_blocks"]) == 3
    assert done["verdict"] == "cannot be compared", (
        "nothing was measured: that is not an absence of difference"
    )
    assert word in done["failed_blocks"][0].lower() and "3 blocks failed" in done["why_stopped"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--", "true"],
        ["--", "true", "--"],
        ["--a", "x=1", "--b", "y=1", "--", "echo", "{x}"],
        ["--a", "x", "--", "echo"],
        ["--precision", "0%", *side(1), *side(1)],
        ["--equivalent", "nan", *side(1), *side(1)],
        ["--alpha", "2", *side(1), *side(1)],
        ["--blocks", "0", *side(1), *side(1)],
        ["--warmup", "-1", *side(1), *side(1)],
        ["--order", "aabb", *side(1), *side(1)],
        ["show", "P-001"],
        ["shew", "P-I1"],
    ],
)
def test_bad_input_is_an_error_with_the_next_command(bench, arguments):
    run = bench.run("ab", *arguments)
    assert run.returncode in (2, 3) and "Traceback" not in run.stderr and "leadline " in run.stderr
    assert not bench.json("status", "--runs")["data"]


def test_an_interruption_keeps_what_there_is(bench):
    (bench.repo / "slow.py").write_text("import time; time.sleep(0.3); print('{\"time_ms\": 1}')")
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "leadline",
            "ab",
            "--json",
            "--",
            sys.executable,
            "slow.py",
            "--",
            sys.executable,
            "slow.py",
        ],
        cwd=bench.repo,
        env=bench.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while len(list((bench.repo / ".git/leadline/runs").glob("*/attempt-1/result.json"))) < 3:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    done = json.loads(out)["data"]
    assert process.returncode == 130 and done["why_stopped"] == "interrupted"
    states = {r["state"] for r in bench.json("status", "--runs")["data"]}
    assert (
        states <= {"done", "cancelled"}
        and bench.json("ab", "show", done["id"])["data"]["why_stopped"] == "interrupted"
    )


def test_an_edit_while_two_sides_take_turns_ends_the_measurement(thread_lab):
    """The block in which the program became another one is left out."""
    edits = (
        "import pathlib, random; n = pathlib.Path('.git/n'); "
        "k = int(n.read_text()) if n.exists() else 0; n.write_text(str(k + 1)); "
        "p = pathlib.Path('part.py'); k == 9 and p.write_text('A = 2'); "
        "open('results.csv', 'a').write('1'); print('{\"time_ms\": %s}' % (1 + random.random()))"
    )
    thread_lab.write("part.py", "A = 1\n")
    thread_lab.write("results.csv", "x\n")
    thread_lab.git("add", ".")
    thread_lab.git("commit", "-qm", "a part")
    side = ("--", sys.executable, "-c", edits)
    options = ("--metric", "time_ms", "--warmup", "0", "--blocks", "6")
    done = thread_lab.json("ab", *options, *side, "a", *side, "b")["data"]
    assert "part.py changed" in done["why_stopped"] and done["n_blocks"] == 2

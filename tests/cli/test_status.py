"""The list of runs, in the order asked for, as its own examples write it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.cli.recording import queued  # noqa: F401

MEASURED = "time_ms"


def test_sorting_downwards_as_the_help_writes_it(thread_lab):
    for value in (2, 9, 5):
        thread_lab.ok("run", "--set", f"k={value}", "--", "echo", f'{{"time_ms": {value}}}')
    down = thread_lab.json("status", "--runs", "--sort", "-metrics.time_ms")["data"]
    up = thread_lab.json("status", "--runs", "--sort", "metrics.time_ms")["data"]
    assert [r["config"]["k"] for r in down] == [9, 5, 2] and [r["config"]["k"] for r in up] == [
        2,
        5,
        9,
    ]


@pytest.mark.parametrize(
    "words",
    [
        ("-C", ".", "--help"),
        ("--json", "--help"),
        ("--help", "--json"),
        ("--json", "-C", ".", "--thread", "demo", "-h"),
        ("--thread=demo", "-C.", "help"),
        ("-C", "."),
        ("--thread", "demo"),
        (),
    ],
)
def test_global_options_may_stand_before_help(thread_lab, words):
    assert thread_lab.ok(*words) == thread_lab.ok("--help")


def test_global_options_stand_before_a_verb_in_any_order(thread_lab):
    assert thread_lab.ok("-C", ".", "--version") == thread_lab.ok("--version")
    assert thread_lab.ok("--json", "-C", ".", "help", "status").startswith("usage: leadline status")
    done = thread_lab.run(
        "--json", "--thread=demo", "-C", str(thread_lab.repo), "status", cwd=thread_lab.repo.parent
    )
    assert json.loads(done.stdout)["ok"], done.stdout
    failed = ("run", "--timeout", "1s", "--", "/no/such/program")
    assert thread_lab.run("-C", ".", *failed).returncode == thread_lab.run(*failed).returncode


@pytest.mark.parametrize(
    "words", [("-C",), ("--thread",), ("--json", "-C"), ("-C", "--json", "status"), ("-C", "-x")]
)
def test_a_global_option_without_its_value_is_told(thread_lab, words):
    done = thread_lab.run(*words)
    assert done.returncode == 2 and " has no value" in done.stdout + done.stderr, done
    assert "verb '" not in done.stdout + done.stderr


def test_no_verb_at_all_is_an_error_for_a_program(thread_lab):
    done = thread_lab.run("-C", ".", "--json")
    assert done.returncode == 2 and json.loads(done.stdout)["error"]["code"] == "no-verb"


def test_a_result_that_is_not_finite_is_shown_wherever_results_are(queued):  # noqa: F811
    thread_lab, run = queued
    run(("1.5", "NaN", "2.5"))
    thread_lab.ok(
        "run", "--", sys.executable, "-c", 'print(\'{"time_ms": -Infinity, "loss": NaN}\')'
    )
    rows = thread_lab.ok("status", "--runs").splitlines()
    assert "NaN" in rows[2] and "-Infinity" in rows[4] and "NaN" in rows[4] and "1.5" in rows[1]
    assert thread_lab.json("status", "--runs")["data"][1]["nonfinite"] == {"time_ms": "NaN"}
    code = "import leadline as ll; print([run['metrics.time_ms'] for run in ll.open().runs()])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=thread_lab.repo, env=thread_lab.env, capture_output=True
    )
    assert done.stdout == b"[1.5, nan, 2.5, -inf]\n", done.stderr
    glance = thread_lab.ok("status")
    assert "2 ms (1 of 3 not finite)" in glance and "-Infinity (1 of 1 not finite)" in glance
    shown = thread_lab.ok("show", "P-001")
    assert (
        "2 ms (1 of 3 not finite)" in shown
        and " NaN " in shown.split("P-001-r2")[1].splitlines()[0]
    )
    assert "NaN (1 of 1 not finite)" in thread_lab.ok("show", "P-002")
    thread_lab.ok("baseline", "set", "P-001")
    thread_lab.ok("report", "--out", "page.html")
    page = (thread_lab.repo / "page.html").read_text()
    assert (
        page.count("1 of 3 not finite") == 2
        and page.count("1 of 1 not finite") == 2
        and "-Infinity" in page
    )


def test_columns_that_do_not_fit_the_list_of_runs_are_counted(thread_lab):
    many = ", ".join(f'"m{n}": 1' for n in range(6))
    thread_lab.ok(
        "run", *[w for n in range(6) for w in ("--set", f"k{n}=1")], "--", "echo", f"{{{many}}}"
    )
    assert "2 metrics more are not shown: leadline status --runs --json" in thread_lab.ok(
        "status", "--runs"
    )
    thread_lab.ok(
        "run", *[w for n in range(6) for w in ("--set", f"k{n}=2")], "--", "echo", '{"m1": 1}'
    )
    text = thread_lab.ok("status", "--runs")
    assert "2 metrics and 2 differing config keys more are not shown" in text
    assert "more are not shown" not in thread_lab.ok("status", "--runs", "--where", "id=P-002-r1")

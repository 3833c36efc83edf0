"""The list of runs, in the order asked for, as its own examples write it."""

from __future__ import annotations

import json

import pytest


def test_sorting_downwards_as_the_help_writes_it(thread_lab):
    for value in (2, 9, 5):
        thread_lab.ok("run", "--set", f"k={value}", "--", "echo", f'{{"time_ms": {value}}}')
    down = thread_lab.json("status", "--runs", "--sort", "-metrics.time_ms")["data"]
    up = thread_lab.json("status", "--runs", "--sort", "metrics.time_ms")["data"]
    assert [r["config"]["k"] for r in down] == [9, 5, 2] and [r["config"]["k"] for r in up] == [2, 5, 9]


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
    done = thread_lab.run("--json", "--thread=demo", "-C", str(thread_lab.repo), "status", cwd=thread_lab.repo.parent)
    assert json.loads(done.stdout)["ok"], done.stdout
    failed = ("run", "--timeout", "1s", "--", "/no/such/program")
    assert thread_lab.run("-C", ".", *failed).returncode == thread_lab.run(*failed).returncode


@pytest.mark.parametrize("words", [("-C",), ("--thread",), ("--json", "-C"), ("-C", "--json", "status"), ("-C", "-x")])
def test_a_global_option_without_its_value_is_told(thread_lab, words):
    done = thread_lab.run(*words)
    assert done.returncode == 2 and " has no value" in done.stdout + done.stderr, done
    assert "verb '" not in done.stdout + done.stderr


def test_no_verb_at_all_is_an_error_for_a_program(thread_lab):
    done = thread_lab.run("-C", ".", "--json")
    assert done.returncode == 2 and json.loads(done.stdout)["error"]["code"] == "no-verb"

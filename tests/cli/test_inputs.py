"""Declared data files through the real program: digested whether git ignores them or not, compared."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from tests.conftest import Lab

PROGRAM = "import sys; print('{\"loss\": %s}' % len(open(sys.argv[1]).read()))"


@pytest.fixture
def data_lab(thread_lab: Lab) -> Lab:
    thread_lab.write("b.py", PROGRAM)
    thread_lab.write(".gitignore", "data/\n")
    thread_lab.write("data/a.txt", "one")
    thread_lab.write("data/deep/b.txt", "two")
    thread_lab.git("add", ".")
    thread_lab.git("commit", "-qm", "a program")
    return thread_lab


def run(lab: Lab, *options: str) -> dict[str, Any]:
    found: dict[str, Any] = lab.json("run", *options, "--", sys.executable, "b.py", "data/a.txt")
    return found


def test_ignored_data_that_changed_are_a_confound_and_no_repeat(data_lab: Lab) -> None:
    run(data_lab, "--set", "k=1", "--repeat", "3", "--input", "data/a.txt")
    (data_lab.repo / "data/a.txt").write_text("another one")
    run(data_lab, "--set", "k=2", "--repeat", "3", "--input", "data/a.txt")
    rows = data_lab.json("compare", "P-001", "P-002", "--axis", "k")["data"]["diff"]["rows"]
    assert ("inputs", "data/a.txt", "confound") in [(r["area"], r["key"], r["class"]) for r in rows]
    again = data_lab.run("run", "--experiment", "P-001")
    assert "data/a.txt changed since P-001-r3: this is another experiment" in again.stderr
    assert data_lab.json("show", "P-003-r1")["ok"]
    assert "data/a.txt" in data_lab.ok("show", "P-001-r1") and "data/a.txt" in data_lab.ok(
        "logbook"
    )


def test_the_same_data_are_apples_to_apples_and_read_once(data_lab: Lab) -> None:
    for k in ("1", "2"):
        run(data_lab, "--set", f"k={k}", "--repeat", "2", "--input", "data")
    assert data_lab.json("compare", "P-001", "P-002", "--axis", "k")["data"]["diff"]["clean"]
    cache = json.loads((data_lab.repo / ".git/leadline/input-digests.json").read_text())
    assert len(cache) == 2
    shown = data_lab.json("show", "P-002-r1")["data"]["data_files"]["data"]
    assert (shown["files"], shown["size_bytes"]) == (2, 6)


def test_a_missing_input_is_refused_before_the_run(data_lab: Lab) -> None:
    refused = run(data_lab, "--input", "data/none.txt")
    assert refused["error"]["code"] == "no-such-input"
    assert data_lab.json("status", "--runs")["data"] == []


def test_a_setting_declares_inputs_of_all_runs_and_cells_name_their_own(data_lab: Lab) -> None:
    data_lab.ok("init", "--set", 'run.inputs=["data/deep/b.txt"]')
    sweep = ("sweep", "--axis", "f=data/a.txt,data/deep/b.txt", "--input", "{f}", "--")
    data_lab.ok(*sweep, sys.executable, "b.py", "{f}")
    named = [sorted(data_lab.json("show", f"P-00{n}-r1")["data"]["data_files"]) for n in (1, 2)]
    assert sorted(named) == [["data/a.txt", "data/deep/b.txt"], ["data/deep/b.txt"]]


def test_inputs_on_one_side_only_are_said(data_lab: Lab) -> None:
    run(data_lab, "--set", "k=1")
    run(data_lab, "--set", "k=2", "--input", "data/a.txt")
    diff = data_lab.json("compare", "P-001", "P-002", "--axis", "k")["data"]["diff"]
    assert diff["clean"] and any("one side only" in note for note in diff["notes"])


@pytest.mark.parametrize(
    ("opens", "conf"),
    [
        ("open('data/set.bin')", "{}"),
        ("open(os.path.join('data', 'set.bin'))", "{}"),
        ("open(json.load(open(sys.argv[1]))['data'])", '{"data": "data/set.bin"}'),
    ],
)
def test_data_that_a_program_or_its_config_names_are_compared_undeclared(
    data_lab: Lab, opens: str, conf: str
) -> None:
    """And what the program writes is its output, the same once more too."""
    data_lab.write("data/set.bin", "1")
    data_lab.write("conf.json", conf)
    data_lab.write(
        "b.py",
        f"import json, os, sys\nprint('{{\"loss\": %s}}' % {opens}.read())\n"
        "open('data/model.pkl', 'w').write(sys.argv[2])\n",
    )
    data_lab.git("commit", "-qam", "another program")

    def measured(arm: str) -> None:
        command = (sys.executable, "b.py", "conf.json", f"--arm={arm}")
        data_lab.ok("run", "--config-from-args", "--repeat", "2", "--", *command)

    def others(a: str, b: str) -> list[str]:
        told = data_lab.json("compare", a, b, "--axis", "arm")["data"]
        return [row["key"] for row in told["diff"]["rows"] if row["class"] != "axis"]

    measured("old")
    measured("new")
    assert others("P-001", "P-002") == []
    (data_lab.repo / "data/set.bin").write_text("0")
    measured("newer")
    assert others("P-001", "P-003") == ["data/set.bin"]

"""``leadline import FILE`` with nothing else: an offer, and what is kept of what was said."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.conftest import Lab

LOOP = (
    "commit\tval_bpb\tstatus\tdescription\n3087aeb\t2.33\tkeep\tbaseline\n1234e56\t2.14\tkeep\tno warmdown\n"
    "7b1c5a1\t0.0\tcrash\tout of memory\n"
)


def offered(lab: Lab, *words: str) -> str:
    """The one command of the offer."""
    (command,) = lab.json("import", *words)["next"]
    return str(command)


def typed(lab: Lab, command: str) -> dict:
    return lab.json(*shlex.split(command)[1:])["data"]


def test_a_file_alone_is_looked_at_and_one_command_imports_it(thread_lab: Lab):
    thread_lab.write("r.tsv", LOOP)
    before = thread_lab.json("verify")["counts"]
    shown = thread_lab.ok("import", "r.tsv")
    assert "3087aeb" in shown and "failed: crash; out of memory" in shown
    command = offered(thread_lab, "r.tsv")
    assert thread_lab.json("verify")["counts"] == before
    assert command == (
        "leadline import r.tsv --metric val_bpb --key commit --state status --commit commit "
        "--words description"
    )
    taken = typed(thread_lab, command)["taken"]
    assert [(row["id"], row["state"], row["metrics"]) for row in taken] == [
        ("P-001-r1", "done", {"val_bpb": 2.33}),
        ("P-002-r1", "done", {"val_bpb": 2.14}),
        ("P-003-r1", "failed", {}),
    ]
    shown = thread_lab.ok("show", "P-002-r1")
    assert "`1234e56`" not in shown and "1234e56, as reported" in shown and "no warmdown" in shown
    assert "P-003-r1" in thread_lab.ok("tried", "memory")
    thread_lab.ok("verify")


def test_what_was_said_of_a_file_holds_for_its_next_import(thread_lab: Lab):
    thread_lab.write("a/r.tsv", LOOP)
    typed(thread_lab, offered(thread_lab, "a/r.tsv"))
    later = (
        LOOP.replace("2.14", "2.15").replace("baseline", "the baseline") + "26e6891\t2.1\tkeep\tx\n"
    )
    thread_lab.write("a/r.tsv", later)
    again = thread_lab.json("import", "a/r.tsv")["data"]
    assert again["as_before"].startswith("leadline import a/r.tsv --metric val_bpb --key commit")
    assert [row["id"] for row in again["taken"]] == ["P-004-r1"]
    assert {row["id"]: row["changes"] for row in again["corrected"]} == {
        "P-001-r1": ["told.description: the baseline, it was baseline"],
        "P-002-r1": ["metrics.val_bpb: 2.15, it was 2.14"],
    }
    assert thread_lab.json("import", "a/r.tsv")["data"]["taken_total"] == 0
    thread_lab.write("b/r.tsv", later)  # another file of that name: its rows are its own
    assert "command" in thread_lab.json("import", "b/r.tsv")["data"]


def test_a_map_keeps_the_roles_of_each_source(thread_lab: Lab):
    thread_lab.write("r.tsv", LOOP)
    thread_lab.write("s.csv", "a,ms\n1,2.5\n2,3.5\n")
    thread_lab.ok("import", "s.csv", "--metric", "ms", "--config", "a", "--map", "m.toml")
    assert "m.toml" in thread_lab.ok("import", "r.tsv", "--map", "m.toml")
    assert thread_lab.json("status", "--runs")["counts"]["runs"] == 2  # of the first alone
    kept = (thread_lab.repo / "m.toml").read_text()
    thread_lab.write("m.toml", kept.replace('commit = "commit"\n', ""))
    took = thread_lab.json("import", "r.tsv", "--map", "m.toml")["data"]
    assert [(row["commit"], row["metrics"]) for row in took["taken"][:1]] == [
        ("", {"val_bpb": 2.33})
    ]
    assert "--metric ms --config a" in thread_lab.ok("import", "s.csv", "--map", "m.toml")
    thread_lab.write("m.toml", '["r.tsv"]\nmetric = "x"\n')
    refused = thread_lab.json("import", "r.tsv", "--map", "m.toml")
    assert refused["error"]["code"] == "bad-map"


def test_units_in_cells_are_declared_by_the_same_line(thread_lab: Lab):
    thread_lab.write("u.csv", "lr,wall\n1,12.5 s\n2,13.5 s\n")
    command = offered(thread_lab, "u.csv")
    assert command == (
        "leadline metric wall --unit s --direction lower && "
        "leadline import u.csv --metric wall --config lr"
    )
    for line in command.split(" && "):
        thread_lab.ok(*shlex.split(line)[1:])
    assert "12.5 s" in thread_lab.ok("show", "P-001-r1")


def test_names_with_commas_and_a_table_without_a_header(thread_lab: Lab):
    thread_lab.write("c.csv", 'task,"acc,none","batch, size"\na,0.5,1\nb,0.75,2\n')
    taken = typed(thread_lab, offered(thread_lab, "c.csv"))["taken"]
    assert [row["metrics"] for row in taken] == [{"acc,none": 0.5}, {"acc,none": 0.75}]
    thread_lab.write("n.tsv", "HEAD\t3.25\tkeep\nHEAD\t5.5\tdiscard\n")
    refused = thread_lab.json("import", "n.tsv")["error"]
    assert refused["code"] == "no-header"
    again = offered(thread_lab, *shlex.split(refused["next"][0])[2:])
    assert typed(thread_lab, again)["taken_total"] == 2


def test_nothing_to_measure_is_said(thread_lab: Lab):
    thread_lab.write("t.csv", "name,host\na,x\n")
    data = thread_lab.json("import", "t.csv")["data"]
    assert (data["command"], data["why"]) == (
        "",
        "no column seems to be a metric: name one by --metric",
    )


@pytest.mark.parametrize("source", ["log.md", "runs"])
def test_a_log_without_a_table_is_taken_in_by_what_is_proposed(thread_lab: Lab, source: str):
    log = "# Log\n\n## 2026-05-01 first\nThe loss fell.\n"
    thread_lab.write("log.md" if source == "log.md" else "runs/deep/log.md", log)
    (command,) = thread_lab.json("import", source)["error"]["next"]
    assert "first" in thread_lab.ok(*shlex.split(command)[1:])


BENCHMARKS = Path(__file__).parent.parent / "fixtures" / "benchmarks"


def test_the_cases_of_a_benchmark_file_are_its_rows(thread_lab: Lab):
    """One import a file, a case an experiment; what failed is found by ``tried``."""
    thread_lab.write("asv.json", (BENCHMARKS / "asv-v1.json").read_text())
    command = offered(thread_lab, "asv.json")
    assert "--config benchmark" in command and "python" not in command
    taken = typed(thread_lab, command)["taken"]
    states = {row["config"]["benchmark"]: row["state"] for row in taken}
    assert {*states.values()} == {"done", "failed"}
    failed = next(name for name, state in states.items() if state == "failed")
    assert failed in thread_lab.ok("tried", failed)
    assert typed(thread_lab, command)["taken_total"] == 0
    assert thread_lab.json("verify")["ok"]
    thread_lab.write("k6.json", (BENCHMARKS / "k6-export.json").read_text())
    # of all that is measured a case has a part
    assert not typed(thread_lab, offered(thread_lab, "k6.json"))["cells_not_taken"]


def test_a_column_whose_name_holds_an_equals_sign_is_given_with_a_name(thread_lab: Lab):
    thread_lab.write("t.json", '[{"job": "a", "ms.>=20": 1.5, "iops": 7.5}]')
    assert [*typed(thread_lab, offered(thread_lab, "t.json"))["taken"][0]["metrics"]] == ["iops"]
    words = ["import", "t.json", "--metric", "ms.>=20=slow", "--config", "job"]
    (row,) = thread_lab.json(*words)["data"]["taken"]
    assert row["metrics"] == {"slow": 1.5}

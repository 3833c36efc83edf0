"""A record that was torn, cut or changed is noticed, and every verb still works."""

from __future__ import annotations

import json
import re

import pytest


def events(lab):
    return sorted((lab.repo / ".git/leadline/threads/demo/events").iterdir())[0]


def test_a_torn_last_line_is_healed_and_reported(thread_lab):
    thread_lab.ok("note", "first")
    with open(events(thread_lab), "ab") as file:
        file.write(b'{"v":1,"id":"01H')
    assert thread_lab.run("verify").returncode == 6
    thread_lab.ok("note", "second")
    assert thread_lab.run("verify").returncode == 0
    assert b'{"v":1,"id":"01H\n' in events(thread_lab).read_bytes()  # no byte is removed


def test_a_changed_line_breaks_the_chain(thread_lab):
    thread_lab.ok("note", "first words")
    thread_lab.ok("note", "second")
    path = events(thread_lab)
    path.write_bytes(path.read_bytes().replace(b"first words", b"other words"))
    done = thread_lab.json("verify")
    assert not done["ok"] and any(f["code"] == "broken-chain" for f in done["data"]["faults"]), done
    assert all(f["mend"] for f in done["data"]["faults"])
    thread_lab.ok("brief")


def test_a_removed_end_shows_against_the_seal(thread_lab):
    thread_lab.ok("run", "--", "true")
    thread_lab.ok("note", "to be removed")
    thread_lab.ok("seal", "one")
    path = events(thread_lab)
    lines = path.read_bytes().splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if json.loads(line)["kind"] == "snapshot")
    path.write_bytes(b"".join(lines[: at - 1]))
    assert thread_lab.run("verify").returncode == 6


def test_a_deleted_or_damaged_index_costs_nothing(thread_lab):
    thread_lab.ok("note", "first")
    index = thread_lab.repo / ".git/leadline/index.sqlite"
    index.write_bytes(b"no database" * 1000)
    assert "first" in thread_lab.ok("tried", "first")
    for file in index.parent.glob("index.sqlite*"):
        file.unlink()
    assert thread_lab.json("note", "again")["data"]["id"] == "P-N2"


def test_a_hand_edit_of_the_logbook_is_found_and_adopted(lab):
    lab.ok("start", "demo", "--prefix", "P", "--goal", "g", "--success", "time_ms:ms:lower")
    lab.ok("run", "--", "true")
    lab.ok("update", "--change", "one run")
    path = lab.repo / ".agents/logbooks/demo.md"
    path.write_text(path.read_text() + "\n### 2026-01-02 03:04 - by hand\n\nI saw smoke.\n")
    done = lab.json("verify")
    assert not done["ok"] and any("adopt" in f["mend"] for f in done["data"]["faults"]), done
    lab.ok("adopt")
    assert lab.run("verify").returncode == 0, lab.run("verify").stdout
    assert "I saw smoke." in lab.ok("logbook")


@pytest.mark.parametrize(
    "verb", ["brief", "claims", "show P-C1", "logbook", "issue show", "status"]
)
def test_a_run_whose_file_was_appended_to_is_disputed_wherever_it_is_shown(thread_lab, verb):
    says = """echo '{"loss": 0.5}'"""
    thread_lab.ok("run", "--repeat", "3", "--", "sh", "-c", says)
    thread_lab.ok("claim", "small", "--that", "loss(P-001) < 0.6")
    assert "disputed" not in thread_lab.ok(*verb.split())
    for log in (thread_lab.repo / ".git/leadline/runs").glob("*/attempt-1/stdout.log"):
        log.write_text(log.read_text() + '{"loss": 0.1}\n')
    assert "3 runs disputed" in thread_lab.ok(*verb.split())


def test_a_changed_record_says_nothing_of_the_files_of_its_run(thread_lab):
    """What the record says of the log is another thing; the log is what it was."""
    thread_lab.ok("run", "--", "sh", "-c", """echo '{"loss": 0.5}'""")
    thread_lab.ok("note", "seen")
    path = events(thread_lab)
    before, log = path.read_bytes(), '("stdout":{[^}]*"size_bytes":)'
    after = re.sub(log.encode(), rb"\g<1>9", before)
    assert after != before
    path.write_bytes(after)
    for each in (thread_lab.repo / ".git/leadline/runs").glob("*/attempt-1/stdout.log"):
        each.touch()  # so that it is looked at
    thread_lab.run("claim", "small", "--that", "loss(P-001) < 0.6")
    thread_lab.run("sync")
    thread_lab.ok("note", "more")
    assert b'"disputed"' not in path.read_bytes()

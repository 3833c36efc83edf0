"""`leadline verify`: clean when all is well, one line per fault with what mends it; nothing is
changed unseen."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leadline.core.record.contents import named_in
from leadline.core.record.event import Record, line_digest, parse_lines
from tests.conftest import Lab

PY = sys.executable


def _full(lab: Lab) -> None:
    """A thread with a run, notes, a claim with a cited number and a seal."""
    lab.write("b.py", "print('{\"time_ms\": 12.5}')\n")
    lab.ok("run", "--repeat", "2", "--", PY, "b.py")
    lab.ok("note", "P-001", "--interpretation", "it takes {{P-001.time_ms}}")
    lab.ok("seal", "one", "--message", "sealed")


@pytest.fixture
def full(as_built: Callable[[Callable[[Lab], None]], Lab]) -> Lab:
    return as_built(_full)


def events(lab: Lab) -> Path:
    return next((lab.repo / ".git/leadline/threads/demo/events").glob("*.jsonl"))


def verify(lab: Lab, *args: str) -> dict[str, Any]:
    done = lab.json("verify", *args)
    assert "data" in done, done
    data: dict[str, Any] = done["data"]
    assert done["ok"] == (not data["faults"])
    return data


def codes(lab: Lab, *args: str) -> set[str]:
    return {f["code"] for f in verify(lab, *args)["faults"]}


def rewrite(lab: Lab, old: bytes, new: bytes) -> None:
    data = events(lab).read_bytes()
    assert old in data
    events(lab).write_bytes(data.replace(old, new))


def test_clean_after_everything_was_thrown_away(full: Lab) -> None:
    assert codes(full) == set()
    full.git("reset", "-q", "--hard")
    full.git("clean", "-fdxq")
    full.git("checkout", "-q", "--orphan", "elsewhere")
    full.git("rm", "-rqf", ".")
    assert codes(full) == set()
    assert "find out" in full.ok("brief")
    out = full.ok("verify")
    assert "no fault" in out and out.count("\n") == 1


def test_a_changed_number_shows_and_is_put_back_from_the_branch(full: Lab) -> None:
    rewrite(full, b"12.5", b"11.5")
    found = codes(full)
    assert {"broken-chain", "history-rewritten"} <= found and full.run("verify").returncode == 6
    healed = verify(full, "--heal")
    assert healed["faults"] == [] and "put back" in healed["healed"][0]["what"]
    assert b"11.5" in Path(healed["healed"][0]["aside"]).read_bytes()
    assert b"12.5" in events(full).read_bytes()


def test_healing_keeps_what_came_after_the_published_part(full: Lab) -> None:
    full.ok("note", "after the seal")
    rewrite(full, b"12.5", b"11.5")
    assert verify(full, "--heal")["faults"] == []
    assert "after the seal" in full.ok("show", "P-N2")


def test_history_rewritten_as_a_whole_is_found_by_the_seal(full: Lab) -> None:
    """Every digest recomputed: the chain is whole, and what the tag sealed is gone."""
    from leadline.core.record.event import line_digest, parse_line

    out, previous = [], ""
    for line in events(full).read_bytes().replace(b"12.5", b"11.5").splitlines():
        fields = {**json.loads(line), "prev": previous}
        made = parse_line(json.dumps(fields).encode()).line()
        out.append(made)
        previous = line_digest(made)
    events(full).write_bytes(b"".join(out))
    found = codes(full)
    assert "broken-chain" not in found and "history-rewritten" in found


def test_a_snapshot_record_rewritten_with_its_heads_is_found_by_the_tag(full: Lab) -> None:
    rewrite(full, b'"heads":{', b'"heads":{"w0":"sha256:0",')
    assert "seal-broken" in codes(full)


def test_no_cache_stands_between_verify_and_the_files(full: Lab) -> None:
    """Same length, same time stamp: only reading the files shows it."""
    import os

    stat = events(full).stat()
    rewrite(full, b'"heads":{', b'"HEADS":{')
    os.utime(events(full), ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert "seal-broken" in codes(full)


def test_a_cut_end_is_found_by_the_seal(full: Lab) -> None:
    full.ok("note", "tail")
    path = events(full)
    lines = path.read_bytes().splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if b'"kind":"snapshot"' in line)
    snapshot = json.loads(lines[at])
    other = path.with_name("wother-1.jsonl")
    snapshot["prev"], snapshot["writer"] = "", "wother"
    from leadline.core.record.event import parse_line

    other.write_bytes(parse_line(json.dumps(snapshot).encode()).line())
    path.write_bytes(b"".join(lines[: at - 1]))
    assert "history-rewritten" in codes(full)


@pytest.mark.parametrize(
    ("break_it", "code"),
    [
        (["tag", "-d", "leadline/demo/one"], "tag-missing"),
        (["tag", "-f", "leadline/demo/one", "HEAD"], "tag-not-annotated"),
        (["tag", "-f", "-a", "-m", "else", "leadline/demo/one", "HEAD"], "seal-broken"),
    ],
)
def test_tags(full: Lab, break_it: list[str], code: str) -> None:
    full.git(*break_it)
    assert code in codes(full)


def test_a_moved_tag(full: Lab) -> None:
    message = full.git("tag", "-l", "--format=%(contents)", "leadline/demo/one")
    full.git("tag", "-f", "-a", "-m", message, "leadline/demo/one", "HEAD")
    assert "tag-moved" in codes(full)


def test_a_torn_line_is_named_and_healed(full: Lab) -> None:
    other = events(full).with_name("wother-1.jsonl")
    other.write_bytes(b'{"torn')
    found = verify(full)
    assert [f["code"] for f in found["faults"]] == ["torn-line"] and "--heal" in found["faults"][0][
        "mend"
    ]
    assert verify(full, "--heal")["faults"] == [] and codes(full) == set()
    assert other.read_bytes() == b'{"torn'


def test_missing_records_leave_a_gap_in_the_ids(full: Lab) -> None:
    full.ok("note", "last", env={"LEADLINE_SESSION": "second"})
    full.ok("note", "really last", env={"LEADLINE_SESSION": "third"})
    next(events(full).parent.glob("*second*")).unlink()
    found = verify(full)
    codes_found = [f["code"] for f in found["faults"]]
    assert codes_found == ["records-missing", "id-gap"]


def test_a_code_state_that_is_gone(full: Lab) -> None:
    for ref in full.git("for-each-ref", "--format=%(refname)", "refs/leadline/code").split():
        full.git("update-ref", "-d", ref)
    full.git("reflog", "expire", "--expire=now", "--all")
    full.git("gc", "-q", "--prune=now")
    assert "code-state-missing" in codes(full)


def without_the_branch(lab: Lab) -> None:
    lab.git("update-ref", "-d", "refs/heads/leadline/records")


def test_a_thread_of_which_nothing_is_left_but_how_far_it_was_written(full: Lab) -> None:
    without_the_branch(full)
    events(full).unlink()
    assert codes(full) == {"thread-gone", "run-without-plan"}
    shutil.rmtree(full.repo / ".git/leadline/runs")
    assert codes(full) == {"thread-gone"}
    shutil.rmtree(full.repo / ".git/leadline/threads")
    noted = [f["code"] for f in verify(full)["notes"]]
    assert codes(full) == set() and noted == [
        "sealed-elsewhere"
    ]  # as in a clone without the record


def test_an_end_cut_after_a_line_shows_by_the_folders_of_the_runs(full: Lab) -> None:
    full.git("tag", "-d", *full.git("tag").split())
    without_the_branch(full)
    lines = events(full).read_bytes().splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if b'"kind":"run-planned"' in line)
    shutil.rmtree(full.repo / ".git/leadline/threads/demo/heads")
    events(full).write_bytes(b"".join(lines[:at]))
    assert codes(full) == {"run-without-plan"}
    assert codes(full, "--thread", "demo") == {"run-without-plan"}
    events(full).write_bytes(b"".join(lines))
    assert codes(full) == {"tag-missing"}


def test_a_link_in_the_place_of_a_head_keeps_no_record_from_being_written(full: Lab) -> None:
    (head,) = (full.repo / ".git/leadline/threads/demo/heads").iterdir()
    head.unlink()
    head.symlink_to(head.name)
    full.ok("note", "after that")
    assert not head.is_symlink() and codes(full) == set()


def named(lab: Lab, what: str) -> list[Path]:
    """The blobs that the records of a thread name in one field."""
    wanted = [d for record in records(lab) for row, d in named_in(record) if row.field == what]
    digests = [digest.removeprefix("sha256:") for digest in wanted]
    assert digests, what
    return [lab.repo / ".git/leadline/blobs" / d[:2] / d[2:] for d in dict.fromkeys(digests)]


def records(lab: Lab) -> list[Record]:
    lines = events(lab).read_bytes().splitlines(keepends=True)
    return [record for record in parse_lines(lines) if isinstance(record, Record)]


@pytest.mark.parametrize("what", ["bundle.*", "software.packages_blob", "unlisted.blob"])
def test_a_damaged_payload_is_a_fault_and_is_put_back_or_set_aside(full: Lab, what: str) -> None:
    full.run("sync")
    assert codes(full) == set()  # and from here on what was found whole is not read again
    for blob in named(full, what):
        whole = blob.read_bytes()
        blob.write_bytes(whole[:-1] + b"!")
        assert "blob-damaged" in codes(full)
        full.run("sync")
        assert codes(full, "--heal") == set()
        assert not blob.exists() if what == "unlisted.blob" else blob.read_bytes() == whole


def test_a_payload_that_is_gone_is_named(full: Lab) -> None:
    full.run("sync")
    for blob in named(full, "software.packages_blob"):
        blob.unlink()
    assert "blob-missing" in codes(full)
    assert codes(full, "--heal") == set()
    for blob in named(full, "unlisted.blob"):
        blob.unlink()
    data = verify(full)
    assert not data["faults"] and "blob-missing" in [f["code"] for f in data["notes"]]


def test_the_same_once_more_mends_what_was_damaged(thread_lab: Lab) -> None:
    _full(thread_lab)
    for blob in named(thread_lab, "software.packages_blob") + named(thread_lab, "unlisted.blob"):
        blob.write_bytes(b"changed")
    thread_lab.ok("run", "--", PY, "b.py")
    assert codes(thread_lab) == set()


def test_what_stays_on_its_machine_is_on_no_branch_and_not_asked_of_others(
    full: Lab, tmp_path: Path
) -> None:
    origin, clone = tmp_path / "origin.git", tmp_path / "clone"
    full.git("init", "-q", "--bare", str(origin))
    full.git("remote", "add", "origin", str(origin))
    full.git("push", "-q", "origin", "HEAD")
    full.ok("sync")
    full.git("clone", "-q", str(origin), str(clone))
    other = Lab(clone, full.env)
    other.ok("sync")
    for blob in named(full, "software.packages_blob"):
        assert (other.repo / blob.relative_to(full.repo)).exists()
    for blob in named(full, "unlisted.blob"):
        assert not (other.repo / blob.relative_to(full.repo)).exists()
    for full_read in ((), ("--full",)):
        data = verify(other, *full_read)
        said = [f["code"] for f in (*data["faults"], *data["notes"])]
        assert not [code for code in said if code.startswith("blob-")]


def test_a_cited_number_that_no_longer_holds(full: Lab) -> None:
    """A conclusion that rests on it is a fault; what a note tells of the withdrawn run itself, none."""
    full.ok("decide", "take it at {{P-001.time_ms}}", "--evidence", "P-001")
    full.ok("retract", "P-001", "--why", "wrong input")
    data = verify(full)
    found = [f for f in data["faults"] if f["code"] == "number-changed"]
    assert [f["where"] for f in found] == ["P-D1"] and "no longer holds" in found[0]["what"]
    noted = [(f["code"], f["where"]) for f in data["notes"]]
    assert ("number-changed", "P-N1") in noted and ("evidence-withdrawn", "P-D1") in noted


def test_a_malformed_record_is_named(full: Lab) -> None:
    at, body = "2026-01-01T00:00:00.000Z", {"unit": "ms"}  # which lacks a name
    bad = Record("01K" + "0" * 23, at, "demo", "wbad", "metric-defined", "Eve", body, "")
    (events(full).parent / "wbad-1.jsonl").write_bytes(bad.line())  # as a foreign program's
    assert codes(full) == {"malformed-record"}
    assert full.run("brief").returncode == 0
    (told,) = [c for c in full.json("doctor")["data"] if "quarantined" in c["what"]]
    assert told["what"] == "1 record quarantined (1 metric-defined)"
    assert (told["state"], told["mend"]) == ("problem", "leadline verify")


@pytest.mark.parametrize(
    ("at", "uid", "said"),
    [
        ("2026-01-01T00:00:00.000Z", f"7{'Z' * 25}", "a time that no clock says"),
        ("9999-01-01T00:00:00.000Z", "01K" + "0" * 23, "its newest record is of 9999-01-01"),
        ("2025-01-01T00:00:00.000Z", "01K" + "0" * 23, "comes after one at 2026"),
    ],
)
def test_a_clock_that_was_off_is_a_note(thread_lab: Lab, at: str, uid: str, said: str) -> None:
    first = Record(
        "01J" + "0" * 23,
        "2026-01-01T00:00:00.000Z",
        "demo",
        "weve",
        "note",
        "Eve",
        {"id": "P-N1"},
        "",
    )
    prev = line_digest(first.line())
    second = Record(uid, at, "demo", "weve", "note", "Eve", {"id": "P-N2"}, prev)
    events(thread_lab).with_name("weve-1.jsonl").write_bytes(first.line() + second.line())
    found = verify(thread_lab)
    assert found["faults"] == []
    (note,) = [n for n in found["notes"] if n["code"] == "clock-off"]
    assert said in note["what"] and note["where"] == "weve"


def test_a_number_beyond_all_others_is_named_at_once(thread_lab: Lab) -> None:
    at = "2026-01-01T00:00:00.000Z"
    body = {"id": "P-N99999999", "text": "x"}
    record = Record("01J" + "0" * 23, at, "demo", "weve", "note", "Eve", body, "")
    events(thread_lab).with_name("weve-1.jsonl").write_bytes(record.line())
    (gap,) = verify(thread_lab)["faults"]
    assert gap["code"] == "id-gap" and "no record has number 1, 2, 3, 4, 5 …" in gap["what"]


def test_links_both_ways(full: Lab) -> None:
    issue = full.json("issue")["data"]
    assert "demo.md" in json.dumps(issue) or "logbook.md" in json.dumps(issue)
    assert "**Issue:**" in full.ok("logbook")


def test_an_open_run_is_a_note(full: Lab) -> None:
    from leadline.adapters.clock import SystemClock
    from leadline.adapters.store.event_log import EventLog

    log = EventLog(str(full.repo / ".git/leadline"), "wopen", "Eve", SystemClock())
    with log.transaction("demo") as writing:
        writing.add("run-planned", {"id": "P-002-r1", "experiment": "P-002", "argv": ["x"]})
    found = verify(full)
    assert found["faults"] == []
    assert [n["code"] for n in found["notes"]] == ["nobody-vouches", "open-run"]


def test_all_threads_or_one(full: Lab) -> None:
    full.ok("start", "other", "--prefix", "Q", "--no-branch", "--goal", "x")
    rewrite(full, b"12.5", b"11.5")
    assert codes(full, "--thread", "other") == set()
    assert verify(full)["threads"] == ["demo", "other"] and codes(full)


def test_nothing_here_is_no_fault(lab: Lab) -> None:
    assert verify(lab)["threads"] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="it takes root to mount")
def test_a_copy_on_a_disk_that_cannot_be_written_is_verified(full: Lab, tmp_path: Path) -> None:
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], capture_output=True)
    if mounted.returncode:
        pytest.skip("no tmpfs can be mounted")
    try:
        shutil.copytree(full.repo, place / "repo", symlinks=True)
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        other = Lab(place / "repo", full.env)
        assert "no fault" in other.ok("verify")
        assert other.run("note", "x").returncode == 7
    finally:
        subprocess.run(["umount", "-l", place], check=True)

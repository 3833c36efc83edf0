"""`doctor --mend` clears what killed commands and power cuts left, and nothing else."""

from __future__ import annotations

import os

import pytest

from tests.conftest import Lab

DEAD = 4_194_303  # above the kernel's largest number of a process


def mended(lab: Lab) -> dict[str, str]:
    checks = lab.json("doctor", "--mend")["data"]
    return {check["name"]: check["what"] for check in checks if check["group"] == "mended"}


def test_left_over_temporary_files_go_and_others_stay(thread_lab: Lab) -> None:
    root = thread_lab.repo / ".git/leadline"
    left = [
        root / f"threads/demo/events/w1-1.jsonl.{DEAD}.tmp",
        root / f"blobs/ab/{'c' * 62}.{DEAD}.tmp",
        root / f"code-index/0123.json.{DEAD}",
        thread_lab.repo / f".agents/logbooks/demo.md.{DEAD}.tmp",
    ]
    kept = [root / f"locks/x.{os.getpid()}.tmp", root / "runs/a/attempt-1/result.tmp"]
    for path in (*left, *kept):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("half")
    said = mended(thread_lab)["temporary files"]
    assert not any(path.exists() for path in left) and all(path.exists() for path in kept)
    assert "w1-1.jsonl" in said
    assert mended(thread_lab)["temporary files"] == "nothing to mend"
    thread_lab.ok("verify")


def test_files_of_an_older_version_are_closed(thread_lab: Lab) -> None:
    root = thread_lab.repo / ".git/leadline"
    event_file = next(root.rglob("*.jsonl"))
    event_file.chmod(0o644)
    event_file.parent.chmod(0o755)
    mended(thread_lab)
    assert event_file.stat().st_mode & 0o777 == 0o600
    assert event_file.parent.stat().st_mode & 0o777 == 0o700


def run_without_its_end(thread_lab: Lab) -> None:
    """A run of which a power cut left all but the record that it ended."""
    thread_lab.ok("run", "--", "true")
    event_file = next((thread_lab.repo / ".git/leadline/threads").rglob("*.jsonl"))
    lines = event_file.read_bytes().splitlines(keepends=True)
    event_file.write_bytes(b"".join(line for line in lines if b'"kind":"run-ended"' not in line))
    for path in (thread_lab.repo / ".git/leadline").glob("index.sqlite*"):
        path.unlink()


def test_a_run_whose_marker_is_gone_is_ended(thread_lab: Lab) -> None:
    run_without_its_end(thread_lab)
    assert "P-001-r1" in mended(thread_lab)["runs"]
    assert thread_lab.json("show", "P-001-r1")["data"]["state"] == "done"


def test_an_emptied_marker_keeps_no_run_running(thread_lab: Lab) -> None:
    run_without_its_end(thread_lab)
    uid = next((thread_lab.repo / ".git/leadline/runs").iterdir()).name
    (thread_lab.repo / ".git/leadline/open" / uid).write_bytes(b"")
    thread_lab.ok("status")
    assert thread_lab.json("show", "P-001-r1")["data"]["state"] == "done"


@pytest.mark.parametrize("content", [b"", b"1" * 40 + b"\n"])
def test_a_broken_record_branch_is_moved_aside_and_made_again(
    thread_lab: Lab, content: bytes
) -> None:
    thread_lab.run("sync")
    ref = thread_lab.repo / ".git/refs/heads/leadline/records"
    ref.write_bytes(content)
    assert "leadline/records" in mended(thread_lab)["git"]
    thread_lab.run("sync")
    assert "demo/logbook.md" in thread_lab.git("ls-tree", "-r", "--name-only", "leadline/records")


def test_old_locks_of_our_refs_go_and_those_of_the_user_stay(thread_lab: Lab) -> None:
    refs = thread_lab.repo / ".git/refs"
    of_records = ("heads/leadline/records", "remotes/origin/leadline/records", "leadline/code/x")
    left = [refs / f"{name}.lock" for name in of_records]
    new = refs / "leadline/code/y.lock"
    theirs = [refs / "heads/main.lock", refs / "remotes/origin/main.lock"]
    for path in (*left, new, *theirs):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for path in (*left, *theirs):
        os.utime(path, (0, 0))
    said = mended(thread_lab)["git"]
    assert [path for path in (*left, new, *theirs) if path.exists()] == [new, *theirs]
    assert "refs/remotes/origin/leadline/records.lock" in said


def test_nobody_else_reads_what_is_kept_beside_the_record(thread_lab: Lab) -> None:
    before = os.umask(0o022)
    try:
        thread_lab.ok("run", "--", "echo", '{"loss": 1}')
        for verb in ("note text", "brief", "next", "status", "tried text", "seal first"):
            thread_lab.run(*verb.split())
    finally:
        os.umask(before)
    root = thread_lab.repo / ".git/leadline"
    assert (root / "run-spans").is_file()
    assert [p for p in root.rglob("*") if p.is_file() and p.stat().st_mode & 0o077] == []


@pytest.mark.parametrize("verb", [("doctor", "--mend"), ("seal", "later"), ("seal",)])
def test_a_seal_that_was_cut_short_gets_its_tag(thread_lab: Lab, verb: tuple[str, ...]) -> None:
    for name in ("one", "two", "sent"):
        thread_lab.ok("seal", name)
    thread_lab.git("tag", "-d", "leadline/demo/one", "leadline/demo/sent")
    thread_lab.git("remote", "add", "origin", "nowhere")
    sent = thread_lab.git("rev-parse", "leadline/demo/two")
    thread_lab.git("update-ref", "refs/leadline/remotes/origin/tags/leadline/demo/sent", sent)
    said = thread_lab.ok(*verb)
    assert "leadline/demo/one" in said and "leadline/demo/two" not in said
    there = thread_lab.git("tag", "--list").split()
    assert "leadline/demo/one" in there and "leadline/demo/sent" not in there

"""`leadline seal`: record, bundle, annotated tag and issue comment, and nothing of the user's."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Lab

PY = sys.executable
BRANCH = "leadline/records"


def _measured(lab: Lab) -> None:
    """Two experiments, a baseline, a dirty tree."""
    lab.write("bench.py", "import sys; print('{\"time_ms\": %s}' % sys.argv[1])\n")
    lab.ok("run", "--set", "block=8", "--set", "seed=3", "--", PY, "bench.py", "10")
    lab.ok("run", "--experiment", "P-001")
    lab.ok("run", "--set", "block=64", "--set", "seed=3", "--", PY, "bench.py", "5")
    lab.ok("baseline", "set", "P-001")


@pytest.fixture
def measured(as_built: Callable[[Callable[[Lab], None]], Lab]) -> Lab:
    return as_built(_measured)


def seal(lab: Lab, *args: str) -> dict[str, Any]:
    done = lab.json("seal", *args)
    assert done["ok"], done
    data: dict[str, Any] = done["data"]
    return data


def test_tag_bundle_comment_and_record(measured: Lab) -> None:
    done = seal(measured, "first", "--message", "{{P-002.time_ms}} with blocks of 64")
    assert done["tag"] == "leadline/demo/first" and done["id"] == "P-S1"
    assert measured.git("cat-file", "-t", "leadline/demo/first") == "tag"
    assert measured.git("rev-parse", "leadline/demo/first^{commit}") == done["commit"]
    message = measured.git("tag", "-l", "--format=%(contents)", "leadline/demo/first")
    assert f"Leadline-Heads: {done['heads_digest']}" in message and "Posted by Leadline" in message
    bundle = json.loads(measured.git("show", f"{BRANCH}:demo/snapshots/first/bundle.json"))
    assert [e["id"] for e in bundle["experiments"]] == ["P-001", "P-002"]
    run = bundle["experiments"][0]["runs"][0]
    assert (
        run["argv"] == [PY, "bench.py", "10"]
        and run["code"]["commit"]
        and run["hardware"]
        and run["software"]
    )
    assert run["seeds"] == {"seed": 3} and bundle["baseline"] == "P-001"
    assert [
        (
            r["experiment"],
            r["metrics"]["time_ms"]["n"],
            r["metrics"]["time_ms"]["ratio_to_baseline"],
        )
        for r in bundle["table"]["rows"]
    ] == [("P-001", 2, 1.0), ("P-002", 1, 0.5)]
    page = measured.git("show", f"{BRANCH}:demo/snapshots/first/bundle.md")
    assert "bench.py 10" in page and "leadline reproduce P-S1" in page
    rows = list(
        csv.reader(io.StringIO(measured.git("show", f"{BRANCH}:demo/snapshots/first/table.csv")))
    )
    assert rows[0][:4] == ["experiment", "title", "baseline", "block"] and rows[1][3] == "8"
    issue = measured.git("show", f"{BRANCH}:demo/issue.md")
    assert "leadline/demo/first" in issue and done["heads_digest"] in issue
    verified = measured.run("verify")
    assert verified.returncode == 0, verified.stdout


def test_the_record_of_a_seal_names_its_bundle_and_repeats_none_of_it(measured: Lab) -> None:
    done = seal(measured, "first", "--message", "{{P-002.time_ms}} with blocks of 64")
    files = measured.repo.glob(".git/leadline/threads/demo/events/*.jsonl")
    lines = [line for file in files for line in file.read_text().splitlines()]
    [line] = (line for line in lines if '"kind":"snapshot"' in line)
    body = json.loads(line)["body"]
    assert body["bundle"].keys() == {"bundle.json", "bundle.md", "table.csv"}
    assert body["refs"] == {} and "table" not in body
    comments = measured.git("show", f"{BRANCH}:demo/issue.md")
    assert done["id"] in comments and "| P-001 (baseline) |" in comments


def test_dirty_and_staged_files_are_left_alone(measured: Lab) -> None:
    measured.write("staged.py", "x\n")
    measured.git("add", "staged.py")
    measured.write("code.py", "dirty\n")
    measured.write("result.txt", "42\n")
    before = measured.git("status", "--porcelain")
    done = seal(measured, "--commit", "result.txt")
    assert done["name"] == "S1" and [c["path"] for c in done["committed"]] == ["result.txt"]
    after = measured.git("status", "--porcelain")
    assert set(before.splitlines()) - set(after.splitlines()) == {"?? result.txt"}
    assert measured.git("show", "leadline/demo/S1^{commit}:result.txt") == "42"
    assert "staged.py" not in measured.git("ls-tree", "-r", "--name-only", "HEAD")


def test_a_lock_that_keeps_the_logbook_from_being_committed_is_named(measured: Lab) -> None:
    lock = measured.write(".git/index.lock", "")
    os.utime(lock, (0, 0))
    said = measured.ok("seal", "one")
    assert (
        f"logbook   not written: Nothing was committed: a lock is in the way, {lock}, made" in said
    )
    lock.unlink()
    assert "not written" not in measured.ok("seal", "two")


def test_a_name_in_use_and_bad_names_are_refused(measured: Lab) -> None:
    seal(measured, "first")
    again = measured.json("seal", "first")
    assert (
        again["error"]["kind"] == "conflict"
        and again["error"]["next"][0] == "leadline seal first-2"
    )
    measured.git("tag", "leadline/demo/mine")
    assert measured.json("seal", "mine")["error"]["code"] == "tag-exists"
    for bad in ("a b", "../up", "-x-", "a..b", "x.lock"):
        assert (
            measured.run("seal", "--", bad).returncode == 2
            or measured.run("seal", bad).returncode == 2
        )
    assert measured.json("seal", "ok", "--at", "nothing")["error"]["code"] == "no-such-commit"
    assert measured.json("seal", "ok", "--commit", "nofile")["error"]["code"] == "no-such-file"
    assert len(measured.git("tag", "-l").splitlines()) == 2


def test_a_tag_that_was_lost_is_made_again_from_the_record(measured: Lab) -> None:
    done = seal(measured, "first")
    measured.git("tag", "-d", "leadline/demo/first")
    lost = measured.json("verify")
    assert [f["code"] for f in lost["data"]["faults"]] == ["tag-missing"]
    measured.ok("note", "something came later")
    assert seal(measured, "first")["heads_digest"] == done["heads_digest"]
    assert measured.json("verify")["ok"]


def test_push_and_what_is_left_without_a_remote(measured: Lab, tmp_path: Path) -> None:
    assert "leadline sync" in seal(measured, "first")["left"]
    failed = measured.run("seal", "second", "--push")
    assert failed.returncode == 8 and measured.git("tag", "-l", "leadline/demo/second")
    remote = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", str(remote)], check=True, env=measured.env)
    measured.git("remote", "add", "origin", str(remote))
    assert seal(measured, "third", "--push")["pushed"]
    there = subprocess.check_output(["git", "-C", str(remote), "tag", "-l"], text=True).split()
    assert there == ["leadline/demo/first", "leadline/demo/second", "leadline/demo/third"]


def test_in_an_empty_repository(tmp_path: Path, thread_lab: Lab) -> None:
    lab = Lab(tmp_path / "empty", thread_lab.env)
    lab.repo.mkdir()
    lab.git("init", "-q", "-b", "main")
    lab.ok("start", "fresh", "--prefix", "F", "--goal", "g", "--no-branch")
    done = seal(lab, "zero")
    assert lab.git("rev-parse", "leadline/fresh/zero^{commit}") == done["commit"]
    assert lab.json("verify")["ok"]


@pytest.mark.parametrize("name", ["P-002", "p-002", "P-W3", "baseline", "Latest"])
def test_a_name_that_hides_an_id_is_refused_with_one_that_works(measured: Lab, name: str) -> None:
    error = measured.json("seal", name)["error"]
    assert error["code"] == "name-shadows-id"
    assert error["next"] == [f"leadline seal {name}-sealed"]
    assert seal(measured, f"{name}-sealed")["name"] == f"{name}-sealed"

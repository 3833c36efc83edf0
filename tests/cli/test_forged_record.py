"""Somebody else rewrites the record branch and pushes it: what was written here, or seen here first,
stands, and the other version is named with what it says differently."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from leadline.core.record.event import line_digest, parse_line
from leadline.testing.record_store_contract import rechained
from tests.conftest import Lab, sealed_environment

BRANCH = "leadline/records"
HERE = "0.5"
Forging = Callable[[list[bytes]], list[bytes]]


def value(lines: list[bytes]) -> list[bytes]:
    return [line.replace(b'"loss":0.5', b'"loss":0.0001') for line in lines]


def put_in(lines: list[bytes]) -> list[bytes]:
    at = next(i for i, line in enumerate(lines) if b'"text":"two"' in line)
    record = parse_line(lines[at])
    text = record.line().replace(record.id.encode(), b"01AAAAAAAAAAAAAAAAAAAAAAAA")
    return rechained([*lines[:at], text.replace(b'"two"', b'"put in"'), *lines[at:]])


def without(lines: list[bytes]) -> list[bytes]:
    return rechained([line for line in lines if b'"text":"two"' not in line])


FORGED: dict[str, tuple[Forging, str]] = {
    "a value": (value, "metrics.loss: 0.5 here, 0.0001 on origin"),
    "a value, rechained": (
        lambda lines: rechained(value(lines)),
        "metrics.loss: 0.5 here, 0.0001 on origin",
    ),
    "the last line": (
        lambda lines: [*lines[:-1], lines[-1].replace(b'"last"', b'"other"')],
        'text: "last" here, "other" on origin',
    ),
    "a line dropped": (without, "1 record not on origin"),
    "a line put in": (put_in, "1 record on origin and not here"),
}


def send(made: Lab) -> None:
    path = made.repo.with_name("remote.git")
    made.git("init", "-q", "--bare", "-b", "main", str(path))
    made.git("remote", "add", "origin", str(path))
    made.git("push", "-q", "origin", "main")
    program = "print('{\"loss\": 0.5}')"
    made.ok("run", "--set", "lr=1", "--", sys.executable, "-c", program)
    for text in ("two", "last"):
        made.ok("note", text)
    made.ok("sync")


@pytest.fixture
def sent(as_built: Callable[..., Lab]) -> Lab:
    """A run and two notes, on a remote as well."""
    return as_built(send)


@pytest.fixture
def remote(sent: Lab) -> Path:
    return sent.repo.with_name("remote.git")


def cloned(tmp_path: Path, remote: Path, name: str) -> Lab:
    made = Lab(tmp_path / name, sealed_environment(tmp_path / f"home-{name}"))
    subprocess.run(["git", "clone", "-q", str(remote), str(made.repo)], check=True, env=made.env)
    return made


def forge(tmp_path: Path, remote: Path, forging: Forging, filtered: bool = False) -> None:
    """In a commit more; or ``filtered``, in every commit that there was."""
    evil = cloned(tmp_path, remote, "evil")
    evil.git("checkout", "-q", BRANCH)
    (path,) = evil.repo.glob("demo/events/*.jsonl")
    data = b"".join(forging(path.read_bytes().splitlines(keepends=True)))
    assert data != path.read_bytes()
    path.write_bytes(data)
    evil.git("commit", "-qam", "forged")
    if filtered:
        evil.git("reset", "-q", "--soft", evil.git("rev-list", "--max-parents=0", "HEAD"))
        evil.git("commit", "-q", "--amend", "-m", "Records of demo")
    evil.git("push", "-qf", "origin", BRANCH)


def faults(lab: Lab) -> dict[str, str]:
    return {fault["code"]: fault["what"] for fault in lab.json("verify")["data"]["faults"]}


@pytest.mark.parametrize("forged", FORGED)
def test_what_this_machine_wrote_stands_and_the_other_version_is_named(
    tmp_path: Path, sent: Lab, remote: Path, forged: str
) -> None:
    forging, what = FORGED[forged]
    (path,) = (sent.repo / ".git/leadline/threads/demo/events").glob("*.jsonl")
    before = path.read_bytes()
    forge(tmp_path, remote, forging, filtered=True)
    synced = sent.run("sync")
    told = synced.stdout + synced.stderr
    assert "disputed" in told and "rewritten" in told and "--explain" in told
    assert path.read_bytes() == before
    assert what in faults(sent)["disputed"]
    assert sent.run("verify", "--heal").returncode == 6  # it takes no side
    assert what.partition(" here")[0] in sent.run("verify", "--explain").stdout
    assert sent.json("show", "P-001-r1")["data"]["metrics"] == {"loss": 0.5}
    # put back by a commit, and nothing was pushed by force
    there = sent.git("show", f"origin/{BRANCH}:demo/events/{path.name}", check=False)
    sent.git("fetch", "-q", "origin", f"{BRANCH}:refs/x")
    assert sent.git("show", f"refs/x:demo/events/{path.name}") == before.decode().strip()
    assert sent.git("rev-list", "--count", "refs/x") > "1" and there != before
    # a person says so, and it is a note from then on
    (version,) = (path.parents[1] / "disputed").iterdir()
    sent.ok("verify", "--settle", version.name, "--why", "a test machine pushed it")
    done = sent.json("verify")["data"]
    assert done["faults"] == [] and "disputed" in [note["code"] for note in done["notes"]]
    sent.ok("sync")
    assert sent.json("verify")["data"]["faults"] == []


def test_a_third_clone_keeps_what_it_saw_first(tmp_path: Path, sent: Lab, remote: Path) -> None:
    third = cloned(tmp_path, remote, "third")
    third.ok("sync")
    forge(tmp_path, remote, lambda lines: rechained(value(lines)))
    assert "disputed" in third.run("sync").stdout
    assert "it was here first" in faults(third)["disputed"]
    assert third.json("show", "P-001-r1")["data"]["metrics"] == {"loss": 0.5}
    # the writer's own machine puts its lines back, and goes on; so does the third
    sent.ok("sync")
    sent.ok("note", "after the forgery")
    sent.ok("sync")
    third.ok("sync")
    assert "after the forgery" in third.ok("logbook") and set(faults(third)) == {"disputed"}
    # Who wrote neither may take the other side; whose lines they are may not.
    (version,) = (third.repo / ".git/leadline/threads/demo/disputed").iterdir()
    third.ok("verify", "--take", version.name, "--why", "the writer told me so")
    assert third.json("show", "P-001-r1")["data"]["metrics"] == {"loss": 0.0001}
    assert faults(third) == {} and not version.exists()
    (mine,) = (sent.repo / ".git/leadline/threads/demo/disputed").iterdir()
    refusal = sent.run("verify", "--take", mine.name)
    assert refusal.returncode != 0 and "this machine wrote" in refusal.stderr


def test_a_clone_that_never_saw_it_reads_the_history_of_the_branch(
    tmp_path: Path, sent: Lab, remote: Path
) -> None:
    sent.ok("note", "one more")
    sent.ok("sync")
    forge(tmp_path, remote, lambda lines: rechained(value(lines)))
    fresh = cloned(tmp_path, remote, "fresh")
    fresh.ok("sync")
    told = faults(fresh)["branch-rewritten"]
    assert "came later" in told and "metrics.loss: 0.0001 here, 0.5 in that version" in told
    sent.ok("sync")  # puts its own back
    assert set(faults(sent)) == {"disputed"}
    later = cloned(tmp_path, remote, "later")
    later.ok("sync")
    done = later.json("verify")["data"]
    (note,) = [note for note in done["notes"] if note["code"] == "branch-rewritten"]
    assert done["faults"] == [] and "was there before it" in note["what"]


@pytest.mark.parametrize("sealed", [True, False])
def test_a_clone_of_a_branch_that_was_rewritten_whole_asks_the_seals_or_says_that_it_cannot_know(
    tmp_path: Path, sent: Lab, remote: Path, sealed: bool
) -> None:
    if sealed:
        sent.ok("seal", "one")
        sent.ok("sync")
    forge(tmp_path, remote, lambda lines: rechained(value(lines)), filtered=True)
    fresh = cloned(tmp_path, remote, "fresh")
    fresh.ok("sync")
    if sealed:
        assert "history-rewritten" in faults(fresh)
        return
    notes = {note["code"] for note in fresh.json("verify")["data"]["notes"]}
    assert faults(fresh) == {} and "nobody-vouches" in notes


def test_an_older_version_pushed_back_is_named_and_undone(
    tmp_path: Path, sent: Lab, remote: Path
) -> None:
    forge(tmp_path, remote, lambda lines: lines[:-2])
    assert "lacks 2 lines that it had there" in sent.ok("sync")
    fresh = cloned(tmp_path, remote, "fresh")
    fresh.ok("sync")
    assert "last" in fresh.ok("logbook") and faults(sent) == {}


def test_a_folder_that_was_deleted_is_named_and_comes_back(
    tmp_path: Path, sent: Lab, remote: Path
) -> None:
    evil = cloned(tmp_path, remote, "evil")
    evil.git("checkout", "-q", BRANCH)
    shutil.rmtree(evil.repo / "demo")
    evil.git("commit", "-qam", "gone")
    evil.git("push", "-q", "origin", BRANCH)
    assert "is gone from there" in sent.ok("sync")
    fresh = cloned(tmp_path, remote, "fresh")
    fresh.ok("sync")
    assert "last" in fresh.ok("logbook")


def test_an_edited_last_line_is_named_before_and_after_the_next_write(thread_lab: Lab) -> None:
    thread_lab.ok("note", "true")
    (path,) = (thread_lab.repo / ".git/leadline/threads/demo/events").glob("*.jsonl")
    path.write_bytes(path.read_bytes().replace(b'"true"', b'"untrue"'))
    assert "changed-line" in faults(thread_lab)
    thread_lab.ok("note", "next")
    assert "changed-line" in faults(thread_lab)
    (fault,) = thread_lab.json("verify")["data"]["faults"]
    thread_lab.ok("verify", "--settle", fault["where"], "--why", "it was I")
    assert faults(thread_lab) == {}


def rewrite(lab: Lab) -> Path:
    """The record of this machine as if it had always said so: every chain and head computed anew."""
    root = lab.repo / ".git/leadline/threads/demo"
    (path,) = (root / "events").glob("*.jsonl")
    lines = rechained(value(path.read_bytes().splitlines(keepends=True)))
    assert b"0.0001" in b"".join(lines)
    path.write_bytes(b"".join(lines))
    head = f"{sum(map(len, lines)):<12} {line_digest(lines[-1])}\n"
    (root / "heads" / path.stem).write_text(head)
    return path


@pytest.fixture
def claimed(thread_lab: Lab) -> Lab:
    program = "print('{\"loss\": 0.5}')"
    thread_lab.ok("run", "--repeat", "3", "--", sys.executable, "-c", program)
    thread_lab.ok("claim", "small", "--that", "loss(P-001) < 1")
    return thread_lab


@pytest.mark.parametrize(
    "anchored",
    [
        "seal one",
        *(pytest.param(a, marks=pytest.mark.long) for a in ("update --change more", "sync")),
    ],
)
def test_a_record_that_was_rewritten_whole_is_named_wherever_it_is_shown(
    claimed: Lab, anchored: str
) -> None:
    claimed.run(*anchored.split())  # (a sync without a remote)
    assert "differ" not in claimed.ok("brief")
    rewrite(claimed)
    for verb in ("brief", "claims", "status", "issue show"):
        assert "from what was written" in claimed.ok(*verb.split()), verb
    for verb in ("update --change x", "update --heartbeat", "seal two"):
        assert "record-altered" in claimed.run(*verb.split(), "--json").stdout, verb
    claimed.ok("note", "the next write")
    assert "from what was written" in claimed.ok("claims")


def test_a_rewritten_record_may_be_put_back_or_said_to_stand(claimed: Lab) -> None:
    claimed.ok("update", "--change", "three runs")
    path = rewrite(claimed)
    where = claimed.json("update", "--heartbeat")["error"]["next"][1].split()[-1]
    kept = path.read_bytes()
    claimed.ok("verify", "--settle", where, "--why", "it was I")
    claimed.ok("update", "--heartbeat")
    assert kept in path.read_bytes()


@pytest.mark.parametrize("mend", [["verify", "--heal"], ["sync"], ["note", "the next write"]])
def test_an_ending_that_cannot_be_read_comes_from_the_run_folder(
    thread_lab: Lab, mend: list[str]
) -> None:
    thread_lab.ok("run", "--", sys.executable, "-c", "print('{\"loss\": 0.5}')")
    (path,) = (thread_lab.repo / ".git/leadline/threads/demo/events").glob("*.jsonl")
    path.write_bytes(path.read_bytes()[:-40] + b"#\n")
    assert thread_lab.json("show", "P-001-r1")["data"]["state"] == "planned"
    assert "torn-line" in faults(thread_lab)
    thread_lab.run(*mend)
    shown = thread_lab.json("show", "P-001-r1")["data"]
    assert shown["state"] == "done" and shown["metrics"] == {"loss": 0.5}

"""A lock in git's way is waited for, and named as what it is when nobody gives it up."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import pytest

from leadline.adapters.git import program
from leadline.adapters.git.repo import Git
from leadline.core.errors import LeadlineError

TRACKING = "refs/leadline/remotes/origin/records"


def git(folder: Path, *words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.org")
    folder = tmp_path / "repo"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "commit", "-q", "--allow-empty", "-m", "first")
    git(folder, "init", "-q", "--bare", str(tmp_path / "there.git"))
    git(folder, "remote", "add", "origin", str(tmp_path / "there.git"))
    git(folder, "push", "-q", "origin", "main")
    return folder


def lock(repo: Path, ref: str, age_s: float = 0) -> Path:
    path = repo / ".git" / f"{ref}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    before = path.stat().st_mtime - age_s
    os.utime(path, (before, before))
    return path


WRITES = {
    "refs/heads/side": lambda vcs, tip: vcs.move_ref("refs/heads/side", tip, None),
    "refs/heads/new": lambda vcs, tip: vcs.create_branch("new"),
    "refs/tags/sealed": lambda vcs, tip: vcs.create_tag("sealed", tip, "words"),
    "HEAD": lambda vcs, tip: vcs.commit_only("log.md", b"words\n", "log"),
    TRACKING: lambda vcs, tip: vcs.fetch_ref("origin", "refs/heads/main", TRACKING),
}


@pytest.mark.parametrize("ref", WRITES)
def test_a_lock_that_was_left_is_named_with_what_removes_it(repo: Path, ref: str) -> None:
    left = lock(repo, ref, age_s=program.STALE_LOCK_S + 60)
    vcs, tip = Git.discover(str(repo)), git(repo, "rev-parse", "HEAD")
    with pytest.raises(LeadlineError) as caught:
        WRITES[ref](vcs, tip)
    error = caught.value
    assert (error.kind, error.code, error.next) == ("conflict", "git-lock", [f"rm {left}"])
    assert str(left) in error.what and "ago" in error.what and "killed" in error.why
    subprocess.run(error.next[0], shell=True, check=True)
    assert WRITES[ref](vcs, git(repo, "rev-parse", "HEAD")) or vcs.ref(ref)


@pytest.mark.parametrize("ref", WRITES)
def test_a_lock_that_is_given_up_is_waited_for(
    repo: Path, ref: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, waited = lock(repo, ref), threading.Event()

    class Time:
        time = staticmethod(program.time.time)

        @staticmethod
        def sleep(seconds: float) -> None:
            waited.set()
            held.unlink(missing_ok=True)

    monkeypatch.setattr(program, "time", Time)
    vcs, tip = Git.discover(str(repo)), git(repo, "rev-parse", "HEAD")
    WRITES[ref](vcs, tip)
    assert waited.is_set()


def test_who_is_there_is_not_said_to_be_away(repo: Path, tmp_path: Path) -> None:
    """The remote answers; what fails is on this side."""
    (repo / ".git/refs/leadline").mkdir(parents=True)
    (repo / ".git/refs/leadline/remotes").write_text("no folder")
    with pytest.raises(LeadlineError) as caught:
        Git.discover(str(repo)).fetch_ref("origin", "refs/heads/main", TRACKING)
    assert caught.value.code != "remote-unreachable"


def test_who_is_away_is_said_to_be(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "there.git").rename(tmp_path / "moved.git")
    with pytest.raises(LeadlineError) as caught:
        Git.discover(str(repo)).fetch_ref("origin", "refs/heads/main", TRACKING)
    assert caught.value.code == "remote-unreachable"

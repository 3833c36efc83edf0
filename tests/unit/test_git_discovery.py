"""Finding the repository, and who commits: the quick way by hand has to agree with git."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from leadline.adapters.git.repo import Git, discovery
from leadline.core.errors import LeadlineError


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.delenv("EMAIL", raising=False)
    folder = tmp_path / "repo"
    git(tmp_path, "init", "-q", "-b", "main", str(folder))
    return folder


def git(folder: Path, *arguments: str) -> str:
    command = [
        "git",
        "-c",
        "user.name=U",
        "-c",
        "user.email=u@x",
        "-c",
        "protocol.file.allow=always",
        *arguments,
    ]
    return subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_by_hand_and_by_git_agree(repo: Path, tmp_path: Path) -> None:
    git(repo, "commit", "-q", "--allow-empty", "-m", "x")
    (repo / "a/b").mkdir(parents=True)
    git(repo, "worktree", "add", "-q", str(tmp_path / "wt"))
    git(tmp_path, "init", "-q", "--separate-git-dir", str(tmp_path / "apart.git"), "apart")
    for folder in (repo, repo / "a/b", tmp_path / "wt", tmp_path / "apart"):
        by_hand = discovery._by_hand(str(folder))
        assert by_hand is not None and by_hand == discovery._by_git(str(folder))
    (tmp_path / "to-b").symlink_to(repo / "a/b")
    assert Git.discover(str(tmp_path / "to-b")).prefix == "a/b/"


def test_unusual_layouts_are_left_to_git(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    git(repo, "config", "core.worktree", str(tmp_path / "elsewhere"))
    assert discovery._by_hand(str(repo)) is None
    assert Git.discover(str(tmp_path / "repo/.git")).common_dir == str(repo / ".git")
    git(repo, "config", "--unset", "core.worktree")
    monkeypatch.setenv("GIT_DIR", str(repo / ".git"))
    assert Git.discover(str(tmp_path / "elsewhere")).toplevel == str(tmp_path / "elsewhere")


def test_no_repository_no_git_and_not_ours(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(LeadlineError) as caught:
        Git.discover(str(tmp_path / "plain"))
    assert caught.value.code == "not-a-git-repository" and caught.value.next == ["git init"]
    with pytest.raises(LeadlineError) as caught:
        Git.discover(str(tmp_path / "not there"))
    assert caught.value.next == [f"git init '{tmp_path}/not there'"]
    vcs = Git.discover(str(repo))
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(LeadlineError) as caught:
        discovery._by_git(str(repo))
    assert caught.value.code == "unsafe-repository"
    monkeypatch.setattr(discovery.os, "geteuid", lambda: 12345)
    assert discovery._by_hand(str(repo)) is None
    monkeypatch.setenv("PATH", str(tmp_path / "plain"))
    for attempt in (lambda: discovery._by_git(str(repo)), vcs.remotes):
        with pytest.raises(LeadlineError) as caught:
            attempt()
        assert caught.value.code == "git-missing"


def test_shallow_clone_and_head_from_packed_refs(repo: Path, tmp_path: Path) -> None:
    for _ in range(3):
        git(repo, "commit", "-q", "--allow-empty", "-m", "x")
    tip = git(repo, "rev-parse", "HEAD")
    git(repo, "pack-refs", "--all")
    assert not (repo / ".git/refs/heads/main").exists()
    assert Git.discover(str(repo)).head() == {"commit": tip, "branch": "main", "unborn": False}
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{repo}", "shallow")
    vcs = Git.discover(str(tmp_path / "shallow"))
    assert vcs.is_shallow and not Git.discover(str(repo)).is_shallow
    (tmp_path / "shallow/new").write_text("x")
    assert vcs.capture().head == tip
    git(repo, "switch", "-q", "--detach")
    assert Git.discover(str(repo)).head() == {"commit": tip, "branch": None, "unborn": False}


def test_identity_comes_from_git_and_falls_back(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vcs = Git.discover(str(repo))
    assert vcs.identity() == {"name": "Leadline", "email": "leadline@localhost", "fallback": True}
    git(repo, "config", "user.name", "Ada")
    git(repo, "config", "user.email", "ada@x")
    assert vcs.identity() == {"name": "Ada", "email": "ada@x", "fallback": False}
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Bo")
    commit = vcs.commit_files("refs/heads/r", {"a": b"1"}, "m")
    assert git(repo, "log", "-1", "--format=%an %ae %cn", commit) == "Bo ada@x Ada"

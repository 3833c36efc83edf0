"""The version-control contract, run on the git adapter."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from leadline.adapters.git.repo import Git
from leadline.ports.vcs import Vcs
from leadline.testing.vcs_contract import VcsContract


class GitBench:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run("init", "-q", "-b", "main", str(folder), cwd=folder.parent)

    def run(self, *arguments: str, cwd: Path | None = None) -> bytes:
        return subprocess.run(
            ["git", *arguments], cwd=cwd or self.folder, check=True, capture_output=True
        ).stdout

    def open(self) -> Vcs:
        return Git.discover(str(self.folder))

    def commit_all(self, message: str) -> str:
        self.run("add", "-A")
        self.run("-c", "user.name=U", "-c", "user.email=u@x", "commit", "-q", "-m", message)
        return self.run("rev-parse", "HEAD").decode().strip()

    def status(self) -> bytes:
        return self.run("status", "--porcelain=v2", "-z", "-uall")

    def add_remote(self, name: str) -> None:
        remote = self.folder.parent / f"{name}.git"
        self.run("init", "-q", "--bare", str(remote))
        self.run("remote", "add", name, str(remote))


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitBench:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return GitBench(tmp_path / "repo")


class TestGit(VcsContract):
    pass

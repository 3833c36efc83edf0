"""Names of refs read from the files are those that git lists, or git is asked."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from leadline.adapters.git.repo import Git, objects

PREFIX = "refs/tags/leadline/t/"


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / "repo"
    git(tmp_path, "init", "-q", "-b", "main", str(folder))
    git(folder, "commit", "-q", "--allow-empty", "-m", "one")
    return folder


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=U", "-c", "user.email=u@x", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def names(repo: Path) -> set[str] | None:
    """As read from the files; the port has to say what git says, whatever way it takes."""
    listed = git(repo, "for-each-ref", "--format=%(refname)", PREFIX).split()
    assert Git.discover(str(repo)).tag_names("leadline/t/") == sorted(
        n.removeprefix("refs/tags/") for n in listed
    )
    return objects.ref_names_files(str(repo / ".git"), PREFIX)


def test_loose_packed_both_and_none(repo):
    assert names(repo) == set()
    for tag in ("leadline/t/a", "leadline/t/deep/er", "leadline/tother/b", "leadline/t2", "v1"):
        git(repo, "tag", "-a", "-m", "m", tag)
    expected = {PREFIX + "a", PREFIX + "deep/er"}
    assert names(repo) == expected
    git(repo, "pack-refs", "--all")
    assert names(repo) == expected
    git(repo, "tag", "-a", "-f", "-m", "again", "leadline/t/a")  # loose and packed
    git(repo, "tag", "leadline/t/plain")
    assert names(repo) == expected | {PREFIX + "plain"}
    git(repo, "tag", "-d", "leadline/t/deep/er")
    assert names(repo) == {PREFIX + "a", PREFIX + "plain"}


def test_a_lock_is_no_ref(repo):
    git(repo, "tag", "leadline/t/a")
    (repo / ".git" / PREFIX / "b.lock").touch()
    assert names(repo) == {PREFIX + "a"}


def test_a_ref_that_cannot_be_read_is_left_to_git(repo):
    git(repo, "tag", "leadline/t/a")
    (repo / ".git" / PREFIX / "broken").write_text("no object\n")
    assert names(repo) is None
    # a symbolic one
    (repo / ".git" / PREFIX / "broken").write_text("ref: refs/tags/leadline/t/a\n")
    assert names(repo) is None


def test_a_name_that_a_file_system_may_spell_otherwise_is_left_to_git(repo):
    git(repo, "-c", "core.precomposeunicode=false", "tag", "leadline/t/größe")
    assert names(repo) is None


def test_another_backend_is_left_to_git(repo):
    (repo / ".git" / "reftable").mkdir()
    assert objects.ref_names_files(str(repo / ".git"), PREFIX) is None


def test_a_linked_worktree_sees_the_same_tags(repo, tmp_path):
    git(repo, "tag", "leadline/t/a")
    git(repo, "worktree", "add", "-q", str(tmp_path / "linked"))
    assert Git.discover(str(tmp_path / "linked")).tag_names("leadline/t/") == ["leadline/t/a"]


@pytest.mark.parametrize("packed", [False, True])
def test_a_ref_that_is_nowhere_needs_no_process(repo, monkeypatch, packed):
    git(repo, "branch", "deep/er")
    if packed:
        git(repo, "pack-refs", "--all")
    found = Git.discover(str(repo))
    monkeypatch.setattr(found._git, "run", None)
    assert found.ref("refs/heads/other") is None
    assert found.ref("refs/heads/mai") is None  # the beginning of one that is there
    assert found.ref("refs/heads/deep/er/more") is None
    assert found.ref("refs/heads/main") == git(repo, "rev-parse", "main").strip()


@pytest.mark.parametrize("how", ["symbolic", "unreadable", "spelt", "elsewhere", "packed apart"])
def test_a_ref_of_which_files_do_not_tell_is_asked_of_git(repo, how):
    name, common = "refs/heads/other", repo / ".git"
    match how:
        case "symbolic":
            git(repo, "symbolic-ref", name, "refs/heads/main")
        case "unreadable":
            (common / name).mkdir()
        case "spelt":
            name = "refs/heads/größe"
        case "elsewhere":
            (common / "reftable").mkdir()
        case "packed apart":
            (common / "packed-refs").mkdir()
    assert objects.read_ref_files(str(common), name) is None

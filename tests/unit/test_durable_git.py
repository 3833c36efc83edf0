"""Code states, tags and branches are on the disk when they are named; what a power cut emptied is made
again."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from leadline.adapters.git import durable
from leadline.adapters.git.repo import Git
from leadline.core.errors import LeadlineError
from tests.conftest import Lab


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths that were synced, below the git directory."""
    seen: list[str] = []
    real = os.fsync

    def fsync(fd: int) -> None:
        seen.append(os.readlink(f"/proc/self/fd/{fd}").rpartition("/.git/")[2])
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    return seen


def place(lab: Lab, name: str) -> Path:
    return lab.repo / ".git" / "objects" / name[:2] / name[2:]


def objects_of(lab: Lab, commit: str) -> list[str]:
    listed = lab.git("rev-list", "--objects", "--no-object-names", commit, "^HEAD")
    return listed.split()


def test_a_code_state_is_on_the_disk_before_its_ref(lab: Lab, synced: list[str]) -> None:
    lab.write("code.py", "changed\n")
    lab.write("inner/new.py", "new\n")
    state = Git.discover(str(lab.repo)).capture()
    ref = f"{state.ref}"
    for name in objects_of(lab, state.commit):
        assert f"objects/{name[:2]}/{name[2:]}" in synced
        assert f"objects/{name[:2]}" in synced
    assert "refs/leadline/code" in synced and "refs/leadline" in synced and "refs" in synced
    assert ref
    synced.clear()
    Git.discover(str(lab.repo)).capture()
    assert synced == []  # unchanged code waits for no disk


def test_so_is_what_the_users_git_wrote_a_moment_ago(lab: Lab, synced: list[str]) -> None:
    lab.write("code.py", "committed\n")
    lab.git("commit", "-q", "-a", "-m", "second")
    state = Git.discover(str(lab.repo)).capture()
    commit = state.commit
    assert commit == lab.git("rev-parse", "HEAD")
    assert f"objects/{commit[:2]}/{commit[2:]}" in synced
    assert "index" in synced and "refs/heads/main" in synced


def test_only_what_is_new_is_looked_at_again(lab: Lab, synced: list[str]) -> None:
    git = Git.discover(str(lab.repo))
    lab.write("code.py", "one\n")
    git.capture()
    os.utime(lab.repo / ".git" / "leadline" / "code-index" / "settled.json.now")
    first = len(synced)
    for path in (lab.repo / ".git" / "objects").iterdir():
        os.utime(path, ns=(1, path.stat().st_mtime_ns - durable.TICK_NS))
    durable.settle(git._git)
    synced.clear()
    durable.settle(git._git)
    assert first and synced == []


def test_tags_and_branches_too(lab: Lab, synced: list[str]) -> None:
    git = Git.discover(str(lab.repo))
    head = lab.git("rev-parse", "HEAD")
    tag = git.create_tag("leadline/t/one", head, "sealed")
    assert f"objects/{tag[:2]}/{tag[2:]}" in synced and "refs/tags/leadline/t" in synced
    tip = git.commit_files("refs/heads/leadline/records", {"a": b"x"}, "first", expected_old=None)
    assert f"objects/{tip[:2]}/{tip[2:]}" in synced and "refs/heads/leadline" in synced


def emptied(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(b"")


def garbled(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(b"\0" * path.stat().st_size)


def gone(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("damage", [emptied, garbled, gone])
@pytest.mark.parametrize("remembered", [True, False])
def test_damaged_objects_of_a_code_state_are_made_again(
    lab: Lab, damage: Callable[[Path], None], remembered: bool
) -> None:
    lab.write("code.py", "changed\n")
    lab.write("inner/new.py", "new\n")
    state = Git.discover(str(lab.repo)).capture()
    names = objects_of(lab, state.commit)
    for name in names:
        damage(place(lab, name))
    if remembered is False:
        for path in (lab.repo / ".git" / "leadline" / "code-index").iterdir():
            path.unlink()
    elif damage is garbled:
        lab.write("code.py", "and changed again\n")  # else it is not looked into
    again = Git.discover(str(lab.repo)).capture()
    lab.git("fsck", "--strict", again.commit)
    if damage is not garbled or not remembered:
        assert again.commit == state.commit
        assert lab.git("show", f"{again.commit}:inner/new.py") == "new"


@pytest.mark.parametrize("damage", [emptied, gone])
def test_so_are_objects_that_only_the_users_index_names(
    lab: Lab, damage: Callable[[Path], None]
) -> None:
    lab.write("staged.py", "staged\n")
    lab.git("add", "staged.py")
    damage(place(lab, lab.git("rev-parse", ":staged.py")))
    state = Git.discover(str(lab.repo)).capture()
    assert lab.git("show", f"{state.commit}:staged.py") == "staged"


@pytest.mark.parametrize("content", [b"", b"\0" * 41])
def test_a_broken_ref_of_a_code_state_is_written_again(lab: Lab, content: bytes) -> None:
    lab.write("code.py", "changed\n")
    git = Git.discover(str(lab.repo))
    state = git.capture()
    (lab.repo / ".git" / str(state.ref)).write_bytes(content)
    assert Git.discover(str(lab.repo)).capture().commit == state.commit
    assert lab.git("rev-parse", str(state.ref)) == state.commit


def test_what_cannot_be_made_again_is_named(lab: Lab) -> None:
    emptied(place(lab, lab.git("rev-parse", "HEAD")))
    with pytest.raises(LeadlineError) as caught:
        Git.discover(str(lab.repo)).capture()
    assert caught.value.kind == "environment" and caught.value.next


def test_the_marks_of_packs_may_be_empty(lab: Lab) -> None:
    """A clone that leaves files to be fetched later has them, and so does a pack that is to be kept."""
    lab.git("gc", "-q")
    packs = lab.repo / ".git" / "objects" / "pack"
    [pack] = packs.glob("*.pack")
    pack.with_suffix(".promisor").touch()
    pack.with_suffix(".keep").touch()
    lab.write("code.py", "changed\n")
    assert Git.discover(str(lab.repo)).capture().dirty


def test_a_damaged_index_of_the_user_is_named_with_a_way_out(lab: Lab) -> None:
    (lab.repo / ".git" / "index").write_bytes(b"")
    with pytest.raises(LeadlineError) as caught:
        Git.discover(str(lab.repo)).capture()
    assert caught.value.code == "index-damaged"
    subprocess.run(caught.value.next[0], shell=True, cwd=lab.repo, env=lab.env, check=True)
    Git.discover(str(lab.repo)).capture()


def test_git_may_pack_its_objects_while_a_code_state_is_made(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = durable._folder_times

    def packed_meanwhile(objects: str) -> dict[str, int]:
        times = listed(objects)
        lab.git("gc", "-q", "--prune=now")
        return times

    monkeypatch.setattr(durable, "_folder_times", packed_meanwhile)
    assert Git.discover(str(lab.repo)).capture().commit == lab.git("rev-parse", "HEAD")
    young = durable._young(str(lab.repo), 0)
    next(young)
    for path in lab.repo.iterdir():
        if path.name != ".git":
            path.unlink()
    assert len([*young]) <= 1

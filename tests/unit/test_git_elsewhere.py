"""Code states of files whose content git-annex or git-lfs keeps beside git's objects. Neither program is
needed: what they leave in a repository is laid there."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from leadline.adapters.git.elsewhere import _lower_folders, _mixed_folders
from leadline.adapters.git.repo import Git
from tests.unit.test_git_code_state import capture, commit, git, put, repo  # noqa: F401

DATA = b"what it was trained on\n"
OID = hashlib.sha256(DATA).hexdigest()
KEY = f"SHA256E-s{len(DATA)}--{OID}.bin"
LFS = f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize {len(DATA)}\n".encode()


def objects_of_annex(folder: Path) -> Path:
    one, two = _mixed_folders(KEY)
    return folder / ".git/annex/objects" / one / two / KEY / KEY


def annexed(folder: Path) -> None:
    """``locked`` as git-annex adds it, ``unlocked`` as it lies after ``git annex unlock``."""
    place = objects_of_annex(folder)
    place.parent.mkdir(parents=True)
    place.write_bytes(DATA)
    place.chmod(0o444)
    (folder / "in").mkdir(exist_ok=True)
    (folder / "in/locked").symlink_to(Path("..") / place.relative_to(folder))
    put(folder, "unlocked", f"/annex/objects/{KEY}\n".encode())
    commit(folder)


def unpacked(folder: Path, name: str, code: str) -> tuple[Path, dict[str, str]]:
    dest = folder.parent / name
    return dest, Git.discover(str(folder)).export_tree(code, str(dest))


def gaps(folder: Path) -> list[tuple[str, str]]:
    return [(gap["path"], gap["kind"]) for gap in capture(folder).gaps]


def test_keys_lie_where_git_annex_has_them() -> None:
    key = "SHA256E-s12--f27dcdea8f1b712e56aada14162b6501dbfa446e810229a0abcd8e58b66a8c39.bin"
    assert _mixed_folders(key) == ("PV", "91") and _lower_folders(key) == ("9b1", "f26")


def test_annexed_content_is_put_in_its_place(repo: Path) -> None:  # noqa: F811
    annexed(repo)
    put(repo, "unlocked", DATA)
    git(repo, "update-index", "--assume-unchanged", "unlocked")  # as its clean filter would say
    dest, left = unpacked(repo, "whole", "HEAD")
    assert left == {}
    assert (dest / "in/locked").read_bytes() == (dest / "unlocked").read_bytes() == DATA
    (dest / "unlocked").write_bytes(b"written by the run\n")
    assert objects_of_annex(repo).read_bytes() == DATA


def test_pointers_whose_content_is_not_here_are_gaps(repo: Path) -> None:  # noqa: F811
    annexed(repo)
    assert gaps(repo) == [("unlocked", "elsewhere")]
    objects_of_annex(repo).unlink()
    assert gaps(repo) == [("in/locked", "elsewhere"), ("unlocked", "elsewhere")]
    dest, left = unpacked(repo, "without", "HEAD")
    get = f"git annex get --key={KEY}"
    assert left == {"in/locked": get, "unlocked": get} and (dest / "in/locked").is_symlink()


def test_annexed_content_of_a_repository_inside_is_found(repo: Path) -> None:  # noqa: F811
    put(repo, "e.py")
    (repo / "data").mkdir()
    git(repo / "data", "init", "-q")
    annexed(repo / "data")
    commit(repo)
    assert gaps(repo) == [("data/unlocked", "elsewhere")] == gaps(repo)
    state = capture(repo)
    dest, left = unpacked(repo, "nested", state.commit)
    if not (dest / "data/in/locked").is_file():
        pytest.fail(f"a dangling link; left: {left}")
    assert (dest / "data/unlocked").read_bytes() == DATA
    objects_of_annex(repo / "data").unlink()
    assert gaps(repo) == [("data/in/locked", "elsewhere"), ("data/unlocked", "elsewhere")]


@pytest.mark.parametrize("name", ["w.bin", "deep/er/w.bin"])
def test_a_pointer_of_git_lfs_is_a_gap_and_is_filled(repo: Path, name: str) -> None:  # noqa: F811
    put(repo, ".gitattributes", b"*.bin filter=lfs\n")
    put(repo, name, LFS)
    put(repo, "notes.md", b"A pointer begins with\n\nversion https://git-lfs.github.com/spec/v1\n")
    commit(repo)
    assert gaps(repo) == [(name, "elsewhere")]
    assert unpacked(repo, "pointers", "HEAD")[1] == {name: "git lfs fetch --all"}
    put(repo / ".git/lfs/objects" / OID[:2] / OID[2:4], OID, DATA)
    dest, left = unpacked(repo, "filled", "HEAD")
    assert (dest / name).read_bytes() == DATA and left == {}

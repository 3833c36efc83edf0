"""Files of ours are as open as their folder, on the disk with all folders above, and no link leads
away from them."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from leadline.adapters import files
from leadline.adapters.sharing import mode_by
from leadline.core.errors import LeadlineError
from leadline.job import disk
from leadline.job.supervise import open_own


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    seen: list[str] = []
    real = os.fsync

    def fsync(fd: int) -> None:
        seen.append(os.readlink(f"/proc/self/fd/{fd}"))
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    return seen


def test_every_folder_made_is_on_the_disk_in_one_that_was_there(
    tmp_path: Path, synced: list[str]
) -> None:
    disk.make_folders(str(tmp_path / "a" / "b" / "c"))
    names = [os.path.relpath(path, tmp_path) for path in synced]
    assert names == ["a/b/c", "a/b", "a", "."]  # each once, and no name before what it names
    disk.make_folders(str(tmp_path / "a" / "b" / "c"))
    assert len(synced) == 4  # what is there costs nothing


@pytest.mark.parametrize(
    ("of_folder", "of_file"), [(0o700, 0o600), (0o2770, 0o660), (0o2775, 0o664), (0o2750, 0o640)]
)
def test_what_is_made_in_a_folder_is_as_open_as_it(
    tmp_path: Path, of_folder: int, of_file: int
) -> None:
    top = tmp_path / "top"
    top.mkdir()
    top.chmod(of_folder)
    before = os.umask(0o077)
    try:
        disk.make_folders(str(top / "a" / "b"))
        os.close(disk.open_in_place(str(top / "a" / "b" / "file"), os.O_WRONLY))
        os.close(open_own(str(top / "a" / "b"), "of-a-job", os.O_WRONLY))
        files.write_atomically(str(top / "a" / "whole"), b"x")
    finally:
        os.umask(before)
    assert mode(top / "a" / "b") == of_folder
    for name in ("a/b/file", "a/b/of-a-job", "a/whole"):
        assert mode(top / name) == of_file, name


def test_a_link_in_the_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    others = tmp_path / "others"
    others.write_text("kept")
    (tmp_path / "link").symlink_to(others)
    with pytest.raises(OSError):
        disk.open_in_place(str(tmp_path / "link"), os.O_WRONLY | os.O_TRUNC)
    with pytest.raises(OSError):
        open_own(str(tmp_path), "link", os.O_WRONLY | os.O_TRUNC)
    assert others.read_text() == "kept"


@pytest.mark.parametrize(
    ("setting", "wanted"),
    [
        ("umask", 0o700),
        ("false", 0o700),
        ("0", 0o700),
        ("0600", 0o700),
        ("group", 0o2770),
        ("true", 0o2770),
        ("1", 0o2770),
        ("", 0o2770),
        ("all", 0o2775),
        ("world", 0o2775),
        ("everybody", 0o2775),
        ("2", 0o2775),
        ("0640", 0o2750),
        ("0660", 0o2770),
        ("0666", 0o2777),
    ],
)
def test_the_spellings_of_git_for_how_open_a_repository_is(setting: str, wanted: int) -> None:
    assert oct(mode_by(setting)) == oct(wanted)


@pytest.mark.parametrize(
    ("setting", "wanted"), [(None, 0o700), ("group", 0o2770), ("0644", 0o2755)]
)
def test_our_folder_in_the_git_directory_follows_the_setting(
    tmp_path: Path, setting: str | None, wanted: int
) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    if setting:
        command = ["git", "-C", str(tmp_path), "config", "core.sharedRepository", setting]
        subprocess.run(command, check=True)
    files.make_folders(str(tmp_path / ".git" / "leadline" / "threads"))
    assert oct(mode(tmp_path / ".git" / "leadline" / "threads")) == oct(wanted)


def test_a_folder_of_an_older_program_is_closed(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    root = tmp_path / ".git" / "leadline"
    root.mkdir(0o755)
    files.tighten(str(root))
    assert mode(root) == 0o700


@pytest.mark.parametrize(
    "kind",
    [
        os.mkfifo,
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.open("wb").truncate(disk.MOST_OWN_BYTES + 1),
    ],
)
def test_a_file_of_ours_that_is_something_else_is_neither_waited_for_nor_read(
    tmp_path: Path, kind: Callable[[Path], object]
) -> None:
    kind(path := tmp_path / "writer.json")
    with pytest.raises(OSError, match=r"no regular file|larger than any|symbolic"):
        disk.open_small(str(path))


def test_a_pipe_is_no_content_and_a_limit_is_kept(tmp_path: Path) -> None:
    os.mkfifo(pipe := tmp_path / "pipe")
    with pytest.raises(OSError, match="no regular file"):
        files.read_bytes(str(pipe))
    (tmp_path / "long").write_bytes(b"abc")
    assert files.read_bytes(str(tmp_path / "long"), 2) == b"ab"
    assert files.read_bytes(str(tmp_path)) is None


@pytest.mark.parametrize("what", ["nothing", "longer", "folder", "link", "pipe"])
def test_a_note_is_written_over_what_is_a_file_and_beside_what_is_none(
    tmp_path: Path, what: str
) -> None:
    note, other = tmp_path / "notes" / "n", tmp_path / "other"
    other.write_text("theirs")
    if what != "nothing":
        note.parent.mkdir()
    if what == "longer":
        note.write_text("what was noted before")
    elif what == "folder":
        note.mkdir()
    elif what == "link":
        note.symlink_to(other)
    elif what == "pipe":
        os.mkfifo(note)
    files.write_over(str(note), b"now")
    assert not note.is_symlink() and note.read_bytes() == b"now"
    assert other.read_text() == "theirs"
    aside = [path.name for path in note.parent.iterdir() if path != note]
    assert len(aside) == (what in ("folder", "link", "pipe"))
    before = note.stat().st_ino
    files.write_over(str(note), b"later")
    assert (note.read_bytes(), note.stat().st_ino) == (b"later", before)


@pytest.mark.parametrize("size", [0, 1, disk.READ_BYTES, disk.READ_BYTES + 1, 3 * disk.READ_BYTES])
@pytest.mark.parametrize("most", [-1, 0, 5, disk.READ_BYTES + 1])
def test_a_file_is_read_whole_or_up_to_the_limit(tmp_path: Path, size: int, most: int) -> None:
    data = os.urandom(size)
    (tmp_path / "f").write_bytes(data)
    fd = os.open(tmp_path / "f", os.O_RDONLY)
    assert disk.read_all(fd, most) == (data if most < 0 else data[:most])
    with pytest.raises(OSError):
        os.fstat(fd)  # closed


def test_a_file_without_a_size_is_read_whole(tmp_path: Path) -> None:
    fd = os.open("/proc/self/maps", os.O_RDONLY)
    assert disk.read_all(fd).endswith(b"\n")


def test_a_lock_is_made_in_a_new_folder_and_in_the_place_of_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lock"
    with files.locked(str(path)):
        assert path.is_file()
    path.unlink()
    path.mkdir()
    with files.locked(str(path)):
        assert path.is_file()


def test_a_lock_behind_a_link_to_nowhere_is_an_error_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "folder").symlink_to(tmp_path / "nowhere")
    with pytest.raises(LeadlineError), files.locked(str(tmp_path / "folder" / "lock")):
        pass

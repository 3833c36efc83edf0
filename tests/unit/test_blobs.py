"""The blob store with contents that are files: moved in, checked a piece at a time, across file
systems."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from leadline.adapters.store.blobs import FileBlobs
from leadline.core.canonical import digest_bytes
from leadline.core.errors import LeadlineError

DATA = b"weights" * 1000
DIGEST = digest_bytes(DATA)


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobs:
    return FileBlobs(str(tmp_path / "blobs"))


def test_take_moves_and_may_be_repeated(blobs: FileBlobs, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    inode = path.stat().st_ino
    blobs.take(str(path), DIGEST)
    assert not path.exists() and os.stat(blobs.place(DIGEST)).st_ino == inode  # no second copy
    blobs.take(str(path), DIGEST)
    path.write_bytes(DATA)
    blobs.take(str(path), DIGEST)
    assert not path.exists() and blobs.get(DIGEST) == DATA and blobs.size_bytes(DIGEST) == len(DATA)
    blobs.check(DIGEST)


def test_take_over_a_border_of_file_systems(blobs: FileBlobs, tmp_path: Path) -> None:
    shm = Path("/dev/shm")
    if not shm.is_dir() or shm.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system")
    with tempfile.TemporaryDirectory(dir=shm) as folder:
        path = Path(folder) / "file"
        path.write_bytes(DATA)
        blobs.take(str(path), DIGEST)
        assert not path.exists() and blobs.get(DIGEST) == DATA


def test_a_whole_content_takes_the_place_of_one_cut_short(blobs: FileBlobs, tmp_path: Path) -> None:
    blobs.put(DATA)
    os.truncate(blobs.path(DIGEST), 10)
    (tmp_path / "file").write_bytes(DATA)
    blobs.take(str(tmp_path / "file"), DIGEST)
    blobs.check(DIGEST)


def test_take_of_nothing_says_so(blobs: FileBlobs, tmp_path: Path) -> None:
    with pytest.raises(LeadlineError) as error:
        blobs.take(str(tmp_path / "gone"), DIGEST)
    assert error.value.kind == "environment"


@pytest.mark.parametrize("named", ["sha256:\0", "sha256:../etc/passwd", "sha256:", ""])
def test_what_is_no_digest_names_no_file(tmp_path: Path, named: str) -> None:
    with pytest.raises(LeadlineError) as raised:
        FileBlobs(str(tmp_path)).check(named)
    assert raised.value.code == "blob-missing"


@pytest.mark.parametrize("harm, code", [("remove", "blob-missing"), ("alter", "blob-damaged")])
def test_check_and_get_agree(blobs: FileBlobs, harm: str, code: str) -> None:
    blobs.put(DATA)
    if harm == "remove":
        os.unlink(blobs.path(DIGEST))
        assert blobs.place(DIGEST) == "" and blobs.size_bytes(DIGEST) is None
    else:
        Path(blobs.path(DIGEST)).write_bytes(b"W" + DATA[1:])
    for ask in (blobs.check, blobs.get):
        with pytest.raises(LeadlineError) as error:
            ask(DIGEST)
        assert error.value.code == code

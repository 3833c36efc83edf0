"""What a job was seen to load: which file, of which build; never what only lies on the machine."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from leadline.job import loaded, supervise
from leadline.job.loaded import Loaded
from tests.unit.test_job_supervise import result_of, write_spec

WAITS = "import ctypes, sys; ctypes.CDLL(sys.argv[1]); print(flush=True); sys.stdin.read()"


def library(folder: Path, name: str, which: int) -> str:
    """One of two libraries that are there wherever Python is."""
    folder.mkdir(exist_ok=True)
    names = sorted(glob.glob("/lib/*/libm.so.6") + glob.glob("/lib/*/libdl.so.2"))
    if len(names) < 2:
        pytest.skip("no two small libraries of the system to be copied")
    shutil.copy(names[which], folder / name)
    return str(folder / name)


def seen_of(path: str, look: Callable[[Loaded], object] = lambda seen: None) -> dict[str, str]:
    seen = Loaded("/nowhere", 0.0)
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", WAITS, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as job:
        assert job.stdout is not None
        job.stdout.readline()
        look(seen)
        seen.look([job.pid, 999_999_999])
        job.communicate()
    return seen.facts()


def test_the_file_that_was_loaded_is_named_with_its_build(tmp_path: Path) -> None:
    one, other = (library(tmp_path / f"of{n}", f"libmpi.so.40.{n + 1}", n) for n in (0, 1))
    (tmp_path / "libmpi.so").symlink_to(one)
    (tmp_path / "libcudart.so.12.4.127").touch()  # it lies there, and nobody loads it
    first, second = seen_of(str(tmp_path / "libmpi.so")), seen_of(other)
    assert first.keys() == second.keys() == {"mpi"}
    assert first["mpi"].startswith("libmpi.so.40.1 (build ")
    assert second["mpi"].startswith("libmpi.so.40.2 (build ")
    assert first["mpi"].partition("(")[2] != second["mpi"].partition("(")[2]


def test_a_library_that_was_removed_since_is_named_without_a_build(tmp_path: Path) -> None:
    path = library(tmp_path, "libgomp-a34b3233.so.1.0.0", 0)
    assert seen_of(path, lambda _: os.unlink(path)) == {"openmp": "libgomp-a34b3233.so.1.0.0"}


def test_only_what_matters_or_lies_elsewhere_is_named(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "below").mkdir()
    seen = Loaded(str(tmp_path / "below"), 0.0)
    names = {
        "/usr/lib/x86_64-linux-gnu/libmpich.so.12.1": "mpi",
        "/env/lib/python3.11/site-packages/nvidia/cudnn/lib/libcudnn_ops.so.9": "libcudnn",
        "/env/lib/python3.11/site-packages/numpy.libs/libopenblas64_-ff.so": "blas",
        "/usr/lib/x86_64-linux-gnu/libcuda.so.550.54.15": "libcuda",
        "/usr/lib/x86_64-linux-gnu/libcublasLt.so.12": "libcublas",
        "/opt/ours/lib/libours.so.2": "libours",
        "/usr/lib/x86_64-linux-gnu/libc.so.6": "",
        "/lib64/libompitrace.so.40": "",
        "/env/lib/python3.11/site-packages/one.libs/libpng16.so": "",
        "/py/lib/libpython3.11.so.1.0": "",
        f"{tmp_path}/build/libours.so": "",
        "/root/.triton/cache/9f/__launcher.so": "",
    }
    assert {path: seen.named(path, "/py/") for path in names} == names


def test_the_build_of_what_is_no_library_of_this_machine_is_its_size(tmp_path: Path) -> None:
    for content in (b"", b"\x7fELF\2", b"\x7fELF\1" + bytes(60), b"\x7fELF\2\1" + b"\xff" * 90):
        (tmp_path / "file").write_bytes(content)
        assert loaded.content_of(str(tmp_path / "file")) == f"{len(content)} bytes"
    assert loaded.content_of(str(tmp_path / "absent")) == ""


def test_looks_come_at_doubling_distances() -> None:
    import time

    now = time.monotonic()
    assert Loaded("/", now).look([]) < now + 1
    assert 2.9 < Loaded("/", now - 3).look([]) - time.monotonic() <= 3.1
    assert Loaded("/", now - 3600).look([]) <= time.monotonic() + loaded.MOST_S


SIGNALLED = """
import sys; sys.path.insert(0, sys.argv[1])
import os, supervise as s
look = s.Job.look_at_libraries
def after(job):
    ready = os.path.exists("ready")
    due = look(job)
    if ready: open("looked", "w").close()
    return due
s.Job.look_at_libraries = after
sys.exit(s.main(sys.argv[2:]))
"""


def test_a_result_says_what_was_loaded(tmp_path: Path) -> None:
    path = library(tmp_path, "libcudart.so.12.4.127", 0)
    job = (
        "import ctypes, os, sys; ctypes.CDLL(sys.argv[1]); open('ready', 'w').close()\n"
        "while not os.path.exists('looked'): pass"
    )
    write_spec(tmp_path / "a", [sys.executable, "-I", "-S", "-c", job, path], cwd=str(tmp_path))
    here = os.path.dirname(supervise.__file__)
    program = [sys.executable, "-I", "-S", "-c", SIGNALLED, here, str(tmp_path / "a")]
    subprocess.run(program, cwd=tmp_path, check=True, timeout=60)
    found = result_of(tmp_path / "a")["loaded"]
    assert found["libcudart"].startswith("libcudart.so.12.4.127 (build ")


def test_a_pipe_in_the_place_of_a_library_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "libmpi.so")
    assert loaded.content_of(str(tmp_path / "libmpi.so")) == ""

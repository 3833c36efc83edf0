"""``leadline.log_artifact`` as jobs use it: processes of its own, ``kill -9``, a full disk, files
that change."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from leadline.job import artifact

GIB = 1 << 30


def python(code: str, run: Path | None, **more: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("LEADLINE_")} | more
    if run is not None:
        env["LEADLINE_RUN_DIR"] = str(run)
    cwd = run.parent if run is not None else None
    return subprocess.run(
        [sys.executable, "-c", "import leadline as ll, os\n" + code],
        env=env, cwd=cwd, text=True, capture_output=True, timeout=120,
    )  # fmt: skip


def lines(run: Path) -> list[dict[str, Any]]:
    found = [
        json.loads(t)
        for p in sorted((run / "artifacts").glob("*.jsonl"))
        for t in p.read_text().splitlines()
    ]
    return sorted(found, key=lambda line: line["t"])


def content(run: Path, digest: str) -> bytes:
    data = (run / "artifacts" / digest.removeprefix("sha256:")).read_bytes()
    assert "sha256:" + hashlib.sha256(data).hexdigest() == digest
    return data


def contents(run: Path) -> list[str]:
    return [p.name for p in (run / "artifacts").iterdir() if len(p.name) == 64]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "attempt"
    folder.mkdir()
    return folder


def test_what_is_acknowledged_is_there_after_kill_9(run: Path) -> None:
    (run.parent / "loss.png").write_bytes(b"\x89PNG" * 100_000)
    done = python(
        "print(ll.log_artifact('loss.png', step=7), flush=True); os.kill(os.getpid(), 9)", run
    )
    assert done.returncode == -9
    [line] = lines(run)
    assert content(run, done.stdout.strip()) == b"\x89PNG" * 100_000
    assert {k: line[k] for k in ("name", "kind", "digest", "size_bytes", "step")} == {
        "name": "loss.png", "kind": "image", "digest": done.stdout.strip(), "size_bytes": 400_000, "step": 7,
    }  # fmt: skip
    assert line["source"] == str(run.parent / "loss.png")


def test_outside_a_job_nothing_happens_but_wrong_arguments_show(tmp_path: Path) -> None:
    done = python("print(ll.log_artifact('nowhere.png'))", None)
    assert (done.stdout, done.stderr, done.returncode) == ("None\n", "", 0)


@pytest.mark.parametrize(
    "call, error",
    [
        ("3", "TypeError"),
        ("object()", "TypeError"),
        ("b'x'", "ValueError"),
        ("b'x', name='../x'", "ValueError"),
        ("b'x', name='/etc/x'", "ValueError"),
        ("b'x', name='a//b'", "ValueError"),
        ("b'x', name='a\\nb'", "ValueError"),
        ("b'x', name='x' * 201", "ValueError"),
        ("b'x', name=''", "ValueError"),
        ("b'x', name=3", "TypeError"),
        ("b'x', name='x', kind='a b'", "ValueError"),
        ("b'x', name='x', step=1.5", "TypeError"),
    ],
)
def test_wrong_arguments_raise(run: Path, call: str, error: str) -> None:
    done = python(f"ll.log_artifact({call})", run)
    assert done.stderr.strip().splitlines()[-1].startswith(error), done.stderr
    assert not (run / "artifacts").exists()


def test_same_content_is_stored_once_and_same_name_keeps_both(run: Path) -> None:
    code = "[ll.log_artifact(d, name=n) for d, n in ((b'one', 'x'), (b'two', 'x'), (b'one', 'y'))]"
    assert python(code, run).stderr == ""
    assert [line["name"] for line in lines(run)] == ["x", "x", "y"]
    assert len(contents(run)) == 2
    assert int((run / "artifacts" / "total").read_text()) == 6


@pytest.mark.parametrize(
    "make, reason",
    [
        ("", "no such file"),
        ("os.mkdir('it')", "it is a folder"),
        ("os.mkfifo('it')", "it is no regular file"),
        ("os.symlink('gone', 'it')", "no such file"),
        ("os.symlink('it', 'it')", "symbolic links"),
    ],
)
def test_what_cannot_be_read_is_said_and_recorded_and_ends_nothing(
    run: Path, make: str, reason: str
) -> None:
    done = python(f"{make}\nprint(ll.log_artifact('it'))", run)
    assert done.stdout == "None\n" and reason in done.stderr
    [line] = lines(run)
    assert reason in line["gap"] and line["name"] == "it" and contents(run) == []


def test_an_unreadable_file_is_a_gap(run: Path) -> None:
    """Root reads everything, so the job becomes nobody before it asks; by then nothing has to be
    imported, and no path goes through folders that only root may enter."""
    (run.parent / "it").write_text("x")
    (run.parent / "it").chmod(0)
    run.parent.chmod(0o755)
    run.chmod(0o777)
    code = """
import fcntl, hashlib, json, time
log_artifact = ll.log_artifact
os.environ["LEADLINE_RUN_DIR"] = "attempt"
if os.geteuid() == 0:
    os.setuid(65534)
print(log_artifact("it"))
"""
    done = python(code, run)
    assert done.stdout == "None\n" and "permission denied" in done.stderr, done.stderr
    assert lines(run)[0]["gap"] == "permission denied"


def test_a_link_is_followed_and_says_where_it_led(run: Path) -> None:
    (run.parent / "step-3.pt").write_text("weights")
    (run.parent / "latest.pt").symlink_to("step-3.pt")
    assert (
        content(run, python("print(ll.log_artifact('latest.pt'))", run).stdout.strip())
        == b"weights"
    )
    [line] = lines(run)
    assert (
        line["name"] == "latest.pt"
        and line["target"].endswith("step-3.pt")
        and line["kind"] == "model"
    )


def test_a_name_that_is_no_text_is_kept(run: Path) -> None:
    code = "open(b'a\\xff\\n.png', 'w').write('x'); print(ll.log_artifact(os.fsdecode(b'a\\xff\\n.png')))"
    done = python(code, run)
    assert content(run, done.stdout.strip()) == b"x"
    assert lines(run)[0]["name"].isprintable()


def test_a_large_file_over_the_limit_is_not_read(run: Path) -> None:
    big = run.parent / "big.ckpt"
    with open(big, "wb") as file:
        file.truncate(10 * GIB)
    os.chmod(big, 0o444)
    before = os.stat(big).st_atime_ns
    done = python("print(ll.log_artifact('big.ckpt'))", run)
    assert done.stdout == "None\n" and "larger than 1 GiB (10 GiB)" in done.stderr
    [line] = lines(run)
    assert line["size_bytes"] == 10 * GIB and line["modified"] == os.stat(big).st_mtime_ns / 1e9
    assert "digest" not in line and contents(run) == [] and os.stat(big).st_atime_ns == before


def test_memory_does_not_grow_with_the_file_and_holes_stay_holes(run: Path) -> None:
    """128 MiB with 3 bytes in the middle; the digest is that of the plain content."""
    big = run.parent / "sparse.bin"
    with open(big, "wb") as file:
        file.truncate(GIB // 8)
        file.seek(GIB // 16 + 12345)
        file.write(b"xyz")
    code = """
import resource
ll.log_artifact(b"small", name="first")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(ll.log_artifact("sparse.bin"), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    digest, grown_kib = python(code, run, LEADLINE_ARTIFACT_FILE_BYTES=str(GIB)).stdout.split()
    assert int(grown_kib) < 16 * 1024
    copy = run / "artifacts" / digest.removeprefix("sha256:")
    assert copy.stat().st_size == GIB // 8 and copy.stat().st_blocks * 512 < 16 << 20
    hasher = hashlib.sha256()
    with open(big, "rb") as file:
        while chunk := file.read(1 << 24):
            hasher.update(chunk)
    assert digest == "sha256:" + hasher.hexdigest()


def test_the_total_of_a_run_is_limited_over_all_processes(run: Path) -> None:
    code = (
        "print(sum(ll.log_artifact(os.urandom(1000), name=f'f{i}') is not None for i in range(20)))"
    )
    env = {**os.environ, "LEADLINE_RUN_DIR": str(run), "LEADLINE_ARTIFACT_RUN_BYTES": "50500"}
    argv = [sys.executable, "-c", "import leadline as ll, os\n" + code]
    jobs = [
        subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    done = [job.communicate(timeout=120) for job in jobs]
    assert sum(int(out) for out, _ in done) == len(contents(run)) == 50
    found = lines(run)
    assert len(found) == 160 and len(list((run / "artifacts").glob("*.jsonl"))) == 8
    assert sum("the run has more than" in line.get("gap", "") for line in found) == 110
    assert all(err.count("leadline:") <= artifact.WARNINGS for _, err in done)


def test_eight_processes_and_forks_lose_nothing(run: Path) -> None:
    code = """
child = os.fork()
for i in range(10):
    assert ll.log_artifact(f"{os.getpid()} {i}".encode(), name=f"n{i}")
    assert ll.log_artifact(b"common", name="common")
if child:
    assert os.waitpid(child, 0)[1] == 0
else:
    os._exit(0)
"""
    env = {**os.environ, "LEADLINE_RUN_DIR": str(run)}
    argv = [sys.executable, "-c", "import leadline as ll, os\n" + code]
    jobs = [subprocess.Popen(argv, env=env) for _ in range(8)]
    assert [job.wait(timeout=120) for job in jobs] == [0] * 8
    found = lines(run)
    assert len(found) == 8 * 2 * 20 and len(contents(run)) == 8 * 2 * 10 + 1
    assert len(list((run / "artifacts").glob("*.jsonl"))) == 16
    assert all(content(run, line["digest"]) is not None for line in found)


def test_a_file_that_changes_while_it_is_read_is_kept_as_it_was_read_and_marked(
    tmp_path: Path,
) -> None:
    """``source`` grows between the two looks at it, each time."""
    path = tmp_path / "log.txt"
    path.write_bytes(b"a" * 3_000_000)
    folder = tmp_path / "artifacts"
    folder.mkdir()
    stop = threading.Event()

    def write() -> None:
        with open(path, "ab", buffering=0) as file:
            while not stop.is_set():
                file.write(b"b" * 100)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        line: dict[str, Any] = {"name": "log.txt"}
        artifact.take(str(folder), None, str(path), line, GIB, GIB)
    finally:
        stop.set()
        writer.join()
    assert line["changed"] is True and "gap" not in line
    data = (folder / line["digest"].removeprefix("sha256:")).read_bytes()
    assert (
        "sha256:" + hashlib.sha256(data).hexdigest() == line["digest"]
        and len(data) == line["size_bytes"]
    )


def test_a_file_that_becomes_shorter_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"a" * 5_000_000)
    fd = os.open(path, os.O_RDONLY)
    target = os.open(tmp_path / "copy", os.O_RDWR | os.O_CREAT)
    real, shortened = os.fstat, []

    def fstat(of: int) -> os.stat_result:
        status = real(of)
        if of == fd and not shortened:
            shortened.append(True)
            os.truncate(path, 2_000_000)
        return status

    os.fstat = fstat  # type: ignore[assignment]
    try:
        digest, size = artifact.copy_hashed(fd, target)
    finally:
        os.fstat = real
    assert size == 2_000_000 == os.fstat(target).st_size
    assert digest == "sha256:" + hashlib.sha256(b"a" * 2_000_000).hexdigest()


def test_without_help_of_the_kernel_the_copy_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = os.urandom(2_500_000)
    (tmp_path / "f").write_bytes(data)

    def refuse(*args: Any) -> int:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "copy_file_range", refuse, raising=False)
    monkeypatch.delattr(os, "SEEK_DATA", raising=False)
    fd, target = (
        os.open(tmp_path / "f", os.O_RDONLY),
        os.open(tmp_path / "copy", os.O_RDWR | os.O_CREAT),
    )
    assert artifact.copy_hashed(fd, target) == (
        "sha256:" + hashlib.sha256(data).hexdigest(),
        len(data),
    )
    assert (tmp_path / "copy").read_bytes() == data


def test_a_line_cut_off_does_not_spoil_the_next(tmp_path: Path) -> None:
    artifact._append(str(tmp_path), {"name": "one"})
    [path] = tmp_path.glob("*.jsonl")
    with open(path, "ab") as file:
        file.write(b'{"name":"to')
    artifact._append(str(tmp_path), {"name": "three"})
    assert path.read_text() == '{"name":"one"}\n{"name":"to\n{"name":"three"}\n'


def test_processes_that_count_at_once_lose_no_byte(tmp_path: Path) -> None:
    code = "from leadline.job.artifact import reserve\nfor _ in range(2000): reserve('.', 3, None)"
    jobs = [subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path) for _ in range(8)]
    assert [job.wait(timeout=120) for job in jobs] == [0] * 8
    assert int((tmp_path / "total").read_text()) == 8 * 2000 * 3

"""What a command is given on stdin: as without us, and recorded."""

from __future__ import annotations

import os
import pty
import select
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import pytest

from tests.conftest import Lab

LEADLINE = [sys.executable, "-m", "leadline"]
TOTAL = "import sys; print('{\"total\": %d}' % sum(map(int, sys.stdin)))"


def start(lab: Lab, *args: str, stdin: int | IO[bytes]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*LEADLINE, *args], cwd=lab.repo, env=lab.env, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def shell(lab: Lab, script: str) -> str:
    env = {**lab.env, "LL": " ".join(LEADLINE)}
    done = subprocess.run(
        ["bash", "-c", script], cwd=lab.repo, env=env, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def stdin_of(lab: Lab, run: str) -> dict[str, Any]:
    told = lab.json("show", run)["data"]["stdin"]
    assert isinstance(told, dict)
    return told


def test_a_pipe_that_never_closes_is_not_waited_for(thread_lab: Lab):
    read, write = os.pipe()
    os.write(write, b"first\nsecond\n")
    job = start(
        thread_lab, "run", "--", sys.executable, "-c", "import os; print(os.read(0, 6))", stdin=read
    )
    said, _ = job.communicate(timeout=60)
    assert said == "b'first\\n'\n" and job.returncode == 0
    assert os.read(read, 100) == b"second\n"  # what it left is still there
    os.close(write)
    os.close(read)
    assert stdin_of(thread_lab, "P-001-r1")["size_bytes"] == 6


def test_nothing_is_taken_for_a_command_that_reads_nothing(thread_lab: Lab):
    said = shell(
        thread_lab, "printf 'a\\nb\\n' | while read x; do $LL run --quiet -- true; echo $x; done"
    )
    assert said == "a\nb\n"
    said = shell(
        thread_lab,
        "printf 'a\\nb\\n' > l; while read x; do $LL run --quiet -- true; echo $x; done < l",
    )
    assert said == "a\nb\n"
    assert stdin_of(thread_lab, "P-001-r1") == {}


@pytest.mark.parametrize(
    "how",
    [
        "cat numbers | $LL run --quiet --",
        "$LL run --quiet --stdin numbers --",
        "$LL run --quiet < numbers --",
    ],
)
def test_what_was_given_is_kept_and_given_again(thread_lab: Lab, how: str):
    thread_lab.write("numbers", "".join(f"{n}\n" for n in range(20_000)))
    thread_lab.write("total.py", TOTAL)
    shell(thread_lab, f"{how} {sys.executable} total.py")
    told = stdin_of(thread_lab, "P-001-r1")
    assert told["size_bytes"] == (thread_lab.repo / "numbers").stat().st_size
    (row,) = thread_lab.json("status", "--runs")["data"]
    assert row["metrics"]["total"] == sum(range(20_000))
    os.unlink(thread_lab.repo / "numbers")
    said = thread_lab.ok("reproduce", "P-001")
    assert "agrees" in said, said


def test_what_was_not_kept_is_named_by_reproduce(thread_lab: Lab):
    thread_lab.write("total.py", TOTAL)
    shell(thread_lab, f"yes 1 | head -n 700000 | $LL run --quiet -- {sys.executable} total.py")
    told = stdin_of(thread_lab, "P-001-r1")
    assert told["size_bytes"] == 1_400_000 and "blob" not in told
    assert (
        "1400000 bytes that it was given on stdin are not kept"
        in thread_lab.run("reproduce", "P-001").stdout
    )


def test_a_secret_is_not_kept(thread_lab: Lab):
    shell(thread_lab, "echo ghp_0123456789abcdefghijABCDEFGHIJ456789 | $LL run --quiet -- wc -c")
    assert "blob" not in stdin_of(thread_lab, "P-001-r1")


@pytest.mark.parametrize(
    "line",
    [
        "$LL run --quiet -- wc -c < password.txt",
        "printf opensesame7 | $LL run --quiet -- sh -c 'wc -c' x --password-stdin",
    ],
)
def test_of_a_login_on_stdin_only_the_size_is_known(thread_lab: Lab, line: str):
    thread_lab.write("password.txt", "opensesame7")
    shell(thread_lab, line)
    assert stdin_of(thread_lab, "P-001-r1") == {"size_bytes": 11, "digest": ""}


def test_other_data_on_stdin_is_a_confound(thread_lab: Lab):
    thread_lab.write("total.py", TOTAL)
    for k in (1, 2):
        shell(thread_lab, f"echo {k} | $LL run --quiet --set k={k} -- {sys.executable} total.py")
    assert "inputs.stdin" in thread_lab.run("compare", "P-001", "P-002", "--axis", "k").stdout


def test_several_runs_get_the_file_that_is_named_or_nothing_which_is_said(thread_lab: Lab):
    script = f"{sys.executable} -c 'import sys; print(len(sys.stdin.read()))'"
    said = shell(thread_lab, f"echo abc | $LL run --repeat 2 -- {script} 2>err; cat err")
    assert said.startswith("0\n0\n") and said.count("--stdin FILE gives it to each") == 1
    shell(thread_lab, "echo abc > f")
    assert shell(thread_lab, f"$LL run --stdin f --repeat 2 -- {script}") == "4\n4\n"
    shell(thread_lab, f"echo ignored | $LL sweep --stdin f --axis k=1,2 -- {script} {{k}} 2>err")
    for run in ("P-003-r1", "P-004-r1"):
        assert thread_lab.json("show", run)["data"]["outputs"]["excerpt"] == "4"
        assert "f" in thread_lab.json("show", run)["data"]["data_files"]
    missing = thread_lab.run("run", "--stdin", "absent", "--", "true")
    assert missing.returncode and "absent" in missing.stderr


def test_a_socket_is_handed_on_as_well(thread_lab: Lab):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"12\n" * 5000)
        ours.shutdown(socket.SHUT_WR)
        job = start(thread_lab, "run", "--", "wc", "-l", stdin=theirs.fileno())
        assert job.communicate(timeout=60)[0].strip() == "5000"
    assert stdin_of(thread_lab, "P-001-r1")["size_bytes"] == 15_000


def test_what_is_typed_at_a_terminal_reaches_the_command(thread_lab: Lab, tmp_path: Path):
    script = "print('name?', flush=True); print('hello', input())"
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(thread_lab.repo)
        os.execve(
            sys.executable, [*LEADLINE, "run", "--", sys.executable, "-c", script], thread_lab.env
        )
    said = b""
    while b"hello Ada" not in said:
        assert select.select([terminal], [], [], 60)[0], said
        said += os.read(terminal, 1000)
        if b"name?" in said and b"Ada" not in said:
            os.write(terminal, b"Ada\n")
    os.waitpid(pid, 0)
    os.close(terminal)

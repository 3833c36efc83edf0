"""Command lines of the program, each run in a fork of a process that has it loaded.

A start of the program costs a test three times what the verb itself does. `run` answers as
`subprocess.run` of `python -m leadline` does: same exit codes, same streams, same isolation
(`tests/unit/test_forked.py` holds the two against each other).
"""

from __future__ import annotations

import array
import atexit
import functools
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO

# What Python reads when it starts: a call that differs in one of these must really start it. The
# folders of PYTHONPATH a fork puts in front itself, unless they hide what it has loaded.
_READ_AT_START = ("PYTHON", "LC_", "LANG")


def at_start(env: dict[str, str]) -> dict[str, str]:
    read = {name: value for name, value in env.items() if name.startswith(_READ_AT_START)}
    read.pop("PYTHONPATH", None)
    return read


@functools.cache
def _server(at_start: tuple[tuple[str, str], ...]) -> socket.socket:
    """Where calls are sent. Its process ends with this one: it sees the socket closed."""
    mine, theirs = socket.socketpair()
    path = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    measured = {k: v for k, v in os.environ.items() if k.startswith("COVERAGE_")}
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("fork_server.py")), str(theirs.fileno())],
        env={**path, **measured, **dict(at_start)},
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    theirs.close()

    def end() -> None:
        mine.close()
        process.wait()

    atexit.register(end)
    return mine


def run(
    argv: list[str], cwd: Path, env: dict[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Raises subprocess.TimeoutExpired, having killed the fork and what it started."""
    done = run_bytes(argv, cwd, env, timeout)
    return subprocess.CompletedProcess(
        argv, done.returncode, _text(done.stdout), _text(done.stderr)
    )


def run_bytes(
    argv: list[str], cwd: Path, env: dict[str, str], timeout: float
) -> subprocess.CompletedProcess[bytes]:
    """The same, with every byte as it was written."""
    server = _server(tuple(sorted(at_start(env).items())))
    talk, theirs = socket.socketpair()
    out, out_end = os.pipe()
    err, err_end = os.pipe()
    with (
        talk,
        talk.makefile("rb") as told,
        open(out, "rb") as out_file,
        open(err, "rb") as err_file,
    ):
        passed = array.array("i", [out_end, err_end, theirs.fileno()])
        server.sendmsg([b"c"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, passed)])
        theirs.close()
        os.close(out_end)
        os.close(err_end)
        talk.sendall(json.dumps({"argv": argv, "cwd": str(cwd), "env": env}).encode() + b"\n")
        pid = int(told.readline())
        deadline = time.monotonic() + timeout
        try:
            stdout, stderr = _read_all([out_file, err_file], deadline)
            talk.settimeout(max(deadline - time.monotonic(), 0.01))
            code = int(told.readline())
        except TimeoutError:
            os.killpg(pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(argv, timeout) from None
    return subprocess.CompletedProcess(argv, code, stdout, stderr)


def _read_all(files: list[BinaryIO], deadline: float) -> list[bytes]:
    """What each file holds, read as it comes until all have ended. Raises TimeoutError."""
    read: dict[BinaryIO, list[bytes]] = {file: [] for file in files}
    with selectors.DefaultSelector() as open_ones:
        for file in files:
            open_ones.register(file, selectors.EVENT_READ)
        while open_ones.get_map():
            ready = open_ones.select(max(deadline - time.monotonic(), 0))
            if not ready:
                raise TimeoutError
            for key, _ in ready:
                chunk = os.read(key.fd, 1 << 20)
                read[key.fileobj].append(chunk)  # type: ignore[index]
                if not chunk:
                    open_ones.unregister(key.fileobj)
    return [b"".join(chunks) for chunks in read.values()]


def _text(output: bytes) -> str:
    """As subprocess gives it with ``text=True``."""
    return output.decode().replace("\r\n", "\n").replace("\r", "\n")

"""A started program answers as ``subprocess`` would have it, whatever it reads, says and ends with."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from leadline.adapters.git.process import Process

BOTH_WAYS = "import sys; d = sys.stdin.buffer.read(); sys.stderr.buffer.write(d[::2]); sys.stdout.buffer.write(d)"
AT_ONCE = "import sys\nwhile d := sys.stdin.buffer.read(1000): sys.stdout.buffer.write(d); sys.stderr.buffer.write(d)"


def fds() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize(
    ("argv", "data"),
    [
        (["true"], None),
        (["true"], b""),
        (["true"], b"x" * 3_000_000),  # ends without reading
        (["cat"], b""),
        (["cat"], b"few"),
        (["cat"], bytes(range(256)) * 20_000),  # more than a pipe holds
        (["sh", "-c", "cat >&2; exit 3"], b"y" * 500_000),
        (["sh", "-c", "head -c 10; exit 4"], b"z" * 1_000_000),  # stops reading in the middle
        ([sys.executable, "-S", "-c", BOTH_WAYS], b"ab" * 400_000),
        ([sys.executable, "-S", "-c", AT_ONCE], b"cd" * 400_000),
        (["sh", "-c", "kill -TERM $$"], None),
        (["sh", "-c", "yes | head -1"], None),  # `yes` has to end of the closed pipe
        (["sh", "-c", "echo $A; pwd"], None),
    ],
)
def test_it_ends_as_subprocess_says(argv, data):
    before = fds()
    environment = {"PATH": os.environ["PATH"], "A": "b"}
    theirs = subprocess.run(
        argv,
        input=data,
        stdin=None if data is not None else subprocess.DEVNULL,
        capture_output=True,
        env=environment,
    )
    process = Process(argv, environment, pipe_input=data is not None)
    assert process.communicate(data) == (theirs.stdout, theirs.stderr)
    assert process.returncode == process.wait() == theirs.returncode
    assert fds() == before


def test_no_such_program():
    before = fds()
    with pytest.raises(FileNotFoundError):
        Process(["no-such-program-anywhere"], {})
    assert fds() == before


def test_asked_and_answered_line_by_line_and_ended():
    process = Process(["cat"], dict(os.environ), pipe_input=True)
    assert process.stdin is not None
    for line in (b"one\n", b"two\n"):
        process.stdin.write(line)
        process.stdin.flush()
        assert process.stdout.readline() == line
    process.close()
    assert process.returncode == 0


def test_it_can_be_killed():
    process = Process(["sleep", "600"], dict(os.environ))
    process.kill()
    process.communicate()
    assert process.returncode == -9
    process.kill()  # of what is over: nothing


@pytest.mark.parametrize("closed", ["0", "0, 1", "0, 1, 2", "1, 2"])
def test_where_the_standard_streams_are_closed_each_end_gets_its_place(closed, tmp_path):
    """As under some schedulers: a pipe's end would be one of 0, 1 and 2 itself."""
    code = (
        f"import os\nfor fd in ({closed},): os.close(fd)\n"
        "from leadline.adapters.git.process import Process\n"
        "said = Process(['sh', '-c', 'cat; cat /dev/null; echo err >&2'], dict(os.environ), True).communicate(b'in')\n"
        f"open({str(tmp_path / 'said')!r}, 'w').write(repr(said))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    assert (tmp_path / "said").read_text() == repr((b"in", b"err\n"))

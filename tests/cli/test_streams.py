"""Full and closed streams, and texts that are no UTF-8: a true exit code, a true record, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import Lab

BARE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def shell(lab: Lab, line: str, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        ["bash", "-c", os.fsencode(f"{sys.executable} -m leadline {line}")],
        cwd=lab.repo,
        env={**lab.env, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    said = (done.stdout + done.stderr).decode(errors="replace")
    assert "Traceback" not in said and "bug in Leadline" not in said
    return done.returncode, said


def record(lab: Lab) -> str:
    files = (lab.repo / ".git/leadline/threads").rglob("*.jsonl")
    return "".join(path.read_text() for path in files)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("status > /dev/full", 7),
        ("status --json > /dev/full", 7),
        ("--version > /dev/full", 7),
        ("note --help > /dev/full", 7),
        ("nonsense 2> /dev/full", 2),
        ("status >&-", 0),
        ("status <&- >&- 2>&-", 0),
    ],
)
def test_an_answer_that_cannot_be_written(thread_lab: Lab, line: str, code: int) -> None:
    ended, said = shell(thread_lab, line)
    assert ended == code
    assert "2>" in line or "version" in line or "help" in line or code == 0 or "No space" in said


@pytest.mark.parametrize("streams", ["> /dev/full", "2> /dev/full", ">&-", "<&- >&- 2>&-"])
def test_what_was_recorded_is_kept(thread_lab: Lab, streams: str) -> None:
    code, _ = shell(thread_lab, f"note 'it is kept' {streams}")
    assert code == (7 if streams == "> /dev/full" else 0)
    assert '"it is kept"' in record(thread_lab)
    thread_lab.ok("verify")


@pytest.mark.parametrize(
    ("command", "streams", "code"),
    [
        ("echo hi", "> /dev/full", 125),
        ("true", "> /dev/full", 0),
        ("echo hi; exit 3", "> /dev/full 2> /dev/full", 3),
        ("echo hi", "<&- >&- 2>&-", 0),
        ("echo hi; exit 3", ">&-", 3),
    ],
)
def test_a_run_says_whether_it_or_we_failed(
    thread_lab: Lab, command: str, streams: str, code: int
) -> None:
    ended, _ = shell(thread_lab, f"run -- sh -c '{command}' {streams}")
    assert ended == code
    state = thread_lab.json("show", "P-001-r1")["data"]["state"]
    assert state == ("done" if code != 3 else "failed")


@pytest.mark.parametrize("locale", [BARE, {}])
def test_bytes_that_are_no_utf8_are_recorded_in_every_locale(
    thread_lab: Lab, locale: dict[str, str]
) -> None:
    thread_lab.write("caf\udce9.txt", "x")
    thread_lab.write("caf\u00e9.txt", "x")
    line = "run --artifact 'caf*' --set 'k=\udce9 \u00e9' -- echo '\udce9 \u00e9'"
    code, said = shell(thread_lab, line, **locale)
    assert code == 0, said
    assert r'"k":"\\xe9 é"' in record(thread_lab)
    assert shell(thread_lab, "status", **locale)[0] == 0
    thread_lab.ok("verify")

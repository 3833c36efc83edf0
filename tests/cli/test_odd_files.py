"""Something else in the place of a small file of ours: no verb waits for it, and it is made again."""

from __future__ import annotations

import os

import pytest

from tests.conftest import Lab

WAITED_S = 60


@pytest.mark.parametrize(
    "name", ["writer.json", "unchanged-runs.json", "threads/t/compared", "rendered/t.json"]
)
def test_a_pipe_is_not_waited_for(lab: Lab, name: str) -> None:
    lab.ok("start", "t", "--prefix", "T", "--no-branch", "--goal", "find out")
    lab.ok("run", "--quiet", "--", "true")
    place = lab.repo / ".git/leadline" / name
    place.unlink(missing_ok=True)
    os.mkfifo(place)
    for verb in (("note", "said"), ("status",), ("verify",)):
        done = lab.run(*verb, timeout=WAITED_S)
        assert done.returncode == 0, done.stderr


def test_a_payload_that_is_a_pipe_is_a_fault(lab: Lab) -> None:
    lab.ok("start", "t", "--prefix", "T", "--no-branch", "--goal", "find out")
    lab.ok("run", "--quiet", "--artifact", "kept", "--", "sh", "-c", "echo kept > kept")
    for place in (lab.repo / ".git/leadline/blobs").glob("*/*"):
        place.unlink()
        os.mkfifo(place)
    done = lab.run("verify", timeout=WAITED_S)
    assert done.returncode == 6 and "fault" in done.stdout, done.stderr
    lab.ok("run", "--quiet", "--artifact", "kept", "--", "sh", "-c", "echo kept > kept")

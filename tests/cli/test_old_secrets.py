"""Secrets in lines that no detector of today searched: named, and held back from a push."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from leadline.core.record.event import Record, line_digest, parse_lines
from leadline.core.secrets.version import DETECTOR
from tests.cli.test_sync import remote  # noqa: F401
from tests.conftest import Lab
from tests.invented_keys import SHAPES, drawn

KEY = drawn(SHAPES["github-pat"], random.Random(7))


def events(lab: Lab) -> Path:
    return next((lab.repo / ".git/leadline/threads/demo/events").glob("*.jsonl"))


def written_before(lab: Lab, text: str) -> None:
    """A note as a Leadline wrote it that did not know the shape."""
    data = events(lab).read_bytes()
    last = [r for r in parse_lines(data.splitlines(keepends=True)) if isinstance(r, Record)][-1]
    body = {"id": "P-N1", "text": text}
    prev = line_digest(data.splitlines(keepends=True)[-1])
    at = Record(last.id[:-1] + "Z", last.at, "demo", last.writer, "note", "Ada", body, prev)
    events(lab).write_bytes(data + at.line())
    (lab.repo / ".git/leadline/threads/demo/heads" / events(lab).stem).unlink()


def notes(lab: Lab) -> list[str]:
    return [note["code"] for note in lab.json("verify")["data"]["notes"]]


@pytest.fixture
def old(thread_lab: Lab, remote: Path) -> Lab:  # noqa: F811
    written_before(thread_lab, f"it was {KEY}")
    return thread_lab


def on_remote(remote: Path, lab: Lab) -> bool:  # noqa: F811
    listed = lab.git("--git-dir", str(remote), "rev-list", "--objects", "--all")
    names = [line.split()[0] for line in listed.splitlines()]
    return any(KEY in lab.git("--git-dir", str(remote), "cat-file", "-p", n) for n in names)


def test_it_is_named_and_the_push_is_held_until_it_is_said_to_be_none(
    old: Lab,
    remote: Path,  # noqa: F811
) -> None:
    assert "secret-in-record" in notes(old)
    for again in range(2):
        done = old.json("sync")
        assert not done["ok"] or done["data"]["problem"]["code"] == "secret-in-record", again
        said = old.run("sync")
        assert (
            said.returncode
            and "P-N1 of demo (note) holds a github-token" in said.stdout + said.stderr
        )
        assert KEY not in said.stdout + said.stderr and not on_remote(remote, old)
        old.ok("note", "work goes on")
    old.ok("sync", "--not-secret")
    assert on_remote(remote, old) and "secret-in-record" not in notes(old)
    old.ok("note", "and on")
    old.ok("sync")


def test_what_today_s_detector_searched_is_not_searched_again(
    thread_lab: Lab,
    remote: Path,  # noqa: F811
) -> None:
    thread_lab.ok("note", f"it was {KEY}")
    assert KEY not in events(thread_lab).read_text() and "secret-in-record" not in notes(thread_lab)
    thread_lab.ok("sync")
    head = thread_lab.repo / ".git/leadline/threads/demo/heads" / events(thread_lab).stem
    assert head.read_text().split()[2] == str(DETECTOR)


def test_a_line_put_in_behind_what_was_searched_is_searched(thread_lab: Lab, remote: Path) -> None:  # noqa: F811
    written_before(thread_lab, "nothing")
    thread_lab.ok("note", "one more")
    before = events(thread_lab).read_bytes().replace(b'"nothing"', f'"{KEY}"'.encode())
    events(thread_lab).write_bytes(before)
    assert thread_lab.json("sync")["data"]["problem"]["code"] == "secret-in-record"


def test_a_line_that_is_no_record_is_searched_too(old: Lab, remote: Path) -> None:  # noqa: F811
    held = f'"it was {KEY}"'.encode()
    events(old).write_bytes(events(old).read_bytes().replace(held, b"[" + held + b"]"))
    said = old.run("sync")
    assert "a line of demo that is no record holds a github-token" in said.stdout + said.stderr
    assert not on_remote(remote, old)


def test_a_value_that_came_into_the_environment_after_its_record_holds_the_push(
    thread_lab: Lab,
    remote: Path,  # noqa: F811
) -> None:
    words = "qz7vn2mxw9kplr4tbys8"
    thread_lab.ok("note", f"it was {words}")
    thread_lab.env["SERVICE_TOKEN"] = words
    said = thread_lab.run("sync")
    assert "P-N1 of demo (note) holds the value of $SERVICE_TOKEN" in said.stdout + said.stderr
    assert said.returncode and words not in said.stdout + said.stderr
    thread_lab.ok("sync", "--not-secret")
    thread_lab.ok("note", "and on")
    thread_lab.ok("sync")

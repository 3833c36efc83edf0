"""`leadline verify` beside the copies: what the record branch holds is here too, or is named and comes
back."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Lab

THREADS = ".git/leadline/threads"


def events(lab: Lab) -> Path:
    paths = (lab.repo / THREADS / "demo/events").glob("*.jsonl")
    return next(path for path in paths if "~" not in path.name)


def cut(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-2]))


def cut_in_a_line(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def change_the_last(path: Path) -> None:
    head, _, last = path.read_bytes().rstrip(b"\n").rpartition(b"\n")
    assert b"number two" in last
    path.write_bytes(head + b"\n" + last.replace(b"number two", b"number six") + b"\n")


def more_lines_than_there_were(path: Path) -> None:
    lines = len(path.read_bytes().splitlines())
    path.write_bytes(b"\xfd?\n" * 3 * lines + b"no end")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "emptied": lambda path: path.write_bytes(b""),
    "cut at a line": cut,
    "cut in a line": cut_in_a_line,
    "deleted": Path.unlink,
    "last line changed": change_the_last,
    "garbage": more_lines_than_there_were,
    "all deleted": lambda path: shutil.rmtree(path.parents[2]),
}


def _synced(lab: Lab) -> None:
    for text in ("number one", "number two"):
        lab.ok("note", text)
    lab.run("sync")


@pytest.fixture
def synced(as_built: Callable[..., Lab]) -> Lab:
    return as_built(_synced)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("mend", ["sync", "verify --heal"])
def test_what_the_record_branch_holds_and_we_do_not_is_named_and_comes_back(
    synced: Lab, damage: str, mend: str
) -> None:
    before = events(synced).read_bytes()
    DAMAGES[damage](events(synced))
    done = synced.json("verify")
    (fault, *more) = done["data"]["faults"]
    # what the branch goes on from was not replaced by anybody
    assert "branch-rewritten" not in {each["code"] for each in more}
    assert fault["code"] in ("records-missing", "copy-differs") and fault["thread"] == "demo"
    assert fault["mend"] == "leadline verify --heal"
    synced.run(*mend.split())
    if mend == "sync" and damage in ("last line changed", "garbage"):
        assert not synced.json("verify")["ok"]  # both versions are kept, and named
        synced.ok("verify", "--heal")
    assert synced.json("verify")["data"]["faults"] == []
    assert events(synced).read_bytes().startswith(before)
    notes = synced.json("note", "number three")["data"]
    assert notes["id"] == "P-N3" and "number two" in synced.ok("show", "P-N2")


def test_a_copy_that_was_fetched_is_compared_too(synced: Lab, tmp_path: Path) -> None:
    synced.git("init", "-q", "--bare", str(tmp_path / "there.git"))
    synced.git("remote", "add", "origin", str(tmp_path / "there.git"))
    synced.ok("sync")
    synced.git("update-ref", "-d", "refs/heads/leadline/records")
    cut(events(synced))
    (fault,) = synced.json("verify")["data"]["faults"]
    assert "refs/leadline/remotes/origin/records" in fault["what"]
    synced.ok("verify", "--heal")
    assert "number two" in synced.ok("show", "P-N2")


def test_what_was_fetched_and_not_taken_in_is_a_note(synced: Lab, tmp_path: Path) -> None:
    synced.git("init", "-q", "--bare", str(tmp_path / "there.git"))
    synced.git("remote", "add", "origin", str(tmp_path / "there.git"))
    synced.ok("sync")
    clone = Lab(tmp_path / "clone", synced.env)
    synced.git("clone", "-q", str(tmp_path / "there.git"), str(clone.repo))
    done = clone.json("verify")
    assert done["ok"] and done["data"]["notes"][0]["code"] == "not-taken-in"
    clone.ok("sync")
    # nor can it know whether that was rewritten before; the first record of its own notes it
    assert [n["code"] for n in clone.json("verify")["data"]["notes"]] == ["nobody-vouches"]
    clone.ok("note", "seen")
    assert clone.json("verify")["data"]["notes"] == []


def test_a_record_of_ours_that_the_copy_lacks_is_not_put_aside(synced: Lab) -> None:
    """The file was emptied and written to again: both are kept."""
    path = events(synced)
    first = path.read_bytes().splitlines(keepends=True)[0]
    path.write_bytes(first)
    synced.ok("note", "written over the gap")
    synced.ok("verify", "--heal")
    assert synced.json("verify")["data"]["faults"] == []
    shown = synced.ok("logbook")
    assert all(text in shown for text in ("number one", "number two", "written over the gap"))


def test_an_event_file_is_named_anew_only_when_it_changed(synced: Lab) -> None:
    """What a long record costs is what changed of it: the index knows the rest."""
    synced.ok("verify")
    index = synced.repo / ".git/leadline/index.sqlite"
    before = index.stat().st_mtime_ns
    synced.ok("verify")
    assert index.stat().st_mtime_ns == before


@pytest.mark.parametrize("change", ["the last twice", "two moved"])
def test_what_was_published_damaged_is_published_mended_in_its_place(
    synced: Lab, change: str
) -> None:
    synced.ok("note", "number three")
    synced.ok("note", "number four")
    before = events(synced).read_bytes()
    *rest, third, last = before.splitlines(keepends=True)
    end = [third, last, last] if change == "the last twice" else [last, third]
    events(synced).write_bytes(b"".join([*rest, *end]))
    synced.run("sync")
    synced.ok("verify", "--heal")
    synced.run("sync")
    assert events(synced).read_bytes().startswith(before)
    name = events(synced).name
    there = synced.git("show", f"leadline/records:demo/events/{name}")
    assert f"{there}\n".encode() == events(synced).read_bytes()
    assert synced.json("verify")["data"]["faults"] == []

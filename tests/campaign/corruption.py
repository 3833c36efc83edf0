"""Any file under `.git/leadline` damaged in any way: it is seen, or nothing is changed by it; every verb
ends as verbs do; what is written afterwards is there."""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from leadline.core.record.contents import staying
from leadline.core.record.event import Record, parse_lines
from leadline.core.record.union import is_within
from tests.campaign.fault import Faults, Tally
from tests.campaign.foreign import copy_of, template
from tests.conftest import Lab

READING = (
    ("status",),
    ("status", "--runs"),
    ("brief",),
    ("claims",),
    ("logbook",),
    ("index",),
    ("tried", "said"),
    ("next",),
    ("due",),
    ("show", "T-001"),
    ("show", "T-001-r1", "--log"),
    ("artifact", "list"),
    ("series", "T-002"),
    ("report", "--out", "report.html", "--force"),
    ("doctor",),
    ("tracker", "status"),
    ("jobs",),
    ("sync",),
)
BRANCH = "leadline/records"
SAID = ("said before", "said second", "said third", "said of the run")
# What may be damaged without `verify` saying so, by the beginning of its path, and why
# (docs/design/record.md, "What is not seen"):
UNSEEN = {
    "index.sqlite": "a cache, made again from the event files",
    "cache/": "a cache, made again when it is asked for",
    "code-index/": "a cache, made again",
    "rendered/": "digests of what was rendered; without them a rendering is looked at as a hand edit",
    "threads/t/heads/": "a second witness of each last line, made again by the next write",
    "threads/t/compared": "a cache: what was held against the copies is held against them once more",
    "locks/": "empty files that are locked, never read",
    "outbox/": "when to try the forge again: without it, now",
    "open/": "who watches a run; the record says whether it ended",
    "writer.json": "a name that is given anew",
    "programs.json": "a cache: without it a code state passes for a program of its own",
    "run-spans": "a cache, as that",
    "unchanged-runs.json": "a cache: the files of runs are looked at once more",
    "ruler.json": "a cache: the files of a ruler in the code state looked at last",
    "input-digests.json": "a cache: inputs whose times are in it are read once more",
    "environment": "what keys digests of variables: those of another key say nothing of these",
    "runs/": "what the record has digests and values of; where it is shown, it is looked at again",
}


def flip(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]


def cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def cut_at_a_line(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    return b"".join(lines[: chance.randrange(len(lines))])


def lines_moved(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    at, to = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[at], lines[to] = lines[to], lines[at]
    return b"".join(lines)


def line_twice(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    at = chance.randrange(len(lines))
    return b"".join([*lines[:at], lines[at], *lines[at:]])


def lines_gone(data: bytes, chance: random.Random) -> bytes:
    """One line, or some in a row; from the first one as often as from any other."""
    lines = data.splitlines(keepends=True)
    at = chance.choice([0, chance.randrange(len(lines))])
    del lines[at : at + chance.choice([1, 1, 2, 5])]
    return b"".join(lines)


def first_line_spaced(data: bytes, chance: random.Random) -> bytes:
    first, end, rest = data.partition(b"\n")
    return spaced(first, chance) + end + rest


def spaced(data: bytes, chance: random.Random) -> bytes:
    at = [i for i, c in enumerate(data) if c in b',:"{}\n'] or [0]
    where = chance.choice(at)
    return data[:where] + chance.choice([b" ", b"\t", b"\r", b"\n", b"\0"]) + data[where:]


def garbage(data: bytes, chance: random.Random) -> bytes:
    return chance.choice([
        b"", b"\0" * len(data), b"null\n", b"[]\n", b"{}\n", b'"x"\n', b"1e999\n", b"{\n", b"\xff\xfe\n",
        b"[" * 100_000, b"9" * 5000 + b"\n", chance.randbytes(max(1, len(data))), b'{"v": 1}\n',
    ])  # fmt: skip


CHANGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    flip, flip, cut, cut_at_a_line, lines_moved, line_twice, lines_gone, lines_gone,
    spaced, first_line_spaced, garbage,
)  # fmt: skip


def damage(path: Path, chance: random.Random) -> str:
    """Damage one file; says how, "" when nothing changed by it."""
    kind = chance.randrange(14)
    if kind == 0:
        path.unlink()
        return "deleted"
    if kind == 1:
        path.unlink()
        path.mkdir()
        return "a folder in its place"
    if kind == 2:
        path.unlink()
        path.symlink_to(
            chance.choice(["nowhere", path.name, "/dev/null", "/dev/zero", "/etc/hostname"])
        )
        return f"a link in its place, to {os.readlink(path)}"
    if kind == 3:
        path.unlink()
        os.mkfifo(path)
        return "a pipe in its place"
    change, before = chance.choice(CHANGES), path.read_bytes()
    after = change(before, chance) if before else garbage(before, chance)
    path.chmod(0o644)
    path.write_bytes(after)
    return change.__name__ if after != before else ""


def study(lab: Lab) -> None:
    """Of everything that Leadline keeps, one."""
    lab.ok("note", SAID[1])
    lab.write(
        "log.py",
        "import leadline as ll, pathlib\n"
        "[ll.log(step=i, loss=1 / (i + 1)) for i in range(50)]\n"
        "pathlib.Path('kept.txt').write_text('kept')\n",
    )
    lab.git("add", "log.py")
    lab.git("commit", "-q", "-m", "log")
    lab.ok("run", "--quiet", "--artifact", "kept.txt", "--", sys.executable, "log.py")
    lab.ok("baseline", "set", "T-001", "--why", "the first")
    lab.ok("seal", "first", "-m", "sealed")
    lab.ok("sync")
    lab.ok("note", SAID[2])
    lab.ok("note", SAID[3], "--about", "T-001")


def make(tries: int, chance: random.Random, tally: Tally) -> None:
    with template() as lab:
        study(lab)
        kept = staying_of(lab)
        event_file = next((lab.repo / ".git/leadline/threads/t/events").iterdir()).name
        published = (lab.git("show", f"{BRANCH}:t/events/{event_file}") + "\n").encode()
        for number in range(tries):
            with copy_of(lab, str(number)) as copy:
                root = copy.repo / ".git" / "leadline"
                for result in root.glob("runs/*/*/result.json"):
                    result.touch()  # it came last: a copy has the times of its copying
                files = sorted(p for p in root.rglob("*") if p.is_file() and p.stat().st_size)
                events = [p for p in files if p.suffix == ".jsonl" and "events" in p.parts]
                path = chance.choice(chance.choice([files, files, events]))
                name, before = str(path.relative_to(root)), path.read_bytes()
                how = damage(path, chance)
                if how:
                    tally.tries += 1
                    left = path.read_bytes() if "in its place" not in how and path.exists() else b""
                    judge(copy, tally, name, how, kept)
                    if path.name == event_file:
                        came_back(copy, tally, f"{name}, {how}", path, before, published, left)


def staying_of(lab: Lab) -> set[str]:
    """Beginnings of the digests of what only the machine has to have that made it: a copy is another."""
    files = (lab.repo / ".git/leadline/threads/t/events").glob("*.jsonl")
    lines = [line for path in files for line in path.read_bytes().splitlines(keepends=True)]
    named = (staying(r) for r in parse_lines(lines) if isinstance(r, Record))
    return {digest[:19] for digests in named for digest in digests}


def judge(lab: Lab, tally: Tally, name: str, how: str, kept: set[str]) -> None:
    what = f"{name}, {how}"
    verified = lab.run("verify")
    output = verified.stdout + verified.stderr
    tally.saw(f"{what}: verify", output)
    blob = "".join(name.split("/")[-2:])[:12]  # a note names what nothing rests on
    gone = not (lab.repo / ".git/leadline" / name).exists()
    known = f"sha256:{blob}" in output or (gone and f"sha256:{blob}" in kept)
    unseen = verified.returncode == 0 and not (name.startswith("blobs/") and known)
    if unseen and not any(name.startswith(known) for known in UNSEEN):
        tally.false.append(f"{what}: verify says no fault")
    for verb in READING:
        done = lab.run("--thread", "t", *verb)
        tally.saw(f"{what}: {' '.join(verb)}", done.stdout + done.stderr)
    noted = lab.run("--thread", "t", "note", "said afterwards")
    tally.saw(f"{what}: note", noted.stdout + noted.stderr)
    if "verify --heal" in noted.stderr:  # what it says is what helps
        lab.run("verify", "--heal")
        noted = lab.run("--thread", "t", "note", "said afterwards")
    told = lab.run("--thread", "t", "logbook").stdout
    if noted.returncode == 0 and "said afterwards" not in told:
        tally.lost.append(f"{what}: the note that was acknowledged is not in the logbook")
    if noted.returncode:
        tally.false.append(f"{what}: note: {noted.stderr[-300:]}")
    lost = [words for words in SAID if words not in told]
    if lost and verified.returncode == 0:
        tally.lost.append(f"{what}: {lost} are gone and verify says no fault")
    shutil.rmtree(lab.repo / "report.html", ignore_errors=True)


def came_back(
    lab: Lab, tally: Tally, what: str, path: Path, before: bytes, published: bytes, left: bytes
) -> None:
    """Each line that the record branch had is here again, and where no other was damaged, all is as if
    nothing had been: here and on the branch. Where others are gone, which nobody has, no chain may ask
    for it: then it is kept apart and named. ``left``: what the damage had left of ``before``."""
    healed = lab.run("verify", "--heal")
    tally.saw(f"{what}: verify --heal", healed.stdout + healed.stderr)
    lines = {line for file in path.parent.glob("*.jsonl") for line in _lines(file.read_bytes())}
    is_all_known = set(_lines(before)) <= {*_lines(left), *_lines(published)}
    if not is_all_known and "  disputed  " in healed.stdout:
        apart = (path.parents[1] / "disputed").glob("*.jsonl")
        lines |= {line for file in apart for line in _lines(file.read_bytes())}
    gone = [number for number, line in enumerate(_lines(published), 1) if line not in lines]
    if gone:
        tally.lost.append(f"{what}: the lines {gone} that the record branch has did not come back")
    if not is_all_known:
        return
    lab.run("sync")
    verified, there = lab.run("verify"), lab.git("show", f"{BRANCH}:t/events/{path.name}")
    if verified.returncode:
        tally.false.append(f"{what}: healed, and verify says {verified.stdout[-600:]}")
    if not path.read_bytes().startswith(before):
        tally.lost.append(f"{what}: the file is not what it was")
    # One that was published damaged is replaced by the machine that wrote it, which a copy is not.
    if not is_within(f"{there}\n".encode(), path.read_bytes()):
        tally.false.append(f"{what}: the record branch has another version than the file here")


def _lines(data: bytes) -> list[bytes]:
    return data.splitlines(keepends=True)


FAULTS = Faults("damage of any file under `.git/leadline`", make, tries=600, share=6)

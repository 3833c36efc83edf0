"""A small file system that fills up under a verb: nothing acknowledged is gone, nothing is half there,
and with room again all goes on."""

from __future__ import annotations

import os
import random
import re
import subprocess
import tempfile
from pathlib import Path

from tests.campaign.fault import EndedLab, Faults, Tally
from tests.campaign.verbs import VERBS, Acknowledged, Done, Verb, once, settled
from tests.conftest import Lab, sealed_environment

SIZE_MIB = 6
IN_ONE_DISK = 20
PAGE_BYTES = 4096
NAMED = re.compile(
    r"no space|disk.full|out of diskspace|unable to write|cannot write", re.IGNORECASE
)
LONG = " of many" * 2500  # its record takes several pages, of which some may find room


def _long_words(number: int, done: Done, acknowledged: Acknowledged) -> None:
    acknowledged.words.append(f'"long word {number}{LONG}"')


LONG_NOTE = Verb("note", lambda n: ["note", f"long word {n}{LONG}", "--thread", "t"], _long_words)


def make(tries: int, chance: random.Random, tally: Tally) -> None:
    done = 0
    while done < tries:
        with tempfile.TemporaryDirectory(prefix="campaign-full-") as name:
            folder = Path(name)
            (place := folder / "disk").mkdir()
            _mount(place)
            try:
                _fill_again_and_again(folder, place, min(IN_ONE_DISK, tries - done), chance, tally)
            finally:
                subprocess.run(["umount", "-l", str(place)], check=True)
        done += IN_ONE_DISK


def _mount(place: Path) -> None:
    options = f"size={SIZE_MIB}m"
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)],
        check=True,
        capture_output=True,
    )


def _fill_again_and_again(
    folder: Path, place: Path, tries: int, chance: random.Random, tally: Tally
) -> None:
    lab = EndedLab(place / "repo", sealed_environment(folder / "home"))
    lab.repo.mkdir()
    lab.git("init", "-q", "-b", "main")
    lab.write("code.py", "print('{\"time_ms\": 1.5}')\n")
    lab.git("add", "code.py")
    lab.git("commit", "-q", "-m", "first")
    subprocess.run(["git", "init", "-q", "--bare", str(folder / "remote")], check=True)
    lab.git("remote", "add", "origin", str(folder / "remote"))
    metric = ("--success", "time_ms:ms:lower")
    lab.ok("start", "t", "--prefix", "T", "--no-branch", "--goal", "find out", *metric)
    acknowledged = Acknowledged()
    filler = place / "filler"
    for number in range(tries):
        verb = chance.choice((*VERBS, LONG_NOTE, LONG_NOTE))
        room = chance.choice((0, chance.randrange(40), chance.randrange(400))) * 1024
        if verb is LONG_NOTE:
            room = chance.randrange(6) * PAGE_BYTES
        disk = os.statvfs(place)
        if verb.name == "run":  # by `once` it would fail itself
            lab.write("code.py", f"print('{{\"time_ms\": {number}.5}}')\n")
        left = room + chance.choice(
            (0, PAGE_BYTES, 2 * PAGE_BYTES)
        )  # of short lines few need a page
        filler.write_bytes(bytes(max(0, disk.f_bavail * disk.f_frsize - left)))
        try:
            what = f"full disk with {room} bytes left"
            try:
                answer = once(lab, verb, number, {}, acknowledged, tally, what)
                if answer.returncode and not NAMED.search(answer.stderr):
                    tally.false.append(f"{what}: {verb.name} does not say so: {answer.stderr}")
            except OSError:
                continue  # no room for the file that this try itself changes
        finally:
            filler.unlink()
        _half_there(lab, verb.name, tally, what)
    settled(lab, acknowledged, tally, "full disks")


def _half_there(lab: Lab, name: str, tally: Tally, what: str) -> None:
    """Room was all that was missing: what could not be written whole was taken back."""
    ours = lab.repo / ".git/leadline"
    left = [path for path in ours.rglob("*.tmp") if "runs" not in path.parts]
    left += [path for path in ours.glob("threads/*/events/*") if path.read_bytes()[-1:] != b"\n"]
    tally.false += [f"{what}: {name} leaves {path.relative_to(ours)}" for path in left]


def lacks() -> str:
    if os.geteuid() != 0:
        return "it takes root to mount"
    with tempfile.TemporaryDirectory(prefix="campaign-full-") as name:
        try:
            _mount(Path(name))
        except (OSError, subprocess.CalledProcessError):
            return "no tmpfs can be mounted"
        subprocess.run(["umount", "-l", name], check=True)
    return ""


FAULTS = Faults("a disk that fills up", make, 200, 10, lacks)

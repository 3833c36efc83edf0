"""A folder of runs that others may write in, with anything of theirs in the place of anything of ours:
what is private stays as it is, is read by nobody, and every verb ends."""

from __future__ import annotations

import json
import os
import random
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from leadline.core.canonical import digest_bytes
from leadline.core.tracker.run_folder import ABOUT, MANIFEST
from tests.campaign.fault import Faults, Tally, fresh
from tests.conftest import Lab, sealed_environment

PRIVATE = "pr1vateWordsOfSomebody4711"
OTHER = 65534
JOB = """import leadline, sys
for step in range(20): leadline.log(step=step, loss=1 / (step + 1))
open("kept.txt", "w").write(sys.argv[1])
leadline.log_artifact("kept.txt")
print('{"time_ms": 2.5}')
"""
NEW = (
    "manifest.json.part", "about.json.part", "artifacts/kept.txt.part", "artifacts/more.txt",
    "artifacts/more.txt.part", "series.jsonl", "result.json.part", "owner.json", "spec.json",
)  # fmt: skip
LIMIT_S = 120


class Shared:
    """Ada's repository, which sends its runs to ``team``; Bob's, which takes them; and what is private."""

    def __init__(self, ada: Lab) -> None:
        self.ada, self.box = ada, ada.repo.parent
        self.team, self.private = self.box / "team", self.box / "private"
        self.bob = Lab(self.box / "bob", sealed_environment(self.box / "home-bob"))
        self.bob.repo.mkdir()
        self.bob.git("init", "-q", "-b", "main")
        self.bob.git("commit", "-q", "--allow-empty", "-m", "first")
        self.bob.ok("start", "b", "--prefix", "B", "--no-branch", "--goal", "look at theirs")
        self.team.mkdir()
        self.team.chmod(0o2777)
        ada.write("log.py", JOB)
        ada.git("add", "log.py")
        ada.git("commit", "-q", "-m", "log")
        ada.ok("tracker", "set", "leadline", "p", "--at", "../team")
        ada.ok("run", "--quiet", "--", sys.executable, "log.py", "one")
        ada.ok("tracker", "push")
        shutil.copytree(self.team, self.box / "team-before")
        self._make_private()

    def _make_private(self) -> None:
        """A text, and a run that is whole: what is read of it through a link would be believed."""
        (run,) = (self.team / "p").iterdir()
        shutil.copytree(run, self.private / "run")
        (self.private / "file").write_text(PRIVATE)
        about, manifest = (self.private / "run" / name for name in (ABOUT, MANIFEST))
        said, listed = json.loads(about.read_text()), json.loads(manifest.read_text())
        said |= {"title": PRIVATE, "name": PRIVATE, "config": {"words": PRIVATE}}
        about.write_text(json.dumps(said))
        whole = about.read_bytes()
        listed["files"][ABOUT] = {"size_bytes": len(whole), "digest": digest_bytes(whole)}
        manifest.write_text(json.dumps(listed))
        for path in (self.private, *self.private.rglob("*")):
            path.chmod(0o700 if path.is_dir() else 0o600)

    def restored(self) -> None:
        subprocess.run(["chmod", "-R", "u+rwx", str(self.team)], check=False)
        shutil.rmtree(self.team)
        shutil.copytree(self.box / "team-before", self.team)
        self.team.chmod(0o2777)

    def state(self) -> dict[str, tuple[int, int, str]]:
        found = {}
        for path in (self.private, *sorted(self.private.rglob("*"))):
            told = path.lstat()
            text = path.read_text(errors="replace") if path.is_file() else ""
            found[str(path)] = (stat.S_IMODE(told.st_mode), told.st_uid, text)
        return found

    def told(self) -> list[str]:
        """Where the private words lie that nobody put there on purpose."""
        places = (self.ada.repo, self.bob.repo, self.team)
        files = (path for place in places for path in place.rglob("*"))
        own = {path.stat().st_ino for path in self.private.rglob("*")}
        return [
            str(path.relative_to(self.box))
            for path in files
            if path.is_file()
            and not path.is_symlink()
            and path.stat().st_ino not in own
            and PRIVATE.encode() in path.read_bytes()
        ]


Plant = Callable[[Path, Shared], None]


def _like(place: Path, shared: Shared) -> Path:
    """What stands in the private run where ``place`` stands in the run."""
    inside = place.relative_to(shared.team).parts[2:]  # below PROJECT/RUN
    return shared.private.joinpath("run", *inside)


def _clear(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    elif os.path.lexists(place):
        place.unlink()
    if not place.parent.is_dir():
        place.parent.mkdir(parents=True)


def _link(to: Callable[[Path, Shared], str | Path]) -> Plant:
    def plant(place: Path, shared: Shared) -> None:
        _clear(place)
        place.symlink_to(to(place, shared))

    return plant


def _hard_link(place: Path, shared: Shared) -> None:
    _clear(place)
    place.hardlink_to(shared.private / "file")


def _pipe(place: Path, shared: Shared) -> None:
    _clear(place)
    os.mkfifo(place)


def _folder(place: Path, shared: Shared) -> None:
    _clear(place)
    place.mkdir()
    (place / "theirs").write_text("theirs")


def _closed(place: Path, shared: Shared) -> None:
    if os.path.lexists(place):
        place.chmod(0)


def _of_another(place: Path, shared: Shared) -> None:
    if os.path.lexists(place):
        os.chown(place, OTHER, OTHER, follow_symlinks=False)


def _device(place: Path, shared: Shared) -> None:
    _clear(place)
    os.mknod(place, 0o666 | stat.S_IFCHR, os.makedev(1, 5))  # an endless file of zeros


PLANTS: dict[str, Plant] = {
    "a link to a private file": _link(lambda place, shared: shared.private / "file"),
    "a link to what is private of its name": _link(_like),
    "a link to a private run": _link(lambda place, shared: shared.private / "run"),
    "a link to a new private file": _link(lambda place, shared: shared.private / "made"),
    "a link to itself": _link(lambda place, shared: place.name),
    "a link to an endless file": _link(lambda place, shared: "/dev/zero"),
    "a hard link": _hard_link,
    "a pipe": _pipe,
    "a folder": _folder,
    "no rights": _closed,
}
# What did harm once, or would where one of two guards falls: made first, the rest by chance.
FIRST = (
    ("a link to a private run", ""),
    ("a link to what is private of its name", "artifacts"),
    ("a link to what is private of its name", "about.json"),
    ("a hard link", "artifacts/kept.txt"),
    ("a link to a private file", "about.json.part"),
    ("a pipe", "manifest.json"),
)
OF_ROOT: dict[str, Plant] = {"another owner": _of_another, "a device": _device}


def _drawn(shared: Shared, chance: random.Random) -> tuple[str, Path]:
    plants = PLANTS | (OF_ROOT if os.geteuid() == 0 else {})
    return chance.choice(sorted(plants)), _place(shared, chance)


def _place(shared: Shared, chance: random.Random) -> Path:
    (run, *_) = sorted((shared.team / "p").iterdir())
    uid = run.name.rpartition("-")[2]
    there = sorted(run.rglob("*"))
    new = [run / name for name in NEW]
    above = [run, shared.team / "p", run / "artifacts", run / "series", run.parent / f".{uid}.0123"]
    return chance.choice(chance.choice([there, new, above]))


def _try(shared: Shared, name: str, place: Path, chance: random.Random, tally: Tally) -> None:
    what = f"{name} at {place.relative_to(shared.team)}"
    (PLANTS | OF_ROOT)[name](place, shared)
    before = shared.state()
    owner = place.lstat() if name == "another owner" and os.path.lexists(place) else None
    ada, bob = shared.ada, shared.bob
    change = chance.choice([
        ("run", "--quiet", "--", sys.executable, "log.py", "more"),
        ("correct", "T-001", "title=another"),
        ("note", "nothing new"),
    ])  # fmt: skip
    verbs = [
        (ada, change), (ada, ("tracker", "push")), (ada, ("tracker", "sync")),
        (ada, ("tracker", "status")), (ada, ("tracker", "reconcile")), (ada, ("tracker", "fetch")),
        (ada, ("show", "T-001")), (bob, ("import", "p", "--format", "leadline", "--at", str(shared.team))),
        (bob, ("tracker", "set", "leadline", "p", "--at", str(shared.team))),
        (bob, ("tracker", "fetch")), (bob, ("brief",)),
    ]  # fmt: skip
    for lab, verb in verbs:
        said = f"{what}: {' '.join(verb)}"
        try:
            done = lab.run(*verb, timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            tally.false.append(f"{said} does not end")
            continue
        tally.saw(said, done.stdout + done.stderr)
        if PRIVATE in done.stdout + done.stderr:
            tally.leaked.append(f"{said}: private words were shown")
        if done.returncode and verb[0] in ("run", "note"):
            tally.false.append(f"{said}: {done.stderr[-300:]}")
    if (now := shared.state()) != before:
        tally.leaked.append(f"{what}: {sorted(set(now.items()) ^ set(before.items()))[:3]}")
    if told := shared.told():
        tally.leaked.append(f"{what}: private words lie in {told[:3]}")
    if owner is not None and os.path.lexists(place):
        left = place.lstat()
        if left.st_ino == owner.st_ino and left.st_mode != owner.st_mode:
            tally.leaked.append(f"{what}: its rights were changed to {left.st_mode:o}")
    if '"T-001"' not in ada.run("status", "--runs", "--json").stdout:
        tally.lost.append(f"{what}: the run is not in the list")


def make(tries: int, chance: random.Random, tally: Tally) -> None:
    while tally.tries < tries:
        with fresh() as lab:
            shared = Shared(lab)
            for _ in range(min(12, tries - tally.tries)):
                (run,) = (shared.team / "p").iterdir()
                first = FIRST[tally.tries : tally.tries + 1]
                made = [(name, run / inside) for name, inside in first]
                name, place = made[0] if made else _drawn(shared, chance)
                tally.tries += 1
                _try(shared, name, place, chance, tally)
                shared.restored()


FAULTS = Faults("a shared run folder with others' things in it", make, tries=200, share=6)

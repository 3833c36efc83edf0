"""A power cut right after a verb has answered: a file system on a loop device, whose image is copied
while it is mounted. What reached the image is what survives; it is mounted where the other was, and
asked.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.campaign.fault import EndedLab, Faults, Tally
from tests.conftest import Lab, sealed_environment

SIZES_MIB = {"ext4": 64, "ext2": 64, "xfs": 320, "btrfs": 128}
MAKE = {
    "ext4": ("mkfs.ext4", "-q", "-F"),
    "ext2": ("mkfs.ext2", "-q", "-F"),
    "xfs": ("mkfs.xfs", "-q"),
    "btrfs": ("mkfs.btrfs", "-q"),
}
RECORDS = "refs/heads/leadline/records"
OPTIONS = {"xfs": "loop,nouuid"}


@dataclass
class Named:
    """What was named to the user until now."""

    words: list[str] = field(default_factory=list)
    commits: list[str] = field(default_factory=list)
    refs: dict[str, str] = field(default_factory=dict)
    running: bool = False


class Disk:
    """One file system in an image, and the copies of it that power cuts left."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind, self.folder, self.place = kind, folder, folder / "mounted"
        self.image = folder / "image"
        self.place.mkdir()
        with open(self.image, "wb") as file:
            file.truncate(SIZES_MIB[kind] << 20)
        _do(*MAKE[kind], str(self.image))
        self.mount(self.image)

    def mount(self, image: Path, options: str = "loop") -> None:
        _do("mount", "-o", OPTIONS.get(self.kind, options), str(image), str(self.place))

    def unmount(self) -> None:
        _do("umount", "-l", str(self.place))

    def cut(self, number: int) -> Path:
        copy = self.folder / f"copy-{number}"
        _do("cp", "--sparse=always", str(self.image), str(copy))
        return copy

    def back(self, copy: Path) -> None:
        # Without a journal it is read as it is: what a check of the whole file system would repair is
        # what others had not brought to the disk, and before one nothing may be written.
        self.mount(copy, "loop" if self.goes_on else "loop,ro")

    @property
    def goes_on(self) -> bool:
        return self.kind != "ext2"


def _do(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"{words}: {done.stderr}")


def make(tries: int, chance: random.Random, tally: Tally) -> None:
    kinds = [kind for kind in MAKE if _has(kind)]
    done = 0
    while done < tries:
        kind = kinds[0]
        folder = Path(tempfile.mkdtemp(prefix="campaign-power-"))
        try:
            done += _one_disk(kind, folder, chance, tally, max(2, tries // len(kinds)))
        finally:
            subprocess.run(["umount", "-l", str(folder / "mounted")], capture_output=True)
            shutil.rmtree(folder, ignore_errors=True)
        kinds = [*kinds[1:], kinds[0]]


def _one_disk(kind: str, folder: Path, chance: random.Random, tally: Tally, most: int) -> int:
    disk = Disk(kind, folder)
    lab = EndedLab(disk.place / "repo", sealed_environment(folder / "home"))
    lab.repo.mkdir()
    lab.git("init", "-q", "-b", "main")
    lab.write("code.py", "print('{\"time_ms\": 1.5}')\n")
    for number in range(20):
        lab.write(f"package/part{number}/file.py", f"number = {number}\n")
    lab.git("add", ".")
    lab.git("commit", "-q", "-m", "first")
    remote = folder / "remote"
    subprocess.run(["git", "init", "-q", "--bare", str(remote)], check=True)
    lab.git("remote", "add", "origin", str(remote))
    os.sync()  # what lies there before Leadline comes is another's
    named, cuts = Named(), []
    acts = [_start, *chance.sample(ACTS, len(ACTS))][:most]
    for number, act in enumerate(acts):
        act(lab, named, chance)
        if RECORDS in named.refs:
            named.refs[RECORDS] = lab.git("rev-parse", RECORDS)
        cuts.append((f"{kind}, {act.__name__}", disk.cut(number), json.dumps(vars(named))))
        shutil.copytree(remote, folder / f"remote-{number}")
        for process in _left.copy():
            process.kill()
            process.wait()
            _left.remove(process)
    disk.unmount()
    for number, (what, copy, told) in enumerate(cuts):
        tally.tries += 1
        shutil.rmtree(remote)
        (folder / f"remote-{number}").rename(remote)
        try:
            disk.back(copy)
        except OSError as error:
            tally.lost.append(f"{what}: {error}")
            continue
        _lost(lab, what, Named(**json.loads(told)), tally)
        if disk.goes_on:
            _goes_on(lab, what, tally)
        disk.unmount()
        copy.unlink()
    return len(cuts)


# --- what is done before the cut ------------------------------------------------------------------

_left: list[subprocess.Popen[bytes]] = []


def _start(lab: Lab, named: Named, chance: random.Random) -> None:
    metric = ("--success", "time_ms:ms:lower")
    lab.ok("start", "t", "--prefix", "T", "--no-branch", "--goal", "find out", *metric)
    named.words.append("find out")


def _note(lab: Lab, named: Named, chance: random.Random) -> None:
    words = f"word {chance.random()}"
    lab.ok("note", words)
    named.words.append(words)


def _edited_run(lab: Lab, named: Named, chance: random.Random) -> None:
    lab.write(f"package/part{chance.randrange(20)}/file.py", f"number = {chance.random()}\n")
    lab.write(f"new-{chance.random()}.py", "new = 1\n")
    _run(lab, named)


def _committed_run(lab: Lab, named: Named, chance: random.Random) -> None:
    lab.write(f"package/part{chance.randrange(20)}/file.py", f"number = {chance.random()}\n")
    lab.git("add", "-A")
    lab.git("commit", "-q", "-m", "more")
    _run(lab, named)


def _run(lab: Lab, named: Named) -> None:
    answer = lab.json("run", "--artifact", "code.py", "--", "python3", "code.py")
    named.words.append(answer["data"]["runs"][0]["id"])
    named.commits.append(answer["data"]["runs"][0]["code"]["commit"])
    if ref := answer["data"]["runs"][0]["code"].get("ref"):
        named.refs[ref] = named.commits[-1]


def _begun_run(lab: Lab, named: Named, chance: random.Random) -> None:
    """Cut while it goes on; nobody was told more than that it began."""
    job = ["sh", "-c", "echo begun; sleep 60"]
    words = [sys.executable, "-m", "leadline", "run", "--quiet", "--", *job]
    process = subprocess.Popen(words, cwd=lab.repo, env=lab.env, stderr=subprocess.DEVNULL)
    _left.append(process)
    folder = lab.repo / ".git/leadline/runs"
    while not any(path.stat().st_size for path in folder.rglob("stdout.log")):
        if process.poll() is not None:
            raise OSError("the run ended before it had begun")
    named.running = True


def _seal(lab: Lab, named: Named, chance: random.Random) -> None:
    lab.ok("seal", f"s{chance.randrange(10**9)}")
    for line in lab.git("for-each-ref", "--format=%(objectname) %(refname)").splitlines():
        name, ref = line.split()
        if ref.startswith("refs/tags/"):
            named.refs[ref] = name


def _sync(lab: Lab, named: Named, chance: random.Random) -> None:
    lab.ok("sync")
    named.refs[RECORDS] = lab.git("rev-parse", RECORDS)


Act = Callable[[Lab, Named, random.Random], None]
ACTS: tuple[Act, ...] = (_note, _edited_run, _committed_run, _begun_run, _seal, _sync)


# --- what is asked after it -----------------------------------------------------------------------


def _lost(lab: Lab, what: str, named: Named, tally: Tally) -> None:
    record = "".join(
        path.read_text(errors="replace")
        for path in (lab.repo / ".git/leadline/threads").rglob("*.jsonl")
    )
    tally.lost += [f"{what}: {words!r}" for words in named.words if f'"{words}"' not in record]
    for commit in named.commits:
        done = subprocess.run(
            ["git", "archive", commit], cwd=lab.repo, env=lab.env, capture_output=True, text=False
        )
        if done.returncode:
            tally.lost.append(f"{what}: code {commit}: {done.stderr.decode()[-200:]}")
    for ref, name in named.refs.items():
        if lab.git("rev-parse", "--verify", "-q", ref, check=False) != name:
            tally.lost.append(f"{what}: {ref}")
        elif lab.git("cat-file", "-e", ref, check=False):
            tally.lost.append(f"{what}: the object of {ref}")
    for blob in (lab.repo / ".git/leadline/blobs").rglob("*"):
        if blob.is_file() and blob.stat().st_size == 0:
            tally.lost.append(f"{what}: {blob.name} is empty")


def _goes_on(lab: Lab, what: str, tally: Tally) -> None:
    for verb in (
        ("verify",),
        ("doctor",),
        ("run", "--", "python3", "code.py"),
        ("note", "it goes on"),
        ("seal", "after"),
        ("sync",),
    ):
        answer = lab.run(*verb)
        if way_out := re.search(r"^\s*next: (rm .+?)(?:  \(.*)?$", answer.stderr, re.M):
            # git syncs neither its index nor the locks that it leaves: what is named, as it is typed.
            subprocess.run(way_out[1], shell=True, cwd=lab.repo, env=lab.env, check=True)
            answer = lab.run(*verb)
        said = answer.stdout + answer.stderr
        tally.saw(f"{what}: {verb}", said)
        if answer.returncode:
            tally.false.append(f"{what}: {verb[0]} ends {answer.returncode}: {said[-600:]}")
    runs = lab.json("status", "--runs").get("data")
    if '"running"' in json.dumps(runs):
        tally.false.append(f"{what}: a run is said to be running")


def _has(kind: str) -> bool:
    return shutil.which(MAKE[kind][0]) is not None


def lacks() -> str:
    if os.geteuid() != 0:
        return "it takes root to mount"
    if not shutil.which("losetup") or not os.path.exists("/dev/loop-control"):
        return "no loop devices"
    if not any(_has(kind) for kind in MAKE):
        return "nothing that makes a file system"
    try:
        with tempfile.TemporaryDirectory(prefix="campaign-power-") as folder:
            Disk(next(kind for kind in MAKE if _has(kind)), Path(folder)).unmount()
    except OSError as error:
        return str(error)
    return ""


FAULTS = Faults("power cut after a verb has answered (ext2, ext4, xfs, btrfs)", make, 112, 8, lacks)

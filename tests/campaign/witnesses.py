"""Records that are gone here, and with them some of what tells of them: heads, the record branch, what
was fetched of it, the remote's, tags, folders of runs, an issue. Whatever is left is made to speak:
`verify` says no "no fault", and what any copy holds comes back.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.campaign.fault import Faults, Tally
from tests.campaign.foreign import copy_of, template
from tests.conftest import Lab

SAID = ("said before", "said second", "said of the run")
TELLING = {"sealed-elsewhere", "not-taken-in"}  # notes that say it
KEPT_LINES = 2  # of the file that is cut: the beginning of the thread, and no more


def _root(lab: Lab) -> Path:
    return lab.repo / ".git/leadline"


def _cut(lab: Lab) -> None:
    for path in (_root(lab) / "threads/t/events").glob("*.jsonl"):
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(lines[:KEPT_LINES]))


def _empty(lab: Lab) -> None:
    for path in (_root(lab) / "threads/t/events").glob("*.jsonl"):
        path.write_bytes(b"")


def _delete(lab: Lab) -> None:
    for path in (_root(lab) / "threads/t/events").glob("*.jsonl"):
        path.unlink()


def _refs(lab: Lab, *patterns: str) -> None:
    for ref in lab.git("for-each-ref", "--format=%(refname)", *patterns).split():
        lab.git("update-ref", "-d", ref)


def _remote(lab: Lab) -> None:
    bare = lab.repo.parent / "origin.git"
    subprocess.run(
        ["git", "update-ref", "-d", "refs/heads/leadline/records"],
        cwd=bare,
        env=lab.env,
        check=True,
    )


HARM: dict[str, Callable[[Lab], None]] = {
    "its end cut off": _cut,
    "emptied": _empty,
    "deleted": _delete,
}
GONE: dict[str, Callable[[Lab], None]] = {
    "heads": lambda lab: shutil.rmtree(_root(lab) / "threads/t/heads"),
    "branch": lambda lab: _refs(lab, "refs/heads/leadline"),
    "fetched": lambda lab: _refs(lab, "refs/leadline/remotes", "refs/remotes/origin/leadline"),
    "remote": _remote,
    "tags": lambda lab: _refs(lab, "refs/tags"),
    "runs": lambda lab: shutil.rmtree(_root(lab) / "runs"),
    "caches": lambda lab: [path.unlink() for path in _root(lab).glob("index*")] and None,
}
HERE = {"heads", "branch", "fetched", "tags", "runs"}  # what `verify` can ask
COPIES = {"branch", "fetched", "remote"}  # what holds the lines themselves


def make(tries: int, chance: random.Random, tally: Tally) -> None:
    with template() as lab:
        lab.ok("note", SAID[1])
        lab.ok("seal", "first", "-m", "sealed")
        lab.ok("note", SAID[2], "--about", "T-001")
        lab.ok("sync")
        # First each alone, which then has to tell.
        alone = [(harm, [name]) for harm in HARM for name in sorted(HERE | COPIES)]
        for number in range(tries):
            harm, stays = alone[number] if number < len(alone) else _drawn(chance)
            with copy_of(lab, str(number)) as copy:
                tally.tries += 1
                _try(copy, harm, set(GONE) - set(stays), tally)


def _drawn(chance: random.Random) -> tuple[str, list[str]]:
    return chance.choice(sorted(HARM)), chance.sample(sorted(GONE), chance.choice((0, 2, 2, 3)))


def _try(lab: Lab, harm: str, gone: set[str], tally: Tally) -> None:
    what = f"{harm}, without {', '.join(sorted(gone))}"
    HARM[harm](lab)
    for name in sorted(gone):
        GONE[name](lab)
    told = lab.run("verify", "--json")
    tally.saw(f"{what}: verify", told.stdout + told.stderr)
    data = json.loads(told.stdout)["data"]
    speaks = data["faults"] or TELLING & {note["code"] for note in data["notes"]}
    if HERE - gone and not speaks:
        tally.false.append(f"{what}: verify says no fault, and there are {sorted(HERE - gone)}")
    for verb in (("status",), ("verify", "--heal"), ("sync",), ("verify",), ("brief",)):
        done = lab.run(*verb)
        tally.saw(f"{what}: {' '.join(verb)}", done.stdout + done.stderr)
    back = lab.run("--thread", "t", "logbook").stdout
    lost = [words for words in SAID if words not in back]
    if lost and COPIES - gone:
        tally.lost.append(f"{what}: {lost} did not come back from {sorted(COPIES - gone)}")
    noted = lab.run("--thread", "t", "note", "said afterwards")
    tally.saw(f"{what}: note", noted.stdout + noted.stderr)
    if noted.returncode and COPIES - gone:
        tally.false.append(f"{what}: note: {noted.stderr[-300:]}")


FAULTS = Faults("records gone, and several of what tells of them", make, tries=200, share=18)

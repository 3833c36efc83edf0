"""Many at once: 20 writers beside three syncs of one clone, syncs of clones, threads started
together, and locks that a killed git left."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys

from tests.campaign.fault import Faults, Tally, fresh
from tests.conftest import Lab

WRITERS, SYNCS, STARTS = 20, 3, 4
UNTRUE = re.compile(r"cannot be reached|changed by someone else|ref-moved")
LOCKS = (
    "refs/heads/leadline/records",
    "refs/leadline/remotes/origin/records",
    "refs/heads/main",
    "HEAD",
)


def make(tries: int, chance: random.Random, tally: Tally) -> None:
    while tally.tries < tries:
        with fresh() as lab:
            _with_remote(lab)
            _writers_and_syncs(lab, tally)
            _clones(lab, tally)
            _starts(lab, tally)
            _locks(lab, chance, tally)


def _with_remote(lab: Lab) -> None:
    there = str(lab.repo.parent / "there.git")
    lab.git("init", "-q", "--bare", there)
    lab.git("remote", "add", "origin", there)
    lab.git("push", "-q", "origin", "main")


def _at_once(tally: Tally, *started: tuple[Lab, tuple[str, ...]]) -> list[str]:
    """What each said; one that failed, or said what is not so, is counted."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "leadline", *words],
            cwd=lab.repo,
            env=lab.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for lab, words in started
    ]
    said = []
    for process, (_, words) in zip(processes, started, strict=True):
        output, _ = process.communicate()
        tally.tries += 1
        tally.saw(" ".join(words), output)
        if process.returncode or UNTRUE.search(output):
            tally.false.append(f"{' '.join(words)} -> {process.returncode}: {output[-600:]}")
        said.append(output)
    return said


def _writers_and_syncs(lab: Lab, tally: Tally) -> None:
    writers = [(lab, ("note", f"words number {number} of this")) for number in range(WRITERS - 2)]
    writers += [(lab, ("run", "--", "true")), (lab, ("update", "--change", "something new"))]
    syncs = [(lab, ("sync",))] * SYNCS
    said = _at_once(tally, *syncs, *writers)
    ids = [shown for output in said for shown in re.findall(r"^T-N\d+", output, re.MULTILINE)]
    tally.false += [f"{shown} was given twice" for shown in ids if ids.count(shown) > 1]
    logbook = lab.ok("logbook")
    texts = [f"words number {number} of this" for number in range(WRITERS - 2)]
    tally.lost += [text for text in texts if text not in logbook]


def _clones(lab: Lab, tally: Tally) -> None:
    """Three machines that sync at once, until all have the same."""
    clones = [lab]
    for number in range(2):
        clone = Lab(lab.repo.parent / f"clone-{number}", lab.env)
        lab.git("clone", "-q", str(lab.repo.parent / "there.git"), str(clone.repo))
        clone.ok("sync")
        clones.append(clone)
    _at_once(tally, *[(clone, ("note", f"of {clone.repo.name}")) for clone in clones])
    for _ in range(2):
        _at_once(tally, *[(clone, ("sync",)) for clone in clones])
    for clone in clones:
        clone.ok("sync")
        logbook = clone.ok("logbook")
        tally.lost += [c.repo.name for c in clones if f"of {c.repo.name}" not in logbook]
        answer = clone.run("verify")
        if answer.returncode:
            tally.false.append(f"verify of {clone.repo.name}: {answer.stdout}{answer.stderr}")


def _starts(lab: Lab, tally: Tally) -> None:
    words = ("start", "--goal", "g", "--no-branch", "--json")
    said = _at_once(tally, *[(lab, (*words, f"topic-{number}")) for number in range(STARTS)])
    found = [re.search(r'"prefix": "([^"]+)"', output) for output in said]
    prefixes = [match[1] for match in found if match]
    if len(set(prefixes)) < STARTS:
        tally.false.append(f"threads started at once have the prefixes {prefixes}")


def _locks(lab: Lab, chance: random.Random, tally: Tally) -> None:
    """A stale lock: either nobody needed the ref, or it is named with the command that helps."""
    lab.git("checkout", "-q", "main")
    for ref in LOCKS:
        path = lab.repo / ".git" / f"{ref}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        lab.ok("note", f"beside {ref}", "--thread", "t")
        answer = lab.run("sync", "--json")
        tally.tries += 1
        output = answer.stdout + answer.stderr
        tally.saw(f"sync with {path.name}", output)
        if UNTRUE.search(output):
            tally.false.append(f"sync with {ref} locked: {output[-600:]}")
        if answer.returncode and str(path) not in output:
            tally.false.append(f"the lock {path} is not named: {output[-600:]}")
        path.unlink()
        done = json.loads(lab.run("sync", "--json").stdout.splitlines()[-1])
        if not done["ok"]:
            tally.false.append(f"sync after {ref} was unlocked: {done}")


FAULTS = Faults(
    "20 writers, syncs and starts at once; locks left by git", make, tries=400, share=40
)

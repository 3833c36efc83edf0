"""Writing verbs to be cut short, and what has to be true afterwards whatever they were met by."""

from __future__ import annotations

import os
import random
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.campaign import shim
from tests.campaign.fault import Tally, lab_with_remote
from tests.conftest import Lab

Done = subprocess.CompletedProcess[str]
IN_ONE_LAB = 25
DOCUMENTED = (0, 2, 3, 4, 5, 6, 7, 8, 124, 125, 126, 127, 130, 137, -9)


@dataclass
class Acknowledged:
    """What verbs have said is done, as text that has to stand in the event files, and tags. ``cut``: the
    command lines that did not end well and do when they are typed again."""

    words: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    cut: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True)
class Verb:
    """``args`` of the nth call; ``note`` what its success has named."""

    name: str
    args: Callable[[int], list[str]]
    note: Callable[[int, Done, Acknowledged], None]


def _words(number: int, done: Done, acknowledged: Acknowledged) -> None:
    acknowledged.words.append(f'"word {number}"')
    acknowledged.ids += re.findall(r"\bT-[A-Z]\d+\b", done.stdout)[:1]


def _run(number: int, done: Done, acknowledged: Acknowledged) -> None:
    found = re.findall(r"\bT-\d+-r\d+\b(?= done)", done.stderr)
    acknowledged.words += [f'"{run}"' for run in found]
    acknowledged.ids += found


def _adopted(number: int, done: Done, acknowledged: Acknowledged) -> None:
    acknowledged.words.append(f"adopted word {number}")


def _swept(number: int, done: Done, acknowledged: Acknowledged) -> None:
    acknowledged.words += [f'"{shown}"' for shown in re.findall(r"\bT-\d+\b", done.stdout)]


def _started(number: int, done: Done, acknowledged: Acknowledged) -> None:
    acknowledged.words.append(f'"goal {number}"')


def _sealed(number: int, done: Done, acknowledged: Acknowledged) -> None:
    acknowledged.tags.append(f"leadline/t/s{number}")


VERBS = (
    Verb("note", lambda n: ["note", f"word {n}", "--thread", "t"], _words),
    Verb(
        "claim", lambda n: ["claim", f"word {n}", "--reported", "a paper", "--thread", "t"], _words
    ),
    Verb("run", lambda n: ["run", "--quiet", "--thread", "t", "--", "python3", "code.py"], _run),
    Verb(
        "start",
        lambda n: ["start", f"u{n}", "--prefix", f"U{n}", "--no-branch", "--goal", f"goal {n}"],
        _started,
    ),
    Verb("adopt", lambda n: ["adopt", f"notes-{n}.md", "--thread", "t"], _adopted),
    Verb(
        "sweep",
        lambda n: [
            "sweep",
            "--axis",
            f"k={n},{n}.5",
            "--thread",
            "t",
            "--",
            "python3",
            "code.py",
            "{k}",
        ],
        _swept,
    ),
    Verb("seal", lambda n: ["seal", f"s{n}", "--thread", "t"], _sealed),
    Verb("sync", lambda n: ["sync"], lambda n, done, acknowledged: None),
)


def once(
    lab: Lab,
    verb: Verb,
    number: int,
    environment: dict[str, str],
    acknowledged: Acknowledged,
    tally: Tally,
    what: str,
) -> Done:
    """One call of a verb that a fault meets: counted, and what it acknowledged remembered."""
    if verb.name == "run":  # every code state is a new one
        lab.write("code.py", f"print('{{\"time_ms\": {number}.5}}')\n")
    if verb.name == "adopt":
        lab.write(f"notes-{number}.md", f"# Log\n\n## 2026-01-02 words\n\nadopted word {number}\n")
    done = lab.start(*verb.args(number), env=environment)
    tally.tries += 1
    tally.saw(f"{what}: {verb.name}", done.stdout + done.stderr)
    if done.returncode == 0:
        verb.note(number, done, acknowledged)
    elif verb.name == "run" and f"(exit code {done.returncode};" in done.stderr:
        return done  # it is its command's, whose output found no room
    if done.returncode and verb.name in ("adopt", "sweep"):
        acknowledged.cut.append(verb.args(number))
    if done.returncode not in DOCUMENTED:
        tally.false.append(f"{what}: {verb.name} ends {done.returncode}: {done.stderr[-400:]}")
    return done


def settled(lab: Lab, acknowledged: Acknowledged, tally: Tally, what: str) -> None:
    """The fault is over: everything acknowledged is there, no id was given twice, and all goes on."""
    record = "".join(
        path.read_text(errors="replace")
        for path in Path(lab.repo, ".git/leadline/threads").rglob("*.jsonl")
    )
    tally.lost += [f"{what}: {words}" for words in acknowledged.words if words not in record]
    tags = lab.git("tag", "--list").split()
    tally.lost += [f"{what}: tag {tag}" for tag in acknowledged.tags if tag not in tags]
    twice = {shown for shown in acknowledged.ids if acknowledged.ids.count(shown) > 1}
    tally.false += [f"{what}: {shown} was given twice" for shown in twice]
    for lock in Path(lab.repo, ".git").rglob("*.lock"):  # of a git that was killed: a minute later
        os.utime(lock, (0, 0))
    for lock in Path(lab.repo.parent).glob("remote/**/*.lock"):
        lock.unlink()  # of the other side, which is for its keeper to mend
    for verb in (
        ("doctor", "--mend"),
        *acknowledged.cut[-3:],
        ("note", "it goes on", "--thread", "t"),
        ("run", "--quiet", "--thread", "t", "--", "true"),
        ("seal", f"after-{random.getrandbits(40)}", "--thread", "t"),
        ("sync",),
        ("verify",),
    ):
        answer = lab.run(*verb)
        said = answer.stdout + answer.stderr
        tally.saw(f"{what}: afterwards {verb[0]}", said)
        faults = [line for line in said.splitlines() if line.startswith("fault")]
        if answer.returncode:
            tally.false.append(
                f"{what}: afterwards {verb[0]} ends {answer.returncode}: {faults or said[-500:]}"
            )


def at_calls(
    tries: int,
    chance: random.Random,
    tally: Tally,
    fault: Callable[[int], shim.Fault],
    what: str,
    below: str = ".git",
) -> None:
    """Verbs, each with the ``fault`` that is drawn for as many calls as it makes without one.
    ``below``: the folder of the repository whose calls count."""
    calls: dict[str, int] = {}
    done = 0
    while done < tries:
        with lab_with_remote() as lab:
            counted = shim.Counted(lab.repo.parent, lab.repo / below)
            acknowledged = Acknowledged()
            for number in range(min(IN_ONE_LAB, tries - done)):
                verb = chance.choice(VERBS)
                if verb.name not in calls:
                    none = counted.environment(0, fault(1).number)
                    once(lab, verb, 1000 + number, none, acknowledged, tally, "none")
                    calls[verb.name] = counted.calls()
                said, at, error = fault(calls[verb.name])
                meets = counted.environment(at, error)
                answer = once(lab, verb, number, meets, acknowledged, tally, said)
                if error == shim.CUTS and answer.returncode:
                    tally.false.append(
                        f"{said}: {verb.name} takes it for an error: {answer.stderr}"
                    )
                if answer.returncode == 0:
                    unsynced = counted.unsynced()
                    tally.false += [f"{said}: {verb.name} did not sync {each}" for each in unsynced]
            done += IN_ONE_LAB
            settled(lab, acknowledged, tally, what)

"""Streams that are closed or full, locales and names without UTF-8, a disk that is read-only, Ctrl-C at any
moment: a documented exit code, no traceback, a true record."""

from __future__ import annotations

import itertools
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.campaign.fault import Faults, Tally, fresh
from tests.conftest import Lab

BARE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
LETTERS = str.maketrans("0123456789", "qwrtzplkjh")
STREAMS = {
    "as it is": "",
    "stdout full": ">/dev/full",
    "stderr full": "2>/dev/full",
    "both full": ">/dev/full 2>/dev/full",
    "stdout closed": ">&-",
    "stderr closed": "2>&-",
    "all closed": "<&- >&- 2>&-",
}
# command line, exit codes that are true of it, what the record has to hold afterwards ("" for nothing)
READS = (
    "status", "status --json", "brief", "verify", "claims", "doctor", "show T-001-r1", "--version",
    "--help", "note --help", "report", "logbook", "tried hello", "next", "due",
)  # fmt: skip
WRITES = (
    r"note '{word}'",
    r"claim '{word}' --reported 'a paper'",
    r"decide '{word}' --no-evidence '{word}'",
    r"hypothesis add '{word}'",
)
WORDS = ("word", "w\u00f6rt \u6c34", "\udce9 latin", "w\u00f6rt \udce9")
RUNS = (
    ("true", 0),
    ("echo hello", 0),
    ("exit 3", 3),
    ("echo hello; exit 3", 3),
    ("kill -9 $$", 137),
)


def make(tries: int, chance: random.Random, tally: Tally) -> None:
    kinds = (_read, _write, _run, _interrupted, _read_only)
    with fresh() as lab:
        lab.ok("run", "--quiet", "--", "echo", "hello")
        lab.write("caf\udce9.txt", "no UTF-8\n")
        for number in range(tries):
            kinds[number % len(kinds)](lab, number, chance, tally)
            tally.tries += 1
        answer = lab.run("verify")
        if answer.returncode:
            tally.false.append(f"verify at the end: {answer.stdout}{answer.stderr}")


def _shell(lab: Lab, line: str, streams: str, chance: random.Random) -> tuple[int, str]:
    locale = chance.choice(({}, BARE, {"LC_ALL": "C"}, {"LC_ALL": "C.UTF-8"}))
    command = f"{sys.executable} -m leadline {line} {STREAMS[streams]}"
    done = subprocess.run(
        ["bash", "-c", os.fsencode(command)],
        cwd=lab.repo,
        env={**lab.env, **locale},
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


def _seen(what: str, code: int, said: str, wanted: set[int], tally: Tally) -> None:
    tally.saw(what, said)
    if code not in wanted:
        tally.false.append(f"{what} ends {code}, not {wanted}: {said[-400:]}")


def _read(lab: Lab, number: int, chance: random.Random, tally: Tally) -> None:
    streams, line = chance.choice([*STREAMS]), chance.choice(READS)
    code, said = _shell(lab, line, streams, chance)
    wanted = {7} if streams in ("stdout full", "both full") else {0}
    # help names where it goes on by another stream; an empty answer cannot fail
    _seen(f"{line}, {streams}", code, said, wanted | ({0} if line == "due" else set()), tally)


def _write(lab: Lab, number: int, chance: random.Random, tally: Tally) -> None:
    streams = chance.choice([*STREAMS])
    marked = str(number).translate(LETTERS)  # a number in a text would have to be bound
    line = chance.choice(WRITES).format(word=f"{chance.choice(WORDS)} {marked}")
    code, said = _shell(lab, line, streams, chance)
    _seen(f"{line!r}, {streams}", code, said, {0, 7} if "full" in streams else {0}, tally)
    if not re.search(rf'[^"]* {marked}"', _record(lab)):
        tally.lost.append(f"{line!r}, {streams}")


def _run(lab: Lab, number: int, chance: random.Random, tally: Tally) -> None:
    streams = chance.choice([*STREAMS])
    command, code_of_it = chance.choice(RUNS)
    word = chance.choice(WORDS)
    quiet = chance.choice(("", "--quiet "))
    line = f"run {quiet}--set 'k={word} {number}' -- sh -c '{command}' '{word}'"
    before = _record(lab).count('"kind":"run-ended"')
    code, said = _shell(lab, line, streams, chance)
    shown = "echo" in command and not quiet
    full = streams in ("stdout full", "both full") and shown and code_of_it == 0
    _seen(f"{line!r}, {streams}", code, said, {125} if full else {code_of_it}, tally)
    if _record(lab).count('"kind":"run-ended"') != before + 1:
        tally.lost.append(f"{line!r}, {streams}: the run has no ending")


def _interrupted(lab: Lab, number: int, chance: random.Random, tally: Tally) -> None:
    line = chance.choice((["note", f"word {number}"], ["status"], ["run", "--", "sleep", "0.2"]))
    process = subprocess.Popen(
        [sys.executable, "-m", "leadline", *line],
        cwd=lab.repo,
        env=lab.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    # Before our first line it is the interpreter that says what it likes (`<frozen ...>` in it).
    maps = Path(f"/proc/{process.pid}/fd")
    time.sleep(0.05 + chance.uniform(0, 0.35))
    if maps.exists():
        process.send_signal(signal.SIGINT)
    output = process.communicate()[0].decode(errors="replace")
    if "<frozen" in output:
        return
    tally.saw(f"Ctrl-C in {line}", output)
    # of a run that had begun, the code is that of its command
    if process.returncode not in (0, 130, 143, -signal.SIGINT):
        tally.false.append(f"Ctrl-C in {line} ends {process.returncode}: {output[-400:]}")
    if process.returncode == 0 and line[0] == "note" and f'"word {number}"' not in _record(lab):
        tally.lost.append(f"word {number}")
    lab.run("status")
    if line[0] == "run" and '"running"' in str(lab.json("status", "--runs").get("data")):
        tally.false.append("after Ctrl-C a run goes on that nobody waits for")


def _read_only(lab: Lab, number: int, chance: random.Random, tally: Tally) -> None:
    """For root a mount is needed; anybody else is kept out by rights."""
    root = lab.repo / ".git"
    if os.geteuid() == 0:
        bind = ["mount", "--bind", str(root), str(root)]
        if subprocess.run(bind, capture_output=True).returncode:
            return
        subprocess.run(["mount", "-o", "remount,ro,bind", str(root)], check=True)
    else:
        root.chmod(0o500)
        (root / "leadline").chmod(0o500)
    try:
        line = chance.choice(("status", "brief", "note read-only", "run -- true", "seal", "sync"))
        code, said = _shell(lab, line, "as it is", chance)
        wanted = {"status": {0}, "brief": {0}, "run -- true": {125}}.get(line, {7})
        _seen(f"{line}, read-only", code, said, wanted, tally)
    finally:
        if os.geteuid() == 0:
            subprocess.run(["umount", "-l", str(root)], check=True)
        else:
            (root / "leadline").chmod(0o700)
            root.chmod(0o700)


def _record(lab: Lab) -> str:
    files = Path(lab.repo, ".git/leadline/threads").rglob("*.jsonl")
    return "".join(itertools.chain.from_iterable(path.read_text() for path in files))


FAULTS = Faults("closed and full streams, locales, Ctrl-C, a read-only disk", make, 300, 25)

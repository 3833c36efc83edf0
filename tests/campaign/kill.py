"""SIGKILL of a writing verb, at any moment and before each of its calls that change the disk: what it
had printed is a record, and the rest goes on."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time

from tests.campaign import shim
from tests.campaign.fault import Faults, Tally, fresh
from tests.campaign.verbs import at_calls


def make(tries: int, chance: random.Random, tally: Tally) -> None:
    at_moments = tries if shim.lacks() else tries // 4
    _at_any_moment(at_moments, chance, tally)
    _before_calls(tries - at_moments, chance, tally)


def _before_calls(tries: int, chance: random.Random, tally: Tally) -> None:
    def fault(calls: int) -> shim.Fault:
        at = chance.randint(1, calls + 1)
        return shim.Fault(f"killed before call {at} of {calls}", at)

    at_calls(tries, chance, tally, fault, "kills before calls")


def _at_any_moment(tries: int, chance: random.Random, tally: Tally) -> None:
    done = 0
    while done < tries:
        with fresh() as lab:
            acknowledged: list[str] = []
            for number in range(min(40, tries - done)):
                words = f"word {number}"
                process = subprocess.Popen(
                    [sys.executable, "-m", "leadline", "note", words],
                    cwd=lab.repo,
                    env=lab.env,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
                time.sleep(chance.uniform(0, 0.12))
                process.send_signal(signal.SIGKILL)
                output, _ = process.communicate()
                tally.tries += 1
                tally.saw("note", output)
                if "T-N" in output:
                    acknowledged.append(words)
            done += 40
            record = "".join(
                path.read_text() for path in (lab.repo / ".git/leadline/threads").rglob("*.jsonl")
            )
            tally.lost += [words for words in acknowledged if f'"{words}"' not in record]
            answer = lab.run("verify")
            if answer.returncode:
                tally.false.append(f"verify after kills: {answer.stdout}{answer.stderr}")


FAULTS = Faults(
    "kill -9 of a verb at a random moment and before each call that changes the disk", make, 400, 24
)

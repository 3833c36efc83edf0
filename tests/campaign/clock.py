"""The machine's clock before 1970, in the year 9999, jumping back and forth between verbs: what was
acknowledged is a record, no id is given twice, and later verbs go on."""

from __future__ import annotations

import random
import re
from pathlib import Path

from tests.campaign.fault import Faults, Tally, fresh
from tests.conftest import ROOT

SAID = (
    "@1969-12-31 00:00:00",
    "@1970-01-01 00:00:00",
    "@1999-12-31 23:59:59",
    "@2037-01-01 00:00:00",
    "@2105-06-01 00:00:00",
    "@2250-06-01 00:00:00",
    "@9999-12-31 23:59:58",
    "-1h",
    "-400d",
    "+23h",
    "+2d",
    "+400d",
    "+0",
)
VERBS = (
    ("note", "{words}"),
    ("run", "--title", "{words}", "--", "true"),
    ("hypothesis", "add", "{words}"),
    ("decide", "{words}", "--no-evidence", "it was so"),
)
AT_A_TIME = 20
_ID = re.compile(r"\bT-(?:[A-Z]\d+|\d{3,})(?:-r\d+)?\b")


def library() -> Path | None:
    places = [ROOT / ".cache/counterparts/faketime", Path("/usr/lib")]
    found = (path for place in places for path in place.rglob("libfaketime.so.1"))
    return next(found, None)


def make(tries: int, chance: random.Random, tally: Tally) -> None:
    preload = str(library())
    done = 0
    while done < tries:
        with fresh() as lab:
            given: list[str] = []
            written: list[str] = []
            for number in range(min(AT_A_TIME, tries - done)):
                words, said = f"words with {chr(97 + number)}-marks", chance.choice(SAID)
                # In that year the library's other clocks are none that Python can wait by.
                verbs = VERBS[:1] if "9999" in said else VERBS
                verb = [part.format(words=words) for part in chance.choice(verbs)]
                clock = {"LD_PRELOAD": preload, "FAKETIME": said}
                answer = lab.start(*verb, env=clock)
                tally.tries += 1
                output = answer.stdout + answer.stderr
                tally.saw(f"{verb} at {said}", output)
                off = said.startswith(("@1", "@21", "@22", "@99"))
                if answer.returncode:
                    tally.false.append(f"{verb} at {said} ended with {answer.returncode}: {output}")
                    continue
                if off and "clock of this machine" not in output:
                    tally.false.append(f"{verb} at {said} does not name the clock: {output}")
                written.append(words)
                given += _ID.findall(answer.stdout)[:1]
            done += AT_A_TIME
            tally.false += [f"{shown} was given twice" for shown in given if given.count(shown) > 1]
            answer = lab.start("verify")
            tally.saw("verify", answer.stdout + answer.stderr)
            if answer.returncode or ("clock-off" not in answer.stdout and len(written) > 10):
                tally.false.append(f"verify after bad clocks: {answer.stdout}{answer.stderr}")
            logbook = lab.start("logbook").stdout + lab.start("hypothesis", "list").stdout
            tally.lost += [words for words in written if words not in logbook]


FAULTS = Faults(
    "a clock before 1970, in 9999, or jumping (libfaketime)",
    make,
    tries=400,
    share=20,
    lacks=lambda: "" if library() else "no libfaketime: python tools/counterparts.py",
)

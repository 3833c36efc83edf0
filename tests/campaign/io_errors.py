"""A call that changes the disk fails, once (EIO) or from then on (ENOSPC, EDQUOT, EROFS): the exit code
is a documented one, what was acknowledged is there, and the rest goes on."""

from __future__ import annotations

import errno
import random

from tests.campaign import shim
from tests.campaign.fault import Faults, Tally
from tests.campaign.verbs import VERBS, Acknowledged, lab_with_remote, once, settled

IN_ONE_LAB = 25
NUMBERS = (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def make(tries: int, chance: random.Random, tally: Tally) -> None:
    calls: dict[str, int] = {}
    done = 0
    while done < tries:
        with lab_with_remote() as lab:
            counted = shim.Counted(lab.repo.parent, lab.repo / ".git")
            acknowledged = Acknowledged()
            for number in range(min(IN_ONE_LAB, tries - done)):
                verb = chance.choice(VERBS)
                if verb.name not in calls:
                    once(
                        lab,
                        verb,
                        1000 + number,
                        counted.environment(0),
                        acknowledged,
                        tally,
                        "none",
                    )
                    calls[verb.name] = counted.calls()
                at, code = chance.randint(1, calls[verb.name] + 1), chance.choice(NUMBERS)
                what = f"{errno.errorcode[code]} at call {at} of {calls[verb.name]}"
                once(lab, verb, number, counted.environment(at, code), acknowledged, tally, what)
            done += IN_ONE_LAB
            settled(lab, acknowledged, tally, "errors of the disk")


FAULTS = Faults(
    "EIO, ENOSPC, EDQUOT, EROFS at a call that changes the disk", make, 400, 12, shim.lacks
)

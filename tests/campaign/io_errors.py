"""A call that changes the disk fails, once (EIO) or from then on (ENOSPC, EDQUOT, EROFS): the exit code
is a documented one, what was acknowledged is there, and the rest goes on."""

from __future__ import annotations

import errno
import random

from tests.campaign import shim
from tests.campaign.fault import Faults, Tally
from tests.campaign.verbs import at_calls

NUMBERS = (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def make(tries: int, chance: random.Random, tally: Tally) -> None:
    def fault(calls: int) -> shim.Fault:
        at, code = chance.randint(1, calls + 1), chance.choice(NUMBERS)
        return shim.Fault(f"{errno.errorcode[code]} at call {at} of {calls}", at, code)

    at_calls(tries, chance, tally, fault, "errors of the disk")


FAULTS = Faults(
    "EIO, ENOSPC, EDQUOT, EROFS at a call that changes the disk", make, 400, 12, shim.lacks
)

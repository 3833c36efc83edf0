"""A disk that takes what is written to an event file and loses it, without an error: nothing of it is
acknowledged, and the rest goes on."""

from __future__ import annotations

import random

from tests.campaign import shim
from tests.campaign.fault import Faults, Tally
from tests.campaign.verbs import at_calls


def make(tries: int, chance: random.Random, tally: Tally) -> None:
    def fault(calls: int) -> shim.Fault:
        at = chance.randint(1, calls + 1)
        return shim.Fault(f"call {at} of {calls} loses what it is given", at, shim.LOSES)

    at_calls(tries, chance, tally, fault, "what the disk loses", ".git/leadline/threads")


FAULTS = Faults(
    "a write to a record that the disk loses and says is done", make, 100, 8, shim.lacks
)

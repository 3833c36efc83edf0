"""A disk that loses or changes what is written to a thread, without an error: nothing of it is
acknowledged, and the rest goes on. One that takes less than it is given is given the rest."""

from __future__ import annotations

import random

from tests.campaign import shim
from tests.campaign.fault import Faults, Tally
from tests.campaign.verbs import at_calls

WAYS = {shim.LOSES: "loses", shim.CUTS: "takes half of", shim.CHANGES: "changes"}


def make(tries: int, chance: random.Random, tally: Tally) -> None:
    def fault(calls: int) -> shim.Fault:
        at, how = chance.randint(1, calls + 1), chance.choice(sorted(WAYS))
        return shim.Fault(f"call {at} of {calls} {WAYS[how]} what it is given", at, how)

    at_calls(tries, chance, tally, fault, "what the disk loses", ".git/leadline/threads")


FAULTS = Faults(
    "writes to a record that the disk loses, cuts or changes without an error",
    make,
    tries=200,
    share=24,
    lacks=shim.lacks,
)

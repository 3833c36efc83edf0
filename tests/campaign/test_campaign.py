"""A share of every kind of fault: nothing lost, false, leaked; no traceback."""

from __future__ import annotations

import random

import pytest

from tests.campaign.fault import Tally
from tests.campaign.kinds import kinds

pytestmark = pytest.mark.long


@pytest.mark.parametrize("name", kinds())
def test_a_share_of_faults(name: str) -> None:
    faults = kinds()[name]
    if lacks := faults.lacks():
        pytest.skip(lacks)
    tally = Tally()
    faults.make(faults.share, random.Random(1), tally)
    assert tally.tries >= 1
    assert not tally.findings(), "\n".join(tally.findings())

"""The breaks of the campaign of faults can be made: what each replaces stands once in its file."""

from __future__ import annotations

import pytest

from tests.campaign.breaks import BREAKS, Break
from tests.conftest import ROOT


@pytest.mark.parametrize("at", BREAKS)
def test_what_is_broken_is_there(at: Break) -> None:
    assert (ROOT / "src/leadline" / at.file).read_text().count(at.was) == 1

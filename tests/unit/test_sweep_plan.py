"""What a sweep may not be, before anything of it is planned."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadline.core.errors import LeadlineError
from leadline.services.run.sweep_plan import SweepRequest, planned_sweep
from tests.unit.services_context import holding, study


@pytest.mark.parametrize(
    "request_",
    [
        SweepRequest(["./bench", "{block}"], "demo", {"block": [1, 2]}, design="list"),
        SweepRequest(["./bench", "{block}"], "demo", listed=[{"block": 1}]),
    ],
    ids=["a list without cells", "cells without a list"],
)
def test_only_a_list_has_explicit_cells(tmp_path: Path, request_: SweepRequest) -> None:
    with pytest.raises(LeadlineError) as caught:
        planned_sweep(holding(tmp_path, study()), request_)
    assert caught.value.code == "design-and-cells"

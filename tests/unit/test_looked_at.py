"""What is remembered of the tip of a record branch that was looked at."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from leadline.services.branch.looked_at import looked_at, looked_at_now
from tests.unit.services_context import holding, study

OTHERS = {"pipe": os.mkfifo, "folder": os.mkdir, "bytes": lambda path: path.write_bytes(b"\xff")}


@pytest.mark.parametrize("put", OTHERS.values(), ids=OTHERS)
def test_what_else_lies_there_was_not_looked_at(
    tmp_path: Path, put: Callable[[Path], None]
) -> None:
    context = holding(tmp_path, study())
    place = Path(context.root, "cache", "branch-history")
    place.parent.mkdir(parents=True)
    put(place)
    assert looked_at(context, "branch-history") == ""
    looked_at_now(context, "branch-history", "a" * 40)  # raises nothing
    assert looked_at(context, "branch-history") in ("", "a" * 40)


def test_each_who_looks_has_a_tip(tmp_path: Path) -> None:
    context = holding(tmp_path, study())
    looked_at_now(context, "record-branch", "a" * 40)
    assert (looked_at(context, "record-branch"), looked_at(context, "else")) == ("a" * 40, "")

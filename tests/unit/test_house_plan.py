"""docs/design/layout.md is the plan of the house: it names every room, and nothing that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TREE = Path(__file__).parents[2]
SOURCE = TREE / "src" / "leadline"
PLAN = (TREE / "docs" / "design" / "layout.md").read_text()
FLOORS = ("core", "render", "services", "adapters")
ROOMS = sorted(
    f"{floor}/{init.parent.name}/"
    for floor in FLOORS
    for init in SOURCE.glob(f"{floor}/*/__init__.py")
)


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_a_line_of_its_own(room: str) -> None:
    assert f"\n| `{room}` | " in PLAN


def test_every_path_in_the_plan_exists() -> None:
    named = set(re.findall(r"`([\w./-]+(?:\.py|\.md|/))`", PLAN))
    bare = {name for name in named if "/" not in name}
    assert len(named) > 60
    missing = [
        name
        for name in sorted(named)
        if not (SOURCE / name).exists()
        and not (TREE / name).exists()
        and not (name in bare and list(SOURCE.rglob(name)))
        and not (name == "tracker/" and (SOURCE / "core" / name).exists())
    ]
    assert missing == []


@pytest.mark.parametrize("page", ["services/run/lifecycle.py", "services/publish/follow.py"])
def test_what_is_to_be_read_first_stays_a_page(page: str) -> None:
    assert f"`{page}`" in PLAN
    assert len((SOURCE / page).read_text().splitlines()) <= 150

"""What the profile of the thread wants both sides of a comparison to state, and runs do not."""

from __future__ import annotations

from collections.abc import Iterable

from leadline.core.evidence.marks import Mark
from leadline.core.profile import unsaid
from leadline.core.record.run import Run
from leadline.core.timestamps import few
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.core.record.bodies import ProfileBody


def not_stated(profile: ProfileBody, runs: Iterable[Run]) -> list[str]:
    """The keys that are to be stated and that at least one of ``runs`` does not say."""
    found: dict[str, None] = {}
    for run in runs:
        found |= dict.fromkeys(unsaid(profile, run.config, run.argv, "stated"))
    return list(found)


def unstated_text(profile: ProfileBody, keys: list[str]) -> str:
    return f"profile {profile['name']}: {few(keys, 6)} not stated by all runs"


def unstated_mark(profile: ProfileBody, runs: Iterable[Run]) -> Mark | None:
    keys = not_stated(profile, runs) if profile else []
    if not keys:
        return None
    more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
    return Mark("unstated", f"{keys[0]}{more} not stated", unstated_text(profile, keys))

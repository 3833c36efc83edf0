"""A tracker that goes to no address which nobody agreed to on this machine.

The address of a thread's tracker stands in the record, and a record may come from anybody: a key
would be sent there, or run folders be written there. It stands in front of every tracker, so that
the rule holds whoever asks. Where the user's own settings of a tracker lead is his own affair.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from leadline.core.errors import LeadlineError, environment
from leadline.core.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leadline.core.tracker.reading import RunFacts, TrackerRun
    from leadline.core.tracker.rows import Reach
    from leadline.ports.tracker import Push, Tracker
    from leadline.services.context import Context

SETTING = "tracker.agreed"


def agree(context: Context, tracker: str, at: str) -> None:
    """Somebody typed this address here."""
    known = list(context.setting(SETTING))
    place = _place(tracker, at)
    if at and place not in known:
        context.settings[SETTING] = [*known, place]
        context.save_settings({SETTING: context.settings[SETTING]})


def _place(tracker: str, at: str) -> str:
    return f"{tracker} {at.rstrip('/')}"


class AgreedTracker:
    def __init__(self, tracker: Tracker, settings: Mapping[str, Any]) -> None:
        self._tracker, self._settings = tracker, settings

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tracker, name)

    def _refusal(self, at: str, project: str = "PROJECT") -> LeadlineError | None:
        name = self._tracker.name
        if not at or _place(name, at) in self._settings.get(SETTING, ()):
            return None
        typed = ["leadline", "tracker", "set", name, project or "PROJECT", "--at", at]
        return environment(
            "not-agreed",
            f"nobody on this machine said that {name} is at {at}",
            why="the record says it, and a record may come from anybody; nothing was sent",
            do=shlex.join(typed),
        )

    def _check(self, at: str, project: str) -> None:
        if refusal := self._refusal(at, project):
            raise refusal

    def environment(self, facts: RunFacts) -> dict[str, str]:
        if facts.live:
            self._check(facts.at, facts.project)
        return self._tracker.environment(facts)

    def find(self, facts: RunFacts) -> list[TrackerRun]:
        if facts.live:
            self._check(facts.at, facts.project)
        return self._tracker.find(facts)

    def push(self, push: Push, limit_s: float) -> TrackerRun:
        self._check(push.facts.at, push.facts.project)
        return self._tracker.push(push, limit_s)

    def listed(self, project: str, at: str, here_only: bool = False) -> list[TrackerRun]:
        if not here_only:
            self._check(at, project)
        return self._tracker.listed(project, at, here_only)

    def check(self, at: str) -> Reach:
        if refusal := self._refusal(at):
            missing: list[str] = []
            why = f"{refusal.what}: {refusal.next[0]}"
            return {"reachable": None, "where": at, "version": "", "missing": missing, "why": why}
        return self._tracker.check(at)

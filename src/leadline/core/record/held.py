"""What a thread that is folded whole holds of runs that were made elsewhere."""

from __future__ import annotations

from collections.abc import Collection

from leadline.core.record.run import Run
from leadline.core.record.thread import Experiment, Thread


def source_of(run: Run) -> str:
    """Where a run made elsewhere came from ("old.csv, line 7"), "" when the record does not say."""
    sources = run.extraction.get("sources") or [{}]
    return str(sources[0].get("source") or "")


class WholeThread:
    """See ``ports.records.RunsHeld``."""

    def __init__(self, thread: Thread) -> None:
        self.thread = thread
        self._places: dict[str, list[int]] | None = None
        self._runs: list[Run] = []

    def having(self, digests: Collection[str], sources: Collection[str] = ()) -> list[Run]:
        if self._places is None:
            self._runs, self._places = list(self.thread.runs), {}
            for place, run in enumerate(self._runs):
                for name in {run.key, run.row, source_of(run)} - {""}:
                    self._places.setdefault(name, []).append(place)
        named = [self._places.get(name, ()) for name in (*digests, *sources)]
        return [self._runs[place] for place in sorted({p for places in named for p in places})]

    def experiments(self, origin: str) -> list[Experiment]:
        every = self.thread.experiments.values()
        return [one for one in every if one.runs[0].origin == origin]

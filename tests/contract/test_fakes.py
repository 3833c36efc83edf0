"""The fakes are held to what they stand for."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from leadline.core.errors import LeadlineError
from leadline.core.tracker.reading import RunFacts, TrackerRun
from leadline.ports.executor import Executor
from leadline.ports.tracker import Push, Tracker
from leadline.testing.executor_contract import ExecutorObligations
from leadline.testing.fake_executor import InstantExecutor
from leadline.testing.fakes import MemoryForge, MemoryTracker
from leadline.testing.forge_contract import ForgeContract
from leadline.testing.tracker_contract import CONFIG, ROWS, TrackerContract


class TestInstantExecutor(ExecutorObligations):
    @pytest.fixture
    def executor_factory(self) -> Callable[[], Executor]:
        return InstantExecutor


class TestMemoryForge(ForgeContract):
    @pytest.fixture
    def open_forge(self) -> Callable[[], MemoryForge]:
        issues: dict[str, Any] = {}
        return lambda: MemoryForge(issues)


def test_a_forge_that_is_away_answers_nothing() -> None:
    forge = MemoryForge()
    number = forge.open_issue("t", "b", [], "m").number
    forge.away = True
    for call in (
        lambda: forge.issue(number),
        lambda: forge.comment(number, "x", "m1"),
        forge.check,
    ):
        with pytest.raises(LeadlineError) as caught:
            call()
        assert caught.value.kind == "remote"
    forge.away = False
    assert forge.issue(number).comments == []


class TestMemoryTracker(TrackerContract):
    """A job in another process cannot reach it, so what the job logs is put there."""

    @pytest.fixture
    def make(self) -> type[MemoryTracker]:
        return MemoryTracker

    @pytest.fixture
    def tracker(
        self, make: type[MemoryTracker], base: dict[str, str], tmp_path: Any
    ) -> MemoryTracker:
        self.held = make(base, str(tmp_path))
        return self.held

    def job(
        self,
        tracker: Tracker,
        facts: RunFacts,
        base: Mapping[str, str],
        rows: list[dict[str, Any]] | None = None,
        end: str = "finish",
        config: Any = None,
    ) -> subprocess.CompletedProcess[str]:
        logged = [(row["step"], row["values"]) for row in (ROWS if rows is None else rows)]
        assert isinstance(tracker, MemoryTracker)
        tracker.log(facts, CONFIG if config is None else config, logged, end == "finish")
        return subprocess.CompletedProcess([], 0, "", "")

    def lose(self, run: TrackerRun, facts: RunFacts) -> None:
        del self.held.runs[run.id]

    def test_a_run_is_there_once_however_often_it_is_sent(
        self, tracker: Tracker, facts: RunFacts
    ) -> None:
        sent = [tracker.push(Push(facts, metrics={"loss": 0.5}), 10.0).id for _ in range(3)]
        assert [run.id for run in tracker.listed(facts.project, "memory:")] == [sent[0]]
        assert tracker.read(tracker.find(facts)[0]).summary == {"loss": 0.5}

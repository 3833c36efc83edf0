"""Cells of a sweep that were lost: tried again, and counted once."""

from __future__ import annotations

from collections.abc import Mapping

from leadline.core.record.bodies import DeviceFacts
from leadline.core.record.run import Run
from leadline.ports.attempt import Handle
from leadline.ports.executor_setup import ExecutorSetup
from leadline.render.terminal.status import render_status
from leadline.render.words import cost_text
from leadline.services.context import Context
from leadline.services.run import sweep
from leadline.services.run.sweep_plan import SweepRequest
from leadline.testing.fake_executor import result
from tests.unit.test_run_lifecycle import TOPIC, Shed, bodies, context, shed, with_executor

__all__ = ["context", "shed"]  # fixtures


class LosesFirst(Shed):
    """Its machine goes down with each first attempt of a run."""

    def submit(self, attempt_dir: str, resources: Mapping[str, object]) -> Handle:
        self.ends = lambda spec: None if spec["attempt"] == 1 else result("done")
        handle = super().submit(attempt_dir, resources)
        if attempt_dir.endswith("attempt-1"):
            self.lose(attempt_dir)
        return handle


def swept(context: Context, retries: int) -> sweep.SweepOutcome:
    executor = LosesFirst()
    with_executor(context, executor)
    limits = {"retries": retries}
    context.executors.keep(ExecutorSetup(executor.name, "local", limits=limits))
    request = SweepRequest(["bench", "{k}"], TOPIC, axes={"k": [1, 2]})
    hands = sweep.Hands(lambda: False, lambda *_: None)
    return sweep.execute(context, request, hands, lambda text: None)


def test_a_lost_cell_is_tried_again_where_its_executor_says_so(context: Context) -> None:
    assert swept(context, 1).states == {"done": 2}
    ends = bodies(context, "run-ended")
    assert [(end["state"], end["attempts"]) for end in ends] == [("done", 2)] * 2
    runs = list(context.store.thread(TOPIC).runs)
    assert [run.attempts for run in runs] == [2, 2]
    assert "4 attempts" in cost_text(runs)
    assert "all runs: ran " in render_status(context.store.thread(TOPIC))


def test_without_retries_it_is_lost(context: Context) -> None:
    assert swept(context, 0).states == {"lost": 2}


def test_cost_says_nothing_of_one_command_that_started_at_once() -> None:
    devices: DeviceFacts = {"kind": "gpu", "count": 2}
    run = Run("P-001-r1", "U", "P-001", wall_s=3600.0, devices=devices)
    assert cost_text([run]) == ""
    assert cost_text([run, run]) == "ran 2 h 00 min, 4 device-hours"
    run.queued_s, run.attempts, run.lost_s = 60.0, 2, 1800.0
    said = "ran 1 h 30 min, 3 device-hours, 2 attempts (30 min 00 s lost), queued 60 s"
    assert cost_text([run]) == said

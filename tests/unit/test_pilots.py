"""Many short runs in a few jobs of an engine: handed out once each, given back by a pilot that dies."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from leadline.adapters.executors.command import CommandExecutor
from leadline.job import pilot_queue, probe
from leadline.ports.executor import OVER
from leadline.testing.executor_contract import Attempt, living, wait_until

FARM = Path(__file__).resolve().parents[1] / "fixtures" / "launcher" / "farm.py"


def executor(folder: Path) -> CommandExecutor:
    farm = shlex.join([sys.executable, "-I", "-S", str(FARM), str(folder)])
    return CommandExecutor(
        "farm",
        {
            "submit": f"{farm} submit {{job}} {{log}} beside {{command}}",
            "state": f"{farm} state {{job}}",
            "cancel": f"{farm} cancel {{job}}",
        },
    )


@pytest.fixture
def make(tmp_path: Path) -> Any:
    """Attempts under one executor, and what they left running killed."""
    one = executor(tmp_path / "farm")
    made: list[Attempt] = []

    def attempt(argv: list[str], **spec: Any) -> Attempt:
        folder = tmp_path / f"run-{len(made)}" / "attempt-1"
        made.append(Attempt(folder, lambda: one, argv, **spec))
        return made[-1]

    yield attempt
    if (tmp_path / "queue").exists():
        one.close_pilots(str(tmp_path / "queue"))
    for each in made:
        probe.cancel(each.dir)
        for pid in living(each.cookie):
            os.kill(pid, signal.SIGKILL)


def wait_for_all(one: CommandExecutor, attempts: list[Attempt]) -> None:
    left = {a.dir: a.handle for a in attempts}

    def over() -> bool:
        for folder, state in one.wait(list(left.items()), 0.1).items():
            if state in OVER:
                del left[folder]
        return not left

    wait_until(over, "all attempts")


def jobs(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "farm").glob("*.job"))


def pilot_pid(queue: Path, slot: str) -> int:
    up = queue / "slots" / slot / "up"
    return int(wait_until(lambda: up.exists() and up.read_text()).split()[1])


def test_each_is_run_once_and_in_order_whoever_runs_it(make: Any, tmp_path: Path) -> None:
    queue = tmp_path / "queue"
    attempts = [make(["sh", "-c", f"echo {n}; exit {n % 3}"]) for n in range(40)]
    one = attempts[0].executor
    one.open_pilots(str(queue), 2)
    for each in attempts:
        each.handle = json.loads(json.dumps(one.begin(each.dir, {"pilot": str(queue)})))
    wait_for_all(one, attempts)
    for n, each in enumerate(attempts):
        assert each.finish()["exit_code"] == n % 3
        assert each.output() == f"{n}\n".encode()
        assert one.begin(each.dir, {"pilot": str(queue)}) == each.handle  # and not again
    assert len(jobs(tmp_path)) == 2
    one.close_pilots(str(queue))
    for slot in ("0", "1"):
        assert wait_until((queue / "slots" / slot / "ended").exists)
    of_each: dict[int, list[float]] = {}  # two pilots at most, each in its order of claims
    for each in attempts:
        began = probe.owner(each.dir)["started_epoch_s"]  # type: ignore
        of_each.setdefault(each.finish()["pilot"], []).append(began)
    assert all(starts == sorted(starts) for starts in of_each.values())
    assert not pilot_queue.waiting(str(queue))


def test_a_pilot_that_dies_gives_its_cells_back(make: Any, tmp_path: Path) -> None:
    queue = tmp_path / "queue"
    stuck, behind, last = make(["sleep", "600"]), make(["echo", "ran"]), make(["echo", "ran"])
    one = stuck.executor
    one.open_pilots(str(queue), 1)
    for each in (stuck, behind):
        each.handle = one.begin(each.dir, {"pilot": str(queue)})
    wait_until(lambda: stuck.state() == "running")
    first = pilot_pid(queue, "0")
    # It had claimed one that it had not started, as a pilot between two steps has.
    place = str(behind.handle["place"])
    (queue / "todo" / place).rename(queue / "slots" / "0" / "claimed" / place)
    assert behind.state() == "queued"
    os.kill(first, signal.SIGKILL)
    last.handle = one.begin(last.dir, {"pilot": str(queue)})
    wait_for_all(one, [stuck, behind, last])
    result = one.result(stuck.dir)
    assert result is not None and (result["state"], living(stuck.cookie)) == ("lost", [])
    assert [each.finish()["state"] for each in (behind, last)] == ["done", "done"]
    assert len(jobs(tmp_path)) == 2 and pilot_pid(queue, "0-1") != first


def test_an_engine_that_takes_a_pilot_away_loses_its_run_and_no_other(
    make: Any, tmp_path: Path
) -> None:
    queue = tmp_path / "queue"
    family = "trap '' TERM; sleep 600 & wait; sleep 600"
    stuck, behind = make(["sh", "-c", family]), make(["echo", "ran"])
    one = stuck.executor
    one.open_pilots(str(queue), 1)
    for each in (stuck, behind):
        each.handle = one.begin(each.dir, {"pilot": str(queue)})
    wait_until(lambda: stuck.state() == "running")
    os.kill(pilot_pid(queue, "0"), signal.SIGTERM)
    wait_for_all(one, [stuck, behind])
    assert stuck.finish()["state"] == "lost"
    assert behind.finish()["state"] == "done"


def test_pilots_that_cannot_start_are_given_up(make: Any, tmp_path: Path) -> None:
    queue = tmp_path / "queue"
    each = make(["echo", "ran"])
    each.executor.python = "/no/such/python"
    each.executor.open_pilots(str(queue), 1)
    each.handle = each.executor.begin(each.dir, {"pilot": str(queue)})
    wait_for_all(each.executor, [each])
    assert each.state() == "gone" and b"/no/such/python" in each.output("supervisor.err")
    assert len(jobs(tmp_path)) == pilot_queue.FRUITLESS


def test_one_of_many_is_cancelled_and_the_others_go_on(make: Any, tmp_path: Path) -> None:
    queue = tmp_path / "queue"
    running, waiting, last = make(["sleep", "600"]), make(["echo", "ran"]), make(["echo", "ran"])
    one = running.executor
    one.open_pilots(str(queue), 1)
    for each in (running, waiting, last):
        each.handle = one.begin(each.dir, {"pilot": str(queue)})
    wait_until(lambda: running.state() == "running")
    one.cancel(waiting.dir, waiting.handle)
    one.cancel(running.dir, running.handle)
    wait_for_all(one, [running, waiting, last])
    states = [each.finish()["state"] for each in (running, waiting, last)]
    assert states == ["cancelled", "cancelled", "done"] and waiting.output() == b""
    assert len(jobs(tmp_path)) == 1

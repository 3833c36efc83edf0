"""An executor that runs nothing: for tests of what goes on around a job.

An attempt is over the moment it is submitted, as ``ends`` says; where that answers None it goes on
until it is cancelled or the test ends it. What is known lies in the attempt's folder, so that
another instance and another process see the same, as the contract asks (``executor_contract``).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence

from leadline.core.timestamps import rfc3339
from leadline.core.typed import TYPE_CHECKING, Any, cast
from leadline.ports.executor import OVER

if TYPE_CHECKING:
    from leadline.ports.attempt import Cancelled, Handle, Result, Spec

TICKET, RESULT, LOST = "ticket", "result.json", "lost"
LOOK_EVERY_S = 0.005


def result(state: str = "done", reason: str = "", **more: Any) -> Result:
    """A ``result.json`` as the job program writes it."""
    now = rfc3339(time.time_ns() // 1_000_000)
    known: Result = {
        "v": 1,
        "state": state,
        "reason": reason,
        "exit_code": 0 if state == "done" else None,
        "signal": "",
        "started_at": now,
        "ended_at": now,
        "wall_s": 0.001,
        "resources": {},
        "contention": {},
        "leftover_processes": 0,
    }
    return cast("Result", {**known, **more})


def ends_at_once(spec: Spec) -> Result | None:
    """``sleep`` goes on, everything else is done."""
    return None if spec["argv"][0] == "sleep" else result()


class InstantExecutor:
    """``refuses``: what ``submit`` raises, nothing being started. ``out_of_sight``: the engine does
    not answer."""

    name = "instant"
    place = "here"

    def __init__(self, ends: Callable[[Spec], Result | None] = ends_at_once) -> None:
        self.ends = ends
        self.refuses: Exception | None = None
        self.out_of_sight = False

    def submit(self, attempt_dir: str, resources: Mapping[str, object]) -> Handle:
        if self.refuses is not None:
            raise self.refuses
        try:
            open(os.path.join(attempt_dir, TICKET), "x").close()
        except FileExistsError:
            return self._handle(attempt_dir)
        with open(os.path.join(attempt_dir, "spec.json"), encoding="utf-8") as file:
            ended = self.ends(json.load(file))
        if ended is not None:
            self.end(attempt_dir, ended)
        return self._handle(attempt_dir)

    def begin(self, attempt_dir: str, resources: Mapping[str, object]) -> Handle:
        return self.submit(attempt_dir, resources)

    def poll(self, attempts: Sequence[tuple[str, Handle]]) -> dict[str, str]:
        return {folder: self._state(folder) for folder, _ in attempts}

    def wait(
        self, attempts: Sequence[tuple[str, Handle]], timeout_s: float | None = None
    ) -> dict[str, str]:
        end = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            states = self.poll(attempts)
            late = end is not None and time.monotonic() >= end
            if not attempts or late or any(state in OVER for state in states.values()):
                return states
            time.sleep(LOOK_EVERY_S)

    def cancel(self, attempt_dir: str, handle: Handle) -> Cancelled:
        if self._state(attempt_dir) != "running":
            return {"did": "nothing", "why": "nothing of it is running"}
        self.end(attempt_dir, result("cancelled", "cancelled by SIGTERM"))
        return {"did": "asked_supervisor", "why": ""}

    def refresh(self, attempts: Sequence[tuple[str, Handle]]) -> None:
        pass

    def result(self, attempt_dir: str) -> Result | None:
        try:
            with open(os.path.join(attempt_dir, RESULT), encoding="utf-8") as file:
                found: Result = json.load(file)
                return found
        except FileNotFoundError:
            return None

    # -- what only a test does ---------------------------------------------------------------------
    def end(self, attempt_dir: str, ended: Result) -> None:
        path = os.path.join(attempt_dir, RESULT)
        with open(f"{path}.tmp", "w", encoding="utf-8") as file:
            json.dump(ended, file)
        os.rename(f"{path}.tmp", path)

    def lose(self, attempt_dir: str) -> None:
        """The machine went down with it."""
        open(os.path.join(attempt_dir, LOST), "w").close()

    def _state(self, attempt_dir: str) -> str:
        if self.out_of_sight:
            return "unknown"
        if os.path.exists(os.path.join(attempt_dir, RESULT)):
            return "finished"
        lives = os.path.exists(os.path.join(attempt_dir, TICKET))
        lost = os.path.exists(os.path.join(attempt_dir, LOST))
        return "running" if lives and not lost else "gone"

    def _handle(self, attempt_dir: str) -> Handle:
        return {"v": 1, "executor": self.name, "place": os.path.abspath(attempt_dir)}

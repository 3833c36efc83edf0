"""Runs attempts inside the very process that asks for them: a stretch of a Python program is the run.

Beside the job program it knows less. Output is not kept, the peak of memory and processes left
behind are not told apart from the program's own, nothing ends it in time, and what kills the process
ends the run as lost.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence

from leadline.adapters.files import write_atomically
from leadline.core.errors import LeadlineError, conflict, environment, usage
from leadline.core.record.run import IN_PROCESS
from leadline.core.timestamps import rfc3339
from leadline.core.tracker.run_folder import RESULT
from leadline.core.typed import TYPE_CHECKING, NamedTuple
from leadline.job import log, probe, supervise
from leadline.job.disk import discard
from leadline.ports.executor import OVER

if TYPE_CHECKING:
    from leadline.ports.attempt import Cancelled, Handle, Result

POLL_EVERY_S = 0.05


class _Begun(NamedTuple):
    """The attempt under way in this process, and how things stood before it."""

    folder: str
    lock: int
    variables: Mapping[str, str | None]
    at_ms: int
    monotonic_s: float
    times: os.times_result
    waited_s: float | None
    machine: supervise.Reading


class InProcessExecutor:
    """See ``InProcess`` in ``ports/executor.py``."""

    name, place = IN_PROCESS, "here"

    def __init__(self) -> None:
        self._begun: _Begun | None = None

    def submit(self, attempt_dir: str, resources: Mapping[str, object]) -> Handle:
        folder = os.path.abspath(attempt_dir)
        if resources.get("process") != os.getpid():
            raise usage(
                "no-command-in-process",
                f"{IN_PROCESS} starts no command: it is what Python code records of itself",
                do="leadline run --on local -- COMMAND",
            )
        if self._begun is not None:
            raise conflict(
                "run-in-run",
                "a run of this process is under way",
                why="what is logged would belong to either",
                do="leadline jobs",
            )
        try:
            lock = supervise.open_own(folder, "alive.lock", os.O_RDWR | os.O_EXCL)
        except FileExistsError:
            return self._handle(folder)
        except OSError as error:
            raise environment(
                "run-not-begun", f"{folder} cannot be written: {error.strerror}", do="df -h ."
            ) from error
        owner = {"locks": supervise.take_lock(lock), **self._who(), "v": 1}
        write_atomically(f"{folder}/owner.json", json.dumps(owner).encode())
        self._begun = _Begun(
            folder,
            lock,
            _set(_environment(folder)),
            time.time_ns() // 1_000_000,
            time.monotonic(),
            os.times(),
            _waited_s(),
            supervise.machine_reading(),
        )
        return self._handle(folder)

    begin = submit

    def finish(self, attempt_dir: str, state: str, reason: str) -> None:
        begun, self._begun = self._begun, None
        if begun is None or begun.folder != os.path.abspath(attempt_dir):
            raise OSError("this process began no such attempt")
        wall_s, now = time.monotonic() - begun.monotonic_s, os.times()
        own = [after - before for before, after in zip(begun.times[:4], now[:4], strict=True)]
        waited_s = supervise.grown(begun.waited_s, _waited_s())
        user_s, system_s = own[0] + own[2], own[1] + own[3]  # its own, and of children waited for
        log.leave()
        _set(begun.variables)
        pinned, after = supervise.pinned_to(os.getpid()), supervise.machine_reading()
        result: Result = {
            "v": 1,
            "state": state,
            "reason": reason,
            "started_at": rfc3339(begun.at_ms),
            "ended_at": rfc3339(time.time_ns() // 1_000_000),
            "wall_s": round(wall_s, 6),
            "resources": {"user_s": round(user_s, 6), "system_s": round(system_s, 6)},
            "contention": supervise.contention(
                begun.machine, after, user_s + system_s, pinned, waited_s
            ),
        }
        try:
            write_atomically(f"{begun.folder}/{RESULT}", json.dumps(result).encode())
        finally:
            os.close(begun.lock)

    def poll(self, attempts: Sequence[tuple[str, Handle]]) -> dict[str, str]:
        return {folder: self._state(folder, handle) for folder, handle in attempts}

    def wait(
        self, attempts: Sequence[tuple[str, Handle]], timeout_s: float | None = None
    ) -> dict[str, str]:
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            states = self.poll(attempts)
            over = not states or any(state in OVER for state in states.values())
            if over or (deadline is not None and time.monotonic() >= deadline):
                return states
            time.sleep(POLL_EVERY_S)

    def cancel(self, attempt_dir: str, handle: Handle) -> Cancelled:
        """Does nothing: the process is somebody's program, and does more than this run."""
        found = probe.state(attempt_dir)
        why = "nothing of it is running"
        if found["state"] == "running":
            owner = found["owner"] or {}
            why = f"it is part of the program with process id {owner.get('pid')}, which is not ours"
        return {"did": "nothing", "why": why}

    def refresh(self, attempts: Sequence[tuple[str, Handle]]) -> None:
        """It writes here."""

    def result(self, attempt_dir: str) -> Result | None:
        found: Result | None = probe.state(attempt_dir).get("result")
        return found

    def _who(self) -> dict[str, object]:
        pid = os.getpid()
        return {
            "pid": pid,
            "start_ticks": probe.start_ticks(pid),
            "boot_id": probe.boot_id(),
            "host": os.uname().nodename,
        }

    def _handle(self, folder: str) -> Handle:
        return {"v": 1, "executor": self.name, **(probe.owner(folder) or self._who())}

    def _state(self, attempt_dir: str, handle: Handle) -> str:
        found = str(probe.state(attempt_dir)["state"])
        if found in ("finished", "running", "orphaned"):
            return found
        elsewhere = handle.get("host") not in (None, os.uname().nodename)
        return "unknown" if elsewhere and not probe.same_machine(handle) else "gone"


def _waited_s() -> float | None:
    """How long the first thread of this process has waited for a CPU, as the job program counts it;
    None where the kernel does not say."""
    words = supervise.read_start(f"{supervise.PROC}/{os.getpid()}/schedstat").split()
    return int(words[1]) / 1e9 if len(words) > 1 else None


def _environment(folder: str) -> dict[str, str | None]:
    """What the job program would give its command."""
    try:
        spec = supervise.read_spec(folder)
    except supervise.Refused as refusal:
        raise _unusable(refusal) from None
    discard(f"{folder}/{supervise.PRIVATE}")
    return {**spec["env"], **supervise.told(folder, spec, spec["cookie"])}


def _unusable(refusal: supervise.Refused) -> LeadlineError:
    return environment("run-not-begun", str(refusal.args[1]), do="leadline doctor")


def _set(variables: Mapping[str, str | None]) -> dict[str, str | None]:
    """Sets them in this process, None: absent. Returns what was there before."""
    before = {name: os.environ.get(name) for name in variables}
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    return before

"""What all engines have in common that see an attempt folder where it lies: Slurm, Ray, a launcher of
the user's.

The folder is asked first, the engine only about attempts of which the folder says nothing. A job is
named after run and attempt, so that a client that was killed between two steps of a submission finds
on its next try what it started; should an engine start it twice, the job program refuses the second.
What an engine owes is small: ``_find``, ``_start``, ``_engine_states`` and ``_end`` below.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from leadline.core.canonical import object_in
from leadline.core.errors import LeadlineError, environment
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.job import pilot_queue, probe
from leadline.job.disk import make_folders, open_in_place, open_to_read
from leadline.ports.attempt import job_name
from leadline.ports.executor import OVER, UNPACKED

if TYPE_CHECKING:
    from leadline.ports.attempt import Cancelled, Handle, Result

#: Beside ``spec.json``: what the engine said when it took the job.
TICKET = "engine.json"
LOCK = "submit.lock"
PRIVATE = "spec.private.json"
ASKED = "cancel.asked"
RESULT = "result.json"
# What is not copied of an attempt that another clone started: it is its own, or ours is another.
_OF_ITS_OWN = (
    "spec.json",
    PRIVATE,
    "handle.json",
    "about.json",
    "environment.sealed",
    "alive.lock",
    "tree.lock",
    LOCK,
    TICKET,
    RESULT,
)
LOOK_EVERY_S = 0.03
ASK_ENGINE_EVERY_S = 1.0
SEEN_LATE_S = 1.0
JOB_FOLDER = os.path.dirname(os.path.abspath(probe.__file__))
# Variables that say which devices and which engine a process is in: the node knows better than we.
_OF_THE_NODE = re.compile(
    r"(RAY_|SLURM_|PBS_|LSB_|CUDA_VISIBLE_|NVIDIA_VISIBLE_|HIP_VISIBLE_|ROCR_|TPU_|TMPDIR$|HOSTNAME$)"
)


class SharedFolderExecutor(ABC):
    """An engine whose nodes see the attempt folders. ``python``: the interpreter there, whose packages
    play no part.

    ``carries_environment``: the engine hands the caller's variables to its jobs. Else they lie beside
    the spec, for their owner alone, until the job program has read them.
    """

    place = UNPACKED
    carries_environment = False

    def __init__(self, name: str, python: str = "") -> None:
        self.name = name
        self.python = python or os.path.realpath(sys.executable)
        self._said: dict[str, str] = {}  # job -> what the engine said last
        self._asked_at = float("-inf")

    # -- what an engine adds -----------------------------------------------------------------------
    @abstractmethod
    def _find(self, job: str) -> dict[str, object] | None:
        """What is kept of the engine's job of this name, in any state it still knows; None when it
        knows none. Raises LeadlineError ``remote`` when it cannot be asked."""

    @abstractmethod
    def _start(
        self, job: str, argv: list[str], folder: str, resources: Mapping[str, object]
    ) -> dict[str, object]:
        """Hands over a job that runs ``argv``; returns what is kept of it. ``folder`` takes what the
        engine prints of it. Raises LeadlineError when it was not taken."""

    @abstractmethod
    def _engine_states(self, jobs: Mapping[str, Handle]) -> dict[str, str]:
        """``queued``, ``running``, ``gone`` or ``unknown`` of each job, in one exchange if it can be;
        never raises."""

    @abstractmethod
    def _end(self, job: str, handle: Handle) -> None:
        """Takes the job from the engine, waiting or not. Silent when it has ended or cannot be asked."""

    # -- the port ----------------------------------------------------------------------------------
    def submit(self, attempt_dir: str, resources: Mapping[str, object]) -> Handle:
        """See ``Executor.submit``. ``resources`` may name a ``pilot``: the queue (``pilot_queue.py``) in
        which the attempt waits for a job that is held already, ``kept`` where that was begun by
        another command, in whose environment it is."""
        folder = os.path.abspath(attempt_dir)
        queue = str(resources.get("pilot") or "")
        spec = _json_in(f"{folder}/spec.json")
        if not spec:
            raise environment(
                "unusable-spec",
                f"spec.json in {folder} cannot be used",
                why="the command was not run",
                do="leadline doctor",
            )
        job = self._job(folder)
        if queue:
            kept = _json_in(f"{folder}/{TICKET}") or {
                "job": job,
                "queue": os.path.abspath(queue),
                "place": pilot_queue.next_place(job),
            }
            if resources.get("kept"):
                lend_environment(folder)
            handle = self._keep(folder, kept)  # first: what waits in a queue is known to do so
            if _by_folder(folder)[0] == "queued":
                pilot_queue.add(str(kept["queue"]), str(kept["place"]), folder)
            if resources.get("kept"):
                self._revive(queue)  # nobody else may look after it
            return handle
        argv = [self.python, "-I", "-S", f"{JOB_FOLDER}/supervise.py", folder, "engine"]
        return self._once(job, argv, folder, {**resources, "timeout_s": spec.get("timeout_s")})

    def begin(self, attempt_dir: str, resources: Mapping[str, object]) -> Handle:
        """See ``Executor.begin``."""
        return self.submit(attempt_dir, resources)

    def poll(self, attempts: Sequence[tuple[str, Handle]]) -> dict[str, str]:
        """See ``Executor.poll``."""
        self._asked_at = float("-inf")
        return self._states(attempts)

    def wait(
        self, attempts: Sequence[tuple[str, Handle]], timeout_s: float | None = None
    ) -> dict[str, str]:
        """See ``Executor.wait``. The folders are looked at every 30 ms, the engine is asked once a
        second."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        queues = {str(h["queue"]) for _, h in attempts if h.get("queue")}
        while True:
            for queue in queues:
                self._revive(queue)
            states = self._states(attempts, revived=True)
            late = deadline is not None and time.monotonic() >= deadline
            if not attempts or late or any(state in OVER for state in states.values()):
                return states
            time.sleep(LOOK_EVERY_S)

    def cancel(self, attempt_dir: str, handle: Handle) -> Cancelled:
        """See ``Executor.cancel``. What has not started is taken from the engine and ends as
        ``cancelled``; what runs on another host finds ``cancel.asked`` in its folder."""
        folder = _origin(attempt_dir, handle) or os.path.abspath(attempt_dir)
        kept = self._kept(folder, handle)
        if not os.path.isdir(folder):
            self._end(str(kept.get("job")), kept)
            return {"did": "asked_supervisor", "why": ""}
        if pilot_queue.withdraw(folder):
            if not kept.get("queue"):
                self._end(str(kept.get("job") or self._job(folder)), kept)
            return {"did": "withdrawn", "why": ""}
        if probe.state(folder)["state"] != "finished":
            os.close(open_in_place(f"{folder}/{ASKED}", os.O_WRONLY))
        done = probe.cancel(folder)
        if done["state"] in ("running", "gone") and not probe.same_machine(owner_of(folder)):
            return {"did": "asked_supervisor", "why": ""}
        return {"did": done["did"], "why": done["why"]}

    def refresh(self, attempts: Sequence[tuple[str, Handle]]) -> None:
        """See ``Executor.refresh``: the job writes into its folder. Of one that another clone started
        what lies there is copied."""
        for attempt_dir, handle in attempts:
            _bring(_origin(attempt_dir, handle), attempt_dir)

    def result(self, attempt_dir: str) -> Result | None:
        """See ``Executor.result``."""
        found: Result | None = probe.state(attempt_dir).get("result")
        return found

    # -- pilots ------------------------------------------------------------------------------------
    def open_pilots(self, queue: str, slots: int) -> None:
        """See ``Piloted.open_pilots``."""
        pilot_queue.make(queue, slots)
        for slot in pilot_queue.slots(queue):
            self._start_pilot(slot)

    def close_pilots(self, queue: str) -> None:
        """See ``Piloted.close_pilots``."""
        pilot_queue.close(queue)
        for slot in pilot_queue.slots(queue):
            if not pilot_queue.up(slot) and not pilot_queue.waiting(queue):
                self._end(pilot_queue.job_of(slot), _json_in(f"{slot}/{TICKET}"))

    def _start_pilot(self, slot: str, **resources: object) -> None:
        argv = [self.python, "-I", "-S", f"{JOB_FOLDER}/pilot.py", slot]
        if not self.carries_environment:
            pilot_queue.lend_environment(slot, environment_for_there())
        self._once(pilot_queue.job_of(slot), argv, slot, resources)

    def _revive(self, queue: str) -> None:
        """A pilot that ended gives its cells back and has a successor while somebody waits, as long
        as pilots come up at all."""
        states = self._of_pilots(queue)
        gone = [slot for slot, state in states.items() if state == "gone"]
        fruitless = [slot for slot in gone if not self._taken_over(slot)]
        if fruitless and len(fruitless) == len(states):
            pilot_queue.drop(queue, fruitless[-1])

    def _taken_over(self, slot: str) -> bool:
        if not pilot_queue.give_back(slot):
            return False
        self._start_pilot(pilot_queue.successor(slot))
        return True

    def _some_pilot(self, queue: str) -> bool:
        """Whether one is there, or the engine cannot be asked."""
        return any(state != "gone" for state in self._of_pilots(queue).values())

    def _of_pilots(self, queue: str) -> dict[str, str]:
        """What the engine says of the pilots of a queue, by slot."""
        found = pilot_queue.last_ones(queue)
        states = self._ask(
            {pilot_queue.job_of(slot): _json_in(f"{slot}/{TICKET}") for slot in found}
        )
        return {slot: states[pilot_queue.job_of(slot)] for slot in found}

    # -- inside ------------------------------------------------------------------------------------
    def _once(
        self, job: str, argv: list[str], folder: str, resources: Mapping[str, object]
    ) -> Handle:
        lock = open_in_place(f"{folder}/{LOCK}", os.O_RDWR)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if ticket := _json_in(f"{folder}/{TICKET}"):
                return ticket  # it was submitted before, whatever became of it
            if os.path.exists(f"{folder}/alive.lock"):
                return self._keep(folder, {"job": job})
            if not self.carries_environment and os.path.exists(f"{folder}/spec.json"):
                lend_environment(folder)
            found = self._find(job)
            return self._keep(folder, found or self._start(job, argv, folder, resources))
        finally:
            os.close(lock)

    def _keep(self, folder: str, facts: Mapping[str, object]) -> Handle:
        handle = {"v": 1, "executor": self.name, "folder": folder, **facts}
        temporary = f"{folder}/.{TICKET}.{os.getpid()}"
        try:
            with open(open_in_place(temporary, os.O_WRONLY | os.O_TRUNC), "w") as file:
                json.dump(handle, file)
            os.rename(temporary, f"{folder}/{TICKET}")
        except OSError:
            pass  # the engine finds it by its name
        return handle

    def _kept(self, folder: str, handle: Handle) -> Handle:
        return handle or _json_in(f"{folder}/{TICKET}")

    def _job(self, folder: str) -> str:
        return job_name(folder).lower()

    def _ask(self, jobs: Mapping[str, Handle]) -> dict[str, str]:
        now = time.monotonic()
        if now - self._asked_at >= ASK_ENGINE_EVERY_S or any(job not in self._said for job in jobs):
            self._said |= self._engine_states(jobs)
            self._asked_at = time.monotonic()
        return {job: self._said[job] for job in jobs}

    def _states(
        self, attempts: Sequence[tuple[str, Handle]], revived: bool = False
    ) -> dict[str, str]:
        """``revived``: of each queue that something waits in, pilots are seen to."""
        found: dict[str, str] = {}
        unsure: dict[str, Handle] = {}
        unseen: list[str] = []  # another clone's, on a file system that is not here
        for attempt_dir, handle in attempts:
            origin = _origin(attempt_dir, handle)
            if origin and not os.path.isdir(origin):
                unseen.append(attempt_dir)
                state, sure = "running", bool(handle.get("queue"))
            else:
                state, sure = _by_folder(origin or attempt_dir)
            if not sure:
                unsure[attempt_dir] = self._kept(attempt_dir, handle)
            if origin and state == "finished":
                _bring(origin, attempt_dir)
                state = "finished" if os.path.exists(f"{attempt_dir}/{RESULT}") else "unknown"
            found[attempt_dir] = state
        jobs: dict[str, Handle] = {}
        of: dict[str, str] = {}
        for folder, handle in unsure.items():
            if queue := handle.get("queue"):
                waits, slot = pilot_queue.where(str(queue), str(handle.get("place")))
                if not slot:  # nobody has claimed it, or it is done with
                    waits = waits and (revived or self._some_pilot(str(queue)))
                    at = _origin(folder, handle) or folder
                    found[folder] = _settled(at, "queued", "queued" if waits else "gone")
                    continue
                of[folder] = pilot_queue.job_of(slot)
                jobs[of[folder]] = _json_in(f"{slot}/{TICKET}")
            else:
                of[folder] = str(handle.get("job") or self._job(folder))
                jobs[of[folder]] = handle
        if jobs:
            told = self._ask(jobs)
            for folder, job in of.items():
                at = _origin(folder, unsure[folder]) or folder
                state = told[job] if folder in unseen else _settled(at, found[folder], told[job])
                found[folder] = state
        for folder in unseen:
            if found[folder] == "gone" or folder not in unsure:
                found[folder] = "unknown"  # how it ended lies where we do not see it
        return found


def _origin(attempt_dir: str, handle: Handle) -> str:
    """The folder of an attempt that another clone started; "" for one of our own."""
    folder = str(handle.get("folder") or "")
    ours = not folder or os.path.realpath(folder) == os.path.realpath(attempt_dir)
    return "" if ours else folder


def _bring(origin: str, folder: str) -> None:
    """Copies what another clone's attempt has written into ours, its result last. What cannot be read
    now is asked for again."""
    if not origin or os.path.exists(f"{folder}/{RESULT}"):
        return
    import shutil

    try:
        for where, _, names in os.walk(origin):
            into = os.path.normpath(os.path.join(folder, os.path.relpath(where, origin)))
            make_folders(into)
            for name in names:
                if name not in _OF_ITS_OWN and not name.startswith("."):
                    shutil.copy2(f"{where}/{name}", f"{into}/{name}", follow_symlinks=False)
        if os.path.exists(f"{origin}/{RESULT}"):
            shutil.copy2(f"{origin}/{RESULT}", f"{folder}/.{RESULT}")
            os.rename(f"{folder}/.{RESULT}", f"{folder}/{RESULT}")
    except OSError:
        return


def minutes_of(timeout_s: object) -> int:
    """A time limit for an engine, which knows minutes: later than ours, which the job program keeps.
    0: none."""
    if not isinstance(timeout_s, (int, float)):
        return 0
    return int(timeout_s // 60) + 2


def owner_of(folder: str) -> Mapping[str, Any]:
    return probe.owner(folder) or {}


def environment_for_there() -> dict[str, str]:
    """The caller's variables, but those that the node sets."""
    return {k: v for k, v in os.environ.items() if not _OF_THE_NODE.match(k)}


def lend_environment(folder: str) -> None:
    """Puts the caller's variables where the job program takes them from and removes them."""
    given = {**_json_in(f"{folder}/spec.json"), **_json_in(f"{folder}/{PRIVATE}")}
    private = {
        "argv": given.get("argv"),
        "env": {**environment_for_there(), **(given.get("env") or {})},
    }
    temporary = f"{folder}/.{PRIVATE}.{os.getpid()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        json.dump(private, file)
    os.rename(temporary, f"{folder}/{PRIVATE}")


def unreachable(engine: str, why: str, do: str) -> LeadlineError:
    return LeadlineError(
        "remote",
        "engine-unreachable",
        f"{engine} cannot be reached: {why.strip()[-500:]}",
        "nothing was started, and what runs there goes on",
        do,
    )


def _by_folder(folder: str) -> tuple[str, bool]:
    """How the attempt stands by its folder, and whether that is all there is to know."""
    found = probe.state(folder)
    state = str(found["state"])
    if state in ("finished", "running", "orphaned"):
        return state, True
    if state == "not_started":
        return "queued", False
    # Locks of another machine may not be seen from here: there its engine's word counts.
    here = probe.same_machine(found["owner"] or {})
    return ("gone", True) if here else ("running", False)


def _settled(folder: str, by_folder: str, by_engine: str) -> str:
    """The state of an attempt on which its folder is silent."""
    if by_engine != "gone":
        return "unknown" if by_engine == "unknown" else by_folder
    os.listdir(folder)  # a network file system looks again when a folder is opened
    state, sure = _by_folder(folder)
    if not sure and state == "running":
        time.sleep(SEEN_LATE_S)
        state, sure = _by_folder(folder)
    return state if sure else "gone"


def _json_in(path: str) -> dict[str, Any]:
    try:
        with open(open_to_read(path), encoding="utf-8") as file:
            return object_in(file.read())
    except (OSError, ValueError):
        return {}

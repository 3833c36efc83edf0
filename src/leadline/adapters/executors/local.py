"""Runs attempts as processes of this machine.

Starts one lean supervisor per attempt and forgets it: the supervisor leads its own session, so the
end of the caller is not the end of the job. The price of a process per attempt is about ten
milliseconds of interpreter start.
"""

from __future__ import annotations

import os
import sys
import time
from _signal import SIGKILL  # type: ignore[import-not-found]  # without the enums of ``signal``
from collections.abc import Mapping, Sequence

from leadline.core.errors import LeadlineError, environment
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.job import probe, supervise
from leadline.job.disk import open_to_read
from leadline.ports.executor import OVER, device_taken

if TYPE_CHECKING:
    from leadline.ports.attempt import Cancelled, Handle, Result
    from leadline.ports.executor_setup import ExecutorSetup

POLL_EVERY_S = 0.03
_JOB_FOLDER = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "job"
)
# Imported rather than run as a script: the compiled form is kept, which saves 10 ms a start.
_BOOT = "import sys,os;sys.path.append(sys.argv.pop(1));import supervise;os._exit(supervise.main(sys.argv[1:]))"
_TAKEN = 75


class LocalExecutor:
    """The executor ``local``. ``interpreter``: the Python that supervises; its packages play no
    part."""

    place = "here"

    def __init__(self, interpreter: str | None = None, name: str = "local") -> None:
        self.name = name
        self._interpreter = interpreter or os.path.realpath(sys.executable)
        # attempt folder -> supervisor that is not known to have ended: pid and, of a forked one, when
        # it began, in ticks
        self._mine: dict[str, tuple[int, int | None]] = {}
        self._ready: _Ready | None = None

    def submit(self, attempt_dir: str, resources: Mapping[str, object]) -> Handle:
        """See ``Executor.submit``. ``resources`` are not enforced by this executor.

        Raises:
            LeadlineError: ``environment``: no interpreter, no room on the disk, or an unusable ``spec.json``.
        """
        folder = os.path.abspath(attempt_dir)
        pid, read_fd = self._started(folder)
        try:
            started = os.read(read_fd, 64).startswith(b"started")
        finally:
            os.close(read_fd)
        if started:
            self._mine[folder] = pid, None
        else:
            self._check_refusal(folder, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        return self._handle(folder)

    def make_ready(self) -> None:
        """See ``StartsAhead.make_ready``."""
        if self._ready is None:
            try:
                self._ready = _Ready(self._argv(supervise.AHEAD))
            except OSError:
                pass  # said where there is something to start

    def not_needed(self) -> None:
        """See ``StartsAhead.not_needed``."""
        ready, self._ready = self._ready, None
        if ready is not None:
            ready.end()

    def begin(self, attempt_dir: str, resources: Mapping[str, object]) -> Handle:
        """See ``Executor.begin``. Raises LeadlineError ``environment`` when no process can be made."""
        folder = os.path.abspath(attempt_dir)
        if os.path.exists(f"{folder}/alive.lock"):
            return self.submit(attempt_dir, resources)  # begun before: there is nothing to wait for
        self.make_ready()
        forked = self._ready.fork(folder) if self._ready is not None else None
        if forked is None:
            pid, read_fd = self._started(folder)
            os.close(read_fd)
            # A child that nobody has waited for keeps its number, so these are its own.
            forked = pid, probe.start_ticks(pid)
        self._mine[folder] = pid, ticks = forked
        return self._handle_of({"pid": pid, "start_ticks": ticks, "boot_id": probe.boot_id()})

    def poll(self, attempts: Sequence[tuple[str, Handle]]) -> dict[str, str]:
        """See ``Executor.poll``."""
        return {attempt_dir: self._state(attempt_dir, handle) for attempt_dir, handle in attempts}

    def cancel(self, attempt_dir: str, handle: Handle) -> Cancelled:
        """See ``Executor.cancel``."""
        return probe.cancel(attempt_dir)

    def result(self, attempt_dir: str) -> Result | None:
        """See ``Executor.result``."""
        found: Result | None = probe.state(attempt_dir).get("result")
        return found

    def refresh(self, attempts: Sequence[tuple[str, Handle]]) -> None:
        """See ``Executor.refresh``: the job writes here."""

    def lease(self, request: Mapping[str, object]) -> Mapping[str, object]:
        """See ``Leases.lease``."""
        from leadline.job import lease

        return lease.asked(request)

    def wait(
        self, attempts: Sequence[tuple[str, Handle]], timeout_s: float | None = None
    ) -> dict[str, str]:
        """See ``Executor.wait``.

        Sleeps in the kernel while the supervisors live; an orphaned tree, another machine and
        systems without pidfd are asked every 30 ms.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        ends = _Ends([handle for _, handle in attempts])
        try:
            # Who cannot be waited for may be over already.
            states = self.poll(attempts) if ends.blind or not attempts else {}
            while attempts and not any(state in OVER for state in states.values()):
                left_s = None if deadline is None else deadline - time.monotonic()
                if left_s is not None and left_s <= 0 and states:
                    break
                ends.sleep(left_s)
                states = self.poll(attempts)
            return states
        finally:
            ends.close()

    def _started(self, folder: str) -> tuple[int, int]:
        """The process of a job program, and where it says that it is up. Raises LeadlineError."""
        ready, self._ready = self._ready, None
        if ready is not None and (read_fd := ready.take(folder)) is not None:
            return ready.pid, read_fd
        read_fd, write_fd = os.pipe()
        errors = f"{folder}/supervisor.err"
        if os.path.exists(f"{folder}/alive.lock"):
            errors = os.devnull  # started before: the first one's words stay
        create = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        try:
            mode = os.stat(folder).st_mode & 0o666
            actions = [
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, write_fd, 1),
                (os.POSIX_SPAWN_OPEN, 2, errors, create, mode),
            ]
            return _spawn(self._argv(folder), actions), read_fd
        except OSError as e:
            os.close(read_fd)
            raise self._not_started(e) from e
        finally:
            os.close(write_fd)

    def _argv(self, folder: str) -> list[str]:
        return [self._interpreter, "-I", "-S", "-c", _BOOT, _JOB_FOLDER, folder]

    def _not_started(self, problem: OSError) -> LeadlineError:
        return environment(
            "supervisor-not-started",
            f"The job program could not be started with {self._interpreter}: {problem.strerror}.",
            why="No process could be made, so nothing was run.",
            do="leadline doctor",
        )

    def _check_refusal(self, folder: str, exit_code: int) -> None:
        """Nothing for an attempt that was started before; raises for one that could not be started."""
        if exit_code == _TAKEN or probe.state(folder)["state"] != "not_started":
            return
        try:
            with open(open_to_read(f"{folder}/supervisor.err"), errors="replace") as f:
                said = f.read()[-4000:].strip().rpartition("\n")[2].removeprefix("leadline: ")
        except OSError:
            said = ""
        code, do = "supervisor-refused", "leadline doctor"
        if exit_code == 76:
            raise device_taken(said, self.name)
        if exit_code == 73:
            code, do = "no-room-for-result", f"df -h {folder}"
        raise environment(
            code,
            f"The job program refused to start: {said or f'exit code {exit_code}'}.",
            why="The command was not run.",
            do=do,
            details={"exit_code": exit_code, "attempt_dir": folder},
        )

    def _handle(self, folder: str) -> Handle:
        return self._handle_of(probe.owner(folder) or {})

    def _handle_of(self, who: Mapping[str, object]) -> Handle:
        facts = {key: who.get(key) for key in ("pid", "start_ticks", "boot_id")}
        return {"v": 1, "executor": self.name, "host": os.uname().nodename, **facts}

    def _state(self, attempt_dir: str, handle: Handle) -> str:
        folder = os.path.abspath(attempt_dir)
        self._collect(folder)
        found = str(probe.state(attempt_dir)["state"])
        if found in ("finished", "running", "orphaned"):
            return found
        if folder in self._mine:
            # begun a moment ago: its supervisor lives and does not hold its lock yet
            return "queued"
        if handle.get("host") not in (None, os.uname().nodename) and not probe.same_machine(handle):
            return "unknown"  # another machine's: its locks may not be visible from here
        return "gone"  # what was submitted or begun and has no process left will not start any more

    def _collect(self, folder: str) -> None:
        """Takes our ended supervisor's exit status, so that it does not stay as a zombie; of a forked
        one, sees whether it has ended."""
        pid, began = self._mine.get(folder, (0, None))
        if pid:
            try:
                ended = os.waitpid(pid, os.WNOHANG)[0] == pid
            except ChildProcessError:
                ended = began is None or probe.start_ticks(pid) != began
            if ended:
                del self._mine[folder]


def made(setup: ExecutorSetup) -> LocalExecutor:
    """A declared one: this machine with an environment, limits or devices of its own."""
    return LocalExecutor(setup.options.get("python"), setup.name)


def _spawn(argv: list[str], actions: Sequence[tuple[Any, ...]]) -> int:
    try:
        return os.posix_spawn(argv[0], argv, os.environ, file_actions=actions, setsid=True)
    except NotImplementedError:  # an old C library: the supervisor calls setsid itself
        return os.posix_spawn(argv[0], argv, os.environ, file_actions=actions)


class _Ready:
    """A job program that waits to be told its attempt, and ends where we end first. Made when it is
    started. Raises OSError."""

    def __init__(self, argv: list[str]) -> None:
        self._environment, self._has_forked = dict(os.environ), False
        # An interrupt between any two lines leaves what ends it able to.
        self.pid = self._tell = self._said = -1
        (stdin, self._tell), (self._said, stdout) = os.pipe(), os.pipe()
        actions = [
            (os.POSIX_SPAWN_DUP2, stdin, 0),
            (os.POSIX_SPAWN_DUP2, stdout, 1),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        try:
            self.pid = _spawn(argv, actions)
        except OSError:
            self.end()
            raise
        finally:
            os.close(stdin)
            os.close(stdout)

    def take(self, folder: str) -> int | None:
        """Hands it the attempt, once; where it says that it is up. None where it is of no use for this
        one: it was started in another environment, or has ended, or has children that are no part of it."""
        started_before = os.path.exists(f"{folder}/alive.lock")
        of_use = os.environ == self._environment and not started_before and not self._has_forked
        try:
            if of_use:
                os.write(self._tell, os.fsencode(folder))
        except BrokenPipeError:
            of_use = False
        if not of_use:
            self.end()
            return None
        os.close(self._tell)
        said, self._tell, self._said = self._said, -1, -1
        return said

    def fork(self, folder: str) -> tuple[int, int | None] | None:
        """Has it fork for the attempt: pid, and when that began in ticks. None as ``take``; one that
        ended before it could tell may have forked, and of two that start one is refused."""
        if os.environ != self._environment:
            return None
        self._has_forked = True
        try:
            os.write(self._tell, os.fsencode(folder) + b"\0")
        except BrokenPipeError:
            return None
        told = os.read(self._said, 64).split()
        return (int(told[0]), int(told[1]) or None) if len(told) == 2 else None

    def end(self) -> None:
        for fd in (self._tell, self._said):
            if fd >= 0:
                os.close(fd)
        self._tell = self._said = -1
        if self.pid < 0:
            return  # what was started for us at most ends with its stdin
        try:
            if os.waitpid(self.pid, os.WNOHANG)[0] == 0:
                os.kill(self.pid, SIGKILL)
                os.waitpid(self.pid, 0)
        except ChildProcessError:
            pass  # we are a fork of who started it, or the kernel was made to forget children

    def __del__(self) -> None:
        if self._tell >= 0:
            self.end()


class _Ends:
    """Sleeps until one of several supervisors ends. ``blind``: the end of some cannot be slept for."""

    def __init__(self, handles: Sequence[Handle]) -> None:
        import select

        self._poller, self._fds = select.poll(), list[int]()
        for handle in handles:
            fd = _pidfd(handle)
            if fd >= 0:
                self._fds.append(fd)
                self._poller.register(fd, select.POLLIN)
        self.blind = len(self._fds) < len(handles)

    def sleep(self, most_s: float | None) -> None:
        limits = [s for s in (most_s, POLL_EVERY_S if self.blind else None) if s is not None]
        for fd, _ in self._poller.poll(1000 * max(0.0, min(limits)) if limits else None):
            self._poller.unregister(fd)  # if that was not the attempt's end, its tree lives on
            self.blind = True

    def close(self) -> None:
        for fd in self._fds:
            os.close(fd)


def _pidfd(handle: Handle) -> int:
    """Becomes readable when the supervisor ends; -1 when it has ended or this system has none."""
    pid = handle.get("pid")
    if not isinstance(pid, int) or not hasattr(os, "pidfd_open") or not probe.same_machine(handle):
        return -1
    try:
        fd = os.pidfd_open(pid)
    except OSError:
        return -1
    if probe.start_ticks(pid) == handle.get("start_ticks"):
        return fd
    os.close(fd)
    return -1

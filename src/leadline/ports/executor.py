"""The port every engine implements: local processes, ssh, Slurm, Ray, a user's own launcher.

An engine only launches. What a run did stands in its attempt folder, written by
``leadline.job.supervise``, and the engine's own word counts only while there is no ``result.json``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from leadline.core.errors import LeadlineError, conflict
from leadline.core.typed import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from leadline.ports.attempt import Cancelled, Handle, Result

#: The supervisor died, and processes of the command live.
ORPHANED = "orphaned"
#: What ``poll`` may answer.
POLL_STATES = ("queued", "running", ORPHANED, "finished", "gone", "unknown")
#: Of these: nothing lives, and nothing will change any more.
OVER = ("finished", "gone")
#: Where a job runs, seen from the machine that asks for it.
HERE, UNPACKED, ELSEWHERE = "here", "unpacked", "elsewhere"

#: The code of an error of ``submit`` after which nobody knows whether something was started.
MAYBE_STARTED = "maybe-started"


def device_taken(said: str, name: str) -> LeadlineError:
    """Of an executor whose device somebody has; ``said``: who, in words."""
    return conflict(
        "device-taken",
        said,
        why="one device has one job; nothing was started",
        do=[f"leadline device list {name}", "leadline jobs"],
    )


class Leases(Protocol):
    """What an executor has besides whose machine's devices can be leased: those that start jobs on
    one machine by themselves. An engine deals its devices out by its own rules."""

    def lease(self, request: Mapping[str, object]) -> Mapping[str, object]:
        """One request of ``leadline.job.lease.asked``, put on that machine. Raises LeadlineError as
        ``submit``."""
        ...


class Executor(Protocol):
    """Starts ``leadline.job.supervise`` on attempt folders and says how they stand.

    An attempt folder holds ``spec.json`` before ``submit`` is called. One folder is one attempt: a
    retry is a new one. The handle is kept beside ``spec.json`` once ``submit`` or ``begin`` has
    returned; where the caller died before, ``poll``, ``wait`` and ``cancel`` get an empty one, and
    the folder must do: an engine's name for a job follows from run and attempt.
    ``leadline.testing.executor_contract`` holds these obligations as tests that run on any
    implementation. A new adapter: a module with a ``Factory`` (``ports/executor_setup.py``) and a
    line in ``KINDS`` of ``adapters/executors/registry.py``, or an entry point
    ``leadline.executors``.

    Attributes:
        name: the one under which it is declared; it stands in the record of each run.
        place: ``here``: starts at once, on this machine, where the user stands. ``unpacked``: it may
            start later or on another machine that sees this one's files, so the code of submit time
            lies unpacked here, once for each tree, ``cwd`` of the spec is in it, and paths into the
            work tree were rewritten. ``elsewhere``: sees none of our files. The executor brings the
            code there, from the git objects of ``code`` in the spec, and for ``code.top`` in ``cwd``,
            ``argv`` and ``env`` it puts the folder that the code has there; what the job leaves in
            its attempt folder comes back into ours, and what ``files`` and ``keep`` of the spec name
            (from ``cwd``) into the folder ``there`` of ours.
    """

    name: str
    place: str

    def submit(self, attempt_dir: str, resources: Mapping[str, object]) -> Handle:
        """Starts the attempt and returns its handle: JSON, from which any later process can carry
        on.

        Returns once the attempt's supervisor holds its lock, or has ended, or once the engine has
        queued it. Idempotent: an attempt that was submitted before is not started again, whatever
        became of it, and a handle is returned: a job's name in the engine follows from its folder
        (``job_name`` in ``ports/attempt.py``), and where the engine does not refuse a second job of
        one name, it is looked for first. ``clock_ahead_s`` in it, where the executor knows: of the
        clock of the machine that runs, beyond ours. The job outlives the caller. Secrets reach the job
        by the caller's environment, never by a file. ``resources``: what the attempt needs of the
        engine, in the engine's words; Leadline gives none so far.

        Raises:
            LeadlineError: kind ``environment`` (or ``remote`` when the engine cannot be reached), and nothing was
                started: calling again is safe. With the code ``MAYBE_STARTED`` where the engine took the
                request and did not answer: ``poll`` will tell.
        """
        ...

    def begin(self, attempt_dir: str, resources: Mapping[str, object]) -> Handle:
        """As ``submit``, without waiting for the supervisor to be up: for a caller that starts many
        attempts.

        From this process ``poll`` says ``queued`` until the supervisor holds its lock, and ``gone``
        when it could not start; ``supervisor.err`` in the folder then says why. An executor for
        which waiting costs nothing may do what ``submit`` does.

        Raises:
            LeadlineError: as ``submit``, for what is known at once.
        """
        ...

    def poll(self, attempts: Sequence[tuple[str, Handle]]) -> dict[str, str]:
        """The state of each attempt folder, for all of them in as few exchanges with the engine as
        possible.

        ``queued``; ``running``; ``orphaned``: the supervisor died and processes of the command live
        on; ``finished``: ``result`` has it; ``gone``: nothing lives and there is no result;
        ``unknown``: the engine cannot be reached or the attempt is out of sight. An engine that
        does not answer is ``unknown``, never ``gone``. Never raises for the state of an engine, and
        disturbs nothing.
        """
        ...

    def wait(
        self, attempts: Sequence[tuple[str, Handle]], timeout_s: float | None = None
    ) -> dict[str, str]:
        """Blocks until one of the attempts is over (``finished`` or ``gone``) or the time is up;
        answers as ``poll`` does, at once when there are no attempts.

        One that is over already ends the wait. May answer earlier than it had to where the engine
        can only be asked now and then; a caller that waits for more asks again.
        """
        ...

    def cancel(self, attempt_dir: str, handle: Handle) -> Cancelled:
        """Asks the attempt to end, children included, and returns what was done.

        Does not wait for the end of a living supervisor, which needs its grace period and then
        writes a result with state ``cancelled``. Cancelling what has ended does nothing and is no
        error.
        """
        ...

    def refresh(self, attempts: Sequence[tuple[str, Handle]]) -> None:
        """Brings what the attempts have written so far into their folders here: output, series,
        metrics; what is here already is not brought again. One exchange for all of them. Nothing to
        do where the job writes into the folder itself; an engine that cannot be reached is no
        error.
        """
        ...

    def result(self, attempt_dir: str) -> Result | None:
        """The content of ``result.json``, fetched if need be; None while there is none.

        Metrics, output and series are read from the attempt folder right after it, so what the job
        left there is here by then as well. One that cannot be fetched now is asked for again: raises
        LeadlineError, kind ``remote``.
        """
        ...


class StartsAhead(Executor, Protocol):
    """An executor that can have what a start takes time for done before there is an attempt."""

    def make_ready(self) -> None:
        """For the next ``submit`` or ``begin``, if one comes; without one nothing is left when this
        process ends. Never raises: what is wrong is said by those."""
        ...

    def not_needed(self) -> None:
        """None comes: nothing is left when this returns."""
        ...


class Piloted(Executor, Protocol):
    """An executor that can also hold a few jobs of its engine and hand attempts out in them."""

    def open_pilots(self, queue: str, slots: int) -> None:
        """Asks for ``slots`` jobs, each of which runs the attempts of ``queue`` one after the other:
        those that are submitted with ``{"pilot": queue}`` as resources. ``queue``: a folder to be.

        A job that the engine takes away ends the attempt that it ran as lost, gives back what it had
        not started, and has a successor as long as somebody waits. Idle ones end after a minute.
        Raises LeadlineError: the engine takes none.
        """
        ...

    def close_pilots(self, queue: str) -> None:
        """Nothing more comes. What waits is still run; jobs that the engine has not started are taken
        back when nothing does."""
        ...


class Holds(Piloted, Protocol):
    """An executor whose engine deals devices out to jobs, and can give one to a job that waits for
    work: a pilot that ends with its time."""

    def hold(self, device: str, queue: str, for_s: float, info: Mapping[str, object]) -> None:
        """Asks for a job that has the device from its start for so long, with one slot of ``queue``.
        ``info`` is shown to others. Raises LeadlineError: the engine takes none."""
        ...

    def held(self) -> list[dict[str, object]]:
        """The ``info`` of every such job of this engine that is known, whoever asked for it, with
        ``device``, ``since`` (epoch seconds), ``until`` where it has started, and ``waits`` (what
        for) where it has not. Raises LeadlineError ``remote``: the engine cannot be asked."""
        ...

    def let_go(self, queue: str) -> None:
        """Ends the job of a queue as soon as nothing runs in it; at once where it has not started."""
        ...

    def take_away(self, info: Mapping[str, object]) -> None:
        """Ends a job of ``held`` at once, whoever asked for it."""
        ...


class InProcess(Executor, Protocol):
    """The executor whose jobs are stretches of the process that asks for them: ``submit`` begins one
    (with ``{"process": PID}`` as resources, the caller's own; else it refuses, as there is nobody to
    do the work) and sets its environment. A process has one at a time."""

    def finish(self, attempt_dir: str, state: str, reason: str) -> None:
        """Writes ``result.json`` and takes the environment of the attempt back. Raises OSError."""
        ...


def make_ready(executor: Executor) -> None:
    """Where the executor can start ahead, it does."""
    if hasattr(executor, "make_ready"):
        executor.make_ready()


def not_needed(executor: Executor) -> None:
    """What was started ahead is ended, so that whoever runs this process sees nothing left of it."""
    if hasattr(executor, "not_needed"):
        executor.not_needed()


def holds_of(executor: Executor) -> Holds | None:
    """The same executor where its engine gives a device to a job that waits for work."""
    return cast("Holds", executor) if hasattr(executor, "hold") else None


def leases_of(executor: Executor) -> Leases | None:
    """The same executor where the devices of its machine can be leased."""
    return cast("Leases", executor) if hasattr(executor, "lease") else None

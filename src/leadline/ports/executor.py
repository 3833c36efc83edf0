"""The port every engine implements: local processes, ssh, Slurm, Ray, a user's own launcher.

An engine only launches. What a run did stands in its attempt folder, written by
``leadline.job.supervise``, and the engine's own word counts only while there is no ``result.json``.
"""

from __future__ import annotations

from leadline.core.typed import Any, Protocol

#: What ``poll`` may answer.
POLL_STATES = ("queued", "running", "orphaned", "finished", "gone", "unknown")


class Executor(Protocol):
    """Starts ``leadline.job.supervise`` on attempt folders and says how they stand.

    An attempt folder holds ``spec.json`` before ``submit`` is called. One folder is one attempt: a
    retry is a new one. ``leadline.testing.executor_contract`` holds these obligations as tests that
    run on any implementation.
    """

    name: str

    def submit(self, attempt_dir: str, resources: dict[str, Any]) -> dict[str, Any]:
        """Starts the attempt and returns its handle: JSON, from which any later process can carry
        on.

        Returns once the attempt's supervisor holds its lock, or has ended, or once the engine has
        queued it. Idempotent: an attempt that was submitted before is not started again, whatever
        became of it, and a handle is returned. The job outlives the caller. Secrets reach the job
        by the caller's environment, never by a file.

        Raises:
            LeadlineError: kind ``environment`` (or ``remote`` when the engine cannot be reached), and nothing was
                started: calling again is safe.
        """
        ...

    def begin(self, attempt_dir: str, resources: dict[str, Any]) -> dict[str, Any]:
        """As ``submit``, without waiting for the supervisor to be up: for a caller that starts many
        attempts.

        From this process ``poll`` says ``queued`` until the supervisor holds its lock, and ``gone``
        when it could not start; ``supervisor.err`` in the folder then says why. An executor for
        which waiting costs nothing may do what ``submit`` does.

        Raises:
            LeadlineError: as ``submit``, for what is known at once.
        """
        ...

    def poll(self, attempts: list[tuple[str, dict[str, Any]]]) -> dict[str, str]:
        """The state of each attempt folder, for all of them in as few exchanges with the engine as
        possible.

        ``queued``; ``running``; ``orphaned``: the supervisor died and processes of the command live
        on; ``finished``: ``result`` has it; ``gone``: nothing lives and there is no result;
        ``unknown``: the engine cannot be reached or the attempt is out of sight. An engine that
        does not answer is ``unknown``, never ``gone``. Never raises for the state of an engine, and
        disturbs nothing.
        """
        ...

    def cancel(self, attempt_dir: str, handle: dict[str, Any]) -> dict[str, Any]:
        """Asks the attempt to end, children included, and returns what was done (``did``, ``why``).

        Does not wait for the end of a living supervisor, which needs its grace period and then
        writes a result with state ``cancelled``. Cancelling what has ended does nothing and is no
        error.
        """
        ...

    def result(self, attempt_dir: str) -> dict[str, Any] | None:
        """The content of ``result.json``, fetched if need be; None while there is none."""
        ...

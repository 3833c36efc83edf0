"""Show a running command's output as it is written, by reading its log files; turn Ctrl-C into a
cancellation.

The command writes to files, never through us, so nothing here can slow it down, break its pipe or
lose its output.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # without its enums
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from leadline.core.errors import environment
from leadline.core.typed import TYPE_CHECKING
from leadline.ports.executor import OVER

if TYPE_CHECKING:
    from typing import TextIO

    from leadline.ports.attempt import Handle
    from leadline.ports.executor import Executor

CHUNK_BYTES = 1 << 16
LOOK_EVERY_S = 0.1


class _Follower:
    def __init__(self, path: str, target: TextIO | None, tail_bytes: int | None = None) -> None:
        self.path, self.target, self.fd = path, target, -1
        self.tail_bytes, self.problem = tail_bytes, ""

    def copy(self) -> None:
        """Write what came since the last time."""
        if self.target is None:
            return
        if self.fd < 0:
            try:
                self.fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                return
            self._skip()
        try:
            while chunk := os.read(self.fd, CHUNK_BYTES):
                self.target.buffer.write(chunk)
            self.target.flush()
        except (BrokenPipeError, ValueError):
            self.target = None  # nobody reads on; the log file has it all
        except OSError as error:
            self.target, self.problem = None, error.strerror or str(error)

    def _skip(self) -> None:
        """To the first whole line of what is shown of a longer beginning."""
        if self.tail_bytes is None:
            return
        before = os.fstat(self.fd).st_size - self.tail_bytes
        if before > 0:
            os.lseek(self.fd, before, os.SEEK_SET)
            rest = os.read(self.fd, CHUNK_BYTES)
            os.lseek(self.fd, before + rest.find(b"\n") + 1, os.SEEK_SET)

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)


class Watching:
    """A ``Watcher`` for ``services.run.lifecycle``. ``stdout``: where the command's stdout is shown,
    None for nowhere. ``lets_go``: an interruption ends the watching, and not the job. ``tail_bytes``:
    of what is there already, about so much is shown; None for all."""

    def __init__(
        self, stdout: TextIO | None, lets_go: bool = False, tail_bytes: int | None = None
    ) -> None:
        self.stdout, self.problem = stdout, ""
        self.lets_go, self.tail_bytes = lets_go, tail_bytes

    def check(self, run: str) -> None:
        """Raises LeadlineError(environment) when not all that the command printed could be shown,
        which is for whoever reads it as if the command had not printed it."""
        if self.problem:
            raise environment(
                "output-not-shown",
                f"the output of the command could not be written: {self.problem}",
                why=f"{run} is recorded, with all that it printed",
                do=f"leadline show {run} --log",
            )

    def __call__(self, executor: Executor, attempt: str, handle: Handle) -> bool:
        followers = [
            _Follower(os.path.join(attempt, "stdout.log"), self.stdout, self.tail_bytes),
            _Follower(
                os.path.join(attempt, "stderr.log"),
                sys.stderr if self.stdout else None,
                self.tail_bytes,
            ),
        ]
        with interruptions((signal.SIGINT, signal.SIGTERM, signal.SIGHUP)) as interrupted:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT,))  # held back by the launch
            told = 0
            try:
                while executor.wait([(attempt, handle)], LOOK_EVERY_S)[attempt] not in OVER:
                    executor.refresh([(attempt, handle)])
                    for follower in followers:
                        follower.copy()
                    if interrupted and self.lets_go:
                        return True
                    if len(interrupted) > told:
                        told = len(interrupted)
                        executor.cancel(attempt, handle)
                executor.refresh([(attempt, handle)])
                for follower in followers:
                    follower.copy()
            finally:
                for follower in followers:
                    follower.close()
                self.problem = self.problem or followers[0].problem
        return bool(interrupted)


def follow(
    executor: Executor | None,
    attempt: str,
    handle: Handle,
    target: TextIO,
    errors: bool = False,
    tail_bytes: int | None = None,
) -> None:
    """Writes one stream of an attempt to ``target``: what is there, and with an ``executor`` what
    comes until the attempt is over or the user has seen enough."""
    name = "stderr.log" if errors else "stdout.log"
    follower = _Follower(os.path.join(attempt, name), target, tail_bytes)
    try:
        with interruptions((signal.SIGINT,)) as enough:
            while executor is not None and not enough and follower.target is not None:
                over = executor.wait([(attempt, handle)], LOOK_EVERY_S)[attempt] in OVER
                executor.refresh([(attempt, handle)])
                follower.copy()
                if over:
                    return
        follower.copy()
    finally:
        follower.close()


@contextmanager
def interruptions(signals: Iterable[int]) -> Iterator[list[int]]:
    """The signals that came while it was open, instead of what they would have done."""
    came: list[int] = []
    old = {s: signal.signal(s, lambda number, frame: came.append(number)) for s in signals}
    try:
        yield came
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)

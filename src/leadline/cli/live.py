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
    def __init__(self, path: str, target: TextIO | None) -> None:
        self.path, self.target, self.fd = path, target, -1
        self.problem = ""

    def copy(self) -> None:
        """Write what came since the last time."""
        if self.target is None:
            return
        if self.fd < 0:
            try:
                self.fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                return
        try:
            while chunk := os.read(self.fd, CHUNK_BYTES):
                self.target.buffer.write(chunk)
            self.target.flush()
        except (BrokenPipeError, ValueError):
            self.target = None  # nobody reads on; the log file has it all
        except OSError as error:
            self.target, self.problem = None, error.strerror or str(error)

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)


class Watching:
    """A ``Watcher`` for ``services.run.lifecycle``. ``stdout``: where the command's stdout is shown,
    None for nowhere."""

    def __init__(self, stdout: TextIO | None) -> None:
        self.stdout, self.problem = stdout, ""

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
            _Follower(os.path.join(attempt, "stdout.log"), self.stdout),
            _Follower(os.path.join(attempt, "stderr.log"), sys.stderr if self.stdout else None),
        ]
        with interruptions((signal.SIGINT, signal.SIGTERM, signal.SIGHUP)) as interrupted:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT,))  # held back by the launch
            told = 0
            try:
                while executor.wait([(attempt, handle)], LOOK_EVERY_S)[attempt] not in OVER:
                    for follower in followers:
                        follower.copy()
                    if len(interrupted) > told:
                        told = len(interrupted)
                        executor.cancel(attempt, handle)
                for follower in followers:
                    follower.copy()
            finally:
                for follower in followers:
                    follower.close()
                self.problem = self.problem or followers[0].problem
        return bool(interrupted)


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

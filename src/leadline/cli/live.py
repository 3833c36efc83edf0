"""Show a running command's output as it is written, by reading its log files; turn Ctrl-C into a
cancellation.

The command writes to files, never through us, so nothing here can slow it down, break its pipe or
lose its output.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # without its enums
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from leadline.core.errors import environment
from leadline.core.typed import TYPE_CHECKING
from leadline.ports.executor import OVER
from leadline.services.run.attempt import waited

if TYPE_CHECKING:
    from typing import TextIO

    from leadline.ports.attempt import Handle
    from leadline.ports.executor import Executor

CHUNK_BYTES = 1 << 16
LOOK_EVERY_S = 0.1

# Off a terminal, of a stream longer than both: its first lines as they come, its last at the end.
HEAD_LINES, HEAD_BYTES = 10, 2048
TAIL_LINES, TAIL_BYTES = 40, 8192
ALL_LINES = -1


class _Follower:
    """``last_lines``: so many at the end, after a head; ``ALL_LINES`` for all as it comes, None for
    what fits its target: all on a terminal, ``TAIL_LINES`` elsewhere."""

    def __init__(
        self,
        path: str,
        target: TextIO | None,
        tail_bytes: int | None = None,
        last_lines: int | None = ALL_LINES,
    ) -> None:
        self.path, self.target, self.fd = path, target, -1
        self.tail_bytes, self.problem = tail_bytes, ""
        if last_lines is None:
            on_terminal = target is None or target.isatty()
            last_lines = ALL_LINES if on_terminal else TAIL_LINES
        self.last_lines = last_lines
        self.head_lines, self.head_bytes = HEAD_LINES, HEAD_BYTES  # what is left of the head

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
        if self.last_lines == ALL_LINES:
            self._write(iter(lambda: os.read(self.fd, CHUNK_BYTES), b""))
        elif self.head_lines > 0 and self.head_bytes > 0:
            self._write(iter(self._of_head, b""))

    def _write(self, chunks: Iterable[bytes]) -> None:
        if self.target is None:
            return
        try:
            for chunk in chunks:
                self.target.buffer.write(chunk)
            self.target.flush()
        except (BrokenPipeError, ValueError):
            self.target = None  # nobody reads on; the log file has it all
        except OSError as error:
            self.target, self.problem = None, error.strerror or str(error)

    def _of_head(self) -> bytes:
        """What of the next bytes is of the head; the place in the file is then behind it."""
        if self.head_lines <= 0 or self.head_bytes <= 0:
            return b""
        chunk = os.read(self.fd, self.head_bytes)
        lines = chunk.splitlines(keepends=True)[: self.head_lines]
        taken = b"".join(lines)
        self.head_bytes -= len(taken)
        self.head_lines -= sum(line.endswith(b"\n") for line in lines)
        os.lseek(self.fd, len(taken) - len(chunk), os.SEEK_CUR)
        return taken

    def finish(self) -> None:
        """The rest, when the command is over: its last lines, and before them how much is left
        out."""
        self.copy()
        if self.fd < 0 or self.last_lines == ALL_LINES or self.target is None:
            return
        begun, size = os.lseek(self.fd, 0, os.SEEK_CUR), os.fstat(self.fd).st_size
        most_bytes = max(TAIL_BYTES, self.last_lines * (TAIL_BYTES // TAIL_LINES))
        most_bytes = min(most_bytes, size - begun)
        os.lseek(self.fd, size - most_bytes, os.SEEK_SET)
        rest = os.read(self.fd, most_bytes)
        first_whole = rest.find(b"\n") + 1
        if most_bytes < size - begun and first_whole < len(rest):
            rest = rest[first_whole:]
        lines = rest.splitlines(keepends=True)
        shown = b"".join(lines[max(0, len(lines) - self.last_lines) :])
        if left_out := size - begun - len(shown):
            from leadline.cli.answer import tell
            from leadline.core.timestamps import size as with_unit

            stream = os.path.basename(self.path).partition(".")[0]
            tell(f"(… {with_unit(left_out)} of {stream} not shown here: {self.path})")
        self._write((shown,))

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
    of what is there already, about so much is shown; None for all. ``last_lines``: of a ``_Follower``;
    the log files have all. ``how_far``: is asked again and again to tell how far an attempt is."""

    def __init__(
        self,
        stdout: TextIO | None,
        lets_go: bool = False,
        tail_bytes: int | None = None,
        last_lines: int | None = None,
        how_far: Callable[[str], None] | None = None,
    ) -> None:
        self.how_far = how_far
        self.stdout, self.problem = stdout, ""
        self.lets_go, self.tail_bytes, self.last_lines = lets_go, tail_bytes, last_lines

    def check(self, run: str) -> None:
        """Raises LeadlineError(environment) when what the command printed could not be shown,
        which is for whoever reads it as if the command had not printed it."""
        if self.problem:
            raise environment(
                "output-not-shown",
                f"the output of the command could not be written: {self.problem}",
                why=f"{run} is recorded, with all that it printed",
                do=f"leadline show {run} --log",
            )

    def __call__(self, executor: Executor, attempt: str, handle: Handle) -> bool:
        targets = {"stdout": self.stdout, "stderr": sys.stderr if self.stdout else None}
        followers = [
            _Follower(f"{attempt}/{name}.log", target, self.tail_bytes, self.last_lines)
            for name, target in targets.items()
        ]
        with interruptions((signal.SIGINT, signal.SIGTERM, signal.SIGHUP)) as interrupted:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT,))  # held back by the launch
            told = 0
            try:
                while waited(executor, [(attempt, handle)], LOOK_EVERY_S)[attempt] not in OVER:
                    executor.refresh([(attempt, handle)])
                    for follower in followers:
                        follower.copy()
                    if self.how_far is not None:
                        self.how_far(attempt)
                    if interrupted and self.lets_go:
                        return True
                    if len(interrupted) > told:
                        told = len(interrupted)
                        executor.cancel(attempt, handle)
                executor.refresh([(attempt, handle)])
                for follower in followers:
                    follower.finish()
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
    name: str,
    tail_bytes: int | None = None,
) -> None:
    """Writes a file of an attempt to ``target``: what is there, and with an ``executor`` what comes
    until the attempt is over or the user has seen enough."""
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
